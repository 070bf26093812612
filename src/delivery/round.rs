//! Selects which pending writes go together and which have to wait. The events of one user keep their order, and so do
//! the events of one record.

use std::collections::{HashMap, HashSet};

use crate::{
    config::FieldPolicies,
    salesforce::{Key, headers::WriteHeaders},
    transform::target::RecordId,
};

/// The record that a unit writes. It does not implement `Debug`, because a key contains an e-mail address.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) enum Subject {
    /// An existing record.
    Known(RecordId),
    /// The record that is created for a key.
    ForKey(String),
    /// A new record for this unit only.
    New(usize),
}

/// A unit that is waiting to be written.
pub(super) struct Candidate<'u> {
    /// The index of the unit.
    pub(super) unit: usize,
    /// The user whose events keep their order.
    pub(super) user: Option<&'u str>,
    /// The job that it belongs to. The parts of one job may be written in any order.
    pub(super) job: usize,
    /// The record that it writes.
    pub(super) record: Subject,
    /// The external id by which it is upserted. Two keys that are alike may mean one record or two, and Salesforce refuses a call
    /// that names a record twice; so they are neither merged nor written at once.
    pub(super) upserted_by: Option<&'u Key>,
    /// Whether its traits are Salesforce field names already. Such units are not merged with others, because one field
    /// might then occur under two names.
    pub(super) has_field_names: bool,
    /// The headers that its destination asks for. Units with different ones are not merged.
    pub(super) headers: WriteHeaders,
    /// What its destination's policies say about fields. Units with different ones are not merged.
    pub(super) policies: FieldPolicies,
    /// Whether it is written alone, because Salesforce has refused it together with others.
    pub(super) is_alone: bool,
    /// Whether it waits until another caller has created its record.
    pub(super) waits: bool,
}

/// Chooses what is written in one round. Each list holds the indices of the units for one record, in order. The
/// first candidate is always chosen, unless it waits for another caller.
///
/// No unit overtakes an earlier one. A unit waits if an earlier unit of its user writes another record in this round,
/// or if an earlier unit of its user or its record is waiting.
pub(super) fn choose(candidates: &[Candidate<'_>]) -> Vec<Vec<usize>> {
    let mut round = Round::default();
    for candidate in candidates {
        let write = round.place(candidate).filter(|_| !candidate.waits);
        match write {
            Some(write) => round.take(candidate, write),
            None => round.leave(candidate),
        }
    }
    round.writes
}

#[derive(Default)]
struct Round<'c> {
    writes: Vec<Vec<usize>>,
    by_record: HashMap<&'c Subject, (usize, &'c Candidate<'c>)>,
    by_user: HashMap<&'c str, Vec<(usize, usize)>>,
    waiting_records: HashSet<&'c Subject>,
    waiting_users: HashSet<&'c str>,
}

impl<'c> Round<'c> {
    /// The index of the write that a candidate joins, or of a new write; `None` if the candidate has to wait.
    fn place(&self, candidate: &Candidate<'c>) -> Option<usize> {
        let write = match self.by_record.get(&candidate.record) {
            None => self.writes.len(),
            Some((write, first)) => {
                let is_shared = !candidate.is_alone
                    && !first.is_alone
                    && candidate.upserted_by == first.upserted_by
                    && candidate.has_field_names == first.has_field_names
                    && candidate.headers == first.headers
                    && candidate.policies == first.policies;
                is_shared.then_some(*write)?
            }
        };
        let keeps_order = |user: &str| {
            let written = self.by_user.get(user).map_or(&[][..], Vec::as_slice);
            let mut written = written.iter();
            !self.waiting_users.contains(user)
                && written.all(|(other, job)| *other == write || *job == candidate.job)
        };
        let waits = self.waiting_records.contains(&candidate.record)
            || !candidate.user.is_none_or(keeps_order);
        (!waits).then_some(write)
    }

    fn take(&mut self, candidate: &'c Candidate<'c>, write: usize) {
        if write == self.writes.len() {
            self.writes.push(Vec::new());
            self.by_record.insert(&candidate.record, (write, candidate));
        }
        self.writes[write].push(candidate.unit);
        if let Some(user) = candidate.user {
            let written = self.by_user.entry(user).or_default();
            written.push((write, candidate.job));
        }
    }

