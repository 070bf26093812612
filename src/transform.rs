//! From an event to the request that Salesforce gets: gate, plan, resolve, mapping, descriptor, outcome.

pub mod delivered;
pub mod descriptor;
pub mod error;
pub mod gate;
pub mod mapping;
pub mod outcome;
pub mod plan;
pub mod resolve;
pub mod target;
pub mod unchanged;
