//! Records that the URL names by an external id.

use std::time::{Duration, Instant};

use salesforce_simulator::{Builder, FieldSpec, FieldType, Simulator};
use serde_json::{Value, json};

use super::{call, lead, refusal, send};

fn builder() -> Builder {
    Simulator::builder()
        .external_id("Lead", "Ext__c", true)
        .external_id("Lead", "Shared__c", false)
}

#[test]
fn an_upsert_creates_and_then_updates() {
    let org = builder().build();
    let url = "sobjects/Lead/Ext__c/a%2F1";
    let (status, made) = call(&org, "PATCH", url, &lead(&json!({})));
    assert_eq!(status, 201);
    let id = made["id"].clone();
    assert_eq!(
        made,
        json!({"id": id, "success": true, "errors": [], "created": true})
    );
    assert_eq!(org.records("Lead")[0]["Ext__c"], "a/1");

    let (status, changed) = call(&org, "PATCH", url, &json!({"City": "Rome"}));
    assert_eq!(status, 200);
    assert_eq!(
        changed,
        json!({"id": id, "success": true, "errors": [], "created": false})
    );
    let leads = org.records("Lead");
    assert_eq!((leads.len(), &leads[0]["City"]), (1, &json!("Rome")));
    assert_eq!(org.calls().upsert, 2);
    assert_eq!(org.calls().total_api(), 2);
}

#[test]
fn before_version_46_an_update_is_answered_204_without_a_body() {
    let org = builder().build();
    org.insert("Lead", json!({"LastName": "Doe", "Ext__c": "a"}))
        .unwrap();
    let upsert = ("PATCH", "v45.0", "sobjects/Lead/Ext__c/a");
    let (status, _, body) = send(&org, &org.session(), upsert, &[], &json!({"City": "Rome"}));
    assert_eq!((status, body), (204, Value::Null));
}

#[test]
fn letter_case_tells_keys_apart_only_where_the_field_says_so() {
    let exact = FieldSpec::new("Exact__c", FieldType::Text)
        .external_id()
        .unique()
        .case_sensitive();
    let org = builder().field("Lead", exact).build();
    for (field, leads) in [("Ext__c", 1), ("Exact__c", 3)] {
        for key in ["a", "A"] {
            call(
                &org,
                "PATCH",
                &format!("sobjects/Lead/{field}/{key}"),
                &lead(&json!({})),
            );
        }
        assert_eq!(org.records("Lead").len(), leads, "{field}");
    }
}

#[test]
fn a_number_may_be_the_key() {
    let number = FieldSpec::new("Number__c", FieldType::Number).digits(18, 0);
    let org = builder()
        .field("Lead", number.external_id().unique())
        .build();
    let url = "sobjects/Lead/Number__c/42";
    assert_eq!(call(&org, "PATCH", url, &lead(&json!({}))).0, 201);
    assert_eq!(call(&org, "PATCH", url, &lead(&json!({}))).0, 200);
    assert_eq!(org.records("Lead")[0]["Number__c"], 42.0);
}

#[test]
fn update_only_makes_no_record() {
    let org = builder().build();
    let url = "sobjects/Lead/Ext__c/a?updateOnly=true";
    let answer = call(&org, "PATCH", url, &lead(&json!({})));
    assert_eq!(refusal(&answer).1, "NOT_FOUND");
    assert_eq!((answer.0, org.records("Lead").len()), (404, 0));
    org.insert("Lead", json!({"LastName": "Doe", "Ext__c": "a"}))
        .unwrap();
    assert_eq!(call(&org, "PATCH", url, &json!({"City": "Rome"})).0, 200);
}

#[test]
fn several_matches_are_answered_300_with_their_urls() {
    let org = builder().build();
    let twin = || {
        org.insert("Lead", json!({"LastName": "Doe", "Shared__c": "a"}))
            .unwrap()
    };
    let urls = [twin(), twin()].map(|id| json!(format!("/services/data/v60.0/sobjects/Lead/{id}")));
    let url = "sobjects/Lead/Shared__c/a";
    assert_eq!(
        call(&org, "PATCH", url, &json!({"City": "Rome"})),
        (300, json!(urls))
    );
    assert_eq!(org.records("Lead")[0]["City"], Value::Null);
}

