//! What became of the events of a batch, each in exactly one outcome; two events for one new record share theirs (row 11).

use std::collections::HashMap;

use crate::{contract::Event, descriptor::Descriptor, error::EventError, orgs::OrgIndex};

/// What became of an event, or of several that share a request.
#[derive(Debug)]
pub struct Outcome<'a> {
    /// The positions of the events in their batch.
    pub entries: Vec<usize>,
    /// What to send, or why nothing is sent.
    pub result: Result<Requests<'a>, EventError>,
    /// What the answer says about a failed authorisation.
    pub auth_category: Option<&'static str>,
}

/// What is to be sent for an event.
#[derive(Debug)]
pub enum Requests<'a> {
    /// At least one request, in order.
    Described(Vec<Descriptor<'a>>),
    /// The message itself, which was transformed before it was queued.
    Transformed(Event<'a>),
}

/// What two events must have in common to create one record.
#[derive(Debug, PartialEq, Eq, Hash)]
pub struct Creation {
    /// The org.
    pub org: OrgIndex,
    /// The destination's id.
    pub destination: String,
    /// Whether their traits are fields already.
    pub are_fields: bool,
    /// The key by which the record was looked up, folded.
    pub key: String,
}

/// The outcomes of a batch, in the order of their first events.
#[derive(Debug, Default)]
pub struct Outcomes<'a> {
    outcomes: Vec<Outcome<'a>>,
    creating: HashMap<Creation, usize>,
}

impl<'a> Outcomes<'a> {
    /// Adds the outcome of an event. Where it creates a record, and an earlier one creates it already, the two become one.
    pub fn add(&mut self, outcome: Outcome<'a>, creation: Option<Creation>) {
        let next = self.outcomes.len();
        let creation = creation.filter(|_| outcome.creates());
        let first = creation.map(|creation| *self.creating.entry(creation).or_insert(next));
        match first.and_then(|first| self.outcomes.get_mut(first)) {
            Some(first) => first.absorb(outcome),
            None => self.outcomes.push(outcome),
        }
    }

    /// The outcomes, with what no event has brought filled in.
    #[must_use]
    pub fn finish(mut self) -> Vec<Outcome<'a>> {
        for outcome in &mut self.outcomes {
            if let Ok(Requests::Described(requests)) = &mut outcome.result {
                for request in requests {
                    request.fields.fill_placeholders();
                }
            }
        }
        self.outcomes
    }
}

impl Outcome<'_> {
    /// Whether the outcome is one request that creates a record.
    fn creates(&self) -> bool {
        let Ok(Requests::Described(requests)) = &self.result else {
            return false;
        };
        matches!(requests.as_slice(), [request] if request.creates)
    }

    /// Takes a later event for the same new record in: its fields win. Both outcomes are of one request that creates.
    fn absorb(&mut self, later: Self) {
        self.entries.extend(later.entries);
        if let (Ok(Requests::Described(requests)), Ok(Requests::Described(others))) =
            (&mut self.result, later.result)
        {
            for (request, other) in requests.iter_mut().zip(others) {
                request.fields.absorb(other.fields);
            }
        }
    }
}
