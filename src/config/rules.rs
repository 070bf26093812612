//! The two sets of rules. Each choice cites the rule of `docs/behaviour.md` that it decides.
//!
//! Code asks for a single choice, never for the set that is in effect. A reader then sees what the code depends on.

use clap::ValueEnum;

use crate::{json::Value, text};

/// Which set of rules applies: the setting `COMPATIBILITY`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Compatibility {
    /// What RudderStack's Salesforce documentation promises.
    Documented,
    /// What the stock rudder-transformer 1.145.0 does.
    Stock,
}

/// When `LastName` and `Company` of a lead are filled with `n/a`: the setting `PLACEHOLDERS`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Placeholders {
    /// On create and on update, as documented.
    Always,
    /// Only on create, so that an event without a company does not overwrite the company of an existing lead.
    OnCreate,
    /// Never. In an org with person accounts, a lead without a company stands for a person.
    Never,
}

/// Rule `named-object`: how an `externalId` type names a Salesforce object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ObjectNaming {
    /// The type starts with `Salesforce-`, in any letter case.
    Prefix,
    /// The type contains `Salesforce`, in exactly this letter case.
    Contains,
}

/// Rule `lead-email`: which value is taken as a lead's e-mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EmailValue {
    /// The first value that is not null, empty or blank. It must be a number or a text; invisible characters around a
    /// text are removed.
    TextOrNumber,
    /// The first value that is not null or empty: any text, number or boolean that is truthy in JavaScript, unchanged.
    /// An event without an e-mail that carries the identifier of an unmapped reverse-ETL sync is looked up by that
    /// identifier.
    Truthy,
}

/// Rules `lead-found` and `reverse-etl`: what happens if several records have the same e-mail or identifier.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SeveralRecords {
    /// Among leads, an open one is preferred to a converted one, then the one modified last. An identifier must match
    /// exactly one record.
    LastModified,
    /// An error for `SALESFORCE_OAUTH`; the other two definitions take the first record.
    RefusedForOauth,
}

/// Rule `lead-fields`: how `name` is split into first and last name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NameCut {
    /// At white space of any kind and length; blanks around the name are ignored.
    Words,
    /// At each single space; empty parts are left out. An event fails if `name` is an empty list or object.
    SingleSpaces,
}

/// Rule `custom-fields`: which traits become custom fields, and under which name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CustomFields {
    /// All traits except `null`, blank texts, objects, arrays, and names that no field can have. A name that already
    /// ends in `__c` is kept. A trait that fills a standard field only on leads does not become a custom field on a
    /// contact.
    Values,
    /// All traits that are truthy in JavaScript; `__c` is always appended.
    Truthy,
}

/// Rule `blank-text`: whether a text without a visible character, such as `" "`, counts as a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BlankText {
    /// A blank text counts as absent.
    Absent,
    /// A blank text counts as a value; only the empty text is absent.
    Kept,
}

impl BlankText {
    /// Whether a value counts as absent.
    #[must_use]
    #[inline]
    pub fn is_absent(self, value: Value<'_>) -> bool {
        match self {
            Self::Absent => !text::is_filled(value),
            Self::Kept => !value.is_present(),
        }
    }
}

/// Rule `one-field-one-key`: whether field names that differ only in letter case are different. To Salesforce they are
/// the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LetterCase {
    /// They are the same: of two traits for one field, the later one is sent.
    Ignored,
    /// They are different: both are sent.
    Counts,
}

/// Rule `other-objects`: which of the records named by an `externalId` are mapped with a field table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NamedTables {
    /// A Lead, in any letter case (rule `lead-fields`). For every other object, the traits are sent unchanged.
    Lead,
    /// A Lead and a Contact, in exactly this letter case.
    LeadAndContact,
}

/// Rule `mapping-off`: which switch of the destination turns the mapping off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MappingSwitch {
    /// `mapProperties`, or `mapProperty`, its older name.
    MapProperties,
    /// `mapProperty` alone.
    MapProperty,
}

/// Rule `reverse-etl`: how a reverse-ETL event names its object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MappedNaming {
    /// By the text after `Salesforce-` or after the definition's name, in its original spelling.
    Exact,
    /// By the same text in lower case; a type without a prefix is the object's name.
    Lowercase,
}

/// Rule `request`: how a record is updated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UpdateMethod {
    /// `PATCH`.
    Patch,
    /// `POST` with `?_HttpMethod=PATCH`.
    PostOverride,
}

