//! What another org notices of a hostile one. `cargo test --test api neighbours -- --nocapture` prints the figures.

use std::time::{Duration, Instant};

use futures_util::{StreamExt, future::join_all, stream};
use salesforce_simulator::Simulator;
use serde_json::{Value, json};
use tokio::task::JoinHandle;

use super::stand_in::{StandIn, Trick};
use crate::{
    fixtures::{lead_job_at, oauth_destination, org},
    inline::deliver,
    planted::TOKEN,
    service::{Service, serve, verdict},
};

/// How many requests are measured, and how many of them are under way at a time.
const MEASURED: u64 = 400;
const AT_ONCE: usize = 4;

/// How many requests each trick is asked at a time, again and again.
const HOSTILE: u64 = 16;

/// Who waits for a hostile org waits this long.
const TIMEOUT: &str = "60s";

/// What a neighbour may wait longer: far less than the hostile org takes, far more than a busy machine adds.
const UNNOTICED: Duration = Duration::from_secs(10);

/// A lead of its own at the org of this session.
fn lead(id: u64, token: &str, url: &str) -> Value {
    let mut job = lead_job_at(id, &format!("p{id}@example.com"), &oauth_destination(url));
    job["metadata"]["userId"] = json!(id);
    job["metadata"]["secret"] = json!({"access_token": token, "instance_url": url});
    job
}

/// How long the requests of an org that behaves take: the 50th and the 99th of a hundred.
async fn measured(service: &Service, session: &str, url: &str, from: u64) -> (Duration, Duration) {
    let one = |id| async move {
        let start = Instant::now();
        let entries = deliver(service, [lead(id, session, url)]).await;
        assert!(matches!(verdict(&entries[0]).0, 200 | 299), "{entries:?}");
        start.elapsed()
    };
    let requests: Vec<_> = (from..from + MEASURED).map(one).collect();
    let mut times: Vec<Duration> = stream::iter(requests)
        .buffer_unordered(AT_ONCE)
        .collect()
        .await;
    times.sort_unstable();
    let percentile = |percent| times[times.len() * percent / 100];
    (percentile(50), percentile(99))
}

/// Asks hostile orgs again and again, until it is aborted.
fn besiege(service: &Service, orgs: &[String]) -> Vec<JoinHandle<()>> {
    let requests = orgs
        .iter()
        .flat_map(|org| (0..HOSTILE).map(move |id| (id, org.clone())));
    let siege = requests.map(|(id, org)| {
        let (http, url) = (
            service.http.clone(),
            format!("{}/routerTransform", service.url),
        );
        let body = json!({"input": [lead(id, TOKEN, &org)], "destType": "salesforce_oauth"});
        tokio::spawn(async move {
            loop {
                let request = http.post(&url).header("Content-Type", "application/json");
                let request = request.header("X-Feature-Filter-Code", "?1");
                let answer = request.body(body.to_string()).send().await.unwrap();
                assert_eq!(answer.status(), 200);
            }
        })
    });
    siege.collect()
}

async fn assert_unnoticed(name: &str, flags: &[&str]) {
    let tricks = [
        Trick::Hangs,
        Trick::SlowBody,
        Trick::SlowHeaders,
        Trick::OnlyContinues,
    ];
    let hostile = join_all(tricks.map(|trick| StandIn::serve("/query", trick))).await;
    let urls: Vec<String> = hostile.iter().map(|org| org.url.clone()).collect();
    let lively: Simulator = org().build();
    let url = serve(lively.router()).await;
    let session = lively.session();
    let hosts = format!("{},{url}", urls.join(","));
    let all = [
        "--salesforce-allowed-hosts",
        &hosts,
        "--salesforce-timeout",
        TIMEOUT,
    ];
    let service = Service::start(&url, &[&all, flags].concat()).await;

    let quiet = measured(&service, &session, &url, 0).await;
    let siege = besiege(&service, &urls);
    while hostile.iter().any(|org| org.asked() == 0) {
        tokio::task::yield_now().await;
    }
    let besieged = measured(&service, &session, &url, MEASURED).await;
    assert!(
        siege.iter().all(|asking| !asking.is_finished()),
        "the siege held"
    );
    siege.iter().for_each(JoinHandle::abort);
    println!(
        "{name}: p50 and p99 alone {quiet:?}, beside {} hanging requests {besieged:?}",
        siege.len()
    );
    assert!(besieged.1 < quiet.1 + UNNOTICED, "{quiet:?} {besieged:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn described_requests_of_another_org_are_answered_as_fast_as_ever() {
    assert_unnoticed("descriptor", &[]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn inline_writes_of_another_org_are_made_as_fast_as_ever() {
    let flags = ["--delivery", "inline", "--delivery-window", "1ms"];
    assert_unnoticed("inline", &flags).await;
}
