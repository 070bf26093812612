//! What waits for Salesforce, and what Salesforce answers.

use std::{sync::Arc, time::Duration};

use axum::{Router, body::Bytes, http::StatusCode, routing::any};
use serde_json::{Value, json};
use tokio::{
    sync::{
        Semaphore,
        mpsc::{UnboundedReceiver, unbounded_channel},
    },
    task::JoinSet,
    time::timeout,
};

use super::{assert_bounded, limited, until};
use crate::{
    fixtures::{destination, honest, identify, job, oauth_destination},
    planted::TOKEN,
    service::{assert_says, send, serve},
};

/// A Salesforce that lets everybody in, and answers everything else once there is a permit. It tells when it is asked.
async fn waiting(permits: &Arc<Semaphore>) -> (String, UnboundedReceiver<()>) {
    let permits = Arc::clone(permits);
    let (asks, asked) = unbounded_channel();
    let answer = move |request: axum::extract::Request| {
        let (permits, asks) = (Arc::clone(&permits), asks.clone());
        async move {
            let host = request.headers()["host"].to_str().unwrap().to_owned();
            let (url, path) = (format!("http://{host}"), request.uri().path().to_owned());
            if path != "/services/oauth2/token" {
                // Its test may have ended.
                let _ = asks.send(());
                permits.acquire().await.unwrap().forget();
            }
            axum::Json(honest(&url, &path))
        }
    };
    let url = serve(Router::new().fallback(any(answer))).await;
    (url, asked)
}

#[tokio::test]
async fn jobs_whose_callers_have_hung_up_count_until_they_are_done() {
    let permits = Arc::new(Semaphore::new(0));
    let (salesforce, _asked) = waiting(&permits).await;
    let inline = [("DELIVERY", "inline"), ("DELIVERY_WINDOW", "1ms")];
    let process = limited(&salesforce, &inline).await;
    let body = |id: u64| {
        let traits = json!({"email": format!("p{id}@example.com"), "about": "x".repeat(3_600_000)});
        let job = job(id, identify(traits), &destination("dst-1"));
        json!({"input": [job], "destType": "salesforce"}).to_string()
    };
    let mut overloaded = 0;
    let request = |id| process.request("/routerTransform", body(id));
    for id in 0..40 {
        // What is taken in waits for Salesforce for longer than its caller does.
        let request = request(id).timeout(Duration::from_secs(1));
        match request.send().await {
            Ok(answer) => {
                assert_eq!(answer.status(), 503);
                assert_says(&answer.text().await.unwrap(), "MAX_IN_FLIGHT_BYTES");
                overloaded += 1;
            }
            Err(error) => assert!(error.is_timeout(), "{error}"),
        }
    }
    // Three times 3.6 MB go six times into 64 MiB.
    assert!(overloaded >= 40 - 6, "{overloaded}");
    assert_bounded(&process);
    permits.add_permits(1_000);
    until(&process, "in_flight_bytes 0").await;
    assert_bounded(&process);
}

/// A small batch with a long answer: each of its events echoes the destination.
fn batch_of_long_answer(batch: u64) -> String {
    let mut destination = destination("dst-1");
    destination["big"] = json!("x".repeat(5_000));
    let event = |event| {
        let id = batch * 1_000 + event;
        let traits = json!({"email": format!("p{id}@example.com")});
        let metadata = json!({"jobId": id, "destinationId": "dst-1"});
        json!({"message": identify(traits), "metadata": metadata})
    };
    let input: Vec<Value> = (0..250).map(event).collect();
    json!({"input": input, "destinations": {"dst-1": destination}, "destType": "salesforce"})
        .to_string()
}

