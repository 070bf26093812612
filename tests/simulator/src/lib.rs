//! A Salesforce to try things on: one org in memory that answers REST calls as Salesforce does, with
//! its errors, its limits and, on demand, its faults.
//!
//! It has no clock, no disk and no randomness: the same calls always get the same answers. Only whether an assertion has
//! expired depends on the time.
//!
//! | module | what it is for |
//! |---|---|
//! | `builder` | what an org has: users, fields, limits |
//! | `http` | its routes, and how an answer goes out |
//! | `state` | what the org remembers, and the order in which a call is judged |
//! | `oauth` | the token endpoint with its three flows, and their sessions |
//! | `operation` | which call a URL means |
//! | `describe` | what the org says of itself: versions, resources, objects |
//! | `composite`, `collections` | several requests in one, and many records in one |
//! | `org`, `record` | the records, and what they must be like |
//! | `table`, `index` | where they are kept, and how those that are alike are found |
//! | `assignment`, `duplicates` | whose they become, and which are refused as duplicates |
//! | `soql`, `query`, `pages` | queries: read, run, handed out |
//! | `schema`, `id`, `clock` | fields, ids, dates |
//! | `places` | the countries and states that addresses may name |
//! | `caller` | who sends a request, and what its headers ask for |
//! | `refusal`, `fault` | what goes wrong, and what is made to |
//! | `calls`, `log` | what was asked, counted and one by one |
//! | `validation` | rules of the org's own that refuse records |
//! | `sample` | the org to start from |
//! | `ordinary`, `wide` | an org as an admin has it, and objects of hundreds of fields |
//! | `flags` | the flags of a transformer whose Salesforce this is |

mod assignment;
mod builder;
mod caller;
mod calls;
mod clock;
mod collections;
mod composite;
mod describe;
mod duplicates;
mod fault;
mod flags;
mod http;
mod id;
mod index;
mod log;
mod oauth;
mod operation;
mod ordinary;
mod org;
mod pages;
mod places;
mod query;
mod record;
mod refusal;
pub mod sample;
mod schema;
pub mod soql;
mod state;
mod table;
mod validation;
mod wide;

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use axum::Router;
use serde_json::Value;

pub use self::{
    builder::Builder,
    calls::{Call, Calls},
    composite::PartHeaders,
    duplicates::{DuplicateRule, Duplicates},
    fault::Fault,
    flags::flags_for,
    log::LoggedCall,
    places::Country,
    refusal::{FieldName, Refusal},
    schema::{FieldSpec, FieldType, PicklistValue},
    validation::ValidationRule,
};
use self::{caller::Caller, oauth::USER_ID, state::State};

/// A simulated org. Clones are handles to the same org.
///
/// ```
/// use salesforce_simulator::{FieldType, Simulator};
/// use serde_json::json;
///
/// let org = Simulator::builder()
///     .user("user@example.com", "password", "security-token")
///     .custom_field("Lead", "plan__c", FieldType::Text)
///     .build();
/// let id = org.insert("Lead", json!({"LastName": "Doe", "Company": "Acme", "plan__c": "pro"}))?;
/// assert!(id.starts_with("00Q"));
/// assert_eq!(org.records("Lead")[0]["plan__c"], "pro");
/// # Ok::<(), salesforce_simulator::Refusal>(())
/// ```
#[derive(Debug, Clone)]
pub struct Simulator {
    state: Arc<Mutex<State>>,
}

impl Simulator {
    /// Starts to set an org up.
    pub fn builder() -> Builder {
        Builder::new()
    }

    /// The org's API: the token endpoint, queries and records. It can be served at several addresses at once.
    pub fn router(&self) -> Router {
        http::router(self.clone())
    }

    /// Puts a record into the org as its owner would, and returns its 18-character id. System fields such as
    /// `IsConverted`, `IsDeleted` or `LastModifiedDate` may be set, required ones left out.
    ///
    /// # Errors
    /// An unknown object or field, a value that does not fit its field, an `Id`, or a record that is no JSON object.
    pub fn insert(&self, object: &str, record: Value) -> Result<String, Refusal> {
        let fields =
            serde_json::from_value(record).map_err(|error| Refusal::Json(error.to_string()))?;
        self.state()
            .org
            .seed(object, fields)
            .map(|id| id.to_string())
    }

    /// Changes a record as another system would; no API call is counted.
    ///
    /// # Errors
    /// What Salesforce would refuse.
    pub fn update(&self, object: &str, id: &str, record: Value) -> Result<(), Refusal> {
        let fields =
            serde_json::from_value(record).map_err(|error| Refusal::Json(error.to_string()))?;
        self.state()
            .org
            .update_record(&Caller::inside(), object, id, fields)
    }

    /// Deletes a record as another system would; no API call is counted.
    ///
    /// # Errors
    /// Where there is none.
    pub fn delete(&self, object: &str, id: &str) -> Result<(), Refusal> {
        self.state().org.delete(&Caller::inside(), object, id)
    }

