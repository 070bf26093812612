//! Record ids.

/// The 32 values of a character of the checksum.
const CHECKSUM: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ012345";

/// Whether a text has the form of Salesforce's record ids: 15 letters and digits, or 18 of which the last three are the right
/// checksum.
#[must_use]
pub(crate) fn is_record_id(id: &str) -> bool {
    if !id.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return false;
    }
    let (fives, rest) = id.as_bytes().as_chunks::<5>();
    match (fives, rest) {
        ([_, _, _], []) => true,
        ([one, two, three], checksum) => checksum == [*one, *two, *three].map(check_character),
        _ => false,
    }
}

/// The character of the checksum for five characters: which of them are upper case.
fn check_character(five: [u8; 5]) -> u8 {
    let bits = five.iter().rev().fold(0, |bits, byte| {
        bits << 1 | usize::from(byte.is_ascii_uppercase())
    });
    CHECKSUM[bits]
}

/// The object of a record id by its prefix, if it is one of these standard objects.
#[must_use]
pub(crate) fn standard_object(id: &str) -> Option<&'static str> {
    let prefix = id.get(..3)?;
    let mut known = PREFIXES.iter();
    known
        .find(|(known, _)| *known == prefix)
        .map(|(_, object)| *object)
}

/// Prefixes of ids that are the same in every org.
const PREFIXES: [(&str, &str); 20] = [
    ("001", "Account"),
    ("003", "Contact"),
    ("005", "User"),
    ("006", "Opportunity"),
    ("00D", "Organization"),
    ("00E", "UserRole"),
    ("00G", "Group"),
    ("00Q", "Lead"),
    ("00T", "Task"),
    ("00U", "Event"),
    ("00e", "Profile"),
    ("00k", "OpportunityLineItem"),
    ("00v", "CampaignMember"),
    ("012", "RecordType"),
    ("01t", "Product2"),
    ("01u", "PricebookEntry"),
    ("02i", "Asset"),
    ("500", "Case"),
    ("701", "Campaign"),
    ("800", "Contract"),
];

/// The maximum length of a record id in bytes, longer than any id of Salesforce.
const MAX_ID: usize = 64;

/// Whether a text is usable as a record id. Salesforce's ids have 15 or 18 characters; any id accepted here stays
/// within its path segment.
pub(super) fn is_id(id: &str) -> bool {
    (1..=MAX_ID).contains(&id.len())
        && id
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_id_has_15_characters_or_18_with_the_right_checksum() {
        for id in [
            "00Q5e00000B9cDe",
            "001D000000IqhSLIAZ",
            "0015000000Gv7qJAAR",
        ] {
            assert!(is_record_id(id), "{id}");
        }
        for text in [
            "",
            "42",
            "001D000000IqhSLIAA",
            "001d000000iqhsliaz",
            "001D000000IqhSLI",
            "001D000000Iqh-L",
            "001D000000IqhSLIAZ0",
        ] {
            assert!(!is_record_id(text), "{text}");
        }
    }

    #[test]
    fn a_prefix_names_the_object_in_exactly_its_letter_case() {
        assert_eq!(standard_object("00Q5e00000B9cDe"), Some("Lead"));
        assert_eq!(standard_object("00q5e00000B9cDe"), None);
        assert_eq!(standard_object("a0X5e00000B9cDe"), None);
    }
}
