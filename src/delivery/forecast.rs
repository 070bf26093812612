//! Forecasts the calls of inline delivery, by the same rounds and collections in which records are written.

use super::{
    job::user,
    round::{Candidate, Subject, choose},
};
use crate::{
    config::FieldPolicies,
    rudderstack::Entry,
    salesforce::{
        Key, RecordWrite, address::Address, collections::calls_of, headers::WriteHeaders,
    },
    transform::target::RecordId,
};

/// A record that an event would write.
pub(crate) struct ForecastWrite {
    /// The user whose events keep their order.
    pub(crate) user: Option<String>,
    /// The position of the event.
    pub(crate) event: usize,
    /// The object.
    pub(crate) object: String,
    /// The record's id; `None` if it is created or upserted.
    pub(crate) id: Option<String>,
    /// The key by which the record was looked up, or is upserted.
    pub(crate) key: Option<Key>,
    /// Whether it is upserted.
    pub(crate) is_upsert: bool,
    /// Whether the traits are fields already.
    pub(crate) has_field_names: bool,
    /// The headers of the write.
    pub(crate) headers: WriteHeaders,
    /// What its destination's policies say about fields.
    pub(crate) policies: FieldPolicies,
    /// The members of the record in JSON, without the braces.
    pub(crate) members: String,
}

impl ForecastWrite {
    /// The user whose events keep their order.
    #[must_use]
    pub(crate) fn user_of(entry: &Entry<'_>) -> Option<String> {
        user(entry)
    }

    fn address(&self) -> Address<'_> {
        match (&self.id, &self.key) {
            (Some(id), _) => Address::Id(id.as_str().into()),
            (None, Some(key)) if self.is_upsert => Address::ExternalId(key),
            (None, Some(_) | None) => Address::New,
        }
    }

    fn candidate(&self, unit: usize) -> Candidate<'_> {
        let record = match (&self.id, &self.key) {
            (Some(id), _) => Subject::Known(RecordId::new(&self.object, id)),
            (None, Some(key)) if self.is_upsert => Subject::ForKey(key.alike()),
            (None, Some(key)) => Subject::ForKey(key.folded().to_owned()),
            (None, None) => Subject::New(unit),
        };
        Candidate {
            unit,
            user: self.user.as_deref(),
            job: self.event,
            record,
            upserted_by: self.key.as_ref().filter(|_| self.is_upsert),
            has_field_names: self.has_field_names,
            headers: self.headers.clone(),
            policies: self.policies,
            is_alone: false,
            waits: false,
        }
    }

    fn record(&self) -> RecordWrite<'_> {
        let (address, headers) = (self.address(), self.headers.clone());
        RecordWrite::new(
            &self.object,
            &address,
            headers,
            std::iter::empty(),
            |json| {
                if !self.members.is_empty() {
                    json.json(&self.members);
                }
            },
        )
    }
}

/// How many calls inline delivery takes for the writes of one session, if they gather in one window and Salesforce refuses none.
/// There may be as many rounds as writes, so others get their turn after each.
pub(crate) async fn inline_calls(writes: &[ForecastWrite]) -> usize {
    let candidates = writes.iter().enumerate();
    let candidates = candidates.map(|(unit, write)| write.candidate(unit));
    let mut pending: Vec<_> = candidates.collect();
    let mut is_written = vec![false; writes.len()];
    let mut calls = 0;
    while !pending.is_empty() {
        let chosen = choose(&pending);
        let records = chosen.iter().filter_map(|units| units.first());
        let records: Vec<_> = records.map(|unit| writes[*unit].record()).collect();
        calls += calls_of(&records);
        for unit in chosen.into_iter().flatten() {
            is_written[unit] = true;
        }
        pending.retain(|candidate| !is_written[candidate.unit]);
        tokio::task::yield_now().await;
    }
    calls
}
