//! Sets an org up: who may log in, what it can hold, how much it allows.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use super::{
    Calls, Country, DuplicateRule, FieldSpec, FieldType, PartHeaders, Simulator, ValidationRule,
    assignment::AssignmentRule,
    fault::Faults,
    id::RecordId,
    log::Log,
    oauth::{Accounts, App, User},
    org::Org,
    state::State,
    wide,
};

/// The daily limit of a Developer Edition org.
const DEVELOPER_LIMIT: u64 = 15_000;

/// An org in the making: `Simulator::builder()`, what it should have, `build()`.
#[derive(Debug)]
#[must_use]
pub struct Builder {
    state: State,
    /// The users, the objects and the fields that are hidden from them. Users have their ids when all are known.
    hidden: Vec<[String; 3]>,
    /// The same for the fields that they see and do not write.
    locked: Vec<[String; 3]>,
}

impl Builder {
    /// An org with the standard objects, no user and a Developer Edition's limit.
    pub(super) fn new() -> Self {
        Self {
            state: State {
                org: Org::new(),
                accounts: Accounts::default(),
                calls: Calls::default(),
                log: Log::default(),
                faults: Faults::default(),
                daily_limit: DEVELOPER_LIMIT,
                latency: Duration::ZERO,
                burst_limit: None,
                instance_url: None,
                api_disabled: false,
            },
            hidden: Vec::new(),
            locked: Vec::new(),
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

    /// The one app that may ask for tokens. Without it, any client may log in by password.
    pub fn client(mut self, client_id: &str, client_secret: &str) -> Self {
        let app = self.app();
        app.client_id = client_id.into();
        app.client_secret = client_secret.into();
        self
    }

    /// The user as whom the client credentials flow runs.
    pub fn run_as(mut self, username: &str) -> Self {
        self.app().run_as = Some(username.into());
        self
    }

    /// The public key by which the assertions of the JWT bearer flow are checked, in PEM form.
    pub fn certificate(mut self, public_key: &str) -> Self {
        self.app().certificate = Some(public_key.into());
        self
    }

    /// A user whom assertions may name.
    pub fn approved(mut self, username: &str) -> Self {
        self.app().approved.push(username.into());
        self
    }

    /// An org that takes password logins no more.
    pub fn without_password_logins(mut self) -> Self {
        self.state.accounts.password_flow_ended = true;
        self
    }

    /// How long tokens say that they are good for, in seconds; unless set they say nothing, as Salesforce's as a rule.
    pub fn token_lifetime(mut self, seconds: u64) -> Self {
        self.state.accounts.lifetime = Some(seconds);
        self
    }

    fn app(&mut self) -> &mut App {
        self.state.accounts.app.get_or_insert_default()
    }

    /// An org without an API, as some editions are.
    pub fn without_api(mut self) -> Self {
        self.state.api_disabled = true;
        self
    }

    /// Takes an object away, as from users who may not read it.
    pub fn without_object(mut self, object: &str) -> Self {
        self.state.org.declare(object).is_visible = false;
        self
    }

    /// Takes a field away, as from users who may not read it.
    pub fn without_field(mut self, object: &str, field: &str) -> Self {
        self.state.org.remove_field(object, field);
        self
    }

    /// Lets nobody write the records of an object through the API.
    pub fn read_only(mut self, object: &str) -> Self {
        self.state.org.declare(object).is_writable = false;
        self
    }

    /// A field besides the standard ones: a custom field, or that of a feature which is switched on, such as
    /// `MiddleName`. An object that is not known yet comes with it.
    pub fn custom_field(self, object: &str, field: &str, kind: FieldType) -> Self {
        self.field(object, FieldSpec::new(field, kind))
    }

    /// A field in all its details. An object that is not known yet comes with it.
    pub fn field(mut self, object: &str, field: FieldSpec) -> Self {
        self.state.org.declare_field(object, field);
        self
    }

    /// A text field that is an external id, compared without letter case.
    pub fn external_id(self, object: &str, field: &str, unique: bool) -> Self {
        let field = FieldSpec::new(field, FieldType::Text).external_id();
        self.field(object, if unique { field.unique() } else { field })
    }

    /// Hides a field from a user, by field-level security: descriptions, queries and writes of that user do not know it.
    pub fn hide_field_from(mut self, username: &str, object: &str, field: &str) -> Self {
        let hidden = [username, object, field].map(Into::into);
        self.hidden.push(hidden);
        self
    }

    /// Lets a user read a field and not write it, by field-level security: descriptions show it as neither createable nor
    /// updateable, and writes of that user are refused.
    pub fn lock_field_for(mut self, username: &str, object: &str, field: &str) -> Self {
        let locked = [username, object, field].map(Into::into);
        self.locked.push(locked);
        self
    }

    /// A rule of the org's own that refuses records.
    pub fn validation_rule(mut self, rule: ValidationRule) -> Self {
        self.state.org.rules.validation.push(rule);
        self
    }

    /// A custom object with so many fields, of each type in turn, named `Field_000__c` and so on: what an org of many years
    /// describes.
    pub fn wide_object(mut self, object: &str, fields: usize) -> Self {
        for field in wide::fields(fields) {
            self.state.org.declare_field(object, field);
        }
        self
    }

    /// An org in which state and country picklists are switched on: addresses of the objects declared so far have fields for
    /// the codes, and name only these countries and their states.
    pub fn state_country_picklists(mut self, countries: impl IntoIterator<Item = Country>) -> Self {
        self.state.org.switch_on_places(countries);
        self
    }

    /// Whether one value of the wrong type refuses a whole collection; yes unless said otherwise. Which of both Salesforce does
    /// is unverified without an org.
    pub fn wrong_type_refuses_collection(mut self, refuses: bool) -> Self {
        self.state.org.settings.wrong_type_refuses_collection = refuses;
        self
    }

    /// Whether one field that the object does not have refuses a whole collection; no unless said otherwise. Which of both
    /// Salesforce does is unverified without an org.
    pub fn unknown_field_refuses_collection(mut self, refuses: bool) -> Self {
        self.state.org.settings.unknown_field_refuses_collection = refuses;
        self
    }

    /// Whether a reference to a record that does not exist is refused with the name of its field; no unless said otherwise.
    /// Both are seen in others' threads.
    pub fn cross_references_name_fields(mut self, name: bool) -> Self {
        self.state.org.settings.cross_references_name_fields = name;
        self
    }

    /// A field whose values no two records share, compared without letter case, such as an external id.
    pub fn unique_field(self, object: &str, field: &str, kind: FieldType) -> Self {
        self.field(object, FieldSpec::new(field, kind).unique())
    }

    /// A duplicate rule with its matching rule.
    pub fn matching(mut self, rule: DuplicateRule) -> Self {
        self.state.org.add_duplicate_rule(rule);
        self
    }

    /// What a duplicate rule has found stands under `duplicateResult` in a refusal, not under `duplicateResut`, as Salesforce
    /// spells it in the versions that were seen.
    pub fn duplicate_result_well_spelt(mut self) -> Self {
        self.state.org.rules.wording.key = "duplicateResult";
        self
    }

    /// The results of Collections do not say what a duplicate rule has found. Whether Salesforce's do is unverified without
    /// an org.
    pub fn collections_without_matches(mut self) -> Self {
        self.state.org.rules.wording.in_collections = false;
        self
    }

    /// An assignment rule that gives every lead, case or account to `owner`. One that is not active runs only for calls that
    /// choose it by its id; of several active ones of an object the first runs.
    ///
    /// # Panics
    /// Where the rule's or the owner's id is no id of 15 or 18 characters.
    pub fn assignment_rule(mut self, object: &str, rule: &str, owner: &str, active: bool) -> Self {
        let id = |text: &str| RecordId::parse(text).unwrap_or_else(|| panic!("{text} is no id"));
        self.state.org.add_assignment_rule(AssignmentRule {
            object: object.into(),
            id: id(rule),
            owner: id(owner),
            is_active: active,
        });
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
        self.state.org.declare(object);
        for (field, kind) in fields {
            let field = FieldSpec::new(field, *kind);
            self.state.org.declare_field(object, field);
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

    /// Whose headers count for a part of a Composite: those of the part, unless set.
    pub fn part_headers(mut self, headers: PartHeaders) -> Self {
        self.state.org.part_headers = headers;
        self
    }

    /// How long every call takes, logins included: half of it passes before the org carries the call out, half before
    /// the answer goes out. Calls at the same time overlap, so that two lookups run before either's write.
    pub fn latency(mut self, latency: Duration) -> Self {
        self.state.latency = latency;
        self
    }

    /// Opens the org.
    #[must_use]
    pub fn build(mut self) -> Simulator {
        for [username, object, field] in &self.hidden {
            if let Some(user) = self.state.accounts.user_id(username) {
                self.state.org.declare(object).hide(&user, field);
            }
        }
        for [username, object, field] in &self.locked {
            if let Some(user) = self.state.accounts.user_id(username) {
                self.state.org.declare(object).lock(&user, field);
            }
        }
        Simulator {
            state: Arc::new(Mutex::new(self.state)),
        }
    }
}
