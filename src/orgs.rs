//! The orgs of one batch, each asked once: its destinations, credentials and e-mails, collected before the first call.

use std::{collections::HashSet, sync::Arc};

use futures_util::future;

use crate::{
    contract::{Destination, Entry, json::Value},
    error::EventError,
    plan::{Plan, Record},
    salesforce::{Asked, AuthError, Credentials, Email, Salesforce},
};

/// The destinations of a batch. Most batches have one, repeated with each event: it is read once.
#[derive(Debug, Default)]
pub struct Destinations<'a>(Vec<(&'a str, Result<Arc<Destination>, EventError>)>);

impl<'a> Destinations<'a> {
    /// The destination of an entry.
    ///
    /// # Errors
    /// [`EventError::Incomplete`] where a part is missing.
    pub fn read(&mut self, destination: Option<Value<'a>>) -> Result<Arc<Destination>, EventError> {
        let text = destination.map_or("", Value::json);
        if let Some((_, known)) = self.0.iter().find(|(known, _)| *known == text) {
            return known.clone();
        }
        let read = Destination::read(destination).map(Arc::new);
        self.0.push((text, read.clone()));
        read
    }
}

/// The orgs of a batch.
#[derive(Debug, Default)]
pub struct Orgs<'a>(Vec<Org<'a>>);

/// An org, and what is to be asked of it.
#[derive(Debug)]
struct Org<'a> {
    /// The secret by whose text the org is known; `None` for a login.
    secret: Option<&'a str>,
    destination: Arc<Destination>,
    credentials: Credentials,
    emails: Vec<Email>,
    folded: HashSet<String>,
}

/// The position of an org among those of its batch.
#[derive(Clone, Copy, Debug)]
pub struct OrgIndex(usize);

impl<'a> Orgs<'a> {
    /// Finds the org of an entry, or adds it.
    ///
    /// # Errors
    /// [`EventError::Secret`] where the entry's OAuth secret is missing or incomplete.
    pub fn of(
        &mut self,
        header: Option<Value<'a>>,
        entry: &Entry<'a>,
        destination: &Arc<Destination>,
    ) -> Result<OrgIndex, EventError> {
        let secret = header
            .or_else(|| entry.secret())
            .filter(|secret| !secret.is_null());
        let text = secret.map(Value::json);
        if let Some(known) = self.0.iter().position(|org| org.is(text, destination)) {
            return Ok(OrgIndex(known));
        }
        let credentials = Credentials::of(secret, destination)?;
        self.0.push(Org {
            secret: text,
            destination: Arc::clone(destination),
            credentials,
            emails: Vec::new(),
            folded: HashSet::new(),
        });
        Ok(OrgIndex(self.0.len() - 1))
    }

    /// Notes what a plan must know of its org. Equal e-mails are asked for once.
    pub fn want(&mut self, index: OrgIndex, plan: &Plan<'_>) {
        let Some(org) = self.0.get_mut(index.0) else {
            return;
        };
        for record in &plan.records {
            if let Record::LeadOf(email) = record
                && org.folded.insert(email.folded())
            {
                org.emails.push(email.clone());
            }
        }
    }

    /// Opens a session with each org and asks for its e-mails, all orgs at once.
    pub async fn ask(self, salesforce: &Salesforce) -> Answers {
        let answers = self.0.into_iter().map(|org| async move {
            Answer {
                oauth: org.credentials.are_oauth(),
                asked: salesforce.ask(&org.credentials, &org.emails).await,
            }
        });
        Answers(future::join_all(answers).await)
    }
}

impl Org<'_> {
    fn is(&self, secret: Option<&str>, destination: &Arc<Destination>) -> bool {
        self.secret == secret && (secret.is_some() || Arc::ptr_eq(&self.destination, destination))
    }
}

/// What the orgs of a batch have answered.
#[derive(Debug)]
pub struct Answers(Vec<Answer>);

/// What one org has answered.
#[derive(Debug)]
struct Answer {
    oauth: bool,
    asked: Result<Asked, Arc<AuthError>>,
}

impl Answers {
    /// The answer of an org.
    ///
    /// # Errors
    /// [`EventError::Authorisation`] where no session could be opened.
    pub fn get(&self, index: OrgIndex) -> Result<&Asked, EventError> {
        let asked = &self.0[index.0].asked;
        asked
            .as_ref()
            .map_err(|error| EventError::Authorisation(Arc::clone(error)))
    }

    /// Whether rudder-server holds the org's credentials.
    #[must_use]
    pub fn are_oauth(&self, index: OrgIndex) -> bool {
        self.0[index.0].oauth
    }
}
