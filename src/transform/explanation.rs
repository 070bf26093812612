//! Why an event becomes what it becomes: the rules that decided, each trait's fate, and the requests. It is made from what the
//! pipeline itself decides, and contains values of the event, but no token.
//!
//! | module | what it explains |
//! |---|---|
//! | `failure` | why an event or a record is not sent |
//! | `fate` | what becomes of each trait |
//! | `forecast` | what events would cost |
//! | `policy` | which settings apply to a write |
//! | `watch` | watches how the fields of a write come about |

mod failure;
mod fate;
mod forecast;
mod policy;
mod watch;

use serde::Serialize;
use serde_json::value::RawValue;

pub(crate) use self::{
    failure::Failure,
    fate::{Fate, TraitFate, fates},
    forecast::{Forecast, ForecastLimit},
    policy::{PolicyExplanation, Preflighted, policies},
    watch::Watch,
};
use crate::{
    json::{Value, Writer},
    rudderstack::{Destination, Event},
    salesforce::address::Effect,
    text::shortened,
    transform::{
        choice::Choice,
        descriptor::Descriptor,
        gate::{Grounds, near_misses},
    },
};

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

/// What decided whether an event is meant for Salesforce.
#[derive(Serialize)]
pub(crate) struct GateExplanation {
    /// The rule.
    pub rule: &'static str,
    /// Whether the event passes.
    pub passes: bool,
    /// The path of the value that decided.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// Its value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<Box<RawValue>>,
    /// The reason in words.
    pub because: String,
}

/// A record that an event writes.
#[derive(Serialize)]
pub(crate) struct RecordExplanation {
    /// The rule that chose the object.
    pub rule: &'static str,
    /// The object.
    pub object: String,
    /// Why it is this object.
    pub because: String,
    /// The key by which the record is found; `None` if the event names it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<KeyExplanation>,
    /// How it is found; `None` if the event names it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lookup: Option<LookupExplanation>,
    /// What is written: one case if the org was asked, otherwise one for each answer that it may give.
    pub cases: Vec<CaseExplanation>,
}

/// The key by which a record is found.
#[derive(Serialize)]
pub(crate) struct KeyExplanation {
    /// The field.
    pub field: String,
    /// The value.
    pub value: String,
    /// The path in the event from which the value comes.
    pub from: String,
    /// The `key` of `/events` at the admin address, where the service has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hash: Option<String>,
}

/// How a record is found.
#[derive(Serialize)]
pub(crate) struct LookupExplanation {
    /// The rule.
    pub rule: &'static str,
    /// The query of this key alone; a batch looks all its keys up together. `None` if the record is upserted by its key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub soql: Option<String>,
    /// How many records were found; `None` if nothing was asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub found: Option<usize>,
    /// Why it is done in this way.
    pub because: String,
}

/// What is written to a record.
#[derive(Serialize)]
pub(crate) struct CaseExplanation {
    /// What the org would have to answer for this case; `None` if it has answered so.
    #[serde(rename = "if", skip_serializing_if = "Option::is_none")]
    pub supposing: Option<&'static str>,
    /// Which record it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target: Option<TargetExplanation>,
    /// What becomes of each trait.
    pub traits: Vec<TraitFate>,
    /// The request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request: Option<RequestExplanation>,
    /// The settings that apply.
    pub policies: Vec<PolicyExplanation>,
    /// Why nothing is sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure: Option<Failure>,
}

/// Which record is written.
#[derive(Clone, Serialize)]
pub(crate) struct TargetExplanation {
    /// The rule.
    pub rule: &'static str,
    /// The object.
    pub object: String,
    /// What the write does.
    pub operation: &'static str,
    /// The record's id, if it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The name of the reason.
    pub choice: &'static str,
    /// Why it is this record.
    pub because: &'static str,
}

/// A request, without its token.
#[derive(Serialize)]
pub(crate) struct RequestExplanation {
    /// The method.
    pub method: &'static str,
    /// The URL.
    pub url: String,
    /// The headers, without the one that holds the token.
    pub headers: serde_json::Map<String, serde_json::Value>,
    /// The fields.
    pub body: Option<Box<RawValue>>,
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

impl GateExplanation {
    const RULE: &'static str = "gate";

    /// The gate that admits an event.
    pub(crate) fn open(grounds: &Grounds<'_>) -> Self {
        let (path, value, because) = match grounds {
            Grounds::NoGate => (None, None, "COMPATIBILITY=stock has no gate".to_owned()),
            Grounds::ReverseEtl => {
                let because = "a reverse-ETL sync names its destination itself".to_owned();
                (
                    Some("context.mappedToDestination".to_owned()),
                    None,
                    because,
                )
            }
            Grounds::Integration { name, value } => {
                let because = "the event is meant for Salesforce".to_owned();
                let path = format!("integrations.{}", shortened(name));
                (Some(path), raw(*value), because)
            }
        };
        Self {
            rule: Self::RULE,
            passes: true,
            path,
            value,
            because,
        }
    }

    /// The gate that rejects an event.
    pub(crate) fn closed(event: &Event<'_>, destination: &Destination) -> Self {
        let near = near_misses(event, destination).into_iter().next();
        let (path, value, because) = match near {
            None => (
                "integrations.Salesforce".to_owned(),
                None,
                "integrations does not name Salesforce".to_owned(),
            ),
            Some((name, value)) => (
                format!("integrations.{}", shortened(&name)),
                raw(value),
                if name.trim() == "All" {
                    "All does not count, because each call to Salesforce is metered".to_owned()
                } else {
                    "the value has to be true or an object".to_owned()
                },
            ),
        };
        Self {
            rule: Self::RULE,
            passes: false,
            path: Some(path),
            value,
            because,
        }
    }
}

impl TargetExplanation {
    /// The rule by which a record was chosen.
    fn rule(choice: Choice, of_record: &'static str, by_email: bool) -> &'static str {
        match choice {
            Choice::Named => of_record,
            Choice::ExternalId => "external-id",
            Choice::DuplicateRule => "duplicate-rules",
            Choice::ContactOfConverted => "lead-found",
            Choice::NoneFound
            | Choice::Only
            | Choice::OpenBeforeConverted
            | Choice::WithContact
            | Choice::LastModified
            | Choice::FirstOfEqual
            | Choice::First => {
                if by_email {
                    "lead-found"
                } else {
                    "reverse-etl"
                }
            }
        }
    }
}

impl RequestExplanation {
    /// A request as it is described.
    pub(crate) fn of(request: &Descriptor<'_>) -> Self {
        let content = ("Content-Type", "application/json");
        let headers = std::iter::once(content).chain(request.own_headers());
        let headers = headers.map(|(name, value)| (name.to_owned(), value.into()));
        let mut body = Writer::default();
        request.fields.write(&mut body);
        Self {
            method: request.method,
            url: request.endpoint.clone(),
            headers: headers.collect(),
            body: RawValue::from_string(body.into_text()).ok(),
        }
    }
}

/// What a write does, in an explanation.
#[must_use]
pub(crate) fn operation(effect: Effect) -> &'static str {
    match effect {
        Effect::Create => "create",
        Effect::Update => "update",
        Effect::Upsert => "upsert",
    }
}

/// A value as it came.
fn raw(value: Value<'_>) -> Option<Box<RawValue>> {
    RawValue::from_string(value.json().to_owned()).ok()
}