#[tokio::test]
async fn the_memory_of_a_long_answer_is_taken_before_anything_is_written() {
    let permits = Arc::new(Semaphore::new(0));
    let (salesforce, _asked) = waiting(&permits).await;
    let inline = [("DELIVERY", "inline"), ("DELIVERY_WINDOW", "1ms")];
    let process = limited(&salesforce, &inline).await;
    let mut callers = JoinSet::new();
    for batch in 0..60 {
        let request = process
            .request("/routerTransform", batch_of_long_answer(batch))
            .header("X-Content-Format", "json+compactedv1")
            .header("X-Feature-Filter-Code", "?1");
        callers.spawn(async move { send(request).await });
    }
    // 2.5 MiB go at most 25 times into 64 MiB. All others wait for Salesforce.
    for _ in 0..35 {
        let answer = timeout(Duration::from_mins(1), callers.join_next()).await;
        let answer = answer.unwrap().unwrap().unwrap();
        assert_eq!(answer.status, 503);
        assert_says(&answer.text, "MAX_IN_FLIGHT_BYTES");
    }
    permits.add_permits(100_000);
    let mut served = 0;
    while let Some(answer) = callers.join_next().await {
        served += usize::from(answer.unwrap().status == 200);
    }
    assert!(served > 10, "{served}");
    until(&process, "in_flight_bytes 0").await;
    assert_bounded(&process);
}

#[tokio::test]
async fn answers_of_salesforce_count_and_end_where_there_is_no_room() {
    let huge = Bytes::from(format!("[{}1]", "1,".repeat(8 << 20)));
    let answer = move || {
        let huge = huge.clone();
        async move { (StatusCode::OK, huge) }
    };
    let salesforce = serve(Router::new().fallback(any(answer))).await;
    let process = Arc::new(limited(&salesforce, &[]).await);
    let mut callers = JoinSet::new();
    for org in 0..30 {
        let secret = json!({"access_token": format!("{TOKEN}{org}"), "instance_url": salesforce});
        let mut job = job(
            1,
            identify(json!({"email": "ada@example.com"})),
            &oauth_destination("dst-1"),
        );
        job["metadata"]["secret"] = secret;
        let body = json!({"input": [job], "destType": "salesforce_oauth"}).to_string();
        let request = process.request("/routerTransform", body);
        callers.spawn(async move { send(request).await.accepted() });
    }
    while let Some(answer) = callers.join_next().await {
        assert_eq!(answer.unwrap()["output"][0]["statusCode"], 500);
    }
    assert_bounded(&process);
    until(&process, "in_flight_bytes 0").await;
}

#[tokio::test]
async fn a_slow_org_leaves_half_of_the_memory_to_others() {
    let permits = Arc::new(Semaphore::new(0));
    let (slow, mut asked) = waiting(&permits).await;
    let (healthy, _) = waiting(&Arc::new(Semaphore::new(1_000))).await;
    let hosts = format!("{slow},{healthy}");
    let process = limited(&slow, &[("SALESFORCE_ALLOWED_HOSTS", hosts.as_str())]).await;
    let request = |org: &str, id: u64, bytes: usize| {
        let traits = json!({"email": format!("p{id}@example.com"), "about": "x".repeat(bytes)});
        let mut job = job(id, identify(traits), &oauth_destination("dst-1"));
        job["metadata"]["secret"] = json!({"access_token": TOKEN, "instance_url": org});
        let body = json!({"input": [job], "destType": "salesforce_oauth"}).to_string();
        process.request("/routerTransform", body)
    };
    assert_eq!(send(request(&healthy, 0, 1)).await.status, 200);
    let (mut callers, mut refused) = (JoinSet::new(), 0);
    for id in 0..20 {
        let caller = request(&slow, id, 1_000_000);
        callers.spawn(async move { send(caller).await });
        // Either it waits for Salesforce or it is refused.
        tokio::select! {
            _ = asked.recv() => {}
            answer = callers.join_next() => {
                let answer = answer.unwrap().unwrap();
                assert_eq!(answer.status, 503);
                assert_says(&answer.text, "half of MAX_IN_FLIGHT_BYTES, 33554432 bytes");
                refused += 1;
            }
        }
    }
    // Eleven of three times 1 MB are in flight.
    assert_eq!(refused, 9);
    for id in 0..10 {
        assert_eq!(send(request(&healthy, id, 1_000_000)).await.status, 200);
    }
    permits.add_permits(1_000);
    while let Some(answer) = callers.join_next().await {
        assert_eq!(answer.unwrap().status, 200);
    }
}
