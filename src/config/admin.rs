//! The settings of the admin address, which serves what people look at: the last events, faults, and the state of the orgs.

use std::{
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
    str::FromStr,
    time::{Duration, SystemTime},
};

use clap::Args;

use super::{Setting, SettingError, parse};

/// The settings of the admin address.
#[derive(Args, Clone, Debug)]
pub struct AdminSettings {
    /// Address and port that serve the last events, faults and the state of the orgs, such as 127.0.0.1:9091; default: none
    #[arg(long, env = "ADMIN_LISTEN", value_parser = listen)]
    pub admin_listen: Option<SocketAddr>,
    /// How many of the last events the admin address shows
    #[arg(long, env = "EVENTS_KEPT", default_value = "1000", value_parser = kept)]
    pub events_kept: usize,
    /// Whether the admin address shows the events themselves, with the values of their traits
    #[arg(long, env = "ADMIN_SHOW_VALUES", default_value_t = false, action = clap::ArgAction::Set)]
    pub admin_show_values: bool,
    /// File with the token that the admin address asks for; required unless it listens on loopback only
    #[arg(long, env = "ADMIN_TOKEN_FILE")]
    pub admin_token_file: Option<PathBuf>,
    /// Further host names by which browsers may call the admin address, comma-separated, with or without a port
    #[arg(long, env = "ADMIN_HOSTS", value_delimiter = ',')]
    pub admin_hosts: Vec<HostName>,
    /// How often the API calls of each org are sampled for the history that `/orgs` shows.
    #[arg(skip = SAMPLED_EVERY)]
    pub sampled_every: Duration,
    /// The clock by which events and samples are dated.
    #[arg(skip = SystemTime::now as fn() -> SystemTime)]
    pub clock: fn() -> SystemTime,
}

/// See [`AdminSettings::sampled_every`].
const SAMPLED_EVERY: Duration = Duration::from_mins(1);

/// The most events that can be kept.
const MAX_KEPT: usize = 100_000;

/// A host, and a port if one is named. Without a port, each port of the host is meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostName {
    /// The host in lower case; an IPv6 address in brackets.
    pub host: String,
    /// The port.
    pub port: Option<u16>,
}

impl FromStr for HostName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        const EXPECTED: &str = "it must be a host such as admin.example or admin.example:9091";
        let text = text.trim().to_ascii_lowercase();
        // The colons of an IPv6 address are inside brackets.
        let (host, port) = match text.rsplit_once(':') {
            Some((host, port)) if !port.ends_with(']') => {
                let is_number = port.bytes().all(|byte| byte.is_ascii_digit());
                let port = port.parse().ok().filter(|_| is_number);
                (host, Some(port.ok_or(EXPECTED)?))
            }
            Some(_) | None => (text.as_str(), None),
        };
        let is_address = host.starts_with('[') && host.ends_with(']');
        let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
        if host.is_empty() || !(is_address || host.bytes().all(is_name)) {
            return Err(EXPECTED.to_owned());
        }
        Ok(Self {
            host: host.to_owned(),
            port,
        })
    }
}

/// The address to listen on. A name other than `localhost` could mean several addresses.
fn listen(text: &str) -> Result<SocketAddr, String> {
    let local = text.strip_prefix("localhost:");
    let port = local.and_then(|port| port.parse().ok());
    let local = port.map(|port| SocketAddr::from((Ipv4Addr::LOCALHOST, port)));
    local.or_else(|| text.parse().ok()).ok_or_else(|| {
        "it must be an address and a port, such as 127.0.0.1:9091 or [::1]:9091".to_owned()
    })
}

fn kept(text: &str) -> Result<usize, String> {
    let count = parse::count(text)?;
    if count > MAX_KEPT {
        return Err(format!("it must be at most {MAX_KEPT}"));
    }
    Ok(count)
}

impl AdminSettings {
    /// Reads the token; `None` if no file is set for it.
    ///
    /// # Errors
    /// [`SettingError`] if the file is missing or empty.
    pub fn token(&self) -> Result<Option<Setting>, SettingError> {
        let file = self.admin_token_file.as_deref();
        let name = || "ADMIN_TOKEN_FILE".to_owned();
        file.map(|file| Setting::file(name(), file)).transpose()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_a_port_and_localhost_is_one() {
        for (text, address) in [
            ("127.0.0.1:9091", "127.0.0.1:9091"),
            ("localhost:9091", "127.0.0.1:9091"),
            ("[::1]:0", "[::1]:0"),
        ] {
            assert_eq!(listen(text), Ok(address.parse().unwrap()), "{text}");
        }
        for text in ["", "9091", ":9091", "127.0.0.1", "admin.example:9091"] {
            assert!(listen(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_host_may_have_a_port() {
        let host = |text: &str| text.parse::<HostName>();
        let named = |host: &str, port| {
            Ok(HostName {
                host: host.to_owned(),
                port,
            })
        };
        assert_eq!(host("Admin.Example"), named("admin.example", None));
        assert_eq!(host(" a.example:80 "), named("a.example", Some(80)));
        assert_eq!(host("[::1]:9091"), named("[::1]", Some(9091)));
        assert_eq!(host("[::1]"), named("[::1]", None));
        for text in ["", ":80", "a:b", "a:", "a:+1", "http://a", "a b", "a:99999"] {
            assert!(host(text).is_err(), "{text}");
        }
    }
}
