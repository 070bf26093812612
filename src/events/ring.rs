//! The last events, in memory that is used again.

use std::collections::VecDeque;

use super::{kept::KeptEvent, names::Names};

/// The last events, the oldest first.
#[derive(Debug)]
pub(super) struct Ring {
    events: VecDeque<KeptEvent>,
    most: usize,
    /// The number of the last event.
    last: u64,
    pub(super) names: Names,
}

impl Ring {
    /// Keeps `most` events, at least one.
    pub(super) fn new(most: usize) -> Self {
        Self {
            events: VecDeque::new(),
            most: most.max(1),
            last: 0,
            names: Names::default(),
        }
    }

    /// Adds an event, which `fill` writes over an old one.
    pub(super) fn push(&mut self, fill: impl FnOnce(&mut KeptEvent, &mut Names)) -> &KeptEvent {
        let old = if self.events.len() < self.most {
            None
        } else {
            self.events.pop_front()
        };
        let mut event = old.unwrap_or_default();
        self.last += 1;
        event.sequence = self.last;
        fill(&mut event, &mut self.names);
        self.events.push_back(event);
        &self.events[self.events.len() - 1]
    }

    /// The number of the last event.
    pub(super) fn last(&self) -> u64 {
        self.last
    }

    /// The events, the newest first.
    pub(super) fn newest_first(&self) -> impl Iterator<Item = &KeptEvent> {
        self.events.iter().rev()
    }

    /// The events after the one with this number, the oldest first.
    pub(super) fn since(&self, sequence: u64) -> impl Iterator<Item = &KeptEvent> {
        let first = self
            .events
            .partition_point(|event| event.sequence <= sequence);
        self.events.range(first..)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_events_are_kept() {
        let mut ring = Ring::new(3);
        for _ in 0..5 {
            ring.push(|_, _| {});
        }
        let sequences = |events: &mut dyn Iterator<Item = &KeptEvent>| -> Vec<_> {
            events.map(|event| event.sequence).collect()
        };
        assert_eq!(sequences(&mut ring.newest_first()), [5, 4, 3]);
        assert_eq!(sequences(&mut ring.since(3)), [4, 5]);
        assert_eq!(sequences(&mut ring.since(0)), [3, 4, 5]);
        assert_eq!(sequences(&mut ring.since(9)), [0_u64; 0]);
    }
}
