//! Tests of values: texts, conversions, picklists, places and references.

use super::*;

/// What becomes of one field, and why.
fn value(field: &str, json: &str) -> (Option<Value>, Option<String>) {
    let done = fitted(&format!(r#"{{"{field}":{json}}}"#));
    let reason = done.changes.first();
    let reason = reason.map(|change| change.split_once(": ").unwrap().1.to_owned());
    (done.fields.get(field).cloned(), reason)
}

#[track_caller]
fn becomes(field: &str, json: &str, expected: Value, reason: &str) {
    let reason = Some(reason.to_owned());
    assert_eq!(
        value(field, json),
        (Some(expected), reason),
        "{field}: {json}"
    );
}

#[track_caller]
fn is_left_out(field: &str, json: &str, reason: &str) {
    let reason = Some(reason.to_owned());
    assert_eq!(value(field, json), (None, reason), "{field}: {json}");
}

#[track_caller]
fn stays(field: &str, json: &str) {
    let expected = serde_json::from_str(json).unwrap();
    assert_eq!(
        value(field, json),
        (Some(expected), None),
        "{field}: {json}"
    );
}

#[test]
fn a_text_is_cut_to_the_characters_of_its_field() {
    becomes("Title", r#""12345678901""#, json!("1234567890"), "too_long");
    becomes("Title", r#""ääääääääää€""#, json!("ääääääääää"), "too_long");
    becomes(
        "Description",
        r#""123456789 123456789\n1""#,
        json!("123456789 123456789\n"),
        "too_long",
    );
    stays("Title", r#""ääääääääää""#);
    stays(
        "Title",
        r#""\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4""#,
    );
}

#[test]
fn a_text_is_left_out_where_a_part_of_it_would_mean_something_else() {
    let long = format!(r#""{}@example.com""#, "x".repeat(80));
    is_left_out("Email", &long, "too_long");
    is_left_out("Phone", &long, "too_long");
    is_left_out("Website", &long, "too_long");
    is_left_out("Serial__c", r#""12345678901""#, "too_long");
    is_left_out("Title", "12345678901", "too_long");
}

#[test]
fn an_email_needs_its_two_parts() {
    for text in [
        r#""jane""#,
        r#""@x.com""#,
        r#""jane@""#,
        r#""jane doe@x.com""#,
        "42",
        "true",
    ] {
        is_left_out("Email", text, "not_an_email");
    }
    stays("Email", r#""""#);
    stays("Email", r#""jane@x.com""#);
}

#[test]
fn a_number_or_a_boolean_becomes_a_text() {
    becomes("Title", "42", json!("42"), "converted");
    becomes("Title", "12.50", json!("12.50"), "converted");
    becomes("Phone", "4930123456", json!("4930123456"), "converted");
    becomes("Title", "true", json!("true"), "converted");
}

#[test]
fn a_text_becomes_a_number_where_it_can_mean_only_one() {
    becomes("AnnualRevenue", r#""42""#, json!(42), "converted");
    becomes("AnnualRevenue", r#""1,200""#, json!(1200), "converted");
    becomes(
        "AnnualRevenue",
        r#""1,200.50""#,
        json!(1200.50),
        "converted",
    );
    becomes("AnnualRevenue", r#""$1,000""#, json!(1000), "converted");
    becomes("NumberOfEmployees", r#""1,200""#, json!(1200), "converted");
    becomes("NumberOfEmployees", "12.0", json!(12), "converted");
    for text in ["1.200", "12 monkeys", "", "1,5"] {
        is_left_out("AnnualRevenue", &format!(r#""{text}""#), "not_a_number");
    }
    is_left_out("AnnualRevenue", "true", "not_a_number");
}

#[test]
fn an_amount_with_a_symbol_is_left_out_where_an_org_has_several_currencies() {
    let object = object(vec![
        field(
            "AnnualRevenue",
            "currency",
            json!({"precision": 18, "scale": 2}),
        ),
        field("CurrencyIsoCode", "picklist", json!({"length": 255})),
    ]);
    let mut fields = as_they_are(
        &members(r#"{"AnnualRevenue":"$1,000"}"#),
        &rules(Compatibility::Documented),
    );
    let done = run(&mut fields, &object, Effect::Update, FIX).unwrap();
    assert_done(&done, json!({}), &["AnnualRevenue: not_a_number"]);
}

#[test]
fn a_number_with_more_digits_than_its_field_is_left_out() {
    stays("Score__c", "999.999");
    is_left_out("Score__c", "1000", "out_of_range");
    is_left_out("Score__c", r#""1,000""#, "out_of_range");
    is_left_out("Score__c", "1e3", "out_of_range");
    is_left_out("NumberOfEmployees", "123456789", "out_of_range");
    is_left_out("NumberOfEmployees", "1.5", "out_of_range");
}

#[test]
fn true_false_yes_no_1_and_0_become_booleans() {
    for json in [r#""true""#, r#""YES""#, r#""1""#, "1"] {
        becomes("Active__c", json, json!(true), "converted");
    }
    for json in [r#""False""#, r#""no""#, r#"" 0 ""#, "0"] {
        becomes("Active__c", json, json!(false), "converted");
    }
    for json in [r#""on""#, r#""2""#, "2", r#""""#] {
        is_left_out("Active__c", json, "not_a_boolean");
    }
}

#[test]
fn a_date_comes_from_an_instant_and_an_instant_from_a_date_or_an_epoch() {
    becomes(
        "Day__c",
        r#""2026-01-31T23:00:00-05:00""#,
        json!("2026-01-31"),
        "converted",
    );
    becomes(
        "At__c",
        r#""2026-01-31""#,
        json!("2026-01-31T00:00:00Z"),
        "converted",
    );
    becomes(
        "At__c",
        "1769846400",
        json!("2026-01-31T08:00:00Z"),
        "converted",
    );
    becomes(
        "At__c",
        "1769846400000",
        json!("2026-01-31T08:00:00Z"),
        "converted",
    );
    for json in [
        r#""01/02/2026""#,
        r#""2026-02-30""#,
        "1769846400",
        r#""""#,
        "true",
    ] {
        is_left_out("Day__c", json, "not_a_date");
    }
    for json in [r#""2026-01-31T08:00:00""#, "20260131", r#""soon""#] {
        is_left_out("At__c", json, "not_a_date");
    }
    stays("Time__c", r#""08:00:00.000Z""#);
    is_left_out("Time__c", "8", "not_a_date");
}

#[test]
fn a_picklist_takes_its_values_in_any_letter_case_or_by_label() {
    stays("Rating", r#""hot""#);
    becomes("Rating", r#""HOT""#, json!("hot"), "picklist_spelling");
    becomes("Rating", r#""very HOT""#, json!("hot"), "picklist_spelling");
    becomes("Rating", r#"" cold ""#, json!("cold"), "picklist_spelling");
    is_left_out("Rating", r#""warm""#, "not_in_picklist");
    is_left_out("Rating", r#"["hot"]"#, "structure");
    stays("Rating", r#""""#);
}

#[test]
fn a_picklist_that_is_not_restricted_takes_other_values_too() {
    stays("Tier__c", r#""silver""#);
    becomes("Tier__c", r#""GOLD""#, json!("gold"), "picklist_spelling");
    becomes("Tier__c", "5", json!("5"), "converted");
    is_left_out("Tier__c", &format!(r#""{}""#, "x".repeat(256)), "too_long");
}

#[test]
fn a_multi_select_takes_an_array_or_a_text_and_each_value_as_a_picklist_does() {
    stays("Tags__c", r#""a;c""#);
    becomes("Tags__c", r#"["a","c"]"#, json!("a;c"), "converted");
    becomes("Tags__c", r#"["A","letter B"]"#, json!("a;b"), "converted");
    becomes("Tags__c", r#""A; b""#, json!("a;b"), "picklist_spelling");
    becomes(
        "Tags__c",
        r#"["a","zz",{"x":1},null]"#,
        json!("a"),
        "not_in_picklist",
    );
    is_left_out("Tags__c", r#"["zz"]"#, "not_in_picklist");
    is_left_out("Tags__c", "[]", "not_in_picklist");
    is_left_out("Tags__c", r#"{"a":1}"#, "structure");
}

#[test]
fn a_reference_takes_ids_by_their_form_and_the_prefix_of_standard_objects() {
    stays("Partner__c", r#""0015e00000B9cDe""#);
    stays("Partner__c", r#""001D000000IqhSLIAZ""#);
    stays("Partner__c", r#""a0X5e00000B9cDe""#);
    is_left_out("Partner__c", r#""00Q5e00000B9cDe""#, "other_object");
    is_left_out("OwnerId", r#""0015e00000B9cDe""#, "other_object");
    for json in [r#""acme""#, r#""001D000000IqhSLIAA""#, "42", r#""""#] {
        is_left_out("Partner__c", json, "not_an_id");
    }
}

#[test]
fn null_clears_every_field() {
    for field in [
        "Title",
        "Score__c",
        "Day__c",
        "Rating",
        "Tags__c",
        "Partner__c",
        "Active__c",
    ] {
        stays(field, "null");
    }
}

/// An org with lists of states and countries.
fn with_places() -> ObjectDescription {
    let states = [
        ("CA", "California"),
        ("NY", "New York"),
        ("WA", "Washington"),
        ("WA", "Western Australia"),
    ];
    let countries = [("US", "United States"), ("AU", "Australia")];
    object(vec![
        field("State", "string", json!({"length": 80})),
        field(
            "StateCode",
            "picklist",
            json!({"length": 10, "picklistValues": values(&states)}),
        ),
        field("Country", "string", json!({"length": 80})),
        field(
            "CountryCode",
            "picklist",
            json!({"length": 10, "picklistValues": values(&countries)}),
        ),
        field("MailingState", "string", json!({"length": 80})),
    ])
}

#[track_caller]
fn places_become(traits: &str, expected: Value, reasons: &[&str]) {
    let mut fields = as_they_are(&members(traits), &rules(Compatibility::Documented));
    let done = run(&mut fields, &with_places(), Effect::Update, FIX).unwrap();
    assert_done(&done, expected, reasons);
}

#[test]
fn a_code_goes_into_the_field_for_codes_and_a_name_into_the_field_for_names() {
    places_become(
        r#"{"State":"CA","Country":"us"}"#,
        json!({"StateCode":"CA","CountryCode":"US"}),
        &["State: state_country", "Country: state_country"],
    );
    places_become(
        r#"{"StateCode":"california","CountryCode":"United States"}"#,
        json!({"State":"California","Country":"United States"}),
        &["StateCode: state_country", "CountryCode: state_country"],
    );
    places_become(
        r#"{"State":"California","CountryCode":"US"}"#,
        json!({"State":"California","CountryCode":"US"}),
        &[],
    );
    places_become(
        r#"{"State":"california","Country":"UNITED STATES"}"#,
        json!({"State":"California","Country":"United States"}),
        &["State: picklist_spelling", "Country: picklist_spelling"],
    );
}

#[test]
fn a_place_that_is_not_listed_is_left_out_and_so_is_a_state_without_a_country() {
    places_become(
        r#"{"Country":"Atlantis"}"#,
        json!({}),
        &["Country: state_country"],
    );
    places_become(r#"{"State":"CA"}"#, json!({}), &["State: state_country"]);
    places_become(
        r#"{"StateCode":"CA"}"#,
        json!({}),
        &["StateCode: state_country"],
    );
    places_become(
        r#"{"StateCode":"CA","Country":"Atlantis"}"#,
        json!({}),
        &["Country: state_country", "StateCode: state_country"],
    );
    places_become(
        r#"{"StateCode":null,"State":""}"#,
        json!({"StateCode":null,"State":""}),
        &[],
    );
    places_become(
        r#"{"MailingState":"anywhere"}"#,
        json!({"MailingState":"anywhere"}),
        &[],
    );
}

#[test]
fn a_name_that_contradicts_the_code_beside_it_is_left_out() {
    places_become(
        r#"{"State":"California","StateCode":"NY","CountryCode":"US"}"#,
        json!({"StateCode":"NY","CountryCode":"US"}),
        &["State: state_country"],
    );
    places_become(
        r#"{"State":"Western Australia","StateCode":"WA","CountryCode":"AU"}"#,
        json!({"State":"Western Australia","StateCode":"WA","CountryCode":"AU"}),
        &[],
    );
    places_become(
        r#"{"State":"CA","StateCode":"NY","CountryCode":"US"}"#,
        json!({"StateCode":"NY","CountryCode":"US"}),
        &["State: state_country", "State: same_field"],
    );
}
