//! `CLEAR_WITH_NULL`: a null clears its field. `PLACEHOLDERS=never`: a missing field stays missing.

use serde_json::json;

use super::{ada, fields, job_of, ordinary, service};
use crate::{fixtures::destination, inline};

const CLEARS: [&str; 2] = ["--clear-with-null", "true"];

#[tokio::test]
async fn a_null_clears_the_field_of_a_known_lead_where_the_destination_wants_that() {
    let event =
        ada(json!({"phone": null, "title": null, "company": null, "email": "ada@example.com"}));
    for (flags, kept) in [(&[][..], json!("555")), (&CLEARS[..], json!(null))] {
        let known =
            json!({"Email": "ada@example.com", "LastName": "L", "Company": "Navy", "Phone": "555"});
        let org = ordinary().build();
        org.insert("Lead", known.clone()).unwrap();
        let described = service(&org, flags).await;
        let entries = described.router([job_of(&event)]).await;
        let sent = fields(&entries[0]).get("Phone").cloned();
        assert_eq!(
            sent,
            (!flags.is_empty()).then_some(json!(null)),
            "{flags:?}"
        );

        let org = ordinary().build();
        org.insert("Lead", known).unwrap();
        let delivering = inline::inline(&org, flags).await;
        let entries = inline::deliver(&delivering, [job_of(&event)]).await;
        assert_eq!(inline::statuses(&entries), [299], "{entries:?}");
        let lead = &org.records("Lead")[0];
        assert_eq!(
            (&lead["Phone"], &lead["Email"]),
            (&kept, &json!("ada@example.com"))
        );
    }
}

#[tokio::test]
async fn a_null_in_traits_that_are_sent_as_they_are_clears_in_any_case() {
    let org = ordinary().build();
    let id = org
        .insert("Contact", json!({"LastName": "L", "Phone": "555"}))
        .unwrap();
    let mut event = ada(json!({}));
    event["traits"] = json!({"LastName": "L", "Phone": null});
    event["context"] = json!({"externalId": [{"type": "Salesforce-Contact", "id": id}]});
    let service = service(&org, &[]).await;
    let entries = service.router([job_of(&event)]).await;
    assert_eq!(fields(&entries[0]), json!({"LastName": "L", "Phone": null}));
}

#[tokio::test]
async fn without_placeholders_a_lead_of_a_person_account_has_no_company() {
    let org = ordinary().build();
    let service = service(&org, &["--placeholders", "never"]).await;
    let mut event = ada(json!({}));
    event["traits"] = json!({"email": "ada@example.com", "lastName": "Lovelace"});
    let entries = service.router([job_of(&event)]).await;
    let lead = json!({"Email": "ada@example.com", "LastName": "Lovelace"});
    assert_eq!(fields(&entries[0]), lead);
    assert_eq!(entries[0]["destination"], destination("dst-1"));
}
