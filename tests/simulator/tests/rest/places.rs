//! State and country picklists.

use salesforce_simulator::{Country, Simulator};
use serde_json::{Value, json};

use super::{call, lead, refusal};

fn org() -> Simulator {
    Simulator::builder()
        .state_country_picklists([
            Country::new("US", "United States")
                .state("CA", "California")
                .state("WA", "Washington"),
            Country::new("AU", "Australia").state("WA", "Western Australia"),
            Country::new("DE", "Germany"),
        ])
        .build()
}

fn created(org: &Simulator, address: &Value) -> (u16, Value) {
    call(org, "POST", "sobjects/Lead", &lead(address))
}

#[test]
fn the_code_fields_exist_and_list_the_codes() {
    let org = org();
    let (_, lead) = call(&org, "GET", "sobjects/Lead/describe", &Value::Null);
    let fields = lead["fields"].as_array().unwrap();
    let field = |name: &str| fields.iter().find(|field| field["name"] == name).unwrap();
    let countries = field("CountryCode")["picklistValues"].as_array().unwrap();
    let countries: Vec<_> = countries
        .iter()
        .map(|value| [&value["value"], &value["label"]])
        .collect();
    assert_eq!(
        countries,
        [
            ["US", "United States"],
            ["AU", "Australia"],
            ["DE", "Germany"]
        ]
    );
    let state = field("StateCode");
    assert_eq!(
        (&state["compoundFieldName"], &state["controllerName"]),
        (&json!("Address"), &json!("CountryCode"))
    );
    let states = state["picklistValues"].as_array().unwrap().iter();
    let states: Vec<_> = states
        .map(|value| [&value["value"], &value["label"], &value["validFor"]])
        .collect();
    assert_eq!(
        states,
        [
            ["CA", "California", "gA=="],
            ["WA", "Washington", "gA=="],
            ["WA", "Western Australia", "QA=="]
        ]
    );
    let (_, contact) = call(&org, "GET", "sobjects/Contact/describe", &Value::Null);
    let mut fields = contact["fields"].as_array().unwrap().iter();
    assert!(fields.any(|field| field["name"] == "MailingStateCode"));
}

#[test]
fn labels_and_codes_complete_each_other() {
    for address in [
        json!({"State": "California", "Country": "United States"}),
        json!({"StateCode": "CA", "CountryCode": "US"}),
        json!({"StateCode": "CA", "Country": "United States"}),
    ] {
        let org = org();
        assert_eq!(created(&org, &address).0, 201, "{address}");
        let lead = &org.records("Lead")[0];
        let address = ["State", "StateCode", "Country", "CountryCode"].map(|field| &lead[field]);
        assert_eq!(address, ["California", "CA", "United States", "US"]);
    }
}

#[test]
fn what_is_not_in_the_lists_is_refused_with_its_field() {
    let integrity = "FIELD_INTEGRITY_EXCEPTION";
    for (address, code, field) in [
        (json!({"Country": "US"}), integrity, "Country"),
        (
            json!({"State": "CA", "Country": "United States"}),
            integrity,
            "State",
        ),
        (json!({"State": "California"}), integrity, "State"),
        (json!({"StateCode": "CA"}), integrity, "StateCode"),
        (
            json!({"StateCode": "CA", "CountryCode": "AU"}),
            integrity,
            "StateCode",
        ),
        (
            json!({"State": "California", "Country": "Germany"}),
            integrity,
            "State",
        ),
        (
            json!({"CountryCode": "XX"}),
            "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
            "CountryCode",
        ),
    ] {
        let org = org();
        let answer = created(&org, &address);
        assert_eq!(refusal(&answer), (400, code, &json!([field])), "{address}");
        assert_eq!(org.records("Lead"), Vec::<Value>::new());
    }
}

#[test]
fn an_update_is_judged_with_what_the_record_holds() {
    let org = org();
    let (_, made) = created(&org, &json!({"CountryCode": "US", "StateCode": "CA"}));
    let url = format!("sobjects/Lead/{}", made["id"].as_str().unwrap());
    let update = |fields: Value| call(&org, "PATCH", &url, &fields);
    assert_eq!(update(json!({"State": "Washington"})).0, 204);
    assert_eq!(org.records("Lead")[0]["StateCode"], "WA");
    assert_eq!(
        refusal(&update(json!({"Country": "Germany"}))).1,
        "FIELD_INTEGRITY_EXCEPTION"
    );
    assert_eq!(update(json!({"Country": "Germany", "State": null})).0, 204);
    let lead = &org.records("Lead")[0];
    assert_eq!(
        (&lead["CountryCode"], &lead["StateCode"]),
        (&json!("DE"), &Value::Null)
    );
}

#[test]
fn a_record_that_its_owner_has_put_in_has_its_codes_as_well() {
    let org = org();
    let lead = json!({"LastName": "Doe", "Country": "United States"});
    let id = org.insert("Lead", lead).unwrap();
    let url = format!("sobjects/Lead/{id}");
    let state = json!({"State": "California"});
    assert_eq!(call(&org, "PATCH", &url, &state).0, 204);
    let atlantis = json!({"LastName": "Doe", "Country": "Atlantis"});
    assert!(org.insert("Lead", atlantis).is_err());
}

#[test]
fn without_the_picklists_any_text_is_a_state_and_there_are_no_codes() {
    let org = Simulator::builder().build();
    assert_eq!(
        created(&org, &json!({"State": "CA", "Country": "USA"})).0,
        201
    );
    let answer = created(&org, &json!({"StateCode": "CA"}));
    assert_eq!(refusal(&answer).1, "INVALID_FIELD");
}
