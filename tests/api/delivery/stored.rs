//! The processor path: rudder-server stores its descriptor and sends that same one on each attempt. What the org holds by then
//! is looked up first where an earlier attempt may have written, and where the lead is gone.

use salesforce_simulator::{Call, Fault, FieldType, Simulator};
use serde_json::{Value, json};

use crate::{
    fixtures::{destination, identify, job, known_lead, org},
    service::{Service, assert_says, serve},
};

/// What rudder-server asks a proxy for a job of its processor path: the descriptor that it has stored, and the `Config` of the
/// workspace.
pub(crate) fn asking(described: &Value, config: &Value, attempt: u64) -> Value {
    let mut body = described["output"].clone();
    body.as_object_mut().unwrap().remove("version");
    body["metadata"] = json!({
        "jobId": 1,
        "attemptNum": attempt,
        "userId": "",
        "sourceId": "src-1",
        "destinationId": "dst-1",
        "workspaceId": "ws-1",
        "secret": null,
        "dontBatch": false,
    });
    body["destinationConfig"] = config.clone();
    body
}

/// A service, its org, and the stored descriptor of a lead.
struct Stored {
    org: Simulator,
    service: Service,
    config: Value,
    described: Value,
}

impl Stored {
    async fn new(org: Simulator, flags: &[&str], config: &[(&str, Value)], traits: Value) -> Self {
        let service = Service::start(&serve(org.router()).await, flags).await;
        let mut destination = destination("dst-1");
        for (name, value) in config {
            destination["Config"][name] = value.clone();
        }
        let event = job(1, identify(traits), &destination);
        let described = service.processor([event]).await[0].take();
        Self {
            org,
            service,
            config: destination["Config"].take(),
            described,
        }
    }

    /// Delivers it by both versions of the proxy; the status of the job, the same at each, and the message.
    async fn attempt(&self, version: &str, attempt: u64) -> (u64, String) {
        let mut body = asking(&self.described, &self.config, attempt);
        if version == "v1" {
            body["metadata"] = json!([body["metadata"]]);
        }
        let path = format!("/{version}/destinations/salesforce/proxy");
        let answer = self.service.post(&path, body).await;
        let output = &answer.json()["output"];
        let message = output["message"].as_str().unwrap().to_owned();
        let status = match version {
            "v0" => u64::from(answer.status),
            _ => output["response"][0]["statusCode"].as_u64().unwrap(),
        };
        (status, message)
    }

    async fn status(&self, version: &str, attempt: u64) -> u64 {
        self.attempt(version, attempt).await.0
    }
}

/// Ada, whose lead is not known when she is described.
async fn new_lead(flags: &[&str], config: &[(&str, Value)]) -> Stored {
    let org = org()
        .custom_field("Lead", "plan__c", FieldType::Text)
        .custom_field("Contact", "plan__c", FieldType::Text)
        .build();
    let ada =
        json!({"email": "Ada@Example.com", "city": "Berlin", "company": "Acme", "plan": "pro"});
    Stored::new(org, flags, config, ada).await
}

/// Ada, whose lead is known when she is described.
async fn lead_to_update(flags: &[&str], config: &[(&str, Value)]) -> (Stored, String) {
    let org = org().build();
    let lead = known_lead(&org, "ada@example.com");
    let ada = json!({"email": "ada@example.com", "city": "Berlin"});
    (Stored::new(org, flags, config, ada).await, lead)
}

#[tokio::test]
async fn a_create_whose_answer_was_lost_updates_what_it_has_written() {
    for version in ["v0", "v1"] {
        for flags in [[].as_slice(), &["--compatibility", "stock"]] {
            let stored = new_lead(flags, &[]).await;
            stored.org.fail_next(Call::Create, Fault::Dropped, 1);
            assert_eq!(stored.status(version, 0).await, 500);
            assert_eq!(stored.status(version, 1).await, 200);
            let calls = stored.org.calls();
            assert_eq!((calls.create, calls.update), (1, 1), "{version} {flags:?}");
            let leads = stored.org.records("Lead");
            assert_eq!((leads.len(), &leads[0]["City"]), (1, &json!("Berlin")));
        }
    }
}

