//! The ordinary org, objects of hundreds of fields, and what an org's admin may add: fields to be read only, validation rules.

use salesforce_simulator::{Simulator, ValidationRule};
use serde_json::{Value, json};

use super::{call, code, item, lead, refusal, send};

const USER: &str = "crm@acme.example";

fn ordinary() -> Simulator {
    Simulator::builder()
        .user(USER, "pw", "token")
        .user("admin@acme.example", "pw", "token")
        .ordinary(USER)
        .build()
}

/// The description of an object, as a user sees it.
fn described(org: &Simulator, user: &str, object: &str) -> Vec<Value> {
    let session = org.session_of(user).unwrap();
    let resource = format!("sobjects/{object}/describe");
    let request = ("GET", "v60.0", resource.as_str());
    let (_, _, mut description) = send(org, &session, request, &[], &Value::Null);
    serde_json::from_value(description["fields"].take()).unwrap()
}

fn flags<'a>(fields: &'a [Value], name: &str, flags: [&str; 2]) -> Option<[&'a Value; 2]> {
    let field = fields.iter().find(|field| field["name"] == name)?;
    Some(flags.map(|flag| &field[flag]))
}

#[test]
fn an_ordinary_lead_has_about_sixty_standard_fields_and_custom_ones_of_each_type() {
    let fields = described(&ordinary(), USER, "Lead");
    let (custom, standard): (Vec<_>, Vec<_>) =
        fields.iter().partition(|field| field["custom"] == true);
    assert_eq!((standard.len(), custom.len()), (61, 23));
    for kind in [
        "string",
        "textarea",
        "email",
        "phone",
        "url",
        "picklist",
        "multipicklist",
        "double",
        "currency",
        "percent",
        "boolean",
        "reference",
        "date",
        "datetime",
    ] {
        assert!(custom.iter().any(|field| field["type"] == kind), "{kind}");
    }
}

#[test]
fn a_field_that_a_user_may_only_read_is_described_so_and_refused() {
    let org = ordinary();
    let writable = ["createable", "updateable"];
    let mine = described(&org, USER, "Lead");
    assert_eq!(flags(&mine, "Risk__c", writable), Some([&json!(false); 2]));
    assert_eq!(flags(&mine, "Credit_Limit__c", writable), None);
    let theirs = described(&org, "admin@acme.example", "Lead");
    for field in ["Risk__c", "Credit_Limit__c"] {
        assert_eq!(flags(&theirs, field, writable), Some([&json!(true); 2]));
    }
    let write = |user: &str| {
        let session = org.session_of(user).unwrap();
        let request = ("POST", "v60.0", "sobjects/Lead");
        let (status, _, body) = send(
            &org,
            &session,
            request,
            &[],
            &lead(&json!({"Risk__c": "high"})),
        );
        (status, body)
    };
    assert_eq!(
        refusal(&write(USER)),
        (400, "INVALID_FIELD_FOR_INSERT_UPDATE", &json!(["Risk__c"]))
    );
    assert_eq!(write("admin@acme.example").0, 201);
}

#[test]
fn a_description_lists_values_that_the_record_type_does_not_have() {
    let org = ordinary();
    let fields = described(&org, USER, "Lead");
    let values = flags(
        &fields,
        "Channel__c",
        ["picklistValues", "restrictedPicklist"],
    )
    .unwrap()[0];
    assert_eq!(values[2]["value"], "fax");
    let write = |channel: &str| {
        call(
            &org,
            "POST",
            "sobjects/Lead",
            &lead(&json!({"Channel__c": channel})),
        )
    };
    assert_eq!(write("phone").0, 201);
    assert_eq!(
        refusal(&write("fax")),
        (
            400,
            "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
            &json!(["Channel__c"])
        )
    );
}

#[test]
fn an_object_has_as_many_fields_as_are_asked_for() {
    let org = Simulator::builder()
        .user(USER, "pw", "token")
        .wide_object("Wide__c", 500)
        .build();
    let fields = described(&org, USER, "Wide__c");
    assert_eq!(
        fields
            .iter()
            .filter(|field| field["custom"] == true)
            .count(),
        500
    );
    let values = json!({"Field_000__c": "x", "Field_001__c": "value_3", "Field_499__c": "https://x.example"});
    assert_eq!(
        call(&org, "POST", "sobjects/Wide__c", &values).0,
        400,
        "the last one is an amount"
    );
    let values = json!({"Field_000__c": "x", "Field_001__c": "value_3", "Field_003__c": true});
    assert_eq!(call(&org, "POST", "sobjects/Wide__c", &values).0, 201);
}

#[test]
fn a_validation_rule_refuses_in_its_admins_words() {
    let rule = |field| ValidationRule::new("Lead", field, "Atlantis", "We do not sell there.");
    let org = Simulator::builder()
        .validation_rule(rule("City"))
        .validation_rule(rule("Country").at_field())
        .build();
    let code = "FIELD_CUSTOM_VALIDATION_EXCEPTION";
    for (field, fields) in [("City", json!([])), ("Country", json!(["Country"]))] {
        let answer = call(
            &org,
            "POST",
            "sobjects/Lead",
            &lead(&json!({field: "Atlantis"})),
        );
        assert_eq!(refusal(&answer), (400, code, &fields));
        assert_eq!(answer.1[0]["message"], "We do not sell there.");
    }
    let (_, made) = call(
        &org,
        "POST",
        "sobjects/Lead",
        &lead(&json!({"City": "Rome"})),
    );
    let url = format!("sobjects/Lead/{}", made["id"].as_str().unwrap());
    assert_eq!(call(&org, "PATCH", &url, &json!({"Title": "Dr."})).0, 204);
    assert_eq!(
        refusal(&call(&org, "PATCH", &url, &json!({"City": "Atlantis"}))).1,
        code
    );
}

#[test]
fn records_that_are_not_written_are_counted() {
    let org = ordinary();
    let refused = || org.calls().refused_records;
    call(
        &org,
        "POST",
        "sobjects/Lead",
        &lead(&json!({"plan__c": "gold"})),
    );
    assert_eq!(refused(), 1);
    let collection = |more: Value| json!({"records": [item("Lead", &lead(&more)), item("Lead", &lead(&json!({})))]});
    let bad = collection(json!({"plan__c": "gold"}));
    let (_, results) = call(&org, "POST", "composite/sobjects", &bad);
    assert_eq!(code(&results[0]), "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST");
    assert_eq!(refused(), 2);
    let unreadable = collection(json!({"Renewal__c": "soon"}));
    assert_eq!(call(&org, "POST", "composite/sobjects", &unreadable).0, 400);
    assert_eq!(refused(), 4, "the whole collection");
}
