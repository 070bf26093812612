//! Bodies that are made into more than they are.

use salesforce_simulator::Calls;
use serde_json::{Value, json};
use tokio::{io::AsyncWriteExt, net::TcpStream};

use super::{LIMIT, assert_bounded, limited, measured, until};
use crate::{
    fixtures::{destination, identify, job, lead_job, org},
    process::Process,
    service::{assert_says, error, serve, verdict},
};

/// A body as rudder-server's router sends it.
fn router(jobs: &Value) -> String {
    json!({"input": jobs, "destType": "salesforce"}).to_string()
}

/// A job that names so many accounts and has a trait of so many bytes.
fn many_records(records: usize, bytes: usize) -> Value {
    let entry = json!({"type": "Salesforce-Account", "id": "001x"});
    let mut message = identify(json!({"email": "ada@example.com", "big": "x".repeat(bytes)}));
    message["context"]["externalId"] = json!(vec![entry; records]);
    job(1, message, &destination("dst-1"))
}

/// The answer of the router, entries in the order of their jobs.
async fn entries(process: &Process, jobs: Value) -> Vec<Value> {
    let mut answer = process
        .post("/routerTransform", router(&jobs))
        .await
        .accepted();
    let Value::Array(mut entries) = answer["output"].take() else {
        panic!("no entries: {answer}");
    };
    entries.sort_by_key(|entry| entry["metadata"][0]["jobId"].as_u64());
    entries
}

const INVALID: (u64, &str, &str) = (400, "dataValidation", "instrumentation");

#[tokio::test]
async fn an_event_that_names_too_many_records_fails_alone_before_anything_is_asked() {
    let org = org().build();
    let process = limited(&serve(org.router()).await, &[]).await;
    let entries = entries(&process, json!([many_records(3_000, 1_000_000)])).await;
    assert_eq!(verdict(&entries[0]), INVALID);
    assert_says(error(&entries[0]), "names 3000 Salesforce records");
    assert_says(
        error(&entries[0]),
        "may write at most 100 (MAX_RECORDS_PER_EVENT)",
    );
    assert_eq!(org.calls(), Calls::default());
    assert_bounded(&process);
}

#[tokio::test]
async fn an_event_whose_part_of_the_answer_is_too_long_fails_alone() {
    let org = org().build();
    let process = limited(&serve(org.router()).await, &[]).await;
    let jobs = json!([many_records(100, 1_000_000), lead_job(2, "bob@example.com")]);
    let entries = entries(&process, jobs).await;
    assert_eq!(verdict(&entries[0]), INVALID);
    assert_says(error(&entries[0]), "the maximum is 16777216 (ANSWER_LIMIT)");
    assert_eq!(verdict(&entries[1]), (200, "", ""));
    // What is within the limit is served.
    let served = self::entries(&process, json!([many_records(14, 1_000_000)])).await;
    assert_eq!(
        served[0]["batchedRequest"].as_array().map(Vec::len),
        Some(14)
    );
    assert_bounded(&process);
}

/// A compacted body: a destination of so many bytes, and so many events for it.
fn compacted(events: u64, bytes: usize, config: &Value) -> String {
    let mut destination = destination("dst-1");
    destination["Config"]["dynamic"] = config.clone();
    destination["big"] = json!("x".repeat(bytes));
    let event = |id| {
        let metadata = json!({"jobId": id, "destinationId": "dst-1"});
        json!({"message": {"type": "track"}, "metadata": metadata})
    };
    let input: Vec<Value> = (0..events).map(event).collect();
    json!({"input": input, "destinations": {"dst-1": destination}, "destType": "salesforce"})
        .to_string()
}

#[tokio::test]
async fn an_answer_of_any_length_is_made_as_it_is_taken() {
    let process = limited("http://127.0.0.1:1", &[]).await;
    let body = compacted(400, 1_000_000, &Value::Null);
    let request = process.request("/routerTransform", body);
    let answer = measured(request.header("X-Content-Format", "json+compactedv1")).await;
    assert_eq!(answer.0, 200);
    assert!(answer.1 > 400_000_000, "{} bytes", answer.1);
    assert_bounded(&process);
}

#[tokio::test]
async fn short_answers_that_nobody_reads_are_counted() {
    let process = limited("http://127.0.0.1:1", &[]).await;
    let body = compacted(95, 9_000, &Value::Null);
    let length = body.len();
    let request = format!(
        "POST /routerTransform HTTP/1.1\r\nHost: x\r\nX-Content-Format: json+compactedv1\r\nContent-Length: {length}\r\n\r\n{body}"
    );
    // More than a connection takes before it is read.
    let requests = request.repeat(12);
    let mut callers = Vec::new();
    for _ in 0..150 {
        let mut caller = TcpStream::connect(("127.0.0.1", process.port()))
            .await
            .unwrap();
        caller.write_all(requests.as_bytes()).await.unwrap();
        callers.push(caller);
    }
    let full = |metrics: &str| {
        let name = "\nsalesforce_transformer_in_flight_bytes ";
        let figure = metrics.split_once(name).unwrap().1.lines().next().unwrap();
        figure.parse::<u64>().unwrap() > LIMIT / 4 * 3
    };
    let mut polls = 0;
    while !full(&process.get("/metrics").await.text) {
        polls += 1;
        assert!(polls < 10_000, "what nobody reads is not counted");
    }
    assert_bounded(&process);
    drop(callers);
    until(&process, "in_flight_bytes 0").await;
}

