//! From an event to its Salesforce request: gate, plan, resolve, mapping, descriptor, outcome.

pub(crate) mod change;
pub(crate) mod changes;
pub(crate) mod choice;
pub(crate) mod delivered;
pub(crate) mod descriptor;
pub(crate) mod error;
pub(crate) mod explanation;
pub(crate) mod field_name;
pub(crate) mod gate;
pub(crate) mod mapping;
pub(crate) mod noted;
pub(crate) mod outcome;
pub(crate) mod plan;
pub(crate) mod preflight;
pub(crate) mod refused;
pub(crate) mod remedy;
pub(crate) mod resolve;
pub(crate) mod rule;
pub(crate) mod target;
pub(crate) mod unchanged;
