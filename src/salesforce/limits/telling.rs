//! What the store is told about the calls of an org, and what follows from its answer.

use std::time::{Instant, SystemTime};

use super::{
    Limits, budget,
    exchange::{Heard, Told},
    quota::Sent,
};
use crate::{
    salesforce::{fault::Fault, session::Instance},
    shared_state::{self, Reply},
};

/// What the store is told about an org's calls, until it has answered.
#[derive(Debug)]
#[must_use]
pub(crate) struct Telling<'l> {
    limits: &'l Limits,
    org: &'l Instance,
    told: Option<Told>,
}

impl<'l> Telling<'l> {
    pub(super) fn new(limits: &'l Limits, org: &'l Instance, told: Told) -> Self {
        Self {
            limits,
            org,
            told: Some(told),
        }
    }

    /// What the store is asked, and whether for a call.
    pub(super) fn call(&self, is_wanted: bool) -> Option<shared_state::Call> {
        let limits = self.limits;
        let told = self.told.as_ref()?;
        limits
            .budgets
            .call(self.org, told, limits.governor, is_wanted)
    }

    /// Takes the figures that the store has answered with.
    pub(crate) fn exchanged(mut self, reply: &Reply) {
        self.hear(reply);
    }

    /// Takes the answer to the question whether a call may be sent; `None` if it cannot be read.
    ///
    /// # Errors
    /// [`Fault::Reserved`] if only the reserve is left.
    pub(super) fn granted(mut self, reply: &Reply) -> Result<Option<Sent>, Fault> {
        let heard = self.hear(reply);
        heard.map_or(Ok(None), |(heard, last)| {
            self.limits.with(self.org, |org| {
                org.quota.decided(&heard, last, Instant::now())
            })
        })
    }

    /// Takes the figures. Returns the answer, and the number of the last call that it counts.
    fn hear(&mut self, reply: &Reply) -> Option<(Heard, i64)> {
        let (now, clock) = (Instant::now(), SystemTime::now());
        let heard = budget::heard(reply);
        let told = self.told.take_if(|_| heard.is_some());
        self.limits.with(self.org, |org| {
            let Some((heard, told)) = heard.zip(told) else {
                org.quota.unheard(now);
                return None;
            };
            let last = org.quota.hear(&told, &heard, now, clock);
            Some((heard, last))
        })
    }
}

/// What was not told is told again.
impl Drop for Telling<'_> {
    fn drop(&mut self) {
        if let Some(told) = self.told.take() {
            self.limits.with(self.org, |org| org.quota.not_told(&told));
        }
    }
}
