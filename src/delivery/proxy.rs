//! The delivery proxy: sends the requests that descriptors describe on behalf of rudder-server, and reports the result
//! of each job.
//!
//! On each attempt, rudder-server sends the descriptor as it has stored it. By then its token may have expired, an
//! earlier attempt may have created the record already, and the lead that it updates may be gone. The proxy therefore
//! looks up what the org holds now wherever an outdated descriptor could create a duplicate or lose an event.

mod creating;
mod outcome;
mod redirect;
mod salvaging;
mod upserting;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

pub use self::outcome::{DeliveryOutcome, Failure};
use super::salvage::Salvage;
use crate::{
    config::{Policies, rules::Rules},
    json::Value,
    rudderstack::{
        Destination, DestinationName,
        delivery_request::{Origin, ProxyJob, ProxyRequest, ProxyVersion},
    },
    salesforce::{
        AuthError, Credentials, Fault, Key, Salesforce,
        creates::Held,
        delivery::{Answered, Write},
        fault::Disposition,
        operation::Operation,
    },
    text,
    transform::{changes::NotedChanges, plan::Record},
};

/// The state that the delivery proxy works with.
#[derive(Clone, Debug)]
pub(crate) struct Proxy {
    salesforce: Arc<Salesforce>,
    rules: Rules,
    policies: Arc<Policies>,
    timeout: Duration,
}

/// One request in progress.
struct ProxyDelivery<'r, 'a> {
    proxy: &'r Proxy,
    request: &'r ProxyRequest<'a>,
    destination: Destination,
    credentials: Option<Credentials>,
    timeout: Duration,
    /// The time until which it may wait for another delivery that creates its record.
    waits_until: Instant,
    /// Whether the write goes to a record that a duplicate rule has found.
    is_duplicate: bool,
    /// The record of an upsert that goes by lookup.
    upserted: Option<Record<'static>>,
    /// Whether renewing the session has been tried already.
    is_renewed: bool,
    /// Why no new session could be opened.
    refused: Option<Arc<AuthError>>,
    /// The lease under which it creates its record.
    held: Held<'r>,
    /// What refusals have shown about the write.
    salvage: Salvage,
    /// What was left out of the write.
    changes: NotedChanges,
}

impl Proxy {
    /// Creates a proxy that writes by these rules. Each write waits at most `timeout` for Salesforce's response.
    #[must_use]
    pub(crate) fn new(
        salesforce: Arc<Salesforce>,
        rules: Rules,
        policies: Arc<Policies>,
        timeout: Duration,
    ) -> Self {
        Self {
            salesforce,
            rules,
            policies,
            timeout,
        }
    }

    /// Delivers a request. A `timeout` of the request itself takes precedence.
    pub(crate) async fn deliver(
        &self,
        name: DestinationName,
        request: &ProxyRequest<'_>,
        timeout: Option<Duration>,
    ) -> DeliveryOutcome {
        let destination = request.destination(name);
        if request.version == ProxyVersion::V1 {
            self.salesforce.creates().proxied(&destination.id);
        }
        let timeout = timeout.unwrap_or(self.timeout);
        let mut delivery = ProxyDelivery {
            proxy: self,
            request,
            credentials: Credentials::of(None, &destination).ok(),
            destination,
            timeout,
            waits_until: Instant::now() + timeout.saturating_sub(creating::MARGIN),
            is_duplicate: false,
            upserted: None,
            is_renewed: false,
            refused: None,
            held: Held::default(),
            salvage: Salvage::default(),
            changes: NotedChanges::default(),
        };
        let sending = request.sending().map_err(Into::into);
        match sending.and_then(|sending| self.salesforce.prepare(sending)) {
            Ok(mut write) => {
                delivery.add_headers(&mut write);
                delivery.write(&mut write).await
            }
            Err(failure) => delivery.outcome(None, None, Some(failure.into())),
        }
    }
}

