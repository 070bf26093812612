//! The settings that decide how many API calls are spent.

use std::time::Duration;

use clap::Args;

use super::parse;
use crate::delivery::Delivery;

/// The settings that decide how many API calls are spent.
#[derive(Args, Clone, Debug)]
pub struct Economy {
    /// How long lookups gather before they are asked together, at most 1s; 0s: not at all
    #[arg(long, env = "LOOKUP_WINDOW", default_value = "5ms", value_parser = parse::window)]
    pub lookup_window: Duration,
    /// How long ids that lookups have found are remembered; 0s: not at all
    #[arg(long, env = "LOOKUP_CACHE_TTL", default_value = "0s", value_parser = parse::duration_or_none)]
    pub lookup_cache_ttl: Duration,

    /// Who sends the requests: rudder-server (descriptor), or this service, which answers each job's own result (inline)
    #[arg(long, env = "DELIVERY", value_enum, default_value_t = Delivery::Descriptor)]
    pub delivery: Delivery,
    /// Ids of the destinations that are delivered inline, comma-separated; none: all
    #[arg(long, env = "INLINE_DESTINATIONS", value_delimiter = ',', value_parser = parse::id)]
    pub inline_destinations: Vec<String>,
    /// How long jobs gather before they are written together
    #[arg(long, env = "DELIVERY_WINDOW", default_value = "250ms", value_parser = parse::duration)]
    pub delivery_window: Duration,
    /// Longest time that a job waits for its result; then it is retried. rudder-server waits for 600 s
    #[arg(long, env = "DELIVERY_TIMEOUT", default_value = "5m", value_parser = parse::duration)]
    pub delivery_timeout: Duration,
    /// Whether fields that a record holds already are left out, and events that change nothing not written
    #[arg(long, env = "SKIP_UNCHANGED", default_value_t = false, action = clap::ArgAction::Set)]
    pub skip_unchanged: bool,
}
