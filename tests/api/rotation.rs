//! Secrets and keys in mounted files that are replaced while events flow: no event fails for it.

use std::path::Path;

use futures_util::future::join_all;
use salesforce_simulator::Simulator;
use salesforce_transformer::{Config, config::Flow};
use serde_json::{Value, json};
use wiremock::{MockServer, Request, ResponseTemplate};

use crate::{
    fixtures::{lead_job, lets_in, login, lookup, nothing_found, org},
    flows::by_jwt_bearer,
    keys::{KEY_FILE, KEYS, KeyPair, file, replace},
    planted::CLIENT_SECRET,
    service::{Service, serve, verdict},
};

/// Requests that are under way at once.
const CALLERS: usize = 8;

/// Requests that each of them makes one after the other.
const REQUESTS: u64 = 25;

/// Posts jobs from many callers without a pause; `disturb` is called after each request, with the number of those made.
async fn under_load(service: &Service, disturb: impl Fn(u64)) -> Vec<Value> {
    let made = std::sync::atomic::AtomicU64::new(0);
    let call = async |caller: usize| {
        let mut answers = Vec::new();
        for number in 0..REQUESTS {
            let email = format!("lead{caller}.{number}@example.com");
            answers.push(service.router([lead_job(number, &email)]).await);
            disturb(made.fetch_add(1, std::sync::atomic::Ordering::Relaxed) + 1);
        }
        answers
    };
    join_all((0..CALLERS).map(call)).await.concat()
}

fn assert_all_are_requests(answers: &[Value]) {
    assert_eq!(answers.len() as u64, CALLERS as u64 * REQUESTS);
    for entries in answers {
        assert_eq!(verdict(&entries[0]), (200, "", ""), "{entries}");
    }
}

/// Lets the service log in by client credentials, with a secret in a file.
fn by_secret_file(config: &mut Config, secret: &Path) {
    config.salesforce.auth.salesforce_auth = Flow::ClientCredentials;
    config.salesforce.auth.salesforce_client_secret = None;
    config.salesforce.auth.salesforce_client_secret_file = Some(secret.to_owned());
}

async fn started(org: &Simulator, flags: &[&str], change: impl FnOnce(&mut Config)) -> Service {
    let salesforce = serve(org.router()).await;
    Service::start_with(&salesforce, flags, change).await
}

#[tokio::test]
async fn a_secret_that_is_replaced_under_load_fails_no_event() {
    let org = org().run_as("integration@acme.example").build();
    let secret = file("rotated-secret", CLIENT_SECRET);
    let service = started(&org, &[], |config| by_secret_file(config, &secret)).await;
    let answers = under_load(&service, |made| {
        if made % 40 == 0 {
            let next = format!("planted-{made}");
            org.rotate_secret(&next);
            replace(&secret, &next);
            org.expire_sessions();
        }
    });
    assert_all_are_requests(&answers.await);
    let logins = org.calls().token;
    assert!((5..=6).contains(&logins), "{logins}");
}

#[tokio::test]
async fn a_secret_that_reaches_the_file_after_salesforce_fails_no_event() {
    let org = org()
        .run_as("integration@acme.example")
        .token_lifetime(3_600);
    let org = org.build();
    let secret = file("late-secret", CLIENT_SECRET);
    // Each request renews the token, so that many logins meet the secret that is still missing.
    let flags = ["--token-ttl", "1us", "--refused-login-ttl", "0s"];
    let service = started(&org, &flags, |config| by_secret_file(config, &secret)).await;
    let answers = under_load(&service, |made| match made {
        50 => org.rotate_secret("planted-new"),
        150 => {
            replace(&secret, "planted-new");
            org.expire_sessions();
        }
        _ => {}
    });
    assert_all_are_requests(&answers.await);
}

#[tokio::test]
async fn a_key_that_is_replaced_under_load_fails_no_event() {
    let user = "integration@acme.example";
    let org = org().certificate(&KEYS.public).approved(user).build();
    let key = file("rotated.pem", &KEYS.private);
    let service = started(&org, &[], |config| by_jwt_bearer(config, &key)).await;
    let next = KeyPair::generate();
    let answers = under_load(&service, |made| {
        if made == 60 {
            org.rotate_certificate(&next.public);
            replace(&key, &next.private);
            org.expire_sessions();
        }
    });
    assert_all_are_requests(&answers.await);
    assert_eq!(org.calls().token, 2);
}

#[tokio::test]
async fn a_secret_that_is_replaced_while_a_login_is_under_way_is_tried_at_once() {
    let secret = file("overtaken-secret", "planted-old");
    let salesforce = MockServer::start().await;
    let replaced = secret.clone();
    let refuse = move |_: &Request| {
        replace(&replaced, "planted-new");
        let refusal =
            json!({"error": "invalid_client", "error_description": "invalid client credentials"});
        ResponseTemplate::new(400).set_body_json(refusal)
    };
    let once = login().respond_with(refuse).up_to_n_times(1).expect(1);
    once.mount(&salesforce).await;
    lets_in(&salesforce).expect(1).mount(&salesforce).await;
    let nothing = lookup().respond_with(nothing_found());
    nothing.mount(&salesforce).await;
    let by_file = |config: &mut Config| by_secret_file(config, &secret);
    let service = Service::start_with(&salesforce.uri(), &[], by_file).await;
    let entries = service.router([lead_job(1, "ada@example.com")]).await;
    assert_eq!(verdict(&entries[0]), (200, "", ""));
}

#[tokio::test]
async fn another_user_in_the_file_is_logged_in_at_once() {
    let (first, second) = ("first@acme.example", "second@acme.example");
    let org = org().certificate(&KEYS.public);
    let org = org.approved(first).approved(second).build();
    let user = file("user", first);
    let service = started(&org, &[], |config| {
        by_jwt_bearer(config, &KEY_FILE);
        config.salesforce.auth.salesforce_jwt_subject = None;
        config.salesforce.auth.salesforce_jwt_subject_file = Some(user.clone());
    });
    let service = service.await;
    for (name, logins) in [(first, 1), (first, 1), (second, 2)] {
        replace(&user, name);
        let entries = service.router([lead_job(1, "ada@example.com")]).await;
        assert_eq!(verdict(&entries[0]), (200, "", ""));
        assert_eq!(org.calls().token, logins, "{name}");
    }
}
