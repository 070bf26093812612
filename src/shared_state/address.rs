//! Where the store is: the URL of `SHARED_STATE_URL`, for one server, servers with sentinels, or a cluster.

use percent_encoding::percent_decode_str;
use secrecy::ExposeSecret;
use url::Url;

use super::failure::Failure;
use crate::config::SharedStateSettings;

/// Where the store is, and who logs in.
#[derive(Clone)]
pub(super) struct Address {
    pub(super) topology: Topology,
    /// Host and port of each server that is named.
    pub(super) nodes: Vec<(String, u16)>,
    pub(super) is_tls: bool,
    pub(super) username: Option<String>,
    pub(super) password: Option<String>,
    /// The number of the database.
    pub(super) database: i64,
}

/// How the servers of a store work together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Topology {
    /// One server.
    Standalone,
    /// The nodes are sentinels. They know the server of this name.
    Sentinel(String),
    /// The nodes belong to a cluster.
    Cluster,
}

const REDIS_PORT: u16 = 6379;

const SENTINEL_PORT: u16 = 26379;

impl Address {
    /// The address of these settings.
    ///
    /// # Errors
    /// [`Failure::Setting`].
    pub(super) fn of(settings: &SharedStateSettings) -> Result<Self, Failure> {
        let url = settings.url()?;
        let url = url.ok_or_else(|| setting("it is empty"))?;
        Self::read(url.current().expose_secret())
    }

    /// Reads a URL.
    ///
    /// # Errors
    /// [`Failure::Setting`]. The text does not repeat the URL, which may hold a password.
    pub(super) fn read(text: &str) -> Result<Self, Failure> {
        let url = Url::parse(text.trim())
            .map_err(|error| setting(&format!("it is no URL ({error}); {EXPECTED}")))?;
        let (scheme, of_nodes) = url.scheme().split_once('-').unwrap_or((url.scheme(), ""));
        let is_tls = match scheme {
            "redis" | "valkey" => false,
            "rediss" | "valkeys" => true,
            _ => return Err(setting(EXPECTED)),
        };
        let parameter = |name: &str| {
            let mut pairs = url.query_pairs();
            pairs.find_map(|(key, value)| (key == name).then(|| value.into_owned()))
        };
        let (topology, port) = match of_nodes {
            "" => (Topology::Standalone, REDIS_PORT),
            "cluster" => (Topology::Cluster, REDIS_PORT),
            "sentinel" => {
                let name = parameter("sentinelServiceName").filter(|name| !name.is_empty());
                let name = name.ok_or_else(|| setting(NO_SERVICE))?;
                (Topology::Sentinel(name), SENTINEL_PORT)
            }
            _ => return Err(setting(EXPECTED)),
        };
        Ok(Self {
            nodes: nodes(&url, port)?,
            database: database(&url, &topology)?,
            topology,
            is_tls,
            username: decoded(url.username()),
            password: url.password().and_then(decoded),
        })
    }
}

const EXPECTED: &str = "it must be like redis://redis:6379, or rediss://redis:6379 for TLS, or have the scheme redis-sentinel or \
                        redis-cluster";

const NO_SERVICE: &str = "a redis-sentinel URL must name the server that its sentinels know, as ?sentinelServiceName=mymaster";

fn setting(what: &str) -> Failure {
    Failure::Setting(format!("SHARED_STATE_URL: {what}"))
}

/// The host of a URL, and those that its parameter `node` adds.
fn nodes(url: &Url, port: u16) -> Result<Vec<(String, u16)>, Failure> {
    let host = url.host_str().filter(|host| !host.is_empty());
    let host = host.ok_or_else(|| setting(EXPECTED))?;
    let mut nodes = vec![(bare(host), url.port().unwrap_or(port))];
    for (_, node) in url.query_pairs().filter(|(name, _)| name == "node") {
        let wrong = || setting("each node must be a host and a port, as in ?node=redis-2:6379");
        let (host, port) = node.rsplit_once(':').ok_or_else(wrong)?;
        let port = port.parse().map_err(|_| wrong())?;
        nodes.push((bare(host), port));
    }
    Ok(nodes)
}

/// A host without the brackets of an IPv6 address.
fn bare(host: &str) -> String {
    let host = host.strip_prefix('[').unwrap_or(host);
    host.strip_suffix(']').unwrap_or(host).to_owned()
}

/// The number of the database: the path of the URL. A cluster has only one.
fn database(url: &Url, topology: &Topology) -> Result<i64, Failure> {
    let path = url.path().trim_matches('/');
    if path.is_empty() {
        return Ok(0);
    }
    let number = path.parse().ok().filter(|number| *number >= 0);
    match number {
        Some(number) if number == 0 || *topology != Topology::Cluster => Ok(number),
        _ => Err(setting(
            "its path must be the number of a database, which is 0 in a cluster",
        )),
    }
}

/// A part of a URL; `None` if it is empty.
fn decoded(part: &str) -> Option<String> {
    (!part.is_empty()).then(|| percent_decode_str(part).decode_utf8_lossy().into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_server_sentinels_and_a_cluster_are_understood() {
        let read = |url: &str| {
            let address = Address::read(url).unwrap();
            (address.topology, address.nodes, address.is_tls)
        };
        let node = |host: &str, port| (host.to_owned(), port);
        assert_eq!(
            read("redis://redis"),
            (Topology::Standalone, vec![node("redis", 6379)], false)
        );
        assert_eq!(
            read("rediss://[::1]:6380/2"),
            (Topology::Standalone, vec![node("::1", 6380)], true)
        );
        assert_eq!(
            read("redis-sentinel://a/?sentinelServiceName=main&node=b:26380"),
            (
                Topology::Sentinel("main".to_owned()),
                vec![node("a", 26379), node("b", 26380)],
                false
            )
        );
        assert_eq!(
            read("rediss-cluster://a:7000?node=[::1]:7001"),
            (
                Topology::Cluster,
                vec![node("a", 7000), node("::1", 7001)],
                true
            )
        );
    }

    #[test]
    fn user_password_and_database_come_from_the_url() {
        let address = Address::read("redis://ada:p%40ss@redis:6379/3").unwrap();
        assert_eq!(address.username.as_deref(), Some("ada"));
        assert_eq!(address.password.as_deref(), Some("p@ss"));
        assert_eq!(address.database, 3);
    }

    #[test]
    fn what_is_no_address_is_named_without_its_password() {
        for url in [
            "",
            "redis",
            "http://:secret@redis",
            "redis://:secret@/",
            "redis-sentinel://:secret@a",
            "redis-ring://:secret@a",
            "redis://:secret@a/x",
            "redis-cluster://:secret@a/1",
            "redis-cluster://:secret@a?node=b",
        ] {
            let error = Address::read(url).err().unwrap().to_string();
            assert!(error.starts_with("SHARED_STATE_URL: "), "{url}: {error}");
            assert!(!error.contains("secret"), "{error}");
        }
    }
}
