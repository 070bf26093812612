//! Why an event was not sent as it came, and what a person can do about it: one registry of our own reasons and of Salesforce's
//! error codes. `docs/faults.md` shows the same sentences.
#![warn(clippy::wildcard_enum_match_arm)]

mod code;
mod of_change;
mod of_error;

pub use self::code::CODES;

/// Declares [`Reason`]: each with its label and its remedy.
macro_rules! reasons {
    ($($variant:ident $label:literal $remedy:literal)*) => {
        /// Why an event was not sent, or not as it came.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Reason {
            $(#[doc = concat!("`", $label, "`")] $variant,)*
        }

        impl Reason {
            /// All reasons, in the order of the documentation.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The reason with this name.
            #[must_use]
            pub fn named(label: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|reason| reason.label() == label)
            }

            /// The name of the reason.
            #[must_use]
            pub const fn label(self) -> &'static str {
                match self { $(Self::$variant => $label,)* }
            }

            /// What a person can do about it, in one sentence.
            #[must_use]
            pub const fn remedy(self) -> &'static str {
                match self { $(Self::$variant => $remedy,)* }
            }
        }
    };
}

reasons! {
    // The event.
    NotAnEvent "not_an_event" "Send each event as an object with message, metadata and destination, or at /transform as the SDKs send it."
    NoMessage "no_message" "Send the event itself as an object in message."
    Incomplete "incomplete" "Send the part of the destination that the error names; rudder-server always sends it."
    Unencodable "unencodable" "Correct the text with half a character or the number out of range that the source puts into the event."
    AnswerTooLarge "answer_too_large" "Send smaller traits, name fewer records in the event, or raise ANSWER_LIMIT."
    NoDestination "no_destination" "Set the service's own login (SALESFORCE_USERNAME and what goes with it), or send the event with its destination."
    EventType "event_type" "Nothing is to be done for track, page and other events: only identify events become records; leave them out in the connection to save the noise."
    GateClosed "gate_closed" "If the person is to be in Salesforce, set integrations.Salesforce to true in the identify call."
    NoTraits "no_traits" "Send traits with the identify call, or none at all to Salesforce."
    TraitsNotObject "traits_not_object" "Send traits as an object of names and values."
    EmptyName "empty_name" "Send the trait name as a text."
    NoEmail "no_email" "Send an e-mail in traits.email, or name the record in context.externalId."
    EmailNotText "email_not_text" "Send the e-mail as a text."
    ValueTooLong "value_too_long" "Send the e-mail or identifier alone; one this long is no value of a field that identifies records."
    IdentifierTooLong "identifier_too_long" "Map a column with shorter values to the identifier of the sync."
    IdentifierLineBreak "identifier_line_break" "Remove line breaks from the column that is mapped to the identifier of the sync."
    NoIdentifier "no_identifier" "Set object and identifier in the mapping of the sync, and fill the identifier in each row."
    NoApiName "no_api_name" "Use the API name of the object and field (such as External_Id__c) in the mapping of the sync."
    ExternalId "external_id" "Correct the entry of context.externalId that the error names: type such as Salesforce-Contact, and the record's id in id."
    KeyDoesNotFit "key_does_not_fit" "Correct the value that identifies the record at its source: the org's field cannot hold it."
    TooManyRecords "too_many_records" "Name fewer records in context.externalId, or raise MAX_RECORDS_PER_EVENT."

    // The record.
    SeveralRecords "several_records" "Merge the records in Salesforce that share this e-mail or identifier."
    LeadDeleted "lead_deleted" "Restore the lead in Salesforce, or empty the recycle bin so that a new one is created."
    ConvertedWithoutContact "converted_without_contact" "Give the converted lead a contact in Salesforce, or switch off useContactId in the destination."
    Unchanged "unchanged" "Nothing is to be done: the record already has all these values."
    BeingCreated "being_created" "Nothing is to be done: the event comes again once the record exists; where this goes on, see whether the other event fails."
    Overtaking "overtaking" "Nothing is to be done: the event comes again once the earlier one of its user is written; see why that one fails."
    NotInTime "not_in_time" "See whether Salesforce is slow (metric salesforce_call_seconds); raise DELIVERY_TIMEOUT if it is so for long."
    Interrupted "interrupted" "Report this as a bug, with the log of the service from that time."
    MayRepeat "may_repeat" "Look whether the record exists twice in Salesforce, and send a key (an e-mail or an external id) with such events."
    BatchRepeated "batch_repeated" "Nothing is to be done for this event: another one of its batch could not be handled, and rudder-server sends the whole batch again; see that one."

    // Salesforce's answer, where it has no code of its own.
    SessionExpired "session_expired" "Nothing is to be done where it passes; otherwise see whether the user's sessions are cut short (Session Settings), or reconnect the OAuth account in RudderStack."
    LimitReached "limit_reached" "Wait, reduce the API calls of other systems, or have Salesforce raise the limit; GET /orgs shows the calls."
    Reserved "reserved" "Wait until calls are free again; to use the reserve now, lower API_RESERVE, or have Salesforce raise the limit."
    Unavailable "unavailable" "Wait: Salesforce is down for a while (status.salesforce.com); the events come again."
    Passing "passing" "Nothing is to be done where it passes; otherwise see whether a proxy or firewall between the service and Salesforce answers."
    Automation "automation" "Have the org's admin see which trigger or flow reaches its limits; the events come again for a while."
    UnknownCode "unknown_code" "Look the code up in Salesforce's documentation, and report it to this project so that its table can grow."
    Refused "refused" "Read Salesforce's message in the event's error, and correct what it names in the event or in the org."
    Redirected "redirected" "Reconnect the account in RudderStack, or correct the login host: the org has moved to another domain."
    Timeout "timeout" "See whether the org is slow or a firewall drops packets; raise SALESFORCE_TIMEOUT if its automation needs longer."
    ConnectionRefused "connection_refused" "Check the host and that a firewall or proxy lets the service reach it on port 443."
    Connection "connection" "Check DNS, proxy, firewall and certificates between the service and Salesforce."
    Overloaded "overloaded" "Raise MAX_IN_FLIGHT_BYTES, add replicas, or send less at once."
    Unreadable "unreadable" "See whether something between the service and Salesforce answers in its place, such as a login page of a proxy."
    ApiVersion "api_version" "Set SALESFORCE_API_VERSION to a version that the org serves."
    NoApi "no_api" "Have the org's admin open the API again: the edition, the trial or a lock of the org."
    StorageFull "storage_full" "Have the org's admin free storage or buy more."
    Permission "permission" "Have the org's admin give the integration user access to the object and its fields."
    RecordLocked "record_locked" "Have the record unlocked, for example by finishing its approval process."
    InactiveOwner "inactive_owner" "Have the org's admin activate the owner, or name another one in the assignment rule."

    // The login.
    OauthSecret "oauth_secret" "Reconnect the Salesforce account in RudderStack, and use the router path for OAuth destinations."
    Setting "setting" "Correct the setting that the error names."
    NoToken "no_token" "Check that the login host is Salesforce's own: its answer has no token."
    TokenNotAccepted "token_not_accepted" "Check that the user may use the API, and that the login host is the org's."
    InstanceNotAllowed "instance_not_allowed" "Add the org's host to SALESFORCE_ALLOWED_HOSTS, if it is the org's."
    CredentialsRefused "credentials_refused" "Correct user name, password and security token of the destination; a changed password brings a new security token."
    AppUnknown "app_unknown" "Set SALESFORCE_CLIENT_ID to the consumer key of an app that the org knows and that is installed."
    ClientSecretWrong "client_secret_wrong" "Set SALESFORCE_CLIENT_SECRET to the consumer secret of the app."
    AppBlocked "app_blocked" "Have the org's admin unblock the app (Connected Apps OAuth Usage)."
    UserNotApproved "user_not_approved" "Have the org's admin approve the user for the app: its permitted users, profile or permission set."
    FlowDisabled "flow_disabled" "Have the org's admin enable this OAuth flow for the app, or choose another by SALESFORCE_AUTH."
    NoRunAsUser "no_run_as_user" "Have the org's admin choose the user that the app runs as."
    NoScope "no_scope" "Have the org's admin add the scope api to the app."
    LoginHostWrong "login_host_wrong" "Set SALESFORCE_LOGIN_URL to the org's My Domain."
    AudienceWrong "audience_wrong" "Set SALESFORCE_LOGIN_URL to the host that the key's app belongs to: production or sandbox."
    AssertionRefused "assertion_refused" "Upload the certificate of the key in SALESFORCE_JWT_KEY_FILE to the app, and set the clock of this machine."
    LoginRestricted "login_restricted" "Have the org's admin allow the addresses and hours of the service in the user's profile."
    UserInactive "user_inactive" "Have the org's admin activate the user."
    OrgInactive "org_inactive" "Ask Salesforce: the org is closed or suspended."
    NoApiAccess "no_api_access" "Have the org's admin grant the user the permission API Enabled, in an edition with API access."
    LoginOvertaken "login_overtaken" "Nothing is to be done: another login has overtaken this one, and the next attempt follows."
    LoginRequestRefused "login_request_refused" "Check the settings of the login that the error names; compare them by salesforce-transformer check."
    LoginUnknownCode "login_unknown_code" "Look the code up in Salesforce's list of OAuth error codes, and report it to this project."

    // A delivery for rudder-server.
    NotAllowed "not_allowed" "Add the host to SALESFORCE_ALLOWED_HOSTS, if it is the org's."
    Malformed "malformed" "See which program changes the requests between transform and delivery: this one can never be sent."

    // Traits that are not sent as they came.
    Structure "structure" "Send the parts of the object or array as traits of their own, or leave it out."
    SystemField "system_field" "Remove the trait: Salesforce sets this field itself."
    MissingField "missing_field" "Nothing is to be done: the object has no such field."
    FieldName "field_name" "Rename the trait so that a field can have its name: letters, digits and single underscores."
    NotObject "not_object" "Send the trait as an object, of which the members fill fields."
    NotName "not_name" "Send the trait as a text."
    NoField "no_field" "If the trait is wanted in Salesforce, send it under a name of its own, at the top of the traits."
    LeadOnly "lead_only" "Nothing is to be done: contacts have no field for it."
    ComesAfter "comes_after" "Send only one of the two traits, or the same value in both."
    MiddleOfName "middle_of_name" "Send firstName and lastName instead of name, if the words between matter."
    SameField "same_field" "Send only one of the traits that fill the same field."
    OwnId "own_id" "Put the record's id into context.externalId, and remove the trait."
    OtherCase "other_case" "Nothing is to be done: it is sent in the org's spelling."
    StandardField "standard_field" "Nothing is to be done: it is sent in the standard field; create the custom field if it is to go there."
    UnknownField "unknown_field" "Create the field in Salesforce, let the integration user see it, or remove the trait."
    NotCreateable "not_createable" "Let the integration user edit the field (field-level security), or remove the trait."
    NotUpdateable "not_updateable" "Let the integration user edit the field (field-level security), or remove the trait."
    TooLong "too_long" "Shorten the value at its source, or make the field longer in Salesforce."
    NotAnEmail "not_an_email" "Correct the e-mail at its source."
    NotANumber "not_a_number" "Send a number, or a text that is one."
    OutOfRange "out_of_range" "Send a smaller number, or give the field more digits in Salesforce."
    NotABoolean "not_a_boolean" "Send true or false."
    NotADate "not_a_date" "Send a date as 2026-11-28, an instant as 2026-11-28T14:22:00Z, a time as 14:22:00Z."
    Converted "converted" "Nothing is to be done: the value is sent as the field's type."
    NotInPicklist "not_in_picklist" "Add the value to the picklist in Salesforce, or correct it at its source."
    PicklistSpelling "picklist_spelling" "Nothing is to be done: the value is sent in the picklist's spelling."
    StateCountry "state_country" "Send a state and a country that the org's list contains, by name or code; a state needs its country."
    NotAnId "not_an_id" "Send the id of a record, of 15 or 18 characters, or remove the trait."
    OtherObject "other_object" "Send the id of a record of the object that the field refers to."
    RequiredMissing "required_missing" "Send a trait for the field, give it a default in Salesforce, or make it optional there."
    RefusedBySalesforce "refused_by_salesforce" "See why Salesforce refused the field (validation, duplicates, permissions), and correct the value or the rule."
}

