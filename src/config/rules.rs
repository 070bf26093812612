//! The two sets of rules, each choice after the rule of `docs/behaviour.md` that it settles.
//!
//! Other modules ask for a choice, never which set is on.

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
    /// Only on create, so that an event without a company leaves a lead's company alone.
    OnCreate,
}

/// Rule `named-object`: how an `externalId` type names a Salesforce object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ObjectNaming {
    /// It starts with `Salesforce-`, in any letter case.
    Prefix,
    /// It contains `Salesforce`, in this letter case.
    Contains,
}

/// Rule `lead-email`: which value is a lead's e-mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EmailValue {
    /// The first that is not null, empty or blank: a text, without what is invisible around it, or a number.
    TextOrNumber,
    /// The first that is not null or empty: any text, number or boolean that JavaScript holds for true, as it is. An event
    /// with the identifier of a reverse-ETL sync that is not mapped is looked up by that.
    Truthy,
}

/// Rules `lead-found` and `reverse-etl`: what several records with one e-mail or identifier mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SeveralRecords {
    /// Of leads an open one goes before a converted one, then the one modified last; an identifier must name one record.
    LastModified,
    /// An error for `SALESFORCE_OAUTH`, the first for the other two.
    RefusedForOauth,
}

/// Rule `lead-fields`: how `name` is cut into first and last name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NameCut {
    /// At white space of any kind and length; blanks around the name do not count.
    Words,
    /// At each single space; an empty part is left out. An empty list or object as `name` fails its event.
    SingleSpaces,
}

/// Rule `custom-fields`: which traits become custom fields, and under which name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CustomFields {
    /// All but `null`, blank texts, objects, arrays and what no field can be called; a name that ends in `__c` is kept. What
    /// only a lead has a field for is none on a contact.
    Values,
    /// All that JavaScript holds for true; `__c` is always appended.
    Truthy,
}

/// Rule `blank-text`: whether a text without a visible character, such as `" "`, is a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BlankText {
    /// Nothing: it is absent.
    Absent,
    /// What it says: only the empty text is absent.
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

/// Rule `one-field-one-key`: whether letter case tells two names of fields apart. Salesforce does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LetterCase {
    /// It does not: of two traits for one field the later counts.
    Ignored,
    /// It does: both are sent.
    Counts,
}

/// Rule `other-objects`: which records that an `externalId` names are mapped with a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NamedTables {
    /// A Lead, in any letter case (rule `lead-fields`); every other object gets the traits as they are.
    Lead,
    /// A Lead and a Contact, spelled exactly so.
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
    /// What follows `Salesforce-` or the definition's name, as it is spelled.
    Exact,
    /// The same in lower case; a type without a prefix names itself.
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
    /// Rule `lead-email`: whether a lead's e-mail is written as it was looked up, and in a lead that is created also where its
    /// traits have none.
    pub writes_looked_up_email: bool,
    /// Rule `blank-text`.
    pub blank_text: BlankText,
    /// Rule `one-field-one-key`.
    pub field_names: LetterCase,
    /// Rule `own-id`: whether a record's own `Id` among its fields is sent, which Salesforce refuses.
    pub own_id: bool,
    /// Rule `custom-fields`. Objects and arrays fill a table's field only under [`CustomFields::Truthy`].
    pub custom_fields: CustomFields,
    /// Rule `system-fields`: whether fields that the REST API never writes are sent.
    pub system_fields: bool,
    /// Rule `other-objects`.
    pub named_tables: NamedTables,
    /// Rule `mapping-off`.
    pub mapping_switch: MappingSwitch,
    /// Rule `reverse-etl`.
    pub mapped_naming: MappedNaming,
    /// Rule `request`.
    pub update_method: UpdateMethod,
    /// Rule `never-a-drop`: whether a processor route, which drops each event that fails, asks for the whole
    /// request again where Salesforce is away.
    pub processor_asks_again: bool,
    /// Rule `one-create`: whether two events for one new record in a router batch become one request.
    pub coalesce: bool,
    /// Rule `lookup-notes`: whether the router notes for the delivery proxy which records come from a lookup, and which
    /// requests were stored before they came. Without the note each record may come from one.
    pub notes_lookups: bool,
}

impl Rules {
    /// The set that `compatibility` names. The stock set knows no other placeholders than [`Placeholders::Always`].
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
                update_method: UpdateMethod::Patch,
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
                update_method: UpdateMethod::PostOverride,
                processor_asks_again: false,
                coalesce: false,
                notes_lookups: false,
            },
        }
    }
}
