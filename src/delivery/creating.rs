//! Waits for its turn to create a record (rule `one-create`): the proxy or another replica may be creating it.
//!
//! A lease is asked for after the lookup that has not found a record, and before its write. If another caller holds it, the unit
//! waits, and so do later units of its user and its record; everything else is written at once. If another caller has created the
//! record since the lookup began, the unit updates it. If that is not known, because a lease has ended without a result, the record
//! is looked up again first. While units wait, nothing is held and nothing is looked up for them.

use std::{collections::HashSet, mem, sync::Arc, time::Instant};

use super::{
    settle::Chosen,
    worker::{UnitWrite, Worker},
};
use crate::{
    salesforce::{
        Fault, Key,
        by_key::ByKey,
        collections::Written,
        creates::{CreateKey, CreatedRecord, Ending, Turn, Wish},
    },
    transform::error::EventError,
};

impl<'f> Worker<'f> {
    /// The pending units in order, and whether each has to wait for another caller, because of its own record or because of an
    /// earlier unit of its user or record.
    pub(super) fn pending_in_turn(&self) -> Vec<(usize, bool)> {
        let busy = &self.turns.busy;
        let (mut users, mut keys) = (HashSet::new(), HashSet::new());
        let waits = |unit: usize| {
            if busy.is_empty() {
                return (unit, false);
            }
            let (user, key) = (self.user(unit), self.key(unit));
            let waits = key.is_some_and(|key| busy.contains(key) || keys.contains(key))
                || user.is_some_and(|user| users.contains(user));
            if waits {
                users.extend(user);
                keys.extend(key);
            }
            (unit, waits)
        };
        self.pending().into_iter().map(waits).collect()
    }

    /// Asks again for the records that other callers were creating.
    pub(super) async fn ask_again(&mut self) {
        let busy = mem::take(&mut self.turns.busy);
        if !busy.is_empty() {
            self.begin(busy.into_iter().collect()).await;
        }
    }

    /// Chooses what is written in this round, and holds a lease for each record that it creates. Returns the fault if Salesforce no
    /// longer accepts the session.
    pub(super) async fn choose_in_turn(&mut self) -> Result<Vec<Chosen<'f>>, Arc<Fault>> {
        loop {
            let found = mem::take(&mut self.found);
            let chosen = self.chosen(&found);
            self.found = found;
            let new = chosen.iter().filter_map(|chosen| chosen.creates);
            let held = &mut self.turns.held;
            let keys: Vec<&Key> = new.filter(|key| !held.has(key)).collect();
            if keys.is_empty() || self.begin(keys).await {
                return Ok(chosen);
            }
            self.look_up().await?;
        }
    }

    /// Begins to create records. Returns whether all of them may be created at once.
    async fn begin(&mut self, keys: Vec<&'f Key>) -> bool {
        let Some(memory) = self.turns.held.memory() else {
            return true;
        };
        let (salesforce, access) = (&self.deliveries.salesforce, &self.access);
        let user = salesforce.creator(Some(&access.credentials), &access.session);
        let wish = |key: &&'f Key| Wish {
            key: CreateKey::new(user.clone(), Key::clone(key)),
            looked_up: self.asked.get(key).copied(),
        };
        let wishes: Vec<Wish> = keys.iter().map(wish).collect();
        let turns = memory.begin(wishes, salesforce.timeout()).await;
        let mut all_begun = true;
        for (key, turn) in keys.into_iter().zip(turns) {
            all_begun &= match turn {
                Ok(Turn::Begun {
                    lease,
                    must_look_up,
                }) => {
                    let name = CreateKey::new(user.clone(), key.clone());
                    self.turns.held.add(name, lease, must_look_up);
                    if must_look_up {
                        self.asked.remove(key);
                    }
                    !must_look_up
                }
                Ok(Turn::Created(record)) => {
                    self.found.created(key, record.id.clone());
                    self.asked.insert(key, Instant::now());
                    self.turns.by_others.insert(key, record);
                    false
                }
                Err(_) => {
                    self.turns.busy.insert(key);
                    false
                }
            };
        }
        all_begun
    }

    /// Ends the leases of this round by the results of its writes, and forgets the records that other callers have created but that
    /// are gone.
    pub(super) async fn end(&mut self, writes: &[UnitWrite<'_, 'f>], results: &[Written]) {
        let mut endings: ByKey<Ending> = ByKey::default();
        let mut gone = Vec::new();
        for (write, result) in writes.iter().zip(results) {
            let Some(key) = self.key(write.units[0]) else {
                continue;
            };
            let target = &write.resolved.target;
            let is_gone = |fault: &Fault| fault.is_about_a_stale_record();
            if target.address.creates() {
                endings.insert(key.clone(), ending(&target.object, result));
            } else if result.as_ref().is_err_and(is_gone) {
                gone.extend(self.turns.by_others.remove_entry(key));
            }
        }
        let ending_of = |key: &Key| endings.remove(key).unwrap_or(Ending::Failed);
        self.turns.held.end(ending_of).await;
        if let Some(memory) = self.turns.held.memory().filter(|_| !gone.is_empty()) {
            let (salesforce, access) = (&self.deliveries.salesforce, &self.access);
            let user = salesforce.creator(Some(&access.credentials), &access.session);
            for (key, record) in gone {
                let key = CreateKey::new(user.clone(), key.clone());
                memory.forget(&key, &record).await;
            }
        }
    }

    /// Fails the units that have waited for another caller for as long as a delivery may take.
    pub(super) fn fail_overdue(&mut self) {
        let most = self.deliveries.settings.delivery_timeout;
        for unit in self.pending() {
            let since = self.units[unit].waits_since;
            if since.is_some_and(|since| since.elapsed() > most) {
                self.conclude(unit, Err(EventError::BeingCreated));
            }
        }
    }
}

/// How a create of an object has ended.
fn ending(object: &str, result: &Written) -> Ending {
    match result {
        Ok(id) => Ending::Created(CreatedRecord {
            object: object.to_owned(),
            id: id.clone(),
        }),
        Err(fault) if fault.leaves_open() => Ending::Unsure,
        Err(_) => Ending::Failed,
    }
}
