//! Blank text is absent: Salesforce takes it off and finds nothing, so that a record without it would be refused, or a field
//! emptied.

use serde_json::{Value, json};

use super::{ada, described, lead, named, sync};
use crate::{
    fixtures::{destination, identify, job, org},
    inline::{deliver, inline, statuses},
    service::{Service, assert_says, error, verdict},
};

/// Texts of which nothing is to be seen.
const BLANK: [&str; 7] = [
    "",
    " ",
    "\t",
    "\r\n",
    "\u{A0}",
    "\u{3000}\u{200B}",
    "\u{FEFF}",
];

/// Traits with a blank text in them, and the fields that a lead gets.
fn cases(blank: &str) -> Vec<(Value, Value)> {
    let city = json!({"City": "London"});
    vec![
        (
            json!({"lastName": blank, "name": "Ann Lee"}),
            json!({"FirstName": "Ann", "LastName": "Lee"}),
        ),
        (
            json!({"firstName": blank, "name": "Ann Lee"}),
            json!({"FirstName": "Ann", "LastName": "Lee"}),
        ),
        (json!({"firstName": blank, "lastName": blank}), json!({})),
        (json!({"name": blank}), json!({})),
        (
            json!({"name": format!("Ann {blank} Lee")}),
            json!({"FirstName": "Ann", "LastName": "Lee"}),
        ),
        (json!({"company": blank}), json!({})),
        (json!({"company": {"name": blank}}), json!({})),
        (
            json!({"company": {"name": blank, "industry": "Computing"}}),
            json!({"Industry": "Computing"}),
        ),
        (
            json!({"company.name": blank, "company": {"name": "Acme"}}),
            json!({"Company": "Acme"}),
        ),
        (
            json!({"address": {"city": blank}, "city": "London"}),
            city.clone(),
        ),
        (json!({"address": {"city": "London"}, "city": blank}), city),
        (json!({"title": blank, "phone": blank}), json!({})),
        (
            json!({"plan": blank, "plan__c": "pro"}),
            json!({"plan__c": "pro"}),
        ),
        (
            json!({"plan": "pro", "Plan": blank}),
            json!({"plan__c": "pro"}),
        ),
    ]
}

#[tokio::test]
async fn a_blank_trait_fills_no_field_and_the_next_best_value_or_the_placeholder_does() {
    let service = Service::unfitted(&org().build()).await;
    for blank in BLANK {
        for (traits, fields) in cases(blank) {
            let described = described(&service, &ada(traits.clone())).await;
            assert_eq!(described.fields, lead(fields), "{traits}");
            assert!(described.explanation.is_empty(), "{described:?}");
        }
    }
}

#[tokio::test]
async fn a_lead_with_a_blank_last_name_and_company_is_saved() {
    let org = org().build();
    let service = inline(&org, &[]).await;
    let traits = json!({"lastName": " ", "company": "\t"});
    let entries = deliver(&service, [job(1, ada(traits), &destination("dst-1"))]).await;
    assert_eq!(statuses(&entries), [299], "{entries:?}");
    let lead = &org.records("Lead")[0];
    assert_eq!(
        (&lead["LastName"], &lead["Company"]),
        (&json!("n/a"), &json!("n/a"))
    );
}

#[tokio::test]
async fn an_event_whose_emails_are_all_blank_has_none() {
    let service = Service::unfitted(&org().build()).await;
    for blank in BLANK {
        let event = identify(json!({"email": blank, "name": "Ada"}));
        let answer = service.router([job(1, event, &destination("dst-1"))]).await;
        let invalid = (400, "dataValidation", "instrumentation");
        assert_eq!(verdict(&answer[0]), invalid, "{blank:?}");
        assert_says(error(&answer[0]), "has no e-mail");
    }
}

#[tokio::test]
async fn a_blank_id_names_no_record() {
    let service = Service::unfitted(&org().build()).await;
    for blank in BLANK {
        let event = named("Account", &json!(blank), json!({"Name": "Acme"}));
        let created = described(&service, &event).await;
        assert_eq!(created.line, "POST Account", "{blank:?}");

        // A record of a blank identifier would be created again by each event.
        for field in ["Id", "Ext__c"] {
            let event = sync("Contact", field, &json!(blank), json!({"LastName": "L"}));
            let answer = service.router([job(1, event, &destination("dst-1"))]).await;
            assert_eq!(verdict(&answer[0]).0, 400, "{blank:?}");
            assert_says(error(&answer[0]), "its `id` is missing or invalid");
        }
    }
}

#[tokio::test]
async fn traits_that_are_sent_as_they_are_keep_their_blanks() {
    let service = Service::unfitted(&org().build()).await;
    let traits = json!({"Name": " ", "Site": "", "Phone": null});
    let account = described(&service, &named("Account", &json!("001A"), traits.clone())).await;
    assert_eq!(account.fields, traits);
}
