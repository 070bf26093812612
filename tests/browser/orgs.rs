//! The view Orgs: calls, sessions, what goes wrong and what to do about it.

use std::time::Duration;

use salesforce_simulator::sample;
use serde_json::json;

use crate::{
    page::{Page, SETTINGS, destination, identify, job},
    service::{Service, serve},
};

#[tokio::test]
async fn an_org_is_shown_with_its_calls_and_sessions() {
    let page = Page::open("events").await;
    let lead = identify("m-1", &json!({"email": "ada@lovelace.example"}));
    page.service.router([job(1, &lead)]).await;
    page.browser.click("nav a[href='#orgs']").await;
    page.browser.says("#org-list", "15,000").await;
    page.browser.says("#org-list", "2abc9").await;
    page.is_clean().await;
}

#[tokio::test]
async fn calls_are_drawn_as_a_gauge_and_as_lines_that_are_told_in_words_too() {
    let salesforce = serve(sample::org().build().router()).await;
    let service = Service::start_with(&salesforce, &SETTINGS, |config| {
        config.admin.sampled_every = Duration::from_millis(10);
    });
    let service = service.await;
    let lead = identify("m-1", &json!({"email": "ada@lovelace.example"}));
    service.router([job(1, &lead)]).await;
    sampled_twice(&service).await;
    let page = Page::of(service, "orgs").await;
    for (drawing, words) in [
        (".gauge svg", "2 of 15,000 calls used"),
        (".line svg", "Calls used"),
    ] {
        let label = format!(
            "document.querySelector('#org-list {drawing}')?.getAttribute('aria-label')?.includes('{words}')"
        );
        page.browser.until(&label).await;
    }
    page.is_clean().await;
}

#[tokio::test]
async fn what_has_the_focus_keeps_it_when_the_view_is_drawn_anew() {
    let page = Page::open("events").await;
    let lead = identify("m-1", &json!({"email": "ada@lovelace.example"}));
    page.service.router([job(1, &lead)]).await;
    page.browser.click("nav a[href='#orgs']").await;
    page.browser.says("#org-list", "2abc9").await;
    let focused = "window.before = document.querySelector('[aria-label=Sessions]');
        before.focus();
        document.dispatchEvent(new Event('visibilitychange'));";
    page.browser.script(focused).await;
    page.browser
        .until("!before.isConnected && document.activeElement.ariaLabel === 'Sessions'")
        .await;
}

/// Waits until the org's calls have been sampled twice.
async fn sampled_twice(service: &Service) {
    loop {
        let orgs = service.admin("/orgs").await.json();
        if orgs["orgs"][0]["history"][1].is_object() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn without_an_org_the_view_says_why() {
    let page = Page::open("orgs").await;
    page.browser.says("#orgs", "No org").await;
}

#[tokio::test]
async fn faults_are_shown_newest_first_with_what_to_do() {
    let page = Page::open("events").await;
    let nameless = identify("m-1", &json!({"plan": "pro"}));
    let tags = identify(
        "m-2",
        &json!({"email": "ada@lovelace.example", "tags": ["poet"]}),
    );
    page.service.router([job(1, &nameless)]).await;
    page.service.router([job(2, &tags)]).await;
    page.browser.click("nav a[href='#orgs']").await;
    page.browser
        .says("#fault-rows", "Send an e-mail in traits.email")
        .await;
    let rows = page.browser.texts("#fault-rows tr").await;
    assert!(
        rows[0].contains("tags") && rows[1].contains("no_email"),
        "{rows:?}"
    );
}

#[tokio::test]
async fn a_refused_login_is_shown_with_what_to_do() {
    let page = Page::open("orgs").await;
    let mut refused = job(
        1,
        &identify("m-1", &json!({"email": "ada@lovelace.example"})),
    );
    refused["destination"] = destination("2refused");
    refused["destination"]["Config"]["password"] = json!("outdated");
    page.service.router([refused]).await;
    page.browser.says("#orgs", "2refused").await;
}
