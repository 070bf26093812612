//! Which record each pending unit writes, and what of it is written now.

use super::{
    flush::{Worker, Write},
    round::{Candidate, Subject, choose},
};
use crate::{
    salesforce::Found,
    transform::{
        error::EventError,
        mapping::{self, Fields},
        plan::Plan,
        target::{self, Target},
    },
};

/// A unit that is ready to be written.
pub(super) struct Ready<'p> {
    unit: usize,
    target: Target<'p>,
    fields: Fields<'p>,
}

impl<'f> Worker<'f> {
    /// Settles which record each pending unit writes, and what. A unit that cannot be written has its verdict.
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
                self.settled(unit, plans, found)
            };
            match settled {
                Ok((target, fields)) => ready.push(Ready {
                    unit,
                    target,
                    fields,
                }),
                Err(error) => self.conclude(unit, Err(error)),
            }
        }
        ready
    }

    fn settled<'p>(
        &self,
        unit: usize,
        plans: &'p [Result<Plan<'f>, EventError>],
        found: &'p Found,
    ) -> Result<(Target<'p>, Fields<'p>), EventError>
    where
        'f: 'p,
    {
        let (plan, record) = (
            plans[unit].as_ref().map_err(Clone::clone)?,
            self.record(unit),
        );
        let (destination, rules) = (&self.units[unit].job.destination, &self.room.rules);
        let target = target::settle(record, found, destination, rules)?;
        let fields = mapping::fields(plan, record, &target, destination, rules)?;
        Ok((target, fields))
    }

    /// Chooses what is written in this round, the events of one record merged. What the record holds already is left out.
    pub(super) fn chosen<'p>(&mut self, ready: Vec<Ready<'p>>) -> Vec<Write<'p>> {
        let candidates: Vec<_> = ready
            .iter()
            .enumerate()
            .map(|(place, ready)| self.candidate(place, ready))
            .collect();
        let chosen = choose(&candidates);
        let mut ready: Vec<Option<Ready<'p>>> = ready.into_iter().map(Some).collect();
        let mut writes = Vec::new();
        for places in chosen {
            let mut merged: Option<Write<'p>> = None;
            for Ready {
                unit,
                target,
                fields,
            } in places.into_iter().filter_map(|place| ready[place].take())
            {
                match &mut merged {
                    None => {
                        merged = Some(Write {
                            units: vec![unit],
                            target,
                            fields,
                        });
                    }
                    Some(write) => {
                        write.units.push(unit);
                        write.fields.absorb(fields);
                    }
                }
            }
            writes.extend(merged.and_then(|write| self.changing(write)));
        }
        writes
    }

    /// The write with what it has to change; `None` where that is nothing, or the org has no call to spare for it.
    fn changing<'p>(&mut self, mut write: Write<'p>) -> Option<Write<'p>> {
        write.fields.fill_placeholders();
        let changes = !self.room.settings.skip_unchanged
            || self.unchanged.reduce(&write.target, &mut write.fields);
        let (limits, org) = (
            self.room.salesforce.limits(),
            self.access.session.instance(),
        );
        let verdict = match limits.spares(org).write(write.target.id.is_none()) {
            _ if !changes => Ok(()),
            Ok(()) => return Some(write),
            Err(reserved) => Err(EventError::Reserved(reserved)),
        };
        for unit in write.units {
            self.conclude(unit, verdict.clone());
        }
        None
    }

    fn candidate<'p>(&self, place: usize, ready: &Ready<'p>) -> Candidate<'f> {
        let unit = ready.unit;
        let record = match (ready.target.record(), self.key(unit)) {
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
