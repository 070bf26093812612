//! Watches how the fields of a write come about.

use std::collections::{HashMap, HashSet};

use crate::{
    json::Value,
    salesforce::address::{Address, Effect},
    transform::{
        change::Change,
        explanation::{TargetExplanation, operation},
        mapping::{FieldValue, Fields},
        resolve::Observer,
        rule::Rule,
        target::Target,
    },
};

/// What was seen of a write.
pub(crate) struct Watch<'a> {
    /// The record; `None` if it could not be determined.
    pub target: Option<TargetExplanation>,
    /// The field that stands in the URL of an upsert, and not in its body.
    pub(super) in_url: Option<String>,
    /// What the write does.
    pub effect: Option<Effect>,
    /// Whether a duplicate rule has found the record.
    pub(super) is_duplicate: bool,
    /// The fields before they are fitted to the object.
    pub(super) mapped: Vec<MappedField<'a>>,
    /// The names of the fields that fit; `None` if the write failed before.
    pub(super) fitted: Option<HashSet<String>>,
    /// The names of the fields that are left after those that the record already has; `None` if that was not asked.
    pub(super) reduced: Option<HashSet<String>>,
    /// What differs from the traits.
    pub(super) changes: Vec<Change<'a>>,
    /// The rule that chose the object.
    pub(super) rule: Rule,
}

/// A field that the mapping has made.
pub(super) struct MappedField<'a> {
    pub(super) name: String,
    pub(super) source: FieldSource<'a>,
}

/// Where a field's value comes from.
#[derive(Clone, Copy)]
pub(super) enum FieldSource<'a> {
    /// From this value of the event.
    Trait(Value<'a>),
    /// It is a part of a name, or the e-mail by which the record is looked up.
    Text,
    /// Nothing fills the field.
    Placeholder,
}

impl Watch<'_> {
    /// Nothing seen yet, of a record that was chosen by this rule.
    #[must_use]
    pub(crate) fn new(rule: Rule) -> Self {
        Self {
            rule,
            target: None,
            in_url: None,
            effect: None,
            is_duplicate: false,
            mapped: Vec::new(),
            fitted: None,
            reduced: None,
            changes: Vec::new(),
        }
    }
}

impl<'a> MappedField<'a> {
    fn of(fields: &Fields<'a>) -> impl Iterator<Item = Self> {
        fields.members().map(|(name, value)| Self {
            name: name.text().into_owned(),
            source: match value {
                FieldValue::Trait(value) => FieldSource::Trait(*value),
                FieldValue::Text(_) | FieldValue::Json(_) => FieldSource::Text,
                FieldValue::Placeholder(_) => FieldSource::Placeholder,
            },
        })
    }
}

/// Where a value stands in memory, which identifies it: no other value of the event begins there.
pub(super) fn place(value: Value<'_>) -> *const u8 {
    value.bytes().as_ptr()
}

/// The fields that come from values of the event, by the places of these.
pub(super) fn places(fields: &[MappedField<'_>]) -> HashMap<*const u8, Vec<usize>> {
    let mut places: HashMap<_, Vec<usize>> = HashMap::new();
    for (index, field) in fields.iter().enumerate() {
        if let FieldSource::Trait(value) = field.source {
            places.entry(place(value)).or_default().push(index);
        }
    }
    places
}

fn names(fields: &Fields<'_>) -> HashSet<String> {
    fields
        .names()
        .map(|name| name.text().into_owned())
        .collect()
}

impl<'p, 'a> Observer<'p, 'a> for Watch<'a> {
    fn mapped(&mut self, target: &Target<'p>, fields: &Fields<'a>) {
        self.is_duplicate = target.is_duplicate;
        self.effect = Some(target.address.effect());
        self.in_url = match &target.address {
            Address::ExternalId(key) => Some(key.field().to_owned()),
            Address::New | Address::Id(_) => None,
        };
        self.target = Some(TargetExplanation {
            rule: TargetExplanation::rule(target.choice, self.rule, self.rule == Rule::LeadEmail),
            object: target.object.clone().into_owned(),
            operation: operation(target.address.effect()),
            id: target.address.id().map(str::to_owned),
            choice: target.choice.label(),
            because: target.choice.because(),
        });
        self.mapped = MappedField::of(fields).collect();
        self.changes = fields.changes.iter().cloned().collect();
    }

    fn fitted(&mut self, fields: &Fields<'a>) {
        // Preflight may take up what the mapping has left out.
        let known = places(&self.mapped);
        let taken_up = MappedField::of(fields).filter(|field| match field.source {
            FieldSource::Trait(value) => !known.contains_key(&place(value)),
            FieldSource::Text | FieldSource::Placeholder => false,
        });
        let taken_up: Vec<_> = taken_up.collect();
        self.mapped.extend(taken_up);
        self.fitted = Some(names(fields));
        self.changes = fields.changes.iter().cloned().collect();
    }

    fn reduced(&mut self, fields: &Fields<'a>) {
        self.reduced = Some(names(fields));
    }
}
