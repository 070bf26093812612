//! Reads the configuration of an org: its API versions, and its duplicate and assignment rules.

use bytes::Bytes;
use reqwest::Method;
use serde::Deserialize;

use super::{Salesforce, body, fault::Fault, session::Session};
use crate::metrics::Call;

#[derive(Deserialize)]
struct Version {
    version: String,
}

#[derive(Deserialize)]
struct Found<T> {
    records: Vec<T>,
}

/// An active duplicate rule.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct DuplicateRule {
    /// Its API name.
    pub developer_name: String,
    /// The object whose records it applies to.
    pub sobject_type: String,
}

/// An assignment rule.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct AssignmentRule {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// The object whose records it gives to an owner.
    pub sobject_type: String,
    /// Whether it is the active rule of the object.
    pub active: bool,
}

impl Salesforce {
    /// The API versions that the org supports, oldest first. This call does not count against the API limit.
    ///
    /// # Errors
    /// [`Fault`].
    pub async fn versions(&self, session: &Session) -> Result<Vec<String>, Fault> {
        let request = self
            .client
            .request_of(session, Method::GET, "/services/data");
        let answer = self.client.send(Call::Describe, None, request).await?;
        let versions: Vec<Version> = body::typed(&answer, "list of API versions")?;
        Ok(versions.into_iter().map(|one| one.version).collect())
    }

    /// Checks whether the user may use the API.
    ///
    /// # Errors
    /// [`Fault`].
    pub async fn resources(&self, session: &Session) -> Result<(), Fault> {
        self.ask_about(session, "", &[]).await.map(drop)
    }

    /// The active duplicate rules of the org.
    ///
    /// # Errors
    /// [`Fault`].
    pub async fn duplicate_rules(&self, session: &Session) -> Result<Vec<DuplicateRule>, Fault> {
        const QUERY: &str =
            "SELECT DeveloperName, SobjectType FROM DuplicateRule WHERE IsActive = true";
        let answer = self.ask_about(session, "/query", &[("q", QUERY)]).await?;
        let rules: Found<_> = body::typed(&answer, "list of duplicate rules")?;
        Ok(rules.records)
    }

    /// The assignment rules of the org, active or not.
    ///
    /// # Errors
    /// [`Fault`].
    pub async fn assignment_rules(&self, session: &Session) -> Result<Vec<AssignmentRule>, Fault> {
        const QUERY: &str = "SELECT Id, Name, SobjectType, Active FROM AssignmentRule";
        let answer = self.ask_about(session, "/query", &[("q", QUERY)]).await?;
        let rules: Found<_> = body::typed(&answer, "list of assignment rules")?;
        Ok(rules.records)
    }

    async fn ask_about(
        &self,
        session: &Session,
        path: &str,
        query: &[(&str, &str)],
    ) -> Result<Bytes, Fault> {
        let path = format!("/services/data/v{}{path}", self.api_version);
        let request = self.client.request_of(session, Method::GET, &path);
        let org = Some(session.instance());
        self.client
            .send(Call::Describe, org, request.query(query))
            .await
    }
}
