//! What the org answers over HTTP.

use std::{
    io::{Read, Write},
    net::TcpStream,
    time::Duration,
};

use axum::{body::to_bytes, http::Request};
use futures_util::FutureExt;
use serde_json::{Value, json};
use tower::ServiceExt;

use super::*;
use crate::{Call, Fault};

const QUERY: &str = "/services/data/v50.0/query?q=SELECT+Id+FROM+Lead";
const LEADS: &str = "/services/data/v50.0/sobjects/Lead";

fn org() -> Simulator {
    Simulator::builder()
        .user("user@example.com", "password", "token")
        .daily_limit(3)
        .build()
}

fn request(org: &Simulator, method: &str, uri: &str, body: &'static str) -> Request<Body> {
    let token = org.session();
    let request = Request::builder().method(method).uri(uri);
    request
        .header("Host", "org:80")
        .header("Authorization", format!("Bearer {token}"))
        .body(body.into())
        .unwrap()
}

/// A request with the token of this user and these headers.
fn request_of(user: &str, org: &Simulator, uri: &str, headers: &[(&str, &str)]) -> Request<Body> {
    let token = org.session_of(user).unwrap();
    let request = Request::builder().method("POST").uri(uri);
    let request = request.header("Authorization", format!("Bearer {token}"));
    let request = headers.iter().fold(request, |request, (name, value)| {
        request.header(*name, *value)
    });
    request.body(Body::empty()).unwrap()
}

/// A Composite of these parts, with the headers of the request that holds them.
async fn composite(org: &Simulator, headers: &[(&str, &str)], parts: Value) -> (u16, Value) {
    let mut request = request_of(
        "user@example.com",
        org,
        "/services/data/v60.0/composite",
        headers,
    );
    *request.body_mut() = json!({"compositeRequest": parts}).to_string().into();
    let (status, _, body) = send(org, request).await;
    (status, serde_json::from_str(&body).unwrap())
}

async fn send(org: &Simulator, request: Request<Body>) -> (u16, HeaderMap, String) {
    let (parts, body) = org.router().oneshot(request).await.unwrap().into_parts();
    let body = to_bytes(body, usize::MAX).await.unwrap();
    (
        parts.status.as_u16(),
        parts.headers,
        String::from_utf8(body.into()).unwrap(),
    )
}

