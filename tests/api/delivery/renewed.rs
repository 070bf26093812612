//! A dead token in a stored descriptor: the request is sent once more with the destination's current session, where there is
//! a login and its session is of the org that is written to.

use salesforce_simulator::{Call, Fault, Simulator};
use serde_json::{Value, json};
use wiremock::{MockServer, ResponseTemplate};

use super::{salesforce_that_is_left_alone, stored::asking};
use crate::{
    fixtures::{INTEGRATION_USER, destination, known_lead, lead_job, open_org, org},
    service::{Service, assert_says, serve},
};

/// A stored descriptor of a lead, and the `Config` of its destination.
async fn stored(service: &Service) -> (Value, Value) {
    let config = destination("dst-1")["Config"].take();
    let described = service.processor([lead_job(1, "ada@example.com")]).await[0].take();
    (described, config)
}

/// The status with which a stored descriptor is delivered, at the version that rudder-server takes.
async fn status(service: &Service, described: &Value, config: &Value, attempt: u64) -> u64 {
    let mut body = asking(described, config, attempt);
    body["metadata"] = json!([body["metadata"]]);
    let path = "/v1/destinations/salesforce/proxy";
    let output = service.post(path, body).await.accepted()["output"].take();
    output["response"][0]["statusCode"].as_u64().unwrap()
}

#[tokio::test]
async fn a_dead_token_is_replaced_by_the_destinations_current_session() {
    let org = org().build();
    let service = Service::of(&org).await;
    let (described, config) = stored(&service).await;
    org.expire_sessions();
    assert_eq!(status(&service, &described, &config, 0).await, 200);
    assert_eq!(status(&service, &described, &config, 0).await, 200);
    assert_eq!(org.records("Lead").len(), 1);
    // The first login described it; the second one serves both deliveries.
    assert_eq!(org.calls().token, 2);
}

#[tokio::test]
async fn a_replica_that_has_not_described_the_request_logs_in_for_it() {
    let org = org().build();
    let salesforce = serve(org.router()).await;
    let (described, config) = stored(&Service::start(&salesforce, &[]).await).await;
    org.expire_sessions();
    let another = Service::start(&salesforce, &[]).await;
    let path = "/v0/destinations/salesforce/proxy";
    let body = asking(&described, &config, 0);
    assert_eq!(another.post(path, body).await.status, 200);
    assert_eq!(org.records("Lead").len(), 1);
}

#[tokio::test]
async fn the_settings_login_serves_where_the_destination_has_none() {
    let org = open_org().build();
    let salesforce = serve(org.router()).await;
    let flags = ["--salesforce-auth", "client-credentials"];
    let service = Service::start(&salesforce, &flags).await;
    let (described, _) = stored(&service).await;
    org.expire_sessions();
    assert_eq!(status(&service, &described, &json!({}), 0).await, 200);
    assert_eq!(org.calls().token, 2, "{INTEGRATION_USER}");
}

#[tokio::test]
async fn many_deliveries_with_one_dead_token_share_one_login() {
    let org = org().build();
    let service = Service::of(&org).await;
    let (described, config) = stored(&service).await;
    org.expire_sessions();
    let deliveries = (0..20).map(|_| status(&service, &described, &config, 0));
    let statuses = futures_util::future::join_all(deliveries).await;
    assert_eq!(statuses, [200; 20]);
    assert_eq!(org.calls().token, 2);
}

#[tokio::test]
async fn without_a_login_or_a_secret_of_its_own_the_job_comes_again() {
    let org = org().build();
    let service = Service::of(&org).await;
    let (described, config) = stored(&service).await;
    org.expire_sessions();
    assert_eq!(status(&service, &described, &json!({}), 0).await, 500);
    let wrong = json!({"userName": "crm@acme.example", "password": "planted-wrong"});
    assert_eq!(status(&service, &described, &wrong, 0).await, 500);
    let oauth = asking(&described, &config, 0);
    let path = "/v0/destinations/salesforce_oauth/proxy";
    let answer = service.post(path, oauth).await;
    let category = &answer.json()["output"]["authErrorCategory"];
    assert_eq!((answer.status, category), (500, &json!("REFRESH_TOKEN")));
    assert_eq!(org.records("Lead"), [] as [Value; 0]);
}

#[tokio::test]
async fn a_job_whose_token_is_dead_and_whose_login_is_refused_waits_as_the_setting_says() {
    for (policy, expected) in [("abort", 500), ("retry", 429)] {
        let org = org().build();
        let flags = ["--refused-login", policy];
        let service = Service::start(&serve(org.router()).await, &flags).await;
        let (described, _) = stored(&service).await;
        org.expire_sessions();
        let wrong = json!({"userName": "crm@acme.example", "password": "planted-wrong"});
        for attempt in [0, 1, 12] {
            let mut body = asking(&described, &wrong, attempt);
            body["metadata"] = json!([body["metadata"]]);
            let path = "/v1/destinations/salesforce/proxy";
            let output = service.post(path, body).await.accepted()["output"].take();
            let job = &output["response"][0];
            assert_eq!(job["statusCode"], expected, "{policy} {attempt}");
            for text in [&job["error"], &output["message"]] {
                assert_says(text.as_str().unwrap(), "invalid_grant");
            }
        }
        assert_eq!(org.records("Lead"), [] as [Value; 0]);
    }
}

