//! The description of a field, and how it is read. Attributes that are missing or of another type than expected count as unknown,
//! so that one odd field does not hide the others.

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;

use super::picklist::{self, Picklist, PicklistValue};

/// A field, as seen by the user of a session.
#[derive(Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a flag of Salesforce's description"
)]
pub struct FieldDescription {
    /// API name.
    pub name: Box<str>,
    /// What its values are.
    pub kind: FieldType,
    /// Whether it can be set in a new record.
    pub createable: bool,
    /// Whether it can be changed in an existing record.
    pub updateable: bool,
    /// Whether records can be found by its value.
    pub external_id: bool,
    /// Whether no two records can have the same value.
    pub unique: bool,
    /// Whether it can be empty.
    pub nillable: bool,
    /// Whether Salesforce fills it in new records that do not set it.
    pub defaulted_on_create: bool,
    /// Whether letter case distinguishes its values.
    pub case_sensitive: bool,
    /// Whether it takes only the values of its picklist.
    pub restricted_picklist: bool,
    /// The maximum number of characters of a text; 0 if there is no limit.
    pub length: u32,
    /// The number of digits of a number with decimals; 0 if it is unknown.
    pub precision: u16,
    /// How many of these digits are decimals.
    pub scale: u16,
    /// The maximum number of digits of an integer; 0 if it is unknown.
    pub digits: u16,
    /// The values of its picklist, if it has one.
    pub picklist: Option<Box<Picklist>>,
    /// What it refers to, if it is a reference.
    pub reference: Option<Box<Reference>>,
    /// Its position in the object.
    pub(super) index: u16,
    /// What it means in an address whose states or countries are those of a list.
    pub(super) place: Option<PlacePart>,
}

/// What a reference refers to.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Reference {
    /// The objects whose records it can refer to; none if that is unknown.
    pub objects: Box<[Box<str>]>,
    /// The name under which the record that it refers to can be named by an external id.
    pub relationship: Option<Box<str>>,
}

/// What a field means in an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PlacePart {
    /// The position of the address among those of the object.
    pub address: u8,
    /// Whether it is for the state; otherwise it is for the country.
    pub is_state: bool,
    /// Whether it takes codes; otherwise it takes names.
    pub is_code: bool,
}

/// What the values of a field are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum FieldType {
    /// A text on one line.
    String,
    /// A text of several lines.
    TextArea,
    /// An e-mail address.
    Email,
    /// A phone number.
    Phone,
    /// A web address.
    Url,
    /// One value of a list.
    Picklist,
    /// Several values of a list.
    MultiPicklist,
    /// A value of a list, or any other text.
    Combobox,
    /// A text that is stored encrypted.
    EncryptedString,
    /// The id of another record.
    Reference,
    /// The record's own id.
    Id,
    /// True or false.
    Boolean,
    /// An integer.
    Int,
    /// A number.
    Double,
    /// An amount of money.
    Currency,
    /// A percentage.
    Percent,
    /// A date.
    Date,
    /// An instant.
    DateTime,
    /// A time of day.
    Time,
    /// Anything else.
    #[default]
    #[serde(other)]
    Other,
}

impl FieldType {
    /// The type in words, with the article.
    #[must_use]
    pub fn noun(self) -> &'static str {
        match self {
            Self::String | Self::TextArea | Self::Combobox | Self::EncryptedString => "a text",
            Self::Email => "an e-mail address",
            Self::Phone => "a phone number",
            Self::Url => "a web address",
            Self::Picklist => "a value of its picklist",
            Self::MultiPicklist => "values of its picklist",
            Self::Reference | Self::Id => "an id",
            Self::Boolean => "a boolean",
            Self::Int | Self::Double | Self::Currency | Self::Percent => "a number",
            Self::Date => "a date",
            Self::DateTime => "an instant",
            Self::Time => "a time of day",
            Self::Other => "another type",
        }
    }
}

impl FieldDescription {
    /// The memory that it takes beyond its own size, in bytes.
    pub(super) fn heap_bytes(&self) -> usize {
        let picklist = self.picklist.as_ref().map_or(0, |list| list.bytes());
        let reference = self.reference.as_ref().map_or(0, |reference| {
            let names = reference.objects.iter().chain(&reference.relationship);
            size_of::<Reference>()
                + size_of_val(&*reference.objects)
                + names.map(|name| name.len()).sum::<usize>()
        });
        self.name.len() + picklist + reference
    }

    /// Its position among the fields of its object.
    #[must_use]
    pub(crate) fn index(&self) -> usize {
        usize::from(self.index)
    }

    /// What it means in an address whose states or countries are those of a list.
    #[must_use]
    pub(crate) fn place(&self) -> Option<PlacePart> {
        self.place
    }

    /// Whether a text is no longer than its values may be. Salesforce counts characters.
    #[must_use]
    pub fn holds(&self, text: &str) -> bool {
        let length = self.length as usize;
        length == 0 || text.len() <= length || text.chars().count() <= length
    }

