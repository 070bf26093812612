//! The org: the only room that calls Salesforce.
//!
//! `auth` opens a session, `lookup` asks for records through `client`, and whatever goes wrong becomes a `fault` with
//! one of four dispositions.

pub mod auth;
pub mod client;
pub mod fault;
pub mod hosts;
pub mod lookup;
pub mod session;
pub mod soql;

use std::sync::Arc;

use futures_util::future;

pub use auth::{AuthError, Credentials};
pub use fault::Fault;
pub use hosts::AllowedHosts;
pub use lookup::{Found, Lead};
pub use session::Session;
pub use soql::Email;

use crate::{config::Config, metrics::Metrics};

/// All orgs that the service talks to: one HTTP client, one cache of tokens.
#[derive(Debug)]
pub struct Salesforce {
    client: client::Client,
    tokens: auth::Tokens,
    api_version: String,
}

/// An org that a batch has asked: the session to write with, and what was found.
#[derive(Debug)]
pub struct Asked {
    /// The session, renewed where the first one had expired.
    pub session: Arc<Session>,
    /// The leads of the e-mails that were asked for.
    pub leads: Found,
}

impl Salesforce {
    /// Builds the client from the settings.
    ///
    /// # Errors
    /// Where the platform's certificates cannot be loaded or a proxy setting is malformed.
    pub fn new(config: &Config, metrics: Arc<Metrics>) -> Result<Self, reqwest::Error> {
        Ok(Self {
            client: client::Client::new(config, metrics)?,
            tokens: auth::Tokens::new(config),
            api_version: config.salesforce_api_version.clone(),
        })
    }

    /// Opens a session and asks for the leads with these e-mails, in as few queries as fit. A password login whose
    /// session has expired is renewed once and asked again; an OAuth secret is for rudder-server to refresh.
    ///
    /// # Errors
    /// [`AuthError`] where no session can be had. A lookup that fails is a fault of its own e-mails in [`Asked::leads`].
    pub async fn ask(
        &self,
        credentials: &Credentials,
        emails: &[Email],
    ) -> Result<Asked, Arc<AuthError>> {
        let session = self.tokens.session(&self.client, credentials).await?;
        let leads = self.leads(&session, emails).await;
        if !leads.session_expired() {
            return Ok(Asked { session, leads });
        }
        self.tokens.evict(&session).await;
        match credentials {
            Credentials::Secret(_) => Ok(Asked { session, leads }),
            Credentials::Password { .. } => {
                let session = self.tokens.session(&self.client, credentials).await?;
                let leads = self.leads(&session, emails).await;
                Ok(Asked { session, leads })
            }
        }
    }

    async fn leads(&self, session: &Session, emails: &[Email]) -> Found {
        let path = format!("/services/data/v{}/query", self.api_version);
        let queries = soql::leads_by_email(emails, path.len(), soql::LONGEST_URI);
        let answers = queries.iter().map(|(query, range)| async {
            let answer = lookup::leads(
                &self.client,
                session,
                &format!("{path}?q={}", query.encoded()),
            )
            .await;
            (&emails[range.clone()], answer)
        });
        let mut found = Found::default();
        for (emails, answer) in future::join_all(answers).await {
            found.add(emails, answer);
        }
        found
    }
}
