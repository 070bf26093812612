//! What to do about each error code of Salesforce that this service knows.

/// The codes of `salesforce::fault`, each with what a person can do about it, in one sentence.
pub const CODES: [(&str, &str); 70] = [
    (
        "INVALID_SESSION_ID",
        "Nothing is to be done where it passes; otherwise see whether the user's sessions are cut short, or reconnect the OAuth account in RudderStack.",
    ),
    (
        "INVALID_AUTH_HEADER",
        "See whether a proxy between the service and Salesforce changes the header Authorization.",
    ),
    (
        "INVALID_JWT_FORMAT",
        "Reconnect the account: its token is none that the REST API takes.",
    ),
    (
        "REQUEST_LIMIT_EXCEEDED",
        "Wait, reduce the API calls of other systems, or have Salesforce raise the limit; GET /orgs shows the calls.",
    ),
    (
        "API_CURRENTLY_DISABLED",
        "Wait: Salesforce has switched the API off for a while (status.salesforce.com).",
    ),
    (
        "LOGIN_RATE_EXCEEDED",
        "See which other program logs in as this user so often, and raise TOKEN_TTL here.",
    ),
    (
        "rate_limit_exceeded",
        "Wait: the org takes no more logins for a while; see which other program logs in so often.",
    ),
    (
        "SERVER_UNAVAILABLE",
        "Wait: Salesforce is down for a while (status.salesforce.com); the events come again.",
    ),
    (
        "UNABLE_TO_LOCK_ROW",
        "Nothing is to be done where it passes; otherwise avoid many records of one account or campaign at once, in other systems too.",
    ),
    (
        "UNKNOWN_EXCEPTION",
        "Ask Salesforce's support with the ErrorId in the error of the job in RudderStack, if it goes on.",
    ),
    (
        "QUERY_TIMEOUT",
        "Have the org's admin make the field an external id or have it indexed, so that lookups are fast.",
    ),
    (
        "REQUEST_RUNNING_TOO_LONG",
        "Have the org's admin see which trigger or flow takes so long.",
    ),
    (
        "FUNCTIONALITY_TEMPORARILY_UNAVAILABLE",
        "Wait: the org is under maintenance; the events come again.",
    ),
    (
        "PROCESSING_HALTED",
        "Nothing is to be done: another record of the call failed, and this one is sent again.",
    ),
    (
        "ALL_OR_NONE_OPERATION_ROLLED_BACK",
        "Nothing is to be done for this event: another record of the call failed; see that one.",
    ),
    (
        "RECORD_IN_USE_BY_WORKFLOW",
        "Nothing is to be done where it passes; otherwise have the org's admin see which workflow holds the record.",
    ),
    (
        "INVALID_QUERY_LOCATOR",
        "Nothing is to be done: the lookup is made again.",
    ),
    (
        "UNSUPPORTED_API_VERSION",
        "Set SALESFORCE_API_VERSION to a version that the org serves.",
    ),
    (
        "GONE",
        "Set SALESFORCE_API_VERSION to a version that the org serves.",
    ),
    (
        "API_DISABLED_FOR_ORG",
        "Have the org's admin enable the API, or use an edition with API access.",
    ),
    (
        "ORG_LOCKED",
        "Ask Salesforce's support why the org is locked.",
    ),
    (
        "TRIAL_EXPIRED",
        "Buy the org's licence, or connect another org: its trial has ended.",
    ),
    (
        "STORAGE_LIMIT_EXCEEDED",
        "Have the org's admin delete records or buy storage.",
    ),
    (
        "INSUFFICIENT_ACCESS",
        "Have the org's admin give the integration user the permission on the object and its fields.",
    ),
    (
        "INSUFFICIENT_ACCESS_OR_READONLY",
        "Have the org's admin give the integration user edit access to the record: object permission, sharing, field-level security.",
    ),
    (
        "ENTITY_IS_LOCKED",
        "Have the record unlocked, for example by finishing its approval process.",
    ),
    (
        "INACTIVE_OWNER_OR_USER",
        "Have the org's admin activate the owner, or name another one in the assignment rule.",
    ),
    (
        "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY",
        "Have the org's admin see which Apex trigger refuses the record; its name is in the error of the job in RudderStack.",
    ),
    (
        "CANNOT_EXECUTE_FLOW_TRIGGER",
        "Have the org's admin see which flow refuses the record; its name is in the error of the job in RudderStack.",
    ),
    (
        "APEX_ERROR",
        "Have the org's admin see which Apex code fails; its name is in the error of the job in RudderStack.",
    ),
    (
        "BAD_CUSTOM_ENTITY_PARENT_DOMAIN",
        "Send the id of a parent record that belongs to the relationship.",
    ),
    (
        "CANNOT_REPARENT_RECORD",
        "Leave the parent's id out of updates, or have the admin allow reparenting for the relationship.",
    ),
    (
        "CANNOT_UPDATE_CONVERTED_LEAD",
        "Switch on useContactId in the destination, so that the contact of a converted lead is written.",
    ),
    (
        "CIRCULAR_DEPENDENCY",
        "Correct the id: a record cannot be its own parent or ancestor.",
    ),
    (
        "DUPLICATES_DETECTED",
        "Set DUPLICATES to update or save, merge the records in Salesforce, or have the admin change the duplicate rule.",
    ),
    (
        "DUPLICATE_EXTERNAL_ID",
        "Merge the records in Salesforce that share this external id, and make its field unique.",
    ),
    (
        "DUPLICATE_VALUE",
        "Correct the value at its source, or merge the two records: another record already has the value of a unique field.",
    ),
    (
        "ENTITY_IS_DELETED",
        "Restore the record in Salesforce, or remove its id from context.externalId.",
    ),
    (
        "EXCEEDED_ID_LIMIT",
        "Report this as a bug: a call had more records than Salesforce takes.",
    ),
    (
        "FIELD_CUSTOM_VALIDATION_EXCEPTION",
        "Read the validation rule's own message in the error of the job in RudderStack, and correct the value, or have the admin exempt the integration user from the rule.",
    ),
    (
        "FIELD_FILTER_VALIDATION_EXCEPTION",
        "Send the id of a record that the lookup filter of the field allows.",
    ),
    (
        "FIELD_INTEGRITY_EXCEPTION",
        "Correct the fields that the error names: they contradict each other or refer to nothing, such as a state without its country.",
    ),
    (
        "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY",
        "Share the record that the field refers to with the integration user.",
    ),
    (
        "INVALID_CROSS_REFERENCE_KEY",
        "Correct the id: the record that it names does not exist, or the integration user may not see it.",
    ),
    (
        "INVALID_CROSS_REFERENCE_TYPE_FOR_FIELD",
        "Send the id of a record of the object that the field refers to.",
    ),
    (
        "INVALID_CURRENCY_ISO",
        "Send a currency that is active in the org.",
    ),
    ("INVALID_EMAIL_ADDRESS", "Correct the e-mail at its source."),
    (
        "INVALID_FIELD",
        "Create the field in Salesforce, let the integration user see it, or remove the trait.",
    ),
    (
        "INVALID_FIELD_FOR_INSERT_UPDATE",
        "Remove the trait, or let the integration user edit the field (field-level security).",
    ),
    (
        "INVALID_ID_FIELD",
        "Correct the id in the fields that the error names: it is none of a record of that object.",
    ),
    (
        "INVALID_INPUT",
        "Correct the value that the error of the job in RudderStack names.",
    ),
    ("INVALID_NUMBER", "Send a number that fits the field."),
    (
        "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
        "Add the value to the picklist in Salesforce (and to the record type), or correct it at its source.",
    ),
    (
        "INVALID_QUERY_FILTER_OPERATOR",
        "Use a field as the identifier of the sync that can be searched: no long text, no encrypted field.",
    ),
    (
        "INVALID_STATUS",
        "Send a status that the object has and that the record may take now.",
    ),
    (
        "INVALID_TYPE",
        "Correct the object's API name in the sync, or let the integration user see the object.",
    ),
    (
        "INVALID_TYPE_FOR_OPERATION",
        "Write to an object whose records can be created and edited by the API.",
    ),
    (
        "INVALID_TYPE_ON_FIELD_IN_RECORD",
        "Send the value in the type of the field: text, number, true or false, date.",
    ),
    (
        "JSON_PARSER_ERROR",
        "Send the value in the type of the field, such as a date as 2026-11-28 or a number without quotes.",
    ),
    (
        "MALFORMED_ID",
        "Correct the id: it must be a record's of 15 or 18 characters, of the right object.",
    ),
    (
        "MALFORMED_QUERY",
        "Correct the field that identifies the records of the sync; if it is right, report this as a bug.",
    ),
    (
        "METHOD_NOT_ALLOWED",
        "Write to an object and record that the REST API can write.",
    ),
    (
        "MISSING_ARGUMENT",
        "Fill the value by which the record is identified.",
    ),
    (
        "NOT_FOUND",
        "Correct the id or the object: there is no such record, or the integration user may not see it.",
    ),
    (
        "NUMBER_OUTSIDE_VALID_RANGE",
        "Send a smaller number, or give the field more digits in Salesforce.",
    ),
    (
        "QUERY_TOO_COMPLICATED",
        "Have the org's admin simplify the formula fields that the lookup reads, or identify records by another field.",
    ),
    (
        "REQUIRED_FIELD_MISSING",
        "Send a trait for the field that the error names, give it a default in Salesforce, or make it optional there.",
    ),
    (
        "STRING_TOO_LONG",
        "Shorten the value at its source, or make the field longer in Salesforce.",
    ),
    (
        "TEXT_DATA_OUTSIDE_SUPPORTED_CHARSET",
        "Remove the characters that Salesforce does not take, such as control characters.",
    ),
    (
        "TOO_MANY_ENUM_VALUE",
        "Send fewer values for the multi-select picklist; it takes at most 100.",
    ),
];