/// One set of rules.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a rule that says yes or no"
)]
#[derive(Clone, Copy, Debug)]
pub struct Rules {
    /// Rule `gate`: whether an event needs `integrations.Salesforce`.
    pub gate: bool,
    /// Rule `lead-email`.
    pub email: EmailValue,
    /// Rule `named-object`.
    pub object_naming: ObjectNaming,
    /// Rules `lead-found` and `reverse-etl`.
    pub several_records: SeveralRecords,
    /// Rule `lead-fields`.
    pub name_cut: NameCut,
    /// Rule `lead-fields`.
    pub placeholders: Placeholders,
    /// Rule `lead-email`: whether a lead's e-mail is written in the form in which it was looked up. A new lead then
    /// gets it even if its traits contain no e-mail.
    pub writes_looked_up_email: bool,
    /// Rule `blank-text`.
    pub blank_text: BlankText,
    /// Rule `one-field-one-key`.
    pub field_names: LetterCase,
    /// Rule `own-id`: whether the record's own `Id` is sent as a field. Salesforce rejects such a request.
    pub own_id: bool,
    /// Rule `custom-fields`. Only under [`CustomFields::Truthy`] can objects and arrays fill a standard field.
    pub custom_fields: CustomFields,
    /// Rule `system-fields`: whether fields that cannot be written through the REST API are sent.
    pub system_fields: bool,
    /// Rule `other-objects`.
    pub named_tables: NamedTables,
    /// Rule `mapping-off`.
    pub mapping_switch: MappingSwitch,
    /// Rule `reverse-etl`.
    pub mapped_naming: MappedNaming,
    /// Rule `external-id`: whether the record of a reverse-ETL sync is upserted by its identifier if that is a unique external
    /// id, and whether the identifier must be a value that such a field can hold.
    pub upserts: bool,
    /// Rule `request`.
    pub update_method: UpdateMethod,
    /// Rule `call-options`: whether the requests that rudder-server sends name this service as their caller, as its own calls
    /// do.
    pub call_options: bool,
    /// Rule `never-a-drop`: whether a processor route asks rudder-server to repeat the whole request if Salesforce is
    /// unavailable. On that route rudder-server drops every event that fails on its own.
    pub processor_asks_again: bool,
    /// Rule `one-create`: whether a record that several events would create is created once. Two events in a router
    /// batch become one request, or the later one comes again; creates at the delivery proxy take turns.
    pub coalesce: bool,
    /// Rule `lookup-notes`: whether the router tells the delivery proxy which records were found by a lookup, and which
    /// requests were transformed before they were stored. Without this note, the proxy must assume that any record may
    /// come from a lookup.
    pub notes_lookups: bool,
}

impl Rules {
    /// The set selected by `compatibility`. The stock set always uses [`Placeholders::Always`].
    #[must_use]
    pub fn new(compatibility: Compatibility, placeholders: Placeholders) -> Self {
        match compatibility {
            Compatibility::Documented => Self {
                gate: true,
                email: EmailValue::TextOrNumber,
                object_naming: ObjectNaming::Prefix,
                several_records: SeveralRecords::LastModified,
                name_cut: NameCut::Words,
                placeholders,
                writes_looked_up_email: true,
                blank_text: BlankText::Absent,
                field_names: LetterCase::Ignored,
                own_id: false,
                custom_fields: CustomFields::Values,
                system_fields: false,
                named_tables: NamedTables::Lead,
                mapping_switch: MappingSwitch::MapProperties,
                mapped_naming: MappedNaming::Exact,
                upserts: true,
                update_method: UpdateMethod::Patch,
                call_options: true,
                processor_asks_again: true,
                coalesce: true,
                notes_lookups: true,
            },
            Compatibility::Stock => Self {
                gate: false,
                email: EmailValue::Truthy,
                object_naming: ObjectNaming::Contains,
                several_records: SeveralRecords::RefusedForOauth,
                name_cut: NameCut::SingleSpaces,
                placeholders: Placeholders::Always,
                writes_looked_up_email: false,
                blank_text: BlankText::Kept,
                field_names: LetterCase::Counts,
                own_id: true,
                custom_fields: CustomFields::Truthy,
                system_fields: true,
                named_tables: NamedTables::LeadAndContact,
                mapping_switch: MappingSwitch::MapProperty,
                mapped_naming: MappedNaming::Lowercase,
                upserts: false,
                update_method: UpdateMethod::PostOverride,
                call_options: false,
                processor_asks_again: false,
                coalesce: false,
                notes_lookups: false,
            },
        }
    }
}
