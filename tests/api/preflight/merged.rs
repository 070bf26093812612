//! What must not happen: values that displace others, words of a visitor that are taken for a parent, and one destination's policy
//! for the fields of another.

use serde_json::json;

use super::{ada, fields, fits, job_of, ordinary, service};
use crate::{
    fixtures::{destination, job, oauth_job, secret},
    inline::{deliver, inline, of_user, statuses},
    service::{Service, serve},
};

/// Numbers the events of one user and one destination.
fn in_order<const N: usize>(traits: [serde_json::Value; N]) -> Vec<serde_json::Value> {
    let jobs = (1..).zip(traits);
    jobs.map(|(id, traits)| job(id, ada(traits), &destination("dst-1")))
        .collect()
}

#[tokio::test]
async fn an_object_of_a_visitor_is_no_parent() {
    fits(
        json!({"owner": {"name": "Bob", "id": 7}}),
        json!({}),
        &[("owner", "structure")],
    )
    .await;
    fits(
        json!({"owner": {"name": "Bob"}}),
        json!({}),
        &[("owner", "structure")],
    )
    .await;
}

#[tokio::test]
async fn a_later_value_that_does_not_fit_displaces_no_earlier_one_that_does() {
    let org = ordinary().build();
    let service = inline(&org, &[]).await;
    let jobs = in_order([
        json!({"company": {"name": "Navy", "employee_count": 5}}),
        json!({"company": {"name": "Navy", "employee_count": "lots"}}),
    ]);
    assert_eq!(statuses(&deliver(&service, jobs).await), [299, 296]);
    assert_eq!(org.records("Lead")[0]["NumberOfEmployees"], 5);
}

#[tokio::test]
async fn a_list_displaces_no_other_trait_for_its_field() {
    let org = ordinary().build();
    let service = service(&org, &[]).await;
    let event = ada(json!({"topics": ["news"], "Topics": "tech"}));
    let entries = service.router([job_of(&event)]).await;
    let sent = &fields(&entries[0])["Topics__c"];
    assert_eq!(*sent, json!("tech"));
}

#[tokio::test]
async fn a_very_long_list_is_left_out() {
    let many: Vec<String> = (0..80_000).map(|n| format!("value {n}")).collect();
    let org = ordinary().build();
    let service = service(&org, &[]).await;
    let event = ada(json!({"topics": many, "country": "ä".repeat(100_000)}));
    let entries = service.router([job_of(&event)]).await;
    let sent = fields(&entries[0]);
    assert_eq!((sent.get("Topics__c"), sent.get("Country")), (None, None));
}

#[tokio::test]
async fn events_of_destinations_with_different_policies_are_not_merged() {
    // Two destinations of one OAuth account share a session.
    let org = ordinary().build();
    let url = serve(org.router()).await;
    let flags = ["--delivery", "inline", "--delivery-window", "1ms"];
    let service = Service::start_with(&url, &flags, |config| {
        let own = [
            ("PREFLIGHT_dst_2".into(), "off".into()),
            ("SALVAGE_dst_2".into(), "false".into()),
        ];
        config.read_destinations(&own).unwrap();
    })
    .await;
    let of = |id, destination: &str, traits| {
        let mut job = oauth_job(id, secret(&org, &url));
        job["message"] = ada(traits);
        job["destination"]["ID"] = json!(destination);
        job
    };
    let jobs = [
        of(1, "dst-1", json!({"city": "London"})),
        of(2, "dst-2", json!({"title": "x".repeat(200)})),
    ];
    assert_eq!(statuses(&deliver(&service, jobs).await), [299, 400]);
    assert_eq!(org.records("Lead")[0]["Title"], json!(null));
}

#[tokio::test]
async fn with_warn_the_record_is_said_to_be_written_as_it_came() {
    let org = ordinary().build();
    let service = inline(&org, &["--preflight", "warn"]).await;
    let event = ada(json!({"title": 42}));
    let entries = deliver(&service, [of_user("ada", job_of(&event))]).await;
    let said = entries[0]["error"].as_str().unwrap_or_default();
    assert_eq!(statuses(&entries), [296], "{entries:?}");
    assert!(said.contains("written as it came"), "{said}");
    assert!(said.contains("with PREFLIGHT=fix, the field"), "{said}");
}
