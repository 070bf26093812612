//! What an explanation asks and leaves alone, and what it says of events that fail.

use std::io::Write as _;

use flate2::{Compression, write::GzEncoder};
use serde_json::{Value, json};

use super::{fitted_org, synced};
use crate::{
    fixtures::{destination, identify, job, known_lead, lead_job, org},
    planted::PASSWORD,
    service::{Service, assert_says, send, serve},
};

/// The explanations of a body.
async fn explain(service: &Service, query: &str, body: Value) -> Value {
    let answer = service
        .post(&format!("/transform?explain{query}"), body)
        .await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.json()
}

#[tokio::test]
async fn the_request_is_that_of_transform_without_the_token() {
    let org = fitted_org();
    known_lead(&org, "ada@example.com");
    let service = Service::of(&org).await;
    let event = job(
        1,
        identify(json!({"email": "ada@example.com", "plan": "free", "firstName": "Ada"})),
        &destination("dst-1"),
    );
    let described = service.transform(json!([event])).await[0]["output"].take();
    let explained = explain(&service, "", json!([event])).await;
    let request = &explained["explanations"][0]["records"][0]["cases"][0]["request"];
    assert_eq!(request["url"], described["endpoint"]);
    assert_eq!(request["method"], described["method"]);
    assert_eq!(request["body"], described["body"]["JSON"]);
    let mut headers = described["headers"].clone();
    headers.as_object_mut().unwrap().remove("Authorization");
    assert_eq!(request["headers"], headers);
    let text = explained.to_string();
    assert!(!text.contains(&org.session()) && !text.contains(PASSWORD));
}

#[tokio::test]
async fn nothing_is_written_and_no_create_is_remembered() {
    let org = org().build();
    let service = Service::unfitted(&org).await;
    let jobs = json!([lead_job(1, "ada@example.com")]);
    let explained = explain(&service, "", jobs.clone()).await;
    let case = &explained["explanations"][0]["records"][0]["cases"][0];
    assert_eq!(case["target"]["operation"], "create");
    // Another job is told to create the record at once, which it would not be within `CREATE_WINDOW` of a create.
    let told = service.router([lead_job(2, "ada@example.com")]).await;
    assert_eq!(told[0]["statusCode"], 200, "{told}");
    assert!(org.records("Lead").is_empty());
    assert_eq!((org.calls().create, org.calls().update), (0, 0));
}

#[tokio::test]
async fn without_live_nothing_is_asked() {
    let org = org().build();
    let service = Service::of(&org).await;
    let event = job(
        1,
        synced(json!({"id": "k-1", "identifierType": "Key__c"}), json!({})),
        &destination("dst-1"),
    );
    let explained = explain(&service, "&live=false", json!([event])).await;
    let record = &explained["explanations"][0]["records"][0];
    assert_says(
        record["lookup"]["soql"].as_str().unwrap(),
        "FROM Contact WHERE Key__c IN ('k-1')",
    );
    let cases = record["cases"].as_array().unwrap().iter();
    let cases: Vec<_> = cases
        .map(|case| (&case["if"], &case["target"]["operation"]))
        .collect();
    let expected = [
        ("no record is found", "create"),
        ("one record is found", "update"),
        (
            "the org describes the field as a unique external id",
            "upsert",
        ),
    ]
    .map(|(supposing, operation)| (json!(supposing), json!(operation)));
    let expected: Vec<_> = expected.iter().map(|(one, other)| (one, other)).collect();
    assert_eq!(cases, expected);
    assert_eq!((org.calls().token, org.calls().total_api()), (0, 0));
}

#[tokio::test]
async fn what_the_record_already_has_is_named() {
    let org = fitted_org();
    let lead = known_lead(&org, "ada@example.com");
    org.update("Lead", &lead, json!({"plan__c": "free"}))
        .unwrap();
    let salesforce = serve(org.router()).await;
    let flags = ["--skip-unchanged", "true", "--placeholders", "on-create"];
    let service = Service::start(&salesforce, &flags).await;
    let event = |traits| job(1, identify(traits), &destination("dst-1"));
    let changed = event(json!({"email": "ada@example.com", "plan": "free", "title": "Dr"}));
    let explained = explain(&service, "", json!([changed])).await;
    let traits = &explained["explanations"][0]["records"][0]["cases"][0]["traits"];
    let fates: Vec<_> = traits
        .as_array()
        .unwrap()
        .iter()
        .map(|of| (&of["trait"], &of["fate"]))
        .collect();
    let (email, plan, title) = (json!("email"), json!("plan"), json!("title"));
    let (same, sent) = (json!("unchanged"), json!("sent"));
    assert_eq!(fates, [(&email, &same), (&plan, &same), (&title, &sent)]);

    let same = event(json!({"email": "ada@example.com", "plan": "free"}));
    let explained = explain(&service, "", json!([same])).await;
    let verdict = &explained["explanations"][0]["verdict"];
    assert_eq!(
        (&verdict["outcome"], &verdict["statusCode"]),
        (&json!("filtered"), &json!(298))
    );
}

