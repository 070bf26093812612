//! What the page weighs and how fast it is there, as lines to read: `cargo test -p browser-tests figures -- --ignored --nocapture`.

use crate::{browser::Browser, page::watched};

/// How often the page is opened.
const TIMES: usize = 9;

/// When the first thing was painted, and the first that says something, in milliseconds since the page was asked for.
const PAINTS: &str = "performance.getEntriesByType('paint').length === 2
    && performance.getEntriesByType('paint').map((paint) => paint.startTime)";

#[tokio::test]
#[ignore = "says how fast the page is on this machine"]
async fn figures() {
    let org = salesforce_simulator::sample::org().build();
    let service = watched(&org, &[]).await;
    let page = service
        .http
        .get(&service.admin)
        .header("Accept", "text/html");
    let weight = page.send().await.unwrap().bytes().await.unwrap().len();
    let browser = Browser::start_alone().await;
    let mut paints = Vec::new();
    for _ in 0..TIMES {
        browser.goto("about:blank").await;
        browser.goto(&service.admin).await;
        paints.push(browser.until(PAINTS).await[1].as_f64().unwrap());
    }
    paints.sort_by(f64::total_cmp);
    println!("the page: {weight} bytes");
    println!(
        "first contentful paint: {:.0} ms (median of {TIMES}; {:.0} to {:.0} ms)",
        paints[TIMES / 2],
        paints[0],
        paints[TIMES - 1]
    );
}
