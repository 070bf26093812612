//! Values that a field does not take, and the codes with which Salesforce says so.

use salesforce_simulator::{FieldSpec, FieldType, Simulator};
use serde_json::{Value, json};

use super::{call, code, item, lead, refusal};

fn org() -> Simulator {
    let field = FieldSpec::new;
    Simulator::builder()
        .field(
            "Lead",
            field("Tier__c", FieldType::Picklist)
                .values(&["gold", "silver"])
                .restricted(),
        )
        .field(
            "Lead",
            field("Topics__c", FieldType::MultiPicklist)
                .values(&["a", "b"])
                .restricted(),
        )
        .field("Lead", field("Score__c", FieldType::Number).digits(5, 2))
        .field("Lead", field("Once__c", FieldType::Text).not_updateable())
        .field("Lead", field("Later__c", FieldType::Text).not_createable())
        .unique_field("Lead", "Member__c", FieldType::Text)
        .build()
}

fn created(org: &Simulator, more: &Value) -> (u16, Value) {
    call(org, "POST", "sobjects/Lead", &lead(more))
}

#[test]
fn each_value_that_does_not_fit_is_refused_with_its_code_and_its_field() {
    let org = org();
    for (field, value, code) in [
        ("Title", json!("x".repeat(129)), "STRING_TOO_LONG"),
        ("Email", json!("jane@"), "INVALID_EMAIL_ADDRESS"),
        ("AnnualRevenue", json!(1e18), "NUMBER_OUTSIDE_VALID_RANGE"),
        (
            "NumberOfEmployees",
            json!(100_000_000),
            "NUMBER_OUTSIDE_VALID_RANGE",
        ),
        ("Score__c", json!(1000), "NUMBER_OUTSIDE_VALID_RANGE"),
        (
            "Tier__c",
            json!("Gold"),
            "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
        ),
        (
            "Topics__c",
            json!("a;c"),
            "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
        ),
        ("OwnerId", json!("me"), "MALFORMED_ID"),
        (
            "OwnerId",
            json!("0035g0000000001AAA"),
            "FIELD_INTEGRITY_EXCEPTION",
        ),
        (
            "CreatedDate",
            json!("2026-01-01T00:00:00Z"),
            "INVALID_FIELD_FOR_INSERT_UPDATE",
        ),
        ("Later__c", json!("x"), "INVALID_FIELD_FOR_INSERT_UPDATE"),
        ("LastName", json!(""), "REQUIRED_FIELD_MISSING"),
    ] {
        let answer = created(&org, &json!({field: value}));
        assert_eq!(
            refusal(&answer),
            (400, code, &json!([field])),
            "{field}: {answer:?}"
        );
    }
    assert_eq!(org.records("Lead"), Vec::<Value>::new());
}

#[test]
fn values_at_the_limit_are_taken() {
    let org = org();
    let fields = json!({
        "Title": "ß".repeat(128), "AnnualRevenue": 999_999_999_999_999_000_u64,
        "NumberOfEmployees": 99_999_999, "Score__c": -999.99, "Tier__c": "silver", "Topics__c": "b;a",
        "Industry": "Underwater basketry", "Once__c": "x",
    });
    assert_eq!(created(&org, &fields).0, 201);
}

#[test]
fn the_text_of_a_refusal_names_the_label_and_the_value() {
    let org = org();
    let message = |fields: Value| created(&org, &fields).1[0]["message"].clone();
    assert_eq!(
        message(json!({"Tier__c": "iron"})),
        "Tier: bad value for restricted picklist field: iron"
    );
    let long = "x".repeat(41);
    assert_eq!(
        message(json!({"FirstName": long})),
        format!("First Name: data value too large: {long} (max length=40)")
    );
}

#[test]
fn a_value_of_the_wrong_type_is_a_parser_error_without_fields() {
    let org = org();
    for (field, value) in [
        ("AnnualRevenue", json!("1,200")),
        ("NumberOfEmployees", json!(1.5)),
        ("DoNotCall", json!("yes")),
        ("City", json!(["Rome"])),
        ("Owner", json!(["Rome"])),
    ] {
        let answer = created(&org, &json!({field: value}));
        let code = if field == "Owner" {
            "INVALID_FIELD"
        } else {
            "JSON_PARSER_ERROR"
        };
        assert_eq!(refusal(&answer), (400, code, &Value::Null), "{field}");
    }
}

