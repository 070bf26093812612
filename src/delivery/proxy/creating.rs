//! The creates of one record take turns (rule `one-create`): while one is in flight, the others wait, and then they
//! update what it has created.

use std::{
    borrow::Cow,
    time::{Duration, Instant},
};

use tokio::time::timeout_at;

use super::{
    DeliveryOutcome, Failure, ProxyDelivery, is_found_by_email, key_of, upserting::upserted,
};
use crate::{
    json::Value,
    salesforce::{
        Fault, Key,
        address::Address,
        creates::{CreateKey, CreateMemory, CreatedRecord, Ending, Held, Turn, Wish},
        delivery::Write,
        operation::Operation,
    },
    transform::{choice::Choice, plan::Record, target::Target},
};

/// How long before the client's own timeout a delivery stops waiting for another.
pub(super) const MARGIN: Duration = Duration::from_secs(1);

/// A record that is created in turns.
pub(super) struct Creation<'m> {
    memory: &'m dyn CreateMemory,
    key: CreateKey,
    record: Record<'static>,
}

impl<'r> ProxyDelivery<'r, '_> {
    /// Delivers the write. If it creates a record, it waits until no other delivery creates the same one.
    pub(super) async fn write(&mut self, write: &mut Write<'_>) -> DeliveryOutcome {
        if let Some(record) = upserted(write) {
            return self.upsert(write, record).await;
        }
        let may_be_repeated = self.may_be_repeated(write.operation());
        let written_before = may_be_repeated.then(|| key_of(write)).flatten();
        let written_before = written_before.map(Record::Lead);
        match self.creation(write) {
            Some(creation) => self.create(write, &creation, written_before).await,
            None => self.run(write, written_before.as_ref()).await,
        }
    }

    /// Creates a record once its turn has come, or updates what another delivery has created.
    pub(super) async fn create(
        &mut self,
        write: &mut Write<'_>,
        creation: &Creation<'r>,
        mut written_before: Option<Record<'static>>,
    ) -> DeliveryOutcome {
        let (memory, key) = (creation.memory, &creation.key);
        let mut is_unsure = false;
        loop {
            let must_look_up = match self.turn(creation).await {
                None => return self.outcome(Some(write), None, Some(Failure::BeingCreated)),
                Some(Turn::Begun {
                    lease,
                    must_look_up,
                }) => {
                    is_unsure |= must_look_up;
                    self.held = Held::none(Some(memory));
                    self.held.add(key.clone(), lease, is_unsure);
                    must_look_up
                }
                Some(Turn::Created(created)) => {
                    let lost = match self.write_to((&creation.record, &created), write).await {
                        Ok(outcome) => return outcome,
                        Err(lost) => lost,
                    };
                    memory.forget(key, &created).await;
                    // The refusal may be about another record that the write refers to.
                    is_unsure = true;
                    if matches!(lost, Lost::Converted) {
                        written_before.get_or_insert_with(|| creation.record.clone());
                    }
                    continue;
                }
            };
            let unsure = must_look_up.then_some(&creation.record);
            let outcome = self.run(write, written_before.as_ref().or(unsure)).await;
            self.held.end(|_| ending(write, &outcome)).await;
            return outcome;
        }
    }

    /// The record that the write creates, if others may create it, too.
    pub(super) fn creation(&self, write: &Write<'_>) -> Option<Creation<'r>> {
        let proxy = self.proxy;
        let memory = proxy.salesforce.creates().memory();
        let memory = memory.filter(|_| proxy.rules.coalesce)?;
        let record = self.created_record(write)?;
        let (credentials, session) = (self.credentials.as_ref(), write.session()?);
        let user = proxy.salesforce.creator(credentials, &session);
        let key = CreateKey::new(user, record.key()?.clone());
        Some(Creation {
            memory,
            key,
            record,
        })
    }

    /// The record that the write creates: a lead by the e-mail in its body, any other by the key that the router has
    /// noted, or that an upsert had in its URL.
    pub(super) fn created_record(&self, write: &Write<'_>) -> Option<Record<'static>> {
        let Operation::Create { object } = write.operation() else {
            return None;
        };
        if let Some(record) = &self.upserted {
            return Some(record.clone());
        }
        let jobs = &self.request.jobs;
        if jobs.iter().all(is_found_by_email)
            && let Some(key) = key_of(write)
        {
            return Some(Record::Lead(key));
        }
        let (field, value) = jobs.first()?.key?;
        let field = Value::as_text(field)?;
        Key::new(object, &field, value).ok().map(Record::Matching)
    }

    /// Waits for the turn of this delivery; `None` if it does not come in time. The time spent waiting is subtracted from
    /// the timeout of the write.
    async fn turn(&mut self, creation: &Creation<'_>) -> Option<Turn> {
        let began = Instant::now();
        let mut has_waited = false;
        loop {
            // What the lookup of the router has found may be of any age.
            let wish = Wish {
                key: creation.key.clone(),
                looked_up: None,
            };
            let mut turns = creation.memory.begin(vec![wish], self.timeout).await;
            match turns.pop()? {
                Ok(turn) => {
                    if has_waited {
                        let left = self.timeout.saturating_sub(began.elapsed());
                        self.timeout = left.max(MARGIN);
                    }
                    return Some(turn);
                }
                Err(ended) => timeout_at(self.waits_until.into(), ended).await.ok()?,
            }
            has_waited = true;
        }
    }

    /// Writes to the record that an earlier delivery has created. If that record is no longer there, the write is
    /// restored.
    ///
    /// # Errors
    /// [`Lost`] if the record is no longer what it was.
    async fn write_to(
        &mut self,
        (record, created): (&Record<'_>, &CreatedRecord),
        write: &mut Write<'_>,
    ) -> Result<DeliveryOutcome, Lost> {
        let as_it_came = write.clone();
        let target = Target {
            object: Cow::Borrowed(&created.object),
            address: Address::Id(Cow::Borrowed(&created.id)),
            email: None,
            stored: None,
            is_duplicate: false,
            choice: Choice::Only,
        };
        self.update(write, &target, record).ok_or(Lost::Gone)?;
        let answered = match self.send(write).await {
            Ok(answered) => answered,
            Err(failure) => return Ok(self.outcome(Some(write), None, Some(failure))),
        };
        let Some(lost) = answered.fault.as_ref().and_then(Lost::of) else {
            return Ok(self.answered(write, answered));
        };
        let session = write.session();
        *write = as_it_came;
        if let Some(session) = session {
            write.set_session(&session);
        }
        Err(lost)
    }
}

/// What has become of a record that an earlier delivery has created.
enum Lost {
    /// It is gone.
    Gone,
    /// It is a lead that has been converted.
    Converted,
}

impl Lost {
    /// What the refusal of an update says; `None` if the record is still there.
    fn of(fault: &Fault) -> Option<Self> {
        let is_lost = fault.is_about_a_stale_record() && !fault.is_about_a_duplicate();
        is_lost.then(|| {
            if fault.is_about_a_conversion() {
                Self::Converted
            } else {
                Self::Gone
            }
        })
    }
}

/// How a create has ended.
fn ending(write: &Write<'_>, outcome: &DeliveryOutcome) -> Ending {
    let created = match (write.operation(), &outcome.answer) {
        (Operation::Create { object }, Some((_, body))) => CreatedRecord::read(object, body),
        _ => None,
    };
    match &outcome.failure {
        None => created.map_or(Ending::Unsure, Ending::Created),
        Some(failure) if failure.leaves_open() => Ending::Unsure,
        Some(_) => Ending::Failed,
    }
}
