//! The last events, as the admin address shows them: what became of each, and why. No value of an event or a record is kept,
//! unless `ADMIN_SHOW_VALUES` asks for the events themselves.
//!
//! | module | what it is for |
//! |---|---|
//! | `noted` | reads the outcomes of a batch, and of a delivery for rudder-server |
//! | `kept` | an event that is kept, and its JSON |
//! | `ring` | the last events, in memory that is used again |
//! | `change_sets` | lists of changes that many events have in common |
//! | `faults` | counts what goes wrong, by code, object and field |
//! | `verdicts` | how many events had which verdict in each of the last minutes |
//! | `minutes` | what was counted in each of the last minutes |
//! | `filter` | which events somebody wants to see |
//! | `names` | names that many events share, and their shortening |

mod change_sets;
mod faults;
mod filter;
mod kept;
mod minutes;
mod names;
mod noted;
mod ring;
mod verdicts;

use std::{
    collections::HashSet,
    hash::{BuildHasher, RandomState},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{SystemTime, UNIX_EPOCH},
};

use serde_json::Value as JsonValue;
use tokio::sync::broadcast::{self, Receiver};

use self::{
    change_sets::ChangeSets, faults::FaultTable, names::Names, ring::Ring, verdicts::VerdictCounts,
};
pub(crate) use self::{
    faults::FaultGroup,
    filter::{Filter, FilterError},
    kept::KeptEvent,
    noted::PlannedWrite,
};
use crate::config::AdminSettings;

/// How many may watch at a time.
pub(crate) const MAX_WATCHERS: usize = 16;

/// How many events may wait for a watcher. A slower one loses events, and is told how many.
const MAX_WAITING: usize = 256;

/// How many events that a watcher has missed are shown to it.
const MAX_MISSED: u64 = 1_000;

/// The last events, what goes wrong, and those who watch.
#[derive(Debug)]
pub(crate) struct Events {
    state: Mutex<State>,
    live: broadcast::Sender<Arc<KeptEvent>>,
    /// Tells the events of this process from those of an earlier one.
    run: u32,
    shows_values: bool,
    clock: fn() -> SystemTime,
}

#[derive(Debug)]
struct State {
    ring: Ring,
    shared: Shared,
    faults: FaultTable,
    verdicts: VerdictCounts,
    /// The minute of the last events.
    minute: u64,
}

/// What the kept events have in common.
#[derive(Debug, Default)]
struct Shared {
    names: Names,
    changes: ChangeSets,
}

/// What a watcher begins with.
pub(crate) struct Watch {
    /// The events since the one that was seen last.
    pub(crate) missed: Vec<KeptEvent>,
    /// How many events since then are no longer kept.
    pub(crate) lost: u64,
    /// The events from now on.
    pub(crate) live: Receiver<Arc<KeptEvent>>,
}

impl Events {
    /// Keeps the last events that the settings ask for.
    #[must_use]
    pub(crate) fn new(settings: &AdminSettings) -> Self {
        // The process has no number of its own that is not used again.
        let run = RandomState::new()
            .hash_one(std::process::id())
            .to_le_bytes();
        let [a, b, c, d, ..] = run;
        Self {
            state: Mutex::new(State {
                ring: Ring::new(settings.events_kept),
                shared: Shared::default(),
                faults: FaultTable::default(),
                verdicts: VerdictCounts::default(),
                minute: 0,
            }),
            live: broadcast::Sender::new(MAX_WAITING),
            run: u32::from_le_bytes([a, b, c, d]),
            shows_values: settings.admin_show_values,
            clock: settings.clock,
        }
    }

    /// The time.
    #[must_use]
    pub(crate) fn now(&self) -> SystemTime {
        (self.clock)()
    }

    /// The time, in milliseconds since 1970.
    fn millis(&self) -> u64 {
        let now = self.now().duration_since(UNIX_EPOCH).unwrap_or_default();
        u64::try_from(now.as_millis()).unwrap_or(u64::MAX)
    }

