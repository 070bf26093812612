//! Names: which field of the object a name means.

use super::{Fitting, form::Form};
use crate::{
    json::{Kind, Value},
    salesforce::{
        address::Effect,
        describe::{FieldDescription, ObjectDescription},
        key::is_api_name,
    },
    transform::{change::Fit, field_name::FieldName, mapping::FieldValue},
};

/// The member of a nested object that names the type of its record.
const ATTRIBUTES: &str = "attributes";

/// What a name means.
pub(super) enum Meaning<'d> {
    /// A field of this object.
    Field(&'d FieldDescription),
    /// A record that a reference refers to, named by an external id in a nested object. The text is the relationship's name.
    Parent(&'d FieldDescription, &'d str),
}

/// How a name has to be changed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Renaming {
    /// To the org's spelling.
    OtherCase,
    /// To the standard field that has the name of the trait.
    StandardField,
}

impl Renaming {
    /// The label of the change.
    pub(super) fn reason(self) -> &'static str {
        // An empty name takes no memory.
        self.fit("").reason()
    }

    /// The change to this name.
    pub(super) fn fit(self, name: &str) -> Fit {
        match self {
            Self::OtherCase => Fit::OtherCase(name.into()),
            Self::StandardField => Fit::StandardField(name.into()),
        }
    }
}

/// The field that has exactly this name.
#[inline]
pub(super) fn exact<'d>(
    object: &'d ObjectDescription,
    name: &FieldName<'_>,
) -> Option<&'d FieldDescription> {
    let (stem, suffix) = name.parts();
    object.exact_field(stem, suffix)
}

/// The field that a name means, and how the name has to be changed, if it has to be.
///
/// # Errors
/// Why the field is left out.
pub(super) fn meant<'d>(
    fitting: &Fitting<'d>,
    name: &FieldName<'_>,
    value: &FieldValue<'_>,
) -> Result<(Meaning<'d>, Option<Renaming>), Fit> {
    let object = fitting.description;
    if let Some(field) = exact(object, name) {
        return Ok((Meaning::Field(field), None));
    }
    let (stem, suffix) = name.parts();
    if let Some(field) = object.field_of(stem, suffix) {
        return Ok((Meaning::Field(field), Some(Renaming::OtherCase)));
    }
    if let Some((field, relationship)) = parent(object, name, value) {
        let said = name.trait_name().unwrap_or_else(|| name.text());
        let renaming = (*relationship != *said).then_some(Renaming::OtherCase);
        return Ok((Meaning::Parent(field, relationship), renaming));
    }
    let standard = object.field_of(stem, "").filter(|_| name.is_suffixed());
    if let Some(field) = standard.filter(|field| is_writable(field, fitting.effect).is_ok()) {
        return Ok((Meaning::Field(field), Some(Renaming::StandardField)));
    }
    Err(if is_api_name(&name.text()) {
        Fit::UnknownField { nearest: None }
    } else {
        Fit::FieldName { nearest: None }
    })
}

/// A flaw of a name, with the field that somebody may have meant.
pub(super) fn with_nearest(fitting: &Fitting<'_>, name: &FieldName<'_>, flaw: Fit) -> Fit {
    let nearest = || nearest(fitting, name.parts().0);
    match flaw {
        Fit::UnknownField { .. } => Fit::UnknownField { nearest: nearest() },
        Fit::FieldName { .. } => Fit::FieldName { nearest: nearest() },
        other => other,
    }
}

/// The reference whose record a nested object names by one external id.
fn parent<'d>(
    object: &'d ObjectDescription,
    name: &FieldName<'_>,
    value: &FieldValue<'_>,
) -> Option<(&'d FieldDescription, &'d str)> {
    let Form::Structure(value) = Form::of(value) else {
        return None;
    };
    let mut members = value.as_object()?.iter();
    let mut named = members.by_ref().filter(|(name, _)| name != ATTRIBUTES);
    let (key, value) = named.next()?;
    let names_one = named.next().is_none() && is_scalar(value);
    // The traits of a mapped record are a visitor's words: only a custom field is certainly meant for an external id.
    let is_meant = names_one && (!name.is_suffixed() || key.to_ascii_lowercase().ends_with("__c"));
    if !is_meant {
        return None;
    }
    let name = name.trait_name().unwrap_or_else(|| name.text());
    object.relationship(&name)
}

/// Whether a field can be written.
///
/// # Errors
/// Why it is left out.
#[inline]
pub(super) fn is_writable(field: &FieldDescription, effect: Effect) -> Result<(), Fit> {
    let (creates, updates) = match effect {
        Effect::Create => (true, false),
        Effect::Update => (false, true),
        Effect::Upsert => (true, true),
    };
    match field {
        _ if creates && !field.createable => Err(Fit::NotCreateable),
        _ if updates && !field.updateable => Err(Fit::NotUpdateable),
        _ => Ok(()),
    }
}

/// The name of the field that somebody may have meant.
pub(super) fn nearest(fitting: &Fitting<'_>, name: &str) -> Option<Box<str>> {
    let field = fitting.description.nearest(name);
    field.map(|field| field.name.clone())
}

fn is_scalar(value: Value<'_>) -> bool {
    !matches!(value.kind(), Kind::Array | Kind::Object | Kind::Null)
}
