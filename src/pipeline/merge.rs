//! Makes sure that each record is created once, even if several events would create it (rule `one-create`).

use std::time::Instant;

use indexmap::IndexMap;
use smallvec::{SmallVec, smallvec};

use super::{
    Writing,
    lookups::{Answers, OrgIndex},
};
use crate::{
    json::Value,
    rudderstack::{Batch, Entry},
    salesforce::{
        Key, Salesforce,
        creates::{CreateKey, JobName, Telling},
    },
    transform::{error::EventError, outcome::Outcome},
};

/// The outcomes of a batch, in the order of their first events.
#[derive(Debug, Default)]
pub(super) struct Outcomes<'a> {
    outcomes: Vec<Outcome<'a>>,
    /// The outcomes that create each record.
    creating: IndexMap<Creation, Creators>,
}

/// What two events have in common that would create one record.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct Creation {
    org: OrgIndex,
    /// The destination's id.
    destination: String,
    /// The key by which the record was looked up.
    key: Key,
}

/// The outcomes that create one record.
#[derive(Debug)]
struct Creators {
    /// How the first event may share its request; `None` if none may.
    sharing: Option<Sharing>,
    /// Their positions. There is one if events share requests; otherwise each event has its own.
    outcomes: SmallVec<[usize; 1]>,
}

/// How an event may share the request that creates its record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sharing {
    /// With events whose traits are mapped.
    Mapped,
    /// With events whose traits are fields already.
    Fields,
    /// With no other event: an earlier answer asked for this event to be sent alone.
    Alone,
}

impl Creation {
    /// The record that an event creates, and the events that may share the request; `None` if another event could not
    /// mean the same record.
    pub(super) fn of(writing: &Writing<'_>, entry: &Entry<'_>) -> Option<(Self, Sharing)> {
        let [record] = writing.plan.records.as_slice() else {
            return None;
        };
        let sharing = match writing.plan.traits.has_field_names {
            _ if entry.is_alone() => Sharing::Alone,
            true => Sharing::Fields,
            false => Sharing::Mapped,
        };
        let creation = Self {
            org: writing.org,
            destination: writing.destination.id.clone(),
            key: record.key()?.clone(),
        };
        Some((creation, sharing))
    }
}

impl<'a> Outcomes<'a> {
    /// Adds the outcome of an event that shares no request.
    pub(super) fn add(&mut self, outcome: Outcome<'a>) {
        self.outcomes.push(outcome);
    }

    /// Adds an outcome that is one request to create a record. If an earlier outcome creates the same record and the
    /// destination's deliveries come to the proxy, which takes a refused merge apart, the two become one. Otherwise
    /// one of them has to wait until the record can be found, because two requests would create it twice.
    pub(super) fn add_creation(
        &mut self,
        outcome: Outcome<'a>,
        (creation, sharing): (Creation, Sharing),
        is_proxied: bool,
    ) {
        let creators = self.creating.entry(creation).or_insert_with(|| Creators {
            sharing: is_proxied.then_some(sharing),
            outcomes: smallvec![],
        });
        let first = creators.outcomes.first().copied();
        match (
            first.and_then(|first| self.outcomes.get_mut(first)),
            creators.sharing,
        ) {
            (Some(first), Some(shared)) if shared == sharing && sharing != Sharing::Alone => {
                first.absorb(outcome);
            }
            (Some(_), Some(_)) => self.outcomes.push(waiting(outcome)),
            (None, _) | (Some(_), None) => {
                creators.outcomes.push(self.outcomes.len());
                self.outcomes.push(outcome);
            }
        }
    }

    /// The outcomes. Where no request is shared, one event is told to create each record, and the others wait. The
    /// lookups began no earlier than `asked`.
    pub(super) async fn finish(
        mut self,
        batch: &Batch<'_>,
        answers: &Answers,
        salesforce: &Salesforce,
        asked: Instant,
    ) -> Vec<Outcome<'a>> {
        let (mut tellings, mut told_apart) = (Vec::new(), Vec::new());
        let mut users = IndexMap::new();
        for (creation, creators) in self.creating {
            let org = answers.org(creation.org);
            if let (None, Ok(asked)) = (creators.sharing, org.asked()) {
                let credentials = Some(&*org.credentials);
                let user = users.entry(creation.org);
                let user = user.or_insert_with(|| salesforce.creator(credentials, &asked.session));
                let entries = creators.outcomes.iter();
                let entries = entries.filter_map(|index| self.outcomes[*index].entries.first());
                tellings.push(Telling {
                    key: CreateKey::new(user.clone(), creation.key),
                    jobs: entries.map(|entry| name(&batch.entries[*entry])).collect(),
                });
                told_apart.push(creators.outcomes);
            }
        }
        let told = salesforce.creates().tell(asked, tellings).await;
        for (creators, told) in told_apart.into_iter().zip(told) {
            for (place, index) in creators.into_iter().enumerate() {
                if told != Some(place) {
                    self.outcomes[index].result = Err(EventError::BeingCreated);
                }
            }
        }
        self.outcomes
    }
}

/// The outcome of an event that waits until its record can be found.
fn waiting(outcome: Outcome<'_>) -> Outcome<'_> {
    Outcome {
        result: Err(EventError::BeingCreated),
        ..outcome
    }
}

/// Identifies a job when it is sent again; `None` if it has no id.
fn name(entry: &Entry<'_>) -> Option<JobName> {
    let job = entry.metadata.and_then(Value::as_object)?.get("jobId")?;
    let event = entry.event.as_ref().ok()?;
    let message = event.message().get("messageId").and_then(Value::as_text);
    Some(JobName::new(job.json(), &message.unwrap_or_default()))
}
