//! The service under test, its simulated Salesforce, and what every answer must be.

use std::io::Error;

use axum::{
    Router,
    body::{Body, to_bytes},
    http::Request,
};
use salesforce_simulator::{Simulator, flags_for};
use salesforce_transformer::{
    Config, app,
    internals::json::{Document, Unencodable},
    lifecycle::Lifecycle,
    server::memory::InFlight,
};
use serde_json::json;
use tokio::{net::TcpListener, runtime::Runtime};
use tower::ServiceExt;

use crate::Route;

/// The whole service, in the thread that asks it.
pub(crate) struct Service {
    runtime: Runtime,
    app: Router,
}

/// What the service has answered.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) reason: String,
    pub(crate) text: String,
}

impl Service {
    pub(crate) fn start() -> Result<Self, Error> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let org = Simulator::builder().user("u", "p", "t").build();
        let lead = json!({"LastName": "Good", "Company": "Acme", "Email": "good.lead@example.com"});
        org.insert("Lead", lead).expect("a lead");
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0"))?;
        let url = format!("http://{}", listener.local_addr()?);
        runtime.spawn(async move { axum::serve(listener, org.router()).await });
        let config = config(&url);
        let app =
            runtime.block_on(async { app(&config, Lifecycle::default(), InFlight::default()) });
        let app = app.map_err(Error::other)?;
        Ok(Self { runtime, app })
    }

    /// Posts a body. Whatever the answer says, its caller can read it, and the service has not failed.
    pub(crate) fn answer(&self, route: Route, is_compacted: bool, body: &[u8]) -> Answer {
        let path = match route {
            Route::Processor => "/v0/destinations/salesforce",
            Route::Router => "/routerTransform",
            Route::Transform => "/transform",
        };
        let format = if is_compacted {
            "json+compactedv1"
        } else {
            "json"
        };
        let request = Request::post(path)
            .header("Content-Type", "application/json")
            .header("X-Content-Format", format)
            .body(Body::from(body.to_vec()))
            .expect("a request");
        let answer = self.runtime.block_on(async {
            let response = self.app.clone().oneshot(request).await.expect("an answer");
            let reason = response.headers().get("X-Rudder-Error-Reason");
            let reason = reason
                .and_then(|reason| reason.to_str().ok())
                .unwrap_or_default();
            let (status, reason) = (response.status().as_u16(), reason.to_owned());
            let body = to_bytes(response.into_body(), usize::MAX)
                .await
                .expect("a body");
            let text = String::from_utf8(body.to_vec()).expect("UTF-8");
            Answer {
                status,
                reason,
                text,
            }
        });
        assert!(
            matches!(answer.status, 200 | 400 | 503),
            "{} {}",
            answer.status,
            answer.text
        );
        assert_ne!(answer.reason, "internal", "{}", answer.text);
        let read = Document::read(answer.text.as_str()).expect("JSON");
        assert!(matches!(
            read.root().flaw(),
            None | Some(Unencodable::TooDeep)
        ));
        if answer.status != 200 {
            let error = read
                .root()
                .as_object()
                .and_then(|answer| answer.get("error"));
            assert!(error.is_some(), "{}", answer.text);
        }
        answer
    }
}

/// The settings of a service whose Salesforce is at `url`.
fn config(url: &str) -> Config {
    let flags = [
        ["--salesforce-timeout", "5s"],
        ["--lookup-window", "0s"],
        ["--lookup-cache-ttl", "1h"],
        ["--salesforce-username", "u"],
        ["--salesforce-password", "p"],
        ["--salesforce-security-token", "t"],
        ["--api-reserve", "0"],
    ];
    let flags = [&flags_for(url), flags.as_flattened()].concat();
    Config::from_flags(flags).expect("settings")
}
