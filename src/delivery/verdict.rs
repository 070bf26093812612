//! Decides the result of a unit after Salesforce has answered.

use std::sync::Arc;

use super::{
    memory::WriteResult,
    worker::{UnitState, UnitWrite, Worker},
};
use crate::{
    salesforce::{
        AuthError, Fault, Found, Key, Row,
        address::{Address, Effect},
        fault::Disposition,
    },
    transform::{
        error::EventError,
        target::{self, Target},
    },
};

impl<'f> Worker<'f> {
    /// Notes that a record was written, and counts the values that were left out. Returns the key and id of a record
    /// that was created for a key.
    pub(super) fn wrote(
        &mut self,
        write: &UnitWrite<'_, 'f>,
        id: String,
        found: &Found,
    ) -> Option<(&'f Key, String)> {
        let metrics = self.deliveries.salesforce.metrics();
        metrics.traits_changed(write.resolved.fields.changes.reasons());
        for unit in &write.units {
            let changes = self.changes(write, *unit, found);
            self.conclude(*unit, Ok(changes));
        }
        let creates = write.resolved.target.address.creates();
        let key = self.key(write.units[0]).filter(|_| creates);
        key.map(|key| (key, id))
    }

    /// Decides what follows a refused write. If the record is no longer what the lookup or a duplicate rule has found, it
    /// is looked up or created again, once. If one of several events may be the cause, each is written alone. Otherwise the events fail with
    /// this fault.
    pub(super) fn refused(&mut self, write: &UnitWrite<'_, '_>, fault: Fault) {
        if self.redirect_to_duplicate(write, &fault) {
            return;
        }
        let is_stale = self.is_stale(&write.resolved.target, &fault);
        let is_upsert = write.resolved.target.address.effect() == Effect::Upsert;
        let is_of_one = fault.disposition() == Disposition::Abort || fault.is_unsure();
        let in_company = write.units.len() > 1 && is_of_one;
        let may_repeat = write.resolved.target.address.creates() && fault.leaves_open();
        let fault = Arc::new(fault);
        for unit in write.units.iter().copied() {
            let key = self.key(unit);
            let was_found = key.is_some() || self.duplicate(unit).is_some();
            match key.filter(|_| is_stale) {
                key if is_stale && was_found && self.look_up_again(unit, is_upsert) => {
                    key.map(|key| self.asked.remove(key));
                }
                Some(_) | None if in_company => self.set_alone(unit),
                None if may_repeat && key.is_none() => {
                    self.conclude(unit, Err(EventError::MayRepeat(Arc::clone(&fault))));
                }
                Some(_) | None => self.conclude(unit, Err(EventError::Write(Arc::clone(&fault)))),
            }
        }
    }

    /// Whether a refusal calls for another lookup of the record. What it contradicts is forgotten.
    fn is_stale(&self, target: &Target<'_>, fault: &Fault) -> bool {
        let salesforce = &self.deliveries.salesforce;
        let org = self.access.session.instance();
        let is_stale = fault.is_about_a_stale_record();
        match &target.address {
            Address::New => is_stale,
            Address::Id(id) => {
                if is_stale {
                    salesforce.forget(org, id);
                }
                is_stale
            }
            Address::ExternalId(_) => {
                salesforce.contradicted(org, &target.object, fault);
                is_stale || fault.is_about_an_external_id()
            }
        }
    }

    /// If the policy is to update duplicates, keeps the units of a refused create pending, to be written to the record that the
    /// duplicate rule found. Later events with the same key find this record too. Returns whether that is so.
    fn redirect_to_duplicate(&mut self, write: &UnitWrite<'_, '_>, fault: &Fault) -> bool {
        let first = write.units[0];
        let Some(found) = fault
            .only_duplicate()
            .filter(|_| write.resolved.target.address.creates())
        else {
            return false;
        };
        let row = Row::matched(found.object.clone(), found.id.clone());
        let (record, destination) = (self.record(first), &self.units[first].job.destination);
        let policies = &self.deliveries.policies;
        if target::of_duplicate(record, &row, destination, policies).is_none() {
            return false;
        }
        match self.key(first) {
            Some(key) => {
                let (salesforce, access) = (&self.deliveries.salesforce, &self.access);
                let credentials = Some(&*access.credentials);
                salesforce.remember_duplicate(credentials, &access.session, key, &row);
                self.duplicates.push((key, row));
                true
            }
            None => write
                .units
                .iter()
                .all(|unit| self.units[*unit].duplicate.set(row.clone()).is_ok()),
        }
    }

    /// Opens a new session for a login, once. An OAuth secret is left to rudder-server, which refreshes it.
    pub(super) async fn renew(&mut self, expired: Arc<Fault>) {
        let access = &mut self.access;
        if self.is_renewed || access.credentials.is_oauth() {
            let error = Arc::new(AuthError::Expired(expired));
            return self.fail_all(&EventError::Authorisation(error));
        }
        self.is_renewed = true;
        self.deliveries.salesforce.renew(&access.session).await;
        match self
            .deliveries
            .salesforce
            .session(&access.credentials)
            .await
        {
            Ok(session) => access.session = session,
            Err(error) => self.fail_all(&EventError::Authorisation(error)),
        }
    }

    pub(super) fn conclude(&mut self, unit: usize, verdict: WriteResult) {
        let attempt = self.units[unit].job.attempt;
        let verdict = verdict.map_err(|error| error.at_attempt(attempt));
        if verdict.as_ref().is_err_and(EventError::is_retryable) {
            self.held.extend(self.user(unit));
        }
        self.states[unit] = UnitState::Done(verdict);
    }

    pub(super) fn fail_all(&mut self, error: &EventError) {
        for unit in self.pending() {
            self.conclude(unit, Err(error.clone()));
        }
    }
}
