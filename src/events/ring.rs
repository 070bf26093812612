//! The last events, in memory that is used again.

use super::kept::KeptEvent;

/// The last events.
#[derive(Debug)]
pub(super) struct Ring {
    events: Vec<KeptEvent>,
    most: usize,
    /// The position of the oldest event, which is overwritten next.
    oldest: usize,
    /// The number of the last event.
    last: u64,
}

impl Ring {
    /// Keeps `most` events, at least one.
    pub(super) fn new(most: usize) -> Self {
        Self {
            events: Vec::new(),
            most: most.max(1),
            oldest: 0,
            last: 0,
        }
    }

    /// Adds an event, to be written over an old one.
    pub(super) fn push(&mut self) -> &mut KeptEvent {
        let at = if self.events.len() < self.most {
            self.events.push(KeptEvent::default());
            self.events.len() - 1
        } else {
            let at = self.oldest;
            self.oldest = if at + 1 == self.most { 0 } else { at + 1 };
            at
        };
        self.last += 1;
        let event = &mut self.events[at];
        event.sequence = self.last;
        event
    }

    /// The number of the last event.
    pub(super) fn last(&self) -> u64 {
        self.last
    }

    /// The events, the oldest first.
    fn oldest_first(&self) -> impl DoubleEndedIterator<Item = &KeptEvent> {
        let (newer, older) = self.events.split_at(self.oldest);
        older.iter().chain(newer)
    }

    /// The events, the newest first.
    pub(super) fn newest_first(&self) -> impl Iterator<Item = &KeptEvent> {
        self.oldest_first().rev()
    }

    /// The events after the one with this number, the oldest first.
    pub(super) fn since(&self, sequence: u64) -> impl Iterator<Item = &KeptEvent> {
        self.oldest_first()
            .skip_while(move |event| event.sequence <= sequence)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_events_are_kept() {
        let mut ring = Ring::new(3);
        for _ in 0..5 {
            ring.push();
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
