//! Finds where a JSON string ends.

/// Eight bytes that are all 1, or have all but their highest bit unset.
const ONES: u64 = 0x0101_0101_0101_0101;
const HIGHS: u64 = 0x8080_8080_8080_8080;

/// The byte after a string that begins (after its quote) at `at` and holds no escape; `None` where it holds one, a control
/// character, or has no end: [`escaped`] tells which.
pub(super) fn plain(text: &[u8], mut at: usize) -> Option<usize> {
    // Most strings end among the first two words, and a loop whose end can be foreseen is faster.
    while let Some(chunk) = text.get(at..)?.first_chunk::<16>() {
        let (words, _) = chunk.as_chunks();
        let [first, second] = [words[0], words[1]].map(|word| marks(u64::from_le_bytes(word)));
        if first | second == 0 {
            at += chunk.len();
            continue;
        }
        let bits = if first == 0 {
            64 + second.trailing_zeros()
        } else {
            first.trailing_zeros()
        };
        at += (bits / 8) as usize;
        return (text[at] == b'"').then_some(at + 1);
    }
    let rest = &text[at..];
    let length = rest
        .iter()
        .position(|byte| matches!(byte, b'"' | b'\\' | 0..0x20))?;
    (rest[length] == b'"').then_some(at + length + 1)
}

/// Whether a text can stand in quotes as it is: it holds no quote, backslash or control character.
pub(super) fn is_plain(text: &str) -> bool {
    let text = text.as_bytes();
    let is_plain = |word: &[u8; 8]| marks(u64::from_le_bytes(*word)) == 0;
    match text.last_chunk() {
        // The last word may overlap the one before it.
        Some(last) => text.as_chunks().0.iter().all(is_plain) && is_plain(last),
        None => !text
            .iter()
            .any(|byte| matches!(byte, b'"' | b'\\' | 0..0x20)),
    }
}

/// Marks the first byte of eight that is a quote, a backslash or a control character: its highest bit is set, and none
/// below it. (Bits above the first mark mean nothing: a subtraction borrows from them.)
fn marks(word: u64) -> u64 {
    let quote = word ^ (ONES * u64::from(b'"'));
    let escape = word ^ (ONES * u64::from(b'\\'));
    let is_control = word.wrapping_sub(ONES * 0x20) & !word;
    let is_quote = quote.wrapping_sub(ONES) & !quote;
    let is_escape = escape.wrapping_sub(ONES) & !escape;
    (is_control | is_quote | is_escape) & HIGHS
}

/// A string with escapes.
pub(super) struct Escaped {
    /// The byte after it.
    pub(super) end: usize,
    /// Whether it holds half of a UTF-16 pair.
    pub(super) has_lone_surrogate: bool,
}

/// Passes a string that begins (after its quote) at `at`; `None` where it is malformed.
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

/// The UTF-16 unit of a `\uXXXX` escape that begins at `at`.
fn code_unit(text: &[u8], at: usize) -> Option<u16> {
    let digits = text.get(at..at + 6)?.strip_prefix(b"\\u")?;
    digits.iter().try_fold(0, |unit, digit| {
        let digit = char::from(*digit).to_digit(16)?;
        Some(unit << 4 | u16::try_from(digit).ok()?)
    })
}
