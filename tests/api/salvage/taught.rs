//! What refusals teach: an object is described again at once, and a field that is refused again and again is left out.

use wiremock::{
    Mock, MockServer, ResponseTemplate,
    matchers::{body_partial_json, method, path},
};

use super::*;
use crate::{
    fixtures::{lets_in, lookup, nothing_found},
    inline::{deliver, statuses},
};

#[track_caller]
fn assert_written(entries: &[Value]) {
    assert!(
        statuses(entries)
            .iter()
            .all(|status| matches!(status, 296 | 299)),
        "{entries:?}"
    );
}

#[tokio::test]
async fn a_refused_field_has_its_object_described_again_at_once_and_a_refused_value_does_not() {
    for (name, described) in [("gone", 2), ("phone", 1)] {
        let org = strict_org()
            .custom_field("Lead", "gone__c", FieldType::Text)
            .build();
        let service = inline::inline(&org, &["--preflight", "warn"]).await;
        assert_written(&deliver(&service, [ada(1, json!({"gone": "x"}))]).await);
        org.remove_field("Lead", "gone__c");
        let mut bad = json!({"city": "London"});
        bad[name] = json!("1".repeat(300));
        assert_written(&deliver(&service, [ada(2, bad)]).await);
        assert_written(&deliver(&service, [ada(3, json!({"city": "Paris"}))]).await);
        assert_eq!(org.calls().describe, described, "{name}");
    }
}

#[tokio::test]
async fn the_proxy_has_an_object_described_again_too() {
    let org = strict_org()
        .custom_field("Lead", "gone__c", FieldType::Text)
        .build();
    let service = {
        let salesforce = serve(org.router()).await;
        Service::start(&salesforce, &["--preflight", "warn"]).await
    };
    assert_eq!(
        delivered(&service, ada(1, json!({"gone": "x"}))).await.0,
        200
    );
    org.remove_field("Lead", "gone__c");
    assert_eq!(
        delivered(&service, ada(2, json!({"gone": "y", "city": "Rome"})))
            .await
            .0,
        200
    );
    while org.calls().describe < 2 {
        tokio::task::yield_now().await;
    }
    assert_eq!(only(&org, "Lead", &["City"]), [json!("Rome")]);
}

/// A Salesforce that describes a lead's `City` as writable and refuses it.
async fn that_refuses_a_city() -> MockServer {
    let salesforce = MockServer::start().await;
    lets_in(&salesforce).mount(&salesforce).await;
    lookup()
        .respond_with(nothing_found())
        .mount(&salesforce)
        .await;
    let field = |name| json!({"name": name, "type": "string", "length": 80, "createable": true, "updateable": true, "nillable": true});
    let fields = ["Email", "LastName", "Company", "City", "Title"].map(field);
    let description =
        json!({"queryable": true, "createable": true, "updateable": true, "fields": fields});
    Mock::given(path("/services/data/v50.0/sobjects/Lead/describe"))
        .respond_with(ResponseTemplate::new(200).set_body_json(description))
        .mount(&salesforce)
        .await;
    let refusal = json!([{"errorCode": "INVALID_FIELD_FOR_INSERT_UPDATE", "message": "m", "fields": ["City"]}]);
    let posted = || Mock::given(method("POST")).and(path("/services/data/v50.0/sobjects/Lead"));
    posted()
        .and(body_partial_json(json!({"City": "Rome"})))
        .respond_with(ResponseTemplate::new(400).set_body_json(refusal))
        .expect(3)
        .with_priority(1)
        .mount(&salesforce)
        .await;
    let created = json!({"id": "00Q5g00000AbCdEEAV", "success": true, "errors": []});
    posted()
        .respond_with(ResponseTemplate::new(201).set_body_json(created))
        .expect(4)
        .mount(&salesforce)
        .await;
    salesforce
}

#[tokio::test]
async fn the_third_refusal_leaves_a_field_out_of_later_requests() {
    let salesforce = that_refuses_a_city().await;
    let service = Service::start(&salesforce.uri(), &["--create-window", "0s"]).await;
    for id in 0..4 {
        let job = lead(id, &format!("p{id}@example.com"), json!({"city": "Rome"}));
        let (status, output) = delivered(&service, job).await;
        assert_eq!(status, 200, "{output}");
    }
    let job = lead(5, "p5@example.com", json!({"city": "Rome", "title": "CEO"}));
    let entries = service.router([job]).await;
    let body = &entries[0]["batchedRequest"][0]["body"]["JSON"];
    assert_eq!(
        (&body["City"], &body["Title"]),
        (&Value::Null, &json!("CEO")),
        "{body}"
    );
}

#[tokio::test]
async fn a_field_that_is_hidden_from_the_user_is_refused_once() {
    let org = strict_org()
        .custom_field("Lead", "plan__c", FieldType::Text)
        .build();
    let service = inline::inline(&org, &[]).await;
    assert_written(&deliver(&service, [ada(1, json!({"plan": "a"}))]).await);
    org.hide_field_from("crm@acme.example", "Lead", "plan__c");
    assert_written(&deliver(&service, [ada(2, json!({"plan": "b", "city": "Rome"}))]).await);
    assert_eq!(
        only(&org, "Lead", &["City", "plan__c"]),
        [json!("Rome"), json!("a")]
    );
    // The description shows that the field is gone, so that nothing is refused any more.
    let refused = org.calls().collection_records;
    assert_written(&deliver(&service, [ada(3, json!({"plan": "c", "city": "Oslo"}))]).await);
    assert_eq!(org.calls().collection_records, refused + 1);
}
