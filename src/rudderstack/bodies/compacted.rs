//! The compacted form, which holds each destination once, in a map by id (`docs/rudder-server.md#compacted-batches`).

use super::{EntryParts, RawEntry};
use crate::json::{Object, Value};

/// How a request carries destinations: the header `X-Content-Format`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Each event has its own copy.
    Plain,
    /// `json+compactedv1`: each destination occurs once, in a map by id.
    Compacted,
}

impl Format {
    /// The format that the header names; anything but the exact name means plain.
    #[must_use]
    pub fn of(header: Option<&[u8]>) -> Self {
        if header == Some(b"json+compactedv1") {
            Self::Compacted
        } else {
            Self::Plain
        }
    }
}

/// The entries of a compacted body, each with the destination that its metadata names. If the body does not contain
/// that destination, only this entry is left without one.
pub(super) fn expanded<'a>(members: Object<'a>) -> Option<Vec<RawEntry<'a>>> {
    let [input, destinations] = members.pick(["input", "destinations"]);
    let destinations = destinations?.as_members()?;
    let destination = |metadata: Option<Value<'a>>| {
        let id = metadata?
            .as_object()?
            .get("destinationId")?
            .as_text_or_number()?;
        destinations.get(&id)
    };
    let expand = |element: Value<'a>| match RawEntry::read(element) {
        RawEntry::Entry(parts) => RawEntry::Entry(EntryParts {
            destination: destination(parts.metadata),
            ..parts
        }),
        other @ (RawEntry::Bare(_) | RawEntry::Other(_)) => other,
    };
    Some(input?.as_array()?.into_iter().map(expand).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_exact_header_means_compacted() {
        assert_eq!(Format::of(Some(b"json+compactedv1")), Format::Compacted);
        for header in [
            None,
            Some(&b"JSON+CompactedV1"[..]),
            Some(b"json+compactedv1;q=1"),
        ] {
            assert_eq!(Format::of(header), Format::Plain);
        }
    }
}
