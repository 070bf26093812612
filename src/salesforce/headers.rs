//! The request headers that control assignment rules and duplicate rules and identify the client: rules
//! `assignment-rules`, `duplicate-rules` and `call-options`.

use crate::{
    config::{AssignmentRules, Duplicates, Policies, RuleId},
    salesforce::{address::Effect, operation::Operation},
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

    /// The headers for a write of this effect to a record of this object for a destination.
    ///
    /// If the policies treat creates and updates differently ([`tells_creates_apart`]), an upsert is treated as an update: a rule would
    /// give a known record to another owner each time. Such an upsert was described under other policies.
    #[must_use]
    pub fn of(policies: &Policies, destination: &str, object: &str, effect: Effect) -> Self {
        let assignment = match (policies.assignment_rules.of(destination), effect) {
            _ if !is_assigned(object) => Assignment::None,
            (AssignmentRules::Always, _) | (AssignmentRules::Create, Effect::Create) => {
                Assignment::Active
            }
            (AssignmentRules::Rule(id), Effect::Create) => Assignment::Rule(id.clone()),
            (AssignmentRules::Never, _)
            | (
                AssignmentRules::Create | AssignmentRules::Rule(_),
                Effect::Update | Effect::Upsert,
            ) => Assignment::Off,
        };
        let saves_duplicates =
            effect.may_create() && *policies.duplicates.of(destination) == Duplicates::Save;
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
        let (object, effect) = match operation {
            Operation::Create { object } => (object, Effect::Create),
            Operation::Update { object, .. } => (object, Effect::Update),
            Operation::Upsert { object, .. } => (object, Effect::Upsert),
            Operation::Delete | Operation::Collection | Operation::Composite | Operation::Other => {
                return None;
            }
        };
        Some(Self::of(policies, destination, object, effect))
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

/// Whether an object has assignment rules.
pub(crate) fn is_assigned(object: &str) -> bool {
    let mut assigned = ASSIGNED.iter();
    assigned.any(|assigned| assigned.eq_ignore_ascii_case(object))
}

/// Whether the policies treat creates of this object differently from updates, so that an upsert, which does not say beforehand what
/// it will do, cannot serve them.
#[must_use]
pub(crate) fn tells_creates_apart(policies: &Policies, destination: &str, object: &str) -> bool {
    let by_owner = match policies.assignment_rules.of(destination) {
        AssignmentRules::Create | AssignmentRules::Rule(_) => is_assigned(object),
        AssignmentRules::Always | AssignmentRules::Never => false,
    };
    let by_duplicate = match policies.duplicates.of(destination) {
        Duplicates::Update => true,
        Duplicates::Refuse | Duplicates::Save => false,
    };
    by_owner || by_duplicate
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    fn headers(flags: &[&str], object: &str, effect: Effect) -> Vec<(&'static str, String)> {
        let policies = Config::from_flags(flags).unwrap().policies();
        let headers = WriteHeaders::of(&policies, "d1", object, effect);
        let headers = headers.iter().map(|(name, value)| (name, value.to_owned()));
        headers.collect()
    }

    fn assigned(setting: &str, object: &str, effect: Effect) -> Option<String> {
        let headers = headers(&["--assignment-rules", setting], object, effect);
        headers.into_iter().next().map(|(_, value)| value)
    }

    #[test]
    fn each_policy_says_whether_rules_run_on_create_and_on_update() {
        const RULE: &str = "01Q5g000000AbCdEAK";
        const FALSE: Option<&str> = Some("FALSE");
        for (setting, on_create, on_update, on_upsert) in [
            ("create", None, FALSE, FALSE),
            ("always", None, None, None),
            ("never", FALSE, FALSE, FALSE),
            (RULE, Some(RULE), FALSE, FALSE),
        ] {
            for (effect, expected) in [
                (Effect::Create, on_create),
                (Effect::Update, on_update),
                (Effect::Upsert, on_upsert),
            ] {
                for object in ["Lead", "Case", "account"] {
                    let sent = assigned(setting, object, effect);
                    assert_eq!(sent.as_deref(), expected, "{setting} {object} {effect:?}");
                }
                assert_eq!(assigned(setting, "Contact", effect), None);
            }
        }
    }

    #[test]
    fn duplicates_are_saved_where_a_record_may_be_created() {
        let save = ["--duplicates", "save", "--assignment-rules", "always"];
        let expected = [(DUPLICATE_RULE, "allowSave=true".to_owned())];
        assert_eq!(headers(&save, "Contact", Effect::Create), expected);
        assert_eq!(headers(&save, "Contact", Effect::Upsert), expected);
        assert_eq!(headers(&save, "Contact", Effect::Update), []);
    }

    #[test]
    fn a_call_holds_writes_whose_headers_agree_and_those_to_which_none_applies() {
        let policies = Config::from_flags(["--port", "0"]).unwrap().policies();
        let of = |object, effect| WriteHeaders::of(&policies, "d1", object, effect);
        let (create, update) = (of("Lead", Effect::Create), of("Lead", Effect::Update));
        let other = of("Contact", Effect::Create);
        assert_eq!(create.joined(&update), None);
        assert_eq!(update.joined(&other), Some(update.clone()));
        assert_eq!(other.joined(&create), Some(create));
    }

    #[test]
    fn an_upsert_does_not_serve_policies_that_tell_creates_from_updates() {
        for (flags, object, expected) in [
            (["--assignment-rules", "create"], "Lead", true),
            (["--assignment-rules", "create"], "Contact", false),
            (["--assignment-rules", "01Q5g000000AbCdEAK"], "case", true),
            (["--assignment-rules", "always"], "Lead", false),
            (["--assignment-rules", "never"], "Lead", false),
            (["--duplicates", "update"], "Contact", true),
            (["--duplicates", "save"], "Contact", false),
        ] {
            let policies = Config::from_flags(flags).unwrap().policies();
            let told = tells_creates_apart(&policies, "d1", object);
            assert_eq!(told, expected, "{flags:?} {object}");
        }
    }
}
