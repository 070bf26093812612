//! Policies: the settings that decide what is written for a destination. Each can be set for all destinations, and overridden
//! for one.
//!
//! The variables are those of [`PolicySetting`]. With the suffix `_<DESTINATION_ID>`, spelled as by [`super::spelled`], they
//! apply to one destination.

use std::{
    collections::BTreeMap,
    ffi::{OsStr, OsString},
    str::FromStr,
    sync::Arc,
};

use clap::ValueEnum;
use thiserror::Error;

use super::{kubernetes::is_of_kubernetes, per_destination::PerDestination};

/// A setting that can be overridden for one destination, besides those of its login.
#[derive(Clone, Copy)]
enum PolicySetting {
    AssignmentRules,
    Duplicates,
    Preflight,
    Salvage,
    ClearWithNull,
}

impl PolicySetting {
    const ALL: [Self; 5] = [
        Self::AssignmentRules,
        Self::Duplicates,
        Self::Preflight,
        Self::Salvage,
        Self::ClearWithNull,
    ];

    /// The name of the setting for all destinations.
    fn name(self) -> &'static str {
        match self {
            Self::AssignmentRules => "ASSIGNMENT_RULES",
            Self::Duplicates => "DUPLICATES",
            Self::Preflight => "PREFLIGHT",
            Self::Salvage => "SALVAGE",
            Self::ClearWithNull => "CLEAR_WITH_NULL",
        }
    }
}

/// The values of `ASSIGNMENT_RULES`, for error texts.
const ASSIGNMENT_VALUES: &str =
    "create, always, never, or the id of an assignment rule (01Q… of 15 or 18 characters)";

/// The prefix of the ids of assignment rules.
const RULE_PREFIX: &str = "01Q";

/// When Salesforce runs its assignment rules, which choose the owner of a lead, a case or an account: the setting
/// `ASSIGNMENT_RULES`, rule `assignment-rules`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AssignmentRules {
    /// The active rule runs when a record is created, but not when it is updated.
    Create,
    /// The active rule runs when a record is created and when it is updated. This is Salesforce's default.
    Always,
    /// No rule runs.
    Never,
    /// The rule with this id runs when a record is created. No rule runs when it is updated.
    Rule(RuleId),
}

/// The id of an assignment rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleId(Arc<str>);

impl RuleId {
    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for AssignmentRules {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let is_id = matches!(text.len(), 15 | 18)
            && text.starts_with(RULE_PREFIX)
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
        match text {
            "create" => Ok(Self::Create),
            "always" => Ok(Self::Always),
            "never" => Ok(Self::Never),
            id if is_id => Ok(Self::Rule(RuleId(id.into()))),
            _ => Err(format!("it must be {ASSIGNMENT_VALUES}")),
        }
    }
}

/// What happens to a create that a duplicate rule of the org refuses: the setting `DUPLICATES`, rule `duplicate-rules`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Duplicates {
    /// The event fails (400).
    #[default]
    Refuse,
    /// The record that the rule found is updated, if it is the only one and an exact match.
    Update,
    /// The record is created even if a rule alerts; a rule that blocks still refuses it (API version 52 and later).
    Save,
}

/// What happens to fields that the org's description of their object does not allow: the setting `PREFLIGHT`, rule `preflight`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Preflight {
    /// The fields are sent as they are.
    Off,
    /// The fields are sent as they are, and the answer says what `fix` would change.
    Warn,
    /// A field is mended if that is possible without a doubt, and left out if not.
    Fix,
}

/// Reads the text of a setting with a fixed set of values.
///
/// # Errors
/// The values that it may have.
fn one_of<T: ValueEnum>(text: &str) -> Result<T, String> {
    T::from_str(text, false).map_err(|_| {
        let values = T::value_variants().iter();
        let names =
            values.filter_map(|value| Some(value.to_possible_value()?.get_name().to_owned()));
        format!(
            "it must be one of: {}",
            names.collect::<Vec<_>>().join(", ")
        )
    })
}

fn yes_or_no(text: &str) -> Result<bool, String> {
    text.parse()
        .map_err(|_| "it must be true or false".to_owned())
}

