//! What replicas teach each other about an org: what Salesforce's refusals have shown. About once a second, the replicas exchange
//! it with the figures of the org's calls, as long as the org is in use.

mod orgs;

use std::{
    sync::{LazyLock, Weak},
    time::{Duration, Instant},
};

use futures_util::future::join_all;
use serde::{Deserialize, Serialize};

pub(super) use self::orgs::Learning;
use self::orgs::Turn;
use crate::{
    salesforce::{
        Salesforce, address::Effect, cache::OrgUser, form::Form, key::Key, session::Instance,
    },
    shared_state::{Arg, Call, EntryKind, Reply, Script},
};

/// How often the replicas exchange what they know of an org in use.
const EVERY: Duration = Duration::from_secs(1);

/// How much earlier than its lesson says an object may have been contradicted: times are exchanged in milliseconds, and a round trip
/// takes some. Otherwise what the teacher has read at once would not be enough for the others.
const BLUR: Duration = Duration::from_millis(100);

/// The first byte of a lesson in this format.
const VERSION: char = '1';

/// Adds lessons, and reads those of the other replicas.
static LEARNT: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("learnt/learnt.lua")));

/// What a replica has learnt. Objects and fields have their API names.
#[derive(Debug, Deserialize, PartialEq, Eq, Serialize)]
pub(super) enum Lesson {
    /// The form in which the values of a field are written in queries.
    Form {
        object: String,
        field: String,
        form: Form,
    },
    /// A field that queries cannot read.
    Unreadable { object: String, field: String },
    /// A field that Salesforce has refused with any value.
    Refused {
        user: u64,
        object: String,
        field: String,
        effect: Effect,
    },
    /// An object whose description Salesforce has contradicted, certainly or perhaps.
    Contradicted { object: String, is_certain: bool },
}

impl Lesson {
    /// That Salesforce has refused a field to a user.
    pub(super) fn refused(user: u64, object: &str, field: &str, effect: Effect) -> Self {
        Self::Refused {
            user,
            object: object.to_owned(),
            field: field.to_owned(),
            effect,
        }
    }

    /// The form of a key's field.
    pub(super) fn form(key: &Key, form: Form) -> Self {
        Self::Form {
            object: key.object().to_owned(),
            field: key.field().to_owned(),
            form,
        }
    }

    /// That a field cannot be read.
    pub(super) fn unreadable(object: &str, field: &str) -> Self {
        Self::Unreadable {
            object: object.to_owned(),
            field: field.to_owned(),
        }
    }

    /// That Salesforce has contradicted the description of an object.
    pub(super) fn contradicted(object: &str, is_certain: bool) -> Self {
        Self::Contradicted {
            object: object.to_owned(),
            is_certain,
        }
    }

    fn write(&self) -> Option<String> {
        let json = serde_json::to_string(self).ok()?;
        Some(format!("{VERSION}{json}"))
    }

    /// Reads a lesson; `None` if it is none in this format.
    fn read(text: &str) -> Option<Self> {
        serde_json::from_str(text.strip_prefix(VERSION)?).ok()
    }
}

/// Exchanges what is known of the orgs in use with the other replicas, until the service ends.
pub(crate) async fn exchange(salesforce: Weak<Salesforce>) {
    loop {
        tokio::time::sleep(EVERY).await;
        let Some(salesforce) = salesforce.upgrade() else {
            return;
        };
        let orgs = salesforce.learning.in_use();
        join_all(orgs.iter().map(|org| salesforce.exchange_with(org))).await;
    }
}

impl Salesforce {
    /// The name of a user among all replicas.
    pub(super) fn shared_user(&self, user: &OrgUser) -> u64 {
        let names = self.shared_state.names(user.org.as_str());
        names.map_or(user.user, |names| {
            let digest = names.digest(&[b"user", &user.user.to_le_bytes()]).bytes();
            let (first, _) = digest.split_first_chunk().unwrap_or((&[0; 8], &[]));
            u64::from_le_bytes(*first)
        })
    }

    /// Tells the other replicas what was learnt, soon.
    pub(super) fn teach(&self, org: &Instance, lesson: impl FnOnce() -> Lesson) {
        if self.shared_state.is_configured()
            && let Some(text) = lesson().write()
        {
            self.learning.add(org, Instant::now(), text);
        }
    }

