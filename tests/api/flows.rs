//! Client credentials and JWT bearer: what is sent where, which destination uses which, and when a token is renewed.

use std::{ffi::OsString, path::Path};

use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, get_current_timestamp};
use salesforce_simulator::{Builder, Call, Fault, Simulator};
use salesforce_transformer::{Config, config::Flow};
use serde_json::{Value, json};
use wiremock::{MockServer, Request, ResponseTemplate};

use crate::{
    fixtures::{
        INTEGRATION_USER, destination, lead_job, lead_job_at, lets_in, login, lookup,
        nothing_found, open_org,
    },
    keys::{KEY_FILE, KEYS, file},
    log::Log,
    planted::{CLIENT_ID, CLIENT_SECRET},
    process,
    service::{Service, assert_says, error, serve, verdict},
};

/// An org whose app allows both flows, and no password login.
pub(crate) fn modern_org() -> Builder {
    open_org().without_password_logins()
}

/// Lets the service log in by JWT bearer with this key.
pub(crate) fn by_jwt_bearer(config: &mut Config, key: &Path) {
    config.salesforce.auth.salesforce_auth = Flow::JwtBearer;
    config.salesforce.auth.salesforce_jwt_key_file = Some(key.to_owned());
    config.salesforce.auth.salesforce_jwt_subject = Some(INTEGRATION_USER.into());
}

/// A service that logs in by JWT bearer.
async fn jwt_service(salesforce: &str) -> Service {
    let by_key = |config: &mut Config| by_jwt_bearer(config, &KEY_FILE);
    Service::start_with(salesforce, &[], by_key).await
}

/// A service that logs in by one of the two flows.
async fn service_by(flow: Flow, salesforce: &str) -> Service {
    match flow {
        Flow::JwtBearer => jwt_service(salesforce).await,
        Flow::ClientCredentials => Service::start(salesforce, &CLIENT_CREDENTIALS).await,
        Flow::Password => Service::start(salesforce, &[]).await,
    }
}

const MODERN: [Flow; 2] = [Flow::ClientCredentials, Flow::JwtBearer];

const CLIENT_CREDENTIALS: [&str; 2] = ["--salesforce-auth", "client-credentials"];

/// The form of the only request to a token endpoint.
async fn form(salesforce: &MockServer) -> Vec<(String, String)> {
    let requests = salesforce.received_requests().await.unwrap();
    let is_login = |request: &&Request| request.url.path() == "/services/oauth2/token";
    let logins: Vec<_> = requests.iter().filter(is_login).collect();
    let [login] = logins.as_slice() else {
        panic!("{requests:?}")
    };
    assert_eq!(login.url.query(), None);
    url::form_urlencoded::parse(&login.body)
        .into_owned()
        .collect()
}

#[tokio::test]
async fn client_credentials_are_a_form_of_key_and_secret() {
    let salesforce = MockServer::start().await;
    let service = Service::start(&salesforce.uri(), &CLIENT_CREDENTIALS).await;
    service.router([lead_job(1, "ada@example.com")]).await;
    let expected = [
        ("grant_type", "client_credentials"),
        ("client_id", CLIENT_ID),
        ("client_secret", CLIENT_SECRET),
    ];
    let expected = expected.map(|(name, value)| (name.to_owned(), value.to_owned()));
    assert_eq!(form(&salesforce).await, expected);
}

#[tokio::test]
async fn jwt_bearer_sends_a_short_lived_assertion_for_the_user_to_the_login_host() {
    let salesforce = MockServer::start().await;
    let service = jwt_service(&salesforce.uri()).await;
    service.router([lead_job(1, "ada@example.com")]).await;
    let form = form(&salesforce).await;
    let [(grant, flow), (name, assertion)] = form.as_slice() else {
        panic!("{form:?}")
    };
    assert_eq!((grant.as_str(), name.as_str()), ("grant_type", "assertion"));
    assert_eq!(flow, "urn:ietf:params:oauth:grant-type:jwt-bearer");

    let key = DecodingKey::from_rsa_pem(KEYS.public.as_bytes()).unwrap();
    let mut validation = Validation::new(Algorithm::RS256);
    validation.set_audience(&[salesforce.uri()]);
    validation.set_issuer(&[CLIENT_ID]);
    let claims = decode::<Value>(assertion, &key, &validation)
        .unwrap()
        .claims;
    assert_eq!(claims["sub"], INTEGRATION_USER);
    let left = claims["exp"].as_u64().unwrap() - get_current_timestamp();
    assert!((60..=180).contains(&left), "{left}");
}

