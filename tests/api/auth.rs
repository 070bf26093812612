//! Password logins: what is sent where, what a refusal says, and how a session is renewed.

use futures_util::future::join_all;
use serde_json::json;
use wiremock::{Mock, MockServer, ResponseTemplate, matchers::any};

use crate::{
    fixtures::{
        destination, known_lead, lead_job, lead_job_at, lets_in, login, lookup, nothing_found, org,
    },
    log::Log,
    planted::{CLIENT_ID, CLIENT_SECRET, PASSWORD, TOKEN},
    service::{Service, assert_says, error, serve, verdict},
};

#[tokio::test]
async fn a_login_is_a_form_in_the_body_and_nothing_of_it_is_in_the_url() {
    let salesforce = MockServer::start().await;
    let service = Service::start(&salesforce.uri(), &[]).await;
    service.router([lead_job(1, "ada@example.com")]).await;

    let requests = salesforce.received_requests().await.unwrap();
    let [login] = requests.as_slice() else {
        panic!("{requests:?}")
    };
    assert_eq!(login.method, "POST");
    assert_eq!(login.url.path(), "/services/oauth2/token");
    assert_eq!(login.url.query(), None);
    let form = "application/x-www-form-urlencoded";
    assert_eq!(login.headers["content-type"], form);
    let form: Vec<_> = url::form_urlencoded::parse(&login.body).collect();
    let expected = [
        ("grant_type", "password"),
        ("username", "crm@acme.example"),
        ("password", "planted-passwordplanted-security-token"),
        ("client_id", CLIENT_ID),
        ("client_secret", CLIENT_SECRET),
    ];
    let expected = expected.map(|(name, value)| (name.into(), value.into()));
    assert_eq!(form, expected);
}

#[tokio::test]
async fn a_destination_in_a_sandbox_logs_in_at_the_sandbox_host() {
    let (production, sandbox) = (org().build(), org().build());
    let production_url = serve(production.router()).await;
    let sandbox_url = serve(sandbox.router()).await;
    let both = format!("{production_url},{sandbox_url}");
    let flags = [
        "--salesforce-sandbox-login-url",
        &sandbox_url,
        "--salesforce-allowed-hosts",
        &both,
    ];
    let service = Service::start(&production_url, &flags).await;

    let mut destination = destination("dst-1");
    destination["Config"]["sandbox"] = json!(true);
    let jobs = [lead_job_at(1, "ada@example.com", &destination)];
    let entries = service.router(jobs).await;
    let endpoint = format!("{sandbox_url}/services/data/v50.0/sobjects/Lead");
    assert_eq!(entries[0]["batchedRequest"][0]["endpoint"], endpoint);
    assert_eq!((production.calls().token, sandbox.calls().token), (0, 1));
}

#[tokio::test]
async fn refused_credentials_fail_every_event_of_their_destination_and_of_no_other() {
    let org = org().build();
    let service = Service::of(&org).await;
    let right = destination("dst-right");
    let mut wrong = destination("dst-wrong");
    wrong["Config"]["password"] = json!("planted-old");
    let jobs = [
        lead_job_at(1, "ada@example.com", &wrong),
        lead_job_at(2, "ada@example.com", &right),
        lead_job_at(3, "bob@example.com", &wrong),
    ];
    let entries = service.router(jobs).await;
    for refused in [&entries[0], &entries[2]] {
        assert_eq!(verdict(refused), (400, "network", "aborted"));
        assert_says(error(refused), "Salesforce refused the credentials");
        assert_says(error(refused), "invalid_grant: authentication failure");
        assert_says(error(refused), "security token");
        assert_says(error(refused), "API access");
        assert!(!error(refused).contains("planted-old"));
    }
    assert_eq!(verdict(&entries[1]), (200, "", ""));
}

/// Jobs of a destination that logs in with this password.
fn jobs_with_password(password: &str) -> [serde_json::Value; 1] {
    let mut destination = destination("dst-1");
    destination["Config"]["password"] = json!(password);
    [lead_job_at(1, "ada@example.com", &destination)]
}

#[tokio::test]
async fn refused_credentials_are_not_tried_again_at_once_which_would_lock_the_user() {
    let org = org().build();
    let service = Service::of(&org).await;
    for _ in 0..5 {
        let entries = service.router(jobs_with_password("planted-old")).await;
        assert_eq!(verdict(&entries[0]), (400, "network", "aborted"));
    }
    assert_eq!(org.calls().token, 1);
    let entries = service.router(jobs_with_password(PASSWORD)).await;
    assert_eq!(verdict(&entries[0]), (200, "", ""));
}

