//! What is never left out: the key, required fields, and whatever a rule of the org refuses. A record is sent again twice at most.

use wiremock::{
    Mock, MockServer, ResponseTemplate,
    matchers::{body_partial_json, method, path},
};

use super::*;
use crate::{
    external_ids::{UPSERTS, doe, keyed_org, record},
    fixtures::{lets_in, lookup, nothing_found},
    inline::{deliver, statuses},
    service::{assert_says, error},
};

#[tokio::test]
async fn the_e_mail_of_a_lead_is_never_left_out() {
    let org = strict_org().build();
    let bad = || lead(1, "no e-mail", json!({"city": "London"}));
    let service = unfitted(&org, &[]).await;
    let entries = deliver(&service, [bad()]).await;
    assert_eq!(statuses(&entries), [400]);
    assert_says(error(&entries[0]), "INVALID_EMAIL_ADDRESS");
    assert_eq!(delivered(&proxy(&org, &[]).await, bad()).await.0, 400);
    assert!(org.records("Lead").is_empty());
}

#[tokio::test]
async fn the_key_of_a_sync_is_never_left_out_of_a_create_or_an_upsert() {
    let key = FieldSpec::new("Short__c", FieldType::Text).length(5);
    for (field, flags) in [("Short__c", &[][..]), ("Key__c", &UPSERTS[..])] {
        let org = keyed_org().field("Lead", key.clone()).build();
        org.add_field(
            "Lead",
            FieldSpec::new("Key__c", FieldType::Text)
                .length(5)
                .external_id()
                .unique(),
        );
        let sync = || record(1, ("Lead", field), json!("too long"), doe());
        let entries = deliver(&unfitted(&org, flags).await, [sync()]).await;
        assert_eq!(statuses(&entries), [400], "{field}");
        assert_says(error(&entries[0]), "STRING_TOO_LONG");
        assert_eq!(
            delivered(&proxy(&org, flags).await, sync()).await.0,
            400,
            "{field}"
        );
        assert!(org.records("Lead").is_empty(), "{field}");
    }
}

#[tokio::test]
async fn a_stored_descriptor_that_creates_is_refused_because_it_does_not_show_its_key() {
    let org = strict_org().build();
    let service = proxy(&org, &[]).await;
    let job = ada(1, json!({"nothing": "x"}));
    let described = service.processor([job]).await[0].take();
    let body = delivery::stored::asking(&described, &json!({}), 0);
    let answer = service
        .post("/v0/destinations/salesforce/proxy", body)
        .await;
    assert_eq!(answer.status, 400, "{}", answer.text);
    assert!(org.records("Lead").is_empty());
}

#[tokio::test]
async fn required_fields_are_never_left_out() {
    let required = FieldSpec::new("Must__c", FieldType::Picklist)
        .values(&["a"])
        .restricted()
        .required();
    let org = strict_org().field("Contact", required).build();
    let contact = |traits: Value| {
        let mut message = identify(traits);
        message["context"] = json!({"externalId": [{"type": "Salesforce-Contact"}]});
        job(1, message, &destination("dst-1"))
    };
    let long = "x".repeat(300);
    for traits in [
        json!({"LastName": long, "Must__c": "a"}),
        json!({"LastName": "Gibbs", "Must__c": "b"}),
    ] {
        let entries = deliver(&unfitted(&org, &[]).await, [contact(traits.clone())]).await;
        assert_eq!(statuses(&entries), [400], "{traits}");
        assert_eq!(
            delivered(&proxy(&org, &[]).await, contact(traits)).await.0,
            400
        );
    }
    let company = ada(1, json!({"company": long}));
    assert_eq!(
        statuses(&deliver(&unfitted(&org, &[]).await, [company]).await),
        [400]
    );
    assert!(org.records("Contact").is_empty() && org.records("Lead").is_empty());
}

#[tokio::test]
async fn a_record_of_which_nothing_would_be_left_is_refused() {
    let org = strict_org().build();
    let contact = org.insert("Contact", json!({"LastName": "Gibbs"})).unwrap();
    let mut message = identify(json!({"Phone": "1".repeat(300)}));
    message["context"] = json!({"externalId": [{"type": "Salesforce-Contact", "id": contact}]});
    let update = job(1, message, &destination("dst-1"));
    let entries = deliver(&unfitted(&org, &[]).await, [update.clone()]).await;
    assert_eq!(statuses(&entries), [400]);
    assert_eq!(delivered(&proxy(&org, &[]).await, update).await.0, 400);
}

