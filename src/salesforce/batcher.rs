//! The micro-batcher collects the items that concurrent requests have for one key during a window, and hands them to
//! one task. Lookups are batched by user of an org, writes by org.

use std::{
    collections::{HashMap, hash_map::Entry},
    hash::Hash,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{
    sync::Notify,
    time::{Instant, timeout_at},
};

/// The items that gather for a key.
pub(crate) trait Gather: Default {
    /// The items that are handed over together.
    type Batch;
    /// The number of items that closes a window early.
    const MAX_ITEMS: usize;
    /// Whether a batch waits until the task has handled the previous one.
    const IS_SERIAL: bool;

    /// The number of gathered items.
    fn gathered(&self) -> usize;
    /// Takes the gathered items.
    fn take(&mut self) -> Self::Batch;
    /// Whether there are no gathered items and no state of earlier batches.
    fn is_idle(&self) -> bool;
}

/// The gathering items, by key. A key is present for as long as it has a task or is not idle.
#[derive(Debug)]
pub(crate) struct Batcher<K, G> {
    window: Duration,
    queues: Mutex<HashMap<K, Queue<G>>>,
}

#[derive(Debug)]
struct Queue<G> {
    items: G,
    /// When the first item arrived.
    since: Instant,
    full: Arc<Notify>,
    has_task: bool,
}

impl<K: Clone + Eq + Hash, G: Gather> Batcher<K, G> {
    /// Creates a batcher with this window. With a window of zero, items gather only until the task runs.
    pub(crate) fn new(window: Duration) -> Self {
        Self {
            window,
            queues: Mutex::default(),
        }
    }

    /// Changes the items that gather for a key. If the second value is true, the caller must start a task that calls
    /// [`Batcher::next`]: once, or, if batches are serial, until it returns `None`.
    pub(crate) fn update<R>(&self, key: &K, change: impl FnOnce(&mut G) -> R) -> (R, bool) {
        let mut queues = self.queues();
        let mut entry = match queues.entry(key.clone()) {
            Entry::Occupied(entry) => entry,
            Entry::Vacant(entry) => entry.insert_entry(Queue::new()),
        };
        let queue = entry.get_mut();
        let before = queue.items.gathered();
        let result = change(&mut queue.items);
        let needs_task = queue.changed(before);
        if queue.is_unused() {
            entry.remove();
        }
        (result, needs_task)
    }

    /// Waits until the window of a key closes, and takes its items. Returns `None` if there are none, and the task must
    /// then end.
    pub(crate) async fn next(&self, key: &K) -> Option<G::Batch> {
        let (closes, full) = self.open_window(key)?;
        // Skip a wait of zero length: it would still last until the timer's next millisecond.
        if !self.window.is_zero() {
            // The window closes at its deadline or when it is full; it does not matter which came first.
            let _ = timeout_at(closes, full.notified()).await;
        }
        let mut queues = self.queues();
        let queue = queues.get_mut(key)?;
        queue.has_task = G::IS_SERIAL;
        Some(queue.items.take())
    }

    /// When the window of a key closes; `None` if it has no items.
    fn open_window(&self, key: &K) -> Option<(Instant, Arc<Notify>)> {
        let mut queues = self.queues();
        let queue = queues.get_mut(key)?;
        if queue.items.gathered() > 0 {
            return Some((queue.since + self.window, Arc::clone(&queue.full)));
        }
        queue.has_task = false;
        if queue.is_unused() {
            queues.remove(key);
        }
        None
    }

    #[cfg(test)]
    pub(crate) fn is_empty(&self) -> bool {
        self.queues().is_empty()
    }

    fn queues(&self) -> MutexGuard<'_, HashMap<K, Queue<G>>> {
        self.queues.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<G: Gather> Queue<G> {
    fn new() -> Self {
        Self {
            items: G::default(),
            since: Instant::now(),
            full: Arc::default(),
            has_task: false,
        }
    }

    /// Notes that items were added; `before` is their previous number. Returns whether a task has to be started for
    /// them.
    fn changed(&mut self, before: usize) -> bool {
        let now = self.items.gathered();
        if before == 0 && now > 0 {
            self.since = Instant::now();
        }
        if before < G::MAX_ITEMS && now >= G::MAX_ITEMS {
            self.full.notify_one();
        }
        let needs_task = now > 0 && !self.has_task;
        self.has_task |= needs_task;
        needs_task
    }

    fn is_unused(&self) -> bool {
        !self.has_task && self.items.is_idle()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Default)]
    struct Numbers<const IS_SERIAL: bool>(Vec<u32>);

    impl<const IS_SERIAL: bool> Gather for Numbers<IS_SERIAL> {
        type Batch = Vec<u32>;
        const MAX_ITEMS: usize = 3;
        const IS_SERIAL: bool = IS_SERIAL;

        fn gathered(&self) -> usize {
            self.0.len()
        }

        fn take(&mut self) -> Vec<u32> {
            std::mem::take(&mut self.0)
        }

        fn is_idle(&self) -> bool {
            self.0.is_empty()
        }
    }

    fn add<const IS_SERIAL: bool>(
        batcher: &Batcher<&'static str, Numbers<IS_SERIAL>>,
        number: u32,
    ) -> bool {
        batcher.update(&"acme", |numbers| numbers.0.push(number)).1
    }

    #[tokio::test]
    async fn a_serial_task_takes_batch_after_batch_until_nothing_gathers() {
        let batcher = Batcher::<_, Numbers<true>>::new(Duration::ZERO);
        assert!(add(&batcher, 1));
        assert!(!add(&batcher, 2));
        assert_eq!(batcher.next(&"acme").await, Some(vec![1, 2]));
        assert!(!add(&batcher, 3), "the task is still there");
        assert_eq!(batcher.next(&"acme").await, Some(vec![3]));
        assert_eq!(batcher.next(&"acme").await, None);
        assert!(batcher.is_empty());
    }

    #[tokio::test]
    async fn a_batch_that_is_not_serial_has_a_task_of_its_own() {
        let batcher = Batcher::<_, Numbers<false>>::new(Duration::ZERO);
        assert!(add(&batcher, 1));
        assert_eq!(batcher.next(&"acme").await, Some(vec![1]));
        assert!(add(&batcher, 2));
        assert_eq!(batcher.next(&"acme").await, Some(vec![2]));
    }

    #[tokio::test]
    async fn a_window_that_is_full_closes_early() {
        let batcher = Batcher::<_, Numbers<true>>::new(Duration::from_hours(1));
        for number in 1..=3 {
            add(&batcher, number);
        }
        assert_eq!(batcher.next(&"acme").await, Some(vec![1, 2, 3]));
    }
}
