//! Assignment rules: who owns a lead, a case or an account once it has been created or updated.

use super::{Refusal, caller::Caller, id::RecordId};

/// A rule that gives the records of an object to one owner.
#[derive(Debug)]
pub(super) struct AssignmentRule {
    pub(super) object: String,
    pub(super) id: RecordId,
    pub(super) owner: RecordId,
    pub(super) is_active: bool,
}

/// Which rule runs: what `Sforce-Auto-Assign` says.
enum AutoAssign {
    Active,
    Never,
    Rule(RecordId),
}

/// The owner whom a rule gives to a record of `object` that `caller` creates or updates; `None` where no rule does.
///
/// `TRUE` and `FALSE` in any letter case, and absent means `TRUE` (REST guide, `headers_autoassign`). A rule of one's choice
/// may be inactive, what is no id is refused as `MALFORMED_ID`, and accounts know no choice (SOAP guide,
/// `AssignmentRuleHeader`). What an id is refused with that is no rule's of the object: unverified without an org. The rule
/// overrides the owner whom the record names (Data Loader guide).
pub(super) fn owner<'a>(
    rules: &'a [AssignmentRule],
    object: &str,
    caller: &Caller<'_>,
) -> Result<Option<&'a RecordId>, Refusal> {
    if !matches!(object, "Account" | "Case" | "Lead") {
        return Ok(None);
    }
    let asked = asked(caller)?;
    let mut rules = rules.iter().filter(|rule| rule.object == object);
    let rule = match asked {
        AutoAssign::Never => None,
        AutoAssign::Rule(id) if object != "Account" => {
            let chosen = rules.find(|rule| rule.id == id);
            Some(chosen.ok_or(Refusal::NoSuchRecord)?)
        }
        AutoAssign::Active | AutoAssign::Rule(_) => rules.find(|rule| rule.is_active),
    };
    Ok(rule.map(|rule| &rule.owner))
}

fn asked(caller: &Caller<'_>) -> Result<AutoAssign, Refusal> {
    match caller.auto_assign {
        None => Ok(AutoAssign::Active),
        Some(value) if value.eq_ignore_ascii_case("TRUE") => Ok(AutoAssign::Active),
        Some(value) if value.eq_ignore_ascii_case("FALSE") => Ok(AutoAssign::Never),
        Some(value) => RecordId::parse(value)
            .map(AutoAssign::Rule)
            .ok_or_else(|| Refusal::MalformedId(value.into())),
    }
}
