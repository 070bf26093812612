//! Rules `named-object`, `lead-found` and `reverse-etl`: which record an event is written to.
#![expect(
    clippy::needless_pass_by_value,
    reason = "a test writes its identifiers where it needs them: sync(json!({…}))"
)]

use salesforce_simulator::Simulator;
use serde_json::{Value, json};
use wiremock::ResponseTemplate;

use super::{
    Answers, Both, INVALID, LOOKUP_REFUSED, SOBJECTS, ada, ada_fields, create, patch, post_patch,
    refused, same, same_update, sent,
};
use crate::fixtures::{
    destination, job, known_lead, oauth_destination, org, salesforce_that_answers, secret,
};

/// [`ada`] with these external ids.
fn ada_as(external_ids: Value) -> Value {
    let mut event = ada();
    event["context"] = json!({"externalId": external_ids});
    event
}

/// What is written for [`ada`] where the traits are sent as they are.
fn ada_traits() -> Value {
    json!({"email": "ada@example.com"})
}

#[tokio::test]
async fn named_object_each_salesforce_entry_is_a_request_in_order() {
    let both = Both::of(&org().build()).await;
    let event = ada_as(json!([
        {"type": "Salesforce-Account", "id": "001A"},
        {"type": "HubSpot-Contact", "id": "9"},
        {"type": "Salesforce-Household"},
    ]));
    let household = format!("POST {SOBJECTS}/Household");
    let expected = Answers {
        documented: sent([
            (&format!("PATCH {SOBJECTS}/Account/001A"), ada_traits()),
            (&household, ada_traits()),
        ]),
        stock: sent([
            (
                &format!("POST {SOBJECTS}/Account/001A?_HttpMethod=PATCH"),
                ada_traits(),
            ),
            (&household, ada_traits()),
        ]),
    };
    assert_eq!(both.answers(event).await, expected);
}

#[tokio::test]
async fn named_object_salesforce_in_other_letters_names_an_object_or_leaves_a_lead() {
    let both = Both::of(&org().build()).await;
    for kind in ["salesforce-Account", "SALESFORCE-Account"] {
        let event = ada_as(json!([{"type": kind, "id": "001A"}]));
        let expected = Answers {
            documented: patch("Account/001A", ada_traits()),
            stock: create("Lead", ada_fields()),
        };
        assert_eq!(both.answers(event).await, expected, "{kind}");
    }
}

#[tokio::test]
async fn named_object_salesforce_inside_of_a_type_leaves_a_lead_or_names_an_object() {
    let both = Both::of(&org().build()).await;
    for (kind, object) in [
        ("My-Salesforce-Account", "My-Account"),
        ("Salesforce", "Salesforce"),
    ] {
        let event = ada_as(json!([{"type": kind, "id": "001A"}]));
        let expected = Answers {
            documented: create("Lead", ada_fields()),
            stock: post_patch(&format!("{object}/001A"), ada_traits()),
        };
        assert_eq!(both.answers(event).await, expected, "{kind}");
    }
}

#[tokio::test]
async fn named_object_without_a_salesforce_entry_it_is_a_lead() {
    let both = Both::of(&org().build()).await;
    for external_ids in [
        json!([]),
        json!(null),
        json!({}),
        json!([{"type": "HubSpot-Contact", "id": "9"}]),
    ] {
        let answers = both.answers(ada_as(external_ids)).await;
        assert_eq!(answers, same(create("Lead", ada_fields())));
    }
}

#[tokio::test]
async fn lead_found_in_any_letter_case_is_updated_and_an_unknown_one_created() {
    let org = org().build();
    let both = Both::of(&org).await;
    assert_eq!(
        both.answers(ada()).await,
        same(create("Lead", ada_fields()))
    );

    let record = format!("Lead/{}", known_lead(&org, "Ada@Example.COM"));
    assert_eq!(
        both.answers(ada()).await,
        same_update(&record, ada_fields())
    );
}

/// Puts two leads of one person into the org, the second modified last, and returns their records.
fn two_leads(org: &Simulator) -> [String; 2] {
    [
        "2026-01-01T00:00:00.000+0000",
        "2026-02-01T00:00:00.000+0000",
    ]
    .map(|modified| {
        let lead = json!({"Email": "ada@example.com", "LastModifiedDate": modified});
        format!("Lead/{}", org.insert("Lead", lead).unwrap())
    })
}

#[tokio::test]
async fn lead_found_of_several_is_the_last_modified_or_the_first() {
    let org = org().build();
    let [first, last_modified] = two_leads(&org);
    let both = Both::of(&org).await;
    for name in ["SALESFORCE", "SALESFORCE_OAUTH_SANDBOX"] {
        let mut job = job(1, ada(), &destination("dst-1"));
        job["destination"]["DestinationDefinition"]["Name"] = json!(name);
        job["metadata"]["secret"] = secret(&org, &both.salesforce);
        let expected = Answers {
            documented: patch(&last_modified, ada_fields()),
            stock: post_patch(&first, ada_fields()),
        };
        assert_eq!(both.answers_to(job).await, expected, "{name}");
    }
}

#[tokio::test]
async fn lead_found_of_several_at_salesforce_oauth_is_the_last_modified_or_none() {
    let org = org().build();
    let [_, last_modified] = two_leads(&org);
    let both = Both::of(&org).await;
    let mut event = ada();
    event["integrations"] = json!({"Salesforce V2": true});
    let mut job = job(1, event, &oauth_destination("dst-1"));
    job["metadata"]["secret"] = secret(&org, &both.salesforce);
    let expected = Answers {
        documented: patch(&last_modified, ada_fields()),
        stock: refused(LOOKUP_REFUSED),
    };
    assert_eq!(both.answers_to(job).await, expected);
}

