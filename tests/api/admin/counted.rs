//! `/events/counts`, and what `/faults` forgets: what happened when, by a clock that the test sets.

use std::{
    cell::Cell,
    time::{Duration, UNIX_EPOCH},
};

use serde_json::{Value, json};

use super::{ON, events, message};
use crate::{
    fixtures::{destination, job, lead_job, org},
    service::{Service, serve},
};

/// The minute in which a test begins: 2026-11-28T14:00:00Z.
const BEGIN: u64 = 29_931_240;

thread_local! {
    /// The time since 1970. A test and its service are on one thread.
    static NOW: Cell<Duration> = const { Cell::new(Duration::ZERO) };
}

/// Sets the clock to so many minutes and seconds after the beginning.
fn set_clock(minutes: u64, seconds: u64) {
    NOW.set(Duration::from_mins(BEGIN + minutes) + Duration::from_secs(seconds));
}

/// A service whose admin address goes by the clock of the test, with these flags.
async fn clocked(flags: &[&str]) -> Service {
    set_clock(0, 0);
    let salesforce = serve(org().build().router()).await;
    let flags = [&ON, flags].concat();
    Service::start_with(&salesforce, &flags, |config| {
        config.admin.clock = || UNIX_EPOCH + NOW.get();
    })
    .await
}

/// The last minutes that have verdicts, as `/events/counts` shows them.
async fn counted(service: &Service) -> Vec<Value> {
    let mut counts = service.admin("/events/counts").await.json();
    let minutes = counts["minutes"].as_array_mut().unwrap();
    assert_eq!(minutes.len(), 60);
    minutes.retain(|minute| minute["verdicts"] != json!({}));
    minutes.clone()
}

/// The groups of `/faults`, each as its code, `count` and `recent`.
async fn faults(service: &Service) -> Vec<Value> {
    let faults = service.admin("/faults").await.json();
    let faults = faults["faults"].as_array().unwrap().iter();
    faults
        .map(|fault| json!([fault["code"], fault["count"], fault["recent"]]))
        .collect()
}

/// A job that is answered 400, because it has no e-mail.
fn nameless() -> Value {
    job(
        9,
        message("m", json!({"plan": "pro"})),
        &destination("dst-1"),
    )
}

/// A job with a trait that is left out, for a person of its own.
fn tagged(number: u64) -> Value {
    let email = format!("person{number}@example.com");
    let traits = json!({"email": email, "tags": ["poet"]});
    job(number, message("m", traits), &destination("dst-1"))
}

#[tokio::test]
async fn the_minutes_of_the_last_hour_are_listed_with_their_verdicts() {
    let service = clocked(&[]).await;
    service
        .router([lead_job(1, "ada@example.com"), nameless()])
        .await;
    set_clock(0, 59);
    service.router([lead_job(2, "bob@example.com")]).await;
    set_clock(1, 0);
    service.router([nameless()]).await;
    let first = json!({"time": "2026-11-28T14:00:00.000Z", "verdicts": {"request": 2, "dataValidation": 1}});
    let second = json!({"time": "2026-11-28T14:01:00.000Z", "verdicts": {"dataValidation": 1}});
    assert_eq!(counted(&service).await, [&first, &second].map(Clone::clone));
    set_clock(59, 59);
    assert_eq!(counted(&service).await, [first, second.clone()]);
    set_clock(60, 0);
    assert_eq!(counted(&service).await, [second]);
    set_clock(1_000, 0);
    assert_eq!(counted(&service).await.len(), 0);
}

#[tokio::test]
async fn the_minutes_are_listed_oldest_first_up_to_the_present_one() {
    let service = clocked(&[]).await;
    set_clock(5, 30);
    let counts = service.admin("/events/counts").await.json();
    let minutes = counts["minutes"].as_array().unwrap();
    let expected = |time: &str| json!({"time": time, "verdicts": {}});
    assert_eq!(minutes[0], expected("2026-11-28T13:06:00.000Z"));
    assert_eq!(minutes[59], expected("2026-11-28T14:05:00.000Z"));
}

#[tokio::test]
async fn events_that_are_no_longer_kept_are_counted() {
    let service = clocked(&["--events-kept", "1"]).await;
    for _ in 0..3 {
        service.router([nameless(), nameless()]).await;
    }
    assert_eq!(events(&service, "").await.len(), 1);
    let verdicts = &counted(&service).await[0]["verdicts"];
    assert_eq!(*verdicts, json!({"dataValidation": 6}));
}

