//! Many events at once: the page shows a part of them, says so, and stays quick.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::{
    browser::Browser,
    page::watched,
    page::{Page, identify, job},
};

/// How many events arrive in a second, and for how long.
const RATE: u64 = 1_000;
const SECONDS: u64 = 4;
/// How many come in one request.
const BATCH: u64 = 50;

/// Notes how long the page is busy at a stretch, from now on.
const NOTE_TASKS: &str = "window.tasks = []; new PerformanceObserver((list) =>
    window.tasks.push(...list.getEntries().map((task) => task.duration))).observe({type: 'longtask'});
    window.frames = 0; (function frame() { window.frames += 1; requestAnimationFrame(frame); })();";

/// The jobs of a request, which cost the service as little as an event can: they are not meant for Salesforce.
fn batch(first: u64) -> Vec<Value> {
    let jobs = (first..first + BATCH).map(|id| {
        let mut message = identify(
            &format!("m-{id}"),
            &json!({"email": "ada@lovelace.example"}),
        );
        message["integrations"] = json!({});
        job(id, &message)
    });
    jobs.collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_events_a_second_do_not_stall_the_page() {
    let org = salesforce_simulator::sample::org().build();
    let service = watched(&org, &[]).await;
    let browser = Browser::start_alone().await;
    browser.goto(&format!("{}/#events", service.admin)).await;
    browser.find("#event-rows, #events").await;
    browser.script(NOTE_TASKS).await;
    let begin = Instant::now();
    for number in 0..RATE * SECONDS / BATCH {
        let due = begin + Duration::from_millis(1_000 * number * BATCH / RATE);
        tokio::time::sleep_until(due.into()).await;
        service.processor(batch(number * BATCH)).await;
    }
    let sent = begin.elapsed();
    let noted = browser.script("return [Math.max(0, ...window.tasks), window.tasks.reduce((all, one) => all + one, 0), window.frames]").await;
    let said = browser.says("#sampled", " of ").await;
    let rows = browser.texts("#event-rows tr").await.len();
    println!(
        "{} events in {sent:?}: longest task, all long tasks (ms), frames {noted}; {rows} rows; {said}",
        RATE * SECONDS
    );
    assert!(rows <= 500, "{rows} rows");
    assert!(
        noted[0].as_f64().unwrap() < 250.0,
        "a task of {} ms",
        noted[0]
    );
    // It follows to the end.
    let last = format!("m-{}", RATE * SECONDS - 1);
    browser.says("#event-rows", &last).await;
    let page = Page { browser, service };
    page.is_clean().await;
}
