//! Rules `lead-email` to `other-objects` once more: what the documented set does so that a person is saved, and the stock set does not.

use serde_json::{Value, json};

use super::{Answers, Both, ada, ada_fields, create, patch, post_patch, same_update};
use crate::fixtures::{destination, identify, org};

/// An object with the members of another.
fn with(mut object: Value, members: &Value) -> Value {
    let members = members.as_object().unwrap().clone();
    object.as_object_mut().unwrap().extend(members);
    object
}

#[tokio::test]
async fn lead_email_an_email_is_written_as_it_was_looked_up_or_as_it_came() {
    let both = Both::of(&org().build()).await;
    let email = "\u{FEFF} Ada@example.com\u{A0}";
    let event = identify(json!({"email": email}));
    let expected = Answers {
        documented: create(
            "Lead",
            with(ada_fields(), &json!({"Email": "Ada@example.com"})),
        ),
        stock: create("Lead", with(ada_fields(), &json!({"Email": email}))),
    };
    assert_eq!(both.answers(event).await, expected);
}

#[tokio::test]
async fn lead_found_of_several_is_an_open_one_or_the_first() {
    let org = org().build();
    let lead = |modified: &str, converted: bool| {
        let lead = json!({"Email": "ada@example.com", "LastModifiedDate": modified, "IsConverted": converted});
        format!("Lead/{}", org.insert("Lead", lead).unwrap())
    };
    let converted = lead("2026-02-01T00:00:00.000+0000", true);
    let open = lead("2026-01-01T00:00:00.000+0000", false);
    let both = Both::of(&org).await;
    let expected = Answers {
        documented: patch(&open, ada_fields()),
        stock: post_patch(&converted, ada_fields()),
    };
    assert_eq!(both.answers(ada()).await, expected);
}

#[tokio::test]
async fn blank_text_and_names_that_no_field_has_are_left_out_or_sent() {
    let both = Both::of(&org().build()).await;
    // The traits, and what each set writes besides the rest.
    for (traits, documented, stock) in [
        (
            json!({"lastName": " ", "name": "Ann Lee"}),
            json!({"FirstName": "Ann", "LastName": "Lee"}),
            json!({"FirstName": "Ann", "LastName": " "}),
        ),
        (
            json!({"company": "\t"}),
            json!({}),
            json!({"Company": "\t"}),
        ),
        (json!({"city": " "}), json!({}), json!({"City": " "})),
        (json!({"plan": " "}), json!({}), json!({"plan__c": " "})),
        (json!({"a b": 1}), json!({}), json!({"a b__c": 1})),
        (json!({"é": 1}), json!({}), json!({"é__c": 1})),
        (
            json!({"Plan": 1, "plan": 2}),
            json!({"plan__c": 2}),
            json!({"Plan__c": 1, "plan__c": 2}),
        ),
        (json!({"accuracy": 1}), json!({}), json!({"Accuracy": 1})),
    ] {
        let event = identify(with(json!({"email": "ada@example.com"}), &traits));
        let expected = Answers {
            documented: create("Lead", with(ada_fields(), &documented)),
            stock: create("Lead", with(ada_fields(), &stock)),
        };
        assert_eq!(both.answers(event).await, expected, "{traits}");
    }
}

#[tokio::test]
async fn converted_contact_gets_no_traits_of_leads_or_all_as_custom_fields() {
    let org = org().build();
    let contact = org
        .insert("Contact", json!({"LastName": "planted"}))
        .unwrap();
    let lead =
        json!({"Email": "ada@example.com", "IsConverted": true, "ConvertedContactId": contact});
    org.insert("Lead", lead).unwrap();
    let both = Both::of(&org).await;
    let mut destination = destination("dst-1");
    destination["Config"]["useContactId"] = json!(true);
    let event = identify(
        json!({"email": "ada@example.com", "company": "Acme", "rating": "Hot", "age": 36, "plan": "pro"}),
    );
    let record = format!("Contact/{contact}");
    let written = json!({"Email": "ada@example.com", "LastName": "n/a", "plan__c": "pro"});
    let of_leads = json!({"company__c": "Acme", "rating__c": "Hot", "age__c": 36});
    let expected = Answers {
        documented: patch(&record, written.clone()),
        stock: post_patch(&record, with(written, &of_leads)),
    };
    assert_eq!(both.answers_at(&destination, event).await, expected);
}

#[tokio::test]
async fn own_id_of_a_named_record_is_left_out_or_sent() {
    let both = Both::of(&org().build()).await;
    let mut event = identify(json!({"Name": "Acme", "Id": "001A"}));
    event["context"] = json!({"externalId": [{"type": "Salesforce-Account", "id": "001A"}]});
    let expected = Answers {
        documented: patch("Account/001A", json!({"Name": "Acme"})),
        stock: post_patch("Account/001A", json!({"Name": "Acme", "Id": "001A"})),
    };
    assert_eq!(both.answers(event).await, expected);
}

#[tokio::test]
async fn one_field_one_key_in_another_object_or_both_are_sent() {
    let both = Both::of(&org().build()).await;
    let mut event = identify(json!({"NAME": "first", "name": "later"}));
    event["context"] = json!({"externalId": [{"type": "Salesforce-Account", "id": "001A"}]});
    let expected = Answers {
        documented: patch("Account/001A", json!({"name": "later"})),
        stock: post_patch("Account/001A", json!({"NAME": "first", "name": "later"})),
    };
    assert_eq!(both.answers(event.clone()).await, expected);

    event["traits"] = json!({"name": "only"});
    let only = same_update("Account/001A", json!({"name": "only"}));
    assert_eq!(both.answers(event).await, only);
}
