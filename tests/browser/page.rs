//! The page of a real service, whose Salesforce is the simulator, in a real browser.

use salesforce_simulator::{Simulator, sample};
use serde_json::{Value, json};

use crate::{
    browser::Browser,
    service::{Service, serve},
};

/// The views of the page.
pub(crate) const VIEWS: [&str; 3] = ["explain", "events", "orgs"];

/// The page, and the service behind it.
pub(crate) struct Page {
    pub(crate) browser: Browser,
    pub(crate) service: Service,
}

/// What the services are started with: their admin address is on, and they may log in where an event brings no login.
pub(crate) const SETTINGS: [&str; 8] = [
    "--admin-listen",
    "127.0.0.1:0",
    "--salesforce-username",
    sample::USERNAME,
    "--salesforce-password",
    sample::PASSWORD,
    "--salesforce-security-token",
    sample::SECURITY_TOKEN,
];

impl Page {
    /// Opens a view of a service for an ordinary org.
    pub(crate) async fn open(view: &str) -> Self {
        Self::open_with(&sample::org().build(), view, &[]).await
    }

    /// Opens a view of a service for this org, with these flags.
    pub(crate) async fn open_with(org: &Simulator, view: &str, flags: &[&str]) -> Self {
        Self::of(watched(org, flags).await, view).await
    }

    /// Opens a view of this service.
    pub(crate) async fn of(service: Service, view: &str) -> Self {
        let browser = Browser::start().await;
        browser.goto(&format!("{}/#{view}", service.admin)).await;
        Self { browser, service }
    }

    /// Pastes an event, and lets it be explained.
    pub(crate) async fn explain(&self, event: &Value) {
        self.explain_text(&event.to_string()).await;
    }

    /// Pastes a text, and lets it be explained.
    pub(crate) async fn explain_text(&self, text: &str) {
        self.browser.fill("#event", text).await;
        self.browser.click("#explain-run").await;
    }

    /// Holds that the page has not complained, and that it has asked nobody but its own service.
    pub(crate) async fn is_clean(&self) {
        let complaints = self.browser.complaints().await;
        assert!(complaints.is_empty(), "the console says: {complaints:#?}");
        let own = format!("{}/", self.service.admin);
        let is_foreign = |url: &String| !url.starts_with(&own) && !url.starts_with("data:");
        let foreign = self.browser.requests().await.into_iter().filter(is_foreign);
        assert_eq!(foreign.collect::<Vec<_>>(), [""; 0], "requests to others");
    }
}

/// A service for an org, with its admin address on, and these flags.
pub(crate) async fn watched(org: &Simulator, flags: &[&str]) -> Service {
    let flags = [&SETTINGS, flags].concat();
    Service::start(&serve(org.router()).await, &flags).await
}

/// A destination of an ordinary workspace.
pub(crate) fn destination(id: &str) -> Value {
    json!({
        "ID": id,
        "Name": "Salesforce",
        "DestinationDefinition": {"Name": "SALESFORCE", "DisplayName": "Salesforce"},
        "Config": {"userName": sample::USERNAME, "password": sample::PASSWORD, "initialAccessToken": sample::SECURITY_TOKEN},
    })
}

/// An identify that is meant for Salesforce.
pub(crate) fn identify(message: &str, traits: &Value) -> Value {
    json!({"type": "identify", "messageId": message, "userId": "u-1", "traits": traits, "integrations": {"Salesforce": true}})
}

/// An event as rudder-server's router sends it.
pub(crate) fn job(id: u64, message: &Value) -> Value {
    let metadata = json!({"jobId": id, "destinationId": "2abc9", "workspaceId": "ws-1"});
    json!({"message": message, "metadata": metadata, "destination": destination("2abc9")})
}