    /// The kept events that fit, the newest first, as many as are wanted, and how many fit.
    #[must_use]
    pub(crate) fn list(&self, filter: &Filter) -> (Vec<KeptEvent>, usize) {
        let state = self.lock();
        let fitting = || state.ring.newest_first().filter(|event| filter.fits(event));
        let wanted = fitting().take(filter.most()).cloned().collect();
        (wanted, fitting().count())
    }

    /// The kept events of a message, and the deliveries of their jobs, the newest first.
    #[must_use]
    pub(crate) fn of_message(&self, message: &str) -> Vec<KeptEvent> {
        let message = names::shortened(message, names::MAX_MESSAGE);
        let state = self.lock();
        let is_of_message = |event: &&KeptEvent| event.message().as_deref() == Some(&*message);
        let job = |event: &KeptEvent| Some((event.job?, event.destination.clone()));
        let events = state.ring.newest_first().filter(is_of_message);
        let jobs: HashSet<_> = events.filter_map(job).collect();
        let is_delivery = |event: &KeptEvent| {
            event.is_delivery() && job(event).is_some_and(|job| jobs.contains(&job))
        };
        let wanted = state.ring.newest_first();
        let wanted = wanted.filter(|event| is_of_message(event) || is_delivery(event));
        wanted.cloned().collect()
    }

    /// What goes wrong, the latest first.
    #[must_use]
    pub(crate) fn faults(&self) -> Vec<FaultGroup> {
        let (now, mut state) = (self.millis(), self.lock());
        state.count_changes();
        state.faults.latest_first(now)
    }

    /// How many events had which verdict in each of the last 60 minutes, the oldest first.
    #[must_use]
    pub(crate) fn counts(&self) -> Vec<JsonValue> {
        let now = self.millis();
        // Events wait for the copy alone, not for its JSON.
        let minutes = self.lock().verdicts.until(now);
        verdicts::json(&minutes)
    }

    /// Begins to watch; `None` if [`MAX_WATCHERS`] watch already. `seen` is the id of the event that was seen last, if there is one.
    /// Whoever comes from another process, which may be this service before its restart, has seen nothing of this one.
    #[must_use]
    pub(crate) fn watch(&self, seen: Option<&str>) -> Option<Watch> {
        // The lock is held, so that no event is missed or seen twice.
        let state = self.lock();
        if self.live.receiver_count() >= MAX_WATCHERS {
            return None;
        }
        let live = self.live.subscribe();
        let last = state.ring.last();
        let seen = seen.and_then(|id| self.sequence(id)).unwrap_or(last);
        let shown = seen.max(last.saturating_sub(MAX_MISSED));
        let missed: Vec<_> = state.ring.since(shown).cloned().collect();
        let first = missed.first().map_or(last + 1, |event| event.sequence);
        Some(Watch {
            missed,
            lost: first.saturating_sub(seen.saturating_add(1)),
            live,
        })
    }

    /// How many events of this process have been answered up to the one with this id: none, if the id is another process's;
    /// `None` if the text is no id.
    fn sequence(&self, id: &str) -> Option<u64> {
        let (run, sequence) = id.split_once('-')?;
        let run = u32::from_str_radix(run, 16).ok()?;
        let sequence = sequence.parse().ok()?;
        Some(if run == self.run { sequence } else { 0 })
    }

    /// The id of an event.
    #[must_use]
    pub(crate) fn id(&self, event: &KeptEvent) -> String {
        format!("{:08x}-{}", self.run, event.sequence)
    }

    /// Ignores poisoning: whatever a panic has left there is an event or none.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Begins with events that are answered at this time. Changes are counted in the minute in which they were seen, so those of
    /// an earlier minute are counted before the next one begins.
    fn begin(&mut self, millis: u64) {
        let minute = minutes::minute(millis);
        if self.minute != minute {
            self.count_changes();
            self.minute = minute;
        }
    }

    /// Counts the changes to events that were seen and are not counted yet.
    fn count_changes(&mut self) {
        for set in self.shared.changes.counted() {
            self.faults.count_changes(&set);
        }
    }
}
