//! Blank and shortened texts. White space and zero-width characters do not count as content.

use std::fmt::Write as _;

use crate::json::Value;

/// Whether a character is invisible: white space of any kind, zero-width characters such as the zero-width space,
/// joiners, soft hyphens and direction marks, and the byte order mark.
fn is_invisible(character: char) -> bool {
    character.is_whitespace()
        || matches!(
            character,
            '\u{AD}'
                | '\u{61C}'
                | '\u{180E}'
                | '\u{200B}'..='\u{200F}'
                | '\u{202A}'..='\u{202E}'
                | '\u{2060}'..='\u{2064}'
                | '\u{2066}'..='\u{206F}'
                | '\u{FEFF}'
        )
}

/// Trims invisible characters from both ends of a text.
#[must_use]
pub(crate) fn trimmed(text: &str) -> &str {
    match text.as_bytes() {
        [first, .., last] if first.is_ascii_graphic() && last.is_ascii_graphic() => text,
        _ => text.trim_matches(is_invisible),
    }
}

/// Whether a text is empty or consists of invisible characters only.
#[must_use]
pub(crate) fn is_blank(text: &str) -> bool {
    match text.as_bytes().first() {
        // Fast path: most texts begin with a letter.
        Some(first) if first.is_ascii_graphic() => false,
        Some(_) | None => text.chars().all(is_invisible),
    }
}

/// Whether a value has content: anything except `null` and blank texts.
#[must_use]
#[inline]
pub(crate) fn is_filled(value: Value<'_>) -> bool {
    match value.bytes() {
        // Fast path: most texts begin with a letter.
        [b'"', first, ..] if first.is_ascii_alphanumeric() => true,
        [b'"', ..] => !is_blank_value(value),
        bytes => bytes != b"null",
    }
}

#[cold]
fn is_blank_value(value: Value<'_>) -> bool {
    value.as_text().is_some_and(|text| is_blank(&text))
}

/// Whether a character acts on whatever shows it: control characters, line separators, and the direction marks that show a text
/// in another order than it has.
fn is_command(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{61C}' | '\u{200E}' | '\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2066}'..='\u{2069}'
        )
}

/// A character as it may be shown.
fn shown(character: char) -> char {
    if is_command(character) {
        char::REPLACEMENT_CHARACTER
    } else {
        character
    }
}

/// A text of one line that cannot command a terminal: what would act on it is replaced by U+FFFD.
#[must_use]
pub(crate) fn plain(text: &str) -> String {
    text.chars().map(shown).collect()
}

/// A JSON document in which [commands](is_command) within texts are escaped. Outside of texts, line feeds alone count as such.
#[must_use]
pub(crate) fn escaped_json(json: String) -> String {
    let is_escaped = |character: char| character != '\n' && is_command(character);
    if !json.contains(is_escaped) {
        return json;
    }
    let mut escaped = String::with_capacity(json.len() + 64);
    for character in json.chars() {
        if is_escaped(character) {
            // All of them are in the basic plane. Writing into a `String` cannot fail.
            let _ = write!(escaped, "\\u{:04x}", u32::from(character));
        } else {
            escaped.push(character);
        }
    }
    escaped
}

/// A name cut to 60 characters, so that an error text stays readable, and [`plain`], so that it cannot start a new line in a log.
#[must_use]
pub(crate) fn shortened(name: &str) -> String {
    let mut shortened: String = name.chars().take(60).map(shown).collect();
    if name.chars().nth(60).is_some() {
        shortened.push('…');
    }
    shortened
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_is_shown_commands_a_terminal_or_reads_in_another_order() {
        for command in [
            "\u{1b}", "\u{9b}", "\n", "\u{7f}", "\u{2028}", "\u{202e}", "\u{2066}",
        ] {
            assert_eq!(plain(&format!("a{command}b")), "a\u{FFFD}b", "{command:?}");
            assert_eq!(shortened(command), "\u{FFFD}", "{command:?}");
        }
        assert_eq!(plain("Zoë 李 👩\u{200D}🚀"), "Zoë 李 👩\u{200D}🚀");
    }

    #[test]
    fn what_commands_a_terminal_is_escaped_in_json_and_means_the_same() {
        let text = "a\u{9b}\u{7f}\u{202e}\u{2028}\n👩\u{200D}🚀";
        let document = serde_json::json!({ "text": text });
        let json = escaped_json(serde_json::to_string_pretty(&document).unwrap());
        assert_eq!(
            json,
            "{\n  \"text\": \"a\\u009b\\u007f\\u202e\\u2028\\n👩\u{200D}🚀\"\n}"
        );
        assert_eq!(
            serde_json::from_str::<serde_json::Value>(&json).unwrap(),
            document
        );
        assert_eq!(escaped_json("[]".to_owned()), "[]");
    }

    #[test]
    fn invisible_characters_are_trimmed_at_both_ends_and_nowhere_else() {
        for invisible in [
            " ",
            "\n",
            "\t",
            "\u{A0}",
            "\u{3000}",
            "\u{2028}",
            "\u{200B}",
            "\u{200D}",
            "\u{2060}",
            "\u{202A}",
            "\u{AD}",
            "\u{FEFF}",
            " \u{FEFF}\u{A0}",
        ] {
            let inside = format!("a{invisible}b");
            let around = format!("{invisible}{inside}{invisible}");
            assert_eq!(trimmed(&around), inside, "{invisible:?}");
            assert!(is_blank(invisible), "{invisible:?}");
            assert!(!is_blank(&around), "{invisible:?}");
        }
        assert_eq!((trimmed(""), trimmed("a"), trimmed("é")), ("", "a", "é"));
        assert!(is_blank(""));
    }
}
