//! Each trick, played on a token, a lookup, a write of the proxy and an inline write.

use serde_json::{Value, json};
use tokio::time::timeout;

use super::{
    SOON, TIMEOUT,
    stand_in::{StandIn, Trick},
};
use crate::{
    fixtures::lead_job,
    inline,
    planted::{BEARER, TOKEN},
    service::{Service, send, verdict},
};

const RETRYABLE: (u64, &str, &str) = (500, "network", "retryable");

/// Every trick, and what a write of the proxy ends in. A 201 whose body breaks off says that the record is written: a second
/// request would write it again. But a page comes from elsewhere, and nothing says what became of a write that it answers.
const TRICKS: [(Trick, u16); 16] = [
    (Trick::Hangs, 500),
    (Trick::SlowHeaders, 500),
    (Trick::SlowBody, 200),
    (Trick::OnlyContinues, 500),
    (Trick::CutOff, 200),
    (Trick::HalfAPage, 500),
    (Trick::LoginPage, 500),
    (Trick::EmptyPage, 500),
    (Trick::WrongContentType, 500),
    (Trick::NotCompressed, 200),
    (Trick::EndlessBody, 200),
    (Trick::HugeHeaders, 500),
    (Trick::Garbage, 500),
    (Trick::OtherJson, 500),
    (Trick::Closes, 500),
    (Trick::Redirects, 429),
];

/// The verdict of an event that Salesforce has given no usable answer to: nothing passes by itself once the org has moved.
fn kept(trick: Trick) -> (u64, &'static str, &'static str) {
    match trick {
        Trick::Redirects => (429, "platform", "configuration"),
        _ => RETRYABLE,
    }
}

async fn service(salesforce: &StandIn, flags: &[&str]) -> Service {
    let timeout = ["--salesforce-timeout", TIMEOUT];
    Service::start(&salesforce.url, &[&timeout, flags].concat()).await
}

#[tokio::test]
async fn a_lookup_ends_in_time_and_is_retried() {
    for (trick, _) in TRICKS {
        let salesforce = StandIn::serve("/query", trick).await;
        let service = service(&salesforce, &[]).await;
        let jobs = [lead_job(1, "ada@example.com")];
        let entries = timeout(SOON, service.router(jobs)).await.unwrap();
        assert_eq!(verdict(&entries[0]), kept(trick), "{trick:?}");
        assert_eq!(entries[0].get("batchedRequest"), None, "{trick:?}");
        assert_eq!(salesforce.asked(), 1, "{trick:?}");
    }
}

#[tokio::test]
async fn a_login_ends_in_time_is_retried_and_leaves_no_session() {
    for (trick, _) in TRICKS {
        let salesforce = StandIn::serve("/token", trick).await;
        let service = service(&salesforce, &[]).await;
        for attempt in 1..=2 {
            let jobs = [lead_job(1, "ada@example.com")];
            let entries = timeout(SOON, service.router(jobs)).await.unwrap();
            assert_eq!(verdict(&entries[0]), kept(trick), "{trick:?}");
            assert_eq!(salesforce.asked(), attempt, "{trick:?}");
        }
    }
}

/// What the proxy of a version says of a write, which a hostile Salesforce gets at most once.
async fn proxied(version: &str, trick: Trick) -> u64 {
    let salesforce = StandIn::serve("/sobjects/lead", trick).await;
    let service = service(&salesforce, &[]).await;
    let job = json!({"jobId": 1, "destinationId": "d", "workspaceId": "w"});
    let metadata = if version == "v0" { job } else { json!([job]) };
    let body = json!({
        "type": "REST",
        "method": "POST",
        "endpoint": format!("{}/services/data/v50.0/sobjects/Lead", salesforce.url),
        "headers": {"Authorization": BEARER},
        "body": {"JSON": {"LastName": "Lovelace"}},
        "metadata": metadata,
    });
    let request = service.request(&format!("/{version}/destinations/salesforce/proxy"));
    let answer = send(request.body(body.to_string()));
    let answer = timeout(SOON, answer).await.unwrap();
    assert_eq!(salesforce.asked(), 1, "{version} {trick:?}");
    let output = &answer.json()["output"];
    output["status"].as_u64().unwrap()
}

