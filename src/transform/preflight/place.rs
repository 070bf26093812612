//! States and countries of orgs with State and Country/Territory Picklists: codes go into the field for codes, names into the field
//! for names.

use std::borrow::Cow;

use smallvec::SmallVec;

use super::form::Form;
use crate::{
    salesforce::describe::{FieldDescription, ObjectDescription, Picklist, PlaceFields, PlacePart},
    text::trimmed,
    transform::{change::Fit, mapping::FieldValue},
};

/// The states and countries of an event's addresses that fit their fields.
#[derive(Debug, Default)]
pub(super) struct Places<'v, 'a> {
    noted: SmallVec<[(PlacePart, &'v FieldValue<'a>); 4]>,
}

impl<'v, 'a> Places<'v, 'a> {
    /// Notes a field that fits. Returns `false` if fields of one address have to be compared: two for one place.
    pub(super) fn note(&mut self, part: PlacePart, value: &'v FieldValue<'a>) -> bool {
        let is_place =
            |noted: PlacePart| (noted.address, noted.is_state) == (part.address, part.is_state);
        let is_first = !self.noted.iter().any(|(noted, _)| is_place(*noted));
        self.noted.push((part, value));
        is_first
    }

    /// Whether each state has a country beside it, and is one of that country's.
    pub(super) fn are_whole(&self, object: &ObjectDescription) -> bool {
        let mut states = self.noted.iter().filter(|(part, _)| part.is_state);
        states.all(|state| {
            let is_beside = |part: &PlacePart| !part.is_state && part.address == state.0.address;
            let country = self.noted.iter().find(|(part, _)| is_beside(part));
            country.is_some_and(|country| belongs(object, *state, *country))
        })
    }
}

/// Whether a state is one of a country's, as far as the object tells. Both are exactly as in their lists.
pub(super) fn belongs(
    object: &ObjectDescription,
    state: (PlacePart, &FieldValue<'_>),
    country: (PlacePart, &FieldValue<'_>),
) -> bool {
    let (Some(states), Some(countries)) = (list(object, state.0), list(object, country.0)) else {
        return true;
    };
    let (Form::Text(name), Form::Text(of)) = (Form::of(state.1), Form::of(country.1)) else {
        return true;
    };
    let position = countries.position(&of, country.0.is_code);
    position.is_none_or(|position| states.is_valid_for((&name, state.0.is_code), position))
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
