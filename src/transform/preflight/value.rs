//! Values: whether a field takes one as it is, and what becomes of one that it does not take.

use std::borrow::Cow;

use super::{
    choice, date,
    form::Form,
    number::{self, Reading},
};
use crate::{
    json::Kind,
    salesforce::{
        describe::{FieldDescription, FieldType, ObjectDescription},
        id,
    },
    text::trimmed,
    transform::{change::Fit, mapping::FieldValue},
};

/// What becomes of a value: `None` if it stays as it is, another value, or the reason why the field is left out.
pub(super) type Fitted = Result<Option<(FieldValue<'static>, Fit)>, Fit>;

/// Whether a field certainly takes a value as it is. It is fast, and does not allocate unless the value is a text with escapes.
pub(super) fn takes(field: &FieldDescription, value: &FieldValue<'_>) -> bool {
    if let FieldValue::Trait(value) = value
        && value.kind() == Kind::Text
        && is_text(field.kind)
        // The quotes are two bytes, and no character is shorter in JSON than it is long.
        && (value.bytes().len() - 2 <= field.length as usize || field.length == 0)
    {
        return true;
    }
    match Form::of(value) {
        _ if field.kind == FieldType::Other => true,
        Form::Null => true,
        Form::Text(text) => takes_text(field, &text),
        Form::Number(number) => is_number(field.kind) && number::is_in_range(number, field),
        Form::Bool(_) => field.kind == FieldType::Boolean,
        Form::Structure(_) => false,
    }
}

fn takes_text(field: &FieldDescription, text: &str) -> bool {
    match field.kind {
        FieldType::String
        | FieldType::TextArea
        | FieldType::EncryptedString
        | FieldType::Phone
        | FieldType::Url
        | FieldType::Combobox => field.holds(text),
        FieldType::Email => field.holds(text) && (text.is_empty() || is_email(text)),
        FieldType::Picklist => choice::has(field, text),
        FieldType::MultiPicklist => choice::has_all(field, text),
        FieldType::Reference | FieldType::Id => {
            id::is_record_id(text) && refers(field, text).is_ok()
        }
        FieldType::Date => date::is_date(text),
        FieldType::DateTime => date::is_instant(text),
        FieldType::Time => date::is_time(text),
        FieldType::Boolean
        | FieldType::Int
        | FieldType::Double
        | FieldType::Currency
        | FieldType::Percent => false,
        FieldType::Other => true,
    }
}

/// What becomes of a value that the field may not take as it is.
pub(super) fn fitted(
    field: &FieldDescription,
    value: &FieldValue<'_>,
    object: &ObjectDescription,
) -> Fitted {
    if takes(field, value) {
        return Ok(None);
    }
    let form = Form::of(value);
    match field.kind {
        FieldType::String
        | FieldType::TextArea
        | FieldType::EncryptedString
        | FieldType::Phone
        | FieldType::Url
        | FieldType::Combobox => text(field, &form),
        FieldType::Email => match &form {
            Form::Text(address) if is_email(address) => text(field, &form),
            Form::Structure(_) => Err(Fit::Structure),
            Form::Text(_) | Form::Number(_) | Form::Bool(_) | Form::Null => Err(Fit::NotAnEmail),
        },
        FieldType::Picklist => choice::one(field, &form),
        FieldType::MultiPicklist => choice::several(field, &form),
        FieldType::Reference | FieldType::Id => reference(field, &form),
        FieldType::Boolean => converted(&form, field, boolean(&form), Fit::NotABoolean),
        FieldType::Int | FieldType::Double | FieldType::Currency | FieldType::Percent => {
            number(field, &form, object)
        }
        FieldType::Date => converted(
            &form,
            field,
            date::to_date(&form).map(as_text),
            Fit::NotADate,
        ),
        FieldType::DateTime => converted(
            &form,
            field,
            date::to_instant(&form).map(as_text),
            Fit::NotADate,
        ),
        FieldType::Time => converted(&form, field, None, Fit::NotADate),
        FieldType::Other => Ok(None),
    }
}

fn as_text(text: String) -> FieldValue<'static> {
    FieldValue::Text(Cow::Owned(text))
}

/// The value to which another was converted, if it could be.
fn converted(
    form: &Form<'_>,
    field: &FieldDescription,
    value: Option<FieldValue<'static>>,
    flaw: Fit,
) -> Fitted {
    let flaw = match form {
        Form::Structure(_) => Fit::Structure,
        Form::Null | Form::Bool(_) | Form::Number(_) | Form::Text(_) => flaw,
    };
    let fit = Fit::Converted {
        from: form.kind(),
        to: field.kind,
    };
    value.map(|value| Some((value, fit))).ok_or(flaw)
}

