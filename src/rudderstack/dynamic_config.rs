//! Dynamic config: `{{ path || default }}` in a destination's `Config`, resolved for each event (rule
//! `dynamic-config`).
//!
//! A value that comes from the message is removed from it, so that it is not sent to Salesforce as well. Metadata and
//! destination are only read, because rudder-server expects them back complete. The rest of the event stays raw text:
//! an entry with templates is parsed only along the paths that they name.

use std::borrow::Cow;

use indexmap::IndexMap;

use crate::json::{Document, Kind, Object, Unread, Value, Writer};

/// A quick check whether a destination may contain templates.
#[must_use]
pub(crate) fn may_have_templates(destination: Value<'_>) -> bool {
    destination.json().contains("{{") && destination.json().contains("||")
}

/// An entry whose destination has its templates resolved.
#[derive(Debug)]
pub enum ResolvedEntry {
    /// The entry.
    Entry(Document<'static>),
    /// The entry would be longer than an event's part of the answer may be.
    TooLong {
        /// Its length in bytes.
        length: usize,
        /// The maximum length in bytes.
        most: usize,
    },
}

/// An entry `{message, metadata, …}` with the templates of its destination resolved, if it is at most `most` bytes
/// long. Its memory is reserved first.
///
/// `None` if there is nothing to resolve: there is no config, or the destination says so (`hasDynamicConfig: false`).
///
/// # Errors
/// The error of `reserve` if there is not enough memory.
pub fn resolved<E>(
    entry: Object<'_>,
    destination: Value<'_>,
    most: usize,
    mut reserve: impl FnMut(usize) -> Result<(), E>,
) -> Result<Option<ResolvedEntry>, E> {
    let Some(tree) = tree(entry, destination) else {
        return Ok(None);
    };
    let length = tree.length();
    if length > most {
        return Ok(Some(ResolvedEntry::TooLong { length, most }));
    }
    reserve(length)?;
    let mut json = Writer::with_capacity(length);
    tree.write(&mut json);
    match Document::read_within(json.into_text(), None, reserve) {
        Ok(document) => Ok(Some(ResolvedEntry::Entry(document))),
        Err(Unread::NoRoom(error)) => Err(error),
        // The writer produces valid JSON. If it did not, the entry would be used with its templates, and its login
        // rejected.
        Err(Unread::NotJson(_)) => Ok(None),
    }
}

/// The entry with the templates of its destination resolved.
fn tree<'a>(entry: Object<'a>, destination: Value<'a>) -> Option<Tree<'a>> {
    let members = destination.as_object()?;
    let switched_off = members
        .get("hasDynamicConfig")
        .is_some_and(|flag| flag.json() == "false");
    let config = members.get("Config").filter(|_| !switched_off)?;
    let mut tree = Tree::of_object(entry);
    tree.set(&["destination"], Tree::Raw(destination));
    let config = resolve(config, &mut tree, MAX_DEPTH);
    tree.set(&["destination", "Config"], config);
    Some(tree)
}

/// The maximum depth at which templates in a config are resolved.
const MAX_DEPTH: usize = 64;

/// A JSON value that is parsed only where it must be changed.
#[derive(Clone)]
enum Tree<'a> {
    /// The text as received.
    Raw(Value<'a>),
    /// A string created here.
    Text(Cow<'a, str>),
    /// A parsed object.
    Object(IndexMap<Cow<'a, str>, Tree<'a>>),
    /// A parsed array.
    Array(Vec<Tree<'a>>),
}

impl<'a> Tree<'a> {
    fn of_object(object: Object<'a>) -> Self {
        let members = object.members().into_iter();
        Self::Object(
            members
                .map(|(key, value)| (key, Self::Raw(value)))
                .collect(),
        )
    }

    /// The members of an object, parsed on demand; `None` if the value is not an object.
    fn open(&mut self) -> Option<&mut IndexMap<Cow<'a, str>, Tree<'a>>> {
        if let Self::Raw(raw) = self {
            *self = Self::of_object(raw.as_object()?);
        }
        match self {
            Self::Object(members) => Some(members),
            Self::Raw(_) | Self::Text(_) | Self::Array(_) => None,
        }
    }

    /// Removes the value at a dotted path and returns it, unless it is absent or `null`. A key that equals the whole
    /// path takes precedence.
    fn take(&mut self, path: &str) -> Option<Tree<'a>> {
        let members = self.open()?;
        if members.contains_key(path) {
            let is_null = matches!(members.get(path), Some(Self::Raw(raw)) if raw.is_null());
            return if is_null {
                None
            } else {
                members.shift_remove(path)
            };
        }
        let (first, rest) = path.split_once('.')?;
        members.get_mut(first)?.take(rest)
    }

    /// The value at a template's path: removed if it is in the message, otherwise only read.
    fn answer(&mut self, path: &str) -> Option<Tree<'a>> {
        if path.starts_with("message.") {
            self.take(path)
        } else {
            self.clone().take(path)
        }
    }

    fn set(&mut self, path: &[&'static str], value: Tree<'a>) {
        let [first, rest @ ..] = path else { return };
        let Some(members) = self.open() else { return };
        if rest.is_empty() {
            members.insert(Cow::Borrowed(first), value);
        } else if let Some(next) = members.get_mut(*first) {
            next.set(rest, value);
        }
    }

    /// The length of the value when written, not counting escapes.
    fn length(&self) -> usize {
        match self {
            Self::Raw(value) => value.json().len(),
            Self::Text(text) => text.len() + 2,
            Self::Object(members) => {
                let members = members.iter();
                2 + members.fold(0, |all, (key, value)| all + key.len() + 4 + value.length())
            }
            Self::Array(elements) => {
                let elements = elements.iter();
                2 + elements.fold(0, |all, element| all + 1 + element.length())
            }
        }
    }

    fn write(&self, json: &mut Writer) {
        match self {
            Self::Raw(value) => json.value(*value),
            Self::Text(text) => json.text(text),
            Self::Object(members) => json.object(|json| {
                for (key, value) in members {
                    json.name(key, "");
                    value.write(json);
                }
            }),
            Self::Array(elements) => {
                json.array(|json| elements.iter().for_each(|element| element.write(json)));
            }
        }
    }
}

/// A part of a config in which templates are replaced by values of the event, or by their defaults.
fn resolve<'a>(part: Value<'a>, event: &mut Tree<'a>, depth: usize) -> Tree<'a> {
    let Some(deeper) = depth.checked_sub(1) else {
        return Tree::Raw(part);
    };
    match part.kind() {
        Kind::Object => {
            let members = part.as_members().unwrap_or_default().into_iter();
            Tree::Object(
                members
                    .map(|(key, value)| (key, resolve(value, event, deeper)))
                    .collect(),
            )
        }
        Kind::Array => Tree::Array(
            part.as_array()
                .unwrap_or_default()
                .into_iter()
                .map(|value| resolve(value, event, deeper))
                .collect(),
        ),
        Kind::Text => match part.as_text().as_deref().and_then(Template::read) {
            Some(template) => event
                .answer(&template.path)
                .unwrap_or(Tree::Text(Cow::Owned(template.default))),
            None => Tree::Raw(part),
        },
        Kind::Null | Kind::Bool | Kind::Number => Tree::Raw(part),
    }
}

/// `{{ path || default }}`
#[derive(Debug, PartialEq, Eq)]
struct Template {
    /// The path in the entry.
    path: String,
    default: String,
}

impl Template {
    fn read(text: &str) -> Option<Self> {
        let inner = text.trim().strip_prefix("{{")?.strip_suffix("}}")?;
        let (path, default) = inner.split_once("||")?;
        let path = path.trim();
        if !path.split('.').all(is_identifier) {
            return None;
        }
        let path = match path.strip_prefix("event.") {
            Some(rest) => format!("message.{rest}"),
            None => path.to_owned(),
        };
        Some(Self {
            path,
            default: default.replace('"', "").trim().to_owned(),
        })
    }
}

fn is_identifier(segment: &str) -> bool {
    let first = |first: char| first.is_ascii_alphabetic() || first == '_';
    segment.starts_with(first)
        && segment
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

#[cfg(test)]
mod tests;
