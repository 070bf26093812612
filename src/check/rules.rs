//! The org's assignment rules and duplicate rules, and how the settings treat them.

use super::report::Finding;
use crate::{
    config::{AssignmentRules, Duplicates, Policies, RuleId},
    salesforce::{
        Fault,
        inspect::{AssignmentRule, DuplicateRule},
    },
};

/// Describes how a destination's `ASSIGNMENT_RULES` treats the org's assignment rules.
pub(super) fn assignment(
    rules: Result<Vec<AssignmentRule>, Fault>,
    policies: &Policies,
    destination: &str,
) -> Finding {
    const CHECK: &str = "assignment rules";
    let rules = match rules {
        Ok(rules) => rules,
        Err(fault) => return unreadable(CHECK, &fault),
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
            format!("{says}. Writes of this service do not run them (ASSIGNMENT_RULES=never)"),
        ),
        AssignmentRules::Always => Finding::note(
            CHECK,
            format!(
                "{says}. They also run on each update and may change the record's owner (ASSIGNMENT_RULES=always). Set create to \
                keep the owner on updates"
            ),
        ),
    }
}

/// Describes the rule whose id `ASSIGNMENT_RULES` contains. The last three of an id's 18 characters are a checksum.
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
                "ASSIGNMENT_RULES is {id}, but the org has no assignment rule with this id; its rules: {known}"
            ),
        );
    };
    let says = format!(
        "{active}. {} runs when a record is created (ASSIGNMENT_RULES)",
        shown(rule)
    );
    if rule.sobject_type == "Lead" {
        return Finding::works(check, says);
    }
    Finding::note(
        check,
        format!(
            "{says}. A rule belongs to one object: Salesforce may refuse creates of leads with this id. Set it only for \
             destinations that write no leads"
        ),
    )
}

fn unreadable(check: &'static str, fault: &Fault) -> Finding {
    let advice = "give the user \"View Setup and Configuration\" to see which are active";
    Finding::note(check, format!("they cannot be read ({fault}): {advice}"))
}

fn shown(rule: &AssignmentRule) -> String {
    format!("{} \"{}\" ({})", rule.sobject_type, rule.name, rule.id)
}

/// Describes how a destination's `DUPLICATES` treats the org's active duplicate rules.
pub(super) fn duplicates(
    rules: Result<Vec<DuplicateRule>, Fault>,
    policies: &Policies,
    destination: &str,
) -> Finding {
    const CHECK: &str = "duplicate rules";
    let rules = match rules {
        Ok(rules) => rules,
        Err(fault) => return unreadable(CHECK, &fault),
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
                "{active}. An event whose create they refuse fails with 400 (DUPLICATES=refuse). With update, the matching \
                record is updated; with save, rules that only alert are overridden (SALESFORCE_API_VERSION 52.0 or later)"
            ),
        ),
        Duplicates::Update => Finding::works(
            CHECK,
            format!(
                "{active}. If they refuse a create, the matching record is updated, provided that it is the only one and the \
                match has a confidence of 100 (DUPLICATES=update)"
            ),
        ),
        Duplicates::Save => Finding::works(
            CHECK,
            format!("{active}. Creates override those that only alert (DUPLICATES=save)"),
        ),
    }
}
