//! Who writes to Salesforce, rudder-server or this service, and what is written.

use std::time::Duration;

use clap::{Args, ValueEnum};

use super::{
    AssignmentRules, Duplicates, OwnPolicies, Policies, Preflight, parse,
    per_destination::PerDestination, rules::Compatibility,
};

/// Who writes to Salesforce, and what is written.
#[derive(Args, Clone, Debug)]
pub struct DeliverySettings {
    /// Who sends the requests to Salesforce: rudder-server (descriptor), or this service, which answers with the result
    /// of each job (inline)
    #[arg(long, env = "DELIVERY", value_enum, default_value_t = Delivery::Descriptor)]
    pub delivery: Delivery,
    /// Ids of the destinations that are delivered inline, comma-separated; if empty, all of them
    #[arg(long, env = "INLINE_DESTINATIONS", value_delimiter = ',', value_parser = parse::id)]
    pub inline_destinations: Vec<String>,
    /// How long to collect jobs before they are written together
    #[arg(long, env = "DELIVERY_WINDOW", default_value = "250ms", value_parser = parse::duration)]
    pub delivery_window: Duration,
    /// Maximum time that a job waits for its result before it is retried; rudder-server itself waits 600 s
    #[arg(long, env = "DELIVERY_TIMEOUT", default_value = "5m", value_parser = parse::duration)]
    pub delivery_timeout: Duration,
    /// Whether to omit fields whose values Salesforce already stores, and to skip events that change nothing
    #[arg(long, env = "SKIP_UNCHANGED", default_value_t = false, action = clap::ArgAction::Set)]
    pub skip_unchanged: bool,

    /// When Salesforce's assignment rules choose the owner of a lead, case or account: create (only on create), always (on create
    /// and update, which is Salesforce's own default), never, or the id of the rule to run on create;
    /// `ASSIGNMENT_RULES_<DESTINATION_ID>` overrides it for one destination [default: create; always if COMPATIBILITY=stock]
    #[arg(long, env = "ASSIGNMENT_RULES")]
    pub assignment_rules: Option<AssignmentRules>,
    /// What happens to a create that a duplicate rule refuses; `DUPLICATES_<DESTINATION_ID>` overrides it for one destination
    #[arg(long, env = "DUPLICATES", value_enum, default_value_t)]
    pub duplicates: Duplicates,

    /// What happens to fields that do not fit the org's description of their object: they are sent as they are (off), the answer
    /// says what does not fit (warn), or they are mended or left out (fix); `PREFLIGHT_<DESTINATION_ID>` overrides it for one
    /// destination [default: fix; off if COMPATIBILITY=stock]
    #[arg(long, env = "PREFLIGHT", value_enum)]
    pub preflight: Option<Preflight>,
    /// Whether a record that Salesforce refuses because of single fields is sent again without them;
    /// `SALVAGE_<DESTINATION_ID>` overrides it for one destination [default: true; false if COMPATIBILITY=stock]
    #[arg(long, env = "SALVAGE")]
    pub salvage: Option<bool>,
    /// Whether a trait that is null clears its field of a lead or contact; `CLEAR_WITH_NULL_<DESTINATION_ID>` overrides it for
    /// one destination
    #[arg(long, env = "CLEAR_WITH_NULL", default_value_t = false, action = clap::ArgAction::Set)]
    pub clear_with_null: bool,
    /// The policies of single destinations.
    #[arg(skip)]
    pub own_policies: OwnPolicies,
}

impl DeliverySettings {
    /// The policies from these settings. Some defaults depend on `COMPATIBILITY`: the stock transformer sends no header, so
    /// assignment rules always run, and it never changes a field.
    #[must_use]
    pub(super) fn policies(&self, compatibility: Compatibility) -> Policies {
        let own = &self.own_policies;
        let (assignment_rules, preflight, salvage) = match compatibility {
            Compatibility::Documented => (AssignmentRules::Create, Preflight::Fix, true),
            Compatibility::Stock => (AssignmentRules::Always, Preflight::Off, false),
        };
        let assignment_rules = self.assignment_rules.clone().unwrap_or(assignment_rules);
        let preflight = self.preflight.unwrap_or(preflight);
        let salvage = self.salvage.unwrap_or(salvage);
        Policies {
            assignment_rules: PerDestination::new(assignment_rules, own.assignment_rules.clone()),
            duplicates: PerDestination::new(self.duplicates, own.duplicates.clone()),
            preflight: PerDestination::new(preflight, own.preflight.clone()),
            salvage: PerDestination::new(salvage, own.salvage.clone()),
            clear_with_null: PerDestination::new(self.clear_with_null, own.clear_with_null.clone()),
        }
    }
}

/// How jobs reach Salesforce.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Delivery {
    /// rudder-server sends the requests.
    Descriptor,
    /// This service sends the requests, if the caller understands status 299.
    Inline,
}
