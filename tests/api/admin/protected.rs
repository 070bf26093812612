//! Each protection of the admin address: host, origin, token, and what stops the start.

use std::{path::PathBuf, process::Output, sync::LazyLock};

use reqwest::RequestBuilder;
use serde_json::json;

use super::{ON, watched};
use crate::{
    fixtures::org,
    keys::{file, replace},
    process::{Process, Settings, for_org, run},
    service::{Answer, Service, assert_says, send, serve},
};

pub(super) const TOKEN: &str = "planted-admin-token";

/// A GET of the events, to be given headers.
fn ask(service: &Service) -> RequestBuilder {
    service.http.get(format!("{}/events", service.admin))
}

/// The file with the token, written once for all tests.
static TOKEN_FILE: LazyLock<PathBuf> = LazyLock::new(|| file("admin-token", TOKEN));

pub(super) async fn with_token() -> Service {
    let token = ["--admin-token-file", TOKEN_FILE.to_str().unwrap()];
    watched(&org().build(), &token).await
}

#[tokio::test]
async fn a_page_of_another_site_is_refused() {
    let service = watched(&org().build(), &[]).await;
    let own = service.admin.clone();
    for (header, value, status) in [
        ("Origin", own.as_str(), 200),
        ("Origin", "http://evil.example", 403),
        ("Origin", "http://127.0.0.1:1", 403),
        ("Origin", "null", 403),
        ("Origin", &own.replace("://", "://evil@"), 403),
        ("Origin", &format!("{own}/evil"), 403),
        ("Sec-Fetch-Site", "cross-site", 403),
        ("Sec-Fetch-Site", "Cross-Site", 403),
        ("Sec-Fetch-Site", "none, cross-site", 403),
        ("Sec-Fetch-Site", "same-origin", 200),
        ("Sec-Fetch-Site", "none", 200),
    ] {
        let answer = send(ask(&service).header(header, value)).await;
        assert_eq!(answer.status, status, "{header}: {value}");
    }
}

#[tokio::test]
async fn each_of_several_headers_counts() {
    let service = watched(&org().build(), &[]).await;
    let own = service.admin.clone();
    let host = own.strip_prefix("http://").unwrap();
    for (name, values, status) in [
        ("Sec-Fetch-Site", ["same-origin", "cross-site"], 403),
        ("Origin", [own.as_str(), "http://evil.example"], 403),
        ("Host", [host, "evil.example"], 400),
        ("Host", [host, host], 400),
    ] {
        let [first, second] = values;
        let answer = raw(host, &format!("{name}: {first}\r\n{name}: {second}\r\n")).await;
        let expected = format!("HTTP/1.1 {status} ");
        assert!(answer.starts_with(&expected), "{name}: {answer}");
    }
}

/// The answer to a request with these header lines; `Host` is added where it is not among them.
async fn raw(address: &str, lines: &str) -> String {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let mut connection = tokio::net::TcpStream::connect(address).await.unwrap();
    let host = if lines.starts_with("Host") {
        String::new()
    } else {
        format!("Host: {address}\r\n")
    };
    let head = format!("GET /events HTTP/1.1\r\nConnection: close\r\n{host}{lines}\r\n");
    connection.write_all(head.as_bytes()).await.unwrap();
    let mut answer = String::new();
    connection.read_to_string(&mut answer).await.unwrap();
    answer
}

/// The body, which never comes, is not waited for.
#[tokio::test]
async fn a_page_of_another_site_is_refused_before_its_body_is_read() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let service = watched(&org().build(), &[]).await;
    let address = service.admin.strip_prefix("http://").unwrap();
    let mut connection = tokio::net::TcpStream::connect(address).await.unwrap();
    let head = format!(
        "POST /explain HTTP/1.1\r\nHost: {address}\r\nOrigin: http://evil.example\r\nContent-Length: 10\r\n\r\n"
    );
    connection.write_all(head.as_bytes()).await.unwrap();
    let mut answer = [0; 12];
    connection.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"HTTP/1.1 403");
}

#[tokio::test]
async fn a_host_by_which_the_address_is_not_called_is_misdirected() {
    let hosts = ["--admin-hosts", "admin.example,other.example:8443"];
    let service = watched(&org().build(), &hosts).await;
    let port = service.admin.rsplit(':').next().unwrap().to_owned();
    for (host, status) in [
        (format!("localhost:{port}"), 200),
        (format!("127.0.0.1:{port}"), 200),
        (format!("[::1]:{port}"), 200),
        ("admin.example".to_owned(), 200),
        ("other.example:8443".to_owned(), 200),
        ("other.example".to_owned(), 421),
        ("localhost".to_owned(), 421),
        (format!("rebound.example:{port}"), 421),
    ] {
        let answer = send(ask(&service).header("Host", &host)).await;
        assert_eq!(answer.status, status, "{host}");
        assert_eq!(
            status == 421,
            answer.text.contains("ADMIN_HOSTS"),
            "{}",
            answer.text
        );
    }
}

