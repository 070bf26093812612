//! The key that a record is looked up by. Only names and values that are valid in a query can become a [`Key`].

use std::{
    borrow::Cow,
    fmt,
    hash::{BuildHasher, Hash, Hasher, RandomState},
    sync::{Arc, LazyLock},
};

use crate::{
    json::{Kind, Value, Writer},
    salesforce::{
        form::Form,
        literal::{self, Literal},
    },
};

/// The maximum length of a looked-up value in bytes. Salesforce's Email fields hold 80 characters, its external ids
/// 255. With this limit, even a text that consists of escapes only fits into a URI.
pub(crate) const MAX_VALUE: usize = 1_000;

/// The maximum length of an identifier in characters: that of Salesforce's external ids.
pub(crate) const MAX_IDENTIFIER: usize = 255;

/// The maximum length of an API name in bytes, longer than any of Salesforce's.
const MAX_NAME: usize = 255;

/// Whether `name` is a valid API name of an object or a field: letters, digits and underscores, beginning with a
/// letter.
#[must_use]
pub(crate) fn is_api_name(name: &str) -> bool {
    name.len() <= MAX_NAME
        && name.starts_with(|first: char| first.is_ascii_alphabetic())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// The value of a field by which a record is looked up. Clones share their data. Two keys are equal if Salesforce
/// treats them as equal, see [`Key::folded`].
#[derive(Clone)]
pub struct Key(Arc<Parts>);

struct Parts {
    object: Cow<'static, str>,
    field: Cow<'static, str>,
    form: ValueForm,
    /// The original value, if its text differs from the folded one.
    value: Option<Box<str>>,
    /// Object, field and value, folded so that keys are equal if Salesforce treats them as equal.
    folded: String,
    /// The stored hash, because keys are looked up often.
    hash: u64,
    /// The offset of the value in `folded`.
    value_at: usize,
}

/// How a value is written in a query.
#[derive(Clone, Copy, PartialEq, Eq)]
enum ValueForm {
    Quoted,
    Number,
    Bool,
}

/// The hasher is seeded at random, so that nobody can choose values whose hashes collide.
static HASHES: LazyLock<RandomState> = LazyLock::new(RandomState::new);

/// Identifies a record that an event names, without telling its id. The text is another in each process.
#[must_use]
pub(crate) fn record_fingerprint(object: &str, id: &str) -> u64 {
    HASHES.hash_one((object, id))
}

/// The [`Key::kind`] of keys that look up a lead by its e-mail.
const LEAD: &str = "lead.email='";

/// Why a value cannot be looked up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoKey {
    /// The object or the field is not a valid API name.
    Name,
    /// The value has this many bytes, more than [`MAX_VALUE`].
    TooLong(usize),
    /// The value is an object, an array or null.
    NoScalar(Kind),
}

impl Key {
    /// The key of the lead with this e-mail.
    ///
    /// # Errors
    /// [`NoKey::TooLong`].
    pub fn lead(email: &str) -> Result<Self, NoKey> {
        let (object, field) = (Cow::Borrowed("Lead"), Cow::Borrowed("Email"));
        Self::checked(object, field, &Literal::Text(Cow::Borrowed(email)))
    }

    /// The key of the record of `object` whose `field` has this value.
    ///
    /// # Errors
    /// [`NoKey`] if one of the three is not valid in a query.
    pub fn new(object: &str, field: &str, value: Value<'_>) -> Result<Self, NoKey> {
        let value = Literal::of(value).ok_or(NoKey::NoScalar(value.kind()))?;
        let owned = |name: &str| Cow::Owned(name.to_owned());
        Self::checked(owned(object), owned(field), &value)
    }

    /// The key of the record of `object` whose `field` has this text.
    ///
    /// # Errors
    /// [`NoKey`] if one of the three is not valid in a query.
    pub(crate) fn text(object: &str, field: &str, value: &str) -> Result<Self, NoKey> {
        let owned = |name: &str| Cow::Owned(name.to_owned());
        let value = Literal::Text(Cow::Borrowed(value));
        Self::checked(owned(object), owned(field), &value)
    }

    fn checked(
        object: Cow<'static, str>,
        field: Cow<'static, str>,
        value: &Literal<'_>,
    ) -> Result<Self, NoKey> {
        if !(is_api_name(&object) && is_api_name(&field)) {
            return Err(NoKey::Name);
        }
        match value.text().len() {
            length if length > MAX_VALUE => Err(NoKey::TooLong(length)),
            _ => Ok(Self(Arc::new(Parts::new(object, field, value)))),
        }
    }

    /// The object's API name.
    #[must_use]
    pub fn object(&self) -> &str {
        &self.0.object
    }

    /// The field's API name. Salesforce's response may spell it in different letter case.
    #[must_use]
    pub fn field(&self) -> &str {
        &self.0.field
    }

    /// The value as text.
    #[must_use]
    pub fn value(&self) -> &str {
        let own = self.0.value.as_deref();
        own.unwrap_or_else(|| self.folded_value())
    }

