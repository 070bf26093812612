//! The rule at the delivery proxy, and what rudder-server's own delivery sends.

use wiremock::{
    Mock, MockServer, ResponseTemplate,
    matchers::{method, path, path_regex},
};

use super::*;
use crate::fixtures::{lets_in, lookup, nothing_found};

/// What the proxy answers to the request that an event becomes, for a destination with these settings.
async fn proxied(service: &Service, event: Value, config: Value) -> Value {
    let entry = service.router([event]).await[0].clone();
    let mut body = delivery::asking(&entry["batchedRequest"][0], &entry["metadata"]);
    body["destinationConfig"] = config;
    let path = "/v1/destinations/salesforce/proxy";
    service.post(path, body).await.accepted()["output"].take()
}

async fn updating(org: &Simulator) -> Service {
    Service::start(&serve(org.router()).await, &UPDATE).await
}

#[tokio::test]
async fn several_matches_and_an_unsure_one_are_refused_and_named_at_the_proxy() {
    let several = org().matching(same_phone()).build();
    let ids = [known(&several, "555"), known(&several, "555")];
    let fuzzy = org().matching(same_phone().fuzzy(80)).build();
    let unsure = known(&fuzzy, "5-55");
    for (org, found) in [(several, ids.as_slice()), (fuzzy, &[unsure])] {
        let service = updating(&org).await;
        let output = proxied(&service, of_phone(1, "555"), json!({})).await;
        assert_eq!(output["response"][0]["statusCode"], 400, "{output}");
        for id in found {
            assert_says(output["message"].as_str().unwrap(), &format!("Lead {id}"));
        }
        assert!(leads(&org, "City").iter().all(String::is_empty));
    }
}

#[tokio::test]
async fn by_default_the_rule_stands_at_the_proxy_too() {
    let org = org().matching(same_phone()).build();
    let id = known(&org, "555");
    let service = Service::of(&org).await;
    let output = proxied(&service, of_phone(1, "555"), json!({})).await;
    assert_eq!(output["response"][0]["statusCode"], 400, "{output}");
    let text = output["message"].as_str().unwrap();
    assert_says(
        text,
        &format!("the duplicate rule Same_Phone finds Lead {id}"),
    );
}

#[tokio::test]
async fn a_contact_that_a_lead_matches_is_updated_at_the_proxy_where_the_destination_uses_contacts()
{
    for (uses, status, city) in [(true, 200, "London"), (false, 400, "")] {
        let org = org().matching(same_phone().finding("Contact")).build();
        let contact = json!({"LastName": "King", "Email": "king@example.com", "Phone": "555"});
        org.insert("Contact", contact).unwrap();
        let service = updating(&org).await;
        let config = json!({"useContactId": uses});
        let output = proxied(&service, of_phone(1, "555"), config).await;
        assert_eq!(output["response"][0]["statusCode"], status, "{output}");
        let contact = &org.records("Contact")[0];
        assert_eq!(contact["MailingCity"].as_str().unwrap_or_default(), city);
        assert_eq!(contact["Email"], "king@example.com");
    }
}

/// An event of a sync that finds accounts by their domain.
fn of_domain(domain: &str) -> Value {
    let mut event = identify(json!({"Name": "Acme", "Description": "synced"}));
    event["context"] = json!({
        "mappedToDestination": true,
        "externalId": [{"type": "Salesforce-Account", "identifierType": "Domain__c", "id": domain}],
    });
    job(1, event, &destination("dst-1"))
}

#[tokio::test]
async fn a_match_keeps_its_own_identifier_inline_and_at_the_proxy() {
    for is_inline in [true, false] {
        let rule = DuplicateRule::new("Account", "Same_Name", &["Name"]);
        let org = org()
            .external_id("Account", "Domain__c", true)
            .matching(rule)
            .build();
        let known = json!({"Name": "Acme", "Domain__c": "acme.com"});
        org.insert("Account", known).unwrap();
        if is_inline {
            let service = inline(&org, &UPDATE).await;
            let entries = deliver(&service, [of_domain("acme.org")]).await;
            assert_eq!(statuses(&entries), [299], "{entries:?}");
        } else {
            let output = proxied(&updating(&org).await, of_domain("acme.org"), json!({})).await;
            assert_eq!(output["response"][0]["statusCode"], 200, "{output}");
        }
        let accounts = org.records("Account");
        let account = [&accounts[0]["Domain__c"], &accounts[0]["Description"]];
        assert_eq!(
            (accounts.len(), account),
            (1, [&json!("acme.com"), &json!("synced")])
        );
    }
}

#[tokio::test]
async fn rudder_servers_own_delivery_sends_a_create_whatever_is_found() {
    for policy in ["refuse", "update"] {
        let org = org().matching(same_phone()).build();
        known(&org, "555");
        let url = serve(org.router()).await;
        let service = Service::start(&url, &["--duplicates", policy]).await;
        let entry = service.router([of_phone(1, "555")]).await[0].clone();
        let request = &entry["batchedRequest"][0];
        assert_eq!(request["method"], "POST");
        assert!(
            request["headers"]
                .get("Sforce-Duplicate-Rule-Header")
                .is_none()
        );
    }
}

