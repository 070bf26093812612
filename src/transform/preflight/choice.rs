//! Values of picklists.

use std::borrow::Cow;

use super::form::Form;
use crate::{
    json::Kind,
    salesforce::describe::FieldDescription,
    text::trimmed,
    transform::{change::Fit, mapping::FieldValue},
};

/// The maximum number of values of a multi-select picklist that are looked at. Salesforce lets one record have 500 at most.
const MAX_VALUES: usize = 500;

/// What separates the values of a multi-select picklist.
const SEPARATOR: char = ';';

/// Whether a picklist takes a text as it is, without a look at the labels.
pub(super) fn has(field: &FieldDescription, text: &str) -> bool {
    text.is_empty()
        || field
            .picklist
            .as_ref()
            .is_some_and(|list| list.contains(text))
}

/// Whether a multi-select picklist takes a text as it is, without a look at the labels.
pub(super) fn has_all(field: &FieldDescription, text: &str) -> bool {
    field.holds(text) && text.split(SEPARATOR).all(|value| has(field, value))
}

/// The value of a picklist that is meant: the same one, one that differs in letter case, or the one with this label. A picklist
/// that is not restricted takes any other text as well. `None` if it takes the value as it is.
///
/// # Errors
/// Why it is left out.
pub(super) fn one(
    field: &FieldDescription,
    form: &Form<'_>,
) -> Result<Option<(FieldValue<'static>, Fit)>, Fit> {
    let text = form.text().ok_or(Fit::Structure)?;
    let value = meant(field, trimmed(&text)).ok_or(Fit::NotInPicklist)?;
    if !field.holds(&value) {
        return Err(Fit::TooLong(field.length));
    }
    let fit = match form {
        Form::Text(text) if *value == **text => return Ok(None),
        Form::Text(_) => Fit::PicklistSpelling,
        other => Fit::Converted {
            from: other.kind(),
            to: field.kind,
        },
    };
    Ok(Some((
        FieldValue::Text(Cow::Owned(value.into_owned())),
        fit,
    )))
}

/// The values of a multi-select picklist that are meant by an array, or by a text such as `a;b`. `None` if it takes the value as it
/// is.
///
/// # Errors
/// Why it is left out.
pub(super) fn several(
    field: &FieldDescription,
    form: &Form<'_>,
) -> Result<Option<(FieldValue<'static>, Fit)>, Fit> {
    let (mut values, mut is_part) = (Vec::<Cow<'_, str>>::new(), false);
    let elements = elements(form)?;
    if elements.len() > MAX_VALUES {
        return Err(Fit::TooLong(field.length));
    }
    for element in &elements {
        let Some(text) = element.text() else {
            is_part |= !matches!(element, Form::Null);
            continue;
        };
        for text in text
            .split(SEPARATOR)
            .map(trimmed)
            .filter(|text| !text.is_empty())
        {
            if values.len() >= MAX_VALUES {
                return Err(Fit::TooLong(field.length));
            }
            match meant(field, text) {
                Some(value) if values.contains(&value) => {}
                Some(value) => values.push(Cow::Owned(value.into_owned())),
                None => is_part = true,
            }
        }
    }
    if values.is_empty() {
        return Err(Fit::NotInPicklist);
    }
    let joined = values.join(";");
    if !field.holds(&joined) {
        return Err(Fit::TooLong(field.length));
    }
    let fit = match form {
        _ if is_part => Fit::PartlyInPicklist,
        Form::Text(text) if joined == **text => return Ok(None),
        Form::Text(_) => Fit::PicklistSpelling,
        other => Fit::Converted {
            from: other.kind(),
            to: field.kind,
        },
    };
    Ok(Some((FieldValue::Text(Cow::Owned(joined)), fit)))
}

fn elements<'v>(form: &'v Form<'_>) -> Result<Vec<Form<'v>>, Fit> {
    match form {
        Form::Structure(value) if value.kind() == Kind::Array => {
            let elements = value.as_array().unwrap_or_default().into_iter();
            Ok(elements.map(Form::of_trait).collect())
        }
        Form::Structure(_) | Form::Null => Err(Fit::Structure),
        Form::Bool(_) | Form::Number(_) | Form::Text(_) => {
            let text = form.text().unwrap_or_default();
            Ok(vec![Form::Text(text)])
        }
    }
}

fn meant<'t>(field: &'t FieldDescription, text: &'t str) -> Option<Cow<'t, str>> {
    let list = field.picklist.as_ref();
    let value = list.and_then(|list| list.meant(text));
    value
        .or((!field.restricted_picklist).then_some(text))
        .map(Cow::Borrowed)
}
