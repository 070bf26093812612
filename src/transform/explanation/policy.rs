//! Which settings apply to a write, and what they do there.

use serde::Serialize;

use crate::{
    config::{AssignmentRules, Duplicates, Policies, Preflight, rules::Rules},
    salesforce::{
        address::Effect,
        headers::{AUTO_ASSIGN, is_assigned},
    },
    transform::{plan::Record, rule::Rule},
};

/// A setting that applies to a write.
#[derive(Serialize)]
pub(crate) struct PolicyExplanation {
    /// The rule of `docs/behaviour.md`, if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule: Option<Rule>,
    /// The setting and its value.
    pub setting: String,
    /// What it does here.
    pub effect: String,
}

/// Whether the org's description of the object was there for preflight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Preflighted {
    /// The fields were compared with it.
    Yes,
    /// Salesforce was asked, and it is not known.
    Unknown,
    /// Nothing was asked.
    NotAsked,
}

/// The settings that apply to a write of `object`, with these headers. `is_metered` says that the calls that the org has left were
/// looked at.
#[must_use]
pub(crate) fn policies(
    (rules, policies): (&Rules, &Policies),
    destination: &str,
    record: &Record<'_>,
    (object, effect): (&str, Effect),
    headers: &[(&str, &str)],
    (preflighted, is_metered): (Preflighted, bool),
) -> Vec<PolicyExplanation> {
    let mut list = Vec::new();
    if is_assigned(object) {
        list.push(assignment(
            policies.assignment_rules.of(destination),
            headers,
        ));
    }
    if effect.may_create() {
        list.push(duplicates(*policies.duplicates.of(destination)));
    }
    list.push(preflight(
        *policies.preflight.of(destination),
        object,
        preflighted,
    ));
    list.push(salvage(*policies.salvage.of(destination)));
    if rules.coalesce && effect.may_create() && record.key().is_some() {
        list.push(PolicyExplanation {
            rule: Some(Rule::OneCreate),
            setting: "CREATE_WINDOW".to_owned(),
            effect: "another event that would create this record shares the request, or comes again until the record is found"
                .to_owned(),
        });
    }
    if is_metered {
        list.push(PolicyExplanation {
            rule: None,
            setting: "API_RESERVE".to_owned(),
            effect: "no call is held back for the org's other systems at present".to_owned(),
        });
    }
    list
}

fn assignment(setting: &AssignmentRules, headers: &[(&str, &str)]) -> PolicyExplanation {
    let value = match setting {
        AssignmentRules::Create => "create",
        AssignmentRules::Always => "always",
        AssignmentRules::Never => "never",
        AssignmentRules::Rule(id) => id.as_str(),
    };
    let header = headers.iter().find(|(name, _)| *name == AUTO_ASSIGN);
    let effect = match header {
        None => "the org's active assignment rule chooses the owner".to_owned(),
        Some((_, "FALSE")) => "no assignment rule runs, so the owner stays".to_owned(),
        Some((_, id)) => format!("the assignment rule {id} chooses the owner"),
    };
    PolicyExplanation {
        rule: Some(Rule::AssignmentRules),
        setting: format!("ASSIGNMENT_RULES={value}"),
        effect,
    }
}

fn duplicates(setting: Duplicates) -> PolicyExplanation {
    let (value, effect) = match setting {
        Duplicates::Refuse => (
            "refuse",
            "if a duplicate rule refuses the create, the event is a 400",
        ),
        Duplicates::Update => (
            "update",
            "if a duplicate rule refuses the create and has found one certain match, that record is updated (inline delivery and the proxy)",
        ),
        Duplicates::Save => (
            "save",
            "the record is saved although a duplicate rule alerts; a rule that blocks refuses it",
        ),
    };
    PolicyExplanation {
        rule: Some(Rule::DuplicateRules),
        setting: format!("DUPLICATES={value}"),
        effect: effect.to_owned(),
    }
}

fn preflight(setting: Preflight, object: &str, preflighted: Preflighted) -> PolicyExplanation {
    let value = match setting {
        Preflight::Off => "off",
        Preflight::Warn => "warn",
        Preflight::Fix => "fix",
    };
    let effect = match (setting, preflighted) {
        (Preflight::Off, _) => "the fields are sent as they are".to_owned(),
        (Preflight::Warn, Preflighted::Yes) => {
            format!("the fields were compared with the org's {object}, and none was changed")
        }
        (Preflight::Fix, Preflighted::Yes) => {
            format!("the fields were fitted to the org's {object}")
        }
        (Preflight::Warn | Preflight::Fix, Preflighted::Unknown) => {
            format!("the org's {object} could not be described, so the fields are sent as they are")
        }
        (Preflight::Warn | Preflight::Fix, Preflighted::NotAsked) => {
            format!("the fields would be compared with the org's {object}, which was not asked")
        }
    };
    PolicyExplanation {
        rule: Some(Rule::Preflight),
        setting: format!("PREFLIGHT={value}"),
        effect,
    }
}

fn salvage(is_on: bool) -> PolicyExplanation {
    let effect = if is_on {
        "fields that Salesforce refuses are left out, and the rest is sent again (inline delivery and the proxy)"
    } else {
        "a record that Salesforce refuses because of one field is not sent again"
    };
    PolicyExplanation {
        rule: Some(Rule::Salvage),
        setting: format!("SALVAGE={is_on}"),
        effect: effect.to_owned(),
    }
}
