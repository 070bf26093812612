//! What became of one request that was delivered for rudder-server: all that its answer is written from.

use std::borrow::Cow;

use bytes::Bytes;

use super::error::EventVerdict;

/// One delivered request. It has no `Debug`: Salesforce's answer may repeat what was sent.
pub struct Delivered {
    /// Salesforce's answer, where one came: HTTP status and body.
    pub answer: Option<(u16, Bytes)>,
    /// What is said in place of an answer.
    pub without_answer: String,
    /// What happened, for the person who reads it.
    pub message: String,
    /// What a person has to know beyond Salesforce's own words.
    pub advice: Option<Cow<'static, str>>,
    /// Whether Salesforce no longer accepts the session.
    pub has_expired: bool,
    /// The verdict of each job, in its order: 200, or the status and the tags of its failure.
    pub jobs: Vec<EventVerdict>,
}