#[tokio::test]
async fn an_org_that_lets_nobody_in_is_the_reason() {
    let org = org().build();
    org.rotate_secret("another");
    let service = Service::of(&org).await;
    let explained = explain(&service, "", json!([lead_job(1, "ada@example.com")])).await;
    let verdict = &explained["explanations"][0]["verdict"];
    assert_eq!(verdict["outcome"], "retried");
    assert_says(
        verdict["error"].as_str().unwrap(),
        "SALESFORCE_CLIENT_SECRET",
    );
}

#[tokio::test]
async fn what_is_no_event_is_the_same_error_as_without_explain() {
    let service = Service::of(&org().build()).await;
    for body in ["{", "7", r#"{"a": 1}"#] {
        let plain = service.post("/transform", body).await;
        let explained = service.post("/transform?explain", body).await;
        assert_eq!(
            (explained.status, explained.text),
            (plain.status, plain.text),
            "{body}"
        );
    }
    let explained = explain(&service, "", json!([7, {"message": 1}])).await;
    for event in explained["explanations"].as_array().unwrap() {
        assert_eq!(event["verdict"]["statusCode"], 400, "{event}");
    }
}

#[tokio::test]
async fn the_admin_address_explains_too_and_keeps_nothing_of_it() {
    let org = fitted_org();
    let salesforce = serve(org.router()).await;
    let service = Service::start(&salesforce, &["--admin-listen", "127.0.0.1:0"]).await;
    let jobs = json!([lead_job(1, "ada@example.com")]);
    let request = |path: &str, content_type: &str| {
        let request = service.http.post(format!("{}{path}", service.admin));
        let request = request.header("Content-Type", content_type);
        send(request.body(jobs.to_string()))
    };
    let explained = request("/explain", "application/json").await;
    assert_eq!(explained.status, 200, "{}", explained.text);
    let plain = service.post("/transform?explain", &jobs).await;
    assert_eq!(
        explained.json()["explanations"],
        plain.json()["explanations"]
    );
    assert_eq!(service.admin("/events").await.json()["events"], json!([]));

    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(jobs.to_string().as_bytes()).unwrap();
    let compressed = service.http.post(format!("{}/explain", service.admin));
    let compressed = compressed.header("Content-Type", "application/json");
    let compressed = compressed.header("Content-Encoding", "gzip");
    let compressed = send(compressed.body(gzip.finish().unwrap())).await;
    assert_eq!(compressed.status, 200, "{}", compressed.text);

    let before = org.calls();
    let offline = request("/explain?live=false", "application/json").await;
    assert_eq!((offline.status, org.calls()), (200, before));
    assert_eq!(request("/explain", "text/plain").await.status, 415);

    service.router([lead_job(2, "ada@example.com")]).await;
    let hash = &explained.json()["explanations"][0]["records"][0]["key"]["hash"];
    let hash = hash.as_str().unwrap();
    let events = service.admin(&format!("/events?key={hash}")).await.json();
    assert_eq!(events["events"].as_array().unwrap().len(), 1, "{events}");
}

#[tokio::test]
async fn an_event_with_more_traits_than_a_person_reads_is_explained_in_part() {
    let org = org().build();
    let service = Service::of(&org).await;
    let traits = (0..20_000).map(|number| (format!("trait{number}"), json!({"a": number})));
    let mut traits: serde_json::Map<_, _> = traits.collect();
    traits.insert("email".to_owned(), json!("ada@example.com"));
    let event = job(1, identify(Value::Object(traits)), &destination("dst-1"));
    let explained = explain(&service, "&live=false", json!([event])).await;
    let cases = &explained["explanations"][0]["records"][0]["cases"];
    let listed = cases[0]["traits"].as_array().unwrap();
    assert_eq!(listed.len(), 201);
    assert_eq!(listed[200]["fate"], "unlisted");
}

