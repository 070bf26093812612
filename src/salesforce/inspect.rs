//! Reads the configuration of an org: its API versions, and its duplicate and assignment rules.

use bytes::Bytes;
use reqwest::Method;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

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

/// What the duplicate rules of an org find for a record that is not written.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FoundDuplicates {
    /// Whether there is a duplicate.
    pub duplicate_error: bool,
    /// Whether the rules let it be saved all the same.
    #[serde(default)]
    pub allow_save: bool,
    /// The names of the rules.
    #[serde(default)]
    pub duplicate_rules: Vec<String>,
    /// The records that they have found.
    #[serde(default)]
    pub matches: Vec<FoundMatch>,
}

/// The records that a duplicate rule has found.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FoundMatch {
    /// Their object.
    #[serde(default)]
    pub api_name: String,
    /// Their ids.
    #[serde(default)]
    pub match_record_ids: Vec<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct UnsavedRecord<'a> {
    api_name: &'a str,
    fields: &'a RawValue,
}

impl Salesforce {
    /// What the duplicate rules of the org find for a new record of an object with these fields. Nothing is written
    /// (`POST /ui-api/predupe`, version 50.0 and later).
    ///
    /// # Errors
    /// [`Fault`].
    pub async fn duplicates_of(
        &self,
        session: &Session,
        object: &str,
        fields: &RawValue,
    ) -> Result<FoundDuplicates, Fault> {
        let path = format!("/services/data/v{}/ui-api/predupe", self.api_version);
        let record = UnsavedRecord {
            api_name: object,
            fields,
        };
        let request = self.client.request_of(session, Method::POST, &path);
        let request = request.json(&record);
        let org = Some(session.instance());
        let answer = self.client.send(Call::Describe, org, request).await?;
        Ok(body::typed(&answer, "result of duplicate rules")?)
    }

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
