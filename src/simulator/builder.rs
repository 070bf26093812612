//! Sets an org up: who may log in, what it can hold, how much it allows.

use std::sync::{Arc, Mutex};

use super::{
    Calls, FieldType, Simulator,
    fault::Faults,
    oauth::{Accounts, ConnectedApp, User},
    org::Org,
    state::State,
};

/// The daily limit of a Developer Edition org.
const DEVELOPER_LIMIT: u64 = 15_000;

/// An org in the making: `Simulator::builder()`, what it should have, `build()`.
#[derive(Debug)]
#[must_use]
pub struct Builder {
    state: State,
}

impl Builder {
    /// An org with the standard objects, no user and a Developer Edition's limit.
    pub(super) fn new() -> Self {
        Self {
            state: State {
                org: Org::new(),
                accounts: Accounts::default(),
                calls: Calls::default(),
                faults: Faults::default(),
                daily_limit: DEVELOPER_LIMIT,
                burst_limit: None,
                instance_url: None,
            },
        }
    }

    /// Somebody who may log in, with the security token appended to the password.
    pub fn user(mut self, username: &str, password: &str, security_token: &str) -> Self {
        let password = format!("{password}{security_token}");
        self.state.accounts.users.push(User {
            username: username.into(),
            password,
        });
        self
    }

    /// The one connected app that may ask for tokens. Without it, any client may.
    pub fn client(mut self, client_id: &str, client_secret: &str) -> Self {
        let app = ConnectedApp {
            client_id: client_id.into(),
            client_secret: client_secret.into(),
        };
        self.state.accounts.app = Some(app);
        self
    }

    /// A field besides the standard ones: a custom field, or that of a feature which is switched on, such as
    /// `MiddleName`. An object that is not known yet comes with it.
    pub fn custom_field(mut self, object: &str, field: &str, kind: FieldType) -> Self {
        self.state.org.declare(object).declare(field, kind);
        self
    }

    /// A field whose values no two records share, compared without letter case, such as an external id.
    pub fn unique_field(mut self, object: &str, field: &str, kind: FieldType) -> Self {
        self.state.org.declare(object).declare(field, kind);
        self.state.org.make_unique(object, field);
        self
    }

    /// Code of the org's own that copes with at most so many records of an object in one collection; of more, each is
    /// refused with an Apex limit.
    pub fn apex_limit(mut self, object: &str, records: usize) -> Self {
        self.state.org.apex_limits.push((object.into(), records));
        self
    }

    /// How many calls in a short time the org reports to allow, as the second part of `Sforce-Limit-Info`. It is not
    /// enforced.
    pub fn burst_limit(mut self, calls: u64) -> Self {
        self.state.burst_limit = Some(calls);
        self
    }

    /// An object besides the standard ones, with its fields; those that every object has come by themselves.
    pub fn custom_object(mut self, object: &str, fields: &[(&str, FieldType)]) -> Self {
        let object = self.state.org.declare(object);
        for (field, kind) in fields {
            object.declare(field, *kind);
        }
        self
    }

    /// How many API calls a day the org allows: 15,000 unless set.
    pub fn daily_limit(mut self, calls: u64) -> Self {
        self.state.daily_limit = calls;
        self
    }

    /// How many records a page of a query's answer has at most: 2,000 unless set. A page has at least one.
    pub fn page_size(mut self, records: usize) -> Self {
        self.state.org.pages.size = records.max(1);
        self
    }

    /// What token answers name as the instance, without a trailing slash: the host that was asked, over http,
    /// unless set.
    pub fn instance_url(mut self, url: &str) -> Self {
        self.state.instance_url = Some(url.into());
        self
    }

    /// Opens the org.
    #[must_use]
    pub fn build(self) -> Simulator {
        Simulator {
            state: Arc::new(Mutex::new(self.state)),
        }
    }
}
