//! Rule `reverse-etl`: a sync says which record it is for, by any field of it, and its traits are fields already.
#![expect(
    clippy::needless_pass_by_value,
    reason = "a test writes its traits where it needs them: sync(…, json!({…}))"
)]

use salesforce_simulator::FieldType;
use serde_json::{Value, json};

use super::{fields, method_and_record};
use crate::{
    fixtures::{destination, job, org},
    service::{Service, assert_says, error, verdict},
};

/// A job of a sync, which is not asked for at the gate: it names its destination itself.
fn sync(id: u64, object: &str, field: &str, value: impl Into<Value>, traits: Value) -> Value {
    let identifier = json!({"type": object, "id": value.into(), "identifierType": field});
    let message = json!({
        "type": "identify",
        "userId": "u1",
        "channel": "sources",
        "context": {"mappedToDestination": "true", "externalId": [identifier]},
        "traits": traits,
    });
    job(id, message, &destination("dst-1"))
}

#[tokio::test]
async fn a_record_that_is_found_by_its_field_is_updated_with_the_traits_as_they_are() {
    let org = org().build();
    let contact = json!({"LastName": "Doe", "Email": "ada@example.com"});
    let id = org.insert("Contact", contact).unwrap();
    let service = Service::unfitted(&org).await;
    for object in [
        "Salesforce-Contact",
        "SALESFORCE-Contact",
        "salesforce-Contact",
    ] {
        let traits = json!({"LastName": "Lovelace", "Id": "not written", "firstName": "as it is"});
        let entries = service
            .router([sync(1, object, "Email", "ada@example.com", traits)])
            .await;
        let record = format!("Contact/{id}");
        assert_eq!(method_and_record(&entries[0]), ("PATCH", record.as_str()));
        let written =
            json!({"LastName": "Lovelace", "firstName": "as it is", "Email": "ada@example.com"});
        assert_eq!(fields(&entries[0]), &written);
    }
}

#[tokio::test]
async fn a_record_that_is_not_found_is_created_with_its_identifier() {
    let service = Service::of(&org().build()).await;
    let traits = json!({"LastName": "Lovelace"});
    let entries = service
        .router([sync(
            1,
            "Salesforce-Contact",
            "Email",
            "ada@example.com",
            traits,
        )])
        .await;
    assert_eq!(method_and_record(&entries[0]), ("POST", "Contact"));
    let written = json!({"LastName": "Lovelace", "Email": "ada@example.com"});
    assert_eq!(fields(&entries[0]), &written);
}

#[tokio::test]
async fn a_record_that_is_named_by_its_id_is_updated_without_being_looked_up() {
    let org = org().build();
    let service = Service::of(&org).await;
    for field in ["Id", "id", "ID"] {
        let traits = json!({"LastName": "Lovelace", "Id": "not written"});
        let entries = service
            .router([sync(
                1,
                "Salesforce-Contact",
                field,
                "0035g0000000001AAA",
                traits,
            )])
            .await;
        let record = ("PATCH", "Contact/0035g0000000001AAA");
        assert_eq!(method_and_record(&entries[0]), record);
        assert_eq!(fields(&entries[0]), &json!({"LastName": "Lovelace"}));
    }
    assert_eq!(org.calls().query, 0);
}

#[tokio::test]
async fn several_records_with_the_identifier_are_a_refusal_that_counts_them() {
    let org = org().build();
    for name in ["Doe", "Roe"] {
        let contact = json!({"LastName": name, "Email": "ada@example.com"});
        org.insert("Contact", contact).unwrap();
    }
    let service = Service::of(&org).await;
    let entries = service
        .router([sync(
            1,
            "Salesforce-Contact",
            "Email",
            "ada@example.com",
            json!({}),
        )])
        .await;
    assert_eq!(verdict(&entries[0]), (400, "network", "aborted"));
    assert_says(error(&entries[0]), "2 records have this");
}

#[tokio::test]
async fn several_identifiers_of_one_field_take_one_query() {
    let org = org().build();
    let contact = json!({"LastName": "Doe", "Email": "ada@example.com"});
    let id = org.insert("Contact", contact).unwrap();
    let service = Service::of(&org).await;
    let sync = |id, email: &str| {
        let traits = json!({"LastName": "Lovelace"});
        sync(id, "Salesforce-Contact", "Email", email, traits)
    };
    let entries = service
        .router([
            sync(1, "bob@example.com"),
            sync(2, "ada@example.com"),
            sync(3, "eve@example.com"),
        ])
        .await;
    let record = format!("Contact/{id}");
    assert_eq!(method_and_record(&entries[0]), ("POST", "Contact"));
    assert_eq!(method_and_record(&entries[1]), ("PATCH", record.as_str()));
    assert_eq!(method_and_record(&entries[2]), ("POST", "Contact"));
    assert_eq!(org.calls().query, 1);
}

#[tokio::test]
async fn a_record_is_found_by_a_number_too() {
    let org = org()
        .custom_object("Account__c", &[("Number__c", FieldType::Number)])
        .build();
    let id = org.insert("Account__c", json!({"Number__c": 42})).unwrap();
    let service = Service::of(&org).await;
    let entries = service
        .router([sync(1, "Salesforce-Account__c", "Number__c", 42, json!({}))])
        .await;
    let record = format!("Account__c/{id}");
    assert_eq!(method_and_record(&entries[0]), ("PATCH", record.as_str()));
    assert_eq!(fields(&entries[0]), &json!({"Number__c": 42}));
}

#[tokio::test]
async fn a_sync_that_does_not_say_which_record_it_means_is_refused_without_a_call() {
    let org = org().build();
    let service = Service::of(&org).await;
    for missing in ["id", "type", "identifierType"] {
        let mut job = sync(
            1,
            "Salesforce-Contact",
            "Email",
            "ada@example.com",
            json!({}),
        );
        let identifier = &mut job["message"]["context"]["externalId"][0];
        identifier.as_object_mut().unwrap().remove(missing);
        let entries = service.router([job]).await;
        let refused = (400, "dataValidation", "instrumentation");
        assert_eq!(verdict(&entries[0]), refused, "{missing}");
        assert_says(
            error(&entries[0]),
            &format!("its `{missing}` is missing or invalid"),
        );
    }
    assert_eq!((org.calls().token, org.calls().total_api()), (0, 0));
}
