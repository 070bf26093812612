//! The entries in the store, and the scripts that read and write them.

use std::{sync::LazyLock, time::Duration};

use super::{CreateKey, CreatedRecord, Ended, Ending, Telling};
use crate::{
    salesforce::session::Instance,
    shared_state::{Arg, Call, EntryKind, EntryName, Names, Script, SharedState},
};

/// The maximum number of entries in one call of a script, because nobody else is served meanwhile.
const MAX_ENTRIES: usize = 1_000;

/// A script, after the functions that all of them use.
macro_rules! script {
    ($file:literal) => {
        LazyLock::new(|| Script::new(concat!(include_str!("entry.lua"), include_str!($file))))
    };
}

/// Begins to create records.
pub(super) static BEGIN: LazyLock<Script> = script!("begin.lua");
/// Prolongs leases.
pub(super) static RENEW: LazyLock<Script> = script!("renew.lua");
/// Ends creates.
pub(super) static END: LazyLock<Script> = script!("end.lua");
/// Decides which jobs are told to create records.
pub(super) static TELL: LazyLock<Script> = script!("tell.lua");
/// Notes that lookups have found records.
pub(super) static FOUND: LazyLock<Script> = script!("found.lua");
/// Forgets records that are gone.
pub(super) static FORGET: LazyLock<Script> = script!("forget.lua");
/// Tells the states of entries.
pub(super) static STATE: LazyLock<Script> = script!("state.lua");

/// The entries of all orgs. Clones are the same.
#[derive(Clone, Debug)]
pub(super) struct Entries(pub(super) SharedState);

/// What the store answers to whoever wants to create a record.
pub(super) enum Granted {
    /// The lease is the caller's.
    Begun,
    /// The lease is the caller's, but the record must be looked up first.
    Unsure,
    /// Somebody else has the lease.
    Busy,
    /// The record was created.
    Created(CreatedRecord),
}

impl Granted {
    /// Reads an answer of [`BEGIN`]; `None` if it is none.
    pub(super) fn read(answer: &str) -> Option<Self> {
        let mut words = answer.split(' ');
        Some(match (words.next()?, words.next(), words.next()) {
            ("begun", None, None) => Self::Begun,
            ("unsure", None, None) => Self::Unsure,
            ("busy", None, None) => Self::Busy,
            ("created", Some(object), Some(id)) => Self::Created(CreatedRecord {
                object: object.to_owned(),
                id: id.to_owned(),
            }),
            _ => return None,
        })
    }
}

/// Reads an answer of [`TELL`]: the position of the job that is told, if it is one of the caller's, and for how long this holds.
pub(super) fn told_of(answer: &str) -> Option<(Option<usize>, Duration)> {
    let (place, left) = answer.split_once(' ')?;
    let place: i64 = place.parse().ok()?;
    let left = Duration::from_millis(left.parse().ok()?);
    Some((usize::try_from(place).ok(), left))
}

/// The argument of [`END`] for a create that has ended.
pub(super) fn ending(ended: &Ended) -> Arg {
    let token = ended
        .lease
        .shared
        .as_ref()
        .map_or("-", |lease| &lease.token);
    Arg::from(match &ended.ending {
        Ending::Created(CreatedRecord { object, id }) => format!("{token} created {object} {id}"),
        Ending::Failed => format!("{token} failed"),
        Ending::Unsure => format!("{token} unsure"),
    })
}

/// A script to run on entries of one org.
pub(super) struct Step<'k> {
    script: &'static LazyLock<Script>,
    /// The arguments before those of the entries.
    head: Vec<Arg>,
    /// The keys of the entries, with an argument for each.
    entries: Vec<(&'k CreateKey, Option<Arg>)>,
}

