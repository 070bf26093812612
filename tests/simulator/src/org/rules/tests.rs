//! What assignment and duplicate rules do to a call.

use std::time::{Duration, Instant};

use axum::http::{HeaderMap, HeaderName};
use serde_json::{Value, json};

use crate::{Builder, DuplicateRule, PartHeaders, Simulator, fault::Delivery, operation::Request};

const ACTIVE: &str = "01Q5g0000000001EAA";
const INACTIVE: &str = "01Q5g0000000002EAA";
const UNKNOWN: &str = "01Q5g0000000009EAA";
const QUEUE: &str = "00G5g0000000001EAA";
const OTHER_QUEUE: &str = "00G5g0000000002EAA";
const AUTO_ASSIGN: &str = "sforce-auto-assign";
const DUPLICATES: &str = "sforce-duplicate-rule-header";

/// A call of the first user's to a resource of API version 60.
fn call(
    org: &Simulator,
    (method, resource): (&str, &str),
    headers: &[(&'static str, &str)],
    body: &Value,
) -> (u16, Value) {
    call_in("v60.0", org, (method, resource), headers, body)
}

fn call_in(
    version: &str,
    org: &Simulator,
    (method, resource): (&str, &str),
    headers: &[(&'static str, &str)],
    body: &Value,
) -> (u16, Value) {
    let token = org.session();
    let header = |(name, value): &(&'static str, &str)| {
        (HeaderName::from_static(name), value.parse().unwrap())
    };
    let headers: HeaderMap = headers.iter().map(header).collect();
    let url = format!("/services/data/{version}/{resource}");
    let (path, query) = url
        .split_once('?')
        .map_or((url.as_str(), None), |(path, query)| (path, Some(query)));
    let body = body.to_string();
    let request = Request {
        method,
        path,
        query,
        headers: &headers,
        body: body.as_bytes(),
    };
    match org.state().serve(Some(&token), &request).delivery {
        Delivery::Answer(answer) => (answer.status.as_u16(), answer.body.unwrap_or_default()),
        other => panic!("{other:?}"),
    }
}

fn lead(extra: Value) -> Value {
    let mut lead = json!({"LastName": "Doe", "Company": "Acme"});
    lead.as_object_mut()
        .unwrap()
        .extend(serde_json::from_value::<crate::record::Record>(extra).unwrap());
    lead
}

fn rows(object: &str, records: &[Value]) -> Value {
    let row = |record: &Value| {
        let mut row = record.clone();
        row["attributes"] = json!({"type": object});
        row
    };
    json!({"records": records.iter().map(row).collect::<Vec<_>>()})
}

fn owner(org: &Simulator, object: &str) -> String {
    org.records(object).pop().unwrap()["OwnerId"]
        .as_str()
        .unwrap()
        .to_owned()
}

fn org_with_assignment_rules() -> Simulator {
    Simulator::builder()
        .user("user@example.com", "password", "token")
        .assignment_rule("Lead", ACTIVE, QUEUE, true)
        .assignment_rule("Lead", INACTIVE, OTHER_QUEUE, false)
        .build()
}

/// Creates a lead with this header and returns its owner.
fn created_with(org: &Simulator, value: Option<&str>) -> String {
    let headers: Vec<_> = value
        .map(|value| (AUTO_ASSIGN, value))
        .into_iter()
        .collect();
    let (status, answer) = call(org, ("POST", "sobjects/Lead"), &headers, &lead(json!({})));
    assert_eq!(status, 201, "{answer}");
    owner(org, "Lead")
}

#[test]
fn the_active_rule_owns_what_is_created_unless_the_header_says_no() {
    let org = org_with_assignment_rules();
    let user = org.user_id("user@example.com").unwrap();
    for (header, owner) in [
        (None, QUEUE),
        (Some("TRUE"), QUEUE),
        (Some("true"), QUEUE),
        (Some("FALSE"), user.as_str()),
        (Some("false"), user.as_str()),
        (Some(INACTIVE), OTHER_QUEUE),
        (Some(&INACTIVE[..15]), OTHER_QUEUE),
    ] {
        assert_eq!(created_with(&org, header), owner, "{header:?}");
    }
    assert_eq!(org.owners_changed(), 0);
}

#[test]
fn a_rule_overrides_the_owner_whom_the_record_names() {
    let org = org_with_assignment_rules();
    let named = lead(json!({"OwnerId": OTHER_QUEUE}));
    call(&org, ("POST", "sobjects/Lead"), &[], &named);
    assert_eq!(owner(&org, "Lead"), QUEUE);
    call(
        &org,
        ("POST", "sobjects/Lead"),
        &[(AUTO_ASSIGN, "FALSE")],
        &named,
    );
    assert_eq!(owner(&org, "Lead"), OTHER_QUEUE);
}

#[test]
fn an_update_moves_a_lead_to_the_rules_owner_unless_the_header_says_no() {
    let org = org_with_assignment_rules();
    let id = org.insert("Lead", lead(json!({}))).unwrap();
    let user = org.user_id("user@example.com").unwrap();
    let resource = format!("sobjects/Lead/{id}");
    let rome = json!({"City": "Rome"});
    assert_eq!(
        call(&org, ("PATCH", &resource), &[(AUTO_ASSIGN, "FALSE")], &rome).0,
        204
    );
    assert_eq!((owner(&org, "Lead"), org.owners_changed()), (user, 0));
    for owners_changed in [1, 1] {
        assert_eq!(call(&org, ("PATCH", &resource), &[], &rome).0, 204);
        assert_eq!(owner(&org, "Lead"), QUEUE);
        assert_eq!(org.owners_changed(), owners_changed);
    }
}

#[test]
fn a_rule_id_that_is_none_or_no_rules_refuses_the_write() {
    let org = org_with_assignment_rules();
    for (header, code) in [
        ("maybe", "MALFORMED_ID"),
        (UNKNOWN, "INVALID_CROSS_REFERENCE_KEY"),
    ] {
        let (status, answer) = call(
            &org,
            ("POST", "sobjects/Lead"),
            &[(AUTO_ASSIGN, header)],
            &lead(json!({})),
        );
        assert_eq!(
            (status, &answer[0]["errorCode"]),
            (400, &json!(code)),
            "{header}"
        );
    }
    assert_eq!(org.records("Lead"), Vec::<Value>::new());
}

#[test]
fn cases_and_accounts_are_assigned_and_contacts_are_not() {
    let org = Simulator::builder()
        .user("user@example.com", "password", "token")
        .assignment_rule("Case", ACTIVE, QUEUE, true)
        .assignment_rule("Account", INACTIVE, OTHER_QUEUE, true)
        .assignment_rule("Contact", UNKNOWN, QUEUE, true)
        .build();
    let user = org.user_id("user@example.com").unwrap();
    for (object, record, expected) in [
        ("Case", json!({"Subject": "x"}), QUEUE),
        ("Account", json!({"Name": "x"}), OTHER_QUEUE),
        ("Contact", json!({"LastName": "x"}), &user),
    ] {
        let (status, answer) = call(&org, ("POST", &format!("sobjects/{object}")), &[], &record);
        assert_eq!(status, 201, "{answer}");
        assert_eq!(owner(&org, object), expected, "{object}");
    }
    // All rules of accounts apply: none can be chosen.
    call(
        &org,
        ("POST", "sobjects/Account"),
        &[(AUTO_ASSIGN, UNKNOWN)],
        &json!({"Name": "y"}),
    );
    assert_eq!(owner(&org, "Account"), OTHER_QUEUE);
    assert!(
        org.records("Case")[0]["Id"]
            .as_str()
            .unwrap()
            .starts_with("500")
    );
}

#[test]
fn a_query_finds_the_rules_of_either_kind() {
    let org = Simulator::builder()
        .assignment_rule("Lead", ACTIVE, QUEUE, true)
        .matching(DuplicateRule::new("Lead", "Same_Phone", &["Phone"]).inactive())
        .build();
    let found = |soql: &str| {
        let resource = format!("query?q={}", soql.replace(' ', "+"));
        let mut record = call(&org, ("GET", &resource), &[], &Value::Null).1["records"][0].clone();
        record.as_object_mut().unwrap().remove("attributes");
        record
    };
    assert_eq!(
        found("SELECT Id, Name, Active, SobjectType FROM AssignmentRule WHERE Active = TRUE"),
        json!({"Id": ACTIVE, "Name": "Lead assignment", "Active": true, "SobjectType": "Lead"})
    );
    assert_eq!(
        found("SELECT DeveloperName, MasterLabel, SobjectType, IsActive FROM DuplicateRule"),
        json!({"DeveloperName": "Same_Phone", "MasterLabel": "Same Phone", "SobjectType": "Lead", "IsActive": false})
    );
}

/// The owners of two leads that a Composite creates, as a row and in a Collection, where the request says FALSE or the parts do.
fn owners_of_parts(headers: PartHeaders, outer: bool) -> Vec<bool> {
    let builder = Simulator::builder().assignment_rule("Lead", ACTIVE, QUEUE, true);
    let org = builder.part_headers(headers).build();
    let no = json!({"Sforce-Auto-Assign": "FALSE"});
    let part = |reference: &str, resource: &str, body: Value| {
        let own = if outer { json!({}) } else { no.clone() };
        let url = format!("/services/data/v60.0/{resource}");
        json!({"method": "POST", "url": url, "referenceId": reference, "httpHeaders": own, "body": body})
    };
    let parts = json!({"compositeRequest": [
        part("row", "sobjects/Lead", lead(json!({}))),
        part("collection", "composite/sobjects", rows("Lead", &[lead(json!({}))])),
    ]});
    let outer: &[_] = if outer {
        &[(AUTO_ASSIGN, "FALSE")]
    } else {
        &[]
    };
    assert_eq!(call(&org, ("POST", "composite"), outer, &parts).0, 200);
    let leads = org.records("Lead");
    leads.iter().map(|lead| lead["OwnerId"] == QUEUE).collect()
}

#[test]
fn a_parts_own_header_counts_and_not_that_of_the_request_unless_told_otherwise() {
    for (headers, by_part, by_request) in [
        (PartHeaders::OfThePart, [false, false], [true, true]),
        (
            PartHeaders::OfTheRequestForCollections,
            [false, true],
            [true, false],
        ),
        (PartHeaders::OfTheRequest, [true, true], [false, false]),
    ] {
        assert_eq!(owners_of_parts(headers, false), by_part, "{headers:?}");
        assert_eq!(owners_of_parts(headers, true), by_request, "{headers:?}");
    }
}

fn same_phone() -> DuplicateRule {
    DuplicateRule::new("Lead", "Same_Phone", &["Phone"])
}

/// An org of these rules with a lead, and the lead's id.
fn org_with(builder: Builder) -> (Simulator, String) {
    let org = builder.build();
    let id = org
        .insert(
            "Lead",
            lead(json!({"Phone": "555-1", "Email": "Jane@x.com"})),
        )
        .unwrap();
    (org, id)
}

fn create(org: &Simulator, version: &str, header: &str, extra: Value) -> (u16, Value) {
    call_in(
        version,
        org,
        ("POST", "sobjects/Lead"),
        &[(DUPLICATES, header)],
        &lead(extra),
    )
}

#[test]
fn a_block_rule_refuses_a_duplicate_and_says_what_it_has_found() {
    let (org, id) = org_with(Simulator::builder().matching(same_phone()));
    let refusal = json!([{
        "duplicateResut": {
            "allowSave": false,
            "duplicateRule": "Same_Phone",
            "duplicateRuleEntityType": "Lead",
            "errorMessage": "Use one of these records?",
            "matchResults": [{
                "entityType": "Lead",
                "errors": [],
                "matchEngine": "ExactMatchEngine",
                "matchRecords": [{
                    "additionalInformation": [],
                    "fieldDiffs": [],
                    "matchConfidence": 100,
                    "record": {
                        "attributes": {"type": "Lead", "url": format!("/services/data/v60.0/sobjects/Lead/{id}")},
                        "Id": id,
                    },
                }],
                "rule": "Same_Phone_Match",
                "size": 1,
                "success": true,
            }],
        },
        "errorCode": "DUPLICATES_DETECTED",
        "message": "Use one of these records?",
    }]);
    let answer = create(&org, "v60.0", "allowSave=true", json!({"Phone": "555-1"}));
    assert_eq!(answer, (400, refusal));
    assert_eq!(create(&org, "v60.0", "", json!({"Phone": "555-2"})).0, 201);
    assert_eq!(create(&org, "v60.0", "", json!({})).0, 201);
}

#[test]
fn an_alert_rule_lets_a_duplicate_pass_whose_saving_is_asked_for_from_version_52() {
    let (org, _) = org_with(Simulator::builder().matching(same_phone().alert()));
    for (version, header, status) in [
        ("v60.0", "", 400),
        ("v60.0", "allowSave=false", 400),
        ("v51.0", "allowSave=true", 400),
        (
            "v52.0",
            "includeRecordDetails=true; allowSave=true; runAsCurrentUser=true",
            201,
        ),
    ] {
        let (answered, answer) = create(&org, version, header, json!({"Phone": "555-1"}));
        assert_eq!(answered, status, "{version} {header}: {answer}");
        if status == 400 {
            assert_eq!(answer[0]["duplicateResut"]["allowSave"], true);
        }
    }
}

#[test]
fn a_lead_rule_finds_a_contact() {
    let rule = DuplicateRule::new("Lead", "Known_Contact", &["Email"]).finding("Contact");
    let (org, _) = org_with(Simulator::builder().matching(rule));
    let contact = org
        .insert("Contact", json!({"LastName": "Doe", "Email": "jane@X.com"}))
        .unwrap();
    let (_, answer) = create(&org, "v60.0", "", json!({"Email": "jane@x.com"}));
    let result = &answer[0]["duplicateResut"];
    assert_eq!(result["duplicateRuleEntityType"], "Lead");
    let found = &result["matchResults"][0];
    assert_eq!(found["entityType"], "Contact");
    assert_eq!(
        found["matchRecords"][0]["record"]["attributes"]["type"],
        "Contact"
    );
    assert_eq!(found["matchRecords"][0]["record"]["Id"], contact.as_str());
}

#[test]
fn a_fuzzy_rule_is_less_than_sure_of_what_differs() {
    let (org, id) = org_with(Simulator::builder().matching(same_phone().fuzzy(80)));
    let equal = org.insert("Lead", lead(json!({"Phone": "5551"}))).unwrap();
    let (_, answer) = create(&org, "v60.0", "", json!({"Phone": "5551"}));
    let found = &answer[0]["duplicateResut"]["matchResults"][0];
    assert_eq!(
        (&found["matchEngine"], &found["size"]),
        (&json!("FuzzyMatchEngine"), &json!(2))
    );
    for (record, (id, confidence)) in [(id, 80), (equal, 100)].iter().enumerate() {
        let record = &found["matchRecords"][record];
        assert_eq!(
            (&record["record"]["Id"], &record["matchConfidence"]),
            (&json!(id), &json!(confidence))
        );
    }
}

#[test]
fn the_records_that_were_found_are_shown_where_the_header_asks_for_them() {
    let (org, _) = org_with(Simulator::builder().matching(same_phone()));
    for (header, email) in [
        ("includeRecordDetails=true", json!("Jane@x.com")),
        ("", json!(null)),
    ] {
        let (_, answer) = create(&org, "v60.0", header, json!({"Phone": "555-1"}));
        let found = &answer[0]["duplicateResut"]["matchResults"][0]["matchRecords"][0];
        assert_eq!(found["record"]["Email"], email, "{header}");
    }
}

#[test]
fn an_update_is_judged_where_it_touches_what_a_rule_compares() {
    let (org, _) = org_with(Simulator::builder().matching(same_phone()));
    let other = org.insert("Lead", lead(json!({"Phone": "555-1"}))).unwrap();
    let resource = format!("sobjects/Lead/{other}");
    let change = |body: Value| call(&org, ("PATCH", &resource), &[], &body).0;
    assert_eq!(change(json!({"City": "Rome"})), 204);
    assert_eq!(change(json!({"Phone": "555-1"})), 400);
    assert_eq!(change(json!({"Phone": "555-2"})), 204);
    assert_eq!(change(json!({"Phone": "555-2"})), 204);
}

#[test]
fn deleted_and_changed_records_are_no_duplicates_any_more() {
    let (org, id) = org_with(Simulator::builder().matching(same_phone()));
    org.update("Lead", &id, json!({"Phone": "555-2"})).unwrap();
    assert_eq!(create(&org, "v60.0", "", json!({"Phone": "555-1"})).0, 201);
    org.delete("Lead", &id).unwrap();
    assert_eq!(create(&org, "v60.0", "", json!({"Phone": "555-2"})).0, 201);
}

#[test]
fn a_rule_says_what_its_admin_has_written() {
    let (org, _) = org_with(Simulator::builder().matching(same_phone().saying("Known already")));
    let (_, answer) = create(&org, "v60.0", "", json!({"Phone": "555-1"}));
    let said = (
        &answer[0]["message"],
        &answer[0]["duplicateResut"]["errorMessage"],
    );
    assert_eq!(said, (&json!("Known already"), &json!("Known already")));
}

#[test]
fn an_inactive_rule_judges_nothing() {
    let (org, _) = org_with(Simulator::builder().matching(same_phone().inactive()));
    assert_eq!(create(&org, "v60.0", "", json!({"Phone": "555-1"})).0, 201);
}

/// The error of a duplicate in a Collection.
fn error_in_collection(builder: Builder) -> Value {
    let (org, _) = org_with(builder.matching(same_phone()));
    let records = rows("Lead", &[lead(json!({"Phone": "555-1"}))]);
    let (status, answer) = call(&org, ("POST", "composite/sobjects"), &[], &records);
    assert_eq!(status, 200);
    answer[0]["errors"][0].clone()
}

#[test]
fn a_collection_tells_what_was_found_unless_the_org_does_not() {
    let builder = Simulator::builder;
    let error = error_in_collection(builder());
    assert_eq!(
        (&error["statusCode"], &error["fields"]),
        (&json!("DUPLICATES_DETECTED"), &json!([]))
    );
    assert_eq!(error["duplicateResut"]["duplicateRule"], "Same_Phone");
    let well_spelt = error_in_collection(builder().duplicate_result_well_spelt());
    assert_eq!(well_spelt["duplicateResult"], error["duplicateResut"]);
    assert_eq!(
        error_in_collection(builder().collections_without_matches()),
        json!({"statusCode": "DUPLICATES_DETECTED", "message": "Use one of these records?", "fields": []})
    );
}

#[test]
fn the_row_of_an_org_whose_collections_tell_nothing_tells() {
    let builder = Simulator::builder()
        .collections_without_matches()
        .duplicate_result_well_spelt();
    let (org, _) = org_with(builder.matching(same_phone()));
    let (_, answer) = create(&org, "v60.0", "", json!({"Phone": "555-1"}));
    assert_eq!(answer[0]["duplicateResult"]["duplicateRule"], "Same_Phone");
}

#[test]
fn ten_thousand_records_are_compared_without_a_look_at_each() {
    let rule = DuplicateRule::new("Lead", "Same_Email", &["Email"]).fuzzy(90);
    let org = Simulator::builder()
        .unique_field("Lead", "Key__c", crate::FieldType::Text)
        .matching(rule)
        .daily_limit(1_000_000)
        .build();
    let start = Instant::now();
    for number in 0..10_000 {
        let record =
            lead(json!({"Email": format!("{number}@x.com"), "Key__c": format!("{number}")}));
        assert_eq!(call(&org, ("POST", "sobjects/Lead"), &[], &record).0, 201);
    }
    // A look at each would be 200 million comparisons.
    assert!(
        start.elapsed() < Duration::from_secs(20),
        "{:?}",
        start.elapsed()
    );
    let (_, answer) = create(&org, "v60.0", "", json!({"Email": "4999@x.com"}));
    assert_eq!(answer[0]["errorCode"], "DUPLICATES_DETECTED");
    let (_, answer) = create(&org, "v60.0", "", json!({"Key__c": "4999"}));
    assert_eq!(answer[0]["errorCode"], "DUPLICATE_VALUE");
}

#[test]
fn the_user_interface_api_finds_duplicates_of_a_record_that_is_not_written() {
    let (org, id) = org_with(Simulator::builder().matching(same_phone().alert()));
    let predupe = |version: &str, phone: &str| {
        let asked = json!({"apiName": "Lead", "fields": lead(json!({"Phone": phone}))});
        call_in(version, &org, ("POST", "ui-api/predupe"), &[], &asked)
    };
    let known = org.records("Lead")[0]["Phone"].as_str().unwrap().to_owned();
    let (status, found) = predupe("v50.0", &known);
    assert_eq!(status, 200, "{found}");
    assert_eq!(found["duplicateError"], true);
    assert_eq!(found["allowSave"], true);
    assert_eq!(found["matches"][0]["matchRecordIds"], json!([id]));
    let (_, none) = predupe("v50.0", "another");
    assert_eq!(
        (&none["duplicateError"], &none["matches"]),
        (&json!(false), &json!([]))
    );
    assert_eq!(predupe("v49.0", &known).0, 404);
    assert_eq!(
        call(&org, ("GET", "ui-api/predupe"), &[], &Value::Null).0,
        405
    );
    assert_eq!(org.records("Lead").len(), 1);
}