    fn leave(&mut self, candidate: &'c Candidate<'c>) {
        self.waiting_records.insert(&candidate.record);
        self.waiting_users.extend(candidate.user);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{config::Config, json::value};

    fn policies() -> FieldPolicies {
        let config = Config::from_flags([""; 0]).unwrap();
        config.policies().of_fields("dst-1")
    }

    fn candidate(unit: usize, user: &'static str, record: &str) -> Candidate<'static> {
        Candidate {
            unit,
            user: Some(user).filter(|user| !user.is_empty()),
            job: unit,
            record: Subject::Known(RecordId::new("Lead", record)),
            upserted_by: None,
            has_field_names: false,
            headers: WriteHeaders::NONE,
            policies: policies(),
            is_alone: false,
            waits: false,
        }
    }

    #[test]
    fn events_of_one_record_are_one_write_and_others_go_beside_it() {
        let candidates = [
            candidate(0, "ada", "A"),
            candidate(1, "bob", "B"),
            candidate(2, "ada", "A"),
        ];
        assert_eq!(choose(&candidates), [vec![0, 2], vec![1]]);
    }

    #[test]
    fn a_users_event_for_another_record_waits_for_the_earlier_one() {
        let candidates = [
            candidate(0, "ada", "A"),
            candidate(1, "ada", "B"),
            candidate(2, "ada", "A"),
        ];
        assert_eq!(choose(&candidates), [vec![0]]);
    }

    #[test]
    fn an_event_waits_where_an_earlier_one_of_its_record_waits() {
        let candidates = [
            candidate(0, "ada", "A"),
            candidate(1, "ada", "B"),
            candidate(2, "bob", "B"),
        ];
        assert_eq!(choose(&candidates), [vec![0]]);
    }

    #[test]
    fn the_parts_of_one_job_go_side_by_side() {
        let second = Candidate {
            job: 0,
            ..candidate(1, "ada", "B")
        };
        assert_eq!(
            choose(&[candidate(0, "ada", "A"), second]),
            [vec![0], vec![1]]
        );
    }

    #[test]
    fn what_was_refused_in_company_goes_alone_and_in_order() {
        let alone = |unit, user| Candidate {
            is_alone: true,
            ..candidate(unit, user, "A")
        };
        assert_eq!(
            choose(&[alone(0, "ada"), alone(1, "bob"), candidate(2, "eve", "A")]),
            [vec![0]]
        );
    }

    #[test]
    fn what_waits_for_another_caller_holds_back_its_user_and_its_record_only() {
        let waits = Candidate {
            waits: true,
            ..candidate(0, "ada", "A")
        };
        let candidates = [
            waits,
            candidate(1, "ada", "B"),
            candidate(2, "bob", "A"),
            candidate(3, "eve", "C"),
        ];
        assert_eq!(choose(&candidates), [vec![3]]);
    }

    #[test]
    fn mapped_traits_and_fields_are_not_merged() {
        let fields = Candidate {
            has_field_names: true,
            ..candidate(1, "bob", "A")
        };
        assert_eq!(choose(&[candidate(0, "ada", "A"), fields]), [vec![0]]);
    }

    #[test]
    fn external_ids_that_differ_in_letter_case_are_not_written_at_once() {
        let keys = [r#""A1""#, r#""a1 ""#, r#""a2""#];
        let keys = keys.map(|id| Key::new("Lead", "Ext__c", value(id)).unwrap());
        let upsert = |unit: usize, key: usize| Candidate {
            record: Subject::ForKey(keys[key].alike()),
            upserted_by: Some(&keys[key]),
            ..candidate(unit, "", "")
        };
        let candidates = [upsert(0, 0), upsert(1, 1), upsert(2, 2), upsert(3, 2)];
        assert_eq!(choose(&candidates), [vec![0], vec![2, 3]]);
    }

    #[test]
    fn an_id_is_the_same_with_and_without_its_checksum() {
        let (short, long) = ("00Q5g0000000001", "00Q5g0000000001EAA");
        assert_eq!(RecordId::new("lead", short), RecordId::new("Lead", long));
    }

    proptest! {
        #[test]
        fn round_after_round_everything_is_written_once_and_nothing_overtakes(
            events in prop::collection::vec((0..4usize, 0..4usize, any::<bool>()), 1..30)
        ) {
            const NAMES: [&str; 4] = ["", "ada", "bob", "eve"];
            let of = |unit: usize| {
                let (user, record, is_alone) = events[unit];
                Candidate { is_alone, ..candidate(unit, NAMES[user], NAMES[record]) }
            };
            let mut pending: Vec<usize> = (0..events.len()).collect();
            // The round and the write that each unit belongs to.
            let mut done = vec![(0, 0); events.len()];
            for round in 1.. {
                if pending.is_empty() {
                    break;
                }
                let candidates: Vec<_> = pending.iter().map(|unit| of(*unit)).collect();
                let writes = choose(&candidates);
                prop_assert!(writes.iter().flatten().any(|unit| *unit == pending[0]));
                for (number, write) in writes.iter().enumerate() {
                    prop_assert!(write.is_sorted());
                    for unit in write {
                        prop_assert_eq!(done[*unit], (0, 0));
                        done[*unit] = (round, number);
                    }
                }
                pending.retain(|unit| done[*unit] == (0, 0));
            }
            for later in 0..events.len() {
                for earlier in 0..later {
                    let same_user = events[earlier].0 == events[later].0 && events[later].0 != 0;
                    let same_record = events[earlier].1 == events[later].1;
                    if same_user || same_record {
                        prop_assert!(done[earlier].0 < done[later].0 || done[earlier] == done[later]);
                    }
                }
            }
        }
    }
}
