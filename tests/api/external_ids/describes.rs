//! When an object is described, and what happens if it cannot be.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use salesforce_simulator::{Call, Fault};
use serde_json::json;
use wiremock::{Mock, MockServer, ResponseTemplate, matchers::path};

use super::{UPSERTS, doe, keyed_org, lead, patch, post, record, routed, service};
use crate::{
    delivery::has_come_to_the_proxy,
    fixtures::{nothing_found, oauth_destination, org, salesforce_that_answers, secret},
    log::Log,
    service::{Service, serve},
};

#[tokio::test]
async fn concurrent_requests_share_one_describe() {
    let org = keyed_org().latency(Duration::from_millis(20)).build();
    let service = service(&org, &[]).await;
    let requests = (0..16).map(|n| routed(&service, lead(n, "k1", doe())));
    assert_eq!(join_all(requests).await, vec![patch("Lead/Key__c/k1"); 16]);
    assert_eq!(org.calls().describe, 1);
}

#[tokio::test]
async fn each_object_is_described_by_itself() {
    let org = keyed_org().external_id("Contact", "Key__c", true).build();
    let service = service(&org, &[]).await;
    let contact = record(
        2,
        ("contact", "key__c"),
        json!("k1"),
        json!({"LastName": "Doe"}),
    );
    let entries = service.router([lead(1, "k1", doe()), contact]).await;
    assert_eq!(super::request(&entries[0]).1, "Lead/Key__c/k1");
    assert_eq!(super::request(&entries[1]).1, "contact/key__c/k1");
    assert_eq!(org.calls().describe, 2);
}

#[tokio::test]
async fn a_describe_is_confirmed_while_the_old_one_serves() {
    let org = keyed_org().build();
    let salesforce = serve(org.router()).await;
    let always = |config: &mut salesforce_transformer::Config| {
        config.salesforce.describe_ttl = Duration::ZERO;
    };
    let service = Service::start_with(&salesforce, &UPSERTS, always).await;
    for _ in 0..3 {
        let upsert = patch("Lead/Key__c/k1");
        assert_eq!(routed(&service, lead(1, "k1", doe())).await, upsert);
    }
    let describes = |status| {
        let log = org.log();
        let of_lead = |path: &str| path.ends_with("/sobjects/Lead/describe");
        let calls = log.iter().filter(|call| of_lead(&call.path));
        calls.filter(|call| call.status == Some(status)).count()
    };
    assert_eq!(describes(200), 1);
    assert!(describes(304) >= 1, "{:?}", org.log());
}

#[tokio::test]
async fn a_hangup_has_objects_described_anew() {
    let org = keyed_org().build();
    let service = service(&org, &[]).await;
    routed(&service, lead(1, "k1", doe())).await;
    service.ready.reread();
    // The first request that uses it has it read; what is known serves meanwhile.
    while org.calls().describe < 2 {
        let upsert = patch("Lead/Key__c/k1");
        assert_eq!(routed(&service, lead(1, "k1", doe())).await, upsert);
    }
    let log = org.log();
    let described = log.iter().filter(|call| call.path.ends_with("describe"));
    let statuses: Vec<_> = described.map(|call| call.status).collect();
    assert_eq!(statuses, [Some(200); 2], "without a condition");
}

#[tokio::test]
async fn an_object_that_cannot_be_described_is_looked_up_and_not_described_again_for_a_minute() {
    for (fault, flags) in [
        (Fault::Html, [].as_slice()),
        (Fault::Says(204, ""), &[]),
        (Fault::Says(304, ""), &[]),
        (Fault::Says(200, "[]"), &[]),
        (Fault::Refused(404, "NOT_FOUND"), &[]),
        (Fault::ServerUnavailable, &[]),
        (Fault::CutOff, &[]),
        (Fault::Hang, &["--salesforce-timeout", "200ms"]),
    ] {
        let log = Log::start();
        let org = keyed_org().build();
        let service = service(&org, flags).await;
        org.fail_next(Call::Describe, fault, 1);
        for n in 1..=3 {
            let create = post("Lead");
            assert_eq!(
                routed(&service, lead(n, &format!("k{n}"), doe())).await,
                create,
                "{fault:?}"
            );
        }
        let calls = org.calls();
        assert_eq!((calls.describe, calls.query), (1, 3), "{fault:?}");
        let warned = log
            .warnings()
            .iter()
            .filter(|line| line.contains("cannot be described"))
            .count();
        assert_eq!(warned, 1, "{fault:?}");
    }
}