#[tokio::test]
async fn an_explained_event_is_not_counted() {
    let service = clocked(&[]).await;
    let explained = service.post("/transform?explain", json!([tagged(1)])).await;
    assert_eq!(explained.status, 200);
    assert_eq!(counted(&service).await.len(), 0);
}

#[tokio::test]
async fn a_fault_tells_how_often_it_was_seen_within_the_last_hour() {
    let service = clocked(&[]).await;
    service.router([nameless(), tagged(2)]).await;
    set_clock(30, 0);
    service.router([nameless(), tagged(3), tagged(4)]).await;
    let all = [json!(["structure", 3, 3]), json!(["no_email", 2, 2])];
    assert_eq!(faults(&service).await, all);
    set_clock(60, 0);
    let less = [json!(["structure", 3, 2]), json!(["no_email", 2, 1])];
    assert_eq!(faults(&service).await, less);
    set_clock(90, 0);
    let none = [json!(["structure", 3, 0]), json!(["no_email", 2, 0])];
    assert_eq!(faults(&service).await, none);
}

#[tokio::test]
async fn changes_that_nobody_has_looked_at_are_counted_in_their_minute() {
    let service = clocked(&[]).await;
    service.router([tagged(5), tagged(6)]).await;
    set_clock(61, 0);
    service.router([tagged(7)]).await;
    assert_eq!(faults(&service).await, [json!(["structure", 3, 1])]);
}

#[tokio::test]
async fn a_fault_that_was_not_seen_for_a_day_is_forgotten() {
    let service = clocked(&[]).await;
    service.router([nameless(), nameless()]).await;
    set_clock(60, 0);
    service.router([tagged(8)]).await;
    set_clock(24 * 60 - 1, 0);
    assert_eq!(faults(&service).await.len(), 2);
    set_clock(24 * 60, 0);
    assert_eq!(faults(&service).await, [json!(["structure", 1, 0])]);
    service.router([nameless()]).await;
    let again = [json!(["no_email", 1, 1]), json!(["structure", 1, 0])];
    assert_eq!(faults(&service).await, again);
}

#[tokio::test]
async fn a_fault_that_comes_again_after_a_day_begins_anew_whether_or_not_somebody_has_looked() {
    let service = clocked(&[]).await;
    service.router([nameless(), nameless()]).await;
    set_clock(25 * 60, 0);
    service.router([nameless()]).await;
    let fault = &service.admin("/faults").await.json()["faults"][0];
    assert_eq!(fault["count"], 1);
    assert_eq!(fault["first"], "2026-11-29T15:00:00.000Z");
}

#[tokio::test]
async fn since_goes_by_the_same_clock() {
    let service = clocked(&[]).await;
    service.router([nameless()]).await;
    set_clock(15, 0);
    assert_eq!(events(&service, "?since=15m").await.len(), 1);
    assert_eq!(events(&service, "?since=14m").await.len(), 0);
}

#[tokio::test]
async fn an_org_is_sampled_with_its_calls() {
    set_clock(0, 0);
    let salesforce = serve(org().build().router()).await;
    let service = Service::start_with(&salesforce, &ON, |config| {
        config.admin.clock = || UNIX_EPOCH + NOW.get();
        config.admin.sampled_every = Duration::from_millis(1);
    })
    .await;
    service.router([lead_job(1, "ada@example.com")]).await;
    let history = async || {
        let orgs = service.admin("/orgs").await.json();
        let org = orgs["orgs"][0].clone();
        (org["history"].as_array().unwrap().clone(), org)
    };
    let (mut samples, mut shown) = history().await;
    while samples
        .last()
        .is_none_or(|it| it["saved"] != shown["callsSaved"])
    {
        (samples, shown) = history().await;
    }
    let calls =
        ["query", "collections", "write"].map(|kind| shown["calls"][kind].as_u64().unwrap());
    let expected = json!({
        "time": "2026-11-28T14:00:00Z", "used": shown["used"], "spendable": shown["spendable"],
        "saved": shown["callsSaved"], "calls": calls.iter().sum::<u64>(),
    });
    assert!(
        shown["used"].is_u64() && shown["spendable"].is_u64(),
        "{shown}"
    );
    assert_eq!(samples.last(), Some(&expected));
    set_clock(1, 0);
    while samples
        .last()
        .is_none_or(|it| it["time"] != "2026-11-28T14:01:00Z")
    {
        (samples, _) = history().await;
    }
    assert!(samples.is_sorted_by_key(|sample| sample["time"].as_str().map(ToOwned::to_owned)));
    assert!(samples.len() <= 720);
}
