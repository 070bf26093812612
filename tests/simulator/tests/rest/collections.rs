//! Collections of records that are upserted by an external id.

use salesforce_simulator::{FieldSpec, FieldType, Simulator};
use serde_json::{Value, json};

use super::{call, code, item, lead, refusal, send};

const URL: &str = "composite/sobjects/Lead/Ext__c";

fn org() -> Simulator {
    Simulator::builder()
        .external_id("Lead", "Ext__c", true)
        .external_id("Lead", "Shared__c", false)
        .build()
}

fn keyed(key: &str, more: &Value) -> Value {
    let mut lead = lead(more);
    lead["Ext__c"] = json!(key);
    item("Lead", &lead)
}

fn upsert(org: &Simulator, records: &Value) -> Vec<Value> {
    let (status, results) = call(org, "PATCH", URL, &json!({"records": records}));
    assert_eq!(status, 200, "{results}");
    results.as_array().unwrap().clone()
}

#[test]
fn results_stand_in_the_order_of_the_records_and_say_what_was_created() {
    let org = org();
    let known = org
        .insert("Lead", json!({"LastName": "Roe", "Ext__c": "b"}))
        .unwrap();
    let results = upsert(
        &org,
        &json!([
            keyed("a", &json!({})),
            keyed("B", &json!({"City": "Rome"})),
            keyed("c", &json!({"Email": "no address"})),
        ]),
    );
    assert_eq!(
        (&results[0]["success"], &results[0]["created"]),
        (&json!(true), &json!(true))
    );
    assert_eq!(
        results[1],
        json!({"id": known, "success": true, "errors": [], "created": false})
    );
    assert_eq!(code(&results[2]), "INVALID_EMAIL_ADDRESS");
    let leads = org.records("Lead");
    assert_eq!(
        (leads.len(), &leads[0]["City"], &leads[0]["Ext__c"]),
        (2, &json!("Rome"), &json!("b"))
    );
    assert_eq!(
        (org.calls().collections, org.calls().collection_records),
        (1, 3)
    );
}

#[test]
fn the_same_key_twice_fails_both() {
    let org = org();
    let results = upsert(
        &org,
        &json!([
            keyed("a", &json!({})),
            keyed("b", &json!({})),
            keyed("A", &json!({}))
        ]),
    );
    let codes: Vec<&str> = results.iter().map(code).collect();
    assert_eq!(codes, ["DUPLICATE_VALUE", "", "DUPLICATE_VALUE"]);
    assert_eq!(org.records("Lead").len(), 1);
}

#[test]
fn each_record_has_its_key_no_id_and_the_type_of_the_url() {
    let org = org();
    let mut with_id = keyed("a", &json!({}));
    with_id["Id"] = json!("00Q5g0000000001EAA");
    let contact = item("Contact", &json!({"LastName": "Doe", "Ext__c": "c"}));
    org.add_field("Contact", FieldSpec::new("Ext__c", FieldType::Text));
    let keyless = item("Lead", &lead(&json!({"Ext__c": ""})));
    let results = upsert(&org, &json!([with_id, contact, keyless]));
    let codes: Vec<&str> = results.iter().map(code).collect();
    assert_eq!(
        codes,
        [
            "INVALID_FIELD_FOR_INSERT_UPDATE",
            "INVALID_INPUT",
            "MISSING_ARGUMENT"
        ]
    );
}

#[test]
fn several_matches_refuse_the_record() {
    let org = org();
    for _ in 0..2 {
        org.insert("Lead", json!({"LastName": "Doe", "Shared__c": "s"}))
            .unwrap();
    }
    let record = item("Lead", &json!({"Shared__c": "s", "City": "Rome"}));
    let url = "composite/sobjects/Lead/Shared__c";
    let (_, results) = call(&org, "PATCH", url, &json!({"records": [record]}));
    assert_eq!(code(&results[0]), "DUPLICATE_EXTERNAL_ID");
}

#[test]
fn a_converted_lead_refuses_its_record_alone() {
    let org = org();
    let lead = org
        .insert("Lead", json!({"LastName": "Doe", "Ext__c": "a"}))
        .unwrap();
    org.convert(&lead).unwrap();
    let results = upsert(
        &org,
        &json!([keyed("a", &json!({})), keyed("b", &json!({}))]),
    );
    let codes: Vec<&str> = results.iter().map(code).collect();
    assert_eq!(codes, ["CANNOT_UPDATE_CONVERTED_LEAD", ""]);
}

#[test]
fn a_field_that_is_no_external_id_and_201_records_refuse_the_whole() {
    let org = org();
    let record = item("Lead", &lead(&json!({"Email": "jane@x.com"})));
    let body = json!({"records": [record]});
    let answer = call(&org, "PATCH", "composite/sobjects/Lead/Email", &body);
    assert_eq!(refusal(&answer), (400, "INVALID_FIELD", &Value::Null));
    let many: Vec<Value> = (0..201)
        .map(|key| keyed(&key.to_string(), &json!({})))
        .collect();
    let answer = call(&org, "PATCH", URL, &json!({"records": many}));
    assert_eq!(refusal(&answer).1, "EXCEEDED_ID_LIMIT");
    assert_eq!(org.records("Lead"), Vec::<Value>::new());
}

#[test]
fn before_version_46_there_are_no_collections_by_external_id() {
    let org = org();
    let body = json!({"records": [keyed("a", &json!({}))]});
    let (status, _, _) = send(&org, &org.session(), ("PATCH", "v45.0", URL), &[], &body);
    assert_eq!((status, org.records("Lead").len()), (404, 0));
}

#[test]
fn five_collections_of_200_are_one_call() {
    let org = org();
    let part = |number: usize| {
        let records = (0..200).map(|record| keyed(&format!("{number}-{record}"), &json!({})));
        let body = json!({"records": records.collect::<Value>()});
        let url = format!("/services/data/v60.0/{URL}");
        json!({"method": "PATCH", "url": url, "referenceId": format!("c{number}"), "body": body})
    };
    let composite =
        |parts: usize| json!({"compositeRequest": (0..parts).map(part).collect::<Value>()});
    for created in [true, false] {
        let (_, answer) = call(&org, "POST", "composite", &composite(5));
        for part in answer["compositeResponse"].as_array().unwrap() {
            let results = part["body"].as_array().unwrap();
            assert!(results.iter().all(|result| result["created"] == created));
        }
    }
    assert_eq!(
        (org.records("Lead").len(), org.calls().total_api()),
        (1_000, 2)
    );
    assert_eq!(call(&org, "POST", "composite", &composite(6)).0, 400);
}