/// The policies of all destinations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policies {
    /// `ASSIGNMENT_RULES`.
    pub assignment_rules: PerDestination<AssignmentRules>,
    /// `DUPLICATES`.
    pub duplicates: PerDestination<Duplicates>,
    /// `PREFLIGHT`.
    pub preflight: PerDestination<Preflight>,
    /// `SALVAGE`.
    pub salvage: PerDestination<bool>,
    /// `CLEAR_WITH_NULL`.
    pub clear_with_null: PerDestination<bool>,
}

/// What the policies of a destination say about the fields of a record. Events are written together only where it is the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FieldPolicies {
    preflight: Preflight,
    salvage: bool,
    duplicates: Duplicates,
    clear_with_null: bool,
}

impl Policies {
    /// What the policies say about the fields of the destination with this id.
    #[must_use]
    pub fn of_fields(&self, destination: &str) -> FieldPolicies {
        FieldPolicies {
            preflight: *self.preflight.of(destination),
            salvage: *self.salvage.of(destination),
            duplicates: *self.duplicates.of(destination),
            clear_with_null: *self.clear_with_null.of(destination),
        }
    }
}

/// Why the policy of one destination cannot be read.
#[derive(Debug, Error)]
pub enum PolicyError {
    /// Its value is not one of the setting's values.
    #[error("{setting}: {expected}")]
    Value {
        /// The variable.
        setting: String,
        /// The values that it may have.
        expected: String,
    },
    /// Its value is not valid text.
    #[error("{0} is not valid UTF-8")]
    NotText(String),
    /// Its name does not end in a destination id.
    #[error("{0} does not name a destination: the name must end in the destination's id")]
    NoDestination(String),
}

/// The overrides for single destinations, by destination id as spelled in variable names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OwnPolicies {
    pub(super) assignment_rules: BTreeMap<String, AssignmentRules>,
    pub(super) duplicates: BTreeMap<String, Duplicates>,
    pub(super) preflight: BTreeMap<String, Preflight>,
    pub(super) salvage: BTreeMap<String, bool>,
    pub(super) clear_with_null: BTreeMap<String, bool>,
}

impl OwnPolicies {
    /// Reads them from the environment. `is_setting` tells whether a variable is a setting itself, so that `DUPLICATES_TTL`
    /// is not mistaken for `DUPLICATES` of a destination `TTL`.
    ///
    /// # Errors
    /// [`PolicyError`] names the variable.
    pub(super) fn read<'v>(
        variables: impl IntoIterator<Item = &'v (OsString, OsString)>,
        is_setting: impl Fn(&str) -> bool,
    ) -> Result<Self, PolicyError> {
        let mut own = Self::default();
        for (name, value) in variables {
            let Some(name) = name.to_str().filter(|name| !is_setting(name)) else {
                continue;
            };
            if let Some((setting, destination)) = named(name) {
                own.set(setting, destination, name, value)?;
            }
        }
        Ok(own)
    }

    fn set(
        &mut self,
        setting: PolicySetting,
        destination: &str,
        name: &str,
        value: &OsStr,
    ) -> Result<(), PolicyError> {
        if destination.is_empty() {
            return Err(PolicyError::NoDestination(name.to_owned()));
        }
        let text = value.to_str().map(str::trim);
        let text = text.ok_or_else(|| PolicyError::NotText(name.to_owned()))?;
        let invalid = |expected| PolicyError::Value {
            setting: name.to_owned(),
            expected,
        };
        match setting {
            PolicySetting::AssignmentRules => {
                add(&mut self.assignment_rules, destination, text.parse())
            }
            PolicySetting::Duplicates => add(&mut self.duplicates, destination, one_of(text)),
            PolicySetting::Preflight => add(&mut self.preflight, destination, one_of(text)),
            PolicySetting::Salvage => add(&mut self.salvage, destination, yes_or_no(text)),
            PolicySetting::ClearWithNull => {
                add(&mut self.clear_with_null, destination, yes_or_no(text))
            }
        }
        .map_err(invalid)
    }
}

/// Adds the value for one destination, if it could be read.
fn add<T>(
    own: &mut BTreeMap<String, T>,
    destination: &str,
    read: Result<T, String>,
) -> Result<(), String> {
    own.insert(destination.to_owned(), read?);
    Ok(())
}

