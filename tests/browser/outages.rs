//! The service goes away and comes back while the page is open.

use salesforce_simulator::sample;
use serde_json::json;

use crate::{
    page::{Page, identify, job, watched},
    service::Service,
};

/// Ends the service at once.
async fn stop(service: &mut Service) {
    service.signal().await;
    service.signal().await;
    (&mut service.serving).await.unwrap();
}

#[tokio::test]
async fn the_page_says_that_the_service_is_gone_and_goes_on_when_it_is_back() {
    let org = sample::org().build();
    let mut page = Page::open_with(&org, "events", &[]).await;
    let before = identify("m-before", &json!({"email": "ada@lovelace.example"}));
    page.service.router([job(1, &before)]).await;
    page.browser.says("#event-rows", "m-before").await;

    let address = page
        .service
        .admin
        .strip_prefix("http://")
        .unwrap()
        .to_owned();
    stop(&mut page.service).await;
    page.browser.says("#sampled", "interrupted").await;

    page.service = watched(&org, &["--admin-listen", &address]).await;
    // It is answered before the page has noticed: the service that has come back does not repeat it by itself.
    let after = identify("m-after", &json!({"email": "grace@hopper.example"}));
    page.service.router([job(1, &after)]).await;
    page.browser.says("#event-rows", "m-after").await;
    page.browser.says("#event-rows", "m-before").await;
    let said = page.browser.texts("#sampled").await;
    assert_eq!(said, [""]);
}

#[tokio::test]
async fn an_explanation_that_nobody_answers_is_told() {
    let mut page = Page::open("explain").await;
    page.browser
        .until("document.readyState === 'complete'")
        .await;
    stop(&mut page.service).await;
    page.explain(&identify("m-1", &json!({"email": "ada@lovelace.example"})))
        .await;
    page.browser.says("#event-error", "does not answer").await;
}
