//! Whose a request is, by its path.

use crate::rudderstack::DestinationName;

/// Whose a request is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ownership {
    /// It is answered here.
    Ours,
    /// It is for the upstream.
    Theirs,
    /// The body says it.
    ByBody,
}

/// Whose a request of this path is. Ours are what is asked of this service itself, and the three destinations by their
/// exact names in any letter case; `salesforce_bulk_upload` is another destination.
#[must_use]
pub fn ownership(path: &str) -> Ownership {
    let segments: Vec<&str> = path
        .split('/')
        .filter(|segment| !segment.is_empty())
        .collect();
    match segments.as_slice() {
        []
        | [
            "transform"
            | "features"
            | "health"
            | "ready"
            | "metrics"
            | "limits"
            | "version"
            | "buildVersion"
            | "transformerBuildVersion",
        ] => Ownership::Ours,
        ["routerTransform" | "batch"] => Ownership::ByBody,
        ["v0", "destinations", name] | ["v0" | "v1", "destinations", name, "proxy"] => {
            match DestinationName::parse(name) {
                Some(_) => Ownership::Ours,
                None => Ownership::Theirs,
            }
        }
        _ => Ownership::Theirs,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_three_exact_names_are_ours() {
        for path in [
            "/v0/destinations/salesforce",
            "/v0/destinations/SALESFORCE_OAUTH/",
            "/v1/destinations/salesforce_oauth_sandbox/proxy",
            "/transform",
            "/health",
            "/",
        ] {
            assert_eq!(ownership(path), Ownership::Ours, "{path}");
        }
        for path in [
            "/v0/destinations/salesforce_bulk_upload",
            "/v0/destinations/salesforce_marketing_cloud/proxy",
            "/v1/destinations/salesforce",
            "/v0/destinations/klaviyo",
            "/v0/sources/shopify",
            "/customTransform",
            "/deleteUsers",
            "/transform/x",
        ] {
            assert_eq!(ownership(path), Ownership::Theirs, "{path}");
        }
        assert_eq!(ownership("/routerTransform"), Ownership::ByBody);
    }
}
