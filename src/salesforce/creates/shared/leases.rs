//! Leases: they are asked for, renewed and ended.

use std::time::{Duration, Instant};

use futures_util::future::{FutureExt, join_all};
use tokio::time::sleep;

use super::{
    DELAY, Instance, START_WITHIN, Shared, by_org,
    entries::{BEGIN, END, Granted, RENEW, Step, ending},
};
use crate::{
    salesforce::creates::memory::{
        Busy, CreateKey, CreateMemory, Ended, Ending, Lease, SharedLease, Turn, Wish,
    },
    shared_state::Arg,
};

/// The first and the longest pause before it is asked again whether another process still creates a record.
const PAUSES: (Duration, Duration) = (Duration::from_millis(25), Duration::from_millis(250));

impl Shared {
    pub(super) async fn begin_all(
        &self,
        wishes: Vec<Wish>,
        timeout: Duration,
    ) -> Vec<Result<Turn, Busy>> {
        let turns = self.local.begin(wishes.clone(), timeout).await;
        let mut decided: Vec<Option<Result<Turn, Busy>>> = Vec::with_capacity(turns.len());
        let mut begun = Vec::new();
        for (place, turn) in turns.into_iter().enumerate() {
            decided.push(match turn {
                Ok(Turn::Begun {
                    lease,
                    must_look_up,
                }) => {
                    begun.push((place, lease, must_look_up));
                    None
                }
                turn @ (Ok(Turn::Created(_)) | Err(_)) => Some(turn),
            });
        }
        for (org, begun) in by_org(begun, |(place, _, _)| wishes[*place].key.org()) {
            let of_org = begun.iter().map(|(place, _, _)| &wishes[*place]);
            let (shared, answers) = self.grants(&org, timeout, of_org).await;
            let mut answers = answers.into_iter().flatten();
            for (place, mut lease, must_look_up) in begun {
                lease.shared = Some(shared.clone());
                let key = wishes[place].key.clone();
                let turn = self.turn(key, lease, must_look_up, answers.next());
                decided[place] = Some(turn.await);
            }
        }
        decided.into_iter().flatten().collect()
    }

    /// What the store answers to those who have the turn in this process, and the lease that it grants them; no answer if it is away.
    async fn grants<'w>(
        &self,
        org: &Instance,
        timeout: Duration,
        wishes: impl Iterator<Item = &'w Wish>,
    ) -> (SharedLease, Option<Vec<Granted>>) {
        let asked = Instant::now();
        let mut lease = SharedLease {
            token: self.token(),
            timeout,
            starts_until: None,
        };
        let beginnings = self.entries.0.beginnings();
        let Some((epoch, granted)) = self.ask_for(org, &lease, wishes).await else {
            self.marks.note_alone(org);
            return (lease, None);
        };
        self.marks.is_shared(org, epoch, beginnings);
        lease.starts_until = Some(asked + START_WITHIN);
        (lease, Some(granted))
    }

    /// Asks the store for a lease. Returns the epoch of the org's mark, and the answer to each wish; `None` if the store is away.
    pub(super) async fn ask_for<'w>(
        &self,
        org: &Instance,
        lease: &SharedLease,
        wishes: impl Iterator<Item = &'w Wish>,
    ) -> Option<(String, Vec<Granted>)> {
        let mark = self.marks.of(org);
        let head = vec![
            Arg::from(mark.epoch.as_deref().unwrap_or("-")),
            Arg::from(&*lease.token),
            Arg::from(i64::from(mark.is_alone(self.entries.0.beginnings()))),
            Arg::from(&*lease.token),
            Arg::from(lease.length()),
            Arg::from(self.rest),
        ];
        let age = |wish: &Wish| match wish.looked_up {
            Some(asked) => Arg::from(asked.elapsed() + DELAY),
            None => Arg::from(-1_i64),
        };
        let entries = wishes.map(|wish| (&wish.key, Some(age(wish))));
        let step = Step::new(&BEGIN, head, entries);
        let (epoch, answers) = self.entries.run_marked(org, &step).await?;
        let granted = answers.iter().map(|answer| Granted::read(answer));
        Some((epoch, granted.collect::<Option<_>>()?))
    }

    /// The turn of a caller who holds the lease in this process, by the answer of the store.
    async fn turn(
        &self,
        key: CreateKey,
        lease: Lease,
        must_look_up: bool,
        granted: Option<Granted>,
    ) -> Result<Turn, Busy> {
        let must_look_up = match granted {
            None | Some(Granted::Begun) => must_look_up,
            Some(Granted::Unsure) => true,
            Some(Granted::Busy) => {
                self.local.give_back(&key, lease);
                return Err(self.ends(key));
            }
            Some(Granted::Created(record)) => {
                let ending = Ending::Created(record.clone());
                self.local.end(vec![Ended { key, lease, ending }]).await;
                return Ok(Turn::Created(record));
            }
        };
        Ok(Turn::Begun {
            lease,
            must_look_up,
        })
    }

    /// Waits until another process no longer creates a record, or the store is away.
    fn ends(&self, key: CreateKey) -> Busy {
        let entries = self.entries.clone();
        let ends = async move {
            let mut pause = PAUSES.0;
            loop {
                sleep(pause).await;
                if entries.state_of(&key).await.as_deref() != Some("H") {
                    return;
                }
                pause = (pause * 2).min(PAUSES.1);
            }
        };
        ends.boxed()
    }

    pub(super) async fn renew_all(&self, leases: Vec<(&CreateKey, &mut Lease)>) -> bool {
        let now = Instant::now();
        let mut shared = Vec::new();
        for (key, lease) in leases {
            // One of which the store does not know is not lost.
            let lease = lease.shared.as_mut();
            if let Some(lease) = lease.filter(|lease| lease.starts_until.is_some()) {
                shared.push((key, lease));
            }
        }
        for (org, leases) in by_org(shared, |(key, _)| key.org()) {
            let longest = leases.iter().map(|(_, lease)| lease.length()).max();
            let head = vec![Arg::from(longest.unwrap_or_default()), Arg::from(self.rest)];
            let tokens = leases
                .iter()
                .map(|(key, lease)| (*key, Some(Arg::from(&*lease.token))));
            let step = Step::new(&RENEW, head, tokens);
            let answers = self.entries.run(&org, &step).await;
            let are_ours = |answers: Vec<String>| answers.iter().all(|answer| answer == "1");
            if !answers.is_some_and(are_ours) {
                return false;
            }
            for (_, lease) in leases {
                lease.starts_until = Some(now + START_WITHIN);
            }
        }
        true
    }

    /// Ends creates for the other processes first, because whoever waits in this one asks them next. While the store is away, its
    /// leases expire by themselves.
    pub(super) async fn end_all(&self, ended: Vec<Ended>) {
        let all = by_org(ended.iter().collect(), |ended: &&Ended| ended.key.org());
        let ends = all.iter().map(|(org, ended)| async move {
            let entries = ended.iter().map(|ended| (&ended.key, Some(ending(ended))));
            let step = Step::new(&END, vec![Arg::from(self.rest)], entries);
            self.entries.run(org, &step).await
        });
        join_all(ends).await;
        self.local.end(ended).await;
    }
}

impl SharedLease {
    /// How long the lease lasts.
    fn length(&self) -> Duration {
        self.timeout.saturating_add(START_WITHIN)
    }
}
