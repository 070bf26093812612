//! The org's assignment rules and duplicate rules, and what the settings make of them.

use super::report::Finding;
use crate::{
    config::{AssignmentRules, Duplicates, Policies, RuleId},
    salesforce::{
        Fault,
        inspect::{AssignmentRule, DuplicateRule},
    },
};

/// What a user needs to see the rules.
const PERMISSION: &str =
    "with \"View Setup and Configuration\" the user could tell which are active";

/// What `ASSIGNMENT_RULES` of a destination makes of the org's rules.
pub(super) fn assignment(
    rules: Result<Vec<AssignmentRule>, Fault>,
    policies: &Policies,
    destination: &str,
) -> Finding {
    const CHECK: &str = "assignment rules";
    let rules = match rules {
        Ok(rules) => rules,
        Err(fault) => {
            return Finding::note(
                CHECK,
                format!("they cannot be read ({fault}): {PERMISSION}"),
            );
        }
    };
    let active = rules.iter().filter(|rule| rule.active).map(shown);
    let active: Vec<_> = active.collect();
    let says = match active.as_slice() {
        [] => "none is active".to_owned(),
        active => format!("active: {}", active.join(", ")),
    };
    match policies.assignment_rules.of(destination) {
        AssignmentRules::Rule(id) => chosen(CHECK, &rules, id, &says),
        _ if active.is_empty() => Finding::works(CHECK, says),
        AssignmentRules::Create => Finding::works(
            CHECK,
            format!(
                "{says}. They run when a record is created, not when it is updated (ASSIGNMENT_RULES=create)"
            ),
        ),
        AssignmentRules::Never => Finding::works(
            CHECK,
            format!("{says}. None is run (ASSIGNMENT_RULES=never)"),
        ),
        AssignmentRules::Always => Finding::note(
            CHECK,
            format!(
                "{says}. They also run on each update and may change the record's owner (ASSIGNMENT_RULES=always); with create, \
                 updates leave the owner alone"
            ),
        ),
    }
}

/// What is to be said of the rule that `ASSIGNMENT_RULES` names. The last three of an id's 18 characters are a checksum.
fn chosen(check: &'static str, rules: &[AssignmentRule], id: &RuleId, active: &str) -> Finding {
    let id = id.as_str();
    let Some(rule) = rules.iter().find(|rule| rule.id.get(..15) == id.get(..15)) else {
        let known: Vec<_> = rules.iter().map(shown).collect();
        let known = match known.as_slice() {
            [] => "none".to_owned(),
            known => known.join(", "),
        };
        return Finding::failed(
            check,
            format!(
                "ASSIGNMENT_RULES names {id}, which is no assignment rule of the org; it has {known}"
            ),
        );
    };
    Finding::works(
        check,
        format!(
            "{active}. {} runs when a record is created (ASSIGNMENT_RULES)",
            shown(rule)
        ),
    )
}

fn shown(rule: &AssignmentRule) -> String {
    format!("{} \"{}\" ({})", rule.sobject_type, rule.name, rule.id)
}

/// What `DUPLICATES` of a destination makes of the org's active rules.
pub(super) fn duplicates(
    rules: Result<Vec<DuplicateRule>, Fault>,
    policies: &Policies,
    destination: &str,
) -> Finding {
    const CHECK: &str = "duplicate rules";
    let rules = match rules {
        Ok(rules) => rules,
        Err(fault) => {
            return Finding::note(
                CHECK,
                format!("they cannot be read ({fault}): {PERMISSION}"),
            );
        }
    };
    if rules.is_empty() {
        return Finding::works(CHECK, "none is active");
    }
    let active = rules
        .iter()
        .map(|rule| format!("{} {}", rule.sobject_type, rule.developer_name));
    let active: Vec<_> = active.collect();
    let active = format!("active: {}", active.join(", "));
    match policies.duplicates.of(destination) {
        Duplicates::Refuse => Finding::note(
            CHECK,
            format!(
                "{active}. A create that they refuse is answered 400 (DUPLICATES=refuse); update writes to the record that they \
                 find, save writes in spite of those that only alert (SALESFORCE_API_VERSION 52.0 or later)"
            ),
        ),
        Duplicates::Update => Finding::works(
            CHECK,
            format!(
                "{active}. A create that they refuse becomes an update of the record that they find, if it is the only one and a \
                 sure match (DUPLICATES=update)"
            ),
        ),
        Duplicates::Save => Finding::works(
            CHECK,
            format!(
                "{active}. Creates are saved in spite of those that only alert (DUPLICATES=save)"
            ),
        ),
    }
}