impl<'k> Step<'k> {
    /// The step of this script with these arguments.
    pub(super) fn new(
        script: &'static LazyLock<Script>,
        head: Vec<Arg>,
        entries: impl IntoIterator<Item = (&'k CreateKey, Option<Arg>)>,
    ) -> Self {
        Self {
            script,
            head,
            entries: entries.into_iter().collect(),
        }
    }

    /// The calls of the script. Its keys begin with `first`.
    fn calls(&self, names: &Names, first: Option<&EntryName>) -> Vec<Call> {
        let call = |entries: &[(&CreateKey, Option<Arg>)]| {
            let keys = entries.iter().map(|(key, _)| entry(names, key));
            let args = entries.iter().filter_map(|(_, arg)| arg.clone());
            Call {
                script: self.script,
                keys: first.cloned().into_iter().chain(keys).collect(),
                args: self.head.iter().cloned().chain(args).collect(),
            }
        };
        self.entries.chunks(MAX_ENTRIES).map(call).collect()
    }
}

impl Entries {
    /// Runs a step on entries of an org. Returns the answer for each; `None` while the store is away, or if it answers in another way.
    pub(super) async fn run(&self, org: &Instance, step: &Step<'_>) -> Option<Vec<String>> {
        let calls = step.calls(&self.names(org)?, None);
        self.ask(&calls, step.entries.len()).await
    }

    /// Runs a step that reads and writes the org's mark, too. Returns the mark's epoch, and the answer for each entry.
    pub(super) async fn run_marked(
        &self,
        org: &Instance,
        step: &Step<'_>,
    ) -> Option<(String, Vec<String>)> {
        let names = self.names(org)?;
        let mark = names.entry(EntryKind::CreateMark, &[]);
        let calls = step.calls(&names, Some(&mark));
        let answers = self.ask(&calls, step.entries.len() + calls.len()).await?;
        let (mut epoch, mut of_entries) = (None, Vec::with_capacity(step.entries.len()));
        let mut answers = answers.into_iter();
        for entries in step.entries.chunks(MAX_ENTRIES) {
            epoch = answers.next();
            of_entries.extend(answers.by_ref().take(entries.len()));
        }
        Some((epoch?, of_entries))
    }

    /// Runs a step some time soon, without an answer.
    pub(super) fn tell(&self, org: &Instance, step: &Step<'_>) {
        if let Some(names) = self.names(org) {
            self.0.tell(step.calls(&names, None));
        }
    }

    /// The state of an entry. It is not waited until the store is back if it fails now.
    pub(super) async fn state_of(&self, key: &CreateKey) -> Option<String> {
        let names = self.names(&key.org())?;
        let step = Step::new(&STATE, Vec::new(), [(key, None)]);
        let replies = self.0.ask(&step.calls(&names, None)).await?;
        let state = replies.first()?.answer().list().next()?;
        state.text().map(str::to_owned)
    }

    async fn ask(&self, calls: &[Call], answers: usize) -> Option<Vec<String>> {
        let replies = self.0.ask_again(calls).await?;
        let each = replies.iter().flat_map(|reply| reply.answer().list());
        let each: Option<Vec<String>> =
            each.map(|answer| Some(answer.text()?.to_owned())).collect();
        each.filter(|each| each.len() == answers)
    }

    fn names(&self, org: &Instance) -> Option<Names> {
        self.0.names(org.as_str(), None)
    }

    /// The argument of [`TELL`] for the jobs of one record.
    pub(super) fn jobs(&self, telling: &Telling) -> Option<Arg> {
        let names = self.names(&telling.key.org())?;
        let jobs = telling.jobs.iter().map(|job| match job {
            Some(job) => names.digest(&[job.bytes()]).hex(),
            None => "-".to_owned(),
        });
        Some(Arg::from(jobs.collect::<Vec<_>>().join(",")))
    }
}

/// The name of an entry.
fn entry(names: &Names, key: &CreateKey) -> EntryName {
    let user = key.user().to_be_bytes();
    names.entry(EntryKind::Create, &[&user, key.key().folded().as_bytes()])
}
