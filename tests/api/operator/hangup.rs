//! SIGHUP: the service goes on, and says what it has read again.

use crate::{
    fixtures::{lead_job, org},
    keys::{file, replace},
    planted::{CLIENT_ID, CLIENT_SECRET},
    process::Process,
    service::serve,
};

#[tokio::test]
async fn a_hangup_has_files_read_again_and_ends_nothing() {
    let salesforce = serve(org().run_as("u").build().router()).await;
    let secret = file("hangup-secret", CLIENT_SECRET);
    let host = file("hangup-host", &salesforce);
    let settings = [
        ("SALESFORCE_AUTH", "client-credentials"),
        ("SALESFORCE_ALLOWED_HOSTS", salesforce.as_str()),
        ("SALESFORCE_LOGIN_URL_FILE", host.to_str().unwrap()),
        ("SALESFORCE_CLIENT_ID", CLIENT_ID),
        ("SALESFORCE_CLIENT_SECRET_FILE", secret.to_str().unwrap()),
        ("SALESFORCE_CLIENT_SECRET_FILE_d1", secret.to_str().unwrap()),
        ("LOG_LEVEL", "info"),
        ("SHUTDOWN_DELAY", "0s"),
    ];
    let mut service = Process::start(&settings).await;
    service.signal("HUP");
    service.says("SALESFORCE_LOGIN_URL_FILE").await;
    let held = "the file has not changed";
    service
        .says(&format!(
            "{held} setting=\"SALESFORCE_CLIENT_SECRET_FILE_d1\""
        ))
        .await;
    // Each file once, however many destinations use it.
    assert_eq!(service.log().matches(held).count(), 3, "{}", service.log());

    replace(&host, "http://acme.example");
    service.signal("HUP");
    service
        .says("the file has changed; its new content is used from now on")
        .await;
    service
        .says("logins fail until this setting is corrected")
        .await;
    std::fs::remove_file(&host).unwrap();
    service.signal("HUP");
    service.says("its previous content is still used").await;
    replace(&host, &salesforce);
    let job = serde_json::json!([lead_job(1, "ada@example.com")]);
    let answer = service.post("/v0/destinations/salesforce", job.to_string());
    assert_eq!(answer.await.status, 200);
    service.terminate();
    assert_eq!(service.ended().await.code(), Some(0));
}
