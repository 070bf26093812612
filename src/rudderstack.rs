//! What rudder-server sends: batch, event, destination, delivery request, dynamic config.
//!
//! Nothing here decides anything about Salesforce. A batch is a list of raw slices of the request; each is read on
//! its own, so that a bad event fails alone. What is only echoed (metadata, destination) is never parsed into a tree.

pub mod batch;
pub mod bodies;
pub mod delivery_request;
pub mod destination;
pub mod dynamic_config;
mod error;
pub mod event;

pub use batch::{Batch, Entry, Route};
pub use bodies::{Format, RawBatch};
pub use destination::{Destination, DestinationName};
pub use error::{AnswerTooLarge, BodyError, ReadError};
pub use event::Event;
