//! What comes with a secret or in Salesforce's answers: tokens, addresses and ids.

use serde_json::json;
use wiremock::{Mock, MockServer, ResponseTemplate, matchers::any};

use crate::{
    fixtures::{lead_job, nothing_found, oauth_job, org, salesforce_that_answers},
    inline::deliver,
    planted::TOKEN,
    service::{Service, assert_says, error, serve, verdict},
};

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
    let hosts = [
        "--salesforce-allowed-hosts",
        "*.salesforce.com,http://127.0.0.1:1",
    ];
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
        let secret = json!({"access_token": TOKEN, "instance_url": url});
        let entry = service.router([oauth_job(1, secret)]).await[0].take();
        assert_eq!(
            verdict(&entry),
            (429, "platform", "configuration"),
            "{url:?}"
        );
        let proxied = json!({"method": "POST", "endpoint": url, "metadata": {"jobId": 1}});
        let answer = service
            .post("/v0/destinations/salesforce/proxy", proxied)
            .await;
        assert_eq!(answer.status, 429, "{url:?}");
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
        assert!(matches!(verdict(&entry).0, 429 | 500), "{next:?}");
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
        let salesforce = salesforce_that_answers(nothing_found()).await;
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
