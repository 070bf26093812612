//! Where requests may go: the setting `SALESFORCE_ALLOWED_HOSTS`.
//!
//! A secret or a token answer names the instance, so neither may send tokens and personal data to any other place.

use std::str::FromStr;

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
    type Err = String;

    /// Reads a comma-separated list. An entry with a scheme allows just that origin, `*.` in front all hosts below.
    fn from_str(list: &str) -> Result<Self, String> {
        let entries = list
            .split(',')
            .map(str::trim)
            .filter(|entry| !entry.is_empty());
        let patterns: Vec<Pattern> = entries.map(Pattern::read).collect::<Result<_, _>>()?;
        if patterns.is_empty() {
            return Err("it allows no host: write it as *.salesforce.com".to_owned());
        }
        Ok(Self(patterns))
    }
}

impl Pattern {
    fn read(entry: &str) -> Result<Self, String> {
        let lower = entry.to_ascii_lowercase();
        let is_host = |name: &str| {
            name.bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_'))
        };
        if lower.contains("://") {
            let url = Url::parse(&lower)
                .ok()
                .filter(|url| url.has_host() && !lower.contains('*'));
            let url = url.ok_or_else(|| format!("{entry} is not an origin: write it as http://127.0.0.1:9400, or a host without a scheme"))?;
            return Ok(Self::Origin(url.origin().ascii_serialization()));
        }
        let (pattern, host) = match lower.strip_prefix("*.") {
            Some(domain) => (Self::Below(format!(".{domain}")), domain),
            None => (Self::Exactly(lower.clone()), lower.as_str()),
        };
        if is_host(host) {
            Ok(pattern)
        } else {
            Err(format!(
                "{entry} is not a host: write it as *.salesforce.com or acme.my.salesforce.com"
            ))
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
    fn an_entry_that_could_match_nothing_is_refused() {
        for list in [
            "",
            " , ",
            "https://*.salesforce.com",
            "acme.my.salesforce.com:443",
            "a/b",
        ] {
            assert!(list.parse::<AllowedHosts>().is_err(), "{list}");
        }
    }

    #[test]
    fn an_entry_with_a_scheme_allows_just_that_origin() {
        const LIST: &str = "http://127.0.0.1:9400";
        assert!(allows(LIST, "http://127.0.0.1:9400/services"));
        assert!(!allows(LIST, "http://127.0.0.1:9401/"));
        assert!(!allows(LIST, "https://127.0.0.1:9400/"));
    }
}