/// A destination whose events the processor has described, and whose router transforms them by now.
#[tokio::test]
async fn a_stored_request_that_goes_through_the_router_is_delivered_as_safely() {
    let stored = new_lead(&[], &[]).await;
    let mut message = stored.described["output"].clone();
    message["statusCode"] = json!(200);
    for (attempt, expected) in [(0, 500), (1, 200)] {
        let mut event = job(1, message.clone(), &destination("dst-1"));
        event["metadata"]["attemptNum"] = json!(attempt);
        let entry = stored.service.router([event]).await[0].take();
        let mut body = asking(&stored.described, &stored.config, attempt);
        body["metadata"] = entry["metadata"].clone();
        if attempt == 0 {
            stored.org.fail_next(Call::Create, Fault::Dropped, 1);
        }
        let path = "/v1/destinations/salesforce/proxy";
        let output = stored.service.post(path, body).await.accepted()["output"].take();
        assert_eq!(output["response"][0]["statusCode"], expected, "{output}");
    }
    assert_eq!(stored.org.records("Lead").len(), 1);
}

#[tokio::test]
async fn a_create_that_was_not_carried_out_is_made_by_the_next_attempt() {
    let stored = new_lead(&[], &[]).await;
    stored
        .org
        .fail_next(Call::Create, Fault::ServerUnavailable, 1);
    assert_eq!(stored.status("v1", 0).await, 429);
    assert_eq!(stored.status("v1", 1).await, 200);
    assert_eq!(stored.org.records("Lead").len(), 1);
}

#[tokio::test]
async fn the_first_attempt_looks_nothing_up() {
    let stored = new_lead(&[], &[]).await;
    let queries = stored.org.calls().query;
    assert_eq!(stored.status("v1", 0).await, 200);
    assert_eq!(stored.org.calls().query, queries);
}

#[tokio::test]
async fn salesforce_is_asked_although_ids_are_remembered() {
    let stored = new_lead(&["--lookup-cache-ttl", "1h"], &[]).await;
    // Another event of hers remembers a lead that is another one by the time of the attempt.
    let old = known_lead(&stored.org, "ada@example.com");
    let event = job(
        2,
        identify(json!({"email": "ada@example.com"})),
        &destination("dst-1"),
    );
    stored.service.processor([event]).await;
    stored.org.delete("Lead", &old).unwrap();
    let new = known_lead(&stored.org, "ada@example.com");
    assert_eq!(stored.status("v1", 1).await, 200);
    let leads = stored.org.records("Lead");
    assert_eq!((leads.len(), &leads[0]["Id"]), (1, &json!(new)));
    assert_eq!(leads[0]["City"], "Berlin");
}

