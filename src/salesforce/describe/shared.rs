//! Descriptions that replicas share: one reads for all, and the others wait for it.

use std::{
    sync::LazyLock,
    time::{Duration, Instant},
};

use reqwest::header::HeaderValue;
use tokio::time::sleep;

use super::{
    org::OrgDescribes,
    state::{Outcome, PAUSE, SharedTable, Stamp, Wanted},
    stored,
};
use crate::{
    salesforce::{Salesforce, cache::OrgUser, session::Session},
    shared_state::{Answer, Arg, Call, EntryKind, EntryName, Reply, Script},
};

/// Begins a reading, or answers with what another replica has read.
static BEGIN: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("shared/begin.lua")));

/// Ends a reading.
static END: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("shared/end.lua")));

/// How much longer than `SALESFORCE_TIMEOUT` a reading may take.
const SLACK: Duration = Duration::from_secs(10);

/// The pauses between looks at what another replica reads.
const PAUSES: (Duration, Duration) = (Duration::from_millis(25), Duration::from_millis(250));

/// An object to be described, as a user sees it.
#[derive(Clone, Copy)]
pub(super) struct Subject<'s> {
    pub(super) user: &'s OrgUser,
    pub(super) session: &'s Session,
    pub(super) object: &'s str,
    pub(super) org: &'s OrgDescribes,
}

/// What the store says about a description.
enum Begun {
    /// This replica reads for itself.
    Alone,
    /// Another replica has read it.
    Use(Known),
    /// This replica reads for all; with what is known already.
    Read(Option<Known>),
    /// Another replica reads, for so long at most.
    Wait(Duration),
    /// Another replica could not read it just now.
    Failed,
}

/// A description in the store.
struct Known {
    stamp: Stamp,
    read: Instant,
    confirmed: Instant,
    modified: Option<HeaderValue>,
    /// Empty if this replica has it.
    table: Vec<u8>,
}

/// A reading of this replica that others know of.
struct Shared {
    entry: EntryName,
    name: String,
    began: Instant,
    wanted: Wanted,
}

impl Salesforce {
    /// Reads a description that has changed `since`, or takes what another replica has read if that is enough.
    pub(super) async fn read_for_all(
        &self,
        subject: Subject<'_>,
        since: Option<HeaderValue>,
        wanted: Wanted,
    ) -> Outcome {
        let Subject {
            user,
            session,
            object,
            org,
        } = subject;
        let Some(shared) = self.shared_reading(user, object, wanted) else {
            return self.read(session, object, since, org).await;
        };
        let begun = match wanted.confirmed_within {
            Some(_) => self.wait_for_others(&shared).await,
            // Nobody else can tell whether Salesforce accepts a session of this replica.
            None => Begun::Read(None),
        };
        match begun {
            Begun::Alone | Begun::Wait(_) => self.read(session, object, since, org).await,
            Begun::Failed => Outcome::Failed,
            Begun::Use(known) => {
                let outcome = self.taken(known, false);
                match outcome {
                    Some(outcome) => outcome,
                    None => self.read(session, object, since, org).await,
                }
            }
            Begun::Read(known) => {
                // What only this replica knows would not be shared if it has not changed.
                let shared_since = known.as_ref().and_then(|known| known.modified.clone());
                let since = match wanted.confirmed_within {
                    Some(_) => shared_since,
                    None => since,
                };
                let outcome = self.read(session, object, since, org).await;
                self.share(&shared, known, outcome).await
            }
        }
    }

    /// A reading that other replicas may learn of; `None` if none can be told now.
    fn shared_reading(&self, user: &OrgUser, object: &str, wanted: Wanted) -> Option<Shared> {
        let names = self.shared_state.names(user.org.as_str())?;
        let object = object.to_ascii_lowercase();
        let user = user.user.to_le_bytes();
        let parts: [&[u8]; 3] = [&user, object.as_bytes(), self.api_version.as_bytes()];
        Some(Shared {
            entry: names.entry(EntryKind::Describe, &parts),
            name: format!("{:032x}", fastrand::u128(..)),
            began: Instant::now(),
            wanted,
        })
    }

    /// Begins a reading once no other replica reads. After the time that a reading may take, this replica reads for itself.
    async fn wait_for_others(&self, shared: &Shared) -> Begun {
        let lease = self.client.timeout().saturating_add(SLACK);
        let mut pause = PAUSES.0;
        loop {
            let replies = self.shared_state.ask(&[shared.begin(lease)]).await;
            let begun = match replies.as_deref() {
                Some([reply]) => begun(reply),
                Some(_) | None => return Begun::Alone,
            };
            let Begun::Wait(most) = begun else {
                return begun;
            };
            if shared.began.elapsed() >= lease {
                return Begun::Alone;
            }
            sleep(pause.min(most)).await;
            pause = (pause * 2).min(PAUSES.1);
        }
    }

