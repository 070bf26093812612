//! What one event may be made into, known before anything is asked or written.

use crate::{
    json::Value,
    rudderstack::{AnswerTooLarge, Batch, Entry, Event, Route},
    transform::{
        error::EventError,
        plan::{Plan, Record},
    },
};

/// How long a request is beside its object, its record's id and its fields, at most, in bytes: the address of the org, the
/// names of headers, placeholders, and the e-mail of a lead.
const MAX_REQUEST_BYTES: usize = 8 << 10;

/// How long a token is at most, where the request does not bring it, in bytes.
const MAX_TOKEN_BYTES: usize = 4 << 10;

/// How much longer a trait's name becomes.
const SUFFIX: usize = "__c".len();

/// How long the sentence is that explains why a trait is left out, beside the trait's name.
const MAX_EXPLANATION_BYTES: usize = 96;

/// How many bytes a byte of a path takes where it is percent-encoded.
const ENCODED: usize = 3;

/// What a trait is counted as, and the field that it becomes, once for each record, in bytes: half of what they take, as the
/// half of the memory that is not counted is for the rest.
const TRAIT_AND_FIELD_BYTES: [usize; 2] = [20, 30];

/// The same where there are so many that they are hashed.
const HASHED_TRAIT_AND_FIELD_BYTES: [usize; 2] = [56, 88];

/// With so many traits, their fields are hashed: some become several, and some have nothing to do with a trait.
const MAX_UNHASHED_TRAITS: usize = 24;

/// What a record is counted as that the event names, and one that is looked up, in bytes.
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
    /// Checks an event that is to be written.
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
            // No trait is shorter than the name that it gets in addition: ordinary events need no closer look.
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

    /// Checks an event that is a request already: its message is echoed.
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

    /// What the events of a batch take of the memory as they are planned and described, about, in bytes.
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

/// How long the fields of a request are at most, and at `/transform` the explanation of what is left out of them.
fn fields(event: &Event<'_>, plan: &Plan<'_>, route: Route) -> usize {
    let traits = event.traits().map_or(0, length);
    let identifier = event.external_id().filter(|_| plan.are_fields);
    let count = plan.traits.count();
    let explained = match route {
        Route::Open => traits + count * MAX_EXPLANATION_BYTES,
        Route::Processor | Route::Router => 0,
    };
    traits + identifier.map_or(0, length) + count * SUFFIX + explained
}

/// How long the part of a request's path is that the event names.
fn path(record: &Record<'_>) -> usize {
    match record {
        Record::Named { object, id } => {
            ENCODED * (object.len() + id.as_ref().map_or(0, |id| id.len()))
        }
        Record::Lead(key) | Record::Matching(key) => ENCODED * key.object().len(),
    }
}

/// How long what is echoed of an event is: metadata with the secret, the destination, and its id beside the job.
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
