//! A Salesforce that takes its time, for what happens meanwhile.

use std::sync::Arc;

use axum::{Router, http::StatusCode};
use serde_json::json;
use tokio::{sync::Notify, task::JoinHandle};

use crate::{
    fixtures::oauth_job,
    planted::TOKEN,
    service::{Answer, Service, send, serve},
};

/// A Salesforce that keeps each call waiting until its test lets it go.
#[derive(Clone, Default)]
pub(crate) struct Slow {
    pub(crate) asked: Arc<Notify>,
    pub(crate) go_on: Arc<Notify>,
}

impl Slow {
    /// Serves one that finds no record.
    pub(crate) async fn serve(&self) -> String {
        let found = r#"{"totalSize":0,"done":true,"records":[]}"#;
        self.answering(StatusCode::OK, found).await
    }

    /// Serves one that creates records.
    pub(crate) async fn creating(&self) -> String {
        let created = r#"{"id":"00Q1","success":true}"#;
        self.answering(StatusCode::CREATED, created).await
    }

    async fn answering(&self, status: StatusCode, json: &'static str) -> String {
        let Self { asked, go_on } = self.clone();
        let answer = move || async move {
            asked.notify_one();
            go_on.notified().await;
            (status, json)
        };
        serve(Router::new().fallback(answer)).await
    }
}

/// Posts a lead that has to be looked up, and waits for no answer.
pub(crate) fn post_lead(service: &Service, salesforce: &str) -> JoinHandle<Answer> {
    tokio::spawn(send(service.request("/transform").body(lead(salesforce))))
}

/// A body with one lead of this org.
pub(crate) fn lead(salesforce: &str) -> String {
    let secret = json!({"access_token": TOKEN, "instance_url": salesforce});
    json!([oauth_job(1, secret)]).to_string()
}
