//! In front of a stock transformer: what is not for Salesforce goes there and comes back untouched.

mod trouble;

use std::{
    io::Write,
    sync::{Arc, Mutex},
};

use axum::{
    Router,
    body::Bytes,
    extract::{Request, State},
    http::{HeaderMap, Method, StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use flate2::{Compression, write::GzEncoder};
use salesforce_simulator::Simulator;
use serde_json::{Value, json};
use tokio::{net::TcpListener, sync::oneshot, task::JoinHandle};

use crate::{
    fixtures::{lead_job, org},
    service::{Service, send, serve},
};

/// What the upstream has been sent.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    pub(super) method: Method,
    pub(super) path: String,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

/// A stock transformer: it answers its features, and everything else with what it was sent.
#[derive(Clone, Default)]
pub(super) struct Stock {
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Stock {
    fn router(&self) -> Router {
        let features = json!({
            "routerTransform": {"KLAVIYO": true}, "regulations": ["BRAZE"], "supportSourceTransformV1": true,
            "upgradedToSourceTransformV2": true, "supportTransformerProxyV1": true, "of": "the upstream",
        });
        Router::new()
            .route("/features", get(|| async move { axum::Json(features) }))
            .route(
                "/gzipped",
                get(|| async { ([(header::CONTENT_ENCODING, "gzip")], gzip("[1]")) }),
            )
            .fallback(echo)
            .with_state(self.clone())
    }

    /// Serves it at an address, until it is told to stop: then its connections break.
    pub(super) async fn serve_at(&self, address: &str) -> (String, Running) {
        let listener = TcpListener::bind(address).await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (stop, stopped) = oneshot::channel::<()>();
        let app = self.router();
        let serving = tokio::task::spawn_blocking(move || {
            // A runtime of its own: shutting it down breaks every connection, as the death of a process does.
            let listener = listener.into_std().unwrap();
            let runtime = tokio::runtime::Runtime::new().unwrap();
            runtime.spawn(async move {
                let listener = TcpListener::from_std(listener).unwrap();
                axum::serve(listener, app).await
            });
            let _ = runtime.block_on(stopped);
            runtime.shutdown_background();
        });
        (url, Running(stop, serving))
    }

    pub(super) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }
}

/// A running upstream.
pub(super) struct Running(oneshot::Sender<()>, JoinHandle<()>);

impl Running {
    pub(super) async fn kill(self) {
        let _ = self.0.send(());
        self.1.await.unwrap();
    }
}

/// Answers the status that the header `X-Answer` asks for, with the body that came.
async fn echo(State(stock): State<Stock>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
    let (method, headers) = (parts.method, parts.headers);
    let path = parts.uri.to_string();
    let status = headers
        .get("x-answer")
        .map_or("200", |status| status.to_str().unwrap());
    let status: StatusCode = status.parse().unwrap();
    stock.seen.lock().unwrap().push(Seen {
        method,
        path,
        headers,
        body: body.clone(),
    });
    let told = [
        ("apiVersion", "2"),
        ("X-Rudder-Error-Reason", "theirs"),
        ("X-Instance-ID", "i-1"),
        ("X-Response-Time", "7"),
    ];
    if status == StatusCode::NO_CONTENT {
        return (status, told).into_response();
    }
    (
        status,
        told,
        [(header::CONTENT_TYPE, "application/json; charset=utf-8")],
        body,
    )
        .into_response()
}

/// A service in front of a stock transformer, once that has been heard.
pub(super) async fn in_front(org: &Simulator, upstream: &str, flags: &[&str]) -> Service {
    let url = serve(org.router()).await;
    let flags = [
        &["--upstream-url", upstream, "--upstream-refresh", "50ms"],
        flags,
    ]
    .concat();
    let service = Service::start(&url, &flags).await;
    while service.get("/ready").await.status != 200 {
        tokio::task::yield_now().await;
    }
    service
}

fn gzip(text: &str) -> Vec<u8> {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(text.as_bytes()).unwrap();
    gzip.finish().unwrap()
}

fn router_body(dest_type: &str) -> String {
    json!({"input": [lead_job(1, "ada@example.com")], "destType": dest_type}).to_string()
}

#[tokio::test]
async fn every_status_body_and_header_comes_back_untouched() {
    let stock = Stock::default();
    let (url, _running) = stock.serve_at("127.0.0.1:0").await;
    let service = in_front(&org().build(), &url, &[]).await;
    for status in [200, 201, 204, 400, 404, 418, 429, 500, 503] {
        let request = service
            .request("/v0/destinations/klaviyo?x=1")
            .header("X-Answer", status)
            .header("Oauth-Secret", "{}");
        let answer = send(request.body(r#"[{"é":1.50}]"#)).await;
        assert_eq!(answer.status, status);
        let expected = if status == 204 {
            ""
        } else {
            r#"[{"é":1.50}]"#
        };
        assert_eq!(answer.text, expected, "{status}");
        for (name, value) in [
            ("apiVersion", "2"),
            ("X-Rudder-Error-Reason", "theirs"),
            ("X-Instance-ID", "i-1"),
            ("X-Response-Time", "7"),
        ] {
            assert_eq!(answer.header(name), value, "{status}");
        }
    }
    let seen = &stock.seen()[0];
    assert_eq!(
        (seen.method.as_str(), seen.path.as_str()),
        ("POST", "/v0/destinations/klaviyo?x=1")
    );
    assert_eq!(
        (
            &seen.headers["oauth-secret"],
            &seen.headers["content-length"]
        ),
        (&"{}".parse().unwrap(), &"13".parse().unwrap())
    );
}

#[tokio::test]
async fn destinations_are_told_apart_by_their_exact_names() {
    let stock = Stock::default();
    let (url, _running) = stock.serve_at("127.0.0.1:0").await;
    let org = org().build();
    let service = in_front(&org, &url, &[]).await;
    for (path, body) in [
        ("/v0/destinations/salesforce_bulk_upload", "[]".to_owned()),
        ("/v1/destinations/klaviyo/proxy", "{}".to_owned()),
        ("/v0/sources/shopify", "{}".to_owned()),
        ("/customTransform", "[]".to_owned()),
        ("/routerTransform", router_body("klaviyo")),
        (
            "/routerTransform",
            router_body("salesforce_marketing_cloud"),
        ),
        ("/batch", router_body("klaviyo")),
        ("/routerTransform", "no JSON".to_owned()),
    ] {
        let before = stock.seen().len();
        assert_eq!(service.post(path, &body).await.text, body, "{path}");
        let seen = stock.seen();
        assert_eq!(
            (seen.len(), &seen[before].body[..]),
            (before + 1, body.as_bytes()),
            "{path}"
        );
    }
    let before = stock.seen().len();
    for name in ["salesforce", "SALESFORCE_OAUTH", "salesforce_oauth_sandbox"] {
        let answer = service
            .post("/routerTransform", router_body(name))
            .await
            .accepted();
        assert_eq!(answer["output"].as_array().unwrap().len(), 1);
        service.processor([lead_job(1, "ada@example.com")]).await;
    }
    assert_eq!(stock.seen().len(), before);
}

#[tokio::test]
async fn no_route_of_this_service_goes_upstream_but_the_one_that_is_for_all_destinations() {
    let stock = Stock::default();
    let (url, _running) = stock.serve_at("127.0.0.1:0").await;
    let service = in_front(&org().build(), &url, &[]).await;
    for (method, path, _) in salesforce_transformer::internals::http::routes() {
        let path = path.replace("{destination}", "salesforce");
        match method {
            "GET" => service.get(&path).await,
            _ => service.post(&path, router_body("salesforce")).await,
        };
    }
    let seen: Vec<_> = stock.seen().into_iter().map(|seen| seen.path).collect();
    assert_eq!(seen, ["/deleteUsers"]);
}

#[tokio::test]
async fn a_compressed_body_is_looked_into_and_passed_on_as_it_came() {
    let stock = Stock::default();
    let (url, _running) = stock.serve_at("127.0.0.1:0").await;
    let service = in_front(&org().build(), &url, &[]).await;
    let theirs = gzip(&router_body("klaviyo"));
    let request = || {
        service
            .request("/routerTransform")
            .header("Content-Encoding", "gzip")
    };
    request().body(theirs.clone()).send().await.unwrap();
    assert_eq!(stock.seen()[0].body, theirs);
    assert_eq!(stock.seen()[0].headers["content-encoding"], "gzip");
    let ours = send(request().body(gzip(&router_body("salesforce"))))
        .await
        .accepted();
    assert_eq!(ours["output"][0]["statusCode"], 200);
}

#[tokio::test]
async fn a_compressed_answer_comes_back_byte_for_byte() {
    let (url, _running) = Stock::default().serve_at("127.0.0.1:0").await;
    let service = in_front(&org().build(), &url, &[]).await;
    let plain = reqwest::Client::builder()
        .no_proxy()
        .no_gzip()
        .build()
        .unwrap();
    let answer = plain
        .get(format!("{}/gzipped", service.url))
        .send()
        .await
        .unwrap();
    assert_eq!(answer.headers()["content-encoding"], "gzip");
    assert_eq!(answer.bytes().await.unwrap(), gzip("[1]"));
}

#[tokio::test]
async fn a_body_without_a_length_is_streamed_both_ways() {
    let stock = Stock::default();
    let (url, _running) = stock.serve_at("127.0.0.1:0").await;
    let service = in_front(&org().build(), &url, &[]).await;
    let parts = (0..1_000).map(|n| Ok::<_, std::io::Error>(format!("{n:07},")));
    let stream = reqwest::Body::wrap_stream(futures_util::stream::iter(parts));
    let answer = send(service.request("/v0/sources/webhook").body(stream)).await;
    assert_eq!((answer.status, answer.text.len()), (200, 8_000));
    assert!(answer.text.ends_with("0000999,"));
}

#[tokio::test]
async fn a_connection_that_is_closed_after_each_request_is_served_as_well() {
    let stock = Stock::default();
    let (url, _running) = stock.serve_at("127.0.0.1:0").await;
    let service = in_front(&org().build(), &url, &[]).await;
    for _ in 0..3 {
        let request = service
            .request("/v0/destinations/klaviyo")
            .header("Connection", "close");
        let answer = send(request.body("[]")).await;
        assert_eq!((answer.status, answer.text.as_str()), (200, "[]"));
        assert!(
            !stock
                .seen()
                .last()
                .unwrap()
                .headers
                .contains_key("connection")
        );
    }
}

#[tokio::test]
async fn features_are_the_upstreams_with_ours_laid_over() {
    let (url, _running) = Stock::default().serve_at("127.0.0.1:0").await;
    let service = in_front(&org().build(), &url, &[]).await;
    let features: Value = service.get("/features").await.json();
    let expected = json!({
        "routerTransform": {"KLAVIYO": true, "SALESFORCE": true, "SALESFORCE_OAUTH": true, "SALESFORCE_OAUTH_SANDBOX": true},
        "regulations": ["BRAZE"], "supportSourceTransformV1": true, "upgradedToSourceTransformV2": true,
        "supportTransformerProxyV1": true, "of": "the upstream",
        // A compacted body would reach an upstream that does not know it.
        "supportDestTransformCompactedPayloadV1": false,
    });
    assert_eq!(features, expected);
}