/// Splits a variable's name into the setting and the destination id.
fn named(name: &str) -> Option<(PolicySetting, &str)> {
    if is_of_kubernetes(name) {
        return None;
    }
    let below = |setting: PolicySetting| name.strip_prefix(setting.name())?.strip_prefix('_');
    let mut settings = PolicySetting::ALL.into_iter();
    settings.find_map(|setting| Some((setting, below(setting)?)))
}

/// Whether a variable with this name overrides a policy for one destination.
pub(super) fn is_of_destination(name: &str) -> bool {
    named(name).is_some_and(|(_, destination)| !destination.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, rules::Compatibility};

    fn read(variables: &[(&str, &str)]) -> Result<OwnPolicies, String> {
        let variables: Vec<_> = variables
            .iter()
            .map(|(name, value)| (OsString::from(name), OsString::from(value)))
            .collect();
        OwnPolicies::read(&variables, |name| name == "DUPLICATES_TTL")
            .map_err(|error| error.to_string())
    }

    #[test]
    fn a_rule_is_named_by_its_id_and_nothing_else_is_taken_for_one() {
        for (text, is_taken) in [
            ("create", true),
            ("always", true),
            ("never", true),
            ("01Q5g000000AbCd", true),
            ("01Q5g000000AbCdEAK", true),
            ("00Q5g000000AbCd", false),
            ("01Q5g000000AbC", false),
            ("01Q5g000000AbC!", false),
            ("CREATE", false),
            ("", false),
        ] {
            assert_eq!(text.parse::<AssignmentRules>().is_ok(), is_taken, "{text}");
        }
    }

    #[test]
    fn a_destination_has_its_own_policy_or_the_one_for_all() {
        let own = read(&[
            ("ASSIGNMENT_RULES_2aBc_9", "never"),
            ("DUPLICATES_2aBc_9", "update"),
            ("DUPLICATES_TTL", "1h"),
            ("PREFLIGHT_2aBc_9", "warn"),
            ("CLEAR_WITH_NULL_2aBc_9", "true"),
        ]);
        let mut settings = Config::from_flags(["--duplicates", "save"])
            .unwrap()
            .delivery;
        settings.own_policies = own.unwrap();
        let policies = settings.policies(Compatibility::Documented);
        assert_eq!(
            policies.assignment_rules.of("2aBc-9"),
            &AssignmentRules::Never
        );
        assert_eq!(
            policies.assignment_rules.of("TTL"),
            &AssignmentRules::Create
        );
        assert_eq!(policies.duplicates.of("2aBc-9"), &Duplicates::Update);
        assert_eq!(policies.duplicates.of("TTL"), &Duplicates::Save);
        assert_eq!(policies.preflight.of("2aBc-9"), &Preflight::Warn);
        assert_eq!(policies.preflight.of("TTL"), &Preflight::Fix);
        assert!(policies.clear_with_null.of("2aBc-9"));
        assert!(!policies.clear_with_null.of("TTL"));
    }

    #[test]
    fn the_stock_set_leaves_assignment_rules_to_salesforce_and_changes_no_field() {
        let settings = Config::from_flags([""; 0]).unwrap().delivery;
        let of = |set| {
            let policies = settings.policies(set);
            let rules = policies.assignment_rules.of("d1").clone();
            let fits = *policies.preflight.of("d1");
            (rules, fits, *policies.salvage.of("d1"))
        };
        let documented = (AssignmentRules::Create, Preflight::Fix, true);
        assert_eq!(of(Compatibility::Documented), documented);
        let stock = (AssignmentRules::Always, Preflight::Off, false);
        assert_eq!(of(Compatibility::Stock), stock);
    }

    #[test]
    fn an_invalid_policy_of_a_destination_is_named_with_its_values() {
        for (name, value, words) in [
            ("ASSIGNMENT_RULES_d1", "sometimes", "create, always, never"),
            ("DUPLICATES_d1", "merge", "refuse, update, save"),
            ("PREFLIGHT_d1", "on", "off, warn, fix"),
            ("SALVAGE_d1", "1", "true or false"),
            ("DUPLICATES_", "update", "does not name a destination"),
        ] {
            let error = read(&[(name, value)]).unwrap_err();
            assert!(error.contains(name) && error.contains(words), "{error}");
        }
    }
}
