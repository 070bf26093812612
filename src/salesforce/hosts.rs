//! Where requests may go: the setting `SALESFORCE_ALLOWED_HOSTS`.
//!
//! A secret or a token answer names the instance, so neither may send tokens and personal data to any other place.

use std::{convert::Infallible, str::FromStr};

use url::{Host, Position, Url};

/// The hosts that may be called.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AllowedHosts(Vec<Pattern>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Pattern {
    /// `*.salesforce.com`: every host below the domain, over https on its port.
    Below(String),
    /// `acme.my.salesforce.com`: exactly this host, over https on its port.
    Exactly(String),
    /// `http://127.0.0.1:9400`: exactly this origin.
    Origin(String),
}

impl FromStr for AllowedHosts {
    type Err = Infallible;

    /// Reads a comma-separated list. An entry with a scheme allows just that origin, `*.` in front all hosts below.
    fn from_str(list: &str) -> Result<Self, Infallible> {
        let entries = list
            .split(',')
            .map(str::trim)
            .filter(|entry| !entry.is_empty());
        Ok(Self(entries.map(Pattern::read).collect()))
    }
}

impl Pattern {
    fn read(entry: &str) -> Self {
        let lower = entry.to_ascii_lowercase();
        if let Ok(url) = Url::parse(&lower)
            && url.has_host()
        {
            return Self::Origin(url.origin().ascii_serialization());
        }
        match lower.strip_prefix("*.") {
            Some(domain) => Self::Below(format!(".{domain}")),
            None => Self::Exactly(lower),
        }
    }

    fn allows(&self, url: &Url, host: &str) -> bool {
        let over_https = url.scheme() == "https" && url.port().is_none();
        match self {
            Self::Below(domain) => {
                over_https && host.len() > domain.len() && host.ends_with(domain.as_str())
            }
            Self::Exactly(name) => over_https && host == name,
            Self::Origin(origin) => url.origin().ascii_serialization() == *origin,
        }
    }
}

impl AllowedHosts {
    /// Whether a request may go to `url`. A URL with a user name or password in it never may.
    #[must_use]
    pub fn allow(&self, url: &Url) -> bool {
        let plain = url.username().is_empty() && url.password().is_none();
        let host = match url.host() {
            Some(Host::Domain(name)) => name.to_ascii_lowercase(),
            Some(Host::Ipv4(_) | Host::Ipv6(_)) => {
                url[Position::BeforeHost..Position::AfterHost].to_owned()
            }
            None => return false,
        };
        plain && self.0.iter().any(|pattern| pattern.allows(url, &host))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allows(list: &str, url: &str) -> bool {
        list.parse::<AllowedHosts>()
            .unwrap()
            .allow(&Url::parse(url).unwrap())
    }

    #[test]
    fn a_star_allows_every_host_below_the_domain_over_https() {
        const LIST: &str = "*.salesforce.com, *.force.com";
        for url in [
            "https://acme.my.salesforce.com",
            "https://ACME--sbx.sandbox.my.SALESFORCE.com/x",
            "https://na1.salesforce.com:443/",
        ] {
            assert!(allows(LIST, url), "{url}");
        }
        for url in [
            "http://acme.my.salesforce.com",
            "https://salesforce.com",
            "https://evilsalesforce.com",
            "https://evil.test/.salesforce.com/",
            "https://acme.my.salesforce.com.evil.test",
            "https://acme.my.salesforce.com:8443",
            "https://user@acme.my.salesforce.com",
            "https://127.0.0.1",
        ] {
            assert!(!allows(LIST, url), "{url}");
        }
    }

    #[test]
    fn an_entry_with_a_scheme_allows_just_that_origin() {
        const LIST: &str = "http://127.0.0.1:9400";
        assert!(allows(LIST, "http://127.0.0.1:9400/services"));
        assert!(!allows(LIST, "http://127.0.0.1:9401/"));
        assert!(!allows(LIST, "https://127.0.0.1:9400/"));
    }

    #[test]
    fn an_empty_list_allows_nothing() {
        assert!(!allows("", "https://acme.my.salesforce.com"));
    }
}
