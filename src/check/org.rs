//! Checks an org, from the login to the API calls that are left.

use std::{path::Path, sync::Arc};

use super::{events::ComparedOrg, objects::OBJECTS, report::Finding, rules};
use crate::{
    config::{Config, Flow, Login, Reserve, SalesforceSettings},
    metrics,
    salesforce::{Credentials, Salesforce, Session, headers::tells_creates_apart},
    server::memory::InFlight,
    shared_state::SharedState,
};

/// An org with an open session.
struct CheckedOrg {
    salesforce: Arc<Salesforce>,
    credentials: Credentials,
    login: Login,
    config: Config,
    destination: String,
    session: Arc<Session>,
}

/// Runs every check of a destination's org whose prerequisites are met, and compares a file of events with the org if there is
/// one. `noted` holds earlier findings.
pub(super) async fn inspect(
    config: Config,
    (destination, events): (&str, Option<&Path>),
    noted: Option<Finding>,
) -> Vec<Finding> {
    let mut findings = vec![Finding::works("settings", settings(&config, destination))];
    findings.extend(noted);
    match CheckedOrg::enter(config, destination).await {
        Ok((org, finding)) => {
            findings.push(finding);
            org.inspect(&mut findings).await;
            if let Some(events) = events.filter(|_| !findings.iter().any(Finding::fails)) {
                findings.push(org.compared().inspect(events).await);
            }
        }
        Err(finding) => findings.push(finding),
    }
    findings
}

fn settings(config: &Config, destination: &str) -> String {
    let flow = config.salesforce.auth.flow_of(destination).name();
    format!(
        "SALESFORCE_AUTH={flow}, REST API {}",
        config.salesforce.api_version
    )
}

impl CheckedOrg {
    /// Logs in.
    async fn enter(config: Config, destination: &str) -> Result<(Self, Finding), Finding> {
        const CHECK: &str = "login";
        let flow = config.salesforce.auth.flow_of(destination);
        let login = login(&config, flow).ok_or_else(|| {
            Finding::failed(
                CHECK,
                "no user is configured: set SALESFORCE_USERNAME, SALESFORCE_PASSWORD and SALESFORCE_SECURITY_TOKEN, or set \
                SALESFORCE_AUTH to client-credentials or jwt-bearer",
            )
        })?;
        // The check makes its few calls even when the reserve is reached, so that it can report this.
        let unreserved = SalesforceSettings {
            api_reserve: Reserve::Off,
            ..config.salesforce.clone()
        };
        let (alone, metrics) = (SharedState::default(), metrics::new());
        let salesforce = Salesforce::new(&unreserved, alone, metrics, InFlight::default())
            .map_err(|error| Finding::failed(CHECK, error.to_string()))?;
        let credentials = Credentials::Login {
            destination: destination.to_owned(),
            login: login.clone(),
        };
        let session = salesforce
            .session(&credentials)
            .await
            .map_err(|error| Finding::failed(CHECK, error.to_string()))?;
        let finding = logged_in(flow, &session);
        let org = Self {
            salesforce: Arc::new(salesforce),
            credentials,
            login,
            config,
            destination: destination.to_owned(),
            session,
        };
        Ok((org, finding))
    }