/// The text of a scalar, cut to the field's length if that can do no harm: a part of an address, a key or a number would be another
/// one.
fn text(field: &FieldDescription, form: &Form<'_>) -> Fitted {
    let text = form.text().ok_or(Fit::Structure)?;
    let is_text = matches!(form, Form::Text(_));
    if field.holds(&text) {
        let fit = Fit::Converted {
            from: form.kind(),
            to: field.kind,
        };
        return Ok((!is_text).then(|| (as_text(text.into_owned()), fit)));
    }
    let may_be_cut = is_text
        && !field.unique
        && !field.external_id
        && matches!(field.kind, FieldType::String | FieldType::TextArea);
    if !may_be_cut {
        return Err(Fit::TooLong(field.length));
    }
    let cut: String = text.chars().take(field.length as usize).collect();
    Ok(Some((as_text(cut), Fit::Cut(field.length))))
}

fn reference(field: &FieldDescription, form: &Form<'_>) -> Fitted {
    let text = match form {
        Form::Structure(_) => return Err(Fit::Structure),
        Form::Text(text) if id::is_record_id(trimmed(text)) => trimmed(text),
        Form::Text(_) | Form::Number(_) | Form::Bool(_) | Form::Null => return Err(Fit::NotAnId),
    };
    refers(field, text)?;
    Ok(Some((
        as_text(text.to_owned()),
        Fit::Converted {
            from: Kind::Text,
            to: field.kind,
        },
    )))
}

/// Whether a reference can refer to the record with this id, as far as its prefix tells.
fn refers(field: &FieldDescription, id: &str) -> Result<(), Fit> {
    let objects = field
        .reference
        .as_ref()
        .map_or([].as_slice(), |to| &to.objects);
    match id::standard_object(id) {
        Some(object) if !objects.is_empty() && !objects.iter().any(|known| **known == *object) => {
            Err(Fit::OtherObject(object))
        }
        Some(_) | None => Ok(()),
    }
}

fn boolean(form: &Form<'_>) -> Option<FieldValue<'static>> {
    let text = form.text()?;
    let text = trimmed(&text);
    let is = |texts: [&str; 3]| texts.iter().any(|known| text.eq_ignore_ascii_case(known));
    let json = match () {
        () if is(["true", "yes", "1"]) => "true",
        () if is(["false", "no", "0"]) => "false",
        () => return None,
    };
    Some(FieldValue::Json(Cow::Borrowed(json)))
}

fn number(field: &FieldDescription, form: &Form<'_>, object: &ObjectDescription) -> Fitted {
    let is_int = field.kind == FieldType::Int;
    let number = match form {
        Form::Structure(_) => return Err(Fit::Structure),
        Form::Null | Form::Bool(_) => return Err(Fit::NotANumber),
        Form::Number(number) => (*number).to_owned(),
        Form::Text(text) => {
            let reading = Reading {
                scale: if is_int { 0 } else { field.scale },
                has_symbol: takes_symbol(field, object),
            };
            number::of_text(text, reading).ok_or(Fit::NotANumber)?
        }
    };
    let number = match number::as_int(&number) {
        Some(whole) if is_int => whole,
        Some(_) | None => number,
    };
    if !number::is_in_range(&number, field) {
        return Err(Fit::OutOfRange);
    }
    let json = FieldValue::Json(Cow::Owned(number));
    converted(form, field, Some(json), Fit::NotANumber)
}

/// Whether the symbol of a currency beside an amount says nothing that would have to be stored: the org has one currency only, or
/// the field is no amount of money.
fn takes_symbol(field: &FieldDescription, object: &ObjectDescription) -> bool {
    match field.kind {
        FieldType::Currency => object.field("CurrencyIsoCode").is_none(),
        FieldType::Percent => false,
        _ => true,
    }
}

fn is_text(kind: FieldType) -> bool {
    matches!(
        kind,
        FieldType::String
            | FieldType::TextArea
            | FieldType::EncryptedString
            | FieldType::Phone
            | FieldType::Url
            | FieldType::Combobox
    )
}

fn is_number(kind: FieldType) -> bool {
    matches!(
        kind,
        FieldType::Int | FieldType::Double | FieldType::Currency | FieldType::Percent
    )
}

/// Whether a text may be an e-mail address. Salesforce decides about the rest.
fn is_email(text: &str) -> bool {
    is_plain_email(text.as_bytes()) || {
        let text = trimmed(text);
        let parts = text.rsplit_once('@');
        let has_parts =
            parts.is_some_and(|(local, domain)| !local.is_empty() && !domain.is_empty());
        has_parts && !text.contains(char::is_whitespace)
    }
}

/// Whether a text consists of two parts of visible ASCII characters, as nearly all e-mail addresses do.
fn is_plain_email(text: &[u8]) -> bool {
    let [_, inner @ .., last] = text else {
        return false;
    };
    *last != b'@' && inner.contains(&b'@') && text.iter().all(u8::is_ascii_graphic)
}
