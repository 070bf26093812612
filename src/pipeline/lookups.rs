//! The orgs of one batch, each asked once: its destinations, credentials and keys, collected before the first call.

use std::{fmt, sync::Arc};

use futures_util::{StreamExt, stream};

use crate::{
    json::Value,
    rudderstack::{Destination, DestinationName, Entry, ReadError},
    salesforce::{
        Asked, AuthError, Credentials, Key, Salesforce, Spares, Wanted, by_key::InOrderByKey,
    },
    server::memory::OrgKey,
    transform::{error::EventError, outcome::OrgIndex},
};

/// The destinations of a batch. Most batches have one, repeated with each event: it is read once.
#[derive(Debug, Default)]
pub(crate) struct Destinations<'a>(Vec<(Option<Value<'a>>, Read)>);

/// A destination, or what is missing of it.
type Read = Result<Arc<Destination>, ReadError>;

impl<'a> Destinations<'a> {
    /// The destination of an entry.
    ///
    /// # Errors
    /// [`ReadError::Incomplete`] where a part is missing.
    pub(crate) fn read(
        &mut self,
        destination: Option<Value<'a>>,
        route: DestinationName,
    ) -> Result<Arc<Destination>, ReadError> {
        let is_same = |known: Option<Value<'a>>| match (known, destination) {
            (Some(known), Some(other)) => known.is_same_as(other),
            (None, None) => true,
            (Some(_), None) | (None, Some(_)) => false,
        };
        if let Some((_, known)) = self.0.iter().rfind(|(known, _)| is_same(*known)) {
            return known.clone();
        }
        let read = Destination::read(destination, route).map(Arc::new);
        self.0.push((destination, read.clone()));
        read
    }
}

/// What must be asked of the orgs of a batch.
#[derive(Debug, Default)]
pub struct Lookups<'a>(Vec<OrgLookups<'a>>);

/// An org, and what is to be asked of it.
struct OrgLookups<'a> {
    /// The secret by whose text the org is known; `None` for a login.
    secret: Option<&'a str>,
    destination: Arc<Destination>,
    credentials: Credentials,
    wanted: InOrderByKey<Vec<String>>,
    /// How often a key was wanted that another event of the batch wants too.
    repeated: usize,
}

/// Without the secret.
impl fmt::Debug for OrgLookups<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OrgLookups")
            .field("destination", &self.destination)
            .field("credentials", &self.credentials)
            .field("wanted", &self.wanted)
            .finish_non_exhaustive()
    }
}

impl<'a> Lookups<'a> {
    /// Finds the org of an entry, or adds it.
    ///
    /// # Errors
    /// [`EventError::Secret`] where the entry's OAuth secret is missing or incomplete.
    pub fn org(
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
        let destination = Arc::clone(destination);
        self.0.push(OrgLookups {
            secret: text,
            destination,
            credentials,
            wanted: InOrderByKey::default(),
            repeated: 0,
        });
        Ok(OrgIndex(self.0.len() - 1))
    }

    /// Notes what a record's key must be known of its org, and the fields to read. Equal keys are asked for once.
    pub fn want(&mut self, index: OrgIndex, key: &Key, fields: Vec<String>) {
        let Some(org) = self.0.get_mut(index.0) else {
            return;
        };
        let known = org.wanted.len();
        org.wanted.entry(key.clone()).or_default().extend(fields);
        org.repeated += usize::from(org.wanted.len() == known);
    }

    /// What tells the orgs apart before they are asked, see [`Credentials::org`].
    #[must_use]
    pub fn keys(&self) -> impl ExactSizeIterator<Item = OrgKey> {
        self.0.iter().map(|org| OrgKey::of(org.credentials.org()))
    }

    /// Opens a session with each org and asks for its keys, a few orgs at a time.
    pub async fn ask(self, salesforce: &Arc<Salesforce>) -> Answers {
        let answers: Vec<_> = self.0.into_iter().map(|org| org.ask(salesforce)).collect();
        let mut answers: Vec<OrgAnswer> = stream::iter(answers).buffered(AT_ONCE).collect().await;
        // Only now: the lookups of one destination may have taken what another one's org had to spare.
        for answer in &mut answers {
            let asked = answer.asked.as_ref().ok();
            answer.spares = asked.map(|asked| salesforce.limits().spares(asked.session.instance()));
        }
        Answers(answers)
    }
}

/// How many orgs of one batch are asked at a time.
const AT_ONCE: usize = 16;

impl OrgLookups<'_> {
    async fn ask(mut self, salesforce: &Arc<Salesforce>) -> OrgAnswer {
        let wanted = std::mem::take(&mut self.wanted).into_iter();
        let wanted: Vec<Wanted> = wanted.map(|(key, fields)| Wanted { key, fields }).collect();
        salesforce.repeated(self.repeated);
        let asked = salesforce.ask(&self.credentials, &wanted).await;
        self.log(&asked);
        OrgAnswer {
            credentials: Arc::new(self.credentials),
            asked,
            spares: None,
        }
    }

    /// One line for an org that could not be asked, whose events fail for it.
    fn log(&self, asked: &Result<Asked, Arc<AuthError>>) {
        let destination = self.destination.id.as_str();
        match asked {
            Ok(asked) => {
                if let Some(fault) = asked.found.first_fault() {
                    tracing::warn!(
                        destination,
                        fault = fault.label(),
                        "a lookup in Salesforce failed"
                    );
                }
            }
            Err(error) => tracing::warn!(
                destination,
                reason = error.label(),
                "no session with Salesforce"
            ),
        }
    }

    fn is(&self, secret: Option<&str>, destination: &Arc<Destination>) -> bool {
        self.secret == secret && (secret.is_some() || self.destination.logs_in_as(destination))
    }
}

/// What the orgs of a batch have answered.
#[derive(Debug)]
pub struct Answers(Vec<OrgAnswer>);

/// What one org has answered.
#[derive(Debug)]
struct OrgAnswer {
    credentials: Arc<Credentials>,
    asked: Result<Asked, Arc<AuthError>>,
    /// What the org has to spare for writes, once all have answered; `None` without a session.
    spares: Option<Spares>,
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

    /// What the org has to spare for writes; `None` without a session.
    #[must_use]
    pub fn spares(&self, index: OrgIndex) -> Option<&Spares> {
        self.0[index.0].spares.as_ref()
    }

    /// What a new session of the org is opened with.
    #[must_use]
    pub fn credentials(&self, index: OrgIndex) -> &Arc<Credentials> {
        &self.0[index.0].credentials
    }

    /// Whether rudder-server holds the org's credentials.
    #[must_use]
    pub fn is_oauth(&self, index: OrgIndex) -> bool {
        self.0[index.0].credentials.is_oauth()
    }
}
