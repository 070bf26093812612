//! Looks at a store for the command `check`: what it is, and whether it keeps what it is given.

use redis::{FromRedisValue, Value};

use super::{address::Address, connection::Connection, failure::Failure, store};
use crate::config::SharedStateSettings;

/// The oldest version that has all that the scripts use.
pub(crate) const MIN_VERSION: (u32, u32) = (6, 2);

/// What a store says about itself. What it does not say is `None`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct StoreFacts {
    /// `Redis` or `Valkey`.
    pub(crate) product: &'static str,
    /// Its version.
    pub(crate) version: Option<String>,
    /// What it forgets once its memory is full.
    pub(crate) eviction: Option<String>,
    /// The most memory that it takes, in bytes; 0 is no limit.
    pub(crate) max_memory: Option<u64>,
    /// Whether the connection is encrypted.
    pub(crate) is_encrypted: bool,
}

impl StoreFacts {
    /// Connects to the store of these settings, writes an entry that expires at once, and asks what the store is.
    ///
    /// # Errors
    /// [`Failure`].
    pub(crate) async fn ask(settings: &SharedStateSettings) -> Result<Self, Failure> {
        let mut connection = store::connected(settings).await?;
        let mut facts = Self::default();
        for section in ["server", "memory"] {
            facts.read(&info(&mut connection, section).await?);
        }
        facts.is_encrypted = Address::of(settings)?.is_tls;
        Ok(facts)
    }

    /// Whether the version has all that the scripts use; `None` if it is not known.
    #[must_use]
    pub(crate) fn is_new_enough(&self) -> Option<bool> {
        let mut numbers = self.version.as_deref()?.split('.');
        let mut next = || numbers.next()?.parse::<u32>().ok();
        Some((next()?, next()?) >= MIN_VERSION)
    }

    /// Whether leases may be evicted before they expire; `None` if it is not known.
    #[must_use]
    pub(crate) fn may_evict_leases(&self) -> Option<bool> {
        let eviction = self.eviction.as_deref()?;
        Some(eviction != "noeviction" && !eviction.starts_with("volatile-"))
    }

    fn read(&mut self, info: &str) {
        for (name, value) in info.lines().filter_map(|line| line.split_once(':')) {
            let value = value.trim();
            match name {
                "valkey_version" => (self.product, self.version) = ("Valkey", Some(value.into())),
                "redis_version" if self.version.is_none() => {
                    (self.product, self.version) = ("Redis", Some(value.into()));
                }
                "maxmemory_policy" => self.eviction = Some(value.to_owned()),
                "maxmemory" => self.max_memory = value.parse().ok(),
                _ => {}
            }
        }
    }
}

/// A section of `INFO`. Each server of a cluster says its own; one of them is taken.
async fn info(connection: &mut Connection, section: &str) -> Result<String, Failure> {
    let answer = connection.command(redis::cmd("INFO").arg(section)).await?;
    let one = match answer {
        Value::Map(of_servers) => of_servers.into_iter().next().map(|(_, info)| info),
        one => Some(one),
    };
    let text = one.and_then(|one| String::from_redis_value(one).ok());
    Ok(text.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(info: &str) -> StoreFacts {
        let mut facts = StoreFacts::default();
        facts.read(info);
        facts
    }

    #[test]
    fn valkey_names_its_own_version_beside_that_of_redis() {
        let facts = facts("# Server\r\nredis_version:7.2.4\r\nvalkey_version:8.1.1\r\n");
        assert_eq!(
            (facts.product, facts.version.as_deref()),
            ("Valkey", Some("8.1.1"))
        );
    }

    #[test]
    fn versions_before_6_2_are_too_old() {
        for (version, is_new_enough) in [
            ("5.0.14", Some(false)),
            ("6.0.20", Some(false)),
            ("6.2.0", Some(true)),
            ("10.0.1", Some(true)),
            ("unstable", None),
        ] {
            let facts = facts(&format!("redis_version:{version}\n"));
            assert_eq!(facts.is_new_enough(), is_new_enough, "{version}");
        }
    }

    #[test]
    fn only_noeviction_and_volatile_policies_keep_leases() {
        for (policy, may_evict) in [
            ("noeviction", false),
            ("volatile-lru", false),
            ("volatile-ttl", false),
            ("allkeys-lru", true),
        ] {
            let facts = facts(&format!("maxmemory_policy:{policy}\n"));
            assert_eq!(facts.may_evict_leases(), Some(may_evict), "{policy}");
        }
    }
}
