//! OAuth secrets, which rudder-server fetches and refreshes: from the metadata or from a header, used and handed back.

use serde_json::{Value, json};
use wiremock::{Mock, MockServer, ResponseTemplate, matchers::any};

use crate::{
    fixtures::{job, oauth_destination, oauth_job, org, secret},
    planted::TOKEN,
    service::{Answer, Service, assert_says, error, send, serve, verdict},
};

/// Posts jobs with their secret in the header, as rudder-server's router does.
async fn post_with_header(service: &Service, secret: &str, jobs: &Value) -> Answer {
    let body = json!({"input": jobs, "destType": "salesforce_oauth"});
    let request = service.request("/routerTransform");
    let request = request.header("Oauth-Secret", secret.as_bytes());
    send(request.body(body.to_string())).await
}

#[tokio::test]
async fn a_secret_in_the_metadata_authorises_without_a_login() {
    let org = org().build();
    let salesforce = serve(org.router()).await;
    let service = Service::start(&salesforce, &[]).await;
    let secret = secret(&org, &salesforce);
    let entries = service.router([oauth_job(1, secret.clone())]).await;
    let bearer = format!("Bearer {}", secret["access_token"].as_str().unwrap());
    let request = &entries[0]["batchedRequest"][0];
    assert_eq!(request["headers"]["Authorization"], bearer);
    assert_eq!(
        request["endpoint"],
        format!("{salesforce}/services/data/v50.0/sobjects/Lead")
    );
    assert_eq!((org.calls().token, org.calls().query), (0, 1));
}

#[tokio::test]
async fn the_secret_of_the_header_is_in_every_entry_byte_for_byte() {
    let org = org().build();
    let salesforce = serve(org.router()).await;
    let service = Service::start(&salesforce, &[]).await;
    let (token, instance) = (org.session(), salesforce.replace('/', r"\/"));
    let secret = format!(
        r#"{{ "z":1.0 ,"instance_url":"{instance}", "access_token" : "{token}","note":"\u003cé\u00e9","id":9007199254740993 }}"#
    );
    let track = job(2, json!({"type": "track"}), &oauth_destination("dst-1"));
    let jobs = json!([oauth_job(1, Value::Null), track]);
    let answer = post_with_header(&service, &secret, &jobs).await;
    let entries = &answer.accepted()["output"];
    assert_eq!((verdict(&entries[0]).0, verdict(&entries[1]).0), (200, 400));
    let echoed = format!(r#""secret":{secret}"#);
    let (text, any) = (&answer.text, r#""secret":"#);
    assert_eq!(text.matches(&echoed).count(), 2, "{text}");
    assert_eq!(text.matches(any).count(), 2, "{text}");
}

#[tokio::test]
async fn the_secret_of_the_header_comes_before_one_in_the_metadata() {
    let org = org().build();
    let salesforce = serve(org.router()).await;
    let service = Service::start(&salesforce, &[]).await;
    let secret = secret(&org, &salesforce);
    let stale = json!({"access_token": "stale", "instance_url": "https://stale.my.salesforce.com"});
    let jobs = json!([oauth_job(1, stale)]);
    let answer = post_with_header(&service, &secret.to_string(), &jobs).await;
    let entry = &answer.accepted()["output"][0];
    assert_eq!(verdict(entry), (200, "", ""));
    assert_eq!(entry["metadata"][0]["secret"], secret);
}

#[tokio::test]
async fn an_expired_secret_is_for_rudder_server_to_refresh() {
    let org = org().build();
    let salesforce = serve(org.router()).await;
    let service = Service::start(&salesforce, &[]).await;
    let secret = secret(&org, &salesforce);
    org.expire_sessions();
    let entries = service.router([oauth_job(1, secret)]).await;
    assert_eq!(verdict(&entries[0]), (500, "network", "retryable"));
    assert_eq!(entries[0]["authErrorCategory"], "REFRESH_TOKEN");
    assert_eq!((org.calls().token, org.calls().refused), (0, 1));
}

#[tokio::test]
async fn a_destination_without_a_usable_secret_is_retried_without_a_call() {
    let org = org().build();
    let service = Service::of(&org).await;
    for (secret, flaw) in [
        (Value::Null, "has no secret"),
        (json!({"instance_url": "https://x"}), "has no access_token"),
        (json!({"access_token": TOKEN}), "has no instance_url"),
        (
            json!({"access_token": "", "instance_url": "https://x"}),
            "has no access_token",
        ),
    ] {
        let entries = service.router([oauth_job(1, secret)]).await;
        assert_eq!(verdict(&entries[0]), (500, "platform", "oAuthSecret"));
        assert_says(error(&entries[0]), flaw);
        assert_says(error(&entries[0]), "reconnect the account");
    }
    let calls = org.calls();
    assert_eq!((calls.token, calls.total_api(), calls.refused), (0, 0, 0));
}

#[tokio::test]
async fn a_secret_whose_instance_is_outside_the_allowed_hosts_gets_no_call() {
    let elsewhere = MockServer::start().await;
    let anything = Mock::given(any()).respond_with(ResponseTemplate::new(200));
    anything.expect(0).mount(&elsewhere).await;
    let service = Service::of(&org().build()).await;
    let secret = json!({"access_token": TOKEN, "instance_url": elsewhere.uri()});
    let entries = service.router([oauth_job(1, secret)]).await;
    assert_eq!(verdict(&entries[0]), (429, "platform", "configuration"));
    assert_says(error(&entries[0]), &elsewhere.uri());
    assert_says(error(&entries[0]), "SALESFORCE_ALLOWED_HOSTS");
}

#[tokio::test]
async fn the_orgs_of_a_batch_are_asked_apart() {
    let (first, second) = (org().build(), org().build());
    let (first_url, second_url) = (serve(first.router()).await, serve(second.router()).await);
    let both = format!("{first_url},{second_url}");
    let service = Service::start(&first_url, &["--salesforce-allowed-hosts", &both]).await;
    let (expired, valid) = (secret(&first, &first_url), secret(&second, &second_url));
    first.expire_sessions();
    let entries = service
        .router([oauth_job(1, expired), oauth_job(2, valid)])
        .await;
    assert_eq!(entries[0]["authErrorCategory"], "REFRESH_TOKEN");
    assert_eq!(verdict(&entries[1]), (200, "", ""));
    assert_eq!(entries[1].get("authErrorCategory"), None);
}

#[tokio::test]
async fn the_processor_path_on_which_no_secret_is_sent_is_named_as_the_cause() {
    let service = Service::of(&org().build()).await;
    let jobs = json!([oauth_job(1, Value::Null)]);
    for name in ["salesforce_oauth", "salesforce_oauth_sandbox"] {
        let path = format!("/v0/destinations/{name}");
        let entries = service.post(&path, &jobs).await.accepted();
        assert_eq!(verdict(&entries[0]), (500, "platform", "oAuthSecret"));
        assert_says(error(&entries[0]), "sends no secret on its processor path");
        assert_says(error(&entries[0]), "transformAt: router");
    }
    let entries = service.router(&jobs).await;
    assert_says(error(&entries[0]), "reconnect the account");
}