/// The error of a record in whose place a rule has found another.
fn found(object: &str, id: &str) -> Value {
    json!({
        "statusCode": "DUPLICATES_DETECTED", "errorCode": "DUPLICATES_DETECTED", "message": "m", "fields": [],
        "duplicateResut": {"duplicateRule": "Rule", "matchResults": [{"entityType": object, "matchRecords": [
            {"matchConfidence": 100.0, "record": {"attributes": {"type": object}, "Id": id}},
        ]}]},
    })
}

const GONE: &str = "0015g00000AbCdEAAV";

/// A Salesforce in which the record that a rule finds is gone when it is to be updated.
async fn in_which_the_match_is_gone() -> MockServer {
    let salesforce = MockServer::start().await;
    lets_in(&salesforce).mount(&salesforce).await;
    lookup()
        .respond_with(nothing_found())
        .mount(&salesforce)
        .await;
    salesforce
}

#[tokio::test]
async fn a_stored_create_whose_match_is_gone_comes_again() {
    let salesforce = in_which_the_match_is_gone().await;
    Mock::given(method("POST"))
        .and(path("/services/data/v50.0/sobjects/Lead"))
        .respond_with(
            ResponseTemplate::new(400).set_body_json(json!([found("Lead", "00Q5g00000AbCdEEAV")])),
        )
        .mount(&salesforce)
        .await;
    let gone = json!([{"errorCode": "ENTITY_IS_DELETED", "message": "entity is deleted"}]);
    Mock::given(method("PATCH"))
        .and(path_regex("/sobjects/Lead/00Q5g00000AbCdEEAV"))
        .respond_with(ResponseTemplate::new(404).set_body_json(gone))
        .expect(1)
        .mount(&salesforce)
        .await;
    let service = Service::start(&salesforce.uri(), &UPDATE).await;
    let element = service.processor([of_phone(1, "555")]).await[0].clone();
    let mut metadata = element["metadata"].clone();
    metadata["attemptNum"] = json!(0);
    let body = delivery::asking(&element["output"], &json!([metadata]));
    let path = "/v1/destinations/salesforce/proxy";
    let output = service.post(path, body).await.accepted()["output"].take();
    assert_eq!(output["response"][0]["statusCode"], 500, "{output}");
}

#[tokio::test]
async fn a_record_without_a_key_whose_match_is_gone_is_created() {
    let salesforce = in_which_the_match_is_gone().await;
    let answers = |results: Value| ResponseTemplate::new(200).set_body_json(results);
    let collections =
        |verb| Mock::given(method(verb)).and(path("/services/data/v50.0/composite/sobjects"));
    let refused = |error: Value| answers(json!([{"success": false, "errors": [error]}]));
    collections("POST")
        .respond_with(refused(found("Account", GONE)))
        .up_to_n_times(1)
        .expect(1)
        .mount(&salesforce)
        .await;
    collections("PATCH")
        .respond_with(refused(
            json!({"statusCode": "ENTITY_IS_DELETED", "message": "m", "fields": []}),
        ))
        .expect(1)
        .mount(&salesforce)
        .await;
    collections("POST")
        .respond_with(answers(
            json!([{"success": true, "id": GONE, "errors": []}]),
        ))
        .expect(1)
        .mount(&salesforce)
        .await;
    let flags = [
        "--delivery",
        "inline",
        "--delivery-window",
        "1ms",
        "--duplicates",
        "update",
    ];
    let service = Service::start(&salesforce.uri(), &flags).await;
    let mut event = identify(json!({"Name": "Acme"}));
    event["context"]["externalId"] = json!([{"type": "Salesforce-Account"}]);
    let entries = deliver(&service, [job(1, event, &destination("dst-1"))]).await;
    assert_eq!(statuses(&entries), [299], "{entries:?}");
}

#[tokio::test]
async fn matches_of_several_rules_are_several_even_if_each_has_an_error_of_its_own() {
    let salesforce = in_which_the_match_is_gone().await;
    let errors = [
        found("Account", GONE),
        found("Account", "0015g00000AbCdFAAV"),
    ];
    let results = json!([{"success": false, "errors": errors}]);
    Mock::given(method("POST"))
        .and(path("/services/data/v50.0/composite/sobjects"))
        .respond_with(ResponseTemplate::new(200).set_body_json(results))
        .expect(1)
        .mount(&salesforce)
        .await;
    let flags = [
        "--delivery",
        "inline",
        "--delivery-window",
        "1ms",
        "--duplicates",
        "update",
    ];
    let service = Service::start(&salesforce.uri(), &flags).await;
    let mut event = identify(json!({"Name": "Acme"}));
    event["context"]["externalId"] = json!([{"type": "Salesforce-Account"}]);
    let entries = deliver(&service, [job(1, event, &destination("dst-1"))]).await;
    assert_eq!(statuses(&entries), [400], "{entries:?}");
    for id in [GONE, "0015g00000AbCdFAAV"] {
        assert_says(error(&entries[0]), id);
    }
}