#[tokio::test]
async fn a_record_is_sent_again_twice_at_most() {
    let bad = |fields: usize| {
        let all = [
            ("nothing", json!("x")),
            ("other", json!("no e-mail")),
            ("parent", json!("no id")),
        ];
        let mut traits = json!({"city": "London"});
        for (name, value) in all.into_iter().take(fields) {
            traits[name] = value;
        }
        ada(1, traits)
    };
    let org = strict_org().build();
    let entries = deliver(&unfitted(&org, &[]).await, [bad(3)]).await;
    assert_eq!(statuses(&entries), [400]);
    assert_eq!(org.calls().collection_records, 3);
    assert_eq!(delivered(&proxy(&org, &[]).await, bad(3)).await.0, 400);
    assert_eq!(org.calls().create, 3);
    assert!(org.records("Lead").is_empty());

    let entries = deliver(&unfitted(&org, &[]).await, [bad(2)]).await;
    assert_ne!(statuses(&entries), [400]);
    assert_eq!(only(&org, "Lead", &["City"]), [json!("London")]);
}

/// A Salesforce that refuses each record with these errors.
async fn refusing(errors: Value) -> MockServer {
    let salesforce = MockServer::start().await;
    lets_in(&salesforce).mount(&salesforce).await;
    lookup()
        .respond_with(nothing_found())
        .mount(&salesforce)
        .await;
    let results = json!([{"success": false, "errors": errors}]);
    Mock::given(method("POST"))
        .and(path("/services/data/v50.0/composite/sobjects"))
        .respond_with(ResponseTemplate::new(200).set_body_json(results))
        .expect(1)
        .mount(&salesforce)
        .await;
    salesforce
}

#[tokio::test]
async fn a_validation_rule_and_a_field_that_was_not_sent_are_no_reason_to_send_a_record_again() {
    let error =
        |code: &str, fields: &[&str]| json!({"statusCode": code, "message": "m", "fields": fields});
    let long = error("STRING_TOO_LONG", &["City"]);
    for errors in [
        json!([error("FIELD_CUSTOM_VALIDATION_EXCEPTION", &["City"])]),
        json!([error("FIELD_FILTER_VALIDATION_EXCEPTION", &["City"])]),
        json!([error("FIELD_INTEGRITY_EXCEPTION", &["City"])]),
        json!([long, error("FIELD_CUSTOM_VALIDATION_EXCEPTION", &[])]),
        json!([error("STRING_TOO_LONG", &["City", "Fax"])]),
        json!([error("STRING_TOO_LONG", &[])]),
        json!([error("INVALID_FIELD", &["Fax"])]),
        json!([error("MALFORMED_ID", &["City"])]),
    ] {
        let salesforce = refusing(errors.clone()).await;
        let flags = [
            &UNFITTED[..],
            &["--delivery", "inline", "--delivery-window", "1ms"],
        ]
        .concat();
        let service = Service::start(&salesforce.uri(), &flags).await;
        let entries = deliver(&service, [ada(1, json!({"city": "London"}))]).await;
        assert_eq!(statuses(&entries), [400], "{errors}");
    }
}

#[tokio::test]
async fn a_text_that_quotes_a_value_leaves_nothing_out() {
    let value = "No such column 'City' on sobject of type Lead";
    let errors = json!([{"statusCode": "INVALID_FIELD", "message": format!("bad value: {value}"), "fields": []}]);
    let salesforce = refusing(errors).await;
    let flags = [
        &UNFITTED[..],
        &["--delivery", "inline", "--delivery-window", "1ms"],
    ]
    .concat();
    let service = Service::start(&salesforce.uri(), &flags).await;
    let entries = deliver(
        &service,
        [ada(1, json!({"city": "London", "title": value}))],
    )
    .await;
    assert_eq!(statuses(&entries), [400]);
}

#[tokio::test]
async fn a_proxy_that_gets_no_answer_to_the_second_attempt_does_not_say_that_it_wrote() {
    let salesforce = MockServer::start().await;
    let refusal = json!([{"errorCode": "STRING_TOO_LONG", "message": "m", "fields": ["City"]}]);
    let lead = Mock::given(method("POST"));
    let with_city = lead.and(body_partial_json(json!({"City": "London"})));
    with_city
        .respond_with(ResponseTemplate::new(400).set_body_json(refusal))
        .expect(1)
        .mount(&salesforce)
        .await;
    Mock::given(method("POST"))
        .respond_with(ResponseTemplate::new(503))
        .expect(1)
        .mount(&salesforce)
        .await;
    let service = Service::start(&salesforce.uri(), &UNFITTED).await;
    let mut write = delivery::write_to(&salesforce.uri());
    write["body"]["JSON"]["City"] = json!("London");
    let body = asking_v1(&write);
    let output = service
        .post("/v1/destinations/salesforce/proxy", body)
        .await
        .accepted();
    assert_eq!(
        output["output"]["response"][0]["statusCode"], 500,
        "{output}"
    );
}

fn asking_v1(write: &Value) -> Value {
    delivery::asking(write, &json!([delivery::metadata(1)]))
}