#[tokio::test]
async fn an_expired_session_is_renewed_by_the_lookup_and_the_object_described_next_time() {
    let org = keyed_org().build();
    let service = service(&org, &[]).await;
    org.fail_next(Call::Describe, Fault::SessionInvalid, 1);
    org.expire_sessions();
    assert_eq!(routed(&service, lead(1, "k1", doe())).await.1, "Lead");
    assert_eq!(
        routed(&service, lead(2, "k1", doe())).await,
        patch("Lead/Key__c/k1")
    );
}

#[tokio::test]
async fn requests_for_rudder_servers_own_delivery_carry_a_session_that_was_accepted_recently() {
    let org = keyed_org().build();
    let salesforce = serve(org.router()).await;
    let always = |config: &mut salesforce_transformer::Config| {
        config.salesforce.accepted_within = Duration::ZERO;
    };
    let service = Service::start_with(&salesforce, &UPSERTS, always).await;
    let session = async |key| {
        let entries = service.router([lead(1, key, doe())]).await;
        entries[0]["batchedRequest"][0]["headers"]["Authorization"].clone()
    };
    let first = session("k1").await;
    assert_eq!(session("k2").await, first);
    org.expire_sessions();
    assert_ne!(
        session("k3").await,
        first,
        "the expired session was noticed"
    );
    // The proxy renews a session itself.
    has_come_to_the_proxy(&service).await;
    let calls = org.calls().total_api();
    session("k4").await;
    assert_eq!(org.calls().total_api(), calls);
}

#[tokio::test]
async fn the_session_is_confirmed_if_one_of_its_destinations_does_not_come_to_the_proxy() {
    let org = keyed_org().build();
    let salesforce = serve(org.router()).await;
    let always = |config: &mut salesforce_transformer::Config| {
        config.salesforce.accepted_within = Duration::ZERO;
    };
    let service = Service::start_with(&salesforce, &UPSERTS, always).await;
    let secret = secret(&org, &salesforce);
    let sync = |id, destination| {
        let mut job = lead(id, &format!("k{id}"), doe());
        job["destination"] = oauth_destination(destination);
        job["metadata"]["secret"] = secret.clone();
        job
    };
    let jobs = || [sync(1, "dst-1"), sync(2, "dst-2")];
    has_come_to_the_proxy(&service).await;
    let entries = service.router(jobs()).await;
    assert_eq!(entries[1]["statusCode"], 200);
    org.expire_sessions();
    let entries = service.router(jobs()).await;
    assert_eq!(entries[1]["statusCode"], 500, "{entries}");
}

#[tokio::test]
async fn names_that_visitors_make_up_are_described_twenty_times_a_minute_at_most() {
    let org = keyed_org().build();
    let service = service(&org, &[]).await;
    let jobs: Vec<_> = (0..50)
        .map(|n| {
            let object = format!("Invented{n}__c");
            record(n, (&object, "Key__c"), json!("k1"), doe())
        })
        .collect();
    service.router(jobs).await;
    assert_eq!(org.calls().describe, 20);
}

#[tokio::test]
async fn objects_beyond_twenty_a_minute_are_looked_up() {
    let name = |n: u64| format!("Thing{n}__c");
    let org = (0..25).fold(org(), |org, n| org.external_id(&name(n), "Key__c", true));
    let org = org.build();
    let service = service(&org, &[]).await;
    let jobs = (0..25).map(|n| record(n, (&name(n), "Key__c"), json!("k1"), json!({})));
    let entries = service.router(jobs.collect::<Vec<_>>()).await;
    let methods = entries.as_array().unwrap().iter();
    let methods: Vec<_> = methods.map(|entry| super::request(entry).0).collect();
    let of = |method: &str| methods.iter().filter(|it| *it == method).count();
    assert_eq!((of("PATCH"), of("POST")), (20, 5));
}

