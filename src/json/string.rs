//! Finds where a JSON string ends.

use std::ops::Range;

use wide::u8x16;

/// Finds the byte after a string's closing quote. `at` is the byte after the opening quote. Returns `None` if the string
/// contains an escape or a control character, or does not end; [`escaped`] tells these apart.
pub(super) fn plain(text: &[u8], mut at: usize) -> Option<usize> {
    while let Some(chunk) = text.get(at..)?.first_chunk() {
        let marks = marks(*chunk);
        if marks == 0 {
            at += chunk.len();
            continue;
        }
        at += marks.trailing_zeros() as usize;
        return (text[at] == b'"').then_some(at + 1);
    }
    let rest = &text[at..];
    let length = rest.iter().position(|byte| is_special(*byte))?;
    (rest[length] == b'"').then_some(at + length + 1)
}

/// Whether a text needs no escaping: it contains no quote, backslash or control character.
pub(super) fn is_plain(text: &str) -> bool {
    let text = text.as_bytes();
    let is_plain = |chunk: &[u8; 16]| marks(*chunk) == 0;
    // The last chunk may overlap the one before it.
    match (
        text.last_chunk(),
        text.first_chunk::<8>(),
        text.last_chunk(),
    ) {
        (Some(last), _, _) => text.as_chunks().0.iter().all(is_plain) && is_plain(last),
        (None, Some(first), Some(last)) => is_plain(&joined(*first, *last)),
        (None, _, _) => !text.iter().any(|byte| is_special(*byte)),
    }
}

/// Whether a part of a text contains a dot.
pub(super) fn has_dot(text: &[u8], part: Range<usize>) -> bool {
    match text[part.start..].first_chunk::<16>() {
        Some(chunk) if part.len() < 16 => {
            let dots = u8x16::from(*chunk).simd_eq(u8x16::splat(b'.'));
            dots.to_bitmask() & ((1 << part.len()) - 1) != 0
        }
        _ => text[part].contains(&b'.'),
    }
}

/// Joins two chunks of eight bytes.
fn joined(first: [u8; 8], second: [u8; 8]) -> [u8; 16] {
    let [first, second] = [first, second].map(u64::from_le_bytes);
    (u128::from(first) | u128::from(second) << 64).to_le_bytes()
}

fn is_special(byte: u8) -> bool {
    matches!(byte, b'"' | b'\\' | 0..0x20)
}

/// Sets a bit for each byte that is a quote, a backslash or a control character. The lowest bit is the first byte's.
fn marks(chunk: [u8; 16]) -> u32 {
    let chunk = u8x16::from(chunk);
    let control = chunk.min(u8x16::splat(0x1F)).simd_eq(chunk);
    let quote = chunk.simd_eq(u8x16::splat(b'"'));
    let escape = chunk.simd_eq(u8x16::splat(b'\\'));
    (control | quote | escape).to_bitmask()
}

/// A string with escapes.
pub(super) struct Escaped {
    /// The byte after its closing quote.
    pub(super) end: usize,
    /// Whether it contains an unpaired surrogate.
    pub(super) has_lone_surrogate: bool,
}

/// Passes a string. `at` is the byte after the opening quote. Returns `None` if the string is malformed.
pub(super) fn escaped(text: &[u8], mut at: usize) -> Option<Escaped> {
    let mut has_lone_surrogate = false;
    loop {
        at += match (*text.get(at)?, text.get(at + 1)) {
            (b'"', _) => {
                return Some(Escaped {
                    end: at + 1,
                    has_lone_surrogate,
                });
            }
            (b'\\', Some(b'u')) => match (code_unit(text, at)?, code_unit(text, at + 6)) {
                (0xD800..=0xDBFF, Some(0xDC00..=0xDFFF)) => 12,
                (0xD800..=0xDFFF, _) => {
                    has_lone_surrogate = true;
                    6
                }
                _ => 6,
            },
            (b'\\', Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't')) => 2,
            (b'\\' | 0..0x20, _) => return None,
            _ => 1,
        };
    }
}

/// The UTF-16 code unit of the `\uXXXX` escape that begins at `at`.
fn code_unit(text: &[u8], at: usize) -> Option<u16> {
    let digits = text.get(at..at + 6)?.strip_prefix(b"\\u")?;
    digits.iter().try_fold(0, |unit, digit| {
        let digit = char::from(*digit).to_digit(16)?;
        Some(unit << 4 | u16::try_from(digit).ok()?)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_needs_an_escape_is_seen_at_every_place_of_a_text_of_any_length() {
        for length in 0..50 {
            let plain = "x".repeat(length);
            assert!(is_plain(&plain), "{plain}");
            for (place, special) in (0..length)
                .flat_map(|place| "\"\\\n\0".chars().map(move |special| (place, special)))
            {
                let text = format!("{}{special}{}", &plain[..place], &plain[place + 1..]);
                assert!(!is_plain(&text), "{text:?}");
            }
        }
    }

    #[test]
    fn a_dot_counts_only_inside_the_part() {
        for length in 0..40 {
            let text = format!(".{}.", "x".repeat(length));
            assert!(!has_dot(text.as_bytes(), 1..length + 1), "{length}");
            assert!(has_dot(text.as_bytes(), 1..length + 2), "{length}");
            assert!(has_dot(text.as_bytes(), 0..length + 1), "{length}");
        }
    }
}
