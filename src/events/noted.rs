//! Reads what is kept from the outcomes of a batch, and from a delivery for rudder-server.

use std::{borrow::Cow, sync::Arc};

use reqwest::Method;
use url::Url;

use super::{
    Events, Shared, State,
    change_sets::Seen,
    kept::{KeptChange, KeptEvent, KeptReason, KeptRoute, MAX_CHANGES, MAX_FIELDS, MAX_OBJECTS},
    names::{MAX_MESSAGE, Names, shortened},
};
use crate::{
    delivery::proxy::{DeliveryOutcome, Failure},
    json::Value,
    rudderstack::{
        Batch, Destination, Entry, Event, Route,
        delivery_request::{ProxyJob, ProxyRequest},
    },
    salesforce::{
        AuthError, Fault, Key,
        delivery::NotSent,
        fault::{Disposition, Refusal},
        key::{is_api_name, record_fingerprint},
        operation::Operation,
    },
    transform::{
        error::{EventError, by_disposition},
        noted::NotedChange,
        outcome::{Outcome, Requests},
        plan::{Plan, Record, Records},
        remedy::Reason,
    },
};

/// The maximum length of Salesforce's code, in bytes.
const MAX_CODE: usize = 60;

/// The maximum length of an event that is kept itself, in bytes.
const MAX_EVENT: usize = 16 << 10;

/// The status of an event whose batch is to be sent again.
const BATCH_REPEATED: u16 = 503;

/// The status of a job that is written.
const WRITTEN: u16 = 200;

/// What an event was going to write, and where.
#[derive(Debug)]
pub(crate) struct PlannedWrite<'a> {
    destination: Arc<Destination>,
    records: Records<'a>,
}

impl<'a> PlannedWrite<'a> {
    /// What this plan writes.
    #[must_use]
    pub(crate) fn of(plan: &Plan<'a>, destination: &Arc<Destination>) -> Self {
        Self {
            destination: Arc::clone(destination),
            records: plan.records.clone(),
        }
    }

    /// The field by which the first record that is looked up is found.
    fn key_field(&self) -> Option<&str> {
        let key = self.records.iter().find_map(Record::key);
        key.map(Key::field)
    }

    /// Identifies the first record.
    fn key(&self) -> Option<u64> {
        match self.records.first()? {
            Record::Lead(key) | Record::Matching(key) => Some(key.fingerprint()),
            Record::Named { object, id } => id.as_ref().map(|id| record_fingerprint(object, id)),
        }
    }
}

/// What the events of one outcome have in common.
struct Summary<'o, 'a> {
    status: u16,
    verdict: &'static str,
    outcome: &'o Outcome<'a>,
    reason: Option<Reason>,
    refusal: Option<&'o Refusal>,
}

impl<'o, 'a> Summary<'o, 'a> {
    /// `is_repeated` says that rudder-server sends the whole batch again, whatever became of the single event.
    fn of(outcome: &'o Outcome<'a>, is_repeated: bool) -> Self {
        let error = outcome.result.as_ref().err();
        let own = error.filter(|error| !is_repeated || error.is_retryable());
        let (status, verdict) = outcome.labels();
        let (status, verdict) = match (is_repeated, own) {
            (true, None) => (BATCH_REPEATED, "repeated"),
            (true, Some(_)) => (BATCH_REPEATED, verdict),
            (false, _) => (status, verdict),
        };
        Self {
            status,
            verdict,
            outcome,
            reason: own
                .map(Reason::from)
                .or(is_repeated.then_some(Reason::BatchRepeated)),
            refusal: own.and_then(EventError::refusal),
        }
    }
}