#[tokio::test]
async fn what_is_left_of_the_api_calls_is_not_spent_on_describes() {
    let org = keyed_org().daily_limit(100).build();
    let service = service(&org, &["--api-reserve", "98"]).await;
    let status = async |job| service.router([job]).await[0]["statusCode"].clone();
    let sync = |object| record(2, (object, "Key__c"), json!("k1"), doe());
    assert_eq!(status(lead(1, "k1", doe())).await, 200, "after a describe");
    assert_eq!(status(sync("Contact")).await, 429, "after another");
    let spent = org.calls().total_api();
    assert_eq!(status(sync("Account")).await, 429);
    assert_eq!(org.calls().total_api(), spent);
}

#[tokio::test]
async fn nobody_waits_long_for_a_describe() {
    let org = keyed_org().build();
    let salesforce = serve(org.router()).await;
    let impatient = |config: &mut salesforce_transformer::Config| {
        config.salesforce.describe_wait = Duration::from_millis(50);
    };
    let service = Service::start_with(&salesforce, &UPSERTS, impatient).await;
    org.fail_next(Call::Describe, Fault::Hang, 1);
    let begun = Instant::now();
    for n in 1..=3 {
        let job = lead(n, &format!("k{n}"), doe());
        assert_eq!(routed(&service, job).await, post("Lead"));
    }
    assert!(
        begun.elapsed() < Duration::from_secs(10),
        "SALESFORCE_TIMEOUT is longer"
    );
    let calls = org.calls();
    assert_eq!((calls.describe, calls.query), (1, 3));
}

#[tokio::test]
async fn each_user_upserts_by_the_fields_that_they_see() {
    let org = keyed_org()
        .user("blind@acme.com", "pw", "token")
        .hide_field_from("blind@acme.com", "Lead", "Key__c")
        .build();
    let salesforce = serve(org.router()).await;
    let service = Service::start(&salesforce, &UPSERTS).await;
    let sync = |session: String| {
        let mut job = lead(1, "k1", doe());
        job["destination"] = oauth_destination("dst-1");
        job["metadata"]["secret"] = json!({"access_token": session, "instance_url": salesforce});
        job
    };
    let blind = org.session_of("blind@acme.com").unwrap();
    let seeing = org.session();
    for _ in 0..2 {
        let entries = service.router([sync(seeing.clone())]).await;
        assert_eq!(super::request(&entries[0]).1, "Lead/Key__c/k1");
        let entries = service.router([sync(blind.clone())]).await;
        assert_eq!(entries[0]["statusCode"], 400, "{entries}");
    }
    assert_eq!(org.calls().describe, 2);
}

/// A Salesforce with this description of leads, last changed at this time, that finds no records.
async fn describing(body: &str, modified: Option<&'static str>) -> MockServer {
    let salesforce = salesforce_that_answers(nothing_found()).await;
    let describe = ResponseTemplate::new(200).set_body_raw(body.to_owned(), "application/json");
    let describe = match modified {
        Some(modified) => describe.insert_header("Last-Modified", modified),
        None => describe,
    };
    Mock::given(path("/services/data/v50.0/sobjects/Lead/describe"))
        .respond_with(describe)
        .mount(&salesforce)
        .await;
    salesforce
}

#[tokio::test]
async fn large_describes_and_odd_times_of_change_are_no_obstacle() {
    let key = json!({"name": "Key__c", "createable": true, "updateable": true, "externalId": true, "unique": true});
    let wide = |n| json!({"name": format!("Field{n}__c"), "createable": true, "updateable": true, "inlineHelpText": "x".repeat(6_000)});
    let fields: Vec<_> = (0..800).map(wide).chain([key]).collect();
    let large =
        json!({"queryable": true, "createable": true, "updateable": true, "fields": fields})
            .to_string();
    assert!(large.len() > 4_800_000);
    for modified in [
        None,
        Some(""),
        Some("yesterday"),
        Some("Sat, 28 Nov 2026 10:00:00 GMT"),
    ] {
        let salesforce = describing(&large, modified).await;
        let always = |config: &mut salesforce_transformer::Config| {
            config.salesforce.describe_ttl = Duration::ZERO;
        };
        let service = Service::start_with(&salesforce.uri(), &UPSERTS, always).await;
        for n in 1..=2 {
            let upsert = patch("Lead/Key__c/k1");
            assert_eq!(
                routed(&service, lead(n, "k1", doe())).await,
                upsert,
                "{modified:?}"
            );
        }
    }
}
