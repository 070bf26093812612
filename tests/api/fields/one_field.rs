//! Which names are one field: it is sent once, and the later trait counts.

use salesforce_simulator::FieldType;
use serde_json::{Value, json};

use super::{ada, described, described_text, in_order, lead, named, sync, with};
use crate::{
    delivery::has_come_to_the_proxy,
    fixtures::{destination, identify, job, known_lead, org},
    inline::{deliver, inline, statuses},
    service::Service,
};

/// What an event writes to.
#[derive(Clone, Copy, Debug)]
enum Record {
    Lead,
    Account,
    SyncedContact,
}

impl Record {
    fn event(self) -> Value {
        match self {
            Self::Lead => {
                let mut event = identify(json!(null));
                event["properties"] = json!({"email": "ada@example.com"});
                event
            }
            Self::Account => named("Account", &json!("001A"), json!(null)),
            Self::SyncedContact => sync("Contact", "Ext__c", &json!("e1"), json!(null)),
        }
    }

    /// What is written whatever the traits are.
    fn always(self) -> Value {
        match self {
            Self::Lead => lead(json!({})),
            Self::Account => json!({}),
            Self::SyncedContact => json!({"Ext__c": "e1"}),
        }
    }
}

#[tokio::test]
async fn field_names_have_no_letter_case_and_the_later_trait_counts() {
    let org = org()
        .custom_field("Contact", "Ext__c", FieldType::Text)
        .build();
    let service = Service::unfitted(&org).await;
    for (record, traits, written) in [
        (
            Record::Lead,
            r#"{"plan":1,"Plan":2}"#,
            json!({"Plan__c": 2}),
        ),
        (
            Record::Lead,
            r#"{"Plan":1,"plan":2}"#,
            json!({"plan__c": 2}),
        ),
        (
            Record::Lead,
            r#"{"plan":1,"plan__c":2}"#,
            json!({"plan__c": 2}),
        ),
        (
            Record::Lead,
            r#"{"plan__c":1,"plan":2}"#,
            json!({"plan__c": 2}),
        ),
        (
            Record::Lead,
            r#"{"plan":1,"PLAN__C":2}"#,
            json!({"PLAN__C": 2}),
        ),
        (
            Record::Lead,
            r#"{"plan__C":1,"Plan__c":2}"#,
            json!({"Plan__c": 2}),
        ),
        (
            Record::Lead,
            r#"{"ns__a__c":1,"NS__A":2}"#,
            json!({"NS__A__c": 2}),
        ),
        (
            Record::Lead,
            r#"{"a":1,"A":2,"a__c":3}"#,
            json!({"a__c": 3}),
        ),
        (
            Record::Account,
            r#"{"Name":"a","name":"b"}"#,
            json!({"name": "b"}),
        ),
        (
            Record::Account,
            r#"{"x__c":1,"X__C":null}"#,
            json!({"X__C": null}),
        ),
        (Record::SyncedContact, r#"{"EXT__C":"other"}"#, json!({})),
        (
            Record::SyncedContact,
            r#"{"EXT__C":"a","Ext__c":"b","ext__c":"other"}"#,
            json!({}),
        ),
        (
            Record::SyncedContact,
            r#"{"ext__c":"other","Ext__C":"e1"}"#,
            json!({}),
        ),
        (
            Record::SyncedContact,
            r#"{"LASTNAME":"A","LastName":"B"}"#,
            json!({"LastName": "B"}),
        ),
    ] {
        let text = in_order(1, record.event(), traits);
        let described = described_text(&service, &text).await;
        assert_eq!(
            described.fields,
            with(record.always(), written),
            "{record:?} {traits}"
        );
        assert!(
            described.says("two traits name the field", "the earlier one is left out"),
            "{described:?}"
        );
    }
}

#[tokio::test]
async fn a_trait_whose_field_is_another_one_is_no_second_name_of_it() {
    let service = Service::unfitted(&org().build()).await;
    let described = described(&service, &ada(json!({"Title": 1, "title": "Ms"}))).await;
    assert_eq!(
        described.fields,
        lead(json!({"Title": "Ms", "Title__c": 1}))
    );
    assert!(described.explanation.is_empty());
}

#[tokio::test]
async fn beyond_so_many_fields_that_they_are_hashed_two_names_are_one_field_too() {
    let service = Service::unfitted(&org().build()).await;
    // In the order of their text each comes after the one in capitals.
    let mut traits = json!({"plan": 1});
    let mut fields = json!({"plan__c": 1});
    for n in 0..50 {
        traits[format!("FIELD{n}__C")] = json!(1);
        traits[format!("field{n}")] = json!(2);
        fields[format!("field{n}__c")] = json!(2);
    }
    let described = described(&service, &ada(traits)).await;
    assert_eq!(described.fields, lead(fields));
}

#[tokio::test]
async fn names_of_merged_events_that_are_one_field_are_sent_once_and_the_later_wins() {
    let org = org()
        .custom_field("Contact", "Ext__c", FieldType::Text)
        .build();
    let service = Service::unfitted(&org).await;
    let by = |field, traits| sync("Contact", field, &json!("e1"), traits);
    for (events, written) in [
        (
            [ada(json!({"Foo": 1})), ada(json!({"foo": 2}))],
            lead(json!({"foo__c": 2})),
        ),
        (
            [ada(json!({"foo__c": 1, "bar": 1})), ada(json!({"FOO": 2}))],
            lead(json!({"FOO__c": 2, "bar__c": 1})),
        ),
        (
            [
                by("Ext__c", json!({"LastName": "A"})),
                by("EXT__C", json!({"LASTNAME": "B"})),
            ],
            json!({"LASTNAME": "B", "EXT__C": "e1"}),
        ),
    ] {
        let [first, second] = events;
        let destination = destination("dst-1");
        let jobs = [job(1, first, &destination), job(2, second, &destination)];
        assert_eq!(merged(&service, jobs).await, written);
    }
}

/// The fields of the one request that these jobs become.
async fn merged(service: &Service, jobs: [Value; 2]) -> Value {
    has_come_to_the_proxy(service).await;
    let answer = service.router(jobs).await;
    assert_eq!(answer.as_array().unwrap().len(), 1, "{answer}");
    let request = &answer[0]["batchedRequest"];
    request.get(0).unwrap_or(request)["body"]["JSON"].clone()
}

#[tokio::test]
async fn a_mapped_event_and_one_as_it_is_are_merged_by_their_fields() {
    let service = Service::unfitted(&org().build()).await;
    let mut destination = destination("dst-1");
    destination["Config"]["mapProperty"] = json!("{{ message.mapped || true }}");
    let mapped = ada(json!({"title": "Ms"}));
    let mut as_it_is = identify(json!({"email": "ada@example.com", "TITLE": "Dr"}));
    as_it_is["mapped"] = json!(false);
    let jobs = [job(1, mapped, &destination), job(2, as_it_is, &destination)];
    let written =
        json!({"email": "ada@example.com", "TITLE": "Dr", "LastName": "n/a", "Company": "n/a"});
    assert_eq!(merged(&service, jobs).await, written);
}

#[tokio::test]
async fn what_a_record_holds_already_is_recognised_in_whatever_letters() {
    let org = org()
        .custom_field("Lead", "Plan__c", FieldType::Text)
        .build();
    let id = known_lead(&org, "ada@example.com");
    org.update("Lead", &id, json!({"Plan__c": "pro"})).unwrap();
    let service = inline(
        &org,
        &["--skip-unchanged", "true", "--placeholders", "on-create"],
    )
    .await;
    // In this order, so that the later counts.
    let event = ada(json!({"PLAN": "free", "plan": "pro"}));
    let entries = deliver(&service, [job(1, event, &destination("dst-1"))]).await;
    assert_eq!(statuses(&entries), [296]);
    assert_eq!(org.calls().collection_records, 0);
}
