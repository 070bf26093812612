//! States and countries of orgs with State and Country/Territory Picklists: codes go into the field for codes, names into the field
//! for names.

use std::borrow::Cow;

use super::form::Form;
use crate::{
    salesforce::describe::{FieldDescription, ObjectDescription, Picklist, PlaceFields, PlacePart},
    text::trimmed,
    transform::{change::Fit, mapping::FieldValue},
};

/// Which addresses of an event have a state, and which have a country.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Places {
    states: u64,
    countries: u64,
}

impl Places {
    /// Notes a field that fits. Returns `false` if fields of one address have to be compared: two for one place.
    pub(super) fn note(&mut self, part: PlacePart) -> bool {
        let address = 1 << part.address;
        let places = if part.is_state {
            &mut self.states
        } else {
            &mut self.countries
        };
        let is_first = *places & address == 0;
        *places |= address;
        is_first
    }

    /// Whether no address has a state without a country.
    pub(super) fn are_whole(self) -> bool {
        self.states & !self.countries == 0
    }
}

/// Whether a field of an address takes a value as it is.
pub(super) fn takes(object: &ObjectDescription, part: PlacePart, value: &FieldValue<'_>) -> bool {
    match (Form::of(value), list(object, part)) {
        (Form::Null, _) => true,
        (Form::Text(text), Some(list)) if part.is_code => list.contains(&text),
        (Form::Text(text), Some(list)) => list.has_label(&text),
        (Form::Text(_), None) | (Form::Bool(_) | Form::Number(_) | Form::Structure(_), _) => false,
    }
}

/// The list of the codes and names of a place.
fn list(object: &ObjectDescription, part: PlacePart) -> Option<&Picklist> {
    let code = fields(object, part)?.code?;
    object.at(usize::from(code))?.picklist.as_deref()
}

fn fields(object: &ObjectDescription, part: PlacePart) -> Option<PlaceFields> {
    let address = object.addresses().get(usize::from(part.address))?;
    Some(if part.is_state {
        address.state
    } else {
        address.country
    })
}

/// Where a place goes: the field that takes it, and the spelling of the list. Its own field is tried first.
///
/// # Errors
/// [`Fit::UnknownPlace`].
pub(super) fn settled<'d>(
    object: &'d ObjectDescription,
    part: PlacePart,
    value: &FieldValue<'_>,
) -> Result<(&'d FieldDescription, &'d str), Fit> {
    let unknown = Fit::UnknownPlace;
    let (form, list) = (Form::of(value), list(object, part));
    let (Form::Text(text), Some(list), Some(fields)) = (form, list, fields(object, part)) else {
        return Err(unknown);
    };
    let text = trimmed(&text);
    let code = || list.code(text).map(|code| (fields.code, code));
    let name = || list.label_of(text).map(|name| (fields.name, name));
    let (field, text) = if part.is_code {
        code().or_else(name)
    } else {
        name().or_else(code)
    }
    .ok_or(unknown.clone())?;
    let field = field.and_then(|index| object.at(usize::from(index)));
    field.map(|field| (field, text)).ok_or(unknown)
}

/// The value in the spelling of the list.
pub(super) fn spelled(text: &str) -> FieldValue<'static> {
    FieldValue::Text(Cow::Owned(text.to_owned()))
}
