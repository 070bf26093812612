//! Determines which record each pending unit writes, and which of its fields are written now.

use super::{
    round::{Candidate, Subject, choose},
    worker::{UnitWrite, Worker},
};
use crate::{
    salesforce::Found,
    transform::{
        error::EventError,
        plan::Plan,
        resolve::{Resolved, resolve},
    },
};

/// A unit that is ready to be written.
pub(super) struct Ready<'p> {
    unit: usize,
    resolved: Resolved<'p, 'p>,
}

impl<'f> Worker<'f> {
    /// Determines which record each pending unit writes, and its fields. A unit that cannot be written gets its result
    /// here.
    pub(super) fn ready<'p>(
        &mut self,
        plans: &'p [Result<Plan<'f>, EventError>],
        found: &'p Found,
    ) -> Vec<Ready<'p>>
    where
        'f: 'p,
    {
        let mut ready = Vec::new();
        for unit in self.pending() {
            let is_held = self.units[unit].is_held()
                || self.user(unit).is_some_and(|user| self.held.contains(user));
            let settled = if is_held {
                Err(EventError::Overtaking)
            } else {
                self.resolved(unit, plans, found)
            };
            match settled {
                Ok(resolved) => ready.push(Ready { unit, resolved }),
                Err(error) => self.conclude(unit, Err(error)),
            }
        }
        ready
    }

    fn resolved<'p>(
        &self,
        unit: usize,
        plans: &'p [Result<Plan<'f>, EventError>],
        found: &'p Found,
    ) -> Result<Resolved<'p, 'p>, EventError>
    where
        'f: 'p,
    {
        let plan = plans[unit].as_ref().map_err(Clone::clone)?;
        let destination = &self.units[unit].job.destination;
        let rules = &self.deliveries.rules;
        resolve(plan, self.record(unit), found, destination, rules)
    }

    /// Chooses what is written in this round and merges the events of one record. Values that the record already holds
    /// are left out.
    pub(super) fn chosen<'p>(&mut self, ready: Vec<Ready<'p>>) -> Vec<UnitWrite<'p>> {
        let candidates: Vec<_> = ready
            .iter()
            .enumerate()
            .map(|(place, ready)| self.candidate(place, ready))
            .collect();
        let chosen = choose(&candidates);
        let mut ready: Vec<Option<Ready<'p>>> = ready.into_iter().map(Some).collect();
        let mut writes = Vec::new();
        for places in chosen {
            let mut merged: Option<UnitWrite<'p>> = None;
            let ready = places.into_iter().filter_map(|place| ready[place].take());
            for Ready { unit, resolved } in ready {
                match &mut merged {
                    None => {
                        merged = Some(UnitWrite {
                            units: vec![unit],
                            resolved,
                        });
                    }
                    Some(write) => {
                        write.units.push(unit);
                        write.resolved.absorb(resolved);
                    }
                }
            }
            writes.extend(merged.and_then(|write| self.changing(write)));
        }
        writes
    }

    /// The write, reduced to the fields that change; `None` if no field changes, or if the org has no API call to spare
    /// for it.
    fn changing<'p>(&mut self, mut write: UnitWrite<'p>) -> Option<UnitWrite<'p>> {
        let limits = self.deliveries.salesforce.limits();
        let spares = limits.spares(self.access.session.instance());
        let verdict = match write
            .resolved
            .keep_changes(self.unchanged.as_mut(), Some(&spares))
        {
            Ok(()) => return Some(write),
            Err(EventError::Unchanged) => Ok(()),
            Err(error) => Err(error),
        };
        for unit in write.units {
            self.conclude(unit, verdict.clone());
        }
        None
    }

    fn candidate<'p>(&self, place: usize, ready: &Ready<'p>) -> Candidate<'f> {
        let unit = ready.unit;
        let record = match (ready.resolved.target.record(), self.key(unit)) {
            (Some(record), _) => Subject::Known(record),
            (None, Some(key)) => Subject::ForKey(key.folded().to_owned()),
            (None, None) => Subject::New(unit),
        };
        Candidate {
            place,
            user: self.user(unit),
            job: self.job(unit),
            record,
            are_fields: self.units[unit].job.are_fields,
            alone: self.is_alone(unit),
        }
    }
}
