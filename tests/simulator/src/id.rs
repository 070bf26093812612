//! Record ids: 15 characters that tell letter case apart, or 18 with a suffix that survives tools which do not.

use std::fmt;

/// The digits in which Salesforce counts records.
const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/// One letter for each pattern of capitals among five characters.
const SUFFIXES: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ012345";
/// What stands between an object's prefix and a record's number: the pod, and digits held in reserve.
const POD: &str = "5g00000";

/// A record id, kept in its 18-character form, so that two spellings of one id are equal.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct RecordId(String);

impl RecordId {
    /// Reads 15 characters, or 18 with the right suffix; `None` for anything else.
    pub(super) fn parse(text: &str) -> Option<Self> {
        if !text.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return None;
        }
        let id = Self::complete(text.get(..15)?);
        (text.len() == 15 || text == id.0).then_some(id)
    }

    /// The id of an object's record number `number`.
    pub(super) fn numbered(prefix: &str, mut number: usize) -> Self {
        let mut serial = [b'0'; 5];
        for digit in serial.iter_mut().rev() {
            *digit = DIGITS[number % DIGITS.len()];
            number /= DIGITS.len();
        }
        let serial: String = serial.map(char::from).iter().collect();
        Self::complete(&format!("{prefix}{POD}{serial}"))
    }

    fn complete(fifteen: &str) -> Self {
        let suffix = fifteen.as_bytes().chunks(5).map(suffix);
        Self(fifteen.chars().chain(suffix).collect())
    }

    /// The id in its 18-character form.
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RecordId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

fn suffix(five: &[u8]) -> char {
    let capitals = five.iter().rev().fold(0, |bits, byte| {
        bits << 1 | usize::from(byte.is_ascii_uppercase())
    });
    char::from(SUFFIXES[capitals])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_suffix_is_the_one_that_salesforce_computes() {
        for known in [
            "0011I00000aCPEAQA4",
            "0011I00000aAsbRQAS",
            "00Q58000007EWMDEA4",
            "00337000003VbP1AAK",
        ] {
            assert_eq!(RecordId::parse(&known[..15]).unwrap().as_str(), known);
        }
    }

    #[test]
    fn both_forms_name_the_same_record() {
        assert_eq!(
            RecordId::parse("0011I00000aCPEA"),
            RecordId::parse("0011I00000aCPEAQA4")
        );
    }

    #[test]
    fn letter_case_tells_ids_apart() {
        assert_ne!(
            RecordId::parse("0011I00000aCPEA"),
            RecordId::parse("0011I00000acpea")
        );
    }

    #[test]
    fn other_lengths_other_characters_and_wrong_suffixes_are_no_ids() {
        for malformed in [
            "",
            "00Q",
            "0011I00000aCPEAQA5",
            "0011I00000aCPE'",
            "0011I00000aCPEAQ",
            "0011I00000aCPEé",
        ] {
            assert_eq!(RecordId::parse(malformed), None, "{malformed}");
        }
    }

    #[test]
    fn numbered_ids_are_valid_and_distinct() {
        let ids: Vec<_> = [0, 61, 62, 62 * 62]
            .map(|number| RecordId::numbered("00Q", number))
            .into();
        assert_eq!(ids[2].as_str(), "00Q5g0000000010EAA");
        for id in &ids {
            assert_eq!(RecordId::parse(id.as_str()).as_ref(), Some(id));
        }
    }
}