#[test]
fn a_field_that_is_no_external_id_and_a_key_that_ends_in_inc_are_not_found() {
    let org = builder()
        .unique_field("Lead", "Unique__c", FieldType::Text)
        .build();
    for url in [
        "sobjects/Lead/Email/jane@x.com",
        "sobjects/Lead/Unique__c/a",
        "sobjects/Lead/Nothing__c/a",
        "sobjects/Nothing__c/Ext__c/a",
        "sobjects/Lead/Ext__c/jane@acme.inc",
    ] {
        let answer = call(&org, "PATCH", url, &lead(&json!({})));
        assert_eq!((answer.0, refusal(&answer).1), (404, "NOT_FOUND"), "{url}");
    }
    assert_eq!(org.records("Lead"), Vec::<Value>::new());
}

#[test]
fn the_body_names_neither_the_id_nor_the_key() {
    let org = builder().build();
    for field in ["Id", "Ext__c"] {
        let body = lead(&json!({field: "a"}));
        let answer = call(&org, "PATCH", "sobjects/Lead/Ext__c/a", &body);
        assert_eq!((answer.0, refusal(&answer).1), (400, "INVALID_FIELD"));
        assert_eq!(
            answer.1[0]["message"],
            format!("The {field} field should not be specified in the sobject data.")
        );
    }
}

#[test]
fn a_converted_lead_is_not_updated() {
    let org = builder().build();
    let lead = org
        .insert("Lead", json!({"LastName": "Doe", "Ext__c": "a"}))
        .unwrap();
    org.convert(&lead).unwrap();
    let answer = call(
        &org,
        "PATCH",
        "sobjects/Lead/Ext__c/a",
        &json!({"City": "Rome"}),
    );
    assert_eq!(
        refusal(&answer),
        (400, "CANNOT_UPDATE_CONVERTED_LEAD", &json!([]))
    );
}

#[test]
fn a_deleted_record_is_no_match() {
    let org = builder().build();
    let gone = json!({"LastName": "Doe", "Ext__c": "a"});
    let gone = org.insert("Lead", gone).unwrap();
    org.delete("Lead", &gone).unwrap();
    let url = "sobjects/Lead/Ext__c/a";
    assert_eq!(call(&org, "PATCH", url, &lead(&json!({}))).0, 201);
}

#[test]
fn a_record_is_read_and_deleted_by_its_external_id() {
    let org = builder().build();
    let id = org
        .insert("Lead", json!({"LastName": "Doe", "Ext__c": "a"}))
        .unwrap();
    let url = "sobjects/Lead/Ext__c/a";
    assert_eq!(call(&org, "GET", url, &Value::Null).1["Id"], json!(id));
    assert_eq!(call(&org, "DELETE", url, &Value::Null).0, 204);
    assert_eq!(call(&org, "GET", url, &Value::Null).0, 404);
}

#[test]
fn an_upsert_is_a_part_of_a_composite() {
    let org = builder().build();
    let part = |reference: &str, key: &str| {
        let url = format!("/services/data/v60.0/sobjects/Lead/Ext__c/{key}");
        json!({"method": "PATCH", "url": url, "referenceId": reference, "body": lead(&json!({}))})
    };
    let body = json!({"compositeRequest": [part("a", "1"), part("b", "1"), part("c", "x.inc")]});
    let (_, answer) = call(&org, "POST", "composite", &body);
    let parts = answer["compositeResponse"].as_array().unwrap().iter();
    let statuses: Vec<&Value> = parts.map(|part| &part["httpStatusCode"]).collect();
    assert_eq!(statuses, [201, 200, 404]);
    assert_eq!(org.records("Lead").len(), 1);
}

/// Without an index each of these would look at all of the records.
#[test]
fn a_key_among_100000_records_is_found_without_a_look_at_all() {
    let org = builder().daily_limit(100_000).build();
    for number in 0..100_000 {
        let lead = json!({"LastName": "Doe", "Ext__c": format!("key{number}")});
        org.insert("Lead", lead).unwrap();
    }
    let start = Instant::now();
    for number in 0..500 {
        let url = format!("sobjects/Lead/Ext__c/key{number}");
        assert_eq!(call(&org, "PATCH", &url, &json!({"City": "Rome"})).0, 200);
    }
    assert!(
        start.elapsed() < Duration::from_secs(10),
        "{:?}",
        start.elapsed()
    );
}
