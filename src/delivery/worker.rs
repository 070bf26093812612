//! Writes the units that have gathered for an org: look up, choose and write, then repeat for the units that had to
//! wait or deserve a second attempt.

use std::{
    collections::{HashMap, HashSet},
    mem,
    sync::Arc,
    time::Instant,
};

use indexmap::IndexMap;

use super::{
    Deliveries, Unit,
    job::SessionAccess,
    memory::WriteResult,
    salvage::{Contradictions, Salvage},
    turns::Turns,
};
use crate::{
    config::Duplicates,
    salesforce::{
        Fault, Found, Key, RecordWrite, Row, Wanted, collections::Written, fault::Disposition,
        headers::WriteHeaders, sent::ATTRIBUTES,
    },
    transform::{
        error::EventError,
        field_name::FieldName,
        plan::{PlannedTraits, Record},
        resolve::Resolved,
        target::{self, Target},
        unchanged::Unchanged,
    },
};

/// Writes the units of one session.
pub(super) struct Worker<'f> {
    pub(super) deliveries: &'f Deliveries,
    pub(super) access: SessionAccess,
    pub(super) is_renewed: bool,
    pub(super) units: &'f [Unit],
    /// The traits of each unit.
    pub(super) traits: &'f [PlannedTraits<'f>],
    /// The progress of each unit.
    pub(super) states: Vec<UnitState>,
    /// The keys whose records are known or were looked up, since when, and the records that were found.
    pub(super) found: Found,
    pub(super) asked: HashMap<&'f Key, Instant>,
    /// The records that other callers may create, too.
    pub(super) turns: Turns<'f>,
    /// Users with an event that rudder-server will send again. Their later events wait for it.
    pub(super) held: HashSet<&'f str>,
    /// What was written so far; `None` if events that change nothing are written too.
    pub(super) unchanged: Option<Unchanged>,
    /// The records that duplicate rules found in this round, by the events' keys.
    pub(super) duplicates: Vec<(&'f Key, Row)>,
    begun: Instant,
    /// What refusals have shown about units.
    pub(super) salvages: HashMap<usize, Salvage>,
}

/// The progress of a unit.
#[derive(Clone, Debug)]
pub(super) enum UnitState {
    /// The unit is waiting to be written.
    Pending {
        /// Whether its record is looked up because its upsert was refused.
        is_by_lookup: bool,
        /// Whether its record was looked up a second time.
        was_looked_up_again: bool,
        /// Whether it is written alone, because Salesforce has refused it together with others.
        is_alone: bool,
    },
    /// The unit was written, or has failed.
    Done(WriteResult),
}

/// What a round has come to.
enum Progress {
    /// Something was written, or has failed.
    Made,
    /// All pending units have to wait for another caller.
    MustWait,
}

/// A record to write, and the units that the write covers.
pub(super) struct UnitWrite<'p, 'f> {
    pub(super) units: Vec<usize>,
    pub(super) resolved: Resolved<'p, 'f>,
}

impl Worker<'_> {
    /// Writes the units and sends each its result. The units of different sessions are written one session after the
    /// other. Returns those that have to wait for another caller.
    pub(super) async fn run(deliveries: &Deliveries, units: Vec<Unit>) -> Vec<Unit> {
        let mut waiting = Vec::new();
        let mut sessions: Vec<Vec<Unit>> = Vec::new();
        for unit in units {
            let is_same = |of: &Unit| of.job.access.is_same(&unit.job.access);
            match sessions
                .iter_mut()
                .find(|units| units.first().is_some_and(is_same))
            {
                Some(units) => units.push(unit),
                None => sessions.push(vec![unit]),
            }
        }
        for units in sessions {
            let Some(access) = units.first().map(|unit| unit.job.access.clone()) else {
                continue;
            };
            let verdicts = {
                let traits: Vec<_> = units.iter().map(|unit| unit.job.traits()).collect();
                let worker = Worker::new(deliveries, access, &units, &traits);
                worker.written().await
            };
            let (mut done, mut results) = (Vec::new(), Vec::new());
            for (mut unit, verdict) in units.into_iter().zip(verdicts) {
                if let Some(verdict) = verdict {
                    done.push(unit);
                    results.push(verdict);
                } else {
                    unit.waits_since.get_or_insert_with(Instant::now);
                    waiting.push(unit);
                }
            }
            deliveries.finish(done, results).await;
        }
        waiting
    }
}

impl UnitState {
    const NEW: Self = Self::Pending {
        is_by_lookup: false,
        was_looked_up_again: false,
        is_alone: false,
    };

    fn is_pending(&self) -> bool {
        matches!(self, Self::Pending { .. })
    }

    /// The result; `None` if the unit has to wait for another caller.
    fn into_verdict(self) -> Option<WriteResult> {
        match self {
            Self::Done(verdict) => Some(verdict),
            Self::Pending { .. } => None,
        }
    }
}

