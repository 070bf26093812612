//! The delivery proxy: sends for rudder-server what a descriptor describes, and says what became of each job.
//!
//! rudder-server sends the descriptor of a processor on each attempt as it has stored it: a token in it may be dead by then,
//! an earlier attempt may have written what it creates, and the lead that it updates may be gone. What the org holds now
//! is looked up before it counts.

mod outcome;

use std::{borrow::Cow, sync::Arc, time::Duration};

pub use self::outcome::{Failure, Outcome};
use crate::{
    config::rules::Rules,
    json::Value,
    rudderstack::{
        Destination, DestinationName,
        delivery_request::{Job, Origin, ProxyRequest},
    },
    salesforce::{
        AuthError, Credentials, Fault, Key, Salesforce,
        delivery::{Answered, Write},
        fault::Disposition,
        operation::Operation,
    },
    text,
    transform::{mapping, plan::Record, target},
};

/// What the delivery proxy works with.
#[derive(Clone, Debug)]
pub(crate) struct Proxy {
    salesforce: Arc<Salesforce>,
    rules: Rules,
}

/// One request on its way.
struct Delivery<'r, 'a> {
    proxy: &'r Proxy,
    request: &'r ProxyRequest<'a>,
    destination: Destination,
    credentials: Option<Credentials>,
    timeout: Duration,
    /// Whether a new session was sought already.
    is_renewed: bool,
    /// Why none could be opened.
    refused: Option<Arc<AuthError>>,
}

impl Proxy {
    /// A proxy that writes by these rules.
    #[must_use]
    pub(crate) fn new(salesforce: Arc<Salesforce>, rules: Rules) -> Self {
        Self { salesforce, rules }
    }

    /// Delivers a request. Each call to Salesforce that writes waits at most `timeout` for its answer.
    pub(crate) async fn deliver(
        &self,
        name: DestinationName,
        request: &ProxyRequest<'_>,
        timeout: Duration,
    ) -> Outcome {
        let destination = request.destination(name);
        let mut delivery = Delivery {
            proxy: self,
            request,
            credentials: Credentials::of(None, &destination).ok(),
            destination,
            timeout,
            is_renewed: false,
            refused: None,
        };
        let sending = request.sending().map_err(Into::into);
        match sending.and_then(|sending| self.salesforce.prepare(sending)) {
            Ok(mut write) => delivery.run(&mut write).await,
            Err(failure) => delivery.outcome(None, None, Some(failure.into())),
        }
    }
}

impl Delivery<'_, '_> {
    /// Delivers the write, or what it has become.
    async fn run(&mut self, write: &mut Write<'_>) -> Outcome {
        if self.may_be_repeated(write.operation())
            && let Some(key) = key_of(write)
            && let Err(failure) = self.redirect(write, &key).await
        {
            return self.outcome(Some(write), None, Some(failure));
        }
        let answered = match self.send(write).await {
            Ok(answered) => answered,
            Err(failure) => return self.outcome(Some(write), None, Some(failure)),
        };
        match self.gone(write, answered.fault.as_ref()) {
            Some(key) => self.send_elsewhere(write, &key, answered).await,
            None => self.answered(write, answered),
        }
    }

