//! JSON that is scanned once and never decoded as a whole: values are slices of the text and are written back byte for byte.
//!
//! [`Document`] scans a text and records where its values are. [`Value`] and [`Object`] are views of it that are cheap to copy.
//! [`Members`] is an object that can be changed. [`Writer`] writes JSON into one buffer.
//!
//! Truthiness and dotted paths follow the rules of JavaScript.

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

/// A value that lives as long as the test process.
#[cfg(test)]
pub(crate) fn value(json: impl Into<String>) -> Value<'static> {
    let document = Document::read(json.into()).unwrap();
    Box::leak(Box::new(document)).root()
}