#[test]
fn an_update_does_not_write_what_only_a_create_writes() {
    let org = org();
    let (_, made) = created(&org, &json!({"Once__c": "x"}));
    let url = format!("sobjects/Lead/{}", made["id"].as_str().unwrap());
    let update = |fields: Value| call(&org, "PATCH", &url, &fields);
    let answer = update(json!({"Once__c": "y"}));
    assert_eq!(
        refusal(&answer),
        (400, "INVALID_FIELD_FOR_INSERT_UPDATE", &json!(["Once__c"]))
    );
    assert_eq!(update(json!({"Later__c": "y"})).0, 204);
    assert_eq!(
        refusal(&update(json!({"Status": null}))).1,
        "REQUIRED_FIELD_MISSING"
    );
}

#[test]
fn a_new_record_gets_the_defaults_of_picklists_and_a_number() {
    let org = org();
    let (_, made) = created(&org, &json!({}));
    assert_eq!(org.records("Lead")[0]["Id"], made["id"]);
    assert_eq!(org.records("Lead")[0]["Status"], "Open - Not Contacted");
    call(&org, "POST", "sobjects/Case", &json!({"Subject": "Broken"}));
    let case = &org.records("Case")[0];
    assert_eq!(
        [&case["CaseNumber"], &case["Status"], &case["Priority"]],
        ["00000001", "New", "Medium"]
    );
}

#[test]
fn a_reference_to_a_record_that_is_not_there_is_refused() {
    let contact = json!({"LastName": "Doe", "AccountId": "0015g0000000009AAA"});
    for (names_field, fields) in [(false, json!([])), (true, json!(["AccountId"]))] {
        let org = Simulator::builder()
            .cross_references_name_fields(names_field)
            .build();
        let answer = call(&org, "POST", "sobjects/Contact", &contact);
        assert_eq!(
            refusal(&answer),
            (400, "INVALID_CROSS_REFERENCE_KEY", &fields)
        );
        let account = org.insert("Account", json!({"Name": "Acme"})).unwrap();
        let contact = json!({"LastName": "Doe", "AccountId": account});
        assert_eq!(call(&org, "POST", "sobjects/Contact", &contact).0, 201);
    }
}

#[test]
fn a_unique_value_is_taken_once() {
    let org = org();
    let (_, first) = created(&org, &json!({"Member__c": "a1"}));
    let answer = created(&org, &json!({"Member__c": "A1"}));
    assert_eq!(refusal(&answer), (400, "DUPLICATE_VALUE", &json!([])));
    assert_eq!(
        answer.1[0]["message"],
        format!(
            "duplicate value found: Member__c duplicates value on record with id: {}",
            first["id"].as_str().unwrap()
        )
    );
}

#[test]
fn a_collection_refuses_a_record_by_its_values_alone() {
    let org = org();
    let records = json!({"records": [
        item("Lead", &lead(&json!({}))),
        item("Lead", &lead(&json!({"Tier__c": "iron"}))),
        item("Lead", &lead(&json!({"no_such": "x"}))),
    ]});
    let (status, results) = call(&org, "POST", "composite/sobjects", &records);
    assert_eq!(status, 200);
    let codes = results.as_array().unwrap().iter().map(code);
    assert_eq!(
        codes.collect::<Vec<_>>(),
        [
            "",
            "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
            "INVALID_FIELD"
        ]
    );
    assert_eq!(results[1]["errors"][0]["fields"], json!(["Tier__c"]));
}

#[test]
fn what_cannot_be_read_refuses_the_whole_collection_or_its_record() {
    let records = |more: Value| json!({"records": [item("Lead", &lead(&more)), item("Lead", &lead(&json!({})))]});
    for (refuses, expected) in [(true, 0), (false, 1)] {
        let org = Simulator::builder()
            .wrong_type_refuses_collection(refuses)
            .unknown_field_refuses_collection(refuses)
            .build();
        for more in [json!({"AnnualRevenue": "much"}), json!({"no_such": 1})] {
            let before = org.records("Lead").len();
            let (status, _) = call(&org, "POST", "composite/sobjects", &records(more));
            assert_eq!(status, if refuses { 400 } else { 200 });
            assert_eq!(org.records("Lead").len() - before, expected);
        }
    }
}