    /// Makes sure that what is known of an org, which is going to be used, is not much older than what the other replicas know.
    pub(super) async fn catch_up(&self, org: &Instance) {
        if self.shared_state.is_up() && self.learning.is_behind(org, Instant::now()) {
            self.exchange_with(org).await;
        }
    }

    /// Exchanges what is known of an org, in one round trip. Only one caller does it at a time, and the others wait for it.
    async fn exchange_with(&self, org: &Instance) {
        let (lessons, done) = match self.learning.begin(org) {
            Turn::Mine(lessons, done) => (lessons, done),
            Turn::Wait(mut ended) => {
                // The channel closes without a message.
                drop(ended.changed().await);
                return;
            }
        };
        let (Some(learnt), Some((budget, telling))) =
            (self.learnt_call(org, &lessons), self.limits.exchange(org))
        else {
            return;
        };
        let replies = self.shared_state.ask(&[budget, learnt]).await;
        if let Some([budget, learnt]) = replies.as_deref() {
            telling.exchanged(budget);
            let last = self.learn(org, learnt);
            self.learning
                .ended(org, Instant::now(), lessons.texts.len(), last);
        }
        drop(done);
    }

    fn learnt_call(&self, org: &Instance, lessons: &orgs::Lessons) -> Option<Call> {
        let names = self.shared_state.names(org.as_str())?;
        let mut args: Vec<Arg> = vec![self.learning.replica().into(), (*lessons.last).into()];
        for (learnt, text) in &lessons.texts {
            args.extend([learnt.elapsed().into(), (**text).into()]);
        }
        Some(Call {
            script: &LEARNT,
            keys: vec![names.entry(EntryKind::Learnt, &[])],
            args,
        })
    }

    /// Learns what the other replicas have learnt. Returns the id of the last lesson.
    fn learn(&self, org: &Instance, reply: &Reply) -> Option<String> {
        let values: Vec<_> = reply.answer().list().collect();
        let (lessons, _) = values.as_chunks::<4>();
        let mut last = None;
        for [id, age, replica, lesson] in lessons {
            last = id.text().map(str::to_owned).or(last);
            let is_own = replica.text() == Some(self.learning.replica());
            let age = age.int().and_then(|age| u64::try_from(age).ok());
            let lesson = lesson.text().and_then(Lesson::read);
            if let (Some(age), Some(lesson), false) = (age, lesson, is_own) {
                self.take(org, Duration::from_millis(age), lesson);
            }
        }
        last
    }

    fn take(&self, org: &Instance, age: Duration, lesson: Lesson) {
        let now = Instant::now();
        let at = now.checked_sub(age).unwrap_or(now);
        let contradicted = at.checked_sub(BLUR).unwrap_or(at);
        match lesson {
            Lesson::Form {
                object,
                field,
                form,
            } => self.field_types.set(org, (&object, &field), form),
            Lesson::Unreadable { object, field } => {
                self.field_types.not_readable(org, (&object, &field), at);
            }
            Lesson::Refused {
                user,
                object,
                field,
                effect,
            } => {
                let of = (org, user);
                self.describes.refuses(of, &object, (&field, effect), at);
                let is_of = |user: &OrgUser| self.shared_user(user) == of.1;
                self.describes.doubt(org, &object, contradicted, is_of);
            }
            Lesson::Contradicted { object, is_certain } => {
                if is_certain {
                    self.describes.forget(org, &object, contradicted);
                } else {
                    self.describes.doubt(org, &object, contradicted, |_| true);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lesson_is_read_as_it_was_written_and_one_of_another_version_is_ignored() {
        let lessons = [
            Lesson::Form {
                object: "lead".to_owned(),
                field: "score__c".to_owned(),
                form: Form::Number,
            },
            Lesson::Unreadable {
                object: "lead".to_owned(),
                field: "secret__c".to_owned(),
            },
            Lesson::refused(7, "Lead", "Score__c", Effect::Upsert),
            Lesson::Contradicted {
                object: "Lead".to_owned(),
                is_certain: true,
            },
        ];
        for lesson in lessons {
            let text = lesson.write().unwrap();
            assert_eq!(Lesson::read(&text).as_ref(), Some(&lesson), "{text}");
            assert_eq!(Lesson::read(&text.replacen('1', "2", 1)), None, "{text}");
        }
        assert_eq!(Lesson::read("1{\"Hunch\":{}}"), None);
    }
}
