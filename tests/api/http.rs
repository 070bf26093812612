//! What holds for the routes as such: the version header, slashes, compression.

use serde_json::{Value, json};

use crate::{
    fixtures::{lead_job, org},
    service::{Service, send},
};

#[tokio::test]
async fn every_answer_of_a_transform_route_names_the_api_version() {
    let service = Service::of(&org().build()).await;
    for (path, body, status) in [
        ("/transform", "[]", 200),
        ("/transform", "{", 400),
        ("/v0/destinations/salesforce", "[]", 200),
        ("/v0/destinations/salesforce_oauth", "[]", 200),
        ("/v0/destinations/salesforce_oauth_sandbox", "[]", 200),
        ("/v0/destinations/salesforce", "{", 400),
        ("/v0/destinations/marketo", "[]", 503),
        (
            "/routerTransform",
            r#"{"input":[],"destType":"salesforce"}"#,
            200,
        ),
        (
            "/routerTransform",
            r#"{"input":[],"destType":"salesforce_oauth"}"#,
            200,
        ),
        (
            "/routerTransform",
            r#"{"input":[],"destType":"salesforce_oauth_sandbox"}"#,
            200,
        ),
        ("/routerTransform", "{", 400),
    ] {
        let answer = service.post(path, body).await;
        assert_eq!(
            (answer.status, answer.header("apiVersion")),
            (status, "2"),
            "{path} {body}"
        );
    }
}

#[tokio::test]
async fn superfluous_slashes_in_a_path_do_not_matter() {
    let service = Service::of(&org().build()).await;
    for path in [
        "//v0/destinations/salesforce",
        "/v0//destinations/salesforce/",
        "/v0/destinations/SALESFORCE",
    ] {
        assert_eq!(
            service.post(path, "[]").await.accepted(),
            json!([]),
            "{path}"
        );
    }
    for path in ["//routerTransform", "/routerTransform/"] {
        let body = json!({"input": [], "destType": "salesforce"});
        assert_eq!(
            service.post(path, body).await.accepted(),
            json!({"output": []}),
            "{path}"
        );
    }
    assert_eq!(service.get("//features").await.status, 200);
}

#[tokio::test]
async fn an_answer_is_compressed_for_callers_that_accept_it() {
    let service = Service::of(&org().build()).await;
    let jobs: Value = (0..20).map(|id| lead_job(id, "ada@example.com")).collect();
    let raw = reqwest::Client::builder()
        .no_proxy()
        .no_gzip()
        .build()
        .unwrap();
    let request = || {
        let request = raw.post(format!("{}/v0/destinations/salesforce", service.url));
        request.body(jobs.to_string())
    };
    let plain = send(request()).await;
    assert_eq!(plain.header("content-encoding"), "");
    let compressed = request()
        .header("Accept-Encoding", "gzip")
        .send()
        .await
        .unwrap();
    assert_eq!(compressed.headers()["content-encoding"], "gzip");
    assert_eq!(compressed.headers()["apiVersion"], "2");
    assert!(compressed.bytes().await.unwrap().len() < plain.text.len() / 4);

    // The usual client decompresses, as rudder-server's does.
    let decompressed = service.post("/v0/destinations/salesforce", &jobs).await;
    assert_eq!(decompressed.text, plain.text);
}