#[tokio::test]
async fn a_write_of_the_proxy_ends_in_time_and_is_retried_unless_it_was_written() {
    for (trick, expected) in TRICKS {
        for version in ["v0", "v1"] {
            let status = proxied(version, trick).await;
            assert_eq!(status, u64::from(expected), "{version} {trick:?}");
        }
    }
}

/// Without the results of its records an answer says of none what became of it.
#[tokio::test]
async fn an_inline_write_ends_in_time_is_sent_once_and_is_retried() {
    for (trick, _) in TRICKS {
        let salesforce = StandIn::serve("/composite/sobjects", trick).await;
        let flags = ["--delivery", "inline", "--delivery-window", "1ms"];
        let service = service(&salesforce, &flags).await;
        let jobs = [lead_job(1, "ada@example.com")];
        let entries = inline::deliver(&service, jobs);
        let entries = timeout(SOON, entries).await.unwrap();
        assert_eq!(verdict(&entries[0]), kept(trick), "{trick:?}");
        assert_eq!(salesforce.asked(), 1, "{trick:?}");
    }
}

#[tokio::test]
async fn an_inline_write_without_an_answer_is_not_said_to_have_failed() {
    let lost = [Trick::Hangs, Trick::CutOff, Trick::LoginPage, Trick::Closes];
    for trick in lost {
        let salesforce = StandIn::serve("/composite/sobjects", trick).await;
        let flags = ["--delivery", "inline", "--delivery-window", "1ms"];
        let service = service(&salesforce, &flags).await;
        let entries = inline::deliver(&service, [lead_job(1, "ada@example.com")]).await;
        let error = entries[0]["error"].as_str().unwrap();
        assert!(
            error.starts_with("it is unknown whether"),
            "{trick:?}: {error}"
        );
    }
}

#[tokio::test]
async fn a_token_answer_without_a_usable_token_is_retried_and_not_kept() {
    use wiremock::{MockServer, ResponseTemplate};
    let salesforce = MockServer::start().await;
    let url = salesforce.uri();
    let tokens = [
        json!({"instance_url": url}),
        json!({"access_token": null, "instance_url": url}),
        json!({"access_token": 5, "instance_url": url}),
        json!({"access_token": "planted-token\r\nX-Evil: 1", "instance_url": url}),
        json!({"access_token": "two words", "instance_url": url}),
        json!({"access_token": "tökén", "instance_url": url}),
        json!([TOKEN]),
        Value::Null,
    ];
    for answer in &tokens {
        let answer = ResponseTemplate::new(200).set_body_json(answer);
        let once = crate::fixtures::login()
            .respond_with(answer)
            .up_to_n_times(1);
        once.expect(1).mount(&salesforce).await;
    }
    let service = Service::start(&url, &[]).await;
    for answer in &tokens {
        let entries = service.router([lead_job(1, "ada@example.com")]).await;
        assert_eq!(verdict(&entries[0]), RETRYABLE, "{answer}");
    }
}

#[tokio::test]
async fn a_host_that_does_not_resolve_is_retried() {
    let flags = [
        "--salesforce-allowed-hosts",
        "*.invalid,http://127.0.0.1:1",
        "--salesforce-timeout",
        "10s",
    ];
    let service = Service::start("http://127.0.0.1:1", &flags).await;
    let secret = json!({"access_token": TOKEN, "instance_url": "https://acme.invalid"});
    let jobs = [crate::fixtures::oauth_job(1, secret)];
    let entries = timeout(SOON, service.router(jobs)).await.unwrap();
    assert_eq!(verdict(&entries[0]), RETRYABLE);
}
