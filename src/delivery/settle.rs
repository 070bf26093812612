//! Determines what the pending units write now, and to which records.

use super::{
    round::{Candidate, Subject, choose},
    worker::{UnitWrite, Worker},
};
use crate::{
    salesforce::{Found, Key, address::Address, headers::WriteHeaders},
    transform::{
        changes::ChangeDetail,
        error::EventError,
        resolve::{Resolved, Unresolved, resolve},
        target::{self, RecordId},
    },
};

/// The units of a write.
pub(super) struct Chosen<'f> {
    pub(super) units: Vec<usize>,
    /// The key of the record that it creates, if it creates one that has a key.
    pub(super) creates: Option<&'f Key>,
}

impl<'f> Worker<'f> {
    /// The units of each write of this round. The events of one record are merged into one write.
    pub(super) fn chosen(&mut self, found: &Found) -> Vec<Chosen<'f>> {
        let candidates = self.candidates(found);
        let chosen = choose(&candidates).into_iter();
        let creates = |units: &[usize]| {
            let first = units.first()?;
            let place = candidates.binary_search_by_key(first, |candidate| candidate.unit);
            let candidate = candidates.get(place.ok()?)?;
            let is_new = matches!(candidate.record, Subject::ForKey(_));
            (is_new && candidate.upserted_by.is_none()).then(|| self.key(*first))?
        };
        let chosen = chosen.map(|units| Chosen {
            creates: creates(&units),
            units,
        });
        chosen.collect()
    }

    /// The writes of this round.
    pub(super) fn writes<'p>(
        &mut self,
        chosen: Vec<Chosen<'f>>,
        found: &'p Found,
    ) -> Vec<UnitWrite<'p, 'f>>
    where
        'f: 'p,
    {
        let chosen = chosen.into_iter();
        chosen
            .filter_map(|chosen| self.write(chosen.units, found))
            .collect()
    }

    /// The pending units that can be written. The others get their results here.
    fn candidates(&mut self, found: &Found) -> Vec<Candidate<'f>> {
        let mut candidates = Vec::new();
        for (unit, waits) in self.pending_in_turn() {
            let candidate = match self.held_back(unit) {
                Some(error) => Err(error),
                None if waits => Ok(self.waiting(unit)),
                None => self.candidate(unit, found),
            };
            match candidate {
                Ok(candidate) => candidates.push(candidate),
                Err(error) => self.conclude(unit, Err(error)),
            }
        }
        candidates
    }

    /// Why a unit is not written now: an earlier event of its user will be sent again.
    fn held_back(&self, unit: usize) -> Option<EventError> {
        let user = self.user(unit);
        let is_held =
            self.units[unit].is_held() || user.is_some_and(|user| self.held.contains(user));
        is_held.then_some(EventError::Overtaking)
    }

    /// A unit that waits for another caller. Its record may not have been looked up.
    fn waiting(&self, unit: usize) -> Candidate<'f> {
        let job = &self.units[unit].job;
        let key = self.key(unit);
        Candidate {
            unit,
            user: self.user(unit),
            job: self.job(unit),
            record: key.map_or(Subject::New(unit), |key| {
                Subject::ForKey(key.folded().to_owned())
            }),
            upserted_by: None,
            has_field_names: job.has_field_names,
            headers: WriteHeaders::NONE,
            policies: self.deliveries.policies.of_fields(&job.destination.id),
            is_alone: self.is_alone(unit),
            waits: true,
        }
    }

    fn candidate(&self, unit: usize, found: &Found) -> Result<Candidate<'f>, EventError> {
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
            user: self.user(unit),
            job: self.job(unit),
            record,
            upserted_by,
            has_field_names: job.has_field_names,
            headers,
            policies: self.deliveries.policies.of_fields(&job.destination.id),
            is_alone: self.is_alone(unit),
            waits: false,
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
