//! Has each part of a job written by one replica. A request's jobs are claimed before they join their window; what another replica is
//! writing is waited for.

use std::{collections::HashSet, sync::Arc, time::Duration};

use tokio::time::{Instant, sleep_until};

use super::{Deliveries, claims::PartTurn, job::Unit, memory::WriteResult, written::PartId};
use crate::{
    salesforce::session::Instance,
    transform::{changes::NotedChanges, error::EventError},
};

/// The first and the longest pause before it is asked again what another replica is writing.
const PAUSES: (Duration, Duration) = (Duration::from_millis(25), Duration::from_millis(250));

impl Deliveries {
    /// Claims units of an org, and adds them to its window: at once, or when no other replica is writing them. What was written gets
    /// its result, and what is not decided within `DELIVERY_TIMEOUT` fails.
    pub(super) async fn gather_claimed(self: Arc<Self>, org: Instance, mut units: Vec<Unit>) {
        let timeout = self.settings.delivery_timeout;
        let deadline = Instant::now() + timeout;
        let mut pause = PAUSES.0;
        loop {
            let unclaimed = units.iter().filter(|unit| unit.claim.is_none());
            let parts: Vec<PartId> = unclaimed.filter_map(|unit| unit.part).collect();
            let turns = self.claims.claim(&org, &parts).await;
            let (ready, waiting) = self.sorted(units, turns);
            if !ready.is_empty() {
                self.add(&org, ready);
            }
            if waiting.is_empty() {
                return;
            }
            let next = Instant::now() + pause;
            if next >= deadline {
                let late = waiting.iter().map(|_| Err(EventError::NotInTime(timeout)));
                let late = late.collect();
                return self.finish(waiting, late).await;
            }
            sleep_until(next).await;
            pause = (pause * 2).min(PAUSES.1);
            units = waiting;
        }
    }

    /// The units that can be written now, and those that wait for another replica, or for an earlier unit of their user that does.
    /// `turns` are those of the parts without a claim.
    fn sorted(&self, units: Vec<Unit>, turns: Vec<PartTurn>) -> (Vec<Unit>, Vec<Unit>) {
        let (mut ready, mut waiting) = (Vec::with_capacity(units.len()), Vec::new());
        let mut waiting_users: HashSet<String> = HashSet::new();
        let mut turns = turns.into_iter();
        for mut unit in units {
            let has_turn = unit.part.is_some() && unit.claim.is_none();
            let turn = if has_turn { turns.next() } else { None };
            let is_theirs = matches!(turn, Some(PartTurn::Theirs));
            match turn {
                Some(PartTurn::Written) => {
                    self.answer(unit, Ok(NotedChanges::default()));
                    continue;
                }
                Some(PartTurn::Ours(claim)) => unit.claim = Some(claim),
                Some(PartTurn::Theirs) | None => {}
            }
            let user = unit.job.user.as_ref();
            if is_theirs || user.is_some_and(|user| waiting_users.contains(user)) {
                waiting_users.extend(user.cloned());
                waiting.push(unit);
            } else {
                ready.push(unit);
            }
        }
        (ready, waiting)
    }

    /// Remembers the results of units of one org at all replicas, then answers their callers.
    pub(super) async fn finish(&self, units: Vec<Unit>, verdicts: Vec<WriteResult>) {
        let ended = units.iter().zip(&verdicts);
        let ended =
            ended.filter_map(|(unit, verdict)| Some((unit.claim.as_ref()?, verdict.is_ok())));
        self.claims.finish(ended).await;
        for (unit, verdict) in units.into_iter().zip(verdicts) {
            self.answer(unit, verdict);
        }
    }

    /// Remembers the result of a unit in this process, and answers its callers.
    fn answer(&self, unit: Unit, verdict: WriteResult) {
        if let Some(part) = unit.part {
            self.memory.finished(part, &verdict);
        }
        // Sending fails only if the caller has disconnected, and then nobody needs the result.
        let _ = unit.done.send(verdict);
    }
}
