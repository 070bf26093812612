//! Determines what the pending units write now, and to which records.

use super::{
    round::{Candidate, Subject, choose},
    worker::{UnitWrite, Worker},
};
use crate::{
    salesforce::{Found, address::Address},
    transform::{
        changes::ChangeDetail,
        error::EventError,
        resolve::{Resolved, Unresolved, resolve},
        target::{self, RecordId},
    },
};

impl<'f> Worker<'f> {
    /// The writes of this round. The events of one record are merged into one write.
    pub(super) fn writes<'p>(&mut self, found: &'p Found) -> Vec<UnitWrite<'p, 'f>>
    where
        'f: 'p,
    {
        let chosen = choose(&self.candidates(found)).into_iter();
        chosen
            .filter_map(|units| self.write(units, found))
            .collect()
    }

    /// The pending units that can be written. The others get their results here.
    fn candidates(&mut self, found: &Found) -> Vec<Candidate<'f>> {
        let mut candidates = Vec::new();
        for unit in self.pending() {
            match self.candidate(unit, found) {
                Ok(candidate) => candidates.push(candidate),
                Err(error) => self.conclude(unit, Err(error)),
            }
        }
        candidates
    }

    fn candidate(&self, unit: usize, found: &Found) -> Result<Candidate<'f>, EventError> {
        let user = self.user(unit);
        if self.units[unit].is_held() || user.is_some_and(|user| self.held.contains(user)) {
            return Err(EventError::Overtaking);
        }
        let (job, rules) = (&self.units[unit].job, self.deliveries.rules());
        let (record, duplicate) = (self.record(unit), self.duplicate(unit));
        let target = target::settle(record, duplicate, found, &job.destination, rules)?;
        let headers = self.headers(unit, &target);
        let (record, upserted_by) = match (&target.address, self.key(unit)) {
            (Address::Id(id), _) => (Subject::Known(RecordId::new(&target.object, id)), None),
            (Address::ExternalId(key), _) => (Subject::ForKey(key.alike()), self.key(unit)),
            (Address::New, Some(key)) => (Subject::ForKey(key.folded().to_owned()), None),
            (Address::New, None) => (Subject::New(unit), None),
        };
        Ok(Candidate {
            unit,
            user,
            job: self.job(unit),
            record,
            upserted_by,
            has_field_names: job.has_field_names,
            headers,
            policies: self.deliveries.policies.of_fields(&job.destination.id),
            is_alone: self.is_alone(unit),
        })
    }

    /// What the units write to their record; `None` if there is nothing to write, or if it cannot be written now.
    fn write<'p>(&mut self, units: Vec<usize>, found: &'p Found) -> Option<UnitWrite<'p, 'f>>
    where
        'f: 'p,
    {
        let error = match self.resolved(&units, found) {
            Ok(resolved) => return Some(UnitWrite { units, resolved }),
            Err(EventError::Unchanged) => {
                for unit in units {
                    let changes = self.own_changes(unit, found).unwrap_or_default();
                    self.conclude(unit, Ok(changes));
                }
                return None;
            }
            // The fields of one of the events cannot be mapped. Alone, each gets its own result.
            Err(error) if units.len() > 1 && !matches!(error, EventError::Reserved(_)) => {
                for unit in units {
                    self.set_alone(unit);
                }
                return None;
            }
            Err(error) => error,
        };
        for unit in units {
            self.conclude(unit, Err(error.clone()));
        }
        None
    }

    fn resolved<'p>(
        &mut self,
        units: &[usize],
        found: &'p Found,
    ) -> Result<Resolved<'p, 'f>, EventError>
    where
        'f: 'p,
    {
        let events: Vec<_> = units.iter().map(|unit| self.unresolved(*unit)).collect();
        let mut events = events.into_iter();
        let first = events.next().ok_or(EventError::Unchanged)?;
        let limits = self.deliveries.salesforce.limits();
        let spares = Some(&limits.spares(self.access.session.instance()));
        let (rules, unchanged) = (self.deliveries.rules(), self.unchanged.as_mut());
        resolve(&first, events, found, rules, unchanged, spares)
    }

    /// What a unit writes, before its record is known.
    pub(super) fn unresolved(&self, unit: usize) -> Unresolved<'f, 'f> {
        Unresolved {
            traits: &self.traits[unit],
            record: self.record(unit),
            duplicate: self.duplicate(unit),
            destination: &self.units[unit].job.destination,
            detail: ChangeDetail::Everything,
            refused: self.known_refusals(unit),
        }
    }
}
