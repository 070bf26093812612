//! The request headers that control assignment rules and duplicate rules and identify the client: rules
//! `assignment-rules`, `duplicate-rules` and `call-options`.

use crate::{
    config::{AssignmentRules, Duplicates, Policies, RuleId},
    salesforce::operation::Operation,
};

/// The header that identifies the client in the org's event log files, see `docs/behaviour.md`, rule `call-options`.
pub const CALL_OPTIONS: &str = "Sforce-Call-Options";

/// The value of [`CALL_OPTIONS`] in all calls of this service.
pub const CLIENT: &str = concat!("client=salesforce-transformer/", env!("CARGO_PKG_VERSION"));

/// The header that determines which assignment rule runs. Without it, the active rule runs on each create and update.
pub(crate) const AUTO_ASSIGN: &str = "Sforce-Auto-Assign";

/// The header that lets a record be saved although a duplicate rule alerts about it.
pub(crate) const DUPLICATE_RULE: &str = "Sforce-Duplicate-Rule-Header";

/// The objects that have assignment rules, so that [`AUTO_ASSIGN`] applies to them.
const ASSIGNED: [&str; 3] = ["Lead", "Case", "Account"];

/// The headers of a write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WriteHeaders {
    assignment: Assignment,
    saves_duplicates: bool,
}

/// Which assignment rule runs.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Assignment {
    /// The object has no assignment rules.
    None,
    /// The active rule runs, because no header is sent.
    Active,
    /// No rule runs.
    Off,
    /// The rule with this id runs.
    Rule(RuleId),
}

impl WriteHeaders {
    /// No headers.
    pub const NONE: Self = Self {
        assignment: Assignment::None,
        saves_duplicates: false,
    };

    /// The headers for creating (`creates`) or updating a record of this object for a destination.
    #[must_use]
    pub fn of(policies: &Policies, destination: &str, object: &str, creates: bool) -> Self {
        let is_assigned = ASSIGNED
            .iter()
            .any(|assigned| assigned.eq_ignore_ascii_case(object));
        let assignment = match (policies.assignment_rules.of(destination), creates) {
            _ if !is_assigned => Assignment::None,
            (AssignmentRules::Always, _) | (AssignmentRules::Create, true) => Assignment::Active,
            (AssignmentRules::Rule(id), true) => Assignment::Rule(id.clone()),
            (AssignmentRules::Never, _)
            | (AssignmentRules::Create | AssignmentRules::Rule(_), false) => Assignment::Off,
        };
        let saves_duplicates = creates && *policies.duplicates.of(destination) == Duplicates::Save;
        Self {
            assignment,
            saves_duplicates,
        }
    }

    /// The names and values of the headers.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let assignment = match &self.assignment {
            Assignment::None | Assignment::Active => None,
            Assignment::Off => Some("FALSE"),
            Assignment::Rule(id) => Some(id.as_str()),
        };
        let assignment = assignment.map(|value| (AUTO_ASSIGN, value));
        let saves = self
            .saves_duplicates
            .then_some((DUPLICATE_RULE, "allowSave=true"));
        assignment.into_iter().chain(saves)
    }

    /// The headers that an operation needs; `None` for an operation to which no policy applies.
    #[must_use]
    pub fn of_operation(
        policies: &Policies,
        destination: &str,
        operation: &Operation,
    ) -> Option<Self> {
        match operation {
            Operation::Create { object } => Some(Self::of(policies, destination, object, true)),
            Operation::Update { object, .. } => {
                Some(Self::of(policies, destination, object, false))
            }
            Operation::Upsert
            | Operation::Delete
            | Operation::Collection
            | Operation::Composite
            | Operation::Other => None,
        }
    }

    /// Combines these headers with `other` for a call that contains writes with each; `None` if they contradict each other.
    ///
    /// It is not confirmed that Salesforce honours the headers of a Composite subrequest that is an sObject Collection.
    /// Therefore the call carries them too, and writes with contradicting headers go in separate calls.
    #[must_use]
    pub fn joined(&self, other: &Self) -> Option<Self> {
        let assignment = match (&self.assignment, &other.assignment) {
            (Assignment::None, any) | (any, Assignment::None) => any,
            (one, another) => (one == another).then_some(one)?,
        };
        (self.saves_duplicates == other.saves_duplicates).then(|| Self {
            assignment: assignment.clone(),
            saves_duplicates: self.saves_duplicates,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    fn headers(flags: &[&str], object: &str, creates: bool) -> Vec<(&'static str, String)> {
        let policies = Config::from_flags(flags).unwrap().policies();
        let headers = WriteHeaders::of(&policies, "d1", object, creates);
        let headers = headers.iter().map(|(name, value)| (name, value.to_owned()));
        headers.collect()
    }

    fn assigned(setting: &str, object: &str, creates: bool) -> Option<String> {
        let headers = headers(&["--assignment-rules", setting], object, creates);
        headers.into_iter().next().map(|(_, value)| value)
    }

    #[test]
    fn each_policy_says_whether_rules_run_on_create_and_on_update() {
        const RULE: &str = "01Q5g000000AbCdEAK";
        for (setting, on_create, on_update) in [
            ("create", None, Some("FALSE")),
            ("always", None, None),
            ("never", Some("FALSE"), Some("FALSE")),
            (RULE, Some(RULE), Some("FALSE")),
        ] {
            for object in ["Lead", "Case", "account"] {
                let of = |creates| assigned(setting, object, creates);
                assert_eq!(of(true).as_deref(), on_create, "{setting} {object}");
                assert_eq!(of(false).as_deref(), on_update, "{setting} {object}");
            }
            assert_eq!(assigned(setting, "Contact", true), None);
            assert_eq!(assigned(setting, "Contact", false), None);
        }
    }

    #[test]
    fn duplicates_are_saved_on_create_alone() {
        let save = ["--duplicates", "save", "--assignment-rules", "always"];
        let expected = [(DUPLICATE_RULE, "allowSave=true".to_owned())];
        assert_eq!(headers(&save, "Contact", true), expected);
        assert_eq!(headers(&save, "Contact", false), []);
    }

    #[test]
    fn a_call_holds_writes_whose_headers_agree_and_those_to_which_none_applies() {
        let policies = Config::from_flags(["--port", "0"]).unwrap().policies();
        let of = |object, creates| WriteHeaders::of(&policies, "d1", object, creates);
        let (create, update, other) = (of("Lead", true), of("Lead", false), of("Contact", true));
        assert_eq!(create.joined(&update), None);
        assert_eq!(update.joined(&other), Some(update.clone()));
        assert_eq!(other.joined(&create), Some(create));
    }
}
