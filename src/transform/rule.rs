//! The rules by which events become records, as `docs/behaviour.md` tells them: one registry of their names, and what each says in
//! short.

use serde::{Serialize, Serializer};

/// Declares [`Rule`]: each with its name, what it says, and what it says with `COMPATIBILITY=stock` if that differs.
macro_rules! rules {
    ($($variant:ident $name:literal $documented:literal $stock:literal)*) => {
        /// A rule by which events become records.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Rule {
            $(#[doc = concat!("`", $name, "`")] $variant,)*
        }

        impl Rule {
            /// All rules, in the order of the documentation.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The name of the rule.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// What the rule says, in short.
            #[must_use]
            pub const fn documented(self) -> &'static str {
                match self { $(Self::$variant => $documented,)* }
            }

            /// What it says with `COMPATIBILITY=stock`; empty if it says the same.
            #[must_use]
            pub const fn stock(self) -> &'static str {
                match self { $(Self::$variant => $stock,)* }
            }
        }
    };
}

rules! {
    EventType "event-type" "Only `identify` events are sent. Any other event is a 400 (`dataValidation`, `instrumentation`)." ""
    Gate "gate" r#"An identify is sent only if `integrations.Salesforce` is `true` or an object. The display name of the destination's definition may stand in place of `Salesforce`. `All: true`, `"true"`, `1` and `null` do not count. Otherwise the event is filtered (298) and costs no API call."# "No gate."
    Traits "traits" "The traits are `traits`, or `context.traits` if there are none. An empty object counts as present. Anything but an object is a 400." ""
    NamedObject "named-object" r#"Each entry of `context.externalId[]` whose `type` starts with `Salesforce-` (in any letter case) names an object: the rest of `type`, such as `Contact` in `{"type": "Salesforce-Contact", "id": "003…"}`. An entry with an `id` updates that record, an entry without one creates a record. Several entries make several requests, in order, at most `MAX_RECORDS_PER_EVENT`."# "`type` must contain `Salesforce`, in this letter case."
    LeadEmail "lead-email" "The e-mail is the first of `traits.email`, `context.traits.email` and `properties.email` that is not blank; it is a text or a number. An event without one is a 400. White space, zero-width characters and byte order marks around it are removed, and it is looked up and written in that form. A new lead gets it even if the traits have no e-mail." "Looked up and written as it came; a new lead gets it only from its traits."
    LeadFound "lead-found" "The lead is looked up by `Email`, in any letter case. If none is found, a lead is created; if one is found, it is updated. If several are found, an open lead is preferred to a converted one, and among equals the lead modified last is updated." "Several are a 400 for `SALESFORCE_OAUTH`; the other two types take the first."
    LeadFields "lead-fields" "The traits fill the fields of the Lead table. `FirstName` and `LastName` come from the traits `firstName` and `lastName`, or else from `name`: its first and its last word. A missing `LastName` or `Company` becomes `n/a`, on create and on update; `PLACEHOLDERS=on-create` limits that to new leads, and `PLACEHOLDERS=never` sends none." "`name` is cut at single spaces. Always `n/a`, on create and on update."
    BlankText "blank-text" "A text without a visible character counts as absent: the next best value or `n/a` is taken." "It is a value."
    CustomFields "custom-fields" "Any other trait becomes `<trait>__c`, with its letter case kept: `newProp` fills `newProp__c`. Create the field in Salesforce first. A name that already ends in `__c` is kept, also with the namespace of a package (`ns__Field__c`). `0` and `false` are sent; `null` and blank texts are not. Objects, arrays, and names that no field can have are left out." "`0` and `false` are dropped. `x__c` becomes `x__c__c`. Objects, arrays and any name are sent."
    NullClears "null-clears" "With `CLEAR_WITH_NULL=true`, a trait that is `null` clears its field in an update of a mapped lead or contact, unless the field is required or is the e-mail. In traits that are sent as they are, `null` always clears." ""
    Preflight "preflight" "Each field is compared with the org's description of its object. `PREFLIGHT` decides what happens to one that does not fit: it is mended or left out (`fix`, the default), or only named (`warn`)." "Off unless set."
    Salvage "salvage" "A record that Salesforce refuses because of single fields is sent again without them, at most twice, with inline delivery and at the delivery proxy." "Off unless set."
    OneFieldOneKey "one-field-one-key" "Field names have no letter case: of two traits for one field the later is sent, also when events are merged." "Both are sent."
    SystemFields "system-fields" "Fields that Salesforce's REST API never writes, such as `CreatedDate` from `createdAt`, and fields that the object does not have are left out." "They are sent, and Salesforce rejects the record."
    OwnId "own-id" "A trait `Id` (in any letter case) is left out if the traits are sent as they are, or if the event names the record. For a lead that is found by its e-mail, `id` is a custom field." "It is sent, and Salesforce rejects the record."
    ConvertedContact "converted-contact" "A Contact that a converted lead has become is mapped with the Contact table and custom fields. Traits that only a Lead has a field for (`company`, `rating` and others) are left out." "They become custom fields."
    OtherObjects "other-objects" "Traits for any other object are sent as they are, also for a Contact that `context.externalId` names." "Such a Contact is mapped with the Contact table."
    MappingOff "mapping-off" "`mapProperties: false` in the destination sends the traits of Leads and Contacts as they are, too." "Only `mapProperty` is read."
    ReverseEtl "reverse-etl" "An event with `context.mappedToDestination` needs `id`, `type` and `identifierType` in `context.externalId[0]`; otherwise it is a 400. The object is `type` without `Salesforce-` or `<definition name>-`, in any letter case. With `identifierType` `Id`, the record with that id is updated. Otherwise the service looks up the record whose field `identifierType` equals `id`. If none is found, it is created; if one is found, it is updated; several are a 400." "The object's name is in lower case. Several are treated as in `lead-found`."
    ExternalId "external-id" "If the `identifierType` of a sync is a field that the org describes as External ID and Unique, nothing is looked up: the record is upserted by `PATCH …/sobjects/{Object}/{Field}/{value}`, with inline delivery in Collections by external id, and Salesforce decides whether it is new." "Every identifier is looked up."
    Explanation "explanation" "Everything that is left out or changed is told with a reason." ""
    Request "request" "A record is created by `POST …/sobjects/{Object}` and updated by `PATCH …/sobjects/{Object}/{id}`." "Updated by `POST …/{id}?_HttpMethod=PATCH`."
    AssignmentRules "assignment-rules" "`ASSIGNMENT_RULES` decides when Salesforce's assignment rules choose the owner of a Lead, a Case or an Account: on create and never on update (`create`, the default)." "Rules run on create and on each update, as Salesforce does without being told."
    DuplicateRules "duplicate-rules" "`DUPLICATES` decides what happens to a create that one of the org's duplicate rules refuses: the event is a 400 (`refuse`, the default), the record that the rule has found is updated (`update`), or the record is created in spite of a rule that only alerts (`save`)." ""
    CallOptions "call-options" "Each request carries `Sforce-Call-Options: client=salesforce-transformer/<version>`, by which the org's event log files show who called." "Only the service's own calls carry it."
    OneCreate "one-create" "A record that several events would create is created once." "One create for each event."
    LookupNotes "lookup-notes" "`metadata.destInfo` tells the delivery proxy which record came from a lookup (`lookedUp`) and which request rudder-server had stored on the processor path (`stored`). The proxy then looks the record up again instead of giving up." "No notes: the proxy has every such record tried again."
    DynamicConfig "dynamic-config" r#"`{{ path || default }}` in the destination's settings, such as `{{ message.traits.tier || "free" }}`, is resolved for each event, unless `hasDynamicConfig` is `false`."# ""
    NeverADrop "never-a-drop" r#"A lookup that fails for a reason that may pass never drops an event. On the processor path, where rudder-server drops each event that fails, the whole request is answered 503, "send it again"."# "On the processor path the event is answered with its own status."
}

impl Serialize for Rule {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}
