//! The hosts by which the admin address may be called. A page on the internet can make its own name mean this machine (DNS
//! rebinding); the `Host` of such a request is then the page's.

use std::net::SocketAddr;

use url::Url;

use crate::config::HostName;

/// The port that a URL without one means.
const HTTP: u16 = 80;
const HTTPS: u16 = 443;

/// The hosts by which the address may be called.
#[derive(Debug)]
pub(super) struct Hosts(Vec<HostName>);

impl Hosts {
    /// The address itself, the names of this machine with its port, and the `further` ones.
    pub(super) fn new(address: SocketAddr, further: Vec<HostName>) -> Self {
        let own = match address {
            SocketAddr::V4(address) => address.ip().to_string(),
            SocketAddr::V6(address) => format!("[{}]", address.ip()),
        };
        let local = ["localhost", "127.0.0.1", "[::1]"].map(ToOwned::to_owned);
        let own = local.into_iter().chain([own]).map(|host| HostName {
            host,
            port: Some(address.port()),
        });
        Self(own.chain(further).collect())
    }

    /// Whether the value of a `Host` header is one of them.
    pub(super) fn has(&self, host: &str) -> bool {
        let Ok(host) = host.parse::<HostName>() else {
            return false;
        };
        let is_port = |wanted: u16| match host.port {
            Some(port) => port == wanted,
            None => wanted == HTTP || wanted == HTTPS,
        };
        let is_same = |known: &HostName| known.host == host.host && known.port.is_none_or(is_port);
        self.0.iter().any(is_same)
    }
}

/// Whether an `Origin` is that of the page that this `Host` serves. It counts only as browsers write it: scheme, host and port, and
/// nothing else.
pub(super) fn is_own(origin: &str, host: &str) -> bool {
    let (Ok(url), Ok(host)) = (Url::parse(origin), host.parse::<HostName>()) else {
        return false;
    };
    if url.origin().ascii_serialization() != origin {
        return false;
    }
    let default = match url.scheme() {
        "http" => HTTP,
        "https" => HTTPS,
        _ => return false,
    };
    let name = url.host_str().map(str::to_ascii_lowercase);
    name == Some(host.host) && url.port().unwrap_or(default) == host.port.unwrap_or(default)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hosts(address: &str, further: &[&str]) -> Hosts {
        let further = further.iter().map(|host| host.parse().unwrap()).collect();
        Hosts::new(address.parse().unwrap(), further)
    }

    #[test]
    fn a_host_is_the_address_or_this_machine_with_the_port() {
        let hosts = hosts("10.0.0.7:9091", &["Admin.Example", "other.example:8443"]);
        for host in [
            "10.0.0.7:9091",
            "localhost:9091",
            "LOCALHOST:9091",
            "127.0.0.1:9091",
            "[::1]:9091",
            "admin.example",
            "admin.example:1234",
            "other.example:8443",
        ] {
            assert!(hosts.has(host), "{host}");
        }
        for host in [
            "",
            "10.0.0.7",
            "localhost",
            "localhost:9090",
            "evil.example",
            "evil.example:9091",
            "localhost.evil.example:9091",
            "other.example",
            "admin.example.evil",
            "user@localhost:9091",
            "127.1:9091",
        ] {
            assert!(!hosts.has(host), "{host}");
        }
    }

    #[test]
    fn at_the_port_of_http_a_host_may_go_without() {
        assert!(hosts("127.0.0.1:80", &[]).has("localhost"));
        assert!(hosts("[::1]:80", &[]).has("[::1]"));
    }

    #[test]
    fn an_origin_is_own_if_it_is_the_host() {
        assert!(is_own("http://localhost:9091", "localhost:9091"));
        assert!(is_own("http://[::1]:9091", "[::1]:9091"));
        assert!(is_own("https://admin.example", "admin.example"));
        assert!(is_own("https://admin.example", "Admin.Example:443"));
        for origin in [
            "null",
            "",
            "http://localhost",
            "http://localhost:3000",
            "http://evil.example:9091",
            "http://localhost:9091.evil.example",
            "http://evil@localhost:9091",
            "http://localhost:9091/evil",
            "http://localhost:9091/",
            "http://localhost:9091?evil",
            "file://localhost:9091",
            "chrome-extension://localhost:9091",
        ] {
            assert!(!is_own(origin, "localhost:9091"), "{origin}");
        }
    }
}