#[tokio::test]
async fn where_the_lookup_fails_nothing_is_written_and_the_job_comes_again() {
    for (fault, status) in [
        (Fault::Dropped, 500),
        (Fault::Html, 500),
        (Fault::LimitExceeded, 429),
        (Fault::ServerUnavailable, 429),
        (
            Fault::Says(400, r#"[{"errorCode":"MALFORMED_QUERY","message":"m"}]"#),
            500,
        ),
    ] {
        let stored = new_lead(&[], &[]).await;
        stored.org.fail_next(Call::Query, fault, 1);
        let (found, message) = stored.attempt("v1", 1).await;
        assert_eq!(found, status, "{fault:?}");
        assert_says(&message, "nothing was written");
        assert_eq!(stored.org.calls().create, 0);
        assert_eq!(stored.status("v1", 2).await, 200);
        assert_eq!(stored.org.records("Lead").len(), 1);
    }
}

/// How many creates, updates and queries were made.
type Calls = (u64, u64, u64);

#[tokio::test]
async fn attempt_note_and_what_is_found_decide_what_is_written() {
    let looked_up = |attempt: u64| json!({"authKey": "dst-1", "lookedUp": {"field": "Email", "attempt": attempt}});
    let identified = json!({"authKey": "dst-1", "lookedUp": {"field": "Ext__c", "attempt": 1}});
    let stored = json!({"authKey": "dst-1", "stored": true});
    let named = json!({"authKey": "dst-1"});
    // (attempt, destInfo, is the lead there) → (creates, updates, queries)
    #[rustfmt::skip]
    let cases: [(u64, Value, bool, Calls); 12] = [
        (0, Value::Null, false, (1, 0, 0)),
        (0, Value::Null, true, (1, 0, 0)),
        (1, Value::Null, false, (1, 0, 1)),
        (1, Value::Null, true, (0, 1, 1)),
        (1, looked_up(1), true, (1, 0, 0)),
        (2, looked_up(1), true, (0, 1, 1)),
        (2, looked_up(1), false, (1, 0, 1)),
        (2, identified, true, (1, 0, 0)),
        (0, stored.clone(), true, (1, 0, 0)),
        (1, stored, true, (0, 1, 1)),
        (2, named.clone(), true, (1, 0, 0)),
        (0, named, true, (1, 0, 0)),
    ];
    for (attempt, dest_info, is_there, expected) in cases {
        for version in ["v0", "v1"] {
            let stored = new_lead(&[], &[]).await;
            if is_there {
                known_lead(&stored.org, "ada@example.com");
            }
            let before = stored.org.calls();
            let mut body = asking(&stored.described, &stored.config, attempt);
            body["metadata"]["destInfo"] = dest_info.clone();
            if version == "v1" {
                body["metadata"] = json!([body["metadata"]]);
            }
            let path = format!("/{version}/destinations/salesforce/proxy");
            let answer = stored.service.post(&path, body).await;
            let case = format!("{version} {attempt} {dest_info} {is_there}");
            assert_eq!(answer.status, 200, "{case}");
            let after = stored.org.calls();
            let calls = (
                after.create - before.create,
                after.update - before.update,
                after.query - before.query,
            );
            assert_eq!(calls, expected, "{case}");
        }
    }
}

#[tokio::test]
async fn what_was_converted_meanwhile_is_updated_as_its_contact() {
    let stored = new_lead(&[], &[("useContactId", json!(true))]).await;
    stored.org.fail_next(Call::Create, Fault::Dropped, 1);
    assert_eq!(stored.status("v1", 0).await, 500);
    let lead = stored.org.records("Lead")[0]["Id"].clone();
    stored.org.convert(lead.as_str().unwrap()).unwrap();
    assert_eq!(stored.status("v1", 1).await, 200);
    let contact = stored.org.records("Contact")[0].take();
    assert_eq!(contact["MailingCity"], "Berlin");
    assert_eq!(contact["plan__c"], "pro");
    assert_eq!(contact["Company"], Value::Null);
}

#[tokio::test]
async fn of_several_leads_the_one_that_the_rules_mean_is_updated() {
    let stored = new_lead(&[], &[]).await;
    known_lead(&stored.org, "ada@example.com");
    let last = known_lead(&stored.org, "ada@example.com");
    let later = json!({"LastName": "Lovelace"});
    stored.org.update("Lead", &last, later).unwrap();
    assert_eq!(stored.status("v1", 1).await, 200);
    let leads = stored.org.records("Lead");
    let written = leads.iter().find(|lead| lead["City"] == "Berlin").unwrap();
    assert_eq!((leads.len(), &written["Id"]), (2, &json!(last)));
}

#[tokio::test]
async fn placeholders_overwrite_nothing_where_they_are_for_new_records() {
    let org = org().build();
    let ada = json!({"email": "ada@example.com"});
    let stored = Stored::new(org, &["--placeholders", "on-create"], &[], ada).await;
    known_lead(&stored.org, "ada@example.com");
    assert_eq!(stored.status("v1", 1).await, 200);
    assert_eq!(stored.org.records("Lead")[0]["Company"], "Acme");
}

#[tokio::test]
async fn a_lead_that_is_gone_is_looked_up_once_and_what_is_found_is_updated() {
    for version in ["v0", "v1"] {
        let (stored, lead) = lead_to_update(&[], &[]).await;
        stored.org.delete("Lead", &lead).unwrap();
        let new = known_lead(&stored.org, "ada@example.com");
        assert_eq!(stored.status(version, 0).await, 200);
        let leads = stored.org.records("Lead");
        assert_eq!((leads.len(), &leads[0]["Id"]), (1, &json!(new)));
        assert_eq!(leads[0]["City"], "Berlin");
    }
}

#[tokio::test]
async fn a_lead_that_is_gone_without_another_is_aborted_with_the_refusal() {
    for flags in [[].as_slice(), &["--lookup-cache-ttl", "1h"]] {
        let (stored, lead) = lead_to_update(flags, &[]).await;
        stored.org.delete("Lead", &lead).unwrap();
        let queries = stored.org.calls().query;
        let (status, message) = stored.attempt("v1", 0).await;
        assert_eq!(status, 400);
        assert_says(&message, "ENTITY_IS_DELETED");
        assert_eq!(stored.org.calls().query, queries + 1);
        assert_eq!(stored.org.records("Lead"), [] as [Value; 0]);
    }
}

#[tokio::test]
async fn a_lead_that_is_gone_and_cannot_be_looked_up_now_comes_again() {
    let (stored, lead) = lead_to_update(&[], &[]).await;
    stored.org.delete("Lead", &lead).unwrap();
    known_lead(&stored.org, "ada@example.com");
    stored.org.fail_next(Call::Query, Fault::Dropped, 1);
    assert_eq!(stored.status("v1", 0).await, 500);
    assert_eq!(stored.status("v1", 1).await, 200);
}

#[tokio::test]
async fn a_converted_lead_is_updated_as_its_contact_if_the_destination_says_so() {
    for (use_contact, expected) in [(true, 200), (false, 400)] {
        let (stored, lead) = lead_to_update(&[], &[("useContactId", json!(use_contact))]).await;
        stored.org.convert(&lead).unwrap();
        assert_eq!(stored.status("v1", 0).await, expected);
        let city = &stored.org.records("Contact")[0]["MailingCity"];
        let berlin = json!("Berlin");
        assert_eq!(city, if use_contact { &berlin } else { &Value::Null });
    }
}

#[tokio::test]
async fn a_lead_that_came_into_being_meanwhile_and_is_unique_is_updated() {
    let org = org()
        .unique_field("Lead", "ext__c", FieldType::Text)
        .build();
    let ada = json!({"email": "ada@example.com", "ext": "a1", "city": "Berlin"});
    let stored = Stored::new(org, &[], &[], ada).await;
    let lead = json!({"LastName": "planted", "Company": "Acme", "Email": "ada@example.com", "ext__c": "a1"});
    stored.org.insert("Lead", lead).unwrap();
    assert_eq!(stored.status("v1", 0).await, 200);
    let leads = stored.org.records("Lead");
    assert_eq!((leads.len(), &leads[0]["City"]), (1, &json!("Berlin")));
}

/// The event may have named the record: another of the same person is not meant.
#[tokio::test]
async fn an_update_that_another_lead_makes_a_duplicate_does_not_become_that_leads() {
    let org = org()
        .unique_field("Lead", "ext__c", FieldType::Text)
        .build();
    let lead = known_lead(&org, "ada@example.com");
    let ada = json!({"email": "ada@example.com", "ext": "a1", "city": "Berlin"});
    let stored = Stored::new(org, &[], &[], ada).await;
    let other = json!({"LastName": "planted", "Company": "Acme", "Email": "ada@example.com", "ext__c": "a1"});
    stored.org.insert("Lead", other).unwrap();
    let queries = stored.org.calls().query;
    let (status, message) = stored.attempt("v1", 0).await;
    assert_eq!((status, stored.org.calls().query), (400, queries));
    assert_says(&message, "DUPLICATE_VALUE");
    let leads = stored.org.records("Lead");
    assert_eq!(leads[0]["Id"], json!(lead));
    assert_eq!([&leads[0]["City"], &leads[1]["City"]], [&Value::Null; 2]);
}