#[tokio::test]
async fn an_answer_in_pieces_is_the_answer_in_one() {
    let org = org().build();
    let process = limited(&serve(org.router()).await, &[]).await;
    let jobs: Vec<Value> = (0..3_000)
        .map(|id| lead_job(id, &format!("person{id}@example.com")))
        .collect();
    let answer = process.post("/routerTransform", router(&json!(jobs))).await;
    assert_eq!(answer.header("content-length"), "", "it came in one");
    let answer = answer.accepted();
    let entries = answer["output"].as_array().unwrap();
    let ids: Vec<u64> = entries
        .iter()
        .map(|entry| entry["metadata"][0]["jobId"].as_u64().unwrap())
        .collect();
    assert_eq!(ids, (0..3_000).collect::<Vec<u64>>());
    assert!(entries.iter().all(|entry| entry["statusCode"] == 200));
}

#[tokio::test]
async fn what_templates_are_resolved_into_is_counted_before_it_is_made() {
    let process = limited("http://127.0.0.1:1", &[]).await;
    let body = compacted(400, 1_000_000, &json!("{{ message.traits.x || \"\" }}"));
    let request = process.request("/routerTransform", body);
    let (status, _, text) = measured(request.header("X-Content-Format", "json+compactedv1")).await;
    assert_eq!(status, 503);
    assert_says(&text, "MAX_IN_FLIGHT_BYTES");
    assert_bounded(&process);
}

#[tokio::test]
async fn very_many_small_events_are_refused_before_they_are_read() {
    let process = limited("http://127.0.0.1:1", &[]).await;
    let events = format!("[{}{{}}]", "{},".repeat(1_000_000));
    let input = format!(r#"{{"input":{events},"destType":"salesforce"}}"#);
    for (path, body, status) in [
        ("/transform", &events, 413),
        ("/v0/destinations/salesforce", &events, 503),
        ("/routerTransform", &input, 503),
        ("/batch", &input, 503),
    ] {
        let (answered, _, text) = measured(process.request(path, body.clone())).await;
        assert_eq!(answered, status, "{path}");
        assert_says(&text, "the body has so many values");
        assert_says(&text, &format!("{LIMIT} bytes (MAX_IN_FLIGHT_BYTES)"));
    }
    assert_bounded(&process);
}

#[tokio::test]
async fn nesting_takes_no_more_than_its_text() {
    let process = limited("http://127.0.0.1:1", &[]).await;
    let deep = "[".repeat(7_800_000);
    let answer = measured(process.request("/transform", deep)).await;
    assert_eq!(answer.0, 400);
    let nested = "[".repeat(3_000_000) + &"]".repeat(3_000_000);
    let event = format!(r#"[{{"type":"identify","traits":{nested}}},{{"type":"track"}}]"#);
    let body = format!(r#"{{"batch":{event}}}"#);
    let answer = process.post("/transform", body).await.accepted();
    assert_says(error(&answer[0]), "nests deeper than 1000 levels");
    assert_says(error(&answer[1]), "the event has no `destination`");
    assert_bounded(&process);
}

#[tokio::test]
async fn dense_bodies_are_counted_as_what_they_are_read_into() {
    let org = org().build();
    let process = limited(&serve(org.router()).await, &[]).await;
    let numbers = format!("[{}1]", "1,".repeat(10_000_000));
    let (status, _, text) = measured(process.request("/transform", numbers)).await;
    assert_eq!(status, 413);
    assert_says(&text, "the body has so many values");
    // Short traits, each a field.
    let traits: Vec<String> = (0..400_000).map(|n| format!(r#""{n}":1"#)).collect();
    let traits = format!(r#"{{"email":"ada@example.com",{}}}"#, traits.join(","));
    let lead = router(&json!([lead_job(1, "ada@example.com")]));
    let body = lead.replace(r#"{"email":"ada@example.com"}"#, &traits);
    let (status, length, _) = measured(process.request("/routerTransform", body)).await;
    assert!(
        status == 503 || length > 4_000_000,
        "{status}: {length} bytes"
    );
    assert_bounded(&process);
}

#[tokio::test]
async fn a_large_ordinary_batch_is_served_within_the_limit() {
    let org = org().build();
    let process = limited(&serve(org.router()).await, &[]).await;
    // The largest ordinary batch that the limit allows: about a third of it.
    let jobs: Vec<Value> = (0..20_000)
        .map(|id| {
            let mut message = identify(json!({"firstName": "Ada", "Description": "x".repeat(300)}));
            message["context"]["externalId"] = json!([{"type": "Salesforce-Account"}]);
            job(id, message, &destination("dst-1"))
        })
        .collect();
    let body = router(&json!(jobs));
    assert!(body.len() as u64 > LIMIT / 4, "{}", body.len());
    let (status, length, text) = measured(process.request("/routerTransform", body)).await;
    assert_eq!(status, 200, "{text}");
    assert!(length > LIMIT / 4, "{length} bytes");
    assert_bounded(&process);
}
