//! What the demo plays on: the simulated org and the real service, each on a free port.

use std::{net::SocketAddr, time::Duration};

use salesforce_simulator::{Simulator, flags_for, sample};
use salesforce_transformer::{
    Config, Services, lifecycle::Lifecycle, server::memory::InFlight, services,
};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::Trouble;

/// The address under which the records of the demo are known before it starts.
pub(super) const KNOWN_LEAD: &str = "ada@lovelace.example";

pub(super) struct Setup {
    pub(super) org: Simulator,
    pub(super) salesforce: SocketAddr,
    pub(super) service: SocketAddr,
    /// The admin address, which shows what became of the events.
    pub(super) admin: Option<SocketAddr>,
    pub(super) http: reqwest::Client,
    /// The contact that the documentation calls `sf-contact-id`.
    pub(super) contact: String,
}

impl Setup {
    /// Starts both; `is_watched` turns the admin address on.
    pub(super) async fn start(is_watched: bool) -> Result<Self, Trouble> {
        let org = sample::org().build();
        org.insert("Lead", json!({"FirstName": "Ada", "LastName": "Byron", "Company": "Analytical", "Email": KNOWN_LEAD}))?;
        let contact = org.insert(
            "Contact",
            json!({"FirstName": "Johnny", "LastName": "Gibbs"}),
        )?;
        let salesforce = serve(org.router()).await?;
        let mut settings = settings(salesforce)?;
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let admin_address = listener.local_addr()?;
        settings.admin.admin_listen = is_watched.then_some(admin_address);
        let Services { service, admin } =
            services(&settings, Lifecycle::default(), InFlight::default())?;
        let service = serve(service).await?;
        let admin = admin.map(|admin| serve_at(listener, admin.router(admin_address)));
        let http = reqwest::Client::builder()
            .no_proxy()
            .timeout(Duration::from_secs(10))
            .build()?;
        Ok(Self {
            org,
            salesforce,
            service,
            admin: admin.transpose()?,
            http,
            contact,
        })
    }

    /// Posts to the service and reads the array that it answers.
    pub(super) async fn post(&self, path: &str, body: &Value) -> Result<Vec<Value>, Trouble> {
        let request = self
            .http
            .post(format!("http://{}{path}", self.service))
            .header("Content-Type", "application/json");
        let answer = request
            .body(body.to_string())
            .send()
            .await?
            .error_for_status()?;
        Ok(serde_json::from_slice(&answer.bytes().await?)?)
    }
}

/// The settings of the service, given as flags: the environment of whoever runs the demo does not count.
fn settings(salesforce: SocketAddr) -> Result<Config, Trouble> {
    let salesforce = format!("http://{salesforce}");
    let flags = [
        ["--salesforce-client-id", sample::CLIENT_ID],
        ["--salesforce-client-secret", sample::CLIENT_SECRET],
        ["--salesforce-timeout", "10s"],
        ["--salesforce-username", sample::USERNAME],
        ["--salesforce-password", sample::PASSWORD],
        ["--salesforce-security-token", sample::SECURITY_TOKEN],
        ["--body-limit", "16MiB"],
    ];
    Ok(Config::from_flags(
        [&flags_for(&salesforce), flags.as_flattened()].concat(),
    )?)
}

async fn serve(app: axum::Router) -> Result<SocketAddr, Trouble> {
    serve_at(TcpListener::bind("127.0.0.1:0").await?, app)
}

fn serve_at(listener: TcpListener, app: axum::Router) -> Result<SocketAddr, Trouble> {
    let address = listener.local_addr()?;
    tokio::spawn(async move {
        if let Err(error) = axum::serve(listener, app).await {
            eprintln!("error: {address} has stopped: {error}");
        }
    });
    Ok(address)
}