/// A client that sends whole URLs, as to a proxy, means the host of the URL.
#[tokio::test]
async fn the_host_of_a_whole_url_counts() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let service = watched(&org().build(), &[]).await;
    let address = service.admin.strip_prefix("http://").unwrap();
    for (url, status) in [
        (service.admin.as_str(), "200"),
        ("http://evil.example", "421"),
    ] {
        let mut connection = tokio::net::TcpStream::connect(address).await.unwrap();
        let head = format!("GET {url}/events HTTP/1.1\r\nHost: {address}\r\n\r\n");
        connection.write_all(head.as_bytes()).await.unwrap();
        let mut answer = [0; 12];
        connection.read_exact(&mut answer).await.unwrap();
        assert_eq!(&answer[9..], status.as_bytes(), "{url}");
    }
}

#[tokio::test]
async fn a_token_is_asked_for_where_one_is_set() {
    let service = with_token().await;
    let refused = |answer: &Answer| {
        assert_eq!(answer.status, 401, "{}", answer.text);
        assert!(answer.header("WWW-Authenticate").starts_with("Basic "));
        assert!(!answer.text.contains(TOKEN));
    };
    refused(&send(ask(&service)).await);
    for wrong in ["", "wrong", &TOKEN[1..], &format!("{TOKEN}x")] {
        refused(&send(ask(&service).bearer_auth(wrong)).await);
        refused(&send(ask(&service).basic_auth("admin", Some(wrong))).await);
    }
    refused(&send(ask(&service).basic_auth(TOKEN, None::<&str>)).await);
    for malformed in [TOKEN, "Bearer", "Basic !", "Basic YQ==", "Digest a"] {
        refused(&send(ask(&service).header("Authorization", malformed)).await);
    }
    assert_eq!(send(ask(&service).bearer_auth(TOKEN)).await.status, 200);
    let basic = ask(&service).basic_auth("anybody", Some(TOKEN));
    assert_eq!(send(basic).await.status, 200);
}

#[tokio::test]
async fn an_unknown_path_is_protected_too() {
    let service = with_token().await;
    for path in [
        "/",
        "/nothing",
        "/orgs",
        "/faults",
        "/events/live",
        "/events/m",
    ] {
        assert_eq!(service.admin(path).await.status, 401, "{path}");
    }
}

#[tokio::test]
async fn each_answer_tells_browsers_to_keep_it_to_its_page() {
    let service = watched(&org().build(), &[]).await;
    let refused = ask(&service).header("Origin", "null");
    for answer in [
        service.admin("/").await,
        service.admin("/nothing").await,
        send(refused).await,
    ] {
        for (name, value) in [
            ("Cache-Control", "no-store"),
            ("X-Content-Type-Options", "nosniff"),
            ("X-Frame-Options", "DENY"),
            ("Referrer-Policy", "no-referrer"),
            ("Cross-Origin-Resource-Policy", "same-origin"),
        ] {
            assert_eq!(answer.header(name), value);
        }
        assert_says(
            answer.header("Content-Security-Policy"),
            "default-src 'none'",
        );
        assert_eq!(answer.header("Access-Control-Allow-Origin"), "");
    }
}

#[tokio::test]
async fn the_service_port_has_none_of_the_admin_routes_and_the_other_way_round() {
    let service = watched(&org().build(), &[]).await;
    assert_eq!(service.get("/events").await.status, 404);
    assert_eq!(service.get("/faults").await.status, 404);
    let transform = service.http.post(format!("{}/transform", service.admin));
    let transform = transform.header("Content-Type", "application/json");
    assert_eq!(send(transform.body("[]")).await.status, 404);
}

#[tokio::test]
async fn without_the_setting_nothing_listens() {
    let service = Service::start(&serve(org().build().router()).await, &[]).await;
    assert_eq!(service.admin, "");
}

/// What a service says that does not start.
async fn refused_start(settings: &Settings<'_>, code: i32) -> String {
    let Output { status, stderr, .. } = run(&["serve", "--port", "0"], settings).await;
    let said = String::from_utf8(stderr).unwrap();
    assert_eq!(status.code(), Some(code), "{said}");
    said
}

