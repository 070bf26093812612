//! Finds what JSON's grammar allows and no receiver can carry: half a character, and a number beyond all range.
//!
//! Raw slices are never decoded on their way through, so such a value would reach rudder-server, whose decoder
//! throws a whole answer away for one of them (wire contract, section 1.0). It has to fail its own event here.

use thiserror::Error;

/// A value that is valid JSON and still cannot be passed on.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum Uncarriable {
    /// A `\ud800`-like escape without its other half.
    #[error("a text holds half a character (a lone UTF-16 surrogate such as \\ud800)")]
    LoneSurrogate,
    /// A number such as `1e400`, infinite as a double.
    #[error("a number is too large for a double (such as 1e400)")]
    NumberOutOfRange,
    /// More nesting than a decoder follows: Go's ends at 10,000 levels, and the answer adds some.
    #[error("it nests deeper than {DEEPEST} levels")]
    TooDeep,
}

/// How deep an event may nest.
const DEEPEST: usize = 1_000;

/// The longest number that cannot exceed a double's range without an exponent.
const SAFE_DIGITS: usize = 300;

/// Looks through `json`, which must be valid JSON text, at any depth.
///
/// # Errors
/// The first value that cannot be carried.
pub fn check(json: &str) -> Result<(), Uncarriable> {
    let bytes = json.as_bytes();
    let (mut at, mut depth) = (0, 0_usize);
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'[' | b'{' if depth == DEEPEST => return Err(Uncarriable::TooDeep),
            b'[' | b'{' => depth += 1,
            b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        at = match byte {
            b'"' => end_of_text(bytes, at + 1)?,
            b'-' | b'0'..=b'9' => end_of_number(json, at)?,
            _ => at + 1,
        };
    }
    Ok(())
}

fn end_of_text(bytes: &[u8], mut at: usize) -> Result<usize, Uncarriable> {
    while let Some(&byte) = bytes.get(at) {
        at += match byte {
            b'"' => return Ok(at + 1),
            b'\\' => match code_unit(bytes, at) {
                Some(0xD800..=0xDBFF)
                    if matches!(code_unit(bytes, at + 6), Some(0xDC00..=0xDFFF)) =>
                {
                    12
                }
                Some(0xD800..=0xDFFF) => return Err(Uncarriable::LoneSurrogate),
                Some(_) => 6,
                None => 2,
            },
            _ => 1,
        };
    }
    Ok(at)
}

/// The UTF-16 unit of a `\uXXXX` escape that starts at `at`.
fn code_unit(bytes: &[u8], at: usize) -> Option<u16> {
    let digits = bytes.get(at..at + 6)?.strip_prefix(b"\\u")?;
    u16::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}

fn end_of_number(json: &str, start: usize) -> Result<usize, Uncarriable> {
    let rest = &json[start..];
    let length = rest
        .find(|c: char| !matches!(c, '0'..='9' | '-' | '+' | '.' | 'e' | 'E'))
        .unwrap_or(rest.len());
    let number = &rest[..length];
    let suspicious = length > SAFE_DIGITS || number.contains(['e', 'E']);
    if suspicious && number.parse::<f64>().is_ok_and(f64::is_infinite) {
        return Err(Uncarriable::NumberOutOfRange);
    }
    Ok(start + length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_half_a_character_at_any_depth() {
        for json in [
            r#"{"a":["\ud800"]}"#,
            r#"{"\udc00":1}"#,
            r#""\ud83d\u0041""#,
            r#""\uD83Dx""#,
        ] {
            assert_eq!(check(json), Err(Uncarriable::LoneSurrogate), "{json}");
        }
    }

    #[test]
    fn finds_a_number_beyond_a_double() {
        for json in ["1e400", "[-1E+400]", &"9".repeat(400)] {
            assert_eq!(check(json), Err(Uncarriable::NumberOutOfRange), "{json}");
        }
    }

    #[test]
    fn passes_whatever_a_receiver_can_read() {
        for json in [
            r#""\ud83d\ude00""#,
            r#""1e400""#,
            r#""\\ud800""#,
            "1e-400",
            "1.5E3",
            "12345678901234567890123",
            r#"{"é\u00e9":[null,true]}"#,
        ] {
            assert_eq!(check(json), Ok(()), "{json}");
        }
    }

    #[test]
    fn finds_more_nesting_than_a_decoder_follows_without_a_stack_of_its_own() {
        let nested = |depth| "[".repeat(depth) + &"]".repeat(depth);
        assert_eq!(check(&nested(DEEPEST)), Ok(()));
        assert_eq!(check(&nested(500_000)), Err(Uncarriable::TooDeep));
        assert_eq!(check(&format!("[{}]", vec!["[]"; 5_000].join(","))), Ok(()));
    }
}
