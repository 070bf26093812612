//! Lists the fields that the events of a file would lose in the org (rule `preflight`).

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    sync::Arc,
};

use super::report::Finding;
use crate::{
    config::{Config, Login, Policies, Preflight},
    rudderstack::{Destination, DestinationName, Entry, event_file},
    salesforce::{Credentials, Found, Salesforce, Session},
    transform::{
        change::{Change, ChangeKind},
        changes::ChangeDetail,
        error::EventError,
        gate, plan,
        resolve::{Resolved, Unresolved, resolve},
        target,
    },
};

const CHECK: &str = "events";

/// How many fields are listed: more than a person mends at once.
const MAX_LISTED: usize = 50;

/// The org that the fields are compared with.
pub(super) struct ComparedOrg<'o> {
    pub(super) salesforce: &'o Arc<Salesforce>,
    pub(super) credentials: &'o Credentials,
    pub(super) session: &'o Arc<Session>,
    pub(super) config: &'o Config,
    pub(super) login: &'o Login,
    /// The id of the checked destination, which is that of events without one.
    pub(super) destination: &'o str,
}

/// What is known of the events so far.
#[derive(Default)]
struct Losses {
    events: usize,
    /// Why events are not sent: how many there are, and the line of the first.
    unsent: BTreeMap<String, (usize, usize)>,
    /// The number of events that lose a field, by the sentence that says so.
    fields: BTreeMap<String, usize>,
}

impl ComparedOrg<'_> {
    /// Compares the events of a file with the org's descriptions of their objects. Nothing is looked up: each record counts as
    /// new.
    pub(super) async fn inspect(&self, file: &Path) -> Finding {
        let policies = self.config.policies();
        if *policies.preflight.of(self.destination) == Preflight::Off {
            let says = "PREFLIGHT is off: fields are sent as they are, and Salesforce refuses records with fields that do not fit";
            return Finding::note(CHECK, says);
        }
        let documents = match event_file::read(file) {
            Ok(documents) => documents,
            Err(error) => return Finding::failed(CHECK, error.to_string()),
        };
        let mut losses = Losses::default();
        for document in &documents {
            let Ok(bodies) = document.events() else {
                continue;
            };
            let resolved = bodies.resolved();
            for entry in bodies.read(&resolved).entries {
                losses.add(document.line, self.compare(&entry, &policies).await);
            }
        }
        losses.finding()
    }

    /// The destination of an entry; the checked one if the entry has none that can be read.
    fn destination_of(&self, entry: &Entry<'_>) -> Destination {
        let given = Destination::read(entry.destination, DestinationName::Salesforce);
        given.unwrap_or_else(|_| Destination {
            id: self.destination.to_owned(),
            ..Destination::own(self.login.clone())
        })
    }

    /// The sentences about the fields that an event loses.
    async fn compare(
        &self,
        entry: &Entry<'_>,
        policies: &Policies,
    ) -> Result<BTreeSet<String>, EventError> {
        let rules = self.config.rules();
        let event = entry.event.as_ref().map_err(Clone::clone)?;
        let destination = self.destination_of(entry);
        let admitted = gate::admit(event, &destination, &rules)?;
        let plan = plan::plan(&admitted, &destination, &rules)?;
        let mut lost = BTreeSet::new();
        for record in &plan.records {
            let key = record.key();
            let mut found = key.map_or_else(Found::default, |key| Found::of(key, Vec::new()));
            let objects = target::objects_to_describe(record, &destination, policies);
            let described = (self.salesforce).describe_all(self.credentials, self.session, objects);
            found.describe(described.await);
            let event = Unresolved {
                traits: &plan.traits,
                record,
                duplicate: None,
                detail: ChangeDetail::Everything,
                refused: None,
                destination: &destination,
            };
            let Resolved { target, fields } =
                resolve(&event, [], &found, (&rules, policies), None, None)?;
            let is_lost = |change: &&Change<'_>| change.kind() == ChangeKind::LeftOut;
            let changes = fields.changes.iter().filter(is_lost);
            lost.extend(changes.map(|change| format!("{}: {change}", target.object)));
        }
        Ok(lost)
    }
}

impl Losses {
    fn add(&mut self, line: usize, compared: Result<BTreeSet<String>, EventError>) {
        self.events += 1;
        match compared {
            Ok(lost) => {
                for sentence in lost {
                    *self.fields.entry(sentence).or_default() += 1;
                }
            }
            Err(error) => {
                let alike = self.unsent.entry(error.to_string());
                alike.or_insert((0, line)).0 += 1;
            }
        }
    }

    fn finding(self) -> Finding {
        let unsent: usize = self.unsent.values().map(|(events, _)| events).sum();
        let mut says = format!(
            "{} of {} events are sent",
            self.events - unsent,
            self.events
        );
        for (why, (events, line)) in self.unsent.iter().take(MAX_LISTED) {
            let why = format!("\n      {events} not, the first in line {line}: {why}");
            says.push_str(&why);
        }
        if self.fields.is_empty() {
            says.push_str("\n      No field is left out of them.");
            return Finding::works(CHECK, says);
        }
        let mut fields: Vec<_> = self.fields.into_iter().collect();
        fields
            .sort_by(|(one, of_one), (other, of_other)| of_other.cmp(of_one).then(one.cmp(other)));
        says.push_str("\n      What is left out of them, with the number of events:");
        let listed = fields.iter().take(MAX_LISTED);
        for (sentence, events) in listed {
            says.extend(["\n      ", &events.to_string(), " × ", sentence]);
        }
        if let Some(more @ 1..) = fields.len().checked_sub(MAX_LISTED) {
            says.extend(["\n      and ", &more.to_string(), " more"]);
        }
        Finding::note(CHECK, says)
    }
}
