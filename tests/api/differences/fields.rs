//! Rules `lead-fields` to `mapping-off`: which fields are written.

use salesforce_simulator::Simulator;
use serde_json::{Value, json};

use super::{Answers, Both, ada, ada_fields, create, patch, post_patch, same, same_update};
use crate::{
    fixtures::{destination, identify, known_lead, org},
    service::serve,
};

#[tokio::test]
async fn lead_fields_the_lead_table_names_the_fields() {
    let both = Both::of(&org().build()).await;
    let event = identify(json!({
        "email": "ada@example.com",
        "name": "Ada King Lovelace",
        "company": {"name": "Acme", "employee_count": 5},
        "address": {"city": "London"},
        "phone": "555",
    }));
    let written = json!({
        "Email": "ada@example.com",
        "FirstName": "Ada",
        "LastName": "Lovelace",
        "Company": "Acme",
        "NumberOfEmployees": 5,
        "City": "London",
        "Phone": "555",
    });
    assert_eq!(both.answers(event).await, same(create("Lead", written)));
}

#[tokio::test]
async fn lead_fields_take_first_and_last_name_before_parts_of_the_name() {
    let both = Both::of(&org().build()).await;
    for (traits, first, last) in [
        (json!({"name": "Ada Lovelace"}), "Ada", "Lovelace"),
        (json!({"name": "Ada"}), "Ada", "n/a"),
        (
            json!({"name": "Ada Lovelace", "firstName": "Augusta"}),
            "Augusta",
            "Lovelace",
        ),
        (
            json!({"name": "Ada Lovelace", "lastName": "King"}),
            "Ada",
            "King",
        ),
    ] {
        let mut event = identify(traits);
        event["traits"]["email"] = json!("ada@example.com");
        let written = json!({"Email": "ada@example.com", "FirstName": first, "LastName": last, "Company": "n/a"});
        assert_eq!(both.answers(event).await, same(create("Lead", written)));
    }
}

#[tokio::test]
async fn lead_fields_placeholders_are_written_on_create_and_on_update() {
    let org = org().build();
    let both = Both::of(&org).await;
    assert_eq!(
        both.answers(ada()).await,
        same(create("Lead", ada_fields()))
    );

    let record = format!("Lead/{}", known_lead(&org, "ada@example.com"));
    assert_eq!(
        both.answers(ada()).await,
        same_update(&record, ada_fields())
    );
}

#[tokio::test]
async fn lead_fields_placeholders_can_be_limited_to_creates_but_for_the_stock_set() {
    let org = org().build();
    let salesforce = serve(org.router()).await;
    let both = Both::start(salesforce, &["--placeholders", "on-create"]).await;
    assert_eq!(
        both.answers(ada()).await,
        same(create("Lead", ada_fields()))
    );

    let record = format!("Lead/{}", known_lead(&org, "ada@example.com"));
    let expected = Answers {
        documented: patch(&record, json!({"Email": "ada@example.com"})),
        stock: post_patch(&record, ada_fields()),
    };
    assert_eq!(both.answers(ada()).await, expected);
}

#[tokio::test]
async fn custom_fields_other_traits_become_custom_fields() {
    let both = Both::of(&org().build()).await;
    // The trait, and the custom field in each set.
    for (of_event, documented, stock) in [
        (
            json!({"newProp": "p"}),
            json!({"newProp__c": "p"}),
            json!({"newProp__c": "p"}),
        ),
        (json!({"score": 0}), json!({"score__c": 0}), json!({})),
        (json!({"vip": false}), json!({"vip__c": false}), json!({})),
        (json!({"nothing": null}), json!({}), json!({})),
        (json!({"empty": ""}), json!({}), json!({})),
        (
            json!({"plan__c": 1}),
            json!({"plan__c": 1}),
            json!({"plan__c__c": 1}),
        ),
        (json!({"tags": ["a"]}), json!({}), json!({"tags__c": ["a"]})),
        (
            json!({"pet": {"b": 1}}),
            json!({}),
            json!({"pet__c": {"b": 1}}),
        ),
    ] {
        let event = identify(with(json!({"email": "ada@example.com"}), &of_event));
        let expected = Answers {
            documented: create("Lead", with(ada_fields(), &documented)),
            stock: create("Lead", with(ada_fields(), &stock)),
        };
        assert_eq!(both.answers(event).await, expected, "{of_event}");
    }
}

/// An object with the members of another.
fn with(mut object: Value, members: &Value) -> Value {
    let members = members.as_object().unwrap().clone();
    object.as_object_mut().unwrap().extend(members);
    object
}