/// The place that a session's instance is not: another host, port or scheme than the descriptor's endpoint.
#[tokio::test]
async fn a_session_of_another_instance_is_not_sent_to_the_endpoint() {
    let elsewhere = MockServer::start().await;
    let expired = json!([{"errorCode": "INVALID_SESSION_ID", "message": "Session expired"}]);
    let says = ResponseTemplate::new(401).set_body_json(&expired);
    wiremock::Mock::given(wiremock::matchers::any())
        .respond_with(says)
        .expect(1)
        .mount(&elsewhere)
        .await;
    let org = org().build();
    let salesforce = serve(org.router()).await;
    let both = format!("{salesforce},{}", elsewhere.uri());
    let flags = ["--salesforce-allowed-hosts", both.as_str()];
    let service = Service::start(&salesforce, &flags).await;
    let (mut described, config) = stored(&service).await;
    let endpoint = described["output"]["endpoint"].as_str().unwrap();
    described["output"]["endpoint"] = json!(endpoint.replace(&salesforce, &elsewhere.uri()));
    assert_eq!(status(&service, &described, &config, 0).await, 500);
}

#[tokio::test]
async fn a_lookup_with_a_dead_token_is_made_with_the_current_session_too() {
    let org = org().build();
    let service = Service::of(&org).await;
    let (described, config) = stored(&service).await;
    known_lead(&org, "ada@example.com");
    org.expire_sessions();
    assert_eq!(status(&service, &described, &config, 1).await, 200);
    assert_eq!(org.records("Lead").len(), 1);
    assert_eq!(org.calls().token, 2);
}

/// An org whose tokens are refused from the start, and a stored descriptor from before.
async fn org_with_dead_tokens(flags: &[&str]) -> (Simulator, Service, (Value, Value)) {
    let org = org().build();
    let service = Service::start(&serve(org.router()).await, flags).await;
    let stored = stored(&service).await;
    org.expire_sessions();
    org.issue_dead_tokens(1_000);
    (org, service, stored)
}

#[tokio::test]
async fn a_token_that_was_never_accepted_is_not_renewed_for_a_while_on_any_route() {
    let (org, service, (described, config)) = org_with_dead_tokens(&[]).await;
    for attempt in 0..3 {
        assert_eq!(status(&service, &described, &config, attempt).await, 500);
    }
    // One login described it, one was refused at once.
    assert_eq!(org.calls().token, 2);
    for id in 0..3 {
        let entry = service.router([lead_job(id, "ada@example.com")]).await[0].take();
        assert_eq!(entry["statusCode"], 500);
        let answer = service
            .post(
                "/v0/destinations/salesforce",
                json!([lead_job(id, "ada@example.com")]),
            )
            .await;
        assert_eq!(answer.status, 503);
    }
    assert_eq!(org.calls().token, 2);
}

#[tokio::test]
async fn a_first_login_whose_token_is_refused_is_tried_once_more_and_then_held_back() {
    for flags in [[].as_slice(), &["--delivery", "inline"]] {
        let org = org().build();
        org.issue_dead_tokens(1_000);
        let service = Service::start(&serve(org.router()).await, flags).await;
        for id in 0..5 {
            let body =
                json!({"input": [lead_job(id, "ada@example.com")], "destType": "salesforce"});
            let request = service.request("/routerTransform").body(body.to_string());
            let request = request.header("X-Feature-Filter-Code", "?1");
            let answer = crate::service::send(request).await.accepted();
            assert_eq!(answer["output"][0]["statusCode"], 500, "{flags:?}");
        }
        assert_eq!(org.calls().token, 2, "{flags:?}");
    }
}

#[tokio::test]
async fn a_token_that_was_accepted_once_is_renewed_each_time_it_expires() {
    let org = org().build();
    let service = Service::of(&org).await;
    for logins in 1..4 {
        let entry = service.router([lead_job(1, "ada@example.com")]).await[0].take();
        assert_eq!(
            (&entry["statusCode"], org.calls().token),
            (&json!(200), logins)
        );
        org.expire_sessions();
    }
}

#[tokio::test]
async fn where_refusals_are_not_remembered_each_attempt_logs_in() {
    let flags = ["--refused-login-ttl", "0s"];
    let (org, service, (described, config)) = org_with_dead_tokens(&flags).await;
    for attempt in 0..3 {
        assert_eq!(status(&service, &described, &config, attempt).await, 500);
    }
    assert_eq!(org.calls().token, 4);
    org.issue_dead_tokens(0);
    assert_eq!(status(&service, &described, &config, 3).await, 200);
}

#[tokio::test]
async fn a_foreign_endpoint_gets_no_call_at_all() {
    let elsewhere = salesforce_that_is_left_alone().await;
    let org = org().build();
    let service = Service::of(&org).await;
    let (mut described, config) = stored(&service).await;
    described["output"]["endpoint"] = json!(format!(
        "{}/services/data/v50.0/sobjects/Lead",
        elsewhere.uri()
    ));
    org.fail_next(Call::Query, Fault::SessionInvalid, 1);
    assert_eq!(status(&service, &described, &config, 1).await, 429);
}