#[tokio::test]
async fn each_flow_opens_a_session_and_one_token_serves_many_requests() {
    for flow in MODERN {
        let org = modern_org().build();
        let service = service_by(flow, &serve(org.router()).await).await;
        let log = Log::start();
        for _ in 0..3 {
            let entries = service.router([lead_job(1, "ada@example.com")]).await;
            assert_eq!(verdict(&entries[0]), (200, "", ""), "{flow:?}");
        }
        assert_eq!(org.calls().token, 1, "{flow:?}");
        assert_eq!(log.warnings(), [""; 0], "{flow:?}");
    }
}

#[tokio::test]
async fn an_expired_session_of_each_flow_is_renewed_within_the_request() {
    for flow in MODERN {
        let org = modern_org().build();
        let service = service_by(flow, &serve(org.router()).await).await;
        for _ in 0..2 {
            let entries = service.router([lead_job(1, "ada@example.com")]).await;
            assert_eq!(verdict(&entries[0]), (200, "", ""), "{flow:?}");
            org.expire_sessions();
        }
        assert_eq!(org.calls().token, 2, "{flow:?}");
    }
}

/// Settings of single destinations.
fn of_destinations(config: &mut Config, variables: &[(&str, &str)]) {
    let variables: Vec<_> = variables
        .iter()
        .map(|(name, value)| (OsString::from(name), OsString::from(value)))
        .collect();
    config.read_destinations(&variables).unwrap();
}

#[tokio::test]
async fn each_destination_logs_in_by_its_own_flow_and_the_rest_as_all() {
    let org = modern_org().build();
    let salesforce = serve(org.router()).await;
    let own = [
        ("SALESFORCE_AUTH_by_app", "client-credentials"),
        ("SALESFORCE_AUTH_by_user", "jwt-bearer"),
        ("SALESFORCE_JWT_SUBJECT_by_user", INTEGRATION_USER),
        (
            "SALESFORCE_JWT_KEY_FILE_by_user",
            KEY_FILE.to_str().unwrap(),
        ),
    ];
    let service = Service::start_with(&salesforce, &[], |config| of_destinations(config, &own));
    let service = service.await;
    let jobs = [(1, "by-app"), (2, "by.user"), (3, "by-password")];
    let jobs = jobs.map(|(id, name)| lead_job_at(id, "ada@example.com", &destination(name)));
    let entries = service.router(jobs).await;
    let statuses: Vec<_> = (0..3).map(|index| verdict(&entries[index]).0).collect();
    assert_eq!(statuses, [200, 200, 400]);
    assert_says(
        error(&entries[2]),
        "set SALESFORCE_AUTH to client-credentials",
    );
}

#[tokio::test]
async fn a_destination_may_have_an_org_and_an_app_of_its_own() {
    let (all, single) = (
        modern_org().build(),
        modern_org()
            .client("planted-own-key", "planted-own-secret")
            .build(),
    );
    let (all_url, single_url) = (serve(all.router()).await, serve(single.router()).await);
    let both = format!("{all_url},{single_url}");
    let secret = file("own-secret", "planted-own-secret\n");
    let flags = [
        &CLIENT_CREDENTIALS[..],
        &["--salesforce-allowed-hosts", &both],
    ]
    .concat();
    let own = [
        ("SALESFORCE_LOGIN_URL_dst_2", single_url.as_str()),
        ("SALESFORCE_CLIENT_ID_dst_2", "planted-own-key"),
        (
            "SALESFORCE_CLIENT_SECRET_dst_2_FILE",
            secret.to_str().unwrap(),
        ),
    ];
    let service = Service::start_with(&all_url, &flags, |config| of_destinations(config, &own));
    let service = service.await;
    let jobs = [(1, "dst-1"), (2, "dst-2")];
    let jobs = jobs.map(|(id, name)| lead_job_at(id, "ada@example.com", &destination(name)));
    let entries = service.router(jobs).await;
    for (entry, org) in [(&entries[0], &all_url), (&entries[1], &single_url)] {
        let endpoint = format!("{org}/services/data/v50.0/sobjects/Lead");
        assert_eq!(entry["batchedRequest"][0]["endpoint"], endpoint);
    }
}