#[tokio::test]
async fn system_fields_are_left_out_or_sent() {
    let both = Both::of(&org().build()).await;
    let event = identify(json!({
        "email": "ada@example.com",
        "createdAt": "2026-01-01T00:00:00Z",
        "createdById": "005A",
        "isConverted": false,
        "isDeleted": false,
    }));
    let system = json!({
        "CreatedDate": "2026-01-01T00:00:00Z",
        "CreatedById": "005A",
        "IsConverted": false,
        "IsDeleted": false,
    });
    let expected = Answers {
        documented: create("Lead", ada_fields()),
        stock: create("Lead", with(ada_fields(), &system)),
    };
    assert_eq!(both.answers(event).await, expected);
}

/// An identify for a record of `object` that it names itself.
fn named(object: &str) -> Value {
    let mut event =
        identify(json!({"firstName": "Ada", "plan": "pro", "score": 0, "nothing": null}));
    event["context"] =
        json!({"externalId": [{"type": format!("Salesforce-{object}"), "id": "id-1"}]});
    event
}

#[tokio::test]
async fn other_objects_the_traits_of_other_objects_are_sent_as_they_are() {
    let both = Both::of(&org().build()).await;
    let traits = json!({"firstName": "Ada", "plan": "pro", "score": 0, "nothing": null});
    let answers = both.answers(named("Account")).await;
    assert_eq!(answers, same_update("Account/id-1", traits));
}

#[tokio::test]
async fn other_objects_a_named_contact_gets_its_traits_as_they_are_or_mapped() {
    let both = Both::of(&org().build()).await;
    let traits = json!({"firstName": "Ada", "plan": "pro", "score": 0, "nothing": null});
    let mapped = json!({"FirstName": "Ada", "LastName": "n/a", "plan__c": "pro"});
    let expected = Answers {
        documented: patch("Contact/id-1", traits),
        stock: post_patch("Contact/id-1", mapped),
    };
    assert_eq!(both.answers(named("Contact")).await, expected);
}

/// An org whose lead Ada has become a contact, and the contact's record.
fn org_with_a_converted_lead() -> (Simulator, String) {
    let org = org().build();
    let contact = org
        .insert("Contact", json!({"LastName": "planted"}))
        .unwrap();
    let lead =
        json!({"Email": "ada@example.com", "IsConverted": true, "ConvertedContactId": contact});
    org.insert("Lead", lead).unwrap();
    (org, format!("Contact/{contact}"))
}

#[tokio::test]
async fn converted_contact_is_mapped_with_the_contact_table() {
    let (org, contact) = org_with_a_converted_lead();
    let both = Both::of(&org).await;
    let mut destination = destination("dst-1");
    destination["Config"]["useContactId"] = json!(true);
    let event = identify(
        json!({"email": "ada@example.com", "name": "Ada Lovelace", "birthday": "1815-12-10", "city": "London", "plan": 5}),
    );
    let written = json!({
        "Email": "ada@example.com",
        "FirstName": "Ada",
        "LastName": "Lovelace",
        "Birthdate": "1815-12-10",
        "MailingCity": "London",
        "plan__c": 5,
    });
    let answers = both.answers_at(&destination, event).await;
    assert_eq!(answers, same_update(&contact, written));
}

#[tokio::test]
async fn mapping_off_by_map_properties_sends_a_leads_traits_as_they_are_or_is_ignored() {
    let both = Both::of(&org().build()).await;
    let mut destination = destination("dst-1");
    destination["Config"]["mapProperties"] = json!(false);
    let expected = Answers {
        documented: create("Lead", json!({"email": "ada@example.com"})),
        stock: create("Lead", ada_fields()),
    };
    assert_eq!(both.answers_at(&destination, ada()).await, expected);
}

#[tokio::test]
async fn mapping_off_map_properties_false_sends_the_traits_of_a_contact_as_they_are_too() {
    let (org, contact) = org_with_a_converted_lead();
    let both = Both::of(&org).await;
    let mut destination = destination("dst-1");
    destination["Config"]["useContactId"] = json!(true);
    destination["Config"]["mapProperties"] = json!(false);
    let mapped = json!({"Email": "ada@example.com", "LastName": "n/a"});
    let expected = Answers {
        documented: patch(&contact, json!({"email": "ada@example.com"})),
        stock: post_patch(&contact, mapped),
    };
    assert_eq!(both.answers_at(&destination, ada()).await, expected);
}

#[tokio::test]
async fn mapping_off_the_older_name_of_the_switch_counts_in_both_sets() {
    let both = Both::of(&org().build()).await;
    let mut destination = destination("dst-1");
    destination["Config"]["mapProperty"] = json!(false);
    let answers = both.answers_at(&destination, ada()).await;
    let traits = json!({"email": "ada@example.com"});
    assert_eq!(answers, same(create("Lead", traits)));
}
