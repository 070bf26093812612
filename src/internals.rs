//! Internal items for tests, benchmarks and fuzz targets. They are not part of the crate's interface and may change at any time.

pub mod delivery {
    pub use crate::delivery::{Job, SessionAccess};

    pub mod proxy {
        pub use crate::delivery::proxy::{DeliveryOutcome, Failure};
    }
}

pub mod http {
    pub use crate::http::{admin::admin_routes, routes};
}

pub mod json {
    pub use crate::json::{Document, Kind, Unencodable, Value, Writer};
}

pub mod metrics {
    pub use crate::metrics::new;
}

pub mod pipeline {
    pub mod lookups {
        pub use crate::pipeline::lookups::Lookups;
    }
}

pub mod rudderstack {
    pub use crate::rudderstack::{Batch, Destination, DestinationName, Format, RawBatch};

    pub mod delivery_request {
        pub use crate::rudderstack::delivery_request::{ProxyRequest, ProxyVersion};
    }

    pub mod dynamic_config {
        pub use crate::rudderstack::dynamic_config::{ResolvedEntry, resolved};
    }
}

pub mod salesforce {
    pub use crate::salesforce::{
        AuthError, Credentials, Fault, Instance, Key, Limits, Row, Session, Wanted,
    };

    pub mod address {
        pub use crate::salesforce::address::Address;
    }

    pub mod auth {
        pub use crate::salesforce::auth::{Refused, opened};
    }

    pub mod client {
        pub use crate::salesforce::client::{ApiResponse, Client};
    }

    pub mod collections {
        pub use crate::salesforce::collections::read;
    }

    pub mod composite {
        pub use crate::salesforce::composite::read;
    }

    pub mod headers {
        pub use crate::salesforce::headers::{CALL_OPTIONS, CLIENT, WriteHeaders};
    }

    pub mod delivery {
        pub use crate::salesforce::delivery::Answered;
    }

    pub mod fault {
        pub use crate::salesforce::fault::{Disposition, LAST_ATTEMPT, Refusal};
    }

    pub mod operation {
        pub use crate::salesforce::operation::Operation;
    }

    pub mod page {
        pub use crate::salesforce::page::{Row, page};
    }

    pub mod session {
        pub use crate::salesforce::session::is_token;
    }

    pub mod soql {
        pub use crate::salesforce::soql::{Item, Way, queries};
    }
}

pub mod transform {
    pub mod changes {
        pub use crate::transform::changes::NotedChanges;
    }

    pub mod descriptor {
        pub use crate::transform::descriptor::Descriptor;
    }

    pub mod gate {
        pub use crate::transform::gate::admit;
    }

    pub mod mapping {
        pub use crate::transform::mapping::{as_they_are, fields, standard_fields};
    }

    pub mod plan {
        pub use crate::transform::plan::{Record, plan};
    }

    pub mod remedy {
        pub use crate::transform::remedy::{CODES, Reason};
    }

    pub mod rule {
        pub use crate::transform::rule::Rule;
    }

    pub mod target {
        pub use crate::transform::{choice::Choice, target::Target};
    }
}
