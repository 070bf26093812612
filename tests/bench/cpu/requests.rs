//! What whole requests cost, without sockets on our side: from the body's bytes to the answer's.
//!
//! `floor` is the least that any transformer can do: walk the body's JSON once and copy as many bytes. Events that are looked
//! up ask a simulated Salesforce over loopback, once for a request.

use axum::{Router, body::Body, http::Request};
use divan::{Bencher, counter::ItemsCount};
use http_body_util::BodyExt;
use salesforce_simulator::{FieldType, Simulator, flags_for};
use salesforce_transformer::{Config, app, lifecycle::Lifecycle, server::memory::InFlight};
use serde::de::IgnoredAny;
use tokio::{net::TcpListener, runtime::Runtime};
use tower::ServiceExt;

use crate::traffic::{self, Form, Kind};

/// How many events a request has.
const SIZES: [usize; 4] = [1, 20, 100, 200];

#[divan::bench(args = SIZES)]
fn floor(bencher: Bencher<'_, '_>, events: usize) {
    let body = traffic::router_body(
        Kind::Object,
        Form::Plain,
        events,
        ("https://acme.my.salesforce.com", "00D!token"),
    );
    bencher.counter(ItemsCount::new(events)).bench(|| {
        (
            serde_json::from_str::<IgnoredAny>(&body).is_ok(),
            body.clone(),
        )
    });
}

#[divan::bench(args = SIZES)]
fn object(bencher: Bencher<'_, '_>, events: usize) {
    request(bencher, Kind::Object, Form::Plain, events);
}

#[divan::bench(args = SIZES)]
fn object_compacted(bencher: Bencher<'_, '_>, events: usize) {
    request(bencher, Kind::Object, Form::Compacted, events);
}

#[divan::bench(args = SIZES)]
fn lead(bencher: Bencher<'_, '_>, events: usize) {
    request(bencher, Kind::Lead, Form::Plain, events);
}

#[divan::bench(args = SIZES)]
fn lead_compacted(bencher: Bencher<'_, '_>, events: usize) {
    request(bencher, Kind::Lead, Form::Compacted, events);
}

#[divan::bench(args = SIZES)]
fn reverse_etl(bencher: Bencher<'_, '_>, events: usize) {
    request(bencher, Kind::ReverseEtl, Form::Plain, events);
}

#[divan::bench(args = SIZES)]
fn mixed(bencher: Bencher<'_, '_>, events: usize) {
    request(bencher, Kind::Mixed, Form::Plain, events);
}

fn request(bencher: Bencher<'_, '_>, kind: Kind, form: Form, events: usize) {
    let runtime = Runtime::new().unwrap();
    let (service, instance, token) = runtime.block_on(service());
    let body = traffic::router_body(kind, form, events, (&instance, &token));
    bencher
        .counter(ItemsCount::new(events))
        .bench(|| runtime.block_on(answer(service.clone(), form, body.clone())));
}

/// The service, the address of the org that it may ask, and a token for it.
async fn service() -> (Router, String, String) {
    let org = Simulator::builder()
        .daily_limit(u64::MAX)
        .custom_field("Contact", "External_Id__c", FieldType::Text)
        .build();
    let token = org.session();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let instance = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, org.router()).await });
    let flags = [&flags_for(&instance)[..], &["--lookup-window", "0s"]].concat();
    let config = Config::from_flags(flags).unwrap();
    (
        app(&config, Lifecycle::default(), InFlight::default()).unwrap(),
        instance,
        token,
    )
}

async fn answer(service: Router, form: Form, body: String) -> usize {
    let mut request = Request::post("/routerTransform").header("Content-Type", "application/json");
    if form == Form::Compacted {
        request = request.header("X-Content-Format", "json+compactedv1");
    }
    let request = request.body(Body::from(body)).unwrap();
    let answer = service.oneshot(request).await.unwrap();
    assert_eq!(answer.status(), 200);
    answer.into_body().collect().await.unwrap().to_bytes().len()
}
