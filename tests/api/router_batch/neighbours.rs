//! Events that share a query or a session: what is true for one of them is true for its neighbours.

use serde_json::json;

use super::method_and_record;
use crate::{
    fixtures::{job, known_lead, lead_job, lead_job_at, oauth_destination, org, secret},
    service::{Service, serve, verdict},
};

#[tokio::test]
async fn blanks_around_an_email_do_not_hide_the_lead() {
    let org = org().build();
    let lead = known_lead(&org, "ada@example.com");
    let service = Service::of(&org).await;
    let entries = service.router([lead_job(1, " ada@example.com ")]).await;
    let record = format!("Lead/{lead}");
    assert_eq!(method_and_record(&entries[0]), ("PATCH", record.as_str()));
}

#[tokio::test]
async fn blanks_around_an_email_do_not_hide_the_lead_next_to_the_clean_spelling() {
    let org = org().build();
    let lead = known_lead(&org, "ada@example.com");
    let service = Service::of(&org).await;
    let record = format!("Lead/{lead}");
    for emails in [
        [" ada@example.com ", "ada@example.com"],
        ["ada@example.com", " ada@example.com "],
    ] {
        let jobs = [lead_job(1, emails[0]), lead_job(2, emails[1])];
        let entries = service.router(jobs).await;
        for entry in [&entries[0], &entries[1]] {
            let found = method_and_record(entry);
            assert_eq!(found, ("PATCH", record.as_str()), "{emails:?}");
        }
    }
}

#[tokio::test]
async fn an_expired_session_is_refreshed_for_an_event_that_asks_nothing_too() {
    let org = org().build();
    let salesforce = serve(org.router()).await;
    let service = Service::start(&salesforce, &[]).await;
    let secret = secret(&org, &salesforce);
    org.expire_sessions();
    let destination = oauth_destination("dst-1");
    let contact = json!({
        "type": "identify",
        "traits": {"LastName": "Gibbs"},
        "context": {"externalId": [{"type": "Salesforce-Contact", "id": "0035g0000000001AAA"}]},
        "integrations": {"Salesforce": true},
    });
    let mut jobs = [
        lead_job_at(1, "ada@example.com", &destination),
        job(2, contact, &destination),
    ];
    for job in &mut jobs {
        job["metadata"]["secret"] = secret.clone();
    }
    let entries = service.router(jobs).await;
    for entry in [&entries[0], &entries[1]] {
        assert_eq!(verdict(entry), (500, "network", "retryable"));
        assert_eq!(entry["authErrorCategory"], "REFRESH_TOKEN");
        assert_eq!(entry.get("batchedRequest"), None);
    }
}
