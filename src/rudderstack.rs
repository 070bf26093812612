//! The data that rudder-server sends: batch, event, destination, delivery request, dynamic config.
//!
//! Nothing here makes a decision about Salesforce. A batch is a list of raw slices of the request. Each slice is parsed
//! separately, so that a malformed event fails alone. Parts that are only echoed (metadata, destination) are never
//! parsed into a tree.

pub(crate) mod batch;
pub(crate) mod bodies;
pub(crate) mod delivery_request;
pub(crate) mod destination;
pub(crate) mod dynamic_config;
mod error;
pub(crate) mod event;
pub(crate) mod event_file;

pub use batch::Batch;
pub(crate) use batch::{Entry, Route};
pub use bodies::{Format, RawBatch};
pub use destination::{Destination, DestinationName};
pub(crate) use error::{AnswerTooLarge, BodyError, ReadError};
pub(crate) use event::Event;
