//! The events: five of each new person, by three users whose e-mail is the same, close to each other in time.

use serde_json::{Value, json};

/// How many events each person has, and which of the person's users sends each of them.
const USERS_OF_EVENTS: [usize; 5] = [0, 1, 2, 0, 1];

/// How many people are new at the same time.
const GROUP: usize = 64;

/// How many people there are.
#[derive(Clone, Copy)]
pub(super) struct People {
    pub(super) count: usize,
}

/// A user, whose events keep their order.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct User {
    pub(super) person: usize,
    pub(super) user: usize,
}

/// An event, known by its place among all of them.
#[derive(Clone, Copy)]
pub(super) struct Event {
    pub(super) number: usize,
    pub(super) user: User,
}

impl People {
    /// At least so many.
    pub(super) fn of(count: usize) -> Self {
        Self {
            count: count.next_multiple_of(GROUP),
        }
    }

    /// How many events there are.
    pub(super) fn events(self) -> usize {
        self.count * USERS_OF_EVENTS.len()
    }

    /// The event at this place.
    pub(super) fn event(number: usize) -> Event {
        let (group, place) = (
            number / (GROUP * USERS_OF_EVENTS.len()),
            number % (GROUP * USERS_OF_EVENTS.len()),
        );
        Event {
            number,
            user: User {
                person: group * GROUP + place % GROUP,
                user: USERS_OF_EVENTS[place / GROUP],
            },
        }
    }

    /// What the field of a user's holds once all events have been written: the number of the user's last event.
    pub(super) fn last_of(user: User) -> String {
        let place = USERS_OF_EVENTS
            .iter()
            .rposition(|it| *it == user.user)
            .unwrap();
        let group = user.person / GROUP;
        (group * GROUP * USERS_OF_EVENTS.len() + place * GROUP + user.person % GROUP).to_string()
    }
}

impl User {
    /// The users of a person.
    pub(super) fn all_of(person: usize) -> [Self; 3] {
        [0, 1, 2].map(|user| Self { person, user })
    }

    /// The field of a lead that this user's events write.
    pub(super) fn field(self) -> String {
        format!("seen{}__c", self.user)
    }
}

/// The e-mail of a person.
pub(super) fn email(person: usize) -> String {
    format!("p{person}@example.com")
}

impl Event {
    /// The job of this event, which has been sent so often before.
    pub(super) fn job(self, attempt: u32) -> Value {
        let Self { number, user } = self;
        let seen = format!("seen{}", user.user);
        let message = json!({
            "type": "identify",
            "messageId": format!("m-{number}"),
            "userId": self.user_id(),
            "traits": {"email": email(user.person), seen: number.to_string()},
            "integrations": {"Salesforce": true},
        });
        json!({"message": message, "metadata": self.metadata(attempt), "destination": destination()})
    }

    /// The metadata of the job.
    pub(super) fn metadata(self, attempt: u32) -> Value {
        json!({
            "jobId": self.number,
            "userId": self.user_id(),
            "messageId": format!("m-{}", self.number),
            "sourceId": "src-1",
            "destinationId": "dst-1",
            "workspaceId": "ws-1",
            "attemptNum": attempt,
            "dontBatch": false,
        })
    }

    fn user_id(self) -> String {
        format!("{}-{}", self.user.person, self.user.user)
    }
}

/// The destination of all events.
pub(super) fn destination() -> Value {
    json!({
        "ID": "dst-1",
        "DestinationDefinition": {"Name": "SALESFORCE", "DisplayName": "Salesforce"},
        "Config": {"userName": "u", "password": "p", "initialAccessToken": "t"},
    })
}
