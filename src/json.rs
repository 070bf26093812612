//! JSON that is read once and never decoded as a whole: values are slices of the text, and are written byte for byte as they came.
//!
//! [`Document`] reads a text and notes where its values are. [`Value`] and [`Object`] are views of it, free to copy.
//! [`Members`] is an object that can be changed. [`Writer`] writes JSON into one buffer.
//!
//! The rules of truth and of dotted paths are those of JavaScript.

mod document;
mod members;
mod object;
mod places;
mod scan;
mod string;
mod value;
mod writer;

pub use self::{
    document::Document,
    places::Unencodable,
    value::{Kind, Value},
    writer::Writer,
};
pub(crate) use self::{
    document::{SyntaxError, Unread},
    members::{Distinct, MemberName, Members},
    object::Object,
    writer::Bracket,
};

#[cfg(test)]
mod tests;

/// A value that outlives its test.
#[cfg(test)]
pub(crate) fn value(json: impl Into<String>) -> Value<'static> {
    let document = Document::read(json.into()).unwrap();
    Box::leak(Box::new(document)).root()
}
