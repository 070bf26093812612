//! Ids, names, tokens and headers that are made to break out of their place: each stays the one segment, word or value that
//! it is, or is refused. Nothing leaves for another path or host, and no header ends early.

use percent_encoding::percent_decode_str;
use serde_json::{Value, json};
use url::Url;
use wiremock::{Mock, MockServer, ResponseTemplate, matchers::any};

use crate::{
    fixtures::{destination, job, lead_job, oauth_job, org, salesforce_that_answers},
    inline::deliver,
    service::{Service, assert_says, error, send, serve, verdict},
};

/// Texts that mean something else than themselves in a path, a header or a query, as they are and as some decoder would
/// make them.
const EVIL: [&str; 24] = [
    ".",
    "..",
    "../..",
    "../../../secur/x",
    "a/b",
    "/",
    "a\\b",
    "..\\..",
    "a?b=c",
    "a#b",
    "a;b",
    "a&b=c",
    "a b",
    "a\r\nX-Evil: 1",
    "a\n",
    "a\tb",
    "a\0b",
    "%2e%2e",
    "%2e%2e%2f",
    "%252e",
    "a%0d%0aX-Evil:%201",
    "a%00",
    "．．／a",
    "a\u{202e}b\u{2028}",
];

const SETS: [[&str; 2]; 2] = [
    ["--compatibility", "documented"],
    ["--compatibility", "stock"],
];

/// An identify with this entry of `context.externalId`; one of a sync where `mapped`.
fn external(entry: Value, mapped: bool) -> Value {
    let event = json!({
        "type": "identify",
        "traits": {"email": "ada@example.com", "LastName": "Lovelace"},
        "context": {"externalId": [entry], "mappedToDestination": mapped.then_some(true)},
        "integrations": {"Salesforce": true},
    });
    job(1, event, &destination("dst-1"))
}

/// The decoded segments of a request's path below `sobjects`, of an endpoint that means to every reader what it says.
#[track_caller]
fn segments(entry: &Value, service: &str, case: &str) -> Vec<String> {
    let endpoint = entry["batchedRequest"][0]["endpoint"].as_str().unwrap();
    let url = Url::parse(endpoint).unwrap();
    assert_eq!(url.as_str(), endpoint, "{case}");
    assert_eq!(url.origin().ascii_serialization(), service, "{case}");
    assert!(
        matches!(url.query(), None | Some("_HttpMethod=PATCH")),
        "{case}"
    );
    assert_eq!(url.fragment(), None, "{case}");
    let path = url.path().strip_prefix("/services/data/v50.0/sobjects/");
    let decoded = |segment| {
        percent_decode_str(segment)
            .decode_utf8()
            .unwrap()
            .into_owned()
    };
    path.unwrap_or_else(|| panic!("{case}: {endpoint}"))
        .split('/')
        .map(decoded)
        .collect()
}

#[tokio::test]
async fn an_id_is_one_segment_of_the_path_or_refused() {
    let org = org().build();
    let url = serve(org.router()).await;
    for set in SETS {
        let service = Service::start(&url, &set).await;
        for id in EVIL {
            let named = json!({"type": "Salesforce-Contact", "id": id});
            let synced = json!({"type": "Salesforce-Contact", "id": id, "identifierType": "Id"});
            for job in [external(named, false), external(synced, true)] {
                let entry = service.router([job]).await[0].take();
                let case = format!("{set:?} {id:?}");
                if verdict(&entry).0 == 200 {
                    let path = segments(&entry, &url, &case);
                    assert_eq!(path[0].to_ascii_lowercase(), "contact", "{case}");
                    assert_eq!(path[1..], [id], "{case}");
                } else {
                    assert_eq!(verdict(&entry).1, "dataValidation", "{case}");
                }
            }
        }
    }
}

#[tokio::test]
async fn an_objects_name_is_one_segment_of_the_path_or_refused() {
    let org = org().build();
    let url = serve(org.router()).await;
    for set in SETS {
        let service = Service::start(&url, &set).await;
        for object in EVIL {
            let kind = format!("Salesforce-{object}");
            let named = json!({"type": kind, "id": "0031"});
            let synced = json!({"type": kind, "id": "0031", "identifierType": "Id"});
            for job in [external(named, false), external(synced, true)] {
                let entry = service.router([job]).await[0].take();
                let case = format!("{set:?} {object:?}");
                if verdict(&entry).0 == 200 {
                    assert_eq!(set[1], "stock", "{case}");
                    let path = segments(&entry, &url, &case);
                    assert_eq!(path.len(), 2, "{case}");
                    assert_eq!(path[1], "0031", "{case}");
                } else {
                    assert_eq!(verdict(&entry).1, "dataValidation", "{case}");
                }
            }
        }
    }
}

