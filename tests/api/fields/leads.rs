//! Which of several leads is meant, and what becomes of one that has been converted.

use salesforce_simulator::{FieldType, Simulator};
use serde_json::{Value, json};

use super::{ada, described, described_at};
use crate::{
    fixtures::{destination, job, org},
    inline::{deliver, inline, statuses},
    service::{Service, assert_says, error},
};

/// What has become of a lead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lead {
    Open,
    WithContact,
    WithoutContact,
}

/// Puts leads of one person into an org, each modified later than those before it, and returns the records that they are, a
/// converted one's contact beside it.
fn leads(org: &Simulator, leads: &[Lead]) -> Vec<(String, String)> {
    let put = |(month, lead): (usize, &Lead)| {
        let modified = format!("2026-{month:02}-01T00:00:00.000+0000");
        let mut record = json!({"LastName": "planted", "Company": "Acme", "Email": "ada@example.com", "LastModifiedDate": modified});
        record["IsConverted"] = json!(*lead != Lead::Open);
        let contact = org
            .insert("Contact", json!({"LastName": "planted"}))
            .unwrap();
        if *lead == Lead::WithContact {
            record["ConvertedContactId"] = json!(contact);
        }
        let id = org.insert("Lead", record).unwrap();
        (
            format!("PATCH Lead/{id}"),
            format!("PATCH Contact/{contact}"),
        )
    };
    (1..).zip(leads).map(put).collect()
}

fn destination_of_contacts() -> Value {
    let mut destination = destination("dst-1");
    destination["Config"]["useContactId"] = json!(true);
    destination
}

#[tokio::test]
async fn an_open_lead_goes_before_a_converted_one_whatever_was_modified_last() {
    use Lead::{Open, WithContact, WithoutContact};
    // The leads in the order in which they were modified, and the place of the one that is meant.
    for (of_person, meant) in [
        (vec![Open, WithContact], 0),
        (vec![Open, Open, WithoutContact], 1),
        (vec![WithContact, Open, WithoutContact], 1),
        (vec![WithoutContact, Open], 1),
    ] {
        let org = org().build();
        let records = leads(&org, &of_person);
        let service = Service::unfitted(&org).await;
        for destination in [destination("dst-1"), destination_of_contacts()] {
            let described = described_at(&service, &destination, &ada(json!({}))).await;
            assert_eq!(described.line, records[meant].0, "{of_person:?}");
            assert!(described.explanation.is_empty(), "{described:?}");
        }
    }
}

#[tokio::test]
async fn if_all_are_converted_the_one_modified_last_is_meant_or_one_with_a_contact() {
    use Lead::{WithContact, WithoutContact};
    for (of_person, with_contact) in [
        (vec![WithContact, WithContact], 1),
        (vec![WithContact, WithoutContact], 0),
        (vec![WithoutContact, WithContact], 1),
    ] {
        let org = org().build();
        let records = leads(&org, &of_person);
        let service = Service::unfitted(&org).await;
        let contact = described_at(&service, &destination_of_contacts(), &ada(json!({}))).await;
        assert_eq!(contact.line, records[with_contact].1, "{of_person:?}");

        let last = described(&service, &ada(json!({}))).await;
        assert_eq!(last.line, records[1].0, "{of_person:?}");
        assert!(
            last.says("the lead is converted", "useContactId"),
            "{last:?}"
        );
    }
}

#[tokio::test]
async fn an_open_lead_is_written_inline_beside_a_converted_one() {
    let org = org().build();
    leads(&org, &[Lead::Open, Lead::WithContact]);
    let service = inline(&org, &[]).await;
    let event = job(1, ada(json!({"city": "London"})), &destination("dst-1"));
    assert_eq!(statuses(&deliver(&service, [event]).await), [299]);
    assert_eq!(org.records("Lead")[0]["City"], "London");
}

#[tokio::test]
async fn the_refusal_of_a_converted_lead_says_what_the_setting_would_do() {
    let org = org().build();
    leads(&org, &[Lead::WithContact, Lead::WithContact]);
    let service = inline(&org, &[]).await;
    let entries = deliver(&service, [job(1, ada(json!({})), &destination("dst-1"))]).await;
    assert_eq!(statuses(&entries), [400]);
    assert_says(error(&entries[0]), "CANNOT_UPDATE_CONVERTED_LEAD");
    assert_says(error(&entries[0]), "useContactId");
}

#[tokio::test]
async fn a_converted_leads_contact_gets_what_its_table_knows_and_custom_fields() {
    let org = org()
        .custom_field("Contact", "plan__c", FieldType::Text)
        .build();
    leads(&org, &[Lead::WithContact]);
    let service = Service::unfitted(&org).await;
    let of_lead = json!({
        "company": "Acme", "rating": "Hot", "status": "Open", "website": "https://example.com", "createdAt": "2026-01-01",
        "createddate": "2026-01-01", "createdById": "005A", "isConverted": true, "isUnreadByOwner": true, "division": "d",
        "currencyIsoCode": "EUR", "companyDunsNumber": "1", "accuracy": 1, "age": 36, "gender": "f",
    });
    let mut event = ada(of_lead.clone());
    event["traits"]["plan"] = json!("pro");
    event["traits"]["city"] = json!("London");
    event["traits"]["birthday"] = json!("1815-12-10");
    let described = described_at(&service, &destination_of_contacts(), &event).await;
    let written = json!({
        "Email": "ada@example.com", "LastName": "n/a", "MailingCity": "London", "Birthdate": "1815-12-10", "plan__c": "pro",
    });
    assert_eq!(described.fields, written);
    for name in of_lead.as_object().unwrap().keys() {
        assert!(
            described.says(&format!("\"{name}\""), "only leads have a field for it"),
            "{name} {described:?}"
        );
    }
    assert_eq!(
        described.explanation.len(),
        of_lead.as_object().unwrap().len()
    );
}

#[tokio::test]
async fn a_company_of_a_contact_is_left_out_whatever_its_form() {
    let org = org().build();
    leads(&org, &[Lead::WithContact]);
    let service = inline(&org, &[]).await;
    for company in [
        json!("Acme"),
        json!(["Acme"]),
        json!({"name": "Acme", "industry": "Computing"}),
    ] {
        let event = ada(json!({"company": company}));
        let described = described_at(&service, &destination_of_contacts(), &event).await;
        let written = json!({"Email": "ada@example.com", "LastName": "n/a"});
        assert_eq!(described.fields, written, "{company}");
        assert!(described.says("\"company\"", "only leads"), "{described:?}");

        let entries = deliver(&service, [job(1, event, &destination_of_contacts())]).await;
        assert_eq!(statuses(&entries), [296], "{company} {entries:?}");
    }
}

#[tokio::test]
async fn the_email_of_a_converted_leads_contact_is_written_as_it_was_looked_up() {
    let org = org().build();
    leads(&org, &[Lead::WithContact]);
    let service = Service::unfitted(&org).await;
    let event = ada(json!({"email": "\u{FEFF} ada@example.com\u{A0}"}));
    let described = described_at(&service, &destination_of_contacts(), &event).await;
    assert_eq!(described.fields["Email"], "ada@example.com");
}
