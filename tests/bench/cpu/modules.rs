//! What each module costs, for a batch of 100 events.

use std::convert::Infallible;

use divan::{Bencher, black_box, counter::ItemsCount};
use salesforce_transformer::{
    Config,
    config::rules::{Compatibility, Placeholders, Rules},
    internals::{
        json::{Document, Writer},
        rudderstack::{Batch, Destination, DestinationName, Format, RawBatch},
        salesforce::address::Address,
        transform::{
            gate, mapping, plan,
            target::{Choice, Target},
        },
    },
};

use crate::traffic::{self, Form, Kind};

const EVENTS: usize = 100;

fn body(kind: Kind) -> String {
    let org = ("https://acme.my.salesforce.com", "00D!token");
    traffic::router_body(kind, Form::Plain, EVENTS, org)
}

/// The document of a body, read as the service reads it.
fn document(body: &str) -> Document<'_> {
    Document::read_within(body, Some("destination"), |_| Ok::<(), Infallible>(())).unwrap()
}

fn rules() -> Rules {
    Rules::new(Compatibility::Documented, Placeholders::Always)
}

/// The bytes become a document.
#[divan::bench]
fn walk(bencher: Bencher<'_, '_>) {
    let body = body(Kind::Object);
    let bencher = bencher.counter(ItemsCount::new(EVENTS));
    bencher.bench(|| document(black_box(&body)));
}

/// The document becomes events.
#[divan::bench]
fn contract(bencher: Bencher<'_, '_>) {
    let body = body(Kind::Object);
    let document = document(&body);
    let bencher = bencher.counter(ItemsCount::new(EVENTS));
    bencher.bench(|| {
        let bodies = RawBatch::router(document.root(), Format::Plain, None).unwrap();
        let resolved = bodies.resolved();
        bodies.read(&resolved).entries.len()
    });
}

/// Events are admitted and planned.
#[divan::bench(args = [Kind::Object, Kind::Lead, Kind::ReverseEtl])]
fn gate_and_plan(bencher: Bencher<'_, '_>, kind: Kind) {
    in_a_batch(kind, |batch, destination| {
        let rules = rules();
        let bencher = bencher.counter(ItemsCount::new(EVENTS));
        bencher.bench(|| {
            for entry in &batch.entries {
                let event = entry.event.as_ref().unwrap();
                let admitted = gate::admit(event, destination, &rules).unwrap();
                black_box(plan::plan(&admitted, destination, &rules).unwrap());
            }
        });
    });
}

/// Traits become fields, and the fields a part of the answer.
#[divan::bench(args = [Kind::Object, Kind::Lead])]
fn map_and_write(bencher: Bencher<'_, '_>, kind: Kind) {
    in_a_batch(kind, |batch, destination| {
        let rules = rules();
        let policies = Config::from_flags([""; 0]).unwrap().policies();
        let planned = batch.entries.iter().map(|entry| {
            let event = entry.event.as_ref().unwrap();
            let admitted = gate::admit(event, destination, &rules).unwrap();
            plan::plan(&admitted, destination, &rules).unwrap()
        });
        let planned: Vec<_> = planned.collect();
        let bencher = bencher.counter(ItemsCount::new(EVENTS));
        bencher.bench(|| {
            let mut json = Writer::with_capacity(256 << 10);
            for plan in &planned {
                let record = &plan.records[0];
                let target = Target {
                    object: "Lead".into(),
                    address: Address::Id("00Q000000000001AAA".into()),
                    email: None,
                    stored: None,
                    is_duplicate: false,
                    choice: Choice::Only,
                };
                mapping::fields(
                    &plan.traits,
                    record,
                    &target,
                    destination,
                    (&rules, &policies),
                )
                .unwrap()
                .write(&mut json);
            }
            json.into_bytes()
        });
    });
}

fn in_a_batch(kind: Kind, run: impl FnOnce(&Batch<'_>, &Destination)) {
    let body = body(kind);
    let document = Document::read(&body).unwrap();
    let bodies = RawBatch::router(document.root(), Format::Plain, None).unwrap();
    let resolved = bodies.resolved();
    let batch = bodies.read(&resolved);
    let name = DestinationName::SalesforceOauth;
    let destination = Destination::read(batch.entries[0].destination, name).unwrap();
    run(&batch, &destination);
}
