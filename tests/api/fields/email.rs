//! The e-mail of a lead is written as it was looked up, so that the next event of the same person finds the lead.

use serde_json::{Value, json};

use super::{described, described_at, lead, named, sync};
use crate::{
    fixtures::{destination, identify, job, known_lead, org},
    inline::{deliver, inline, leads, statuses},
    service::Service,
};

/// What may surround an address that somebody has pasted.
const AROUND: [&str; 9] = [
    " ",
    "\n",
    "\t",
    "\u{A0}",
    "\u{3000}",
    "\u{200B}",
    "\u{2060}",
    "\u{FEFF}",
    "\u{202A} ",
];

/// The places where an e-mail is looked for, each with this one in it.
fn events(email: &Value) -> [Value; 3] {
    let mut of_context = identify(json!({}));
    of_context["traits"] = json!(null);
    of_context["context"] = json!({"traits": {"email": email}});
    let mut of_properties = identify(json!({"email": " "}));
    of_properties["properties"] = json!({"email": email});
    [identify(json!({"email": email})), of_context, of_properties]
}

#[tokio::test]
async fn a_new_lead_gets_its_email_without_what_is_invisible_around_it() {
    let service = Service::unfitted(&org().build()).await;
    for around in AROUND {
        for event in events(&json!(format!("{around}Ada@Example.com{around}"))) {
            let described = described(&service, &event).await;
            let expected = lead(json!({"Email": "Ada@Example.com"}));
            assert_eq!(described.line, "POST Lead", "{around:?} {event}");
            assert_eq!(described.fields, expected, "{around:?} {event}");
        }
    }
}

#[tokio::test]
async fn a_known_lead_is_found_and_its_email_stays_clean() {
    let org = org().build();
    let id = known_lead(&org, "ada@example.com");
    let service = Service::unfitted(&org).await;
    for around in AROUND {
        let event = identify(json!({"email": format!("{around}ada@example.com{around}")}));
        let described = described(&service, &event).await;
        assert_eq!(described.line, format!("PATCH Lead/{id}"), "{around:?}");
        assert_eq!(described.fields, lead(json!({})), "{around:?}");
    }
}

#[tokio::test]
async fn the_next_event_of_the_same_person_finds_the_lead_that_was_created() {
    let org = org().build();
    let service = inline(&org, &[]).await;
    let emails = AROUND.map(|around| format!("{around}ada@example.com{around}"));
    for (id, email) in (1..).zip(&emails) {
        let event = job(id, identify(json!({"email": email})), &destination("dst-1"));
        assert_eq!(statuses(&deliver(&service, [event]).await), [299]);
    }
    assert_eq!(leads(&org, "Email"), ["ada@example.com"]);
}

#[tokio::test]
async fn the_email_that_was_looked_up_is_written_where_the_message_spells_its_path_out() {
    let service = Service::unfitted(&org().build()).await;
    let mut event = identify(json!({"email": "other@example.com"}));
    event["traits.email"] = json!("ada@example.com");
    let described = described(&service, &event).await;
    assert_eq!(described.fields, lead(json!({})));
}

#[tokio::test]
async fn without_a_mapping_only_the_email_is_written_as_it_was_looked_up() {
    let service = Service::unfitted(&org().build()).await;
    let mut destination = destination("dst-1");
    destination["Config"]["mapProperties"] = json!(false);
    let mut elsewhere = identify(json!({"City": " London "}));
    elsewhere["properties"] = json!({"email": " ada@example.com"});
    for (event, written) in [
        (
            identify(json!({"email": "\u{FEFF}ada@example.com ", "City": " London "})),
            json!({"Email": "ada@example.com", "City": " London "}),
        ),
        (
            elsewhere,
            json!({"Email": "ada@example.com", "City": " London "}),
        ),
    ] {
        let described = described_at(&service, &destination, &event).await;
        assert_eq!(described.fields, written, "{event}");
    }
}

#[tokio::test]
async fn records_that_an_event_names_and_those_of_a_sync_are_sent_as_they_are() {
    let service = Service::unfitted(&org().build()).await;
    let email = "\u{FEFF} ada@example.com ";
    let traits = json!({"Email": email});
    let account = described(&service, &named("Account", &json!("001A"), traits.clone())).await;
    assert_eq!(account.fields, traits);

    let event = sync("Contact", "Ext__c", &json!("e1"), traits);
    let org = org()
        .custom_field("Contact", "Ext__c", salesforce_simulator::FieldType::Text)
        .build();
    let contact = described(&Service::unfitted(&org).await, &event).await;
    assert_eq!(contact.fields, json!({"Email": email, "Ext__c": "e1"}));
}