    /// What is known by another replica, as an outcome; `None` if it cannot be read. `is_accepted` says that this replica has just
    /// confirmed it.
    fn taken(&self, known: Known, is_accepted: bool) -> Option<Outcome> {
        let confirmed = if is_accepted {
            Instant::now()
        } else {
            known.confirmed
        };
        if known.table.is_empty() {
            return Some(if is_accepted {
                Outcome::Unchanged
            } else {
                Outcome::Confirmed(confirmed)
            });
        }
        let description = stored::read(&known.table)?;
        Some(Outcome::Shared(SharedTable {
            description: self.describes.kept.keep(description),
            modified: known.modified,
            stamp: known.stamp,
            read: known.read,
            confirmed,
            is_accepted,
        }))
    }

    /// Tells the other replicas how a reading has ended.
    async fn share(&self, shared: &Shared, known: Option<Known>, outcome: Outcome) -> Outcome {
        let stamp = known.as_ref().map(|known| known.stamp);
        let (ended, args) = match &outcome {
            Outcome::Whole(description, modified, _) => {
                let table = description.get().and_then(|table| stored::write(&table));
                let Some(table) = table else {
                    return outcome;
                };
                let modified = modified.as_ref().map_or(&b""[..], HeaderValue::as_bytes);
                ("whole", vec![modified.to_vec().into(), table.into()])
            }
            Outcome::Unchanged => {
                let stamp = stamp.or(shared.wanted.known).map_or(0, |stamp| stamp.0);
                ("unchanged", vec![stamp.into()])
            }
            Outcome::Expired => ("expired", Vec::new()),
            Outcome::Failed | Outcome::Shared(_) | Outcome::Confirmed(_) => ("failed", Vec::new()),
        };
        let replies = self.shared_state.ask(&[shared.end(ended, args)]).await;
        let read = replies.and_then(|replies| replies.first()?.answer().int());
        match outcome {
            Outcome::Whole(description, modified, _) => {
                Outcome::Whole(description, modified, read.map(Stamp))
            }
            Outcome::Unchanged => match known.map(|known| self.taken(known, true)) {
                Some(outcome) => outcome.unwrap_or(Outcome::Failed),
                None => Outcome::Unchanged,
            },
            Outcome::Expired | Outcome::Failed | Outcome::Shared(_) | Outcome::Confirmed(_) => {
                outcome
            }
        }
    }
}

impl Shared {
    fn begin(&self, lease: Duration) -> Call {
        let Wanted {
            confirmed_within,
            read_within,
            known,
        } = self.wanted;
        let read_within = read_within.saturating_add(self.began.elapsed());
        self.call(
            &BEGIN,
            [
                lease.into(),
                confirmed_within.map_or(Arg::Int(-1), Arg::from),
                read_within.into(),
                PAUSE.into(),
                known.map_or(0, |stamp| stamp.0).into(),
            ],
        )
    }

    fn end(&self, ended: &str, more: Vec<Arg>) -> Call {
        let args = [ended.into(), self.began.elapsed().into()];
        self.call(&END, args.into_iter().chain(more))
    }

    fn call(&self, script: &'static Script, args: impl IntoIterator<Item = Arg>) -> Call {
        let name = Arg::from(&*self.name);
        Call {
            script,
            keys: vec![self.entry.clone()],
            args: std::iter::once(name).chain(args).collect(),
        }
    }
}

/// Reads what the store says about a description.
fn begun(reply: &Reply) -> Begun {
    let values: Vec<Answer<'_>> = reply.answer().list().collect();
    let (what, rest) = match values.split_first() {
        Some((what, rest)) => (what.text().unwrap_or_default(), rest),
        None => ("", &[][..]),
    };
    let wait = rest.first().and_then(|most| millis(*most));
    match (what, known(rest), wait) {
        ("use", Some(known), _) => Begun::Use(known),
        ("read", known, _) => Begun::Read(known),
        ("wait", _, Some(most)) => Begun::Wait(most),
        ("failed", _, _) => Begun::Failed,
        (_, _, _) => Begun::Alone,
    }
}

fn known(values: &[Answer<'_>]) -> Option<Known> {
    let &[stamp, read, confirmed, modified, table] = values else {
        return None;
    };
    let now = Instant::now();
    let ago = |age| now.checked_sub(millis(age)?);
    let modified = HeaderValue::from_bytes(modified.bytes()?).ok();
    Some(Known {
        stamp: Stamp(stamp.int()?),
        read: ago(read)?,
        confirmed: ago(confirmed)?,
        modified: modified.filter(|modified| !modified.is_empty()),
        table: table.bytes()?.to_vec(),
    })
}

fn millis(value: Answer<'_>) -> Option<Duration> {
    let millis = u64::try_from(value.int()?).ok()?;
    Some(Duration::from_millis(millis))
}
