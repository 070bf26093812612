//! The result of a request that was delivered for rudder-server: everything that its answer needs.

use std::borrow::Cow;

use bytes::Bytes;

use super::{changes::NotedChanges, error::EventVerdict};

/// One delivered request. It has no `Debug`, because Salesforce's answer may repeat what was sent.
pub struct Delivered {
    /// Salesforce's answer, if there was one: HTTP status and body.
    pub answer: Option<(u16, Bytes)>,
    /// The text that replaces a missing answer.
    pub without_answer: String,
    /// What happened, in words.
    pub message: String,
    /// What the reader must know in addition to Salesforce's own message.
    pub advice: Option<Cow<'static, str>>,
    /// Whether Salesforce no longer accepts the session.
    pub has_expired: bool,
    /// The verdict of each job, in order: 200, or the status and tags of its failure.
    pub jobs: Vec<EventVerdict>,
    /// What was left out of a request that Salesforce has taken.
    pub changes: NotedChanges,
}
