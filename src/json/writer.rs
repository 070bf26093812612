//! Writes JSON into one buffer. Values of a request go in as they came.

use std::{fmt, io::Write};

use super::{Value, string};

/// A JSON text that is being written. Commas are set where they belong.
#[derive(Default)]
pub struct Writer(Vec<u8>);

/// What begins and ends with a bracket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bracket {
    /// An object.
    Object,
    /// An array.
    Array,
}

impl Writer {
    /// A buffer for about so many bytes.
    #[must_use]
    pub fn with_capacity(bytes: usize) -> Self {
        Self(Vec::with_capacity(bytes))
    }

    /// How many bytes are written that have not been taken away.
    #[must_use]
    pub fn length(&self) -> usize {
        self.0.len()
    }

    /// Takes away what is written, but for the last byte, which tells whether a comma follows. The rest goes on in a buffer for
    /// about so many bytes.
    #[must_use]
    pub fn take(&mut self, bytes: usize) -> Vec<u8> {
        let last = self.0.pop();
        let taken = std::mem::replace(&mut self.0, Vec::with_capacity(bytes));
        self.0.extend(last);
        taken
    }

    /// Writes an object whose members `write` writes.
    pub fn object(&mut self, write: impl FnOnce(&mut Self)) {
        self.open(Bracket::Object);
        write(self);
        self.close(Bracket::Object);
    }

    /// Writes an array whose elements `write` writes.
    pub fn array(&mut self, write: impl FnOnce(&mut Self)) {
        self.open(Bracket::Array);
        write(self);
        self.close(Bracket::Array);
    }

    /// Begins an object or array with its bracket; [`Writer::close`] has to follow.
    pub fn open(&mut self, bracket: Bracket) {
        self.separate();
        self.0.push(match bracket {
            Bracket::Object => b'{',
            Bracket::Array => b'[',
        });
    }

    /// Ends an object or array with its bracket.
    pub fn close(&mut self, bracket: Bracket) {
        self.0.push(match bracket {
            Bracket::Object => b'}',
            Bracket::Array => b']',
        });
    }

    /// Writes a key of ours, which needs no escape; its value has to follow.
    pub fn key(&mut self, key: &'static str) {
        debug_assert!(string::is_plain(key), "{key} needs escapes");
        self.separate();
        self.quoted(key);
        self.0.push(b':');
    }

    /// Writes a key that a request has brought, with a suffix of ours, which needs no escape; its value has to follow.
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

    /// Writes a member that is a text.
    pub fn text_member(&mut self, key: &'static str, text: &str) {
        self.key(key);
        self.text(text);
    }

    /// Writes a member as it came.
    pub fn value_member(&mut self, key: &'static str, value: Value<'_>) {
        self.key(key);
        self.value(value);
    }

    /// Writes an object as it came, and the members that `write` adds to it.
    pub fn extended(&mut self, object: Value<'_>, write: impl FnOnce(&mut Self)) {
        let open = object.json().strip_suffix('}').unwrap_or("{");
        self.json(open.trim_end());
        write(self);
        self.0.push(b'}');
    }

    /// Writes a text.
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
        // A vector takes all that is written.
        let _ = write!(self.0, "{}", number.into());
    }

    /// Writes a value as it came.
    pub fn value(&mut self, value: Value<'_>) {
        self.json(value.json());
    }

    /// Writes JSON that is written already: one value, or several members or elements with the commas between them.
    pub fn json(&mut self, json: &str) {
        self.separate();
        self.0.extend_from_slice(json.as_bytes());
    }

    /// What is written, as bytes.
    #[must_use]
    pub fn into_bytes(self) -> Vec<u8> {
        self.0
    }

    /// What is written, as text.
    #[must_use]
    pub fn into_text(self) -> String {
        // Only texts and single ASCII characters have gone in.
        String::from_utf8(self.0).unwrap_or_default()
    }

    /// Sets the comma before anything that is neither the first nor a member's value.
    fn separate(&mut self) {
        if !matches!(self.0.last(), None | Some(b'{' | b'[' | b':')) {
            self.0.push(b',');
        }
    }

    /// Writes a text without escapes in quotes; there is room for a colon behind it.
    fn quoted(&mut self, plain: &str) {
        self.0.reserve(plain.len() + 3);
        self.0.push(b'"');
        self.0.extend_from_slice(plain.as_bytes());
        self.0.push(b'"');
    }

    #[cold]
    fn escaped(&mut self, text: &str) {
        // A text always serializes, and a vector takes all that is written.
        let _ = serde_json::to_writer(&mut self.0, text);
    }
}

impl fmt::Debug for Writer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<JSON of {} bytes>", self.0.len())
    }
}