    /// Converts a lead, as a salesperson would, and returns the id of its contact.
    ///
    /// # Errors
    /// Where there is no such lead.
    pub fn convert(&self, lead: &str) -> Result<String, Refusal> {
        let mut state = self.state();
        let record = state.org.read(&Caller::inside(), "v50.0", "Lead", lead)?;
        let person = ["FirstName", "LastName", "Email"]
            .map(|field| (field.to_owned(), record[field].clone()));
        let contact = state.org.seed("Contact", person.into_iter().collect())?;
        let contact = contact.to_string();
        let converted = serde_json::json!({"IsConverted": true, "ConvertedContactId": contact});
        let converted =
            serde_json::from_value(converted).map_err(|error| Refusal::Json(error.to_string()))?;
        state
            .org
            .change(&Caller::inside(), "Lead", lead, converted)?;
        Ok(contact)
    }

    /// Adds a field to an object while the org is open, or changes the one that has its name: `Last-Modified` of the object's
    /// description moves.
    pub fn add_field(&self, object: &str, field: FieldSpec) {
        let mut state = self.state();
        state.org.declare_field(object, field);
        state.org.note_change(object);
    }

    /// Takes a field away from an object while the org is open: `Last-Modified` of the object's description moves.
    pub fn remove_field(&self, object: &str, field: &str) {
        let mut state = self.state();
        state.org.remove_field(object, field);
        state.org.note_change(object);
    }

    /// Hides a field from a user, by field-level security: `Last-Modified` does not move. Without such a user nothing is
    /// hidden.
    pub fn hide_field_from(&self, username: &str, object: &str, field: &str) {
        let mut state = self.state();
        if let Some(user) = state.accounts.user_id(username) {
            state.org.declare(object).hide(&user, field);
        }
    }

    /// Shows a field to a user from whom it was hidden.
    pub fn show_field_to(&self, username: &str, object: &str, field: &str) {
        let mut state = self.state();
        if let Some(user) = state.accounts.user_id(username) {
            state.org.declare(object).unhide(&user, field);
        }
    }

    /// Lets the next `times` records of Collections be locked by another transaction.
    pub fn lock_rows(&self, times: usize) {
        self.state().org.locked = times;
    }

    /// The records of an object in order of creation, without deleted ones: each with its id, its system fields and
    /// whatever else was ever set. An unknown object has none.
    #[must_use]
    pub fn records(&self, object: &str) -> Vec<Value> {
        self.state().org.records(object)
    }

    /// A valid access token of the first user's, as an OAuth account holds one.
    #[must_use]
    pub fn session(&self) -> String {
        self.state().accounts.open_session(USER_ID)
    }

    /// A valid access token of this user's; `None` where the org does not know the user.
    #[must_use]
    pub fn session_of(&self, username: &str) -> Option<String> {
        let mut state = self.state();
        let user = state.accounts.user_id(username)?;
        Some(state.accounts.open_session(&user))
    }

    /// The id of the user of this name; `None` where the org does not know the user.
    #[must_use]
    pub fn user_id(&self, username: &str) -> Option<String> {
        self.state().accounts.user_id(username)
    }

    /// The latest 20,000 API calls, oldest first, whatever became of them. Logins and the list of versions are no API calls,
    /// and a request with too long a URI never comes so far.
    #[must_use]
    pub fn log(&self) -> Vec<LoggedCall> {
        self.state().log.calls()
    }

    /// How many requests have arrived, by kind.
    #[must_use]
    pub fn calls(&self) -> Calls {
        let state = self.state();
        Calls {
            composite_parts: state.org.composite_parts,
            collection_records: state.org.collection_records,
            refused_records: state.org.refused_records,
            ..state.calls
        }
    }

    /// How many updates through the API have given a record to another owner.
    #[must_use]
    pub fn owners_changed(&self) -> u64 {
        self.state().org.owners_changed
    }

    /// Ends all sessions: every access token handed out so far is refused with 401 `INVALID_SESSION_ID`.
    pub fn expire_sessions(&self) {
        self.state().accounts.expire_sessions();
    }

    /// Lets the next `times` logins bring tokens that are refused from the start, as where a policy of the org's keeps their
    /// user from the API.
    pub fn issue_dead_tokens(&self, times: usize) {
        self.state().accounts.dead_tokens = times;
    }

    /// Gives the app another consumer secret: the one before is refused from now on. Sessions stay open.
    pub fn rotate_secret(&self, client_secret: &str) {
        if let Some(app) = &mut self.state().accounts.app {
            app.client_secret = client_secret.into();
        }
    }

    /// Gives the app another certificate: what the key before has signed is refused from now on. Sessions stay open.
    pub fn rotate_certificate(&self, public_key: &str) {
        if let Some(app) = &mut self.state().accounts.app {
            app.certificate = Some(public_key.into());
        }
    }

    /// Changes how many API calls the org allows, those already made included; past it comes 403
    /// `REQUEST_LIMIT_EXCEEDED`.
    pub fn set_daily_limit(&self, calls: u64) {
        self.state().daily_limit = calls;
    }

    /// Changes how long every call takes: half of it passes before the org carries the call out, half before the answer
    /// goes out. Calls under way keep theirs.
    pub fn set_latency(&self, latency: Duration) {
        self.state().latency = latency;
    }

    /// Lets the next `times` calls of this kind fail; faults for the same kind strike in the order of the demand.
    pub fn fail_next(&self, call: Call, fault: Fault, times: usize) {
        self.state().faults.arm(call, fault, times);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
