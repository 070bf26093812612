//! Rules `event-type` to `lead-email`: which events are taken, and what is read from them.

use serde_json::json;

use super::{
    Answers, Both, INVALID, ada, ada_fields, create, filtered, patch, post_patch, refused, same,
    same_update,
};
use crate::fixtures::{destination, identify, known_lead, org};

#[tokio::test]
async fn event_type_anything_but_an_identify_is_refused() {
    let both = Both::of(&org().build()).await;
    for kind in [json!("track"), json!("Identify"), json!(null)] {
        let mut event = ada();
        event["type"] = kind;
        assert_eq!(both.answers(event).await, same(refused(INVALID)));
    }
    let mut without = ada();
    without.as_object_mut().unwrap().remove("type");
    assert_eq!(both.answers(without).await, same(refused(INVALID)));
    assert_eq!(
        both.answers(ada()).await,
        same(create("Lead", ada_fields()))
    );
}

#[tokio::test]
async fn gate_an_identify_that_does_not_name_salesforce_is_filtered_or_sent() {
    let both = Both::of(&org().build()).await;
    for integrations in [
        json!({"All": true}),
        json!({"Salesforce": "true"}),
        json!({"Salesforce": 1}),
        json!({"Salesforce": null}),
        json!({"Salesforce": false}),
        json!({"salesforce": true}),
        json!({"SALESFORCE": true}),
        json!({"": true}),
        json!(["Salesforce"]),
        json!(true),
        json!({}),
        json!(null),
    ] {
        let mut event = ada();
        event["integrations"] = integrations.clone();
        let expected = Answers {
            documented: filtered(),
            stock: create("Lead", ada_fields()),
        };
        assert_eq!(both.answers(event).await, expected, "{integrations}");
    }
}

#[tokio::test]
async fn gate_an_identify_that_names_salesforce_is_sent() {
    let both = Both::of(&org().build()).await;
    let mut destination = destination("dst-1");
    destination["DestinationDefinition"]["DisplayName"] = json!(" Salesforce V2 ");
    for integrations in [
        json!({"Salesforce": true}),
        json!({"All": false, "Salesforce": {}}),
        json!({"Salesforce V2": true}),
        json!({"All": false, "Salesforce V2 ": {"any": "option"}}),
    ] {
        let mut event = ada();
        event["integrations"] = integrations.clone();
        let answers = both.answers_at(&destination, event).await;
        assert_eq!(
            answers,
            same(create("Lead", ada_fields())),
            "{integrations}"
        );
    }
}

#[tokio::test]
async fn gate_a_reverse_etl_event_is_sent_whatever_its_integrations() {
    let both = Both::of(&org().build()).await;
    let event = json!({
        "type": "identify",
        "traits": {"Name": "Acme"},
        "context": {
            "mappedToDestination": true,
            "externalId": [{"type": "Salesforce-Account", "id": "001A", "identifierType": "Id"}],
        },
    });
    let expected = Answers {
        documented: patch("Account/001A", json!({"Name": "Acme"})),
        stock: post_patch("account/001A", json!({"Name": "Acme"})),
    };
    assert_eq!(both.answers(event).await, expected);
}

#[tokio::test]
async fn traits_traits_come_before_those_of_the_context_even_where_they_are_empty() {
    let both = Both::of(&org().build()).await;
    for (traits, written) in [
        (json!({"Name": "Acme"}), json!({"Name": "Acme"})),
        (json!({}), json!({})),
        (json!(null), json!({"Name": "of the context"})),
    ] {
        let mut event = identify(traits);
        event["context"] = json!({
            "traits": {"Name": "of the context"},
            "externalId": [{"type": "Salesforce-Account"}],
        });
        assert_eq!(both.answers(event).await, same(create("Account", written)));
    }
}

#[tokio::test]
async fn traits_traits_that_are_no_object_are_refused() {
    let both = Both::of(&org().build()).await;
    for traits in [json!("Ada"), json!(["Ada"]), json!(5), json!(null)] {
        assert_eq!(both.answers(identify(traits)).await, same(refused(INVALID)));
    }
}

#[tokio::test]
async fn lead_email_the_first_email_finds_the_lead() {
    let org = org().build();
    let record = format!("Lead/{}", known_lead(&org, "ada@example.com"));
    let both = Both::of(&org).await;
    let other = "other@example.com";
    for (of_traits, of_context, of_properties) in [
        ("ada@example.com", other, other),
        ("", "ada@example.com", other),
        ("", "", "ada@example.com"),
    ] {
        let mut event = identify(json!({"email": of_traits, "title": "Countess"}));
        event["context"] = json!({"traits": {"email": of_context}});
        event["properties"] = json!({"email": of_properties});
        let mut written = json!({"Title": "Countess", "LastName": "n/a", "Company": "n/a"});
        if !of_traits.is_empty() {
            written["Email"] = json!(of_traits);
        }
        assert_eq!(both.answers(event).await, same_update(&record, written));
    }
}

#[tokio::test]
async fn lead_email_that_is_not_among_the_traits_is_written_in_a_new_lead_or_not() {
    let both = Both::of(&org().build()).await;
    let mut event = identify(json!({"title": "Countess"}));
    event["properties"] = json!({"email": "ada@example.com"});
    let expected = Answers {
        documented: create(
            "Lead",
            json!({"Email": "ada@example.com", "Title": "Countess", "LastName": "n/a", "Company": "n/a"}),
        ),
        stock: create(
            "Lead",
            json!({"Title": "Countess", "LastName": "n/a", "Company": "n/a"}),
        ),
    };
    assert_eq!(both.answers(event).await, expected);
}

#[tokio::test]
async fn lead_email_an_email_may_be_a_number() {
    let both = Both::of(&org().build()).await;
    let event = identify(json!({"email": 5}));
    let written = json!({"Email": 5, "LastName": "n/a", "Company": "n/a"});
    assert_eq!(both.answers(event).await, same(create("Lead", written)));
}

#[tokio::test]
async fn lead_email_is_required_and_an_id_is_none() {
    let both = Both::of(&org().build()).await;
    let mut event = identify(json!({"email": "", "name": "Ada"}));
    event["context"] =
        json!({"externalId": [{"type": "HubSpot-Contact", "id": "ada@example.com"}]});
    assert_eq!(both.answers(event).await, same(refused(INVALID)));
}
