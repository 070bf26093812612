//! The page where a token is asked for, and by a name from the operator's DNS.

use std::fs;

use salesforce_simulator::sample;
use serde_json::json;

use crate::{
    browser::{Browser, NAME},
    page::{Page, identify, job, watched},
};

const TOKEN: &str = "a-token-of-the-admin-address";

/// A service that asks for the token, and a browser that shows nothing yet.
async fn with_token() -> Page {
    let file = format!("{}/browser-token", env!("CARGO_TARGET_TMPDIR"));
    fs::write(&file, TOKEN).unwrap();
    let service = watched(&sample::org().build(), &["--admin-token-file", &file]).await;
    let browser = Browser::start().await;
    Page { browser, service }
}

/// Holds that each view works.
async fn works(page: &Page) {
    let lead = identify("m-1", &json!({"email": "ada@lovelace.example"}));
    page.browser.click("nav a[href='#events']").await;
    page.service.router([job(1, &lead)]).await;
    page.browser.says("#event-rows", "m-1").await;
    page.browser.click("nav a[href='#orgs']").await;
    page.browser.says("#org-list", "15,000").await;
    page.browser.click("nav a[href='#explain']").await;
    page.explain(&lead).await;
    page.browser.says("#explanation", "Sent 200").await;
}

#[tokio::test]
async fn a_token_that_was_given_once_counts_for_all_that_the_page_asks() {
    let page = with_token().await;
    // A URL with a password takes the place of the dialog in which a person types it.
    let admin = page
        .service
        .admin
        .replace("http://", &format!("http://anybody:{TOKEN}@"));
    page.browser.goto(&format!("{admin}/faults")).await;
    let with_the_token = page.browser.requests().await;
    assert_eq!(with_the_token, [format!("{admin}/faults")]);
    page.browser.goto(&page.service.admin).await;
    works(&page).await;
    page.is_clean().await;
}

#[tokio::test]
async fn a_url_with_the_token_in_it_works_too() {
    let page = with_token().await;
    let admin = page
        .service
        .admin
        .replace("http://", &format!("http://anybody:{TOKEN}@"));
    page.browser.goto(&admin).await;
    works(&page).await;
}

/// Over plain HTTP only an address of the machine itself has a clipboard.
#[tokio::test]
async fn by_a_name_without_https_the_page_works_and_selects_what_is_to_be_copied() {
    let flags = ["--admin-hosts", NAME];
    let service = watched(&sample::org().build(), &flags).await;
    let browser = Browser::start().await;
    let page = Page { browser, service };
    let named = page.service.admin.replace("127.0.0.1", NAME);
    page.browser.goto(&named).await;
    assert_eq!(page.browser.script("return isSecureContext").await, false);
    works(&page).await;
    page.browser.click("#copy-curl").await;
    page.browser
        .says("#explain", "Selected: press Ctrl+C")
        .await;
    let selected = page
        .browser
        .script("return getSelection().toString()")
        .await;
    assert!(
        selected.as_str().unwrap().starts_with("curl "),
        "{selected}"
    );
}