#[tokio::test]
async fn an_answer_is_json_and_reports_the_usage() {
    let org = org();
    let (status, headers, body) = send(&org, request(&org, "GET", QUERY, "")).await;
    assert_eq!(
        (status, &headers["content-type"]),
        (200, &JSON.parse().unwrap())
    );
    assert_eq!(headers["Sforce-Limit-Info"], "api-usage=1/3");
    assert_eq!(body, r#"{"done":true,"records":[],"totalSize":0}"#);
}

#[tokio::test]
async fn a_record_is_created_updated_read_and_deleted() {
    let org = Simulator::builder().build();
    let lead = r#"{"LastName": "Doe", "Company": "Acme"}"#;
    let (status, _, body) = send(&org, request(&org, "POST", LEADS, lead)).await;
    assert_eq!(
        (status, body.as_str()),
        (
            201,
            r#"{"errors":[],"id":"00Q5g0000000001EAA","success":true}"#
        )
    );

    let url = format!("{LEADS}/00Q5g0000000001EAA");
    let patch = format!("{url}?_HttpMethod=PATCH");
    let (status, _, body) = send(&org, request(&org, "POST", &patch, r#"{"City": "Rome"}"#)).await;
    assert_eq!((status, body.as_str()), (204, ""));
    let (status, _, body) = send(&org, request(&org, "GET", &url, "")).await;
    assert_eq!(
        (
            status,
            serde_json::from_str::<Value>(&body).unwrap()["City"].as_str()
        ),
        (200, Some("Rome"))
    );
    assert_eq!(send(&org, request(&org, "DELETE", &url, "")).await.0, 204);
    assert_eq!(send(&org, request(&org, "PATCH", &url, "{}")).await.0, 404);

    let calls = org.calls();
    assert_eq!(
        (
            calls.create,
            calls.update,
            calls.read,
            calls.delete,
            calls.total_api()
        ),
        (1, 2, 1, 1, 5)
    );
}

#[tokio::test]
async fn credentials_count_in_the_body_and_not_in_the_url() {
    let org = org();
    let login = "grant_type=password&username=user%40example.com&password=passwordtoken";
    let (status, _, body) =
        send(&org, request(&org, "POST", "/services/oauth2/token", login)).await;
    assert_eq!(
        (
            status,
            serde_json::from_str::<Value>(&body).unwrap()["instance_url"].clone()
        ),
        (200, json!("http://org:80"))
    );
    let url = format!("/services/oauth2/token?{login}");
    assert_eq!(send(&org, request(&org, "POST", &url, "")).await.0, 400);
    assert_eq!((org.calls().token, org.calls().total_api()), (2, 0));
}

#[tokio::test]
async fn a_uri_that_is_too_long_is_no_call() {
    let org = org();
    let at_limit = format!("{QUERY}{}", "+".repeat(URI_LIMIT - QUERY.len()));
    assert_eq!(send(&org, request(&org, "GET", &at_limit, "")).await.0, 200);
    let (status, _, body) = send(&org, request(&org, "GET", &format!("{at_limit}+"), "")).await;
    assert!(
        status == 414 && body.starts_with("<html>"),
        "{status} {body}"
    );
    assert_eq!((org.calls().refused, org.calls().query), (1, 1));
}

#[tokio::test]
async fn faults_strike_on_demand_and_then_stop() {
    let org = org();
    org.fail_next(Call::Query, Fault::ServerUnavailable, 1);
    org.fail_next(Call::Query, Fault::Html, 1);
    let (status, _, body) = send(&org, request(&org, "GET", QUERY, "")).await;
    assert!(
        status == 503 && body.contains("SERVER_UNAVAILABLE"),
        "{status} {body}"
    );
    let (status, _, body) = send(&org, request(&org, "GET", QUERY, "")).await;
    assert!(
        status == 200 && body.starts_with("<html>"),
        "{status} {body}"
    );
    assert_eq!(send(&org, request(&org, "GET", QUERY, "")).await.0, 200);
}

#[tokio::test]
async fn a_call_that_hangs_never_answers() {
    let org = org();
    org.fail_next(Call::Query, Fault::Hang, 1);
    assert!(
        send(&org, request(&org, "GET", QUERY, ""))
            .now_or_never()
            .is_none()
    );
    assert_eq!(org.calls().query, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dropped_connection_answers_nothing_to_a_call_that_was_carried_out() {
    let org = org();
    org.fail_next(Call::Create, Fault::Dropped, 1);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(axum::serve(listener, org.router()).into_future());

    let body = r#"{"LastName": "Doe", "Company": "Acme"}"#;
    let (token, length) = (org.session(), body.len());
    let request = format!(
        "POST {LEADS} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nContent-Length: {length}\r\n\r\n{body}"
    );
    let answer = tokio::task::spawn_blocking(move || {
        let mut connection = TcpStream::connect(address).unwrap();
        connection.write_all(request.as_bytes()).unwrap();
        let mut answer = Vec::new();
        connection.read_to_end(&mut answer).map(|_| answer)
    });
    assert_eq!(answer.await.unwrap().unwrap_or_default(), b"");
    assert_eq!(org.records("Lead").len(), 1);
}

#[tokio::test]
async fn a_record_belongs_to_whoever_writes_it_and_names_who_changed_it_last() {
    let org = Simulator::builder()
        .user("first@example.com", "password", "token")
        .user("second@example.com", "password", "token")
        .build();
    let mut create = request_of("second@example.com", &org, LEADS, &[]);
    *create.body_mut() = r#"{"LastName": "Doe", "Company": "Acme"}"#.into();
    assert_eq!(send(&org, create).await.0, 201);
    let url = format!("{LEADS}/00Q5g0000000001EAA?_HttpMethod=PATCH");
    let mut update = request_of("first@example.com", &org, &url, &[]);
    *update.body_mut() = r#"{"City": "Rome"}"#.into();
    assert_eq!(send(&org, update).await.0, 204);
    let lead = org.records("Lead").remove(0);
    let [first, second] =
        ["first", "second"].map(|user| org.user_id(&format!("{user}@example.com")).unwrap());
    assert_eq!(
        (&lead["OwnerId"], &lead["CreatedById"]),
        (&json!(second), &json!(second))
    );
    assert_eq!(lead["LastModifiedById"], json!(first));
}

#[tokio::test]
async fn a_created_record_is_named_by_the_location() {
    let org = org();
    let lead = r#"{"LastName": "Doe", "Company": "Acme"}"#;
    let (_, headers, _) = send(&org, request(&org, "POST", LEADS, lead)).await;
    let url = format!("{LEADS}/00Q5g0000000001EAA");
    assert_eq!(headers["Location"], url.as_str());
    let part = json!({"method": "POST", "url": LEADS, "referenceId": "a", "body": {"LastName": "Roe", "Company": "Acme"}});
    let (_, answer) = composite(&org, &[], json!([part])).await;
    let url = format!("{LEADS}/00Q5g0000000002EAA");
    assert_eq!(
        answer["compositeResponse"][0]["httpHeaders"],
        json!({"Location": url})
    );
}

#[tokio::test]
async fn the_log_says_who_called_with_which_app_and_how_it_ended() {
    let org = org();
    let headers = [
        ("Sforce-Call-Options", "client=app/1.0"),
        ("Sforce-Auto-Assign", "FALSE"),
        ("Sforce-Duplicate-Rule-Header", "allowSave=true"),
    ];
    let own = json!({"Sforce-Auto-Assign": "01Q5g0000000001EAA"});
    let parts = json!([
        {"method": "POST", "url": LEADS, "referenceId": "a", "httpHeaders": own, "body": {}},
        {"method": "GET", "url": QUERY, "referenceId": "b"},
    ]);
    assert_eq!(composite(&org, &headers, parts).await.0, 200);
    org.expire_sessions();
    let mut refused = request(&org, "GET", QUERY, "");
    refused.headers_mut().remove("Authorization");
    assert_eq!(send(&org, refused).await.0, 401);

    let [composite, refused] = org.log().try_into().unwrap();
    let said = |call: &crate::LoggedCall| (call.path.clone(), call.user.clone(), call.status);
    let user = org.user_id("user@example.com");
    assert_eq!(
        said(&composite),
        (
            "/services/data/v60.0/composite".into(),
            user.clone(),
            Some(200)
        )
    );
    assert_eq!(composite.call_options.as_deref(), Some("client=app/1.0"));
    assert_eq!(composite.auto_assign.as_deref(), Some("FALSE"));
    assert_eq!(composite.duplicate_rule.as_deref(), Some("allowSave=true"));
    let [create, query] = composite.parts.try_into().unwrap();
    assert_eq!(said(&create), (LEADS.into(), user.clone(), Some(400)));
    assert_eq!(
        (create.call_options, create.auto_assign.as_deref()),
        (None, Some("01Q5g0000000001EAA"))
    );
    assert_eq!(
        said(&query),
        ("/services/data/v50.0/query".into(), user, Some(200))
    );
    assert_eq!(
        said(&refused),
        ("/services/data/v50.0/query".into(), None, Some(401))
    );
}

#[tokio::test]
async fn a_part_names_no_header_that_it_has_from_the_request() {
    let org = org();
    for name in ["Accept", "authorization", "Content-Type", "no header"] {
        let part = json!({"method": "POST", "url": LEADS, "referenceId": "a", "httpHeaders": {name: "x"}, "body": {"LastName": "Doe", "Company": "Acme"}});
        let (status, answer) = composite(&org, &[], json!([part])).await;
        assert_eq!(status, 400, "{name}: {answer}");
        org.set_daily_limit(100);
    }
    assert_eq!(org.records("Lead"), Vec::<Value>::new());
}

#[tokio::test(start_paused = true)]
async fn two_lookups_that_overlap_both_run_before_either_answer_is_there() {
    let org = org();
    org.set_latency(Duration::from_secs(2));
    let lookup = || send(&org, request(&org, "GET", QUERY, ""));
    let create = async {
        tokio::time::sleep(Duration::from_millis(1_500)).await;
        let lead = json!({"LastName": "Doe"});
        org.insert("Lead", lead).unwrap();
    };
    let start = tokio::time::Instant::now();
    let (first, second, ()) = tokio::join!(lookup(), lookup(), create);
    assert_eq!(start.elapsed(), Duration::from_secs(2));
    for answer in [first, second] {
        assert!(answer.2.contains(r#""totalSize":0"#), "{}", answer.2);
    }
}