#[tokio::test]
async fn traits_of_any_depth_are_explained() {
    let salesforce = serve(org().build().router()).await;
    for flags in [&[][..], &["--compatibility", "stock"]] {
        let service = Service::start(&salesforce, flags).await;
        let deep = format!("{}1{}", r#"{"a":"#.repeat(2_000), "}".repeat(2_000));
        let event = format!(
            r#"{{"type":"identify","integrations":{{"Salesforce":true}},"traits":{{"email":"a@b.c","name":{deep},"company":{deep},"x":{deep}}}}}"#
        );
        let destination = destination("dst-1");
        let body = format!(r#"{{"message":{event},"destination":{destination}}}"#);
        let answer = service.post("/transform?explain&live=false", body).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
    }
}

#[tokio::test]
async fn explanations_that_need_more_memory_than_there_is_are_refused() {
    let salesforce = serve(org().build().router()).await;
    let service = Service::start(&salesforce, &["--max-in-flight-bytes", "2MiB"]).await;
    let jobs: Vec<Value> = (0..2_000)
        .map(|number| lead_job(number, &format!("lead{number}@example.com")))
        .collect();
    let answer = service
        .post("/transform?explain&live=false", json!(jobs))
        .await;
    assert!(matches!(answer.status, 413 | 503), "{}", answer.status);
}

#[tokio::test]
async fn a_create_under_way_is_named() {
    let service = Service::of(&org().build()).await;
    let jobs = json!([lead_job(1, "ada@example.com")]);
    let says = |explained: Value| {
        let text = explained["explanations"].to_string();
        text.contains("another event is creating this record at the moment")
    };
    assert!(!says(explain(&service, "", jobs.clone()).await));
    service.router([lead_job(2, "ada@example.com")]).await;
    assert!(says(explain(&service, "", jobs).await));
}

#[tokio::test]
async fn the_text_shows_where_a_value_has_what_cannot_be_shown() {
    let service = Service::of(&org().build()).await;
    let event = identify(json!({"email": "a\u{1b}[2Jb\u{202e}@example.com"}));
    let jobs = json!([job(1, event, &destination("dst-1"))]);
    let request = service.request("/transform?explain&live=false");
    let request = request.header("Accept", "text/plain");
    let answer = send(request.body(jobs.to_string())).await;
    assert_says(&answer.text, "Email = a\u{FFFD}[2Jb\u{FFFD}@example.com");
}

/// The fates of the traits of an event of a new lead: trait, fate, field and reason.
async fn fates(flags: &[&str], traits: &str) -> Vec<Value> {
    let salesforce = serve(fitted_org().router()).await;
    let service = Service::start(&salesforce, flags).await;
    // The order of the traits counts.
    let event = identify(json!("TRAITS"))
        .to_string()
        .replace("\"TRAITS\"", traits);
    let destination = destination("dst-1");
    let body = format!(r#"{{"message":{event},"destination":{destination}}}"#);
    let answer = service.post("/transform?explain", body).await.json();
    let fates = answer["explanations"][0]["records"][0]["cases"][0]["traits"].clone();
    let fates = fates.as_array().unwrap().iter();
    let fates = fates.map(|of| json!([of["trait"], of["fate"], of["field"], of["reason"]]));
    fates.collect()
}

#[tokio::test]
async fn each_field_has_one_source_and_each_trait_that_is_left_out_a_reason() {
    let traits =
        r#"{"email":"a@example.com","firstName":"A","firstname":"B","Company":"C","address":{}}"#;
    assert_eq!(
        fates(&[], traits).await,
        [
            json!(["email", "sent", "Email", null]),
            json!(["firstName", "sent", "FirstName", null]),
            json!(["firstname", "left_out", "FirstName", "same_field"]),
            json!(["Company", "changed", "Company", "standard_field"]),
            json!(["address", "left_out", null, "no_field"]),
            json!([null, "filled", "LastName", null]),
        ]
    );
}

#[tokio::test]
async fn what_preflight_only_suggests_changes_no_fate() {
    let traits = r#"{"email":"a@example.com","firstName":"A","firstname":"B"}"#;
    let fates = fates(&["--preflight", "warn"], traits).await;
    assert_eq!(
        fates[1..3],
        [
            json!(["firstName", "sent", "FirstName", null]),
            json!(["firstname", "sent", "firstname__c", "same_field"]),
        ]
    );
}

#[tokio::test]
async fn events_that_would_create_one_record_together_are_named() {
    let service = Service::of(&org().build()).await;
    let jobs = json!([
        lead_job(1, "ada@example.com"),
        lead_job(2, "ADA@example.com"),
        lead_job(3, "bob@example.com"),
    ]);
    for query in ["", "&live=false"] {
        let explained = explain(&service, query, jobs.clone()).await;
        let told = explained["explanations"].as_array().unwrap().iter();
        let told = told.map(|event| {
            let policies = event["records"][0]["cases"][0]["policies"].to_string();
            policies.contains("an earlier event of the batch creates the same record")
        });
        assert_eq!(told.collect::<Vec<_>>(), [false, true, false], "{query}");
    }
    let entries = service
        .router(&[
            lead_job(1, "ada@example.com"),
            lead_job(2, "ADA@example.com"),
        ])
        .await;
    assert_eq!(entries[1]["statusCode"], 500, "{entries}");
}

#[tokio::test]
async fn the_lookup_of_an_explanation_is_spent_and_neither_saved_nor_lost() {
    let org = fitted_org();
    let service = Service::of(&org).await;
    let figures = async || {
        let limits = service.get("/limits").await.json();
        let of = |name: &str| limits[0][name].clone();
        (of("calls")["query"].clone(), of("callsSaved"), of("events"))
    };
    for (email, queries) in [("ada@example.com", 1), ("eve@example.com", 2)] {
        let jobs = json!([lead_job(1, email), lead_job(2, "bob@example.com")]);
        explain(&service, "", jobs).await;
        assert_eq!(figures().await, (json!(queries), json!(0), json!(0)));
    }
    // What was found is not asked again, as far as it is remembered.
    explain(&service, "", json!([lead_job(3, "ada@example.com")])).await;
    let (queries, saved, _) = figures().await;
    assert_eq!(saved, 0, "{queries} queries");
}
