//! The lookups of one batch: destinations, credentials and keys are collected first, so that each org is queried once.

use std::{fmt, mem, sync::Arc};

use futures_util::{StreamExt, stream};

use crate::{
    json::Value,
    rudderstack::{Destination, DestinationName, Entry, ReadError},
    salesforce::{
        Asked, AuthError, Credentials, Key, Salesforce, Spares, Wanted,
        by_key::{ByKey, InOrderByKey},
        limits::{Handled, Limits},
    },
    server::memory::OrgKey,
    transform::{error::EventError, outcome::Outcome},
};

/// The destinations of a batch. Most batches repeat one destination with each event, so equal destinations are read
/// only once.
#[derive(Debug, Default)]
pub(crate) struct Destinations<'a>(Vec<(Option<Value<'a>>, Read)>);

/// A destination, or what is missing from it.
type Read = Result<Arc<Destination>, ReadError>;

impl<'a> Destinations<'a> {
    /// The destination of an entry.
    ///
    /// # Errors
    /// [`ReadError::Incomplete`] if a part is missing.
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

/// The position of an org among those of its batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct OrgIndex(usize);

impl OrgIndex {
    /// The position.
    pub(super) fn position(self) -> usize {
        self.0
    }
}

/// The lookups to make in the orgs of a batch.
#[derive(Debug, Default)]
pub struct Lookups<'a>(Vec<OrgLookups<'a>>);

/// An org and the lookups to make in it.
struct OrgLookups<'a> {
    /// The text of the secret that identifies the org; `None` if the service logs in itself.
    secret: Option<&'a str>,
    destination: Arc<Destination>,
    /// Other destinations with the same credentials.
    others: Vec<Arc<Destination>>,
    credentials: Credentials,
    wanted: InOrderByKey<WantedRecord>,
    /// The objects to describe.
    objects: Vec<String>,
    /// The number of keys requested again after another event of the batch had requested them.
    repeated: usize,
}

/// What would be asked of an org.
pub(super) struct Questions {
    /// The credentials with which it would be asked.
    pub(super) credentials: Credentials,
    /// The keys to look up.
    pub(super) wanted: Vec<Wanted>,
    /// Where each key stands among them.
    places: ByKey<usize>,
    /// The objects to describe.
    pub(super) objects: Vec<String>,
}

impl Questions {
    /// What would be asked for a key.
    pub(super) fn of(&self, key: &Key) -> Option<&Wanted> {
        self.wanted.get(*self.places.get(key)?)
    }
}

/// What the events of a batch want of a record.
#[derive(Debug, Default)]
struct WantedRecord {
    /// The fields to read.
    fields: Vec<String>,
    /// Whether one of them needs the record, see [`Wanted::needs_record`].
    needs_record: bool,
}

/// Leaves the secret out.
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
    /// [`EventError::Secret`] if the entry's OAuth secret is missing or incomplete.
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
            self.0[known].add(destination);
            return Ok(OrgIndex(known));
        }
        let credentials = Credentials::of(secret, destination)?;
        let destination = Arc::clone(destination);
        self.0.push(OrgLookups {
            secret: text,
            destination,
            others: Vec::new(),
            credentials,
            wanted: InOrderByKey::default(),
            objects: Vec::new(),
            repeated: 0,
        });
        Ok(OrgIndex(self.0.len() - 1))
    }

    /// Adds the key of a record to look up in an org, with the fields to read. Equal keys are looked up once. The record may be
    /// upserted by its key instead unless an event `needs_record`.
    pub fn want(&mut self, index: OrgIndex, key: &Key, fields: Vec<String>, needs_record: bool) {
        let Some(org) = self.0.get_mut(index.0) else {
            return;
        };
        let known = org.wanted.len();
        let wanted = org.wanted.entry(key.clone()).or_default();
        wanted.fields.extend(fields);
        wanted.needs_record |= needs_record;
        org.repeated += usize::from(org.wanted.len() == known);
    }

    /// Adds an object to describe in an org.
    pub fn describe(&mut self, index: OrgIndex, object: &str) {
        let Some(org) = self.0.get_mut(index.0) else {
            return;
        };
        let mut objects = org.objects.iter();
        if !objects.any(|known| known.eq_ignore_ascii_case(object)) {
            org.objects.push(object.to_owned());
        }
    }

    /// The keys that identify the orgs before they are queried, see [`Credentials::org`].
    #[must_use]
    pub fn keys(&self) -> impl ExactSizeIterator<Item = OrgKey> {
        self.0.iter().map(|org| OrgKey::of(org.credentials.org()))
    }

    /// What would be asked of each org.
    #[must_use]
    pub(super) fn questions(&self) -> Vec<Questions> {
        let questions = self.0.iter().map(|org| Questions {
            credentials: org.credentials.clone(),
            places: (org.wanted.iter().enumerate())
                .map(|(place, (key, _))| (key.clone(), place))
                .collect(),
            wanted: wanted(&org.wanted).collect(),
            objects: org.objects.clone(),
        });
        questions.collect()
    }

    /// Opens a session with each org and looks up its keys, a few orgs at a time.
    pub async fn ask(self, salesforce: &Arc<Salesforce>) -> Answers {
        let answers: Vec<_> = self.0.into_iter().map(|org| org.ask(salesforce)).collect();
        let mut answers: Vec<OrgAnswer> = stream::iter(answers).buffered(AT_ONCE).collect().await;
        // Read this after all lookups: two destinations may share an org, and the lookups of one use up calls of the
        // other.
        for answer in &mut answers {
            let asked = answer.asked.as_ref().ok();
            answer.spares = asked.map(|asked| salesforce.limits().spares(asked.session.instance()));
        }
        Answers(answers)
    }
}