#[tokio::test]
async fn names_that_are_no_api_names_are_never_asked_for() {
    let org = org().build();
    let url = serve(org.router()).await;
    for set in SETS {
        let service = Service::start(&url, &set).await;
        for name in EVIL {
            let fields = json!({"type": "Salesforce-Contact", "id": "1", "identifierType": name});
            let kind = format!("Salesforce-{name}");
            let objects = json!({"type": kind, "id": "1", "identifierType": "Ext__c"});
            for entry in [fields, objects] {
                let entry = service.router([external(entry, true)]).await[0].take();
                assert_eq!(verdict(&entry).0, 400, "{set:?} {name:?}");
                let shown = error(&entry);
                assert!(!shown.contains(['\r', '\n', '\0', '\t']), "{shown:?}");
            }
        }
    }
    assert_eq!(org.calls().query, 0);
}

#[tokio::test]
async fn a_field_that_is_no_api_name_is_not_read() {
    let org = org().build();
    let url = serve(org.router()).await;
    let service = Service::start(&url, &["--skip-unchanged", "true"]).await;
    let mut job = external(
        json!({"type": "Salesforce-Contact", "id": "1", "identifierType": "AssistantName"}),
        true,
    );
    for name in EVIL {
        job["message"]["traits"][name] = json!("x");
    }
    let entry = service.router([job]).await[0].take();
    assert_eq!(
        verdict(&entry).0,
        200,
        "the simulator understands the query: {entry}"
    );
    assert_eq!(org.calls().query, 1);
}

#[tokio::test]
async fn a_token_that_no_header_can_hold_is_no_token() {
    let org = org().build();
    let url = serve(org.router()).await;
    let service = Service::start(&url, &[]).await;
    for token in ["a\r\nX-Evil: 1", "a\nb", "a b", "a\0", "tökén", "\u{7f}"] {
        let secret = json!({"access_token": token, "instance_url": url});
        let entry = service.router([oauth_job(1, secret)]).await[0].take();
        assert_eq!(
            verdict(&entry),
            (500, "platform", "oAuthSecret"),
            "{token:?}"
        );
        assert_says(error(&entry), "no access_token that a header can hold");
    }
    assert_eq!(org.calls().total_api(), 0);
}

#[tokio::test]
async fn an_instance_url_leads_to_an_allowed_host_or_nowhere() {
    let hosts = ["--salesforce-allowed-hosts", "*.salesforce.com"];
    let service = Service::start("http://127.0.0.1:1", &hosts).await;
    for url in [
        "https://evil.test/.salesforce.com/",
        "https://evil.test?.salesforce.com",
        "https://evil.test#.salesforce.com",
        "https://evil.test\\.salesforce.com",
        "https://acme.salesforce.com@evil.test",
        "https://acme.salesforce.com:x@evil.test",
        "https://acme.salesforce.com\n.evil.test",
        "https://acme.salesforce.com\t.evil.test",
        "https://acme.salesforce.com。evil.test",
        "https://acme.salesforce.com%2eevil.test",
        "https://acme.salesforce.com.evil.test",
        "https://acme.salesforce.com:8443",
        "https://salesforce.com.",
        "https://evilsalesforce.com",
        "https://[::1]",
        "https://2130706433",
        "http://acme.salesforce.com",
        "ftp://acme.salesforce.com",
        "javascript://acme.salesforce.com",
        "data:text/plain,acme.salesforce.com",
    ] {
        let secret = json!({"access_token": "token", "instance_url": url});
        let entry = service.router([oauth_job(1, secret)]).await[0].take();
        assert_eq!(
            verdict(&entry),
            (500, "platform", "configuration"),
            "{url:?}"
        );
        let proxied = json!({"method": "POST", "endpoint": url, "metadata": {"jobId": 1}});
        let answer = service
            .post("/v0/destinations/salesforce/proxy", proxied)
            .await;
        assert_eq!(answer.status, 500, "{url:?}");
        assert_says(&answer.text, "SALESFORCE_ALLOWED_HOSTS");
    }
}

#[tokio::test]
async fn the_next_page_of_a_query_is_read_where_the_first_one_was() {
    let elsewhere = MockServer::start().await;
    let anything = Mock::given(any()).respond_with(ResponseTemplate::new(200));
    anything.expect(0).mount(&elsewhere).await;
    for next in [
        elsewhere.uri(),
        format!("//{}/services/data/", elsewhere.address()),
        format!("@{}/services/data/", elsewhere.address()),
        format!(".{}/services/data/", elsewhere.address()),
        format!("/services/data/../../../..//{}", elsewhere.address()),
        "/services/data/\r\nX-Evil: 1".to_owned(),
        "\\services\\data".to_owned(),
        String::new(),
    ] {
        let page = json!({"done": false, "totalSize": 9, "nextRecordsUrl": next, "records": []});
        let salesforce =
            salesforce_that_answers(ResponseTemplate::new(200).set_body_json(page)).await;
        let both = format!("{},{}", salesforce.uri(), elsewhere.uri());
        let flags = ["--salesforce-allowed-hosts", &both];
        let service = Service::start(&salesforce.uri(), &flags).await;
        let entry = service.router([lead_job(1, "ada@example.com")]).await[0].take();
        assert_eq!(verdict(&entry), (500, "network", "retryable"), "{next:?}");
        for request in salesforce.received_requests().await.unwrap() {
            assert!(!request.headers.contains_key("x-evil"), "{next:?}");
        }
    }
}

