//! Why an event was not sent as it came, and what a person can do about it: one registry of our own reasons and of Salesforce's
//! error codes. `docs/faults.md` shows the same sentences.
#![warn(clippy::wildcard_enum_match_arm)]

mod code;
mod of_change;
mod of_error;

pub use self::code::CODES;

/// Declares [`Reason`]: each with its label, what it means, and its remedy.
macro_rules! reasons {
    ($($variant:ident $label:literal $meaning:literal $remedy:literal)*) => {
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

            /// What it means: what the event, the answer or the trait is.
            #[must_use]
            pub const fn meaning(self) -> &'static str {
                match self { $(Self::$variant => $meaning,)* }
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
    NotAnEvent "not_an_event" "an entry of the batch that is not an event" "Send each event as an object with message, metadata and destination, or at /transform as the SDKs send it."
    NoMessage "no_message" "an entry without `message`, or with one that is not an object" "Send the event itself as an object in message."
    Incomplete "incomplete" "an event whose destination lacks a part" "Send the part of the destination that the error of the job in RudderStack names; rudder-server always sends it."
    Unencodable "unencodable" "a text or number that JSON cannot hold" "Correct the text with half a character or the number out of range that the source puts into the event."
    AnswerTooLarge "answer_too_large" "an event whose requests are larger than the answer may be" "Send smaller traits, name fewer records in the event, or raise ANSWER_LIMIT."
    NoDestination "no_destination" "an event without a destination, sent to a service without a login of its own" "Set the service's own login (SALESFORCE_USERNAME and what goes with it), or send the event with its destination."
    EventType "event_type" "an event that is not an identify" "Nothing is to be done for track, page and other events: only identify events become records; leave them out in the connection to save the noise."
    GateClosed "gate_closed" "an identify without `integrations.Salesforce: true`" "If the person is to be in Salesforce, set integrations.Salesforce to true in the identify call."
    NoTraits "no_traits" "an identify without traits" "Send traits with the identify call, or none at all to Salesforce."
    TraitsNotObject "traits_not_object" "traits that are not an object" "Send traits as an object of names and values."
    EmptyName "empty_name" "a `name` that is an empty list or object" "Send the trait name as a text."
    NoEmail "no_email" "an event for a lead without an e-mail" "Send an e-mail in traits.email, or name the record in context.externalId."
    EmailNotText "email_not_text" "an e-mail that is neither a text nor a number" "Send the e-mail as a text."
    ValueTooLong "value_too_long" "an e-mail or identifier that is too long to be looked up" "Send the e-mail or identifier alone: no field that identifies records holds a value this long."
    IdentifierTooLong "identifier_too_long" "an identifier of a sync with more than 255 characters" "Map a column with shorter values to the identifier of the sync."
    IdentifierLineBreak "identifier_line_break" "an identifier of a sync with a line break" "Remove line breaks from the column that is mapped to the identifier of the sync."
    NoIdentifier "no_identifier" "an event of a sync that does not identify its record" "Set object and identifier in the mapping of the sync, and fill the identifier in each row."
    NoApiName "no_api_name" "an object or field of a sync that is not an API name" "Use the API name of the object and field (such as External_Id__c) in the mapping of the sync."
    ExternalId "external_id" "an entry of `context.externalId` that does not name a record" "Correct the entry of context.externalId that the error of the job in RudderStack names: type such as Salesforce-Contact, and the record's id in id."
    KeyDoesNotFit "key_does_not_fit" "a value that identifies the record and that its field cannot hold" "Correct the value that identifies the record at its source: the org's field cannot hold it."
    TooManyRecords "too_many_records" "an event that names more records than `MAX_RECORDS_PER_EVENT`" "Name fewer records in context.externalId, or raise MAX_RECORDS_PER_EVENT."

    // The record.
    SeveralRecords "several_records" "several records with this e-mail or identifier, so that it is unclear which one is meant" "Merge the records in Salesforce that share this e-mail or identifier."
    LeadDeleted "lead_deleted" "a lead that is in the recycle bin" "Restore the lead in Salesforce, or empty the recycle bin so that a new one is created."
    ConvertedWithoutContact "converted_without_contact" "a converted lead without a contact, where the destination sends to contacts" "Give the converted lead a contact in Salesforce, or switch off useContactId in the destination."
    Unchanged "unchanged" "an event whose values the record has already (`SKIP_UNCHANGED`)" "Nothing is to be done: the record already has all these values."
    BeingCreated "being_created" "an event for a record that another event is creating" "Nothing is to be done: the event comes again once the record exists; where this goes on, see whether the other event fails."
    Overtaking "overtaking" "an event that waits for an earlier one of its user" "Nothing is to be done: the event comes again once the earlier one of its user is written; see why that one fails."
    NotInTime "not_in_time" "a record that was not written within `DELIVERY_TIMEOUT`" "See whether Salesforce is slow (metric salesforce_call_seconds); raise DELIVERY_TIMEOUT if it is so for long."
    Interrupted "interrupted" "a delivery that ended without a result" "Report this as a bug, with the log of the service from that time."
    MayRepeat "may_repeat" "a create that Salesforce has not answered, of a record that cannot be looked up" "Look whether the record exists twice in Salesforce, and send a key (an e-mail or an external id) with such events."
    BatchRepeated "batch_repeated" "an event of a batch that rudder-server sends again as a whole" "Nothing is to be done for this event: another one of its batch could not be handled, and rudder-server sends the whole batch again; see that one."

    // Salesforce's answer, where it has no code of its own.
    SessionExpired "session_expired" "a session that Salesforce accepts no more" "Nothing is to be done where it passes; otherwise see whether the user's sessions are cut short (Session Settings), or reconnect the OAuth account in RudderStack."
    LimitReached "limit_reached" "a limit of the org that is used up" "Wait, reduce the API calls of other systems, or have Salesforce raise the limit; GET /orgs shows the calls."
    Reserved "reserved" "a call that is held back, because only the reserve is left (`API_RESERVE`)" "Wait until calls are free again; to use the reserve now, lower API_RESERVE, or have Salesforce raise the limit."
    Unavailable "unavailable" "an org that is down at present" "Wait: Salesforce is down for a while (status.salesforce.com); the events come again."
    Passing "passing" "an answer that says to come again" "Nothing is to be done where it passes; otherwise see whether a proxy or firewall between the service and Salesforce answers."
    Automation "automation" "a trigger or flow of the org that has reached its limits" "Have the org's admin see which trigger or flow reaches its limits; the events come again for a while."
    UnknownCode "unknown_code" "an error code that the service does not know" "Look the code up in Salesforce's documentation, and report it to this project so that its table can grow."
    Refused "refused" "a record that Salesforce refuses" "Read Salesforce's message in the error of the job in RudderStack, and correct what it names in the event or in the org."
    KeyField "key_field" "a lookup by a field that the org does not have, or that the user may not see" "Correct the field that identifies the records (the identifier of the sync), create it in Salesforce, or let the integration user see it."
    Redirected "redirected" "an org that has moved to another domain" "Reconnect the account in RudderStack, or correct the login host: the org has moved to another domain."
    Timeout "timeout" "a call that was not answered within `SALESFORCE_TIMEOUT`" "See whether the org is slow or a firewall drops packets; raise SALESFORCE_TIMEOUT if its automation needs longer."
    ConnectionRefused "connection_refused" "a host that accepts no connection" "Check the host and that a firewall or proxy lets the service reach it on port 443."
    Connection "connection" "a connection that fails" "Check DNS, proxy, firewall and certificates between the service and Salesforce."
    Overloaded "overloaded" "a call for which the service has no memory left" "Raise MAX_IN_FLIGHT_BYTES, add replicas, or send less at once."
    Unreadable "unreadable" "an answer that is not Salesforce's" "See whether something between the service and Salesforce answers in its place, such as a login page of a proxy."
    ApiVersion "api_version" "an API version that the org does not serve" "Set SALESFORCE_API_VERSION to a version that the org serves."
    NoApi "no_api" "an org whose API is closed" "Have the org's admin open the API again: the edition, the trial or a lock of the org."
    StorageFull "storage_full" "an org whose storage is full" "Have the org's admin free storage or buy more."
    Permission "permission" "a right that the integration user lacks" "Have the org's admin give the integration user access to the object and its fields."
    RecordLocked "record_locked" "a record that is locked" "Have the record unlocked, for example by finishing its approval process."
    InactiveOwner "inactive_owner" "an owner of records that is not active" "Have the org's admin activate the owner, or name another one in the assignment rule."

    // The login.
    OauthSecret "oauth_secret" "an OAuth token that rudder-server has not sent, or not completely" "Reconnect the Salesforce account in RudderStack, and use the router path for OAuth destinations."
    Setting "setting" "a setting of the login that cannot be used" "Correct the setting that the error of the job in RudderStack names."
    NoToken "no_token" "an answer to a login that has no token" "Check that the login host is Salesforce's own: its answer has no token."
    TokenNotAccepted "token_not_accepted" "a new token that Salesforce does not accept" "Check that the user may use the API, and that the login host is the org's."
    InstanceNotAllowed "instance_not_allowed" "an org on a host that `SALESFORCE_ALLOWED_HOSTS` does not name" "Add the org's host to SALESFORCE_ALLOWED_HOSTS, if it is the org's."
    CredentialsRefused "credentials_refused" "a user name, password or security token that Salesforce refuses" "Correct user name, password and security token of the destination; a changed password brings a new security token."
    AppUnknown "app_unknown" "a consumer key that the org does not know" "Set SALESFORCE_CLIENT_ID to the consumer key of an app that the org knows and that is installed."
    ClientSecretWrong "client_secret_wrong" "a consumer secret that is wrong" "Set SALESFORCE_CLIENT_SECRET to the consumer secret of the app."
    AppBlocked "app_blocked" "an app that the org has blocked" "Have the org's admin unblock the app (Connected Apps OAuth Usage)."
    UserNotApproved "user_not_approved" "a user that is not approved for the app" "Have the org's admin approve the user for the app: its permitted users, profile or permission set."
    FlowDisabled "flow_disabled" "an OAuth flow that is not enabled for the app" "Have the org's admin enable this OAuth flow for the app, or choose another by SALESFORCE_AUTH."
    NoRunAsUser "no_run_as_user" "an app without a user that it runs as" "Have the org's admin choose the user that the app runs as."
    NoScope "no_scope" "an app without the scope api" "Have the org's admin add the scope api to the app."
    LoginHostWrong "login_host_wrong" "a login host that is not the org's" "Set SALESFORCE_LOGIN_URL to the org's My Domain."
    AudienceWrong "audience_wrong" "a login host that does not fit the app of the key: production or sandbox" "Set SALESFORCE_LOGIN_URL to the host that the key's app belongs to: production or sandbox."
    AssertionRefused "assertion_refused" "a signed login that Salesforce refuses" "Upload the certificate of the key in SALESFORCE_JWT_KEY_FILE to the app, and set the clock of this machine."
    LoginRestricted "login_restricted" "a login from an address or at an hour that the user's profile does not allow" "Have the org's admin allow the addresses and hours of the service in the user's profile."
    UserInactive "user_inactive" "a user that is not active" "Have the org's admin activate the user."
    OrgInactive "org_inactive" "an org that is closed or suspended" "Ask Salesforce: the org is closed or suspended."
    NoApiAccess "no_api_access" "a user that may not use the API" "Have the org's admin grant the user the permission API Enabled, in an edition with API access."
    LoginOvertaken "login_overtaken" "a login that another one has overtaken" "Nothing is to be done: another login has overtaken this one, and the next attempt follows."
    LoginRequestRefused "login_request_refused" "a login whose request Salesforce refuses" "Check the settings of the login that the error of the job in RudderStack names; compare them by salesforce-transformer check."
    LoginUnknownCode "login_unknown_code" "a login that is refused with a code that the service does not know" "Look the code up in Salesforce's list of OAuth error codes, and report it to this project."

    // A delivery for rudder-server.
    NotAllowed "not_allowed" "a delivery to a host that `SALESFORCE_ALLOWED_HOSTS` does not name" "Add the host to SALESFORCE_ALLOWED_HOSTS, if it is the org's."
    Malformed "malformed" "a delivery that is not a request of this service" "See which program changes the requests between transform and delivery: this one can never be sent."

    // Traits that are not sent as they came.
    Structure "structure" "an object or an array, which the field cannot hold" "Send the parts of the object or array as traits of their own, or leave it out."
    SystemField "system_field" "a field that the REST API never writes, such as `CreatedDate`" "Remove the trait: Salesforce sets this field itself."
    MissingField "missing_field" "a field of RudderStack's table that the object does not have: `Accuracy` of a Lead, `Industry` of a Contact" "Nothing is to be done: the object has no such field."
    FieldName "field_name" "a trait whose name no field can have: a name consists of ASCII letters, digits and single underscores, starts with a letter, does not end with an underscore, and has at most 40 characters" "Rename the trait so that a field can have its name: letters, digits and single underscores."
    NotObject "not_object" "an `address` that is not an object" "Send the trait as an object, of which the members fill fields."
    NotName "not_name" "a `name`, `firstName` or `lastName` that is not a text" "Send the trait as a text."
    NoField "no_field" "`age`, `gender`, `avatar`, and the parts of `company` and `address` that the mapping does not know" "If the trait is wanted in Salesforce, send it under a name of its own, at the top of the traits."
    LeadOnly "lead_only" "for a converted lead's Contact: a trait that only Leads have a field for" "Nothing is to be done: contacts have no field for it."
    ComesAfter "comes_after" "a trait whose field another trait fills, such as `city` beside `address.city`" "Send only one of the two traits, or the same value in both."
    MiddleOfName "middle_of_name" "the words of `name` between the first and the last" "Send firstName and lastName instead of name, if the words between matter."
    SameField "same_field" "a trait whose field a later trait fills, such as `plan` before `Plan`" "Send only one of the traits that fill the same field."
    OwnId "own_id" "the record's own `Id`" "Put the record's id into context.externalId, and remove the trait."
    OtherCase "other_case" "a field that is sent in the org's spelling" "Nothing is to be done: it is sent in the org's spelling."
    StandardField "standard_field" "a trait that fills a standard field, because the org has no custom field for it" "Nothing is to be done: it is sent in the standard field; create the custom field if it is to go there."
    UnknownField "unknown_field" "a field that the org does not have, or that the user may not see" "Create the field in Salesforce, let the integration user see it, or remove the trait."
    NotCreateable "not_createable" "a field that the user cannot set in new records" "Let the integration user edit the field (field-level security), or remove the trait."
    NotUpdateable "not_updateable" "a field that the user cannot set in existing records" "Let the integration user edit the field (field-level security), or remove the trait."
    TooLong "too_long" "a text that is cut, or left out because its field's values cannot be cut" "Shorten the value at its source, or make the field longer in Salesforce."
    NotAnEmail "not_an_email" "a value that is certainly no e-mail" "Correct the e-mail at its source."
    NotANumber "not_a_number" "a value that is not a number" "Send a number, or a text that is one."
    OutOfRange "out_of_range" "a number with more digits than the field" "Send a smaller number, or give the field more digits in Salesforce."
    NotABoolean "not_a_boolean" "a value that is neither true nor false" "Send true or false."
    NotADate "not_a_date" "a value that is not certainly a date or a time" "Send a date as 2026-11-28, an instant as 2026-11-28T14:22:00Z, a time as 14:22:00Z."
    Converted "converted" r#"a value that is sent as another type, such as a number for `"42"`"# "Nothing is to be done: the value is sent as the field's type."
    NotInPicklist "not_in_picklist" "a value, or some of several values, that a restricted picklist does not contain" "Add the value to the picklist in Salesforce, or correct it at its source."
    PicklistSpelling "picklist_spelling" "a value that is sent as the picklist spells it, or in place of its label" "Nothing is to be done: the value is sent in the picklist's spelling."
    StateCountry "state_country" "a state or a country that goes into the other field of its pair, or is left out" "Send a state and a country that the org's list contains, by name or code; a state needs its country."
    NotAnId "not_an_id" "a reference whose value is not an id" "Send the id of a record, of 15 or 18 characters, or remove the trait."
    OtherObject "other_object" "a reference whose value is the id of a record of another object" "Send the id of a record of the object that the field refers to."
    RequiredMissing "required_missing" "nothing is changed: a field is absent that new records require" "Send a trait for the field, give it a default in Salesforce, or make it optional there."
    RefusedBySalesforce "refused_by_salesforce" "a field that Salesforce has refused" "See why Salesforce refused the field (validation, duplicates, permissions), and correct the value or the rule."
}

/// What to do about a reason: what its code of Salesforce's says, where there is one that is known, else what the reason says. The
/// code of a lookup's field speaks of a record's field, so there the reason says more.
#[must_use]
pub(crate) fn remedy(reason: Reason, code: Option<&str>) -> &'static str {
    let code = code.filter(|_| reason != Reason::KeyField);
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
