//! Writes JSON into one buffer. Values of a document are copied byte for byte.

use std::{fmt, io::Write};

use super::{Value, string};

/// A JSON text that is being written. Commas are added automatically.
#[derive(Default)]
pub struct Writer(Vec<u8>);

/// The kinds of containers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bracket {
    /// An object.
    Object,
    /// An array.
    Array,
}

impl Writer {
    /// An empty text, with room for this number of bytes.
    #[must_use]
    pub fn with_capacity(bytes: usize) -> Self {
        Self(Vec::with_capacity(bytes))
    }

    /// The number of bytes that have been written and not taken.
    #[must_use]
    pub fn length(&self) -> usize {
        self.0.len()
    }

    /// Takes everything written so far except the last byte, which determines whether a comma follows. Writing continues in
    /// a new buffer of this capacity.
    #[must_use]
    pub fn take(&mut self, bytes: usize) -> Vec<u8> {
        let last = self.0.pop();
        let taken = std::mem::replace(&mut self.0, Vec::with_capacity(bytes));
        self.0.extend(last);
        taken
    }

    /// Writes an object. `write` writes its members.
    pub fn object(&mut self, write: impl FnOnce(&mut Self)) {
        self.open(Bracket::Object);
        write(self);
        self.close(Bracket::Object);
    }

    /// Writes an array. `write` writes its elements.
    pub fn array(&mut self, write: impl FnOnce(&mut Self)) {
        self.open(Bracket::Array);
        write(self);
        self.close(Bracket::Array);
    }

    /// Opens an object or array. [`Writer::close`] must follow.
    pub fn open(&mut self, bracket: Bracket) {
        self.separate();
        self.0.push(match bracket {
            Bracket::Object => b'{',
            Bracket::Array => b'[',
        });
    }

    /// Closes an object or array.
    pub fn close(&mut self, bracket: Bracket) {
        self.0.push(match bracket {
            Bracket::Object => b'}',
            Bracket::Array => b']',
        });
    }

    /// Writes a key that needs no escaping. Its value must follow.
    pub fn key(&mut self, key: &'static str) {
        debug_assert!(string::is_plain(key), "{key} needs escapes");
        self.separate();
        self.quoted(key);
        self.0.push(b':');
    }

    /// Writes any key, followed by a suffix that needs no escaping. Its value must follow.
    pub fn name(&mut self, name: &str, suffix: &'static str) {
        debug_assert!(string::is_plain(suffix), "{suffix} needs escapes");
        self.text(name);
        if !suffix.is_empty() {
            self.0.pop();
            self.0.extend_from_slice(suffix.as_bytes());
            self.0.push(b'"');
        }
        self.0.push(b':');
    }

    /// Writes a member whose value is a string.
    pub fn text_member(&mut self, key: &'static str, text: &str) {
        self.key(key);
        self.text(text);
    }

    /// Writes a member whose value is copied byte for byte.
    pub fn value_member(&mut self, key: &'static str, value: Value<'_>) {
        self.key(key);
        self.value(value);
    }

    /// Writes a copy of an object, with the members that `write` adds.
    pub fn extended(&mut self, object: Value<'_>, write: impl FnOnce(&mut Self)) {
        let open = object.json().strip_suffix('}').unwrap_or("{");
        self.json(open.trim_end());
        write(self);
        self.0.push(b'}');
    }

    /// Writes a string.
    pub fn text(&mut self, text: &str) {
        self.separate();
        if string::is_plain(text) {
            self.quoted(text);
        } else {
            self.escaped(text);
        }
    }

    /// Writes a number.
    pub fn number(&mut self, number: impl Into<u64>) {
        self.separate();
        // Writing into a vector cannot fail.
        let _ = write!(self.0, "{}", number.into());
    }

    /// Copies a value byte for byte.
    pub fn value(&mut self, value: Value<'_>) {
        self.json(value.json());
    }

    /// Copies finished JSON: one value, or several members or elements with the commas between them.
    pub fn json(&mut self, json: &str) {
        self.separate();
        self.0.extend_from_slice(json.as_bytes());
    }

    /// The finished text as bytes.
    #[must_use]
    pub fn into_bytes(self) -> Vec<u8> {
        self.0
    }

    /// The finished text.
    #[must_use]
    pub fn into_text(self) -> String {
        // Everything written is UTF-8: `str`s and single ASCII characters.
        String::from_utf8(self.0).unwrap_or_default()
    }

    /// Writes a comma, unless the next thing is the first in its container or a member's value.
    fn separate(&mut self) {
        if !matches!(self.0.last(), None | Some(b'{' | b'[' | b':')) {
            self.0.push(b',');
        }
    }

    /// Writes a string that needs no escaping. The buffer then has room for a colon.
    fn quoted(&mut self, plain: &str) {
        self.0.reserve(plain.len() + 3);
        self.0.push(b'"');
        self.0.extend_from_slice(plain.as_bytes());
        self.0.push(b'"');
    }

    #[cold]
    fn escaped(&mut self, text: &str) {
        // A `str` always serializes, and writing into a vector cannot fail.
        let _ = serde_json::to_writer(&mut self.0, text);
    }
}

impl fmt::Debug for Writer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<JSON of {} bytes>", self.0.len())
    }
}