    /// The value as a SOQL literal.
    #[must_use]
    pub fn literal(&self) -> String {
        self.written().soql()
    }

    /// The value as a SOQL literal of a given form; `None` if it cannot be written in that form.
    pub(super) fn literal_as(&self, form: Form) -> Option<String> {
        form.write(&self.written())
    }

    /// The original value.
    fn written(&self) -> Literal<'_> {
        let value = self.value();
        match self.0.form {
            ValueForm::Quoted => Literal::Text(Cow::Borrowed(value)),
            ValueForm::Number => Literal::Number(Cow::Borrowed(value)),
            ValueForm::Bool => Literal::Bool(value == "true"),
        }
    }

    /// The folded form, which is equal for two keys that Salesforce treats as equal. Salesforce compares names and
    /// e-mails without regard to case. For identifiers the field decides, so identifiers that differ in case are
    /// different keys.
    #[must_use]
    pub fn folded(&self) -> &str {
        &self.0.folded
    }

    /// The folded value, to be compared with [`super::literal::FoundValue::forms`].
    #[must_use]
    pub fn folded_value(&self) -> &str {
        &self.0.folded[self.0.value_at..]
    }

    /// Whether the value can name its record in the path of a URL. Salesforce takes `.inc` for the ending of a file, clients
    /// resolve dots, and an exponent is no way to write an external id.
    #[must_use]
    pub(crate) fn fits_into_path(&self) -> bool {
        let value = self.value();
        match self.0.form {
            ValueForm::Quoted => {
                let end = value.len().checked_sub(".inc".len());
                let end = end.and_then(|at| value.get(at..));
                !end.is_some_and(|end| end.eq_ignore_ascii_case(".inc"))
                    && value.bytes().any(|byte| byte != b'.')
            }
            ValueForm::Number => !value.contains(['e', 'E']),
            ValueForm::Bool => false,
        }
    }

    /// A text that is equal for all values of one field that Salesforce may take for the same external id: whether letter case
    /// counts depends on the field, and spaces around a text do not count.
    #[must_use]
    pub(crate) fn alike(&self) -> String {
        let value = self.value().trim();
        let value =
            literal::by_value(value).map_or_else(|| value.to_lowercase().into(), Cow::Owned);
        format!("{}={value}", self.field_kind())
    }

    /// Writes the original value as JSON; [`Key::new`] makes the same key of it.
    pub(crate) fn write_value(&self, json: &mut Writer) {
        match self.0.form {
            ValueForm::Quoted => json.text(self.value()),
            ValueForm::Number | ValueForm::Bool => json.json(self.value()),
        }
    }

    /// Whether the key looks up a lead by its e-mail.
    pub(crate) fn is_lead(&self) -> bool {
        self.kind() == LEAD
    }

    /// Identifies the key without telling its value. It is another in each process.
    #[must_use]
    pub(crate) fn fingerprint(&self) -> u64 {
        self.0.hash
    }

    /// The part that keys must have in common to share a query.
    pub(super) fn kind(&self) -> &str {
        &self.0.folded[..self.0.value_at]
    }

    /// The same part for keys whose field's form is known.
    pub(super) fn field_kind(&self) -> &str {
        self.kind().trim_end_matches(['\'', '='])
    }

    /// The form in which the value is searched for in a response, see [`super::literal::FoundValue::forms`].
    pub(super) fn answered_as(&self, form: Option<Form>) -> Cow<'_, str> {
        let value = match form {
            Some(Form::Number) => literal::by_value(self.value().trim()),
            Some(Form::DateTime) => literal::instant(self.value()),
            Some(Form::Text) if !self.is_lead() => Some(self.value().to_owned()),
            Some(Form::Text | Form::Bool | Form::Date) | None => None,
        };
        value.map_or_else(|| Cow::Borrowed(self.folded_value()), Cow::Owned)
    }
}

impl Parts {
    fn new(object: Cow<'static, str>, field: Cow<'static, str>, value: &Literal<'_>) -> Self {
        let quote = if value.is_quoted() { "'" } else { "" };
        let length = object.len() + field.len() + value.text().len() + ".='".len();
        let mut folded = String::with_capacity(length);
        folded.extend([&object, ".", &field, "=", quote]);
        folded.make_ascii_lowercase();
        let value_at = folded.len();
        let is_lead = folded == LEAD;
        folded.push_str(&if is_lead {
            value.folded()
        } else {
            value.exact()
        });
        let text = value.text();
        Self {
            hash: HASHES.hash_one(&folded),
            object,
            field,
            form: match value {
                Literal::Text(_) => ValueForm::Quoted,
                Literal::Number(_) => ValueForm::Number,
                Literal::Bool(_) => ValueForm::Bool,
            },
            value: (folded[value_at..] != *text).then(|| text.into()),
            folded,
            value_at,
        }
    }
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        self.folded() == other.folded()
    }
}

impl Eq for Key {}

impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.0.hash);
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({}.{} = …)", self.object(), self.field())
    }
}

#[cfg(test)]
mod tests;
