//! The units of all concurrent requests for one org gather in a window, and are handed over together: one list at a time for
//! each org, so that no two writes of one record are ever under way at once.

use std::mem;

use super::job::Unit;
use crate::salesforce::{
    batcher::{Batcher, Gather},
    session::Instance,
};

/// The units that wait, by org.
pub(super) type Windows = Batcher<Instance, Units>;

/// The units that wait for an org, in order.
#[derive(Debug, Default)]
pub(super) struct Units(pub(super) Vec<Unit>);

impl Gather for Units {
    type Batch = Vec<Unit>;
    /// What one call can write.
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
