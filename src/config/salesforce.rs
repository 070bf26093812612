//! The settings of Salesforce: logins, hosts, limits, lookups.

use std::time::Duration;

use clap::Args;

use super::{AllowedHosts, AuthSettings, Reserve, parse};

/// How old the last observation of an org's API calls may get before one call checks whether the org has recovered.
/// Calls stop counting after 24 hours, so capacity returns continuously.
pub const PROBE_AFTER: Duration = Duration::from_mins(5);

/// See [`SalesforceSettings::describe_wait`].
const DESCRIBE_WAIT: Duration = Duration::from_secs(5);

/// See [`SalesforceSettings::accepted_within`].
const ACCEPTED_WITHIN: Duration = Duration::from_mins(1);

/// The settings of Salesforce: logins, hosts, limits, lookups.
#[derive(Args, Clone, Debug)]
pub struct SalesforceSettings {
    /// How the service logs in to Salesforce.
    #[command(flatten)]
    pub auth: AuthSettings,
    /// Version of Salesforce's REST API
    #[arg(long = "salesforce-api-version", env = "SALESFORCE_API_VERSION", default_value = "50.0", value_parser = parse::api_version)]
    pub api_version: String,
    /// Hosts that may be called, comma-separated, https only; an entry with a scheme, such as <http://127.0.0.1:9400>,
    /// allows only that origin
    #[arg(
        long = "salesforce-allowed-hosts",
        env = "SALESFORCE_ALLOWED_HOSTS",
        default_value = "*.salesforce.com,*.salesforce.mil,*.force.com"
    )]
    pub allowed_hosts: AllowedHosts,
    /// Maximum time to wait for a response from Salesforce
    #[arg(long = "salesforce-timeout", env = "SALESFORCE_TIMEOUT", default_value = "30s", value_parser = parse::duration)]
    pub timeout: Duration,
    /// Share (10%) or number (5000) of an org's daily API calls to reserve for its other systems; 0 reserves none
    #[arg(long, env = "API_RESERVE", default_value = "10%")]
    pub api_reserve: Reserve,
    /// How long to hold back calls to an org that has none to spare before one call checks again.
    #[arg(skip = PROBE_AFTER)]
    pub probe_after: Duration,
    /// How long an event waits for the description of an object before its record is looked up instead.
    #[arg(skip = DESCRIBE_WAIT)]
    pub describe_wait: Duration,
    /// How recently Salesforce must have accepted the session of requests that rudder-server delivers itself: it drops an event
    /// whose session has expired.
    #[arg(skip = ACCEPTED_WITHIN)]
    pub accepted_within: Duration,
    /// Whether `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY` apply. Only the demo, whose Salesforce runs in the same
    /// process, turns them off.
    #[arg(skip = true)]
    pub system_proxy: bool,

    /// How long to collect lookups before they are sent in one query, at most 1s; 0s: do not wait
    #[arg(long, env = "LOOKUP_WINDOW", default_value = "5ms", value_parser = parse::window)]
    pub lookup_window: Duration,
    /// How long to cache the ids that lookups have found; 0s: do not cache
    #[arg(long, env = "LOOKUP_CACHE_TTL", default_value = "0s", value_parser = parse::duration_or_none)]
    pub lookup_cache_ttl: Duration,
    /// How long to wait before a second event is told to create the same record; 0s: do not wait
    #[arg(long, env = "CREATE_WINDOW", default_value = "60s", value_parser = parse::duration_or_none)]
    pub create_window: Duration,
    /// How long the description of an object is used before the org is asked whether it has changed
    #[arg(long, env = "DESCRIBE_TTL", default_value = "1h", value_parser = parse::duration)]
    pub describe_ttl: Duration,
    /// How long to remember which record a duplicate rule has found for a key (DUPLICATES=update)
    #[arg(long, env = "DUPLICATES_TTL", default_value = "1h", value_parser = parse::duration)]
    pub duplicates_ttl: Duration,
}