/// The destination that sends to the contacts of converted leads.
fn destination_of_contacts() -> Value {
    let mut destination = destination("dst-1");
    destination["Config"]["useContactId"] = json!(true);
    destination
}

#[tokio::test]
async fn lead_found_converted_is_updated_or_its_contact_where_the_destination_says_so() {
    let org = org().build();
    let contact = org
        .insert("Contact", json!({"LastName": "planted"}))
        .unwrap();
    let lead =
        json!({"Email": "ada@example.com", "IsConverted": true, "ConvertedContactId": contact});
    let lead = format!("Lead/{}", org.insert("Lead", lead).unwrap());
    let both = Both::of(&org).await;
    assert_eq!(both.answers(ada()).await, same_update(&lead, ada_fields()));

    let contact = format!("Contact/{contact}");
    let written = json!({"Email": "ada@example.com", "LastName": "n/a"});
    let answers = both.answers_at(&destination_of_contacts(), ada()).await;
    assert_eq!(answers, same_update(&contact, written));
}

#[tokio::test]
async fn lead_found_a_converted_lead_without_the_contact_that_is_wanted_is_refused() {
    let org = org().build();
    let lead = json!({"Email": "ada@example.com", "IsConverted": true});
    org.insert("Lead", lead).unwrap();
    let both = Both::of(&org).await;
    let answers = both.answers_at(&destination_of_contacts(), ada()).await;
    assert_eq!(answers, same(refused(LOOKUP_REFUSED)));
}

#[tokio::test]
async fn lead_found_a_deleted_lead_is_refused() {
    let lead = json!({"Id": "00Q5g0000000001AAA", "Email": "ada@example.com", "IsDeleted": true});
    let found = json!({"totalSize": 1, "done": true, "records": [lead]});
    let found = ResponseTemplate::new(200).set_body_json(found);
    let salesforce = salesforce_that_answers(found).await;
    let both = Both::start(salesforce.uri(), &[]).await;
    assert_eq!(both.answers(ada()).await, same(refused(LOOKUP_REFUSED)));
}

/// A sync of Ada's last name to the record that `identifier` names.
fn sync(identifier: Value) -> Value {
    json!({
        "type": "identify",
        "traits": {"LastName": "Lovelace", "Id": "not written"},
        "context": {"mappedToDestination": true, "externalId": [identifier]},
    })
}

fn by_email(object: &str) -> Value {
    json!({"type": object, "id": "ada@example.com", "identifierType": "Email"})
}

#[tokio::test]
async fn reverse_etl_creates_the_record_that_it_does_not_find_and_updates_one_found() {
    let org = org().build();
    let both = Both::of(&org).await;
    let written = json!({"LastName": "Lovelace", "Email": "ada@example.com"});
    let expected = Answers {
        documented: create("Contact", written.clone()),
        stock: create("contact", written.clone()),
    };
    assert_eq!(
        both.answers(sync(by_email("Salesforce-Contact"))).await,
        expected
    );

    let contact = json!({"LastName": "planted", "Email": "ada@example.com"});
    let id = org.insert("Contact", contact).unwrap();
    let expected = Answers {
        documented: patch(&format!("Contact/{id}"), written.clone()),
        stock: post_patch(&format!("contact/{id}"), written),
    };
    assert_eq!(
        both.answers(sync(by_email("Salesforce-Contact"))).await,
        expected
    );
}

#[tokio::test]
async fn reverse_etl_that_finds_several_is_refused_and_stock_takes_the_first() {
    let org = org().build();
    let contact = json!({"LastName": "planted", "Email": "ada@example.com"});
    let [first, _] = [(); 2].map(|()| org.insert("Contact", contact.clone()).unwrap());
    let both = Both::of(&org).await;
    let written = json!({"LastName": "Lovelace", "Email": "ada@example.com"});
    let expected = Answers {
        documented: refused(LOOKUP_REFUSED),
        stock: post_patch(&format!("contact/{first}"), written),
    };
    assert_eq!(
        both.answers(sync(by_email("Salesforce-Contact"))).await,
        expected
    );
}

#[tokio::test]
async fn reverse_etl_by_id_keeps_the_letter_case_of_the_object_or_not() {
    let org = org().build();
    let both = Both::of(&org).await;
    let written = json!({"LastName": "Lovelace"});
    for (object, id, definition) in [
        ("Salesforce-MyObject__c", "Id", "SALESFORCE"),
        ("SALESFORCE-MyObject__c", "ID", "SALESFORCE"),
        ("SALESFORCE_OAUTH-MyObject__c", "id", "SALESFORCE_OAUTH"),
    ] {
        let event = sync(json!({"type": object, "id": "a01A", "identifierType": id}));
        let mut job = job(1, event, &destination("dst-1"));
        job["destination"]["DestinationDefinition"]["Name"] = json!(definition);
        job["metadata"]["secret"] = secret(&org, &both.salesforce);
        let expected = Answers {
            documented: patch("MyObject__c/a01A", written.clone()),
            stock: post_patch("myobject__c/a01A", written.clone()),
        };
        assert_eq!(both.answers_to(job).await, expected, "{object}");
    }
}

#[tokio::test]
async fn reverse_etl_a_sync_that_does_not_say_which_record_it_means_is_refused() {
    let both = Both::of(&org().build()).await;
    for missing in ["id", "type", "identifierType"] {
        let mut identifier = by_email("Salesforce-Contact");
        identifier[missing] = json!(null);
        let answers = both.answers(sync(identifier)).await;
        assert_eq!(answers, same(refused(INVALID)), "{missing}");
    }
}
