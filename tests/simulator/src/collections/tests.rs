//! What a collection answers for each of its records.

use super::*;

fn written(org: &mut Org, collection: Collection, records: &Value) -> Result<Value, Refusal> {
    let body = json!({"allOrNone": false, "records": records}).to_string();
    let answer = answer(org, &Caller::inside(), collection, body.as_bytes())?;
    Ok(answer.body.unwrap())
}

fn lead(name: &str) -> Value {
    json!({"attributes": {"type": "Lead"}, "LastName": name, "Company": "Acme"})
}

#[test]
fn each_record_has_its_own_result_in_order() {
    let mut org = Org::new();
    let records =
        json!([lead("Doe"), {"attributes": {"type": "Lead"}}, lead("Roe"), {"LastName": "x"}]);
    let results = written(&mut org, Collection::Create, &records).unwrap();
    let codes = results
        .as_array()
        .unwrap()
        .iter()
        .map(|result| result["errors"][0]["statusCode"].as_str());
    assert_eq!(
        codes.collect::<Vec<_>>(),
        [
            None,
            Some("REQUIRED_FIELD_MISSING"),
            None,
            Some("INVALID_INPUT")
        ]
    );
    assert_eq!((org.records("Lead").len(), org.collection_records), (2, 4));
}

#[test]
fn a_value_of_the_wrong_type_refuses_the_whole_and_nothing_is_written() {
    let mut org = Org::new();
    let mut poisoned = lead("Roe");
    poisoned["AnnualRevenue"] = json!("much");
    let refusal = written(
        &mut org,
        Collection::Create,
        &json!([lead("Doe"), poisoned]),
    )
    .unwrap_err();
    assert_eq!(
        (refusal.code().1, org.records("Lead").len()),
        ("JSON_PARSER_ERROR", 0)
    );
}

#[test]
fn updates_name_their_records_and_none_twice() {
    let mut org = Org::new();
    let created = written(
        &mut org,
        Collection::Create,
        &json!([lead("Doe"), lead("Roe")]),
    )
    .unwrap();
    let change = |id: &Value| json!({"attributes": {"type": "Lead"}, "id": id, "City": "Rome"});
    let (doe, roe) = (&created[0]["id"], &created[1]["id"]);
    let gone = json!("00Q5g0000000099EAA");
    let records = json!([change(doe), change(roe), change(roe), change(&gone)]);
    let results = written(&mut org, Collection::Update, &records).unwrap();
    let success: Vec<_> = results
        .as_array()
        .unwrap()
        .iter()
        .map(|result| result["success"].as_bool().unwrap())
        .collect();
    assert_eq!(success, [true, false, false, false]);
}

#[test]
fn locks_and_apex_limits_refuse_records_that_may_be_tried_again() {
    let mut org = Org::new();
    org.locked = 1;
    let results = written(
        &mut org,
        Collection::Create,
        &json!([lead("Doe"), lead("Roe")]),
    )
    .unwrap();
    assert_eq!(results[0]["errors"][0]["statusCode"], "UNABLE_TO_LOCK_ROW");
    assert_eq!(results[1]["success"], true);
    org.apex_limits.push(("Lead".into(), 1));
    let results = written(&mut org, Collection::Create, &json!([lead("A"), lead("B")])).unwrap();
    assert_eq!(
        results[1]["errors"][0]["statusCode"],
        "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY"
    );
    assert_eq!(org.records("Lead").len(), 1);
}

#[test]
fn more_than_200_records_are_refused() {
    let records: Vec<Value> = (0..201).map(|_| lead("x")).collect();
    let refusal = written(&mut Org::new(), Collection::Create, &json!(records)).unwrap_err();
    assert_eq!(refusal.code().1, "EXCEEDED_ID_LIMIT");
}

#[test]
fn a_unique_field_takes_no_value_twice() {
    let mut org = Org::new();
    org.make_unique("Lead", "Phone");
    let with = |phone: &str| {
        let mut lead = lead("Doe");
        lead["Phone"] = json!(phone);
        lead
    };
    let results = written(
        &mut org,
        Collection::Create,
        &json!([with("a1"), with("A1")]),
    )
    .unwrap();
    let error = &results[1]["errors"][0];
    assert_eq!(error["statusCode"], "DUPLICATE_VALUE");
    assert!(
        error["message"]
            .as_str()
            .unwrap()
            .contains(results[0]["id"].as_str().unwrap())
    );
}
