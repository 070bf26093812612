//! `/faults`: what goes wrong, counted; `/orgs`: how the orgs are.

use serde_json::{Value, json};

use super::{ON, message, watched};
use crate::{
    fixtures::{destination, job, lead_job, org},
    service::{Service, serve},
};

async fn faults(service: &Service) -> Vec<Value> {
    let mut faults = service.admin("/faults").await.json();
    faults["faults"].as_array_mut().unwrap().drain(..).collect()
}

#[tokio::test]
async fn failures_are_counted_by_code_object_and_field_with_what_to_do() {
    let service = watched(&org().build(), &[]).await;
    for _ in 0..3 {
        let nameless = job(1, message("m", json!({"plan": "pro"})), &destination("d"));
        service.router([nameless]).await;
    }
    let tags = json!({"email": "ada@example.com", "tags": ["poet"]});
    let left_out = job(2, message("m", tags), &destination("d"));
    service.router([left_out]).await;
    let mut faults = faults(&service).await;
    for fault in &mut faults {
        let fault = fault.as_object_mut().unwrap();
        assert!(fault["first"].as_str() <= fault["last"].as_str());
        fault.retain(|name, _| !matches!(name.as_str(), "first" | "last"));
    }
    let expected = json!([
        {
            "code": "structure", "reason": "structure", "object": "Lead", "field": "tags", "effect": "left_out", "status": 200,
            "count": 1, "recent": 1, "remedy": "Send the parts of the object or array as traits of their own, or leave it out.",
        },
        {
            "code": "no_email", "reason": "no_email", "object": null, "field": null, "effect": "not_sent", "status": 400, "count": 3, "recent": 3,
            "remedy": "Send an e-mail in traits.email, or name the record in context.externalId.",
        },
    ]);
    assert_eq!(Value::Array(faults), expected);
}

/// An event of a sync of contacts.
fn synced(field: &str, object: &str) -> Value {
    let entry =
        json!({"type": format!("Salesforce-{object}"), "id": "k-1", "identifierType": field});
    let mut event = message("m", json!({"LastName": "Ada"}));
    event["context"] = json!({"mappedToDestination": true, "externalId": [entry]});
    job(1, event, &destination("d"))
}

#[tokio::test]
async fn a_lookup_by_a_field_that_is_not_there_names_the_field_and_what_to_do_about_it() {
    let service = watched(&org().build(), &[]).await;
    let answer = service.router([synced("Nothing__c", "Contact")]).await;
    assert_eq!(answer[0]["statusCode"], 400, "{answer}");
    let fault = &faults(&service).await[0];
    let shown = ["code", "reason", "object", "field"].map(|name| fault[name].clone());
    assert_eq!(
        shown,
        ["INVALID_FIELD", "key_field", "Contact", "Nothing__c"]
    );
    assert_eq!(
        fault["remedy"],
        "Correct the field that identifies the records (the identifier of the sync), create it in Salesforce, or let the integration user see it."
    );
    let events = service.admin("/events").await.json();
    assert_eq!(events["events"][0]["fields"], json!(["Nothing__c"]));
}

#[tokio::test]
async fn names_in_another_letter_case_are_one_group() {
    let service = watched(&org().build(), &[]).await;
    for (field, object) in [
        ("Nothing__c", "Contact"),
        ("nothing__C", "contact"),
        ("Other__c", "Contact"),
    ] {
        service.router([synced(field, object)]).await;
    }
    let faults = faults(&service).await;
    let mut groups: Vec<_> = faults
        .iter()
        .map(|fault| (fault["field"].as_str().unwrap(), fault["count"].as_u64()))
        .collect();
    groups.sort_unstable();
    assert_eq!(groups, [("Nothing__c", Some(2)), ("Other__c", Some(1))]);
}

#[tokio::test]
async fn a_filtered_event_is_no_fault() {
    let service = watched(&org().build(), &[]).await;
    let mut event = message("m", json!({"email": "ada@example.com"}));
    event["integrations"] = json!({});
    service.router([job(1, event, &destination("d"))]).await;
    assert_eq!(faults(&service).await.len(), 0);
}

#[tokio::test]
async fn an_org_is_shown_with_its_calls_sessions_and_what_is_held_back() {
    let org = org().build();
    let salesforce = serve(org.router()).await;
    let service = Service::start(&salesforce, &ON).await;
    service.router([lead_job(1, "ada@example.com")]).await;
    let orgs = service.admin("/orgs").await.json();
    let shown = &orgs["orgs"][0];
    assert_eq!(shown["org"], salesforce.as_str());
    assert_eq!(shown["calls"]["query"], 1);
    let session = json!({"destination": "dst-1", "flow": "password", "accepted": true});
    assert_eq!(shown["sessions"], json!([session]));
    assert_eq!(
        shown["heldBack"],
        json!({"creates": false, "updates": false})
    );
    assert!(shown["describes"].is_array(), "{shown}");
    assert_eq!(orgs["refusedLogins"], json!([]));
}

#[tokio::test]
async fn a_refused_login_is_shown_with_what_to_do() {
    let service = watched(&org().build(), &[]).await;
    let mut destination = destination("dst-9");
    destination["Config"]["password"] = json!("planted-wrong");
    let event = message("m", json!({"email": "ada@example.com"}));
    service.router([job(1, event, &destination)]).await;
    let orgs = service.admin("/orgs").await.json();
    let refused = &orgs["refusedLogins"][0];
    let shown = ["destination", "flow", "reason"].map(|name| refused[name].clone());
    assert_eq!(shown, ["dst-9", "password", "credentials_refused"]);
    let fault = &faults(&service).await[0];
    assert_eq!(
        (&fault["code"], &fault["remedy"]),
        (&json!("invalid_grant"), &refused["remedy"])
    );
}
