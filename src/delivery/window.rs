//! Gathers the units of all concurrent requests for one org in a window, and hands them over together. Each org has one
//! batch at a time, so that two writes of one record never run concurrently.

use std::mem;

use super::job::Unit;
use crate::salesforce::{
    batcher::{Batcher, Gather},
    session::Instance,
};

/// The waiting units, by org.
pub(super) type Windows = Batcher<Instance, Units>;

/// The waiting units of an org, in order.
#[derive(Debug, Default)]
pub(super) struct Units(pub(super) Vec<Unit>);

impl Units {
    /// Puts units before those that have arrived since.
    pub(super) fn put_first(&mut self, units: Vec<Unit>) {
        self.0.splice(0..0, units);
    }
}

impl Gather for Units {
    type Batch = Vec<Unit>;
    /// The number of records that one call can write.
    const MAX_ITEMS: usize = 1_000;
    const IS_SERIAL: bool = true;

    fn gathered(&self) -> usize {
        self.0.len()
    }

    fn take(&mut self) -> Vec<Unit> {
        mem::take(&mut self.0)
    }

    fn is_idle(&self) -> bool {
        self.0.is_empty()
    }
}