    /// Whether events can set it in both new and existing records.
    #[must_use]
    pub fn is_writable(&self) -> bool {
        self.createable && self.updateable
    }

    /// Whether an upsert can find its record by this field, and never finds several.
    #[must_use]
    pub fn identifies(&self) -> bool {
        self.external_id && self.unique
    }

    /// Whether Salesforce refuses a new record in which neither the event nor a flow or trigger fills it.
    #[must_use]
    pub fn is_required(&self) -> bool {
        self.createable
            && !self.nillable
            && !self.defaulted_on_create
            && self.kind != FieldType::Boolean
    }
}

/// A field as Salesforce describes it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a flag of Salesforce's description"
)]
struct Described {
    name: Box<str>,
    #[serde(default, rename = "type", deserialize_with = "known")]
    kind: FieldType,
    createable: bool,
    updateable: bool,
    #[serde(default, deserialize_with = "known")]
    external_id: bool,
    #[serde(default, deserialize_with = "known")]
    unique: bool,
    #[serde(default = "yes")]
    nillable: bool,
    #[serde(default, deserialize_with = "known")]
    defaulted_on_create: bool,
    #[serde(default, deserialize_with = "known")]
    case_sensitive: bool,
    #[serde(default, deserialize_with = "known")]
    restricted_picklist: bool,
    #[serde(default, deserialize_with = "known")]
    length: u32,
    #[serde(default, deserialize_with = "known")]
    precision: u16,
    #[serde(default, deserialize_with = "known")]
    scale: u16,
    #[serde(default, deserialize_with = "known")]
    digits: u16,
    #[serde(default, deserialize_with = "known")]
    picklist_values: Vec<DescribedValue>,
    #[serde(default, deserialize_with = "known")]
    reference_to: Box<[Box<str>]>,
    #[serde(default, deserialize_with = "known")]
    relationship_name: Option<Box<str>>,
}

/// A value of a picklist as Salesforce describes it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct DescribedValue {
    value: Box<str>,
    #[serde(default)]
    label: Option<Box<str>>,
    #[serde(default = "yes")]
    active: bool,
    /// A bit for each value of the controlling picklist, in base64.
    #[serde(default)]
    valid_for: Option<Box<str>>,
}

fn yes() -> bool {
    true
}

/// Reads an attribute; it counts as unknown if it has another type than expected.
fn known<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(
    deserializer: D,
) -> Result<T, D::Error> {
    let json: &RawValue = Deserialize::deserialize(deserializer)?;
    Ok(serde_json::from_str(json.get()).unwrap_or_default())
}

/// A field of which only the name could be read. Nothing is known that would stop a value.
#[derive(Deserialize)]
struct Odd {
    name: Box<str>,
}

/// Reads the fields of an object. A field without a name is passed over.
pub(super) fn read<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Vec<FieldDescription>, D::Error> {
    let fields: Vec<&RawValue> = Deserialize::deserialize(deserializer)?;
    let fields = fields.into_iter().filter_map(|field| {
        let described: Result<Described, _> = serde_json::from_str(field.get());
        let odd = || {
            serde_json::from_str(field.get())
                .ok()
                .map(|Odd { name }| FieldDescription::odd(name))
        };
        described.ok().map(FieldDescription::from).or_else(odd)
    });
    Ok(fields.collect())
}

impl FieldDescription {
    fn odd(name: Box<str>) -> Self {
        Self {
            name,
            kind: FieldType::Other,
            createable: true,
            updateable: true,
            external_id: false,
            unique: false,
            nillable: true,
            defaulted_on_create: false,
            case_sensitive: false,
            restricted_picklist: false,
            length: 0,
            precision: 0,
            scale: 0,
            digits: 0,
            picklist: None,
            reference: None,
            index: 0,
            place: None,
        }
    }
}

impl From<Described> for FieldDescription {
    fn from(field: Described) -> Self {
        let are_states = field.name.ends_with("StateCode");
        let values = field.picklist_values.into_iter().zip(0..);
        let values = values
            .filter(|(value, _)| value.active)
            .map(|(value, position)| PicklistValue {
                label: value.label.filter(|label| *label != value.value),
                value: value.value,
                position,
                valid_for: value
                    .valid_for
                    .filter(|_| are_states)
                    .map_or_else(Vec::new, |bits| picklist::positions(&bits)),
            });
        let picklist = Picklist::of(values.collect());
        let reference = Reference {
            objects: field.reference_to,
            relationship: field.relationship_name,
        };
        Self {
            name: field.name,
            kind: field.kind,
            createable: field.createable,
            updateable: field.updateable,
            external_id: field.external_id,
            unique: field.unique,
            nillable: field.nillable,
            defaulted_on_create: field.defaulted_on_create,
            case_sensitive: field.case_sensitive,
            restricted_picklist: field.restricted_picklist,
            length: field.length,
            precision: field.precision,
            scale: field.scale,
            digits: field.digits,
            picklist: picklist.map(Box::new),
            reference: (field.kind == FieldType::Reference).then(|| Box::new(reference)),
            index: 0,
            place: None,
        }
    }
}