    /// Whether an earlier attempt may have created the record, and its e-mail tells: the answer to it may have been lost. A
    /// record that was looked up for this same attempt is known not to be there; one that the event names without an id has no
    /// key, and one that it identifies by another field may share its e-mail with others.
    fn may_be_repeated(&self, operation: &Operation) -> bool {
        let is_told_by_email = |job: &Job<'_>| match job.origin {
            Origin::Stored => true,
            Origin::Routed { looked_up } => {
                looked_up.is_some_and(|note| note.by_email && note.attempt != job.attempt)
            }
        };
        let may_be = |job: &Job<'_>| job.attempt > 0 && is_told_by_email(job);
        matches!(operation, Operation::Create { .. }) && self.request.jobs.iter().any(may_be)
    }

    /// The key by which the record is looked up that a refused write was meant for, where the refusal would be final and the
    /// record was looked up before: when a stored descriptor was described, or by the router in a later attempt, which may
    /// have remembered the id. The record that it updates may have gone meanwhile, or the one that it creates come. An update
    /// whose record is there is for that one, whichever record holds a value of it.
    fn gone(&self, write: &Write<'_>, fault: Option<&Fault>) -> Option<Key> {
        let fault = fault.filter(|fault| may_be_mended(fault, write.operation()))?;
        let creates = matches!(write.operation(), Operation::Create { .. });
        let would_be_final = |job: &Job<'_>| match job.origin {
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

    /// Sends a write, once more with a new session where its own has expired.
    async fn send(&mut self, write: &mut Write<'_>) -> Result<Answered, Failure> {
        loop {
            let salesforce = &self.proxy.salesforce;
            let answered = salesforce.send_write(write, self.timeout).await?;
            let has_expired = answered.fault.as_ref().is_some_and(has_expired);
            if !(has_expired && self.renew(write).await) {
                return Ok(answered);
            }
        }
    }

    /// Sends a refused write to the record that is found now; where there is no other, the refusal counts.
    async fn send_elsewhere(
        &mut self,
        write: &mut Write<'_>,
        key: &Key,
        refused: Answered,
    ) -> Outcome {
        match self.redirect(write, key).await {
            Ok(true) => match self.send(write).await {
                Ok(answered) => self.answered(write, answered),
                Err(failure) => self.outcome(Some(write), None, Some(failure)),
            },
            Err(Failure::Lookup(fault)) if fault.disposition() != Disposition::Abort => {
                self.outcome(Some(write), refused.answer, Some(Failure::Lookup(fault)))
            }
            Ok(false) | Err(_) => self.answered(write, refused),
        }
    }

    /// Looks a lead up and makes the write an update of what is found. Returns whether that is another record than the write
    /// was for.
    async fn redirect(&mut self, write: &mut Write<'_>, key: &Key) -> Result<bool, Failure> {
        let Some(found) = self.look_up(write, key).await? else {
            return Ok(false);
        };
        let is_known = matches!(write.operation(), Operation::Update { object, id }
            if target::RecordId::new(object, id) == target::RecordId::new(&found.0, &found.1));
        let Some(fields) = self.fields(write, &found.0).filter(|_| !is_known) else {
            return Ok(false);
        };
        let (object, id) = (found.0.as_str(), found.1.as_str());
        write.redirect((object, id), fields, self.proxy.rules.update_method);
        Ok(true)
    }

    fn fields(&self, write: &Write<'_>, object: &str) -> Option<String> {
        let json = write.json()?;
        let fields = json.root().as_members()?;
        Some(mapping::as_update(
            &fields,
            object,
            &self.destination,
            &self.proxy.rules,
        ))
    }

    /// The record to which a lead's events go now: its object and id.
    async fn look_up(
        &mut self,
        write: &mut Write<'_>,
        key: &Key,
    ) -> Result<Option<(String, String)>, Failure> {
        let found = loop {
            // Without a session the write itself says what is wrong.
            let Some(session) = write.session() else {
                return Ok(None);
            };
            let salesforce = &self.proxy.salesforce;
            let found = salesforce.look_up(&Arc::new(session), key).await;
            if !(found.expiry().is_some() && self.renew(write).await) {
                break found;
            }
        };
        found.rows(key).map_err(Failure::Lookup)?;
        let record = Record::Lead(key.clone());
        let (destination, rules) = (&self.destination, &self.proxy.rules);
        let target =
            target::settle(&record, &found, destination, rules).map_err(Failure::Target)?;
        let id = target.id.map(Cow::into_owned);
        Ok(id.map(|id| (target.object.into_owned(), id)))
    }

    /// Forgets the session of a write, which has expired, and gives it a new one, once. Returns whether there is one.
    async fn renew(&mut self, write: &mut Write<'_>) -> bool {
        let credentials = self.credentials.as_ref().filter(|_| !self.is_renewed);
        self.is_renewed = true;
        let renewed = self.proxy.salesforce.renew_write(write, credentials).await;
        renewed.unwrap_or_else(|error| {
            self.refused = Some(error);
            false
        })
    }

    fn answered(&self, write: &Write<'_>, answered: Answered) -> Outcome {
        let failure = answered.fault.map(Failure::Fault);
        self.outcome(Some(write), answered.answer, failure)
    }

    fn outcome(
        &self,
        write: Option<&Write<'_>>,
        answer: Option<(u16, bytes::Bytes)>,
        failure: Option<Failure>,
    ) -> Outcome {
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
        Outcome {
            dispositions: dispositions.collect(),
            may_repeat: failure.as_ref().is_some_and(Failure::leaves_open)
                && write.is_some_and(|write| self.has_no_key(write)),
            answer,
            failure,
        }
    }

    /// Whether a write creates a record that no later attempt can look up.
    fn has_no_key(&self, write: &Write<'_>) -> bool {
        let is_named = |job: &Job<'_>| match job.origin {
            Origin::Stored => key_of(write).is_none(),
            Origin::Routed { .. } => !self.was_found(job),
        };
        matches!(write.operation(), Operation::Create { .. })
            && self.request.jobs.iter().any(is_named)
    }

    /// What to do about the failure of a job. What a fresh lookup can mend is not final where the record came from one, as
    /// the next attempt brings another, up to the third.
    fn disposition(&self, job: &Job<'_>, failure: &Failure, operation: &Operation) -> Disposition {
        match failure {
            Failure::Fault(fault)
                if may_be_mended(fault, operation)
                    && self.was_found(job)
                    && job.attempt < MAX_LOOKUPS =>
            {
                Disposition::Retry
            }
            failure => failure.disposition(job.attempt),
        }
    }

    /// Whether a job's record comes from a lookup of the router, as far as it is known.
    fn was_found(&self, job: &Job<'_>) -> bool {
        match job.origin {
            Origin::Stored => false,
            Origin::Routed { looked_up } => looked_up.is_some() || !self.proxy.rules.notes_lookups,
        }
    }
}

/// How many attempts a refused job gets whose record a fresh lookup may find.
const MAX_LOOKUPS: u64 = 3;

fn has_expired(fault: &Fault) -> bool {
    fault.disposition() == Disposition::Refresh
}

/// Whether a fresh lookup may mend a refusal: the one record that is updated is gone or has become another, or one has come
/// into being that holds a value of the write. Where no single record is updated, such a refusal says something else.
fn may_be_mended(fault: &Fault, operation: &Operation) -> bool {
    let updates = matches!(operation, Operation::Update { .. });
    fault.is_about_a_stale_record() && (updates || fault.is_about_a_duplicate())
}

/// What a lead is looked up by: the e-mail in the body of a write of a lead.
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
