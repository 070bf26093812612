//! Some hundred dirty events: every one is written, and each change of it is told. The bench `api_calls` has ten thousand.

use std::collections::BTreeSet;

use salesforce_simulator::Simulator;
use serde_json::{Value, json};

use super::{
    USER,
    dirty::{self, Corpus, Event},
    told_of,
};
use crate::{
    delivery,
    fixtures::{destination, job, org},
    inline::{deliver, inline},
    service::{Service, serve},
};

const SEED: u64 = 22;
const EVENTS: usize = 400;
const BATCH: usize = 100;

fn dirty_org() -> Simulator {
    dirty::org(org(), USER, EVENTS).unwrap()
}

fn jobs(events: &[Event]) -> Vec<Value> {
    let numbered = (1..).zip(events);
    let job = |(id, event): (u64, &Event)| job(id, event.message(), &destination("dst-1"));
    numbered.map(job).collect()
}

/// What the org's leads do not hold as they should.
fn differences(org: &Simulator, events: &[Event]) -> Vec<String> {
    let leads = org.records("Lead");
    let differences = events.iter().flat_map(|event| {
        let lead = leads.iter().find(|lead| lead["Email"] == *event.email);
        match lead {
            Some(lead) if event.is_written_in(lead) => event.differences(lead),
            _ => vec![format!("{}: {} is not written", event.kind, event.traits)],
        }
    });
    differences.collect::<BTreeSet<_>>().into_iter().collect()
}

#[track_caller]
fn assert_none(wrong: &[String]) {
    assert!(wrong.is_empty(), "{}:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn a_seed_makes_the_same_events_of_at_least_sixteen_kinds_each_known_and_new() {
    let (one, again) = (
        Corpus::Dirty.events(SEED, EVENTS),
        Corpus::Dirty.events(SEED, EVENTS),
    );
    let traits = |events: &[Event]| -> Vec<Value> {
        events.iter().map(|event| event.traits.clone()).collect()
    };
    assert_eq!(traits(&one), traits(&again));
    assert_ne!(
        traits(&one),
        traits(&Corpus::Dirty.events(SEED + 1, EVENTS))
    );
    let kinds: BTreeSet<_> = one.iter().map(|event| event.kind).collect();
    assert!(kinds.len() > 16, "{kinds:?}");
    for kind in kinds {
        let mut numbers = (0..EVENTS).filter(|number| one[*number].kind == kind);
        let (mut known, mut new) = (false, false);
        numbers.by_ref().for_each(|number| {
            let is_known = dirty::is_known(number);
            (known, new) = (known || is_known, new || !is_known);
        });
        assert!(known && new, "{kind}");
    }
}

#[tokio::test]
async fn each_change_of_an_event_is_explained_with_its_reason_and_nothing_else_is() {
    let service = Service::of(&dirty_org()).await;
    let events = Corpus::Dirty.events(SEED, EVENTS);
    let answer = service.transform(json!(jobs(&events))).await;
    let mut wrong = BTreeSet::new();
    for (event, element) in events.iter().zip(answer.as_array().unwrap()) {
        let explanation = element["explanation"].as_array().into_iter().flatten();
        let told: BTreeSet<_> = explanation.map(told_of).collect();
        let expected = super::pairs(&event.changes).into_iter().collect();
        if told != expected {
            wrong.insert(format!("{}: {told:?}, not {expected:?}", event.kind));
        }
    }
    assert_none(&wrong.into_iter().collect::<Vec<_>>());
}

#[tokio::test]
async fn written_here_every_dirty_event_arrives_and_its_changes_are_named() {
    let org = dirty_org();
    let service = inline(&org, &[]).await;
    let events = Corpus::Dirty.events(SEED, EVENTS);
    let mut wrong = BTreeSet::new();
    for events in events.chunks(BATCH) {
        let entries = deliver(&service, jobs(events)).await;
        for (event, entry) in events.iter().zip(&entries) {
            let status = if event.changes.is_empty() { 299 } else { 296 };
            if entry["statusCode"] != status {
                wrong.insert(format!(
                    "{}: {}, not {status}",
                    event.kind, entry["statusCode"]
                ));
            }
            wrong.extend(event.unnamed(entry["error"].as_str().unwrap_or_default()));
        }
    }
    wrong.extend(differences(&org, &events));
    assert_none(&wrong.into_iter().collect::<Vec<_>>());
    let calls = org.calls();
    assert_eq!((calls.refused_records, calls.describe), (0, 1), "{calls:?}");
}

#[tokio::test]
async fn dirty_events_take_no_more_calls_than_clean_ones() {
    let mut calls = Vec::new();
    for corpus in [Corpus::Clean, Corpus::Dirty] {
        let org = dirty_org();
        let service = inline(&org, &[]).await;
        for events in corpus.events(SEED, EVENTS).chunks(BATCH) {
            deliver(&service, jobs(events)).await;
        }
        calls.push(org.calls().total_api());
    }
    assert_eq!(calls[0], calls[1]);
}

#[tokio::test]
async fn through_the_proxy_every_dirty_event_arrives() {
    let org = dirty_org();
    let service = Service::start(&serve(org.router()).await, &[]).await;
    let events = Corpus::Dirty.events(SEED, EVENTS);
    let entries = service.router(jobs(&events)).await;
    let mut wrong = BTreeSet::new();
    for (event, entry) in events.iter().zip(entries.as_array().unwrap()) {
        let output = delivery::deliver(&service, entry).await;
        if output["status"] != 200 {
            wrong.insert(format!("{}: {output}", event.kind));
        }
    }
    wrong.extend(differences(&org, &events));
    assert_none(&wrong.into_iter().collect::<Vec<_>>());
    let calls = org.calls();
    assert_eq!((calls.refused_records, calls.describe), (0, 1), "{calls:?}");
}

#[tokio::test]
async fn what_only_salesforce_knows_to_be_wrong_is_left_out_and_the_record_written() {
    let org = dirty_org();
    let service = inline(&org, &[]).await;
    let events = Corpus::Unforeseen.events(SEED, EVENTS);
    let mut wrong = BTreeSet::new();
    for events in events.chunks(BATCH) {
        let entries = deliver(&service, jobs(events)).await;
        for (event, entry) in events.iter().zip(&entries) {
            wrong.extend(event.unnamed(entry["error"].as_str().unwrap_or_default()));
        }
    }
    wrong.extend(differences(&org, &events));
    assert_none(&wrong.into_iter().collect::<Vec<_>>());
    let calls = org.calls();
    // A refusal of a field that the description shows has the object described again.
    assert_eq!((calls.refused_records, calls.describe), (4, 2), "{calls:?}");
}
