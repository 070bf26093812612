//! The names of entries in the store: keyed hashes of 128 bits, so that a name tells nothing about an e-mail or an id.
//!
//! All entries of an org are in one slot of a cluster, because their names share the part in braces. A script may therefore read
//! and write any of them at once.

use std::{fmt, sync::Arc};

use redis::{RedisWrite, ToRedisArgs, ToSingleRedisArg};

use super::hash::{Digest, KeyedHash, derived};

/// What an entry holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EntryKind {
    /// A create under way, by the key of its record.
    Create,
    /// Whether entries of creates have been lost.
    CreateMark,
    /// The records that were found or created for a key.
    Id,
    /// The record that a duplicate rule has found for a key.
    Match,
    /// When the records of an org were last reported to be gone.
    Gone,
    /// A part of a job: somebody is writing it, or it was written.
    Job,
    /// The API calls of an org.
    Budget,
    /// What was learnt about an org.
    Learnt,
    /// The description of an object, by user.
    Describe,
}

impl EntryKind {
    /// The kind in a name.
    const fn text(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::CreateMark => "create-mark",
            Self::Id => "id",
            Self::Match => "match",
            Self::Gone => "gone",
            Self::Job => "job",
            Self::Budget => "budget",
            Self::Learnt => "learnt",
            Self::Describe => "describe",
        }
    }
}

/// The name of an entry.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct EntryName(String);

impl EntryName {
    /// The entry that is written to find out whether the store can be used. It belongs to no org.
    #[must_use]
    pub(super) fn of_probe() -> Self {
        Self(format!("{PREFIX}:{{probe}}:probe"))
    }

    /// The part in braces, which the names of an org share.
    #[must_use]
    pub(super) fn org(&self) -> &str {
        let from = self.0.find('{').unwrap_or(0);
        let to = self.0.find('}').unwrap_or(self.0.len());
        &self.0[from..to]
    }
}

impl ToRedisArgs for EntryName {
    fn write_redis_args<W: ?Sized + RedisWrite>(&self, out: &mut W) {
        out.write_arg(self.0.as_bytes());
    }
}

impl ToSingleRedisArg for EntryName {}

/// The names of the entries of one org. Clones share their data.
#[derive(Clone)]
pub(crate) struct Names(Arc<OrgNames>);

struct OrgNames {
    /// The beginning of each name, with the part in braces.
    prefix: String,
    hash: KeyedHash,
}

/// The beginning of all names.
const PREFIX: &str = "sft";

impl Names {
    /// The names of an org, whose key comes from `secret`, or from the org's address itself.
    pub(super) fn new(secret: Option<&[u8]>, org: &str) -> Self {
        let derived = derived(secret, org);
        let (mut key, mut name) = ([0; 16], [0; 8]);
        key.copy_from_slice(&derived[..16]);
        name.copy_from_slice(&derived[16..24]);
        let prefix = format!("{PREFIX}:{{{:016x}}}:", u64::from_be_bytes(name));
        Self(Arc::new(OrgNames {
            prefix,
            hash: KeyedHash::new(key),
        }))
    }

    /// The name of an entry of this kind, that these parts identify together.
    #[must_use]
    pub(crate) fn entry(&self, kind: EntryKind, parts: &[&[u8]]) -> EntryName {
        use fmt::Write;
        let (prefix, kind) = (&self.0.prefix, kind.text());
        let mut name = String::with_capacity(prefix.len() + kind.len() + 33);
        name.push_str(prefix);
        name.push_str(kind);
        let digest = u128::from_be_bytes(self.digest(parts).bytes());
        // Writing to a text cannot fail.
        let _ = write!(name, ":{digest:032x}");
        EntryName(name)
    }

    /// The keyed hash of these parts.
    #[must_use]
    pub(crate) fn digest(&self, parts: &[&[u8]]) -> Digest {
        self.0.hash.digest(parts.iter().copied())
    }
}

/// Omits the key.
impl fmt::Debug for Names {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Names").field(&self.0.prefix).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ACME: &str = "https://acme.my.salesforce.com";

    fn name(names: &Names, parts: &[&[u8]]) -> String {
        let EntryName(name) = names.entry(EntryKind::Create, parts);
        name
    }

    #[test]
    fn two_replicas_with_one_secret_agree_and_another_secret_gives_other_names() {
        let parts: &[&[u8]] = &[b"user", b"lead.email='ada@example.com"];
        let of = |secret| name(&Names::new(secret, ACME), parts);
        assert_eq!(of(Some(&b"secret"[..])), of(Some(&b"secret"[..])));
        assert_eq!(of(None), of(None));
        assert_ne!(of(Some(&b"secret"[..])), of(Some(&b"other"[..])));
        assert_ne!(of(Some(&b"secret"[..])), of(None));
    }

    #[test]
    fn a_name_has_the_orgs_part_in_braces_the_kind_and_a_digest() {
        let name = name(&Names::new(None, ACME), &[b"a"]);
        let parts: Vec<&str> = name.split(':').collect();
        assert_eq!((parts[0], parts[2], parts[3].len()), ("sft", "create", 32));
        assert!(parts[1].starts_with('{') && parts[1].ends_with('}'));
    }

    #[test]
    fn parts_that_are_divided_otherwise_have_another_name() {
        let names = Names::new(None, ACME);
        assert_ne!(name(&names, &[b"ab", b"c"]), name(&names, &[b"a", b"bc"]));
    }
}
