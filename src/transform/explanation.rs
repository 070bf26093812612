//! Why an event becomes what it becomes: the rules that decided, each trait's fate, and the requests. It is made from what the
//! pipeline itself decides, and contains values of the event, but no token.
//!
//! | module | what it explains |
//! |---|---|
//! | `failure` | why an event or a record is not sent |
//! | `fate`, `trait_fate` | what becomes of each trait |
//! | `forecast` | what events would cost |
//! | `gate` | what decided whether it is meant for Salesforce |
//! | `policy` | which settings apply to a write |
//! | `record` | the records that are written, and the requests |
//! | `watch` | watches how the fields of a write come about |

mod failure;
mod fate;
mod forecast;
mod gate;
mod policy;
mod record;
mod trait_fate;
mod watch;

use serde::Serialize;

pub(crate) use self::{
    failure::Failure,
    fate::fates,
    forecast::{Forecast, ForecastLimit},
    gate::GateExplanation,
    policy::{PolicyExplanation, Preflighted, policies},
    record::{
        CaseExplanation, KeyExplanation, LookupExplanation, RecordExplanation, RequestExplanation,
        TargetExplanation, operation,
    },
    trait_fate::{Fate, TraitFate},
    watch::Watch,
};
use crate::rudderstack::Destination;

/// Why an event becomes what it becomes.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Explanation {
    /// `messageId`, if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message_id: Option<String>,
    /// The line of the file on which its document begins.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<usize>,
    /// The destination, if it could be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub destination: Option<DestinationExplanation>,
    /// What becomes of the event.
    pub verdict: VerdictExplanation,
    /// What decided whether it is meant for Salesforce; `None` if that was not asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gate: Option<GateExplanation>,
    /// The records that it writes, in order.
    pub records: Vec<RecordExplanation>,
    /// The calls that it costs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub calls: Option<CallsExplanation>,
}

/// A destination.
#[derive(Serialize)]
pub(crate) struct DestinationExplanation {
    id: String,
    definition: String,
}

/// What becomes of an event.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct VerdictExplanation {
    /// The outcome's name.
    pub outcome: OutcomeName,
    /// The status of the event in an answer.
    pub status_code: u16,
    /// Why it is not sent.
    #[serde(flatten)]
    pub failure: Option<Failure>,
}

/// The outcomes of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum OutcomeName {
    /// A request is sent for it.
    Sent,
    /// It needs no request: it is not meant for Salesforce, or changes nothing.
    Filtered,
    /// It is answered 4xx and given up.
    Refused,
    /// It comes again later.
    Retried,
}

/// The calls to Salesforce that an event costs.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CallsExplanation {
    /// The calls of the lookup.
    pub lookup: usize,
    /// How many events of the batch share them.
    pub lookup_shared_by: usize,
    /// The calls if rudder-server sends the requests: one each.
    pub write_descriptor: usize,
    /// The calls of the whole batch if this service writes it (`DELIVERY=inline`), and how many events share them.
    pub write_inline: usize,
    /// How many events of the batch share them.
    pub write_inline_shared_by: usize,
}

/// The approximate memory of an explanation without its traits and fields, of a trait, and of a case, in bytes. The answer that is
/// written from it is counted, too.
const EXPLANATION_BYTES: usize = 4 << 10;
const FATE_BYTES: usize = 600;
const CASE_BYTES: usize = 6 << 10;

impl Explanation {
    /// The approximate memory of the explanation and of the answer that is written from it, in bytes.
    #[must_use]
    pub(crate) fn weight(&self) -> usize {
        let cases = self.records.iter().flat_map(|record| &record.cases);
        let of_case = |case: &CaseExplanation| {
            let body = case
                .request
                .as_ref()
                .and_then(|request| request.body.as_ref());
            let body = body.map_or(0, |body| body.get().len());
            CASE_BYTES + FATE_BYTES * case.traits.len() + 3 * body
        };
        EXPLANATION_BYTES + cases.map(of_case).sum::<usize>()
    }
}

impl DestinationExplanation {
    /// A destination.
    pub(crate) fn of(destination: &Destination) -> Self {
        Self {
            id: destination.id.clone(),
            definition: destination.name.upper().to_owned(),
        }
    }
}

impl OutcomeName {
    /// The outcome of a status.
    #[must_use]
    pub(crate) fn of(status: u16) -> Self {
        match status {
            298 => Self::Filtered,
            429 | 500.. => Self::Retried,
            400.. => Self::Refused,
            _ => Self::Sent,
        }
    }
}

impl VerdictExplanation {
    /// An event that is sent.
    pub(crate) const SENT: Self = Self {
        outcome: OutcomeName::Sent,
        status_code: 200,
        failure: None,
    };

    /// An event that is not sent.
    pub(crate) fn failed(status: u16, failure: Failure) -> Self {
        Self {
            outcome: OutcomeName::of(status),
            status_code: status,
            failure: Some(failure),
        }
    }
}