    fn compared(&self) -> ComparedOrg<'_> {
        ComparedOrg {
            salesforce: &self.salesforce,
            credentials: &self.credentials,
            login: &self.login,
            session: &self.session,
            config: &self.config,
            destination: &self.destination,
        }
    }

    async fn inspect(&self, findings: &mut Vec<Finding>) {
        for finding in [self.version().await, self.access().await] {
            let fails = finding.fails();
            findings.push(finding);
            if fails {
                return;
            }
        }
        for object in OBJECTS {
            let may_upsert = self.may_upsert(object.name());
            let found = object.inspect(&self.salesforce, &self.session, may_upsert);
            findings.extend(found.await);
        }
        findings.extend(self.rules().await);
        findings.push(self.calls());
    }

    /// Whether the settings allow records of an object to be upserted by an external id.
    fn may_upsert(&self, object: &str) -> bool {
        let (config, destination) = (&self.config, self.destination.as_str());
        config.rules().upserts
            && !config.delivery.skip_unchanged
            && self.salesforce.upserts_collections()
            && !tells_creates_apart(&config.policies(), destination, object)
    }

    async fn version(&self) -> Finding {
        const CHECK: &str = "API version";
        let wanted = &self.config.salesforce.api_version;
        let versions = match self.salesforce.versions(&self.session).await {
            Ok(versions) => versions,
            Err(fault) => return Finding::failed(CHECK, fault.to_string()),
        };
        let newest = versions.last().map_or("none", String::as_str);
        if versions.contains(wanted) {
            Finding::works(
                CHECK,
                format!("the org supports {wanted}; the newest version is {newest}"),
            )
        } else {
            let says = format!(
                "the org does not support {wanted}; the newest version is {newest}: set SALESFORCE_API_VERSION to a supported one"
            );
            Finding::failed(CHECK, says)
        }
    }

    async fn access(&self) -> Finding {
        const CHECK: &str = "API access";
        match self.salesforce.resources(&self.session).await {
            Ok(()) => Finding::works(CHECK, "the user may call the REST API"),
            Err(fault) => Finding::failed(
                CHECK,
                format!(
                    "{fault}. The user needs the permission \"API Enabled\", and the org needs an edition with API access"
                ),
            ),
        }
    }

    /// The org's assignment and duplicate rules, and how the settings treat them.
    async fn rules(&self) -> [Finding; 2] {
        let (policies, destination) = (self.config.policies(), self.destination.as_str());
        let assignment = self.salesforce.assignment_rules(&self.session).await;
        let duplicates = self.salesforce.duplicate_rules(&self.session).await;
        [
            rules::assignment(assignment, &policies, destination),
            rules::duplicates(duplicates, &policies, destination),
        ]
    }

    /// Reports the calls that are left. The figure comes from earlier responses, because requesting it would cost another
    /// call and require another permission.
    fn calls(&self) -> Finding {
        const CHECK: &str = "calls left today";
        let org = self.session.instance().as_str();
        let figures = self.salesforce.limits().figures();
        let figures = figures.into_iter().find(|figures| figures.org == org);
        let known = figures.and_then(|figures| Some((figures.remaining?, figures.allowed?)));
        let Some((remaining, allowed)) = known else {
            return Finding::note(CHECK, "the org has not reported how many");
        };
        let reserve = self
            .config
            .salesforce
            .api_reserve
            .of(allowed)
            .unwrap_or_default();
        let says = format!(
            "{remaining} of {allowed}, of which {reserve} are reserved for the org's other systems (API_RESERVE)"
        );
        if remaining > reserve {
            Finding::works(CHECK, says)
        } else {
            Finding::failed(
                CHECK,
                format!("{says}: events are retried until more calls are available"),
            )
        }
    }
}

/// The user name and password from the settings, if the flow needs them.
fn login(config: &Config, flow: Flow) -> Option<Login> {
    let login = config.own_login();
    match flow {
        Flow::Password => login.filter(|login| !login.username.is_empty()),
        Flow::ClientCredentials | Flow::JwtBearer => Some(login.unwrap_or_else(|| Login {
            username: String::new(),
            password: String::new().into(),
            sandbox: config.salesforce_sandbox,
        })),
    }
}

fn logged_in(flow: Flow, session: &Session) -> Finding {
    let says = format!("logged in to {}", session.instance().as_str());
    match flow {
        Flow::Password => Finding::note(
            "login",
            format!(
                "{says} with a password. Salesforce retires this flow on 2027-02-20: set SALESFORCE_AUTH to client-credentials or jwt-bearer"
            ),
        ),
        Flow::ClientCredentials | Flow::JwtBearer => Finding::works("login", says),
    }
}