#[tokio::test]
async fn an_id_that_salesforce_answers_with_is_an_id_or_the_event_is_retried() {
    for id in ["", "..", "a/b", "a?b", "00Q1\r\n", "é"] {
        let lead = json!({"Id": id, "Email": "ada@example.com"});
        let converted = json!({
            "Id": "00Q1", "Email": "ada@example.com", "IsConverted": true, "ConvertedContactId": format!("/{id}"),
        });
        for record in [lead, converted] {
            let page = json!({"done": true, "totalSize": 1, "records": [record]});
            let answer = ResponseTemplate::new(200).set_body_json(page);
            let salesforce = salesforce_that_answers(answer).await;
            let service = Service::start(&salesforce.uri(), &[]).await;
            let entry = service.router([lead_job(1, "ada@example.com")]).await[0].take();
            assert_eq!(verdict(&entry), (500, "network", "retryable"), "{id:?}");
        }
        let salesforce = salesforce_that_answers(crate::fixtures::nothing_found()).await;
        let written = ResponseTemplate::new(200)
            .set_body_json(json!([{"id": format!("../{id}"), "success": true, "errors": []}]));
        Mock::given(any())
            .respond_with(written)
            .mount(&salesforce)
            .await;
        let flags = ["--delivery", "inline", "--delivery-window", "1ms"];
        let service = Service::start(&salesforce.uri(), &flags).await;
        let entries = deliver(&service, [lead_job(1, "ada@example.com")]).await;
        assert_eq!(
            verdict(&entries[0]),
            (500, "network", "retryable"),
            "{id:?}"
        );
    }
}

#[tokio::test]
async fn headers_that_frame_a_message_or_name_its_host_are_not_the_descriptors_to_write() {
    let salesforce = MockServer::start().await;
    let created = json!({"id": "00Q1", "success": true, "errors": []});
    let created = ResponseTemplate::new(201).set_body_json(created);
    Mock::given(any())
        .respond_with(created)
        .expect(1)
        .mount(&salesforce)
        .await;
    let service = Service::start(&salesforce.uri(), &[]).await;
    let body = json!({
        "method": "POST",
        "endpoint": format!("{}/services/data/v50.0/sobjects/Lead", salesforce.uri()),
        "headers": {
            "Host": "evil.test",
            "content-length": "3",
            "Transfer-Encoding": "chunked",
            "Connection": "X-Kept",
            "Upgrade": "websocket",
            "Expect": "100-continue",
            "Accept-Encoding": "zstd",
            "X-Kept": "yes",
        },
        "body": {"JSON": {"LastName": "Lovelace"}},
        "metadata": {"jobId": 1},
    });
    let request = service.request("/v0/destinations/salesforce/proxy");
    assert_eq!(send(request.body(body.to_string())).await.status, 200);
    let requests = salesforce.received_requests().await.unwrap();
    let headers = &requests[0].headers;
    assert_eq!(headers["host"], salesforce.address().to_string());
    assert_eq!(headers["content-length"], "23");
    assert_eq!(headers["accept-encoding"], "gzip");
    assert_eq!(headers["x-kept"], "yes");
    for name in ["transfer-encoding", "connection", "upgrade", "expect"] {
        assert!(!headers.contains_key(name), "{name}");
    }
}

#[tokio::test]
async fn a_method_that_salesforces_api_does_not_have_is_not_sent() {
    let salesforce = MockServer::start().await;
    let anything = Mock::given(any()).respond_with(ResponseTemplate::new(200));
    anything.expect(0).mount(&salesforce).await;
    let service = Service::start(&salesforce.uri(), &[]).await;
    for method in [
        "CONNECT",
        "TRACE",
        "OPTIONS",
        "post",
        "POST /x HTTP/1.1\r\nX:",
        "É",
    ] {
        let body =
            json!({"method": method, "endpoint": salesforce.uri(), "metadata": {"jobId": 1}});
        let answer = service
            .post("/v0/destinations/salesforce/proxy", body)
            .await;
        assert_eq!(answer.status, 400, "{method:?}");
    }
}
