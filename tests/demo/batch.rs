//! The events of the demo, what each is to become, and what must be in the org at the end.

use serde_json::{Value, json};

use super::setup::{KNOWN_LEAD, Setup};

/// One event.
pub(super) struct Step {
    pub(super) title: String,
    pub(super) message: Value,
    /// The `statusCode` that each of its answers should have.
    pub(super) status: u64,
    /// How many requests it should become.
    pub(super) requests: usize,
}

/// The batch: the examples of RudderStack's Salesforce documentation, and what people stumble over.
pub(super) fn steps(setup: &Setup) -> Vec<Step> {
    let open = json!({"All": true, "Salesforce": true});
    let john = json!({"name": "John Doe", "email": "john@company123.example", "company": "Company123", "newProp": "a custom field"});
    let ada = json!({"email": KNOWN_LEAD.to_uppercase(), "name": "Ada Lovelace", "company": {"name": "Analytical", "industry": "Computing"},
        "plan": "pro", "tags": ["poet", "countess"], "createdAt": "1835-07-08"});
    let gibbs = json!([{"type": "Salesforce-Contact", "id": setup.contact}, {"type": "Salesforce-Individual"}]);
    let step = |title: &str, status, requests, message| Step {
        title: title.to_owned(),
        message,
        status,
        requests,
    };
    vec![
        step(
            "a new person, John Doe of Company123, with the trait newProp",
            200,
            1,
            json!({"type": "identify", "userId": "u1", "traits": john, "integrations": open}),
        ),
        step(
            "a known person, found by e-mail in whatever letter case",
            200,
            1,
            json!({"type": "identify", "userId": "u2", "traits": ada, "integrations": open}),
        ),
        step(
            &format!(
                "several objects: the Contact sf-contact-id (here {}) and a new Individual",
                setup.contact
            ),
            200,
            2,
            json!({"type": "identify", "userId": "u3", "traits": {"FirstName": "John", "LastName": "Gibbs"}, "context": {"externalId": gibbs}, "integrations": open}),
        ),
        step(
            "an identify that does not name Salesforce",
            298,
            0,
            json!({"type": "identify", "userId": "u4", "traits": {"email": "quiet@company123.example"}, "integrations": {"All": true}}),
        ),
        step(
            "a track event",
            400,
            0,
            json!({"type": "track", "event": "Order Completed", "userId": "u1", "integrations": open}),
        ),
        step(
            "a lead without an e-mail",
            400,
            0,
            json!({"type": "identify", "userId": "u5", "traits": {"name": "No Body"}, "integrations": open}),
        ),
    ]
}

/// The body to post to `/transform`.
pub(super) fn body(steps: &[Step]) -> Value {
    let entry =
        |(job, step): (usize, &Step)| json!({"message": step.message, "metadata": {"jobId": job}});
    (1..).zip(steps).map(entry).collect()
}

/// What the org must hold once the requests are delivered: object, what that shows, fields.
pub(super) fn expected_records(setup: &Setup) -> [(&'static str, &'static str, Value); 4] {
    [
        (
            "Lead",
            "John Doe of Company123 is a lead with newProp__c",
            json!({"FirstName": "John", "LastName": "Doe", "Company": "Company123", "Email": "john@company123.example", "newProp__c": "a custom field"}),
        ),
        (
            "Lead",
            "Ada is still one lead, now with her new name and plan",
            json!({"FirstName": "Ada", "LastName": "Lovelace", "Company": "Analytical", "Industry": "Computing", "plan__c": "pro"}),
        ),
        (
            "Contact",
            "the contact is now called John Gibbs",
            json!({"Id": setup.contact, "FirstName": "John", "LastName": "Gibbs"}),
        ),
        (
            "Individual",
            "the individual John Gibbs exists",
            json!({"FirstName": "John", "LastName": "Gibbs"}),
        ),
    ]
}
