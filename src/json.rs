//! JSON that is walked once and then only looked at: values stay slices of the text, in and out byte for byte.
//!
//! [`Document`] walks a text and notes where its values are; [`Value`] and [`Object`] are views of it, free to copy;
//! [`Members`] is an object to be changed; [`Writer`] writes an answer into one buffer.
//!
//! The rules of presence, truth and paths are those of the SDKs' JavaScript, because the field tables and the
//! configuration of destinations were written against them.

mod document;
mod members;
mod object;
mod scan;
mod string;
mod value;
mod writer;

pub use self::{
    document::{Document, Unencodable, Unread},
    members::{Distinct, MemberName, Members},
    object::Object,
    value::{Kind, Value},
    writer::{Bracket, Writer},
};

#[cfg(test)]
mod tests;

/// A value that outlives its test.
#[cfg(test)]
pub(crate) fn value(json: impl Into<String>) -> Value<'static> {
    let outline = Document::read(json.into()).unwrap();
    Box::leak(Box::new(outline)).root()
}