#[tokio::test]
async fn refused_credentials_are_tried_again_by_each_request_where_the_setting_says_so() {
    let org = org().build();
    let salesforce = serve(org.router()).await;
    let service = Service::start(&salesforce, &["--refused-login-ttl", "0s"]).await;
    for _ in 0..2 {
        let entries = service.router(jobs_with_password("planted-old")).await;
        assert_eq!(verdict(&entries[0]), (400, "network", "aborted"));
    }
    assert_eq!(org.calls().token, 2);
}

#[tokio::test]
async fn password_logins_are_warned_of_once_a_day_with_the_date_and_the_way_out() {
    let log = Log::start();
    let service = Service::of(&org().build()).await;
    let jobs = ["dst-1", "dst-2"].map(|id| lead_job_at(1, "ada@example.com", &destination(id)));
    service.router(&jobs).await;
    let warnings = log.warnings();
    let [warning] = warnings.as_slice() else {
        panic!("{warnings:?}")
    };
    assert_says(warning, "2027-02-20");
    assert_says(warning, "SALESFORCE_AUTH");
    assert_says(warning, "docs/salesforce-login.md");
}

#[tokio::test]
async fn an_expired_session_is_renewed_within_the_request() {
    let org = org().build();
    known_lead(&org, "ada@example.com");
    let service = Service::of(&org).await;
    let jobs = [
        lead_job(1, "ada@example.com"),
        lead_job(2, "new@example.com"),
    ];
    let before = service.router(&jobs).await;
    org.expire_sessions();
    let after = service.router(&jobs).await;
    assert_eq!(after[0]["batchedRequest"][0]["method"], "PATCH");
    assert_eq!(after[1]["batchedRequest"][0]["method"], "POST");
    let token = "/0/batchedRequest/0/headers/Authorization";
    assert_ne!(before.pointer(token), after.pointer(token));
    assert_eq!((org.calls().token, org.calls().refused), (2, 1));
}

#[tokio::test]
async fn a_session_that_expires_under_several_requests_is_renewed_once() {
    let org = org().build();
    let service = Service::of(&org).await;
    let jobs = [lead_job(1, "ada@example.com")];
    service.router(&jobs).await;
    org.expire_sessions();
    for entries in join_all((0..8).map(|_| service.router(&jobs))).await {
        assert_eq!(verdict(&entries[0]), (200, "", ""));
    }
    assert_eq!(org.calls().token, 2);
}

#[tokio::test]
async fn a_renewed_session_that_is_refused_too_is_not_renewed_again() {
    let salesforce = MockServer::start().await;
    lets_in(&salesforce).expect(2).mount(&salesforce).await;
    let expired =
        json!([{"errorCode": "INVALID_SESSION_ID", "message": "Session expired or invalid"}]);
    let refusal = ResponseTemplate::new(401).set_body_json(expired);
    lookup()
        .respond_with(refusal)
        .expect(2)
        .mount(&salesforce)
        .await;
    let service = Service::start(&salesforce.uri(), &[]).await;
    let entries = service.router([lead_job(1, "ada@example.com")]).await;
    assert_eq!(verdict(&entries[0]), (500, "network", "retryable"));
    // rudder-server has no secret that it could refresh.
    assert_eq!(entries[0].get("authErrorCategory"), None);
}

#[tokio::test]
async fn a_token_answer_without_a_token_is_retried_and_not_kept() {
    let salesforce = MockServer::start().await;
    let tokenless = [
        json!({}),
        json!({"access_token": "", "instance_url": salesforce.uri()}),
        json!({"access_token": TOKEN}),
    ];
    for answer in &tokenless {
        let answer = ResponseTemplate::new(200).set_body_json(answer);
        login()
            .respond_with(answer)
            .up_to_n_times(1)
            .expect(1)
            .mount(&salesforce)
            .await;
    }
    lets_in(&salesforce).expect(1).mount(&salesforce).await;
    lookup()
        .respond_with(nothing_found())
        .expect(1)
        .mount(&salesforce)
        .await;
    let service = Service::start(&salesforce.uri(), &[]).await;
    let jobs = [lead_job(1, "ada@example.com")];
    for _ in tokenless {
        let entries = service.router(&jobs).await;
        assert_eq!(verdict(&entries[0]), (500, "network", "retryable"));
    }
    assert_eq!(verdict(&service.router(&jobs).await[0]), (200, "", ""));
}

#[tokio::test]
async fn an_instance_outside_the_allowed_hosts_is_not_called() {
    let elsewhere = MockServer::start().await;
    let anything = Mock::given(any()).respond_with(ResponseTemplate::new(200));
    anything.expect(0).mount(&elsewhere).await;
    let org = org().instance_url(&elsewhere.uri()).build();
    let service = Service::of(&org).await;
    let entries = service.router([lead_job(1, "ada@example.com")]).await;
    assert_eq!(verdict(&entries[0]), (429, "platform", "configuration"));
    assert_says(error(&entries[0]), &elsewhere.uri());
    assert_says(error(&entries[0]), "SALESFORCE_ALLOWED_HOSTS");
}
