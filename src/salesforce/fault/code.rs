//! The meaning of Salesforce's error codes: the table of `docs/faults.md`. A test keeps the two in step.

/// The meaning of an error code for the request that it refuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    /// The session has expired or is invalid.
    Session,
    /// The org asks for less traffic.
    Limit,
    /// Salesforce is temporarily unavailable.
    Unavailable,
    /// A temporary condition that needs no action.
    Passing,
    /// A state of the org that a person has to change.
    Waiting(OrgState),
    /// The org's own code refuses the record, or has hit a limit.
    Automation,
    /// The event itself is at fault.
    Event,
}

/// A state of the org that refuses requests until a person changes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OrgState {
    /// The org does not serve the API version of `SALESFORCE_API_VERSION`.
    ApiVersion,
    /// The org has no API access, or is closed or locked.
    NoApi,
    /// The org's storage is full.
    StorageFull,
    /// The integration user lacks a permission that the request needs.
    Permission,
    /// The record is locked, for example by an approval process.
    RecordLocked,
    /// The record's owner is an inactive user, possibly chosen by an assignment rule.
    InactiveOwner,
}

impl OrgState {
    /// Advice on how to change this state.
    #[must_use]
    pub const fn advice(self) -> &'static str {
        match self {
            Self::ApiVersion => {
                "the org does not serve this version of its API: set SALESFORCE_API_VERSION to one that it does"
            }
            Self::NoApi => "the org's API is closed: its admin has to open it again",
            Self::StorageFull => {
                "the org's storage is full: its admin has to free some or buy more"
            }
            Self::Permission => {
                "the integration user lacks a permission: the org's admin has to grant access to the object and its fields"
            }
            Self::RecordLocked => {
                "the record is locked, by an approval process say: it is written once it is unlocked"
            }
            Self::InactiveOwner => {
                "the owner is an inactive user: the org's admin has to activate the user, or name another in the assignment rule"
            }
        }
    }
}

