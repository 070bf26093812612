//! Compares the fields of each address with one another, in orgs with State and Country/Territory Picklists.

use smallvec::SmallVec;

use super::{
    form::Form,
    place,
    refit::{Entry, Refit},
};
use crate::{salesforce::describe::PlaceFields, transform::change::Fit};

/// Leaves out names that contradict their code, states without a country, and states of another country.
pub(super) fn compare(refit: &mut Refit<'_, '_>) {
    let object = refit.fitting.description;
    for address in object.addresses() {
        for place in [address.state, address.country] {
            if let (Some(code), Some(name)) = (place.code, place.name) {
                leave_out_contradiction(refit, code, name);
            }
        }
        let has = |refit: &Refit<'_, '_>, place: PlaceFields| {
            let mut fields = [place.code, place.name].into_iter().flatten();
            fields.any(|index| refit.entry(index).is_some_and(is_filled))
        };
        if has(refit, address.state) && !has(refit, address.country) {
            for index in [address.state.code, address.state.name]
                .into_iter()
                .flatten()
            {
                if refit.entry(index).is_some_and(is_filled) {
                    refit.leave_out(index, Fit::StateWithoutCountry);
                }
            }
        }
        leave_out_foreign(refit, address.state, address.country);
    }
}

/// Leaves out a state that the country beside it does not have.
fn leave_out_foreign(refit: &mut Refit<'_, '_>, state: PlaceFields, country: PlaceFields) {
    let object = refit.fitting.description;
    let filled = |refit: &Refit<'_, '_>, place: PlaceFields| {
        let indexes = [place.code, place.name].into_iter().flatten();
        let filled = indexes.filter(|index| refit.entry(*index).is_some_and(is_filled));
        filled.collect::<SmallVec<[u16; 2]>>()
    };
    let Some(country) = filled(refit, country).first().copied() else {
        return;
    };
    for state in filled(refit, state) {
        let place = |index: u16| {
            let part = object.at(usize::from(index))?.place()?;
            Some((part, &refit.entry(index)?.value))
        };
        let is_foreign = place(state)
            .zip(place(country))
            .is_some_and(|(state, country)| !place::belongs(object, state, country));
        if is_foreign {
            refit.leave_out(state, Fit::StateOfOtherCountry);
        }
    }
}

fn leave_out_contradiction(refit: &mut Refit<'_, '_>, code: u16, name: u16) {
    let list = refit.fitting.description.at(usize::from(code));
    let list = list.and_then(|field| field.picklist.as_deref());
    let text = |index| refit.entry(index).and_then(text);
    let (Some(list), Some(code), Some(label)) = (list, text(code), text(name)) else {
        return;
    };
    if !list.pairs(&code, &label) {
        refit.leave_out(name, Fit::PlaceContradiction);
    }
}

fn is_filled(entry: &Entry<'_>) -> bool {
    Form::of(&entry.value).is_filled()
}

fn text(entry: &Entry<'_>) -> Option<String> {
    match Form::of(&entry.value) {
        Form::Text(text) => Some(text.into_owned()),
        Form::Null | Form::Bool(_) | Form::Number(_) | Form::Structure(_) => None,
    }
}