/// A text that identifies a reason: Salesforce's code where there is one that is known, else the reason's label, with what to do.
#[must_use]
pub(crate) fn remedy(reason: Reason, code: Option<&str>) -> &'static str {
    let of_code = code.and_then(|code| CODES.iter().find(|(known, _)| *known == code));
    of_code.map_or(reason.remedy(), |(_, remedy)| *remedy)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::salesforce::fault;

    #[test]
    fn each_reason_has_a_label_of_its_own_and_a_sentence() {
        let labels: BTreeSet<_> = Reason::ALL.iter().map(|reason| reason.label()).collect();
        assert_eq!(labels.len(), Reason::ALL.len());
        let own = Reason::ALL.iter().map(|reason| reason.remedy());
        for remedy in own.chain(CODES.iter().map(|(_, remedy)| *remedy)) {
            let is_sentence = remedy.ends_with('.') && remedy.starts_with(char::is_uppercase);
            assert!(is_sentence && !remedy.contains(['|', '`']), "{remedy}");
        }
    }

    #[test]
    fn each_code_that_is_known_has_a_remedy() {
        let known: BTreeSet<_> = fault::codes().collect();
        let here: BTreeSet<_> = CODES.iter().map(|(code, _)| *code).collect();
        assert_eq!(here, known);
    }

    #[test]
    fn a_known_code_says_more_than_the_reason() {
        let by_code = remedy(Reason::Refused, Some("REQUIRED_FIELD_MISSING"));
        assert_ne!(by_code, Reason::Refused.remedy());
        for code in [None, Some("SOMETHING_NEW")] {
            assert_eq!(remedy(Reason::Refused, code), Reason::Refused.remedy());
        }
    }
}