#[tokio::test]
async fn an_event_without_a_destination_needs_no_user_name_where_the_app_names_the_user() {
    let salesforce = serve(modern_org().build().router()).await;
    let service = Service::start(&salesforce, &CLIENT_CREDENTIALS).await;
    let event = json!({
        "type": "identify",
        "traits": {"email": "ada@example.com"},
        "integrations": {"Salesforce": true},
    });
    let answer = service.transform(event).await;
    assert_eq!(verdict(&answer[0]), (200, "", ""));
}

/// How many logins two requests take, one after the other.
async fn logins_of_two_requests(org: &Simulator) -> u64 {
    let salesforce = serve(org.router()).await;
    let service = Service::start(&salesforce, &CLIENT_CREDENTIALS).await;
    for _ in 0..2 {
        let entries = service.router([lead_job(1, "ada@example.com")]).await;
        assert_eq!(verdict(&entries[0]), (200, "", ""));
    }
    org.calls().token
}

#[tokio::test]
async fn a_service_whose_login_lacks_something_does_not_start_and_says_what() {
    let output = process::run(&[], &[("SALESFORCE_AUTH_dst_1", "jwt-bearer")]).await;
    assert_eq!(output.status.code(), Some(2));
    let error = String::from_utf8(output.stderr).unwrap();
    assert_says(
        &error,
        "jwt-bearer (destination dst_1): set SALESFORCE_CLIENT_ID",
    );
}

#[tokio::test]
async fn a_token_is_renewed_before_it_ends_where_the_answer_says_when() {
    let ended = modern_org().token_lifetime(0).build();
    assert_eq!(logins_of_two_requests(&ended).await, 2);
    let lasting = modern_org().token_lifetime(3_600).build();
    assert_eq!(logins_of_two_requests(&lasting).await, 1);
    // No call was refused for it.
    assert_eq!((ended.calls().refused, lasting.calls().refused), (0, 0));
}

#[tokio::test]
async fn a_token_that_cannot_be_renewed_is_used_until_it_ends() {
    let org = modern_org().token_lifetime(3_600).build();
    let salesforce = serve(org.router()).await;
    let flags = [&CLIENT_CREDENTIALS[..], &["--token-ttl", "1us"]].concat();
    let service = Service::start(&salesforce, &flags).await;
    let jobs = [lead_job(1, "ada@example.com")];
    service.router(&jobs).await;
    org.fail_next(Call::Token, Fault::ServerUnavailable, 1);
    let log = Log::start();
    let entries = service.router(&jobs).await;
    assert_eq!(verdict(&entries[0]), (200, "", ""));
    assert_eq!(org.calls().token, 2);
    assert_says(&log.warnings().concat(), "could not be renewed");

    org.expire_sessions();
    org.rotate_secret("planted-another");
    let entries = service.router(&jobs).await;
    assert_eq!(verdict(&entries[0]), (429, "platform", "configuration"));
}

#[tokio::test]
async fn a_login_that_another_one_has_overtaken_is_tried_once_more() {
    let overtaken = json!({"error": "invalid_grant", "error_description": "token request is already being processed"});
    for (times, expected) in [(1, (200, "", "")), (2, (500, "network", "retryable"))] {
        let salesforce = MockServer::start().await;
        let refusal = ResponseTemplate::new(400).set_body_json(&overtaken);
        let refusal = login().respond_with(refusal).up_to_n_times(times);
        refusal.expect(times).mount(&salesforce).await;
        lets_in(&salesforce).mount(&salesforce).await;
        lookup()
            .respond_with(nothing_found())
            .mount(&salesforce)
            .await;
        let service = Service::start(&salesforce.uri(), &CLIENT_CREDENTIALS).await;
        let entries = service.router([lead_job(1, "ada@example.com")]).await;
        assert_eq!(verdict(&entries[0]), expected, "{times}");
    }
}