/// The codes, grouped by meaning. A code that is missing here is unknown, and a refusal with an unknown code is not
/// final at first.
pub(super) const CODES: [(Meaning, &[&str]); 12] = [
    (
        Meaning::Session,
        &[
            "INVALID_SESSION_ID",
            "INVALID_AUTH_HEADER",
            "INVALID_JWT_FORMAT",
        ],
    ),
    (
        Meaning::Limit,
        &[
            "REQUEST_LIMIT_EXCEEDED",
            "API_CURRENTLY_DISABLED",
            "LOGIN_RATE_EXCEEDED",
            "rate_limit_exceeded",
        ],
    ),
    (Meaning::Unavailable, &["SERVER_UNAVAILABLE"]),
    (
        Meaning::Passing,
        &[
            "UNABLE_TO_LOCK_ROW",
            "UNKNOWN_EXCEPTION",
            "QUERY_TIMEOUT",
            "REQUEST_RUNNING_TOO_LONG",
            "FUNCTIONALITY_TEMPORARILY_UNAVAILABLE",
            "PROCESSING_HALTED",
            "ALL_OR_NONE_OPERATION_ROLLED_BACK",
            "RECORD_IN_USE_BY_WORKFLOW",
            "INVALID_QUERY_LOCATOR",
        ],
    ),
    (
        Meaning::Waiting(OrgState::ApiVersion),
        &["UNSUPPORTED_API_VERSION", "GONE"],
    ),
    (
        Meaning::Waiting(OrgState::NoApi),
        &["API_DISABLED_FOR_ORG", "ORG_LOCKED", "TRIAL_EXPIRED"],
    ),
    (
        Meaning::Waiting(OrgState::StorageFull),
        &["STORAGE_LIMIT_EXCEEDED"],
    ),
    (
        Meaning::Waiting(OrgState::Permission),
        &["INSUFFICIENT_ACCESS", "INSUFFICIENT_ACCESS_OR_READONLY"],
    ),
    (
        Meaning::Waiting(OrgState::RecordLocked),
        &["ENTITY_IS_LOCKED"],
    ),
    (
        Meaning::Waiting(OrgState::InactiveOwner),
        &["INACTIVE_OWNER_OR_USER"],
    ),
    (
        Meaning::Automation,
        &[
            "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY",
            "CANNOT_EXECUTE_FLOW_TRIGGER",
            "APEX_ERROR",
        ],
    ),
    (
        Meaning::Event,
        &[
            "BAD_CUSTOM_ENTITY_PARENT_DOMAIN",
            "CANNOT_REPARENT_RECORD",
            "CANNOT_UPDATE_CONVERTED_LEAD",
            "CIRCULAR_DEPENDENCY",
            "DUPLICATES_DETECTED",
            "DUPLICATE_EXTERNAL_ID",
            "DUPLICATE_VALUE",
            "ENTITY_IS_DELETED",
            "EXCEEDED_ID_LIMIT",
            "FIELD_CUSTOM_VALIDATION_EXCEPTION",
            "FIELD_FILTER_VALIDATION_EXCEPTION",
            "FIELD_INTEGRITY_EXCEPTION",
            "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY",
            "INVALID_CROSS_REFERENCE_KEY",
            "INVALID_CROSS_REFERENCE_TYPE_FOR_FIELD",
            "INVALID_CURRENCY_ISO",
            "INVALID_EMAIL_ADDRESS",
            "INVALID_FIELD",
            "INVALID_FIELD_FOR_INSERT_UPDATE",
            "INVALID_ID_FIELD",
            "INVALID_INPUT",
            "INVALID_NUMBER",
            "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
            "INVALID_QUERY_FILTER_OPERATOR",
            "INVALID_STATUS",
            "INVALID_TYPE",
            "INVALID_TYPE_FOR_OPERATION",
            "INVALID_TYPE_ON_FIELD_IN_RECORD",
            "JSON_PARSER_ERROR",
            "MALFORMED_ID",
            "MALFORMED_QUERY",
            "METHOD_NOT_ALLOWED",
            "MISSING_ARGUMENT",
            "NOT_FOUND",
            "NUMBER_OUTSIDE_VALID_RANGE",
            "QUERY_TOO_COMPLICATED",
            "REQUIRED_FIELD_MISSING",
            "STRING_TOO_LONG",
            "TEXT_DATA_OUTSIDE_SUPPORTED_CHARSET",
            "TOO_MANY_ENUM_VALUE",
        ],
    ),
];

/// The meaning of a code; `None` for a code that is missing from the table.
pub(super) fn meaning(code: &str) -> Option<Meaning> {
    let row = CODES.iter().find(|(_, codes)| codes.contains(&code));
    row.map(|(meaning, _)| *meaning)
}

/// Every code that is known.
#[cfg(test)]
pub(crate) fn codes() -> impl Iterator<Item = &'static str> {
    CODES.iter().flat_map(|(_, codes)| codes.iter().copied())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// The codes in the second column of the tables of `docs/faults.md` that say what answers do.
    fn documented() -> BTreeSet<&'static str> {
        let page = include_str!("../../../docs/faults.md");
        let (answers, _) = page.split_once("## What to do").unwrap();
        let cells = answers
            .lines()
            .filter_map(|line| line.strip_prefix("| ")?.split(" | ").nth(1));
        let codes = cells.flat_map(|cell| cell.split('`').skip(1).step_by(2));
        codes.collect()
    }

    #[test]
    fn the_documentation_lists_each_code_and_no_other() {
        assert_eq!(documented(), codes().collect());
    }

    #[test]
    fn each_code_means_one_thing() {
        let codes: Vec<_> = CODES.iter().flat_map(|(_, codes)| codes.iter()).collect();
        let distinct: BTreeSet<_> = codes.iter().collect();
        assert_eq!(codes.len(), distinct.len());
        assert_eq!(meaning("SOMETHING_NEW"), None);
    }
}
