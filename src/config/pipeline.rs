//! The settings of the pipeline.

use std::sync::Arc;

use super::{Config, Login, Policies, rules::Rules};

/// The settings of the pipeline.
#[derive(Clone, Debug)]
pub struct PipelineSettings {
    /// The rules that `COMPATIBILITY` and `PLACEHOLDERS` select.
    pub rules: Rules,
    /// The policies of destinations.
    pub policies: Arc<Policies>,
    /// The login for events without a destination.
    pub own_login: Option<Login>,
    /// `SALESFORCE_API_VERSION`.
    pub api_version: String,
    /// `SKIP_UNCHANGED`.
    pub skip_unchanged: bool,
    /// `MAX_RECORDS_PER_EVENT`.
    pub max_records: usize,
    /// `ANSWER_LIMIT`, in bytes.
    pub max_answer_bytes: usize,
}

impl Config {
    /// The settings of the pipeline. It shares `policies` with deliveries.
    #[must_use]
    pub fn pipeline(&self, policies: Arc<Policies>) -> PipelineSettings {
        PipelineSettings {
            rules: self.rules(),
            policies,
            own_login: self.own_login(),
            api_version: self.salesforce.api_version.clone(),
            skip_unchanged: self.delivery.skip_unchanged,
            max_records: self.serving.max_records_per_event,
            max_answer_bytes: self.serving.largest_part(),
        }
    }
}