impl ProxyDelivery<'_, '_> {
    /// Delivers the write, which may have been redirected to another record. `written_before` is the record that it may
    /// have been created for already, as far as that is known.
    async fn run(
        &mut self,
        write: &mut Write<'_>,
        written_before: Option<&Record<'_>>,
    ) -> DeliveryOutcome {
        if let Some(record) = written_before
            && let Err(failure) = self.redirect(write, record).await
        {
            return self.outcome(Some(write), None, Some(failure));
        }
        let answered = match self.send(write).await {
            Ok(answered) => answered,
            Err(failure) => return self.outcome(Some(write), None, Some(failure)),
        };
        let fault = answered.fault.as_ref();
        if self.redirect_to_duplicate(write, fault).is_some() {
            return self.send_redirected(write).await;
        }
        let appeared = written_before.filter(|record| has_appeared(record, write, fault));
        let gone = || self.gone(write, fault).map(Record::Lead);
        match appeared.cloned().or_else(gone) {
            Some(record) => self.send_elsewhere(write, &record, answered).await,
            None => self.answered(write, answered),
        }
    }

    /// Whether an earlier attempt may have created the record, because its response was lost, and the record can be
    /// found by its e-mail. This is false if the record was looked up for this same attempt, which shows that it does
    /// not exist; if the event names it without an id, because there is no key; and if the event identifies it by
    /// another field, because it may share its e-mail with other records.
    fn may_be_repeated(&self, operation: &Operation) -> bool {
        let is_told_by_email = |job: &ProxyJob<'_>| match job.origin {
            Origin::Stored => true,
            Origin::Routed { looked_up } => {
                looked_up.is_some_and(|note| note.by_email && note.attempt != job.attempt)
            }
        };
        let may_be = |job: &ProxyJob<'_>| job.attempt > 0 && is_told_by_email(job);
        matches!(operation, Operation::Create { .. }) && self.request.jobs.iter().any(may_be)
    }

    /// The key of the record that a refused write was meant for, if the refusal would be final and the record was
    /// looked up earlier: when a stored descriptor was built, or by the router in a later attempt, which may have
    /// cached the id. Since then the record to update may have been deleted, or the record to create may have appeared.
    /// An update whose record exists stays with that record, even if another one holds a value of the write.
    fn gone(&self, write: &Write<'_>, fault: Option<&Fault>) -> Option<Key> {
        let fault = fault.filter(|fault| may_be_mended(fault, write.operation()))?;
        if self.upserted.is_some() {
            return None;
        }
        let creates = matches!(write.operation(), Operation::Create { .. });
        let would_be_final = |job: &ProxyJob<'_>| match job.origin {
            Origin::Stored => true,
            Origin::Routed { looked_up } => {
                looked_up.is_some_and(|looked_up| looked_up.by_email) && job.attempt >= MAX_LOOKUPS
            }
        };
        if creates == fault.is_about_a_duplicate() && self.request.jobs.iter().any(would_be_final) {
            key_of(write)
        } else {
            None
        }
    }

    /// Sends a write. If its session has expired, sends it once more with a new one. A create is sent only while its lease holds.
    async fn send_once(&mut self, write: &mut Write<'_>) -> Result<Answered, Failure> {
        loop {
            let creates = matches!(write.operation(), Operation::Create { .. });
            if creates && !self.held.may_write().await {
                return Err(Failure::BeingCreated);
            }
            let salesforce = &self.proxy.salesforce;
            let answered = salesforce.send_write(write, self.timeout).await?;
            let fault = answered.fault.as_ref();
            let has_expired = fault.map(Fault::disposition) == Some(Disposition::Refresh);
            if !(has_expired && self.renew(write).await) {
                return Ok(answered);
            }
        }
    }

    /// Discards the expired session of a write and gives it a new one, once. Returns whether there is a new one.
    async fn renew(&mut self, write: &mut Write<'_>) -> bool {
        let credentials = self.credentials.as_ref().filter(|_| !self.is_renewed);
        self.is_renewed = true;
        let renewed = self.proxy.salesforce.renew_write(write, credentials).await;
        renewed.unwrap_or_else(|error| {
            self.refused = Some(error);
            false
        })
    }

    fn answered(&self, write: &Write<'_>, answered: Answered) -> DeliveryOutcome {
        let failure = answered.fault.map(Failure::Fault);
        self.outcome(Some(write), answered.answer, failure)
    }

    fn outcome(
        &self,
        write: Option<&Write<'_>>,
        answer: Option<(u16, bytes::Bytes)>,
        failure: Option<Failure>,
    ) -> DeliveryOutcome {
        let failure = failure.map(|failure| match &self.refused {
            Some(error) if failure.is_expiry() => Failure::NoSession(Arc::clone(error)),
            Some(_) | None => failure,
        });
        let operation = write.map_or(&Operation::Other, |write| write.operation());
        let jobs = self.request.jobs.iter();
        let dispositions = jobs.map(|job| {
            let failure = failure.as_ref()?;
            Some(self.disposition(job, failure, operation))
        });
        DeliveryOutcome {
            dispositions: dispositions.collect(),
            may_repeat: failure.as_ref().is_some_and(Failure::leaves_open)
                && write.is_some_and(|write| self.has_no_key(write)),
            changes: if failure.is_none() {
                self.changes.clone()
            } else {
                NotedChanges::default()
            },
            answer,
            failure,
        }
    }

    /// Whether a write creates a record that no later attempt could look up.
    fn has_no_key(&self, write: &Write<'_>) -> bool {
        let is_named = |job: &ProxyJob<'_>| match job.origin {
            Origin::Stored => key_of(write).is_none(),
            Origin::Routed { .. } => !self.was_found(job),
        };
        matches!(write.operation(), Operation::Create { .. })
            && self.upserted.is_none()
            && self.request.jobs.iter().any(is_named)
    }

    /// What to do about the failure of a job. If the record came from a lookup or a duplicate rule, a failure that a
    /// fresh lookup may fix is retried in the first three attempts, because the next attempt finds the record anew.
    fn disposition(
        &self,
        job: &ProxyJob<'_>,
        failure: &Failure,
        operation: &Operation,
    ) -> Disposition {
        match failure {
            Failure::Fault(fault)
                if may_be_mended(fault, operation)
                    && (self.was_found(job) || self.is_duplicate)
                    && job.attempt < MAX_LOOKUPS =>
            {
                Disposition::Retry
            }
            failure => failure.disposition(job.attempt),
        }
    }

    /// Whether the router has looked up the job's record, as far as is known.
    fn was_found(&self, job: &ProxyJob<'_>) -> bool {
        match job.origin {
            Origin::Stored => false,
            Origin::Routed { looked_up } => looked_up.is_some() || !self.proxy.rules.notes_lookups,
        }
    }
}