#[tokio::test]
async fn settings_that_do_not_fit_stop_the_start() {
    let empty = file("admin-token-empty", " \n");
    let empty = empty.to_str().unwrap();
    for (settings, words) in [
        (&[("ADMIN_LISTEN", "0.0.0.0:0")][..], "set ADMIN_TOKEN_FILE"),
        (&[("ADMIN_LISTEN", "[::]:0")], "set ADMIN_TOKEN_FILE"),
        (
            &[("ADMIN_LISTEN", "192.0.2.1:9091")],
            "set ADMIN_TOKEN_FILE",
        ),
        (&[("ADMIN_LISTEN", "9091")], "such as 127.0.0.1:9091"),
        (
            &[("ADMIN_LISTEN", "admin.example:9091")],
            "such as 127.0.0.1:9091",
        ),
        (
            &[
                ("ADMIN_LISTEN", "127.0.0.1:0"),
                ("ADMIN_TOKEN_FILE", "/does/not/exist"),
            ],
            "ADMIN_TOKEN_FILE: /does/not/exist cannot be read",
        ),
        (
            &[("ADMIN_LISTEN", "127.0.0.1:0"), ("ADMIN_TOKEN_FILE", empty)],
            "is empty",
        ),
        (&[("EVENTS_KEPT", "0")], "at least 1"),
        (&[("EVENTS_KEPT", "100001")], "at most 100000"),
        (&[("ADMIN_HOSTS", "http://a")], "it must be a host"),
    ] {
        assert_says(&refused_start(settings, 2).await, words);
    }
    let both = [("ADMIN_LISTEN", "127.0.0.1:9090"), ("PORT", "9090")];
    let Output { stderr, .. } = run(&[], &both).await;
    assert_says(
        &String::from_utf8(stderr).unwrap(),
        "ADMIN_LISTEN has the port of the service",
    );
}

#[tokio::test]
async fn a_port_that_is_taken_stops_the_start() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let said = refused_start(&[("ADMIN_LISTEN", &address)], 1).await;
    assert_says(&said, &format!("ADMIN_LISTEN: cannot listen on {address}"));
}

/// A process with its admin address on, and the address.
async fn process(salesforce: &str, others: &Settings<'_>) -> (Process, String) {
    let settings = [("ADMIN_LISTEN", "127.0.0.1:0"), ("SHUTDOWN_DELAY", "0s")];
    let settings = for_org(salesforce, &[&settings, others].concat());
    let process = Process::start(&settings).await;
    let log = process.log();
    let said = log
        .split("the admin address is on address=")
        .nth(1)
        .unwrap();
    let address = said.split_whitespace().next().unwrap();
    (process, format!("http://{address}"))
}

#[tokio::test]
async fn a_hangup_has_the_token_read_again() {
    let salesforce = serve(org().build().router()).await;
    let token = file("admin-token-hangup", TOKEN);
    let path = token.to_str().unwrap().to_owned();
    let settings = [("ADMIN_TOKEN_FILE", path.as_str()), ("LOG_LEVEL", "info")];
    let (mut service, admin) = process(&salesforce, &settings).await;
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let status = async |token: &str| {
        let request = http.get(format!("{admin}/events")).bearer_auth(token);
        send(request).await.status
    };
    assert_eq!(
        (status(TOKEN).await, status("planted-other").await),
        (200, 401)
    );
    replace(&token, "planted-other");
    assert_eq!(status(TOKEN).await, 200);
    let watch = http.get(format!("{admin}/events/live"));
    let mut watched = watch.bearer_auth(TOKEN).send().await.unwrap();
    service.signal("HUP");
    service.says("ADMIN_TOKEN_FILE").await;
    service.says("the file has changed").await;
    // Whoever was let in by the old token watches no longer.
    while watched.chunk().await.unwrap().is_some() {}
    assert_eq!(
        (status(TOKEN).await, status("planted-other").await),
        (401, 200)
    );
    // A file that has gone locks nobody out.
    std::fs::remove_file(&token).unwrap();
    service.signal("HUP");
    service.says("its previous content is still used").await;
    assert_eq!(status("planted-other").await, 200);
    service.terminate();
    assert_eq!(service.ended().await.code(), Some(0));
}

#[tokio::test]
async fn events_flow_while_the_admin_address_has_as_many_connections_as_it_takes() {
    let service = Service::start(&serve(org().build().router()).await, &ON).await;
    let address = service.admin.strip_prefix("http://").unwrap();
    let mut idle = Vec::new();
    for _ in 0..100 {
        idle.push(tokio::net::TcpStream::connect(address).await.unwrap());
    }
    service.transform(json!([{"type": "track"}])).await;
    assert_eq!(service.admin("/events").await.status, 200);
}
