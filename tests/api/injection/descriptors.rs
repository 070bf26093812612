//! What a descriptor that is to be delivered chooses, and what it does not.

use serde_json::json;
use wiremock::{Mock, MockServer, ResponseTemplate, matchers::any};

use crate::service::{Service, send};

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
