//! Routes that the Salesforce destinations do not have, and a path that names nobody: whoever asks keeps its jobs.

use serde_json::{Value, json};

use crate::{
    fixtures::{destination, lead_job, org},
    service::Service,
};

#[tokio::test]
async fn batch_answers_one_failure_that_keeps_every_job() {
    let org = org().build();
    let service = Service::of(&org).await;
    let jobs = [
        lead_job(1, "ada@example.com"),
        lead_job(9_007_199_254_740_993, "bob@example.com"),
    ];
    let body = json!({"input": &jobs, "destType": "salesforce"});
    let metadata = jobs.map(|job| {
        let mut metadata = job["metadata"].clone();
        metadata["destInfo"] = json!({"authKey": "dst-1"});
        metadata
    });
    let expected = json!([{
        "metadata": metadata,
        "batched": false,
        "statusCode": 500,
        "error": "the Salesforce destinations have no batch transform: set Router.<DESTINATION>.enableBatching to false in rudder-server",
        "statTags": {"errorCategory": "transformation"},
    }]);
    let answer = service.post("/batch", body).await;
    assert_eq!(answer.accepted(), expected);
    assert_eq!((org.calls().token, org.calls().total_api()), (0, 0));
}

#[tokio::test]
async fn batch_without_jobs_answers_none() {
    let service = Service::of(&org().build()).await;
    let body = json!({"input": [], "destType": "salesforce"});
    let answer = service.post("/batch", body).await;
    assert_eq!(answer.accepted(), json!([]));
}

#[tokio::test]
async fn batch_for_another_destination_keeps_the_jobs_at_rudder_server() {
    let service = Service::of(&org().build()).await;
    let body = json!({"input": [lead_job(1, "ada@example.com")], "destType": "marketo"});
    let answer = service.post("/batch", body).await;
    assert_eq!(answer.status, 503);
}

#[tokio::test]
async fn delete_users_is_a_failure_that_the_caller_keeps_and_reports() {
    let org = org().build();
    let service = Service::of(&org).await;
    let user = json!({"userId": "u1", "email": "ada@example.com"});
    let body = json!([{"jobId": "1", "destType": "salesforce", "config": destination("dst-1")["Config"], "userAttributes": [user]}]);
    let answer = service.post("/deleteUsers", body).await;
    assert_eq!(answer.status, 500);
    let expected = json!([{
        "statusCode": 500,
        "status": "failed",
        "error": "deleting users is not supported for the Salesforce destinations: delete the records in Salesforce",
    }]);
    assert_eq!(answer.json(), expected);
    assert_eq!((org.calls().token, org.calls().total_api()), (0, 0));
}

#[tokio::test]
async fn a_path_that_is_no_utf8_keeps_the_jobs_at_rudder_server() {
    let service = Service::of(&org().build()).await;
    for path in ["/v0/destinations/%FF", "/v1/destinations/%FF/proxy"] {
        let answer = service.post(path, "[]").await;
        assert_eq!(answer.status, 503, "{path}");
        assert_eq!(answer.header("X-Rudder-Should-Retry"), "true", "{path}");
        let error = answer.json()["error"].take();
        assert!(matches!(error, Value::String(_)), "{path} {error}");
    }
}
