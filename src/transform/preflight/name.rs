//! Names: which field of the object a name means.

use super::{Fitting, form::Form};
use crate::{
    salesforce::{
        address::Effect,
        describe::{FieldDescription, ObjectDescription},
        key::is_api_name,
    },
    transform::{change::Fit, field_name::FieldName, mapping::FieldValue},
};

/// What a name means.
pub(super) enum Meaning<'d> {
    /// A field of this object.
    Field(&'d FieldDescription),
    /// A record that a reference refers to, named by an external id in a nested object. The text is the relationship's name.
    Parent(&'d FieldDescription, &'d str),
}

/// The field that has exactly this name.
#[inline]
pub(super) fn exact<'d>(
    object: &'d ObjectDescription,
    name: &FieldName<'_>,
) -> Option<&'d FieldDescription> {
    let (stem, suffix) = name.parts();
    let field = object.field_of(stem, suffix)?;
    let (known, length) = (field.name.as_bytes(), stem.len());
    (known[..length] == *stem.as_bytes() && known[length..] == *suffix.as_bytes()).then_some(field)
}

/// The field that a name means, and how the name has to be changed, if it has to be.
///
/// # Errors
/// Why the field is left out.
pub(super) fn meant<'d>(
    fitting: &Fitting<'d>,
    name: &FieldName<'_>,
    value: &FieldValue<'_>,
) -> Result<(Meaning<'d>, Option<Fit>), Fit> {
    let object = fitting.description;
    if let Some(field) = exact(object, name) {
        return Ok((Meaning::Field(field), None));
    }
    let (stem, suffix) = name.parts();
    if let Some(field) = object.field_of(stem, suffix) {
        let fit = Fit::OtherCase(field.name.clone());
        return Ok((Meaning::Field(field), Some(fit)));
    }
    if let Some((field, relationship)) = parent(object, name, value) {
        let said = name.trait_name().unwrap_or_else(|| name.text());
        let fit = (*relationship != *said).then(|| Fit::OtherCase(relationship.into()));
        return Ok((Meaning::Parent(field, relationship), fit));
    }
    let standard = object.field_of(stem, "").filter(|_| name.is_suffixed());
    if let Some(field) = standard.filter(|field| is_writable(field, fitting.effect).is_ok()) {
        let fit = Fit::StandardField(field.name.clone());
        return Ok((Meaning::Field(field), Some(fit)));
    }
    let nearest = nearest(fitting, stem);
    Err(if is_api_name(&name.text()) {
        Fit::UnknownField { nearest }
    } else {
        Fit::FieldName { nearest }
    })
}

/// The reference whose record a nested object names.
fn parent<'d>(
    object: &'d ObjectDescription,
    name: &FieldName<'_>,
    value: &FieldValue<'_>,
) -> Option<(&'d FieldDescription, &'d str)> {
    let Form::Structure(value) = Form::of(value) else {
        return None;
    };
    value.as_object().filter(|members| !members.is_empty())?;
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