impl<'f> Worker<'f> {
    fn new(
        deliveries: &'f Deliveries,
        access: SessionAccess,
        units: &'f [Unit],
        traits: &'f [PlannedTraits<'f>],
    ) -> Self {
        Self {
            deliveries,
            access,
            is_renewed: false,
            units,
            traits,
            states: vec![UnitState::NEW; units.len()],
            found: Found::default(),
            asked: HashMap::new(),
            turns: Turns::of(units, deliveries.salesforce.creates().memory()),
            held: HashSet::new(),
            unchanged: deliveries.settings.skip_unchanged.then(Unchanged::default),
            duplicates: Vec::new(),
            begun: Instant::now(),
            salvages: HashMap::new(),
        }
    }

    async fn written(mut self) -> Vec<Option<WriteResult>> {
        let timeout = self.deliveries.settings.delivery_timeout;
        self.fail_overdue();
        while self.states.iter().any(UnitState::is_pending) {
            if self.begun.elapsed() > timeout {
                self.fail_all(&EventError::NotInTime(timeout));
                break;
            }
            match self.round().await {
                Ok(Progress::Made) => {}
                Ok(Progress::MustWait) => break,
                Err(expired) => self.renew(expired).await,
            }
        }
        // A round that was given up may have left leases.
        self.end(&[], &[]).await;
        self.states
            .into_iter()
            .map(UnitState::into_verdict)
            .collect()
    }

    /// Looks up, chooses and writes once. Returns the fault if Salesforce no longer accepts the session.
    async fn round(&mut self) -> Result<Progress, Arc<Fault>> {
        self.ask_again().await;
        self.look_up().await?;
        self.describe().await;
        let chosen = self.choose_in_turn().await?;
        if chosen.is_empty() && self.turns.are_awaited() {
            return Ok(Progress::MustWait);
        }
        let found = mem::take(&mut self.found);
        let writes = self.writes(chosen, &found);
        let records = writes.iter().map(|write| {
            let Resolved { target, fields } = &write.resolved;
            let names = fields.names().map(FieldName::text);
            let headers = self.headers(write.units[0], target);
            let record =
                RecordWrite::new(&target.object, &target.address, headers, names, |json| {
                    let is_field = |name: &FieldName<'_>| name.text() != ATTRIBUTES;
                    fields.write_members(json, is_field);
                });
            record
                .updating_duplicates(self.updates_duplicates(write))
                .mending_refusals(self.may_be_fitted(write))
        });
        let records: Vec<_> = records.collect();
        let (salesforce, session) = (&self.deliveries.salesforce, &self.access.session);
        let pause = self.deliveries.settings.delivery_window;
        let held = &self.turns.held;
        let written = salesforce.write(session, &records, pause, held).await;
        self.log(&written.results);
        self.end(&writes, &written.results).await;
        let mut created = Vec::new();
        let mut expired = None;
        let refused_whole: HashSet<usize> = written.refused_whole.into_iter().collect();
        let mut contradictions = Contradictions::default();
        for (place, result) in written.results.into_iter().enumerate() {
            let (write, sent) = (&writes[place], &records[place]);
            let is_whole = refused_whole.contains(&place);
            match result {
                Ok(id) => created.extend(self.wrote(write, id, &found)),
                // Nothing was sent.
                Err(Fault::BeingCreated) => {}
                Err(fault) if fault.disposition() == Disposition::Refresh => {
                    expired = Some(Arc::new(fault));
                }
                Err(fault)
                    if self.salvage(
                        write,
                        (sent, is_whole),
                        &fault,
                        &found,
                        &mut contradictions,
                    ) => {}
                Err(fault) => self.refused(write, fault),
            }
        }
        self.found = found;
        let access = &self.access;
        salesforce.remember_created(&access.credentials, &access.session, &created);
        for (key, id) in created {
            self.found.created(key, id);
        }
        for (key, row) in mem::take(&mut self.duplicates) {
            self.found.matched(key, row);
        }
        self.learn(contradictions).await;
        expired.map_or(Ok(Progress::Made), Err)
    }

    /// Looks up the keys whose records are not known, or have to be looked up again.
    pub(super) async fn look_up(&mut self) -> Result<(), Arc<Fault>> {
        let may_be_cached = self.asked.is_empty();
        let mut wanted: IndexMap<&Key, Wanted> = IndexMap::new();
        for (unit, waits) in self.pending_in_turn() {
            let key = self.key(unit).filter(|key| !self.asked.contains_key(key));
            if let Some(key) = key.filter(|_| !waits) {
                let needs_record = self.needs_record(unit);
                let wanted = wanted.entry(key).or_insert_with(|| Wanted {
                    key: key.clone(),
                    fields: Vec::new(),
                    needs_record: false,
                });
                wanted.needs_record |= needs_record;
                if self.deliveries.settings.skip_unchanged {
                    let fields = self
                        .unresolved(unit)
                        .fields_to_read(self.deliveries.rules());
                    wanted.fields.extend(fields);
                }
            }
        }
        if wanted.is_empty() {
            return Ok(());
        }
        let salesforce = &self.deliveries.salesforce;
        let now = Instant::now();
        let asked: Vec<_> = wanted.keys().map(|key| (*key, now)).collect();
        let wanted: Vec<Wanted> = wanted.into_values().collect();
        let SessionAccess {
            credentials,
            session,
        } = &self.access;
        let found = salesforce.find_now(credentials, session, &wanted, may_be_cached);
        let found = found.await;
        if let Some(fault) = found.expiry() {
            return Err(fault);
        }
        if let Some(fault) = found.first_fault() {
            let org = self.access.session.instance().as_str();
            tracing::warn!(org, fault = fault.label(), "a lookup in Salesforce failed");
        }
        self.found.extend(found);
        self.asked.extend(asked);
        Ok(())
    }

    /// Describes the objects of the pending units, as far as preflight needs them. Salesforce is asked for what is not known yet.
    async fn describe(&mut self) {
        let policies = &self.deliveries.policies;
        let mut objects: Vec<&str> = Vec::new();
        for unit in self.pending() {
            let destination = &self.units[unit].job.destination;
            let record = self.record(unit);
            for object in target::objects_to_describe(record, destination, policies) {
                if !objects.contains(&object) {
                    objects.push(object);
                }
            }
        }
        let (salesforce, access) = (&self.deliveries.salesforce, &self.access);
        let described = salesforce.describe_all(&access.credentials, &access.session, objects);
        self.found.describe(described.await);
    }

    /// Whether the record of a unit has to be looked up even if its key is an external id.
    fn needs_record(&self, unit: usize) -> bool {
        let deliveries = self.deliveries;
        let was_refused = matches!(
            self.states[unit],
            UnitState::Pending {
                is_by_lookup: true,
                ..
            }
        );
        let destination = &self.units[unit].job.destination;
        was_refused
            || deliveries.settings.skip_unchanged
            || target::needs_record(self.record(unit), destination, deliveries.rules())
    }

    /// Whether the destination's policy is to update the record that a duplicate rule finds.
    pub(super) fn updates_duplicates(&self, write: &UnitWrite<'_, '_>) -> bool {
        let destination = &self.units[write.units[0]].job.destination.id;
        *self.deliveries.policies.duplicates.of(destination) == Duplicates::Update
    }

    /// The headers that the destination of a unit asks for in the write to its record. Units that are written together
    /// have the same.
    pub(super) fn headers(&self, unit: usize, target: &Target<'_>) -> WriteHeaders {
        let destination = &self.units[unit].job.destination.id;
        let policies = &self.deliveries.policies;
        WriteHeaders::of(
            policies,
            destination,
            &target.object,
            target.address.effect(),
        )
    }

    /// Logs one line for the records that Salesforce has not written, whatever is tried next.
    fn log(&self, results: &[Written]) {
        let faults: Vec<&Fault> = results
            .iter()
            .filter_map(|result| result.as_ref().err())
            .collect();
        if let Some(first) = faults.first() {
            let org = self.access.session.instance().as_str();
            let (refused, fault) = (faults.len(), first.label());
            tracing::warn!(
                org,
                records = results.len(),
                refused,
                fault,
                "records were not written"
            );
        }
    }

    pub(super) fn pending(&self) -> Vec<usize> {
        let states = self.states.iter().enumerate();
        states
            .filter(|(_, state)| state.is_pending())
            .map(|(unit, _)| unit)
            .collect()
    }

    /// The record that a duplicate rule found in place of a record without a key, unless it has turned out to be gone.
    pub(super) fn duplicate(&self, unit: usize) -> Option<&'f Row> {
        let is_gone = matches!(
            self.states[unit],
            UnitState::Pending {
                was_looked_up_again: true,
                ..
            }
        );
        self.units[unit].duplicate.get().filter(|_| !is_gone)
    }

    /// Requests another lookup for the record of a pending unit: the first one after an upsert, otherwise the second. Returns
    /// false if there was one already.
    pub(super) fn look_up_again(&mut self, unit: usize, is_upsert: bool) -> bool {
        match &mut self.states[unit] {
            UnitState::Pending { is_by_lookup, .. } if is_upsert => {
                !mem::replace(is_by_lookup, true)
            }
            UnitState::Pending {
                was_looked_up_again,
                ..
            } => !mem::replace(was_looked_up_again, true),
            UnitState::Done(_) => false,
        }
    }

    /// Marks a pending unit to be written alone.
    pub(super) fn set_alone(&mut self, unit: usize) {
        if let UnitState::Pending { is_alone, .. } = &mut self.states[unit] {
            *is_alone = true;
        }
    }

    pub(super) fn is_alone(&self, unit: usize) -> bool {
        matches!(self.states[unit], UnitState::Pending { is_alone: true, .. })
    }

    pub(super) fn record(&self, unit: usize) -> &'f Record<'static> {
        self.units[unit].record()
    }

    pub(super) fn key(&self, unit: usize) -> Option<&'f Key> {
        self.record(unit).key()
    }

    /// Identifies the job that the unit belongs to.
    pub(super) fn job(&self, unit: usize) -> usize {
        Arc::as_ptr(&self.units[unit].job).addr()
    }

    pub(super) fn user(&self, unit: usize) -> Option<&'f str> {
        self.units[unit].job.user.as_deref()
    }
}
