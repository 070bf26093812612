//! Why a single event failed; its entry in the answer reports it.

use std::{sync::Arc, time::Duration};

use thiserror::Error;

use crate::{
    rudderstack::{AnswerTooLarge, ReadError},
    salesforce::{
        AuthError, Fault, SecretFlaw,
        key::{MAX_IDENTIFIER, MAX_VALUE},
    },
    transform::change::Fit,
};

/// Why an event results in no request.
#[derive(Clone, Debug, Error)]
pub enum EventError {
    /// It cannot be read.
    #[error("{0}")]
    Unreadable(#[from] ReadError),
    /// `/transform`: the event has no destination, and the settings define none.
    #[error(
        "the event has no `destination`, and this service has no default one: set SALESFORCE_USERNAME, SALESFORCE_PASSWORD and \
         SALESFORCE_SECURITY_TOKEN (SALESFORCE_SANDBOX=true for a sandbox), or SALESFORCE_AUTH to client-credentials or jwt-bearer, or \
         send the event with its destination"
    )]
    NoOwnDestination,
    /// Rule `event-type`: the event is not an identify.
    #[error("the event's type is {found}; only identify events become Salesforce records")]
    UnsupportedType {
        /// The type of the event, shortened.
        found: String,
    },
    /// Rule `gate`: the gate is closed.
    #[error(
        "not sent to Salesforce: the identify has no `integrations.Salesforce: true`, and Salesforce meters each API call"
    )]
    GateClosed,
    /// Rule `traits`: no traits.
    #[error("the event has neither `traits` nor `context.traits`")]
    NoTraits,
    /// Rule `traits`: traits of the wrong type.
    #[error("the traits must be an object, but are {found}")]
    TraitsNotObject {
        /// What was found instead, with its article.
        found: &'static str,
    },
    /// Rule `lead-fields`, stock set: a name that cannot be split.
    #[error("the trait `name` must be a text, but is an empty list or object")]
    EmptyName,
    /// Rule `lead-email`: a lead without an e-mail.
    #[error(
        "the event has no e-mail, by which a lead is found; set `traits.email`, `context.traits.email` or `properties.email`"
    )]
    NoEmail,
    /// Rule `lead-email`: an e-mail of the wrong type.
    #[error("the e-mail must be a text, but is {found}")]
    EmailNotText {
        /// What was found instead, with its article.
        found: &'static str,
    },
    /// A value that is too long for a lookup.
    #[error(
        "the value by which the record is looked up has {length} bytes; the maximum is {MAX_VALUE}"
    )]
    ValueTooLong {
        /// Its length in bytes.
        length: usize,
    },
    /// Rule `external-id`: an identifier that is longer than any field by which Salesforce finds records.
    #[error(
        "the `id` in `context.externalId[0]` has {length} characters; a field that identifies records holds at most {MAX_IDENTIFIER}"
    )]
    IdentifierTooLong {
        /// Its length in characters.
        length: usize,
    },
    /// Rule `external-id`: an identifier with a line break, which no field that identifies records can hold.
    #[error(
        "the `id` in `context.externalId[0]` contains a line break, which no field that identifies records can hold"
    )]
    IdentifierOfSeveralLines,
    /// Rule `preflight`: the value by which the record is identified does not fit its field.
    #[error("the value by which the record is identified does not fit its field {field}: {}", why.flaw())]
    KeyDoesNotFit {
        /// The field.
        field: Box<str>,
        /// What would be done with any other field.
        why: Fit,
    },
    /// Rule `reverse-etl`: the event does not identify its record.
    #[error(
        "`context.externalId[0]` of a reverse-ETL event needs `id`, `type` and `identifierType`; its `{missing}` is missing or invalid"
    )]
    NoIdentifier {
        /// The member that is missing.
        missing: &'static str,
    },
    /// Rule `reverse-etl`: an object or identifier that is not an API name and so cannot be queried.
    #[error(
        "the sync names \"{name}\", which is not an API name: use letters, digits and underscores, with a letter first"
    )]
    NoApiName {
        /// The object and the field.
        name: String,
    },
    /// Rule `named-object`: an invalid `externalId` entry.
    #[error("`context.externalId[{index}]` {flaw}")]
    ExternalId {
        /// Position of the entry.
        index: usize,
        /// What is wrong with it.
        flaw: ExternalIdFlaw,
    },
    /// The event names more records than one event may write.
    #[error(
        "`context.externalId` names {count} Salesforce records, but one event may write at most {most} (MAX_RECORDS_PER_EVENT)"
    )]
    TooManyRecords {
        /// How many it names.
        count: usize,
        /// How many it may name.
        most: usize,
    },
    /// The event's part of the answer would exceed its limit.
    #[error("{0}")]
    AnswerTooLarge(#[from] AnswerTooLarge),
    /// The OAuth secret is missing or incomplete.
    #[error("{0}")]
    Secret(#[from] SecretFlaw),
    /// The destination's authorisation failed.
    #[error("{0}")]
    Authorisation(#[source] Arc<AuthError>),
    /// The lookup in Salesforce failed.
    #[error("the lookup in Salesforce failed: {0}")]
    Lookup(#[source] Arc<Fault>),
    /// The org has no API call left for the write, beyond its reserve.
    #[error("not sent to Salesforce for now: {0}")]
    Reserved(#[source] Arc<Fault>),
    /// Rule `one-create`: another event creates the record, and this one cannot share its request.
    #[error("another event is creating this record; it comes again")]
    BeingCreated,
    /// The record already has all values of the event.
    #[error("not sent to Salesforce: the record already has all these values (SKIP_UNCHANGED)")]
    Unchanged,
    /// Salesforce did not write the record, or may or may not have written it.
    #[error("{}: {}", not_written(.0), .0)]
    Write(#[source] Arc<Fault>),
    /// Salesforce may have created a record that no later attempt can look up.
    #[error("{0}; {MAY_REPEAT}")]
    MayRepeat(#[source] Arc<Fault>),
    /// An earlier event of the same user must be delivered first.
    #[error(
        "an earlier event of the same user has not been written yet; this one must come after it"
    )]
    Overtaking,
    /// The record was not written in time.
    #[error("the record was not written within {} s (DELIVERY_TIMEOUT)", .0.as_secs_f64())]
    NotInTime(Duration),
    /// The delivery ended without a result.
    #[error("the delivery ended without a result: please report this as a bug")]
    Interrupted,
    /// Rules `lead-found` and `reverse-etl`: several records match where the rules require exactly one.
    #[error(
        "{count} records have this e-mail or identifier, so it is unclear which one is meant: merge them in Salesforce"
    )]
    SeveralRecords {
        /// How many records there are.
        count: usize,
    },
    /// Rule `lead-found`: the lead is in the recycle bin.
    #[error("the lead {id} with this e-mail is deleted: restore it, or empty the recycle bin")]
    LeadDeleted {
        /// The lead's id.
        id: String,
    },
    /// Rule `lead-found`: a converted lead without a contact.
    #[error(
        "the lead {id} with this e-mail is converted and has no contact, and the destination sends to contacts (useContactId)"
    )]
    ConvertedWithoutContact {
        /// The lead's id.
        id: String,
    },
}

