//! One event failed: an entry in the answer.

use std::{sync::Arc, time::Duration};

use thiserror::Error;

use crate::{
    rudderstack::{AnswerTooLarge, ReadError},
    salesforce::{AuthError, Fault, SecretFlaw, key::MAX_VALUE},
};

/// Why one event makes no request.
#[derive(Clone, Debug, Error)]
pub enum EventError {
    /// It cannot be read.
    #[error("{0}")]
    Unreadable(#[from] ReadError),
    /// An event without a destination at `/transform`, and no destination of the service's own.
    #[error(
        "the event brings no `destination`, and the service has none of its own: set SALESFORCE_USERNAME, SALESFORCE_PASSWORD and \
         SALESFORCE_SECURITY_TOKEN (SALESFORCE_SANDBOX=true for a sandbox), or SALESFORCE_AUTH to client-credentials or jwt-bearer, or \
         send the event with its destination"
    )]
    NoOwnDestination,
    /// Rule `event-type`: not an identify.
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
    #[error("the traits are {found}, where an object is expected")]
    TraitsNotObject {
        /// What was found, as a noun.
        found: &'static str,
    },
    /// Rule `lead-fields`, stock: a name that cannot be cut.
    #[error("the trait `name` is an empty list or object, where a text is expected")]
    EmptyName,
    /// Rule `lead-email`: a lead without an e-mail.
    #[error(
        "a lead is found by its e-mail, and the event has none in `traits.email`, `context.traits.email` or `properties.email`"
    )]
    NoEmail,
    /// Rule `lead-email`: an e-mail of the wrong type.
    #[error("the e-mail is {found}, where a text is expected")]
    EmailNotText {
        /// What was found, as a noun.
        found: &'static str,
    },
    /// A value that is too long to be looked up.
    #[error(
        "the value to look the record up by has {length} bytes; at most {MAX_VALUE} can be asked for"
    )]
    ValueTooLong {
        /// Its length in bytes.
        length: usize,
    },
    /// Rule `reverse-etl`: a reverse-ETL event that does not say which record it is for.
    #[error(
        "`context.externalId[0]` of a reverse-ETL event needs `id`, `type` and `identifierType`, and has no usable `{missing}`"
    )]
    NoIdentifier {
        /// The member that is missing.
        missing: &'static str,
    },
    /// Rule `reverse-etl`: an object or identifier that no query can hold.
    #[error(
        "the sync names \"{name}\", which is no API name: letters, digits and underscores are allowed, a letter comes first"
    )]
    NoApiName {
        /// The object and the field.
        name: String,
    },
    /// Rule `named-object`: an `externalId` entry that is unreadable.
    #[error("`context.externalId[{index}]` {flaw}")]
    ExternalId {
        /// Position of the entry.
        index: usize,
        /// What is wrong with it.
        flaw: ExternalIdFlaw,
    },
    /// The event names more records than one event may write.
    #[error(
        "`context.externalId` names {count} records of Salesforce; one event may write {most} (the setting MAX_RECORDS_PER_EVENT)"
    )]
    TooManyRecords {
        /// How many it names.
        count: usize,
        /// How many it may name.
        most: usize,
    },
    /// The event's part of the answer would be too long.
    #[error("{0}")]
    AnswerTooLarge(#[from] AnswerTooLarge),
    /// The OAuth secret is missing or incomplete.
    #[error("{0}")]
    Secret(#[from] SecretFlaw),
    /// The destination's authorisation failed.
    #[error("{0}")]
    Authorisation(#[source] Arc<AuthError>),
    /// Salesforce could not be asked for the record.
    #[error("the lookup in Salesforce failed: {0}")]
    Lookup(#[source] Arc<Fault>),
    /// The org has no call to spare for the write.
    #[error("not sent to Salesforce for now: {0}")]
    Reserved(#[source] Arc<Fault>),
    /// Rule `one-create`: an earlier event of the batch creates the record, and the two may not share the request.
    #[error(
        "an earlier event of this batch creates the record; this one is written once it can be found"
    )]
    BeingCreated,
    /// The record holds what the event says already.
    #[error("not sent to Salesforce: the record holds all of it already (SKIP_UNCHANGED)")]
    Unchanged,
    /// Salesforce has not written the record, or it is not known whether it has.
    #[error("{}: {}", not_written(.0), .0)]
    Write(#[source] Arc<Fault>),
    /// Salesforce may have created a record that no later attempt can look up.
    #[error("{0}; {MAY_REPEAT}")]
    MayRepeat(#[source] Arc<Fault>),
    /// An earlier event of the user is to come again.
    #[error("an earlier event of the same user could not be written yet; this one comes after it")]
    Overtaking,
    /// There was no time left to write the record.
    #[error("the record was not written within {} s (DELIVERY_TIMEOUT)", .0.as_secs_f64())]
    NotInTime(Duration),
    /// The delivery ended without a result.
    #[error("the delivery ended without a result: please report this as a bug")]
    Interrupted,
    /// Rules `lead-found` and `reverse-etl`: several records where the rules want one.
    #[error(
        "{count} records have this e-mail or identifier, and it cannot be told which one is meant: merge them in Salesforce"
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
    /// The failure as it counts at this attempt of its job: see [`Fault::at_attempt`].
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

/// What is said of a lost answer to a create without a key.
pub(crate) const MAY_REPEAT: &str = "it is not known whether the record was created, and the event has no key to look it up by: the next attempt \
                              may create it a second time";

fn not_written(fault: &Fault) -> &'static str {
    if fault.leaves_open() {
        "it is not known whether the record was written"
    } else {
        "the record was not written"
    }
}

/// What can be wrong with an entry of `context.externalId`.
#[derive(Clone, Debug, Error)]
pub enum ExternalIdFlaw {
    /// The entry is no object.
    #[error("is {0}, where an object with `type` and `id` is expected")]
    NotObject(&'static str),
    /// The entry's `type` is absent or no text.
    #[error(
        "has no text in `type`, which names the destination and the object (such as Salesforce-Contact)"
    )]
    NoType,
    /// What follows `Salesforce-` is no object's API name.
    #[error(
        "names the object \"{0}\", which is no API name: letters, digits and underscores are allowed, a letter comes first"
    )]
    ObjectName(String),
    /// The `id` is neither a text nor a number.
    #[error("has {0} in `id`, where a record's id is expected")]
    IdNotText(&'static str),
    /// The `id` would leave its place in the path.
    #[error("has \"{0}\" in `id`, which is no record's id")]
    IdIsPath(String),
}
