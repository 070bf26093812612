//! An expired session. rudder-server refreshes an OAuth secret; the token of a password login is forgotten here, so that
//! the next transform logs in again.

use salesforce_simulator::Simulator;
use serde_json::{Value, json};

use super::{DELIVERED, RETRYABLE, asking, metadata, outcome, output_v1, write_to};
use crate::{
    fixtures::{destination, job, lead_job, org},
    service::{Service, send, serve},
};

/// The metadata of a job, which may have lost the `destInfo` that the transform put there.
fn metadata_with_and_without_dest_info() -> [Value; 2] {
    let with = metadata(1);
    let mut without = with.clone();
    without.as_object_mut().unwrap().remove("destInfo");
    [with, without]
}

/// An org with a session that has expired, and a write that still carries its token.
async fn org_with_expired_session() -> (Simulator, Service, Value) {
    let org = org().build();
    let salesforce = serve(org.router()).await;
    let service = Service::start(&salesforce, &[]).await;
    let mut write = write_to(&salesforce);
    write["headers"]["Authorization"] = json!(format!("Bearer {}", org.session()));
    org.expire_sessions();
    (org, service, write)
}

/// A contact to create: it is described with the known token, and nothing is asked of the org.
pub(super) fn contact_job(id: u64) -> Value {
    let contact = json!({
        "type": "identify",
        "traits": {"LastName": "Gibbs"},
        "context": {"externalId": [{"type": "Salesforce-Contact"}]},
        "integrations": {"Salesforce": true},
    });
    job(id, contact, &destination("dst-1"))
}

#[tokio::test]
async fn v0_has_rudder_server_refresh_an_oauth_secret() {
    let (_org, service, write) = org_with_expired_session().await;
    for name in ["salesforce_oauth", "salesforce_oauth_sandbox"] {
        for metadata in metadata_with_and_without_dest_info() {
            let path = format!("/v0/destinations/{name}/proxy");
            let answer = service.post(&path, asking(&write, &metadata)).await;
            assert_eq!(answer.status, 500);
            let output = &answer.json()["output"];
            assert_eq!(outcome(output), RETRYABLE);
            assert_eq!(output["authErrorCategory"], "REFRESH_TOKEN");
            let response = &output["destinationResponse"];
            assert_eq!(response["status"], 401);
            assert_eq!(response["response"][0]["errorCode"], "INVALID_SESSION_ID");
        }
    }
}

#[tokio::test]
async fn v1_has_rudder_server_refresh_an_oauth_secret_and_says_it_in_the_http_status_too() {
    let (_org, service, write) = org_with_expired_session().await;
    for name in ["salesforce_oauth", "salesforce_oauth_sandbox"] {
        for metadata in metadata_with_and_without_dest_info() {
            let path = format!("/v1/destinations/{name}/proxy");
            let body = asking(&write, &json!([metadata]));
            let answer = service.post(&path, body).await;
            assert_eq!((answer.status, answer.header("apiVersion")), (500, "2"));
            let output = &answer.json()["output"];
            assert_eq!(outcome(output), RETRYABLE);
            assert_eq!(output["authErrorCategory"], "REFRESH_TOKEN");
            assert_eq!(output["response"][0]["statusCode"], 500);
            assert_eq!(output["response"][0]["metadata"], metadata);
        }
    }
}

#[tokio::test]
async fn an_expired_password_login_is_retried_and_asks_nobody_to_refresh() {
    let (_org, service, write) = org_with_expired_session().await;
    let answer = send(super::v1(&service, &write)).await;
    let output = output_v1(&answer, RETRYABLE, "expired login");
    assert_eq!(output.get("authErrorCategory"), None);
    let answer = send(super::v0(&service, &write)).await;
    assert_eq!(answer.status, 500);
    assert_eq!(answer.json()["output"].get("authErrorCategory"), None);
}

#[tokio::test]
async fn the_token_of_an_expired_password_login_is_forgotten() {
    for keep_dest_info in [true, false] {
        let org = org().build();
        let service = Service::of(&org).await;
        let mut entry = service.router([contact_job(1)]).await[0].take();
        org.expire_sessions();
        if !keep_dest_info {
            let metadata = entry["metadata"][0].as_object_mut().unwrap();
            metadata.remove("destInfo");
        }
        let output = super::deliver(&service, &entry).await;
        assert_eq!(outcome(&output), RETRYABLE);
        assert_eq!(org.calls().token, 1);

        let entry = service.router([contact_job(1)]).await[0].take();
        assert_eq!(org.calls().token, 2);
        let output = super::deliver(&service, &entry).await;
        assert_eq!(outcome(&output), DELIVERED);
        assert_eq!(org.records("Contact").len(), 1);
    }
}

#[tokio::test]
async fn a_token_that_has_replaced_the_expired_one_is_kept() {
    let org = org().build();
    let service = Service::of(&org).await;
    let expired = service.router([contact_job(1)]).await[0].take();
    org.expire_sessions();
    // The lookup of a lead finds the session expired, and logs in.
    service.router([lead_job(2, "ada@example.com")]).await;
    assert_eq!(org.calls().token, 2);

    let output = super::deliver(&service, &expired).await;
    assert_eq!(outcome(&output), RETRYABLE);
    let valid = service.router([contact_job(1)]).await[0].take();
    let output = super::deliver(&service, &valid).await;
    assert_eq!(outcome(&output), DELIVERED);
    assert_eq!(org.calls().token, 2);
}

#[tokio::test]
async fn only_the_destination_whose_write_was_refused_logs_in_again() {
    let org = org().build();
    let service = Service::of(&org).await;
    let mut other = contact_job(2);
    other["destination"] = destination("dst-2");
    let entries = service.router([contact_job(1), other.clone()]).await;
    assert_eq!(org.calls().token, 2);
    org.expire_sessions();
    let output = super::deliver(&service, &entries[0]).await;
    assert_eq!(outcome(&output), RETRYABLE);
    service.router([contact_job(1), other]).await;
    assert_eq!(org.calls().token, 3);
}
