//! Limits on what a single event may produce, checked before Salesforce is queried or written to.

use crate::{
    json::Value,
    rudderstack::{AnswerTooLarge, Batch, Entry, Event, Route},
    transform::{
        changes::MAX_LISTED,
        error::EventError,
        plan::{Plan, Record},
    },
};

/// Maximum size of a request in bytes, not counting its object, record id and fields: the org's address, header names,
/// placeholders, and a lead's e-mail.
const MAX_REQUEST_BYTES: usize = 8 << 10;

/// Maximum length of an access token in bytes, if the request does not contain it.
const MAX_TOKEN_BYTES: usize = 4 << 10;

/// The number of bytes that a trait's name can grow by.
const SUFFIX: usize = "__c".len();

/// Maximum length in bytes of the explanation of a change: a sentence, and three names of at most 60 characters.
const MAX_EXPLANATION_BYTES: usize = 1 << 10;

/// The number of bytes that a percent-encoded byte takes in a path.
const ENCODED: usize = 3;

/// The bytes counted for a trait, and for the field that it becomes in each record. This is half of what they really
/// take: only half of the memory is handed out by this count, and the other half covers the rest.
const TRAIT_AND_FIELD_BYTES: [usize; 2] = [20, 30];

/// The same for events with so many traits that the traits and fields are hashed.
const HASHED_TRAIT_AND_FIELD_BYTES: [usize; 2] = [56, 88];

/// Above this number of traits, fields are assumed to be hashed. It is lower than the number of fields at which hashing
/// begins, because some traits become several fields, and some fields come from no trait.
const MAX_UNHASHED_TRAITS: usize = 24;

/// The bytes counted for a record that the event names, and for a record that is looked up.
const NAMED_RECORD_BYTES: usize = 128;
const LOOKED_UP_RECORD_BYTES: usize = 288;

/// What one event may be made into.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    /// `MAX_RECORDS_PER_EVENT`.
    pub records: usize,
    /// `ANSWER_LIMIT`, in bytes.
    pub answer: usize,
}

impl Bounds {
    /// Checks an event that will be written.
    ///
    /// # Errors
    /// [`EventError::TooManyRecords`], [`EventError::AnswerTooLarge`].
    pub(super) fn check(
        self,
        batch: &Batch<'_>,
        entry: &Entry<'_>,
        event: &Event<'_>,
        plan: &Plan<'_>,
    ) -> Result<(), EventError> {
        let count = plan.records.len();
        if count > self.records {
            return Err(EventError::TooManyRecords {
                count,
                most: self.records,
            });
        }
        let secret = batch.secret.or_else(|| entry.secret());
        let token = secret.map_or(MAX_TOKEN_BYTES, length);
        if batch.route != Route::Open {
            // Fast path: the suffix added to a trait's name is never longer than the trait itself, so this estimate is
            // an upper bound, and ordinary events need no exact calculation.
            let each = MAX_REQUEST_BYTES + token + 3 * entry.bytes;
            let at_most = count.saturating_mul(each) + ENCODED * entry.bytes;
            if at_most + echo(batch, entry) <= self.answer {
                return Ok(());
            }
        }
        let fields = fields(event, plan, batch.route);
        let paths: usize = plan.records.iter().map(path).sum();
        let echoed = match batch.route {
            Route::Router => 0,
            Route::Open | Route::Processor => entry.metadata.map_or(0, length),
        };
        let requests = count.saturating_mul(MAX_REQUEST_BYTES + token + fields + echoed);
        self.bound(requests + paths + echo(batch, entry))
    }

    /// Checks an event that is a finished request already: the answer repeats its message.
    ///
    /// # Errors
    /// [`EventError::AnswerTooLarge`].
    pub(super) fn check_echoed(
        self,
        batch: &Batch<'_>,
        entry: &Entry<'_>,
    ) -> Result<(), EventError> {
        self.bound(entry.bytes + echo(batch, entry))
    }

    fn bound(self, bytes: usize) -> Result<(), EventError> {
        let most = self.answer;
        if bytes > most {
            return Err(AnswerTooLarge { bytes, most }.into());
        }
        Ok(())
    }

    /// The approximate memory, in bytes, that planning and describing the events of a batch takes.
    pub(super) fn weight(self, batch: &Batch<'_>) -> usize {
        let events = batch
            .entries
            .iter()
            .filter_map(|entry| entry.event.as_ref().ok());
        events.map(|event| self.weight_of(event)).sum()
    }

    fn weight_of(self, event: &Event<'_>) -> usize {
        let traits = event.traits().map_or(0, Value::holds) / 2;
        let named = event.external_id().map_or(0, Value::count);
        let records = named.clamp(1, self.records);
        let [of_trait, of_field] = if traits > MAX_UNHASHED_TRAITS {
            HASHED_TRAIT_AND_FIELD_BYTES
        } else {
            TRAIT_AND_FIELD_BYTES
        };
        let found = if named == 0 {
            LOOKED_UP_RECORD_BYTES
        } else {
            NAMED_RECORD_BYTES * named
        };
        found + traits * (of_trait + of_field * records)
    }
}

/// Maximum length of the fields of a request, and at `/transform` of the explanations of what was left out.
fn fields(event: &Event<'_>, plan: &Plan<'_>, route: Route) -> usize {
    let traits = event.traits().map_or(0, length);
    let identifier = event.external_id().filter(|_| plan.traits.has_field_names);
    let count = plan.traits.members.count();
    let explained = match route {
        Route::Open => count.min(MAX_LISTED) * MAX_EXPLANATION_BYTES,
        Route::Processor | Route::Router => 0,
    };
    traits + identifier.map_or(0, length) + count * SUFFIX + explained
}

/// Maximum length of the part of a request's path that comes from the event.
fn path(record: &Record<'_>) -> usize {
    match record {
        Record::Named { object, id } => {
            ENCODED * (object.len() + id.as_ref().map_or(0, |id| id.len()))
        }
        Record::Lead(key) | Record::Matching(key) => ENCODED * key.object().len(),
    }
}

/// The length of what the answer repeats of an event: metadata with the secret, the destination, and its id beside the
/// job.
fn echo(batch: &Batch<'_>, entry: &Entry<'_>) -> usize {
    let metadata = entry.metadata.map_or(0, length);
    let destination = match batch.route {
        Route::Router => 2 * entry.destination.map_or(0, length),
        Route::Open | Route::Processor => 0,
    };
    metadata + batch.secret.map_or(0, length) + destination
}

fn length(value: Value<'_>) -> usize {
    value.json().len()
}