impl Events {
    /// Keeps the events of a batch. `planned` is what each entry was going to write, as far as it was planned; `is_repeated` says
    /// that rudder-server is asked to send the whole batch again.
    pub(crate) fn note_batch(
        &self,
        batch: &Batch<'_>,
        outcomes: &[Outcome<'_>],
        planned: &[Option<PlannedWrite<'_>>],
        is_repeated: bool,
    ) {
        let (millis, mut state) = (self.millis(), self.lock());
        state.begin(millis);
        // Nobody begins to watch meanwhile.
        let is_watched = self.live.receiver_count() > 0;
        for outcome in outcomes {
            let summary = Summary::of(outcome, is_repeated);
            for index in &outcome.entries {
                let (entry, planned) = (&batch.entries[*index], &planned[*index]);
                self.note(&mut state, is_watched, |event, shared| {
                    event.millis = millis;
                    event.route = batch.route.into();
                    event.take_summary(&summary, &mut shared.names);
                    event.take_entry(entry, planned.as_ref(), &mut shared.names);
                    event
                        .take_key_field(planned.as_ref().and_then(PlannedWrite::key_field), shared);
                    event.take_changes(&summary, shared);
                    event.event = event_of(entry, self.shows_values);
                });
            }
        }
    }

    /// Keeps the jobs of a delivery for rudder-server.
    pub(crate) fn note_delivery(&self, request: &ProxyRequest<'_>, outcome: &DeliveryOutcome) {
        let operation = operation(request);
        let destination = request.of_first_job("destinationId").unwrap_or_default();
        let failure = outcome.failure.as_ref();
        let reason = failure.map(|failure| {
            if outcome.may_repeat {
                Reason::MayRepeat
            } else {
                failure.into()
            }
        });
        let (millis, mut state) = (self.millis(), self.lock());
        state.begin(millis);
        let is_watched = self.live.receiver_count() > 0;
        for (job, disposition) in request.jobs.iter().zip(&outcome.dispositions) {
            self.note(&mut state, is_watched, |event, shared| {
                let names = &mut shared.names;
                event.millis = millis;
                event.route = KeptRoute::Proxy;
                (event.status, event.verdict) = verdict(*disposition);
                event.destination = Some(names.shared(&destination));
                event.message.clear();
                let metadata = job.metadata.as_object();
                event.job = job_number(metadata.and_then(|metadata| metadata.get("jobId")));
                event.objects.clear();
                event
                    .objects
                    .extend(object_of(&operation).map(|object| names.shared(object)));
                event.key = key_of(&operation, job);
                let key_field = key_field(&operation, job);
                event.reason = reason
                    .filter(|_| disposition.is_some())
                    .map(|reason| kept_reason(reason, failure.and_then(refusal_of), names));
                event.take_key_field(key_field.as_deref(), shared);
                event.event = None;
                event.take_delivered(&outcome.changes.listed, shared);
            });
        }
    }

    /// Adds an event, counts what is wrong with it, and shows it to those who watch.
    fn note(
        &self,
        state: &mut State,
        is_watched: bool,
        fill: impl FnOnce(&mut KeptEvent, &mut Shared),
    ) {
        let event = state.ring.push();
        fill(event, &mut state.shared);
        state.verdicts.count(event.verdict, event.millis);
        if event.reason.is_some() {
            state.faults.count(event);
        }
        for set in state.shared.changes.replaced() {
            state.faults.count_changes(&set);
        }
        if is_watched {
            // The last watcher may have gone since.
            let _ = self.live.send(Arc::new(event.clone()));
        }
    }
}

impl KeptEvent {
    fn take_summary(&mut self, summary: &Summary<'_, '_>, names: &mut Names) {
        self.status = summary.status;
        self.verdict = summary.verdict;
        let reason = summary.reason;
        self.reason = reason.map(|reason| kept_reason(reason, summary.refusal, names));
        self.objects.clear();
        for request in summary.outcome.described() {
            self.add_object(request.object(), names);
        }
    }

    /// Takes the field of a lookup that failed because of it: Salesforce names it in the text of its answer alone.
    fn take_key_field(&mut self, field: Option<&str>, shared: &mut Shared) {
        let reason = self.reason.as_mut();
        let reason = reason.filter(|failed| failed.reason == Reason::KeyField);
        if let Some((reason, field)) = reason.zip(field.filter(|field| is_api_name(field))) {
            reason.fields.clear();
            reason.fields.push(shared.names.shared(field));
        }
    }

    fn take_changes(&mut self, summary: &Summary<'_, '_>, shared: &mut Shared) {
        if let Ok(Requests::Delivered(changes)) = &summary.outcome.result {
            return self.take_delivered(&changes.listed, shared);
        }
        let requests = summary.outcome.described().iter();
        let changes = requests.flat_map(|request| request.fields.changes.iter());
        let Shared {
            names,
            changes: sets,
        } = shared;
        self.changes = sets.shared(changes, &self.seen(), names);
    }

    /// Takes the changes to an event that was written.
    fn take_delivered(&mut self, changes: &[NotedChange], shared: &mut Shared) {
        let Shared {
            names,
            changes: sets,
        } = shared;
        let changes = changes.iter().filter_map(|change| {
            let mut shared = |name: &Option<String>| name.as_deref().map(|name| names.shared(name));
            Some(KeptChange {
                reason: Reason::named(change.reason)?,
                kind: change.kind,
                trait_name: shared(&change.trait_name),
                field: shared(&change.field),
            })
        });
        let changes: Vec<_> = changes.take(MAX_CHANGES).collect();
        self.changes = sets.of_kept(&changes, &self.seen());
    }

    /// Where and when it is seen.
    pub(super) fn seen(&self) -> Seen {
        Seen {
            object: self.objects.first().cloned(),
            millis: self.millis,
            status: self.status,
        }
    }

    fn take_entry(
        &mut self,
        entry: &Entry<'_>,
        planned: Option<&PlannedWrite<'_>>,
        names: &mut Names,
    ) {
        self.message.clear();
        if let Some(message) = entry.message_id() {
            take_message(&mut self.message, message);
        }
        self.job = job_number(entry.job_id());
        self.key = planned.and_then(PlannedWrite::key);
        let Some(planned) = planned else {
            let id = entry.destination.and_then(Value::as_object);
            let id = id.and_then(|destination| destination.get("ID")?.as_text());
            self.destination = id.map(|id| names.shared(&id));
            return;
        };
        self.destination = Some(names.shared(&planned.destination.id));
        if self.objects.is_empty() {
            for record in &planned.records {
                let object = match record {
                    Record::Lead(key) | Record::Matching(key) => key.object(),
                    Record::Named { object, .. } => object,
                };
                self.add_object(object, names);
            }
        }
    }

    fn add_object(&mut self, object: &str, names: &mut Names) {
        if self.objects.len() < MAX_OBJECTS
            && let Some(object) =
                (names.known(object)).or_else(|| is_api_name(object).then(|| names.shared(object)))
        {
            self.objects.push(object);
        }
    }
}

/// Takes the id of a message as it stands in the event, so that nothing is decoded before somebody looks at it.
fn take_message(kept: &mut String, message: Value<'_>) {
    let json = message.json();
    if json.len() <= MAX_MESSAGE {
        kept.push_str(json);
    } else if let Some(text) = message.as_text() {
        let short = shortened(&text, MAX_MESSAGE);
        kept.push_str(&serde_json::Value::from(short.as_ref()).to_string());
    }
}

/// The event itself, if it is wanted and not too long.
fn event_of(entry: &Entry<'_>, is_wanted: bool) -> Option<Arc<str>> {
    let event = entry.event.as_ref().ok().filter(|_| is_wanted)?;
    // The text of the entry is at least as long as that of its event; an event alone has no entry.
    (entry.bytes <= 2 * MAX_EVENT).then_some(())?;
    let text = text_of(event);
    (text.len() <= MAX_EVENT).then(|| text.into())
}

fn text_of(event: &Event<'_>) -> String {
    let members = event.message().members();
    let members = members.iter().map(|(name, value)| {
        let name = serde_json::Value::from(name.as_ref());
        format!("{name}:{}", value.json())
    });
    format!("{{{}}}", members.collect::<Vec<_>>().join(","))
}

fn job_number(number: Option<Value<'_>>) -> Option<u64> {
    number?.json().parse().ok()
}

fn kept_reason(reason: Reason, refusal: Option<&Refusal>, names: &mut Names) -> KeptReason {
    let code = refusal
        .map(|refusal| refusal.code.as_str())
        .unwrap_or_default();
    let fields = refusal
        .map(|refusal| refusal.fields.as_slice())
        .unwrap_or_default();
    let fields = fields.iter().filter(|field| is_api_name(field));
    KeptReason {
        reason,
        code: is_code(code).then(|| names.shared(code)),
        fields: fields
            .take(MAX_FIELDS)
            .map(|field| names.shared(field))
            .collect(),
    }
}

/// Whether a text is a code of Salesforce's, and not something else that an answer has in its place.
fn is_code(text: &str) -> bool {
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    (1..=MAX_CODE).contains(&text.len()) && text.contains('_') && text.bytes().all(is_part)
}

fn verdict(disposition: Option<Disposition>) -> (u16, &'static str) {
    let Some(disposition) = disposition else {
        return (WRITTEN, "delivered");
    };
    let (status, tags) = by_disposition(disposition);
    (status, tags.map_or("failed", |tags| tags.error_category))
}

fn operation(request: &ProxyRequest<'_>) -> Operation {
    let sending = request.sending().ok();
    let parsed = sending.and_then(|sending| {
        let method = Method::from_bytes(sending.method.as_bytes()).ok()?;
        Some(Operation::of(&method, &Url::parse(&sending.endpoint).ok()?))
    });
    parsed.unwrap_or(Operation::Other)
}

fn object_of(operation: &Operation) -> Option<&str> {
    let (Operation::Create { object }
    | Operation::Update { object, .. }
    | Operation::Upsert { object, .. }) = operation
    else {
        return None;
    };
    Some(object.as_str()).filter(|object| is_api_name(object))
}

/// The key by which the router has looked up the record, else what the request itself names.
fn key_of(operation: &Operation, job: &ProxyJob<'_>) -> Option<u64> {
    let object = object_of(operation)?;
    let noted = job.key.and_then(|(field, value)| {
        let field = field.as_text()?;
        Key::new(object, &field, value).ok()
    });
    if let Some(key) = noted {
        return Some(key.fingerprint());
    }
    match operation {
        Operation::Update { id, .. } => Some(record_fingerprint(object, id)),
        Operation::Upsert { field, value, .. } => {
            let key = Key::text(object, field, value).ok();
            key.map(|key| key.fingerprint())
        }
        Operation::Create { .. }
        | Operation::Delete
        | Operation::Collection
        | Operation::Composite
        | Operation::Other => None,
    }
}

/// The field by which the record of a job is looked up or upserted.
fn key_field<'j>(operation: &'j Operation, job: &ProxyJob<'j>) -> Option<Cow<'j, str>> {
    let noted = job.key.and_then(|(field, _)| field.as_text());
    let upserted = || match operation {
        Operation::Upsert { field, .. } => Some(field.as_str().into()),
        Operation::Update { .. }
        | Operation::Create { .. }
        | Operation::Delete
        | Operation::Collection
        | Operation::Composite
        | Operation::Other => None,
    };
    noted.or_else(upserted)
}

impl From<Route> for KeptRoute {
    fn from(route: Route) -> Self {
        match route {
            Route::Open => Self::Transform,
            Route::Processor => Self::Processor,
            Route::Router => Self::Router,
        }
    }
}

impl From<&Failure> for Reason {
    fn from(failure: &Failure) -> Self {
        match failure {
            Failure::NotSent(NotSent::NotAllowed(_)) => Self::NotAllowed,
            Failure::NotSent(NotSent::Unsendable(_) | NotSent::Part(_) | NotSent::TooLarge(_)) => {
                Self::Malformed
            }
            Failure::Fault(fault) => fault.into(),
            Failure::Lookup(fault) => Self::of_lookup(fault),
            Failure::BeingCreated => Self::BeingCreated,
            Failure::NoSession(error) => (&**error).into(),
            Failure::Target(error) => error.into(),
        }
    }
}

fn refusal_of(failure: &Failure) -> Option<&Refusal> {
    match failure {
        Failure::Fault(fault) => Fault::refusal(fault),
        Failure::Lookup(fault) => fault.refusal(),
        Failure::NoSession(error) => AuthError::refusal(error),
        Failure::Target(error) => error.refusal(),
        Failure::NotSent(_) | Failure::BeingCreated => None,
    }
}
