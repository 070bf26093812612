//! The service under test and its Salesforce, each on a free port of the loopback, and the client that asks.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use axum::Router;
use reqwest::{RequestBuilder, header::HeaderMap};
use salesforce_simulator::{Simulator, flags_for};
use salesforce_transformer::{
    Config, MAX_ADMIN_CONNECTIONS, Services,
    lifecycle::Lifecycle,
    server::{self, End, Listeners, Port, memory::InFlight},
    services,
};
use serde::Serialize;
use serde_json::{Value, json};
use tokio::{net::TcpListener, sync::mpsc, task::JoinHandle};

use crate::{
    log,
    planted::{CLIENT_ID, CLIENT_SECRET},
};

/// A free port of the loopback.
const LOOPBACK: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

/// A running service.
pub(crate) struct Service {
    pub(crate) url: String,
    pub(crate) http: reqwest::Client,
    pub(crate) ready: Lifecycle,
    /// Ends when the service does.
    pub(crate) serving: JoinHandle<End>,
    signals: mpsc::Sender<()>,
    /// The URL of the admin address; empty if it is off.
    pub(crate) admin: String,
}

impl Service {
    /// A service that sends fields as the mapping spells them, whether or not the org has them.
    pub(crate) async fn unfitted(org: &Simulator) -> Self {
        Self::start(&serve(org.router()).await, &["--preflight", "off"]).await
    }

    /// Starts a service for an org, which is served too.
    pub(crate) async fn of(org: &Simulator) -> Self {
        Self::start(&serve(org.router()).await, &[]).await
    }

    /// Starts a service whose Salesforce, login hosts included, is at `salesforce`. Of flags given twice, the last one counts.
    pub(crate) async fn start(salesforce: &str, flags: &[&str]) -> Self {
        Self::start_with(salesforce, flags, |_| {}).await
    }

    /// Starts a service with settings that have no flag.
    pub(crate) async fn start_with(
        salesforce: &str,
        flags: &[&str],
        change: impl FnOnce(&mut Config),
    ) -> Self {
        log::watch();
        let mut config = config(salesforce, flags);
        change(&mut config);
        let (ready, in_flight) = (Lifecycle::default(), InFlight::default());
        let services = services(&config, ready.clone(), in_flight.clone());
        let Services { service, admin } = services.unwrap();
        let (listener, url) = listen(LOOPBACK).await;
        let mut ports = vec![Port {
            listeners: Listeners::from(listener),
            app: service,
            most_connections: config.serving.most_connections(),
        }];
        let mut admin_url = String::new();
        if let Some(admin) = admin {
            let listener;
            (listener, admin_url) = listen(config.admin.admin_listen.unwrap()).await;
            ports.push(Port {
                app: admin.router(listener.local_addr().unwrap()),
                listeners: Listeners::from(listener),
                most_connections: MAX_ADMIN_CONNECTIONS,
            });
        }
        let (signals, received) = mpsc::channel(2);
        let life = ready.clone();
        let serving =
            async move { server::serve(ports, life, in_flight, received, &config.serving).await };
        Self {
            url,
            http: reqwest::Client::builder().no_proxy().build().unwrap(),
            ready,
            serving: tokio::spawn(serving),
            signals,
            admin: admin_url,
        }
    }

    /// Asks the admin address for a path.
    pub(crate) async fn admin(&self, path: &str) -> Answer {
        send(self.http.get(format!("{}{path}", self.admin))).await
    }

    /// Sends the service a signal to stop: the first begins it, the second ends it at once.
    pub(crate) async fn signal(&self) {
        self.signals.send(()).await.unwrap();
    }

    /// Asks for a path.
    pub(crate) async fn get(&self, path: &str) -> Answer {
        send(self.http.get(format!("{}{path}", self.url))).await
    }

    /// Posts a JSON text.
    pub(crate) async fn post(&self, path: &str, body: impl ToString) -> Answer {
        send(self.request(path).body(body.to_string())).await
    }

    /// A POST of JSON, to be given a body and further headers.
    pub(crate) fn request(&self, path: &str) -> RequestBuilder {
        let request = self.http.post(format!("{}{path}", self.url));
        request.header("Content-Type", "application/json")
    }

    /// Posts what `/transform` takes, and reads the array that it answers.
    pub(crate) async fn transform(&self, body: Value) -> Value {
        self.post("/transform", body).await.accepted()
    }

    /// Posts jobs as rudder-server's processor does, and reads the array that it gets.
    pub(crate) async fn processor(&self, jobs: impl Serialize) -> Value {
        let answer = self.post("/v0/destinations/salesforce", json!(jobs)).await;
        answer.accepted()
    }

    /// Posts jobs as rudder-server's router does, and reads the entries that it gets, in the order of their first jobs,
    /// which is the order in which rudder-server takes them.
    pub(crate) async fn router(&self, jobs: impl Serialize) -> Value {
        let body = json!({"input": jobs, "destType": "salesforce"});
        let mut entries = self.post("/routerTransform", body).await.accepted()["output"].take();
        let entries_of = entries.as_array_mut().unwrap();
        entries_of.sort_by_key(|entry| entry["metadata"][0]["jobId"].as_u64());
        entries
    }
}

/// Serves a Salesforce, and returns its URL.
pub(crate) async fn serve(app: Router) -> String {
    log::watch();
    let (listener, url) = listen(LOOPBACK).await;
    tokio::spawn(async { axum::serve(listener, app).await });
    url
}

/// The settings of a service whose Salesforce is at `salesforce`.
pub(crate) fn config(salesforce: &str, flags: &[&str]) -> Config {
    let common = [
        ["--salesforce-client-id", CLIENT_ID],
        ["--salesforce-client-secret", CLIENT_SECRET],
        ["--shutdown-delay", "0s"],
    ];
    let flags = [&flags_for(salesforce), common.as_flattened(), flags].concat();
    Config::from_flags(flags).unwrap()
}

async fn listen(address: SocketAddr) -> (TcpListener, String) {
    let listener = TcpListener::bind(address).await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    (listener, url)
}

/// An answer of the service, read to its end.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

/// Sends a request of any kind.
pub(crate) async fn send(request: RequestBuilder) -> Answer {
    let answer = request.send().await.unwrap();
    Answer {
        status: answer.status().as_u16(),
        headers: answer.headers().clone(),
        text: answer.text().await.unwrap(),
    }
}

impl Answer {
    /// The value of a header; empty where there is none.
    pub(crate) fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name).map(|value| value.to_str().unwrap());
        value.unwrap_or_default()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap()
    }

    /// The JSON of an answer that rudder-server would read.
    pub(crate) fn accepted(&self) -> Value {
        let version = self.header("apiVersion");
        assert_eq!((self.status, version), (200, "2"), "{}", self.text);
        self.json()
    }
}

/// What an entry says of its event: `statusCode`, `statTags.errorCategory` and `statTags.errorType`, the tags empty where
/// there are none.
pub(crate) fn verdict(entry: &Value) -> (u64, &str, &str) {
    let tag = |name| entry["statTags"][name].as_str().unwrap_or_default();
    let status = entry["statusCode"].as_u64().unwrap();
    (status, tag("errorCategory"), tag("errorType"))
}

/// What a failed entry says to the person who looks for its event.
pub(crate) fn error(entry: &Value) -> &str {
    entry["error"].as_str().unwrap()
}

/// Holds where these words are in the text.
#[track_caller]
pub(crate) fn assert_says(text: &str, words: &str) {
    assert!(text.contains(words), "not said: {words}\nin: {text}");
}