impl EventError {
    /// The failure as rated at this attempt of its job, see [`Fault::at_attempt`].
    #[must_use]
    pub fn at_attempt(self, attempt: u64) -> Self {
        let settled = |fault: Arc<Fault>| {
            if fault.is_unsure() {
                Arc::new(Fault::clone(&fault).at_attempt(attempt))
            } else {
                fault
            }
        };
        if let Self::Authorisation(error) = &self
            && let AuthError::Refused(refused) = &**error
        {
            let refused = refused.at_attempt(attempt);
            return Self::Authorisation(Arc::new(AuthError::Refused(refused)));
        }
        match self {
            Self::Lookup(fault) => Self::Lookup(settled(fault)),
            Self::Write(fault) => Self::Write(settled(fault)),
            other => other,
        }
    }
}

/// The text for a lost answer to a create without a key.
pub(crate) const MAY_REPEAT: &str = "it is unknown whether the record was created, and the event has no key by which to look it up: the next attempt may create it a second time";

fn not_written(fault: &Fault) -> &'static str {
    if fault.leaves_open() {
        "it is unknown whether the record was written"
    } else {
        "the record was not written"
    }
}

/// What can be wrong with an entry of `context.externalId`.
#[derive(Clone, Debug, Error)]
pub enum ExternalIdFlaw {
    /// The entry is not an object.
    #[error("must be an object with `type` and `id`, but is {0}")]
    NotObject(&'static str),
    /// The entry's `type` is missing or not a string.
    #[error(
        "needs a text in `type` that names the destination and the object (such as Salesforce-Contact)"
    )]
    NoType,
    /// The text after `Salesforce-` is not an API name.
    #[error(
        "names the object \"{0}\", which is not an API name: use letters, digits and underscores, with a letter first"
    )]
    ObjectName(String),
    /// The `id` is neither a string nor a number.
    #[error("must have a record's id in `id`, but has {0}")]
    IdNotText(&'static str),
    /// The `id` would change the path of the request.
    #[error("has \"{0}\" in `id`, which is not a record's id")]
    IdIsPath(String),
}