/// The number of attempts for a refused job whose record a fresh lookup may find.
const MAX_LOOKUPS: u64 = 3;

/// Whether a fresh lookup may fix a refusal: the one record that is updated is gone or has become another, or a record
/// that holds a value of the write has appeared. If the write does not update a single record, such a refusal has
/// another meaning.
fn may_be_mended(fault: &Fault, operation: &Operation) -> bool {
    let updates = matches!(operation, Operation::Update { .. });
    fault.is_about_a_stale_record() && (updates || fault.is_about_a_duplicate())
}

/// Whether a create was refused because its record, which a lookup by another field than the e-mail has not found, has appeared
/// since.
fn has_appeared(record: &Record<'_>, write: &Write<'_>, fault: Option<&Fault>) -> bool {
    matches!(record, Record::Matching(_))
        && matches!(write.operation(), Operation::Create { .. })
        && fault.is_some_and(Fault::is_about_a_duplicate)
}

/// Whether a job's record is found by its e-mail, as far as is known.
fn is_found_by_email(job: &ProxyJob<'_>) -> bool {
    match job.origin {
        Origin::Stored => true,
        Origin::Routed { looked_up } => looked_up.is_some_and(|looked_up| looked_up.by_email),
    }
}

/// The key of a lead: the e-mail in the body of the write.
fn key_of(write: &Write<'_>) -> Option<Key> {
    let (Operation::Create { object } | Operation::Update { object, .. }) = write.operation()
    else {
        return None;
    };
    let json = write
        .json()
        .filter(|_| object.eq_ignore_ascii_case("Lead"))?;
    let email = json.root().as_object()?.get_ignoring_case("Email");
    let email = email.and_then(Value::as_text_or_number)?;
    let email = text::trimmed(&email);
    Key::lead(email).ok().filter(|_| !email.is_empty())
}
