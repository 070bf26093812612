//! `GET /`: the page for browsers, and the list of routes for everybody else. What it does is held in a browser (`tests/browser`).

use std::io::Read as _;

use aws_lc_rs::digest::{SHA256, digest};
use base64::{Engine, prelude::BASE64_STANDARD};
use flate2::read::GzDecoder;
use reqwest::RequestBuilder;
use salesforce_transformer::internals::http::admin_routes;

use super::{
    protected::{TOKEN, with_token},
    watched,
};
use crate::{
    fixtures::org,
    service::{Answer, Service, assert_says, send},
};

/// What browsers say that they accept.
const BROWSER: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";

/// A GET of the page, as a browser sends it.
fn ask(service: &Service) -> RequestBuilder {
    let request = service.http.get(format!("{}/", service.admin));
    request.header("Accept", BROWSER)
}

async fn page() -> Answer {
    let service = watched(&org().build(), &[]).await;
    send(ask(&service)).await
}

/// What stands in the only element with this tag.
fn content<'p>(page: &'p str, tag: &str) -> &'p str {
    let (_, rest) = page.split_once(&format!("<{tag}")).unwrap();
    let (_, rest) = rest.split_once('>').unwrap();
    rest.split_once(&format!("</{tag}>")).unwrap().0
}

#[tokio::test]
async fn a_browser_gets_the_page() {
    let page = page().await;
    assert_eq!(page.status, 200);
    assert_eq!(page.header("Content-Type"), "text/html; charset=utf-8");
    assert!(page.text.len() < 100_000, "{} bytes", page.text.len());
    for view in ["#explain", "#events", "#orgs"] {
        assert_says(&page.text, &format!("<a href=\"{view}\""));
    }
}

#[tokio::test]
async fn whoever_names_no_html_gets_the_routes() {
    let service = watched(&org().build(), &[]).await;
    for accept in ["*/*", "text/plain", "application/json", ""] {
        let request = service.http.get(format!("{}/", service.admin));
        let answer = send(request.header("Accept", accept)).await;
        assert!(answer.header("Content-Type").starts_with("text/plain"));
        for (method, path, about) in admin_routes() {
            assert_says(&answer.text, &format!("{method}  {path}"));
            assert_says(&answer.text, about);
        }
    }
}

/// A browser runs and draws what has one of these hashes, and nothing else.
#[tokio::test]
async fn the_policy_names_the_hashes_of_the_pages_own_script_and_style() {
    let page = page().await;
    let policy = page.header("Content-Security-Policy");
    for (directive, tag) in [("script-src", "script"), ("style-src", "style")] {
        let content = content(&page.text, tag);
        let hash = BASE64_STANDARD.encode(digest(&SHA256, content.as_bytes()));
        assert_says(policy, &format!("{directive} 'sha256-{hash}';"));
    }
    for directive in [
        "default-src 'none'",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
    ] {
        assert_says(policy, directive);
    }
    for loose in ["unsafe", "*", "http:", "https:"] {
        assert!(!policy.contains(loose), "{policy}");
    }
}

/// The policy covers elements: an attribute that runs or draws something would be dropped by the browser.
#[tokio::test]
async fn the_document_has_no_style_or_listener_in_an_attribute() {
    let page = page().await;
    let (head, rest) = page.text.split_once("<style>").unwrap();
    let (_, rest) = rest.split_once("</style>").unwrap();
    let (body, _) = rest.split_once("<script").unwrap();
    for document in [head, body] {
        for attribute in [" style=", " onclick=", " onload=", "javascript:"] {
            assert!(!document.contains(attribute), "{attribute}");
        }
    }
}

#[tokio::test]
async fn the_other_answers_keep_the_policy_that_allows_nothing() {
    let service = watched(&org().build(), &[]).await;
    for path in ["/", "/events", "/orgs", "/rules", "/nothing"] {
        let answer = service.admin(path).await;
        let policy = answer.header("Content-Security-Policy");
        assert!(!policy.contains("script-src"), "{path}: {policy}");
    }
}

#[tokio::test]
async fn the_page_is_compressed_for_whoever_takes_gzip() {
    let service = watched(&org().build(), &[]).await;
    let plain = send(ask(&service)).await.text;
    let http = reqwest::Client::builder().no_proxy().no_gzip();
    let request = http.build().unwrap().get(format!("{}/", service.admin));
    let request = request.header("Accept", BROWSER);
    let answer = request.header("Accept-Encoding", "gzip").send();
    let answer = answer.await.unwrap();
    assert_eq!(answer.headers()["Content-Encoding"], "gzip");
    let bytes = answer.bytes().await.unwrap();
    assert!(bytes.len() < plain.len() / 2, "{} bytes", bytes.len());
    let mut text = String::new();
    GzDecoder::new(&*bytes).read_to_string(&mut text).unwrap();
    assert_eq!(text, plain);
}

#[tokio::test]
async fn caches_keep_the_page_and_the_routes_apart() {
    let service = watched(&org().build(), &[]).await;
    for answer in [send(ask(&service)).await, service.admin("/").await] {
        let vary = answer.headers.get_all("Vary").iter();
        let vary: Vec<_> = vary.map(|value| value.to_str().unwrap()).collect();
        assert!(vary.contains(&"accept"), "{vary:?}");
        assert_eq!(answer.header("Cache-Control"), "no-store");
    }
}

#[tokio::test]
async fn head_answers_without_the_page() {
    let service = watched(&org().build(), &[]).await;
    let head = service.http.head(format!("{}/", service.admin));
    let head = send(head.header("Accept", BROWSER)).await;
    assert_eq!((head.status, head.text.as_str()), (200, ""));
    let page = send(ask(&service)).await;
    for name in ["Content-Type", "Content-Length", "Content-Security-Policy"] {
        assert_eq!(head.header(name), page.header(name), "{name}");
    }
}

/// A browser asks for the password then, and sends it with whatever the page asks for.
#[tokio::test]
async fn the_token_is_asked_for_before_the_page_is_shown() {
    let service = with_token().await;
    let refused = send(ask(&service)).await;
    assert_eq!(refused.status, 401);
    assert!(refused.header("WWW-Authenticate").starts_with("Basic "));
    assert!(!refused.text.contains("<html"), "{}", refused.text);
    let admitted = send(ask(&service).basic_auth("anybody", Some(TOKEN))).await;
    assert_eq!(admitted.status, 200);
    assert!(!admitted.text.contains(TOKEN));
}

#[tokio::test]
async fn the_page_is_not_served_to_another_site_or_by_another_name() {
    let service = watched(&org().build(), &[]).await;
    let foreign = ask(&service).header("Sec-Fetch-Site", "cross-site");
    assert_eq!(send(foreign).await.status, 403);
    let rebound = ask(&service).header("Host", "rebound.example");
    assert_eq!(send(rebound).await.status, 421);
}
