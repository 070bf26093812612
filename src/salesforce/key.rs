//! What a record is found by. Only what can stand in a query becomes a [`Key`].

use std::{
    borrow::Cow,
    fmt,
    hash::{BuildHasher, Hash, Hasher, RandomState},
    sync::{Arc, LazyLock},
};

use crate::{
    json::{Kind, Value},
    salesforce::{
        form::Form,
        literal::{self, Literal},
    },
};

/// How many bytes a value may have to be looked up. Salesforce's Email fields hold 80 characters, its external ids 255;
/// with this limit even a text that is all escapes fits into a URI on its own.
pub(crate) const MAX_VALUE: usize = 1_000;

/// How many bytes an API name may have: more than any of Salesforce's.
const MAX_NAME: usize = 255;

/// Whether `name` is an API name of an object or a field: letters, digits and underscores, a letter first.
#[must_use]
pub(crate) fn is_api_name(name: &str) -> bool {
    name.len() <= MAX_NAME
        && name.starts_with(|first: char| first.is_ascii_alphabetic())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// What a record is found by: the value of one of its fields. Clones share it. Two are equal that are the same to Salesforce,
/// see [`Key::folded`].
#[derive(Clone)]
pub struct Key(Arc<Parts>);

struct Parts {
    object: Cow<'static, str>,
    field: Cow<'static, str>,
    form: ValueForm,
    /// The value as it came, where it is not the same text as the folded one.
    value: Option<Box<str>>,
    /// Object, field and value in the form in which they are the same to Salesforce.
    folded: String,
    /// Its hash: a key is looked for often.
    hash: u64,
    /// Where the value begins in it.
    value_at: usize,
}

/// How a value stands in a query.
#[derive(Clone, Copy, PartialEq, Eq)]
enum ValueForm {
    Quoted,
    Number,
    Bool,
}

/// Nobody can choose values whose hashes are alike.
static HASHES: LazyLock<RandomState> = LazyLock::new(RandomState::new);

/// The kind of the keys that find a lead by its e-mail.
const LEAD: &str = "lead.email='";

/// Why a value cannot be looked up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoKey {
    /// The object or the field is no API name.
    Name,
    /// The value has so many bytes, more than [`MAX_VALUE`].
    TooLong(usize),
    /// The value is an object, an array or null.
    NoScalar(Kind),
}

impl Key {
    /// The lead with this e-mail.
    ///
    /// # Errors
    /// [`NoKey::TooLong`].
    pub fn lead(email: &str) -> Result<Self, NoKey> {
        let (object, field) = (Cow::Borrowed("Lead"), Cow::Borrowed("Email"));
        Self::checked(object, field, &Literal::Text(Cow::Borrowed(email)))
    }

    /// The record of `object` whose `field` has this value.
    ///
    /// # Errors
    /// [`NoKey`] where one of the three cannot stand in a query.
    pub fn new(object: &str, field: &str, value: Value<'_>) -> Result<Self, NoKey> {
        let value = Literal::of(value).ok_or(NoKey::NoScalar(value.kind()))?;
        let owned = |name: &str| Cow::Owned(name.to_owned());
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

    /// The field's API name. Salesforce's answer may spell it in its own letter case.
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

    /// The value as SOQL writes it.
    #[must_use]
    pub fn literal(&self) -> String {
        self.written().soql()
    }

    /// The value as SOQL writes it in a form; `None` where it cannot be written so.
    pub(super) fn literal_as(&self, form: Form) -> Option<String> {
        form.write(&self.written())
    }

    /// The value as it came.
    fn written(&self) -> Literal<'_> {
        let value = self.value();
        match self.0.form {
            ValueForm::Quoted => Literal::Text(Cow::Borrowed(value)),
            ValueForm::Number => Literal::Number(Cow::Borrowed(value)),
            ValueForm::Bool => Literal::Bool(value == "true"),
        }
    }

    /// The form by which two keys are the same to Salesforce. It compares names and e-mails without letter case; whether an
    /// identifier has one, its field decides, so that identifiers of different letters are different keys.
    #[must_use]
    pub fn folded(&self) -> &str {
        &self.0.folded
    }

    /// The form of the value, to be compared with [`super::literal::FoundValue::forms`].
    #[must_use]
    pub fn folded_value(&self) -> &str {
        &self.0.folded[self.0.value_at..]
    }

    /// Whether the record is a lead that is found by its e-mail.
    pub(super) fn is_lead(&self) -> bool {
        self.kind() == LEAD
    }

    /// What keys must have in common to be asked for in one query.
    pub(super) fn kind(&self) -> &str {
        &self.0.folded[..self.0.value_at]
    }

    /// The same for keys whose field's form is known.
    pub(super) fn field_kind(&self) -> &str {
        self.kind().trim_end_matches(['\'', '='])
    }

    /// The form in which the value is looked for in an answer, see [`super::literal::FoundValue::forms`].
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