/// The maximum number of orgs of one batch that are queried at the same time.
const AT_ONCE: usize = 16;

/// The keys to look up.
fn wanted(records: &InOrderByKey<WantedRecord>) -> impl Iterator<Item = Wanted> {
    records.iter().map(|(key, record)| Wanted {
        key: key.clone(),
        fields: record.fields.clone(),
        needs_record: record.needs_record,
    })
}

impl OrgLookups<'_> {
    async fn ask(mut self, salesforce: &Arc<Salesforce>) -> OrgAnswer {
        let wanted = mem::take(&mut self.wanted).into_iter();
        let wanted = wanted.map(|(key, record)| Wanted {
            key,
            fields: record.fields,
            needs_record: record.needs_record,
        });
        let wanted: Vec<Wanted> = wanted.collect();
        salesforce.repeated(self.repeated);
        let is_proxied = self
            .destinations()
            .all(|destination| salesforce.creates().is_proxied(&destination.id));
        let asked = salesforce.ask(&self.credentials, &wanted, &self.objects, !is_proxied);
        let asked = asked.await;
        self.log(&asked);
        if let Ok(asked) = &asked {
            salesforce.found(&self.credentials, asked, &wanted).await;
        }
        OrgAnswer {
            credentials: Arc::new(self.credentials),
            asked,
            spares: None,
        }
    }

    /// Adds a destination with the same credentials.
    fn add(&mut self, destination: &Arc<Destination>) {
        let is_known = self
            .destinations()
            .any(|known| Arc::ptr_eq(known, destination));
        if !is_known {
            self.others.push(Arc::clone(destination));
        }
    }

    /// The destinations with these credentials.
    fn destinations(&self) -> impl Iterator<Item = &Arc<Destination>> {
        std::iter::once(&self.destination).chain(&self.others)
    }

    /// Logs one line for an org that could not be queried. The events that depend on it fail.
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

/// The answers of the orgs of a batch.
#[derive(Debug)]
pub struct Answers(Vec<OrgAnswer>);

/// The answer of one org.
#[derive(Debug)]
pub(super) struct OrgAnswer {
    /// The credentials with which a new session is opened.
    pub(super) credentials: Arc<Credentials>,
    asked: Result<Asked, Arc<AuthError>>,
    /// The calls that the org has to spare for writes after all lookups; `None` without a session.
    pub(super) spares: Option<Spares>,
}

impl OrgAnswer {
    /// The session, and the records that were found.
    ///
    /// # Errors
    /// [`EventError::Authorisation`] if no session could be opened.
    pub(super) fn asked(&self) -> Result<&Asked, EventError> {
        let asked = self.asked.as_ref();
        asked.map_err(|error| EventError::Authorisation(Arc::clone(error)))
    }
}

impl Answers {
    /// The answer of the org at this position.
    pub(super) fn at(&self, position: usize) -> &OrgAnswer {
        &self.0[position]
    }

    /// The answer of an org.
    pub(super) fn org(&self, index: OrgIndex) -> &OrgAnswer {
        &self.0[index.0]
    }

    /// Has the lookups of explained events count as calls that these events would take alone. Without that, the calls saved would
    /// fall with each explanation, of which no event is handled.
    pub(super) fn balance(&self, salesforce: &Salesforce) {
        for asked in self.0.iter().filter_map(|org| org.asked.as_ref().ok()) {
            let instance = asked.session.instance();
            let calls = salesforce.lookup_calls(instance, asked.looked_up.clone());
            if let Ok(calls_alone @ 1..) = u64::try_from(calls) {
                let handled = Handled {
                    calls_alone,
                    ..Handled::default()
                };
                salesforce.limits().handled(instance, handled);
            }
        }
    }

    /// Records in the limits of each org which events were handled. `alone` has the org of each entry of the batch, and
    /// the calls that it would take on its own.
    pub(super) fn count(
        &self,
        outcomes: &[Outcome<'_>],
        alone: &[Option<(OrgIndex, u64)>],
        limits: &Limits,
    ) {
        let mut counts = vec![Handled::default(); self.0.len()];
        for outcome in outcomes.iter().filter(|outcome| outcome.is_handled()) {
            let mut described = outcome.requests();
            let entries = outcome.entries.iter();
            for (org, calls_alone) in entries.filter_map(|entry| alone[*entry]) {
                let count = &mut counts[org.0];
                count.events += 1;
                count.calls_alone += calls_alone;
                // An outcome's requests cover all of its events.
                count.described += mem::take(&mut described);
            }
        }
        for (org, handled) in self.0.iter().zip(counts) {
            if let Ok(asked) = &org.asked
                && handled.events > 0
            {
                limits.handled(asked.session.instance(), handled);
            }
        }
    }
}
