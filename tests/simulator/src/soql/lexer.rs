//! SOQL text to tokens, with exactly the escapes that Salesforce knows in a quoted string.

use std::{fmt, str::Chars};

use super::SyntaxError;

/// The smallest pieces of a query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Token {
    /// A keyword or a name.
    Word(String),
    /// A quoted string, its escapes resolved.
    Text(String),
    /// A number as it was written.
    Number(String),
    Comma,
    Equals,
    Open,
    Close,
}

impl fmt::Display for Token {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Word(text) | Self::Text(text) | Self::Number(text) => text,
            Self::Comma => ",",
            Self::Equals => "=",
            Self::Open => "(",
            Self::Close => ")",
        })
    }
}

/// Splits a whole query into tokens.
pub(super) fn tokens(soql: &str) -> Result<Vec<Token>, SyntaxError> {
    let mut chars = soql.chars();
    let mut tokens = Vec::new();
    loop {
        let rest = chars.as_str();
        let Some(first) = chars.next() else {
            return Ok(tokens);
        };
        tokens.push(match first {
            space if space.is_ascii_whitespace() => continue,
            ',' => Token::Comma,
            '=' => Token::Equals,
            '(' => Token::Open,
            ')' => Token::Close,
            '\'' => Token::Text(quoted(&mut chars)?),
            letter if letter.is_ascii_alphabetic() => Token::Word(run(rest, &mut chars, |next| {
                next.is_ascii_alphanumeric() || next == '_'
            })),
            '+' | '-' | '0'..='9' => number(run(rest, &mut chars, |next| {
                next.is_ascii_digit() || next == '.'
            }))?,
            other => return Err(SyntaxError::UnexpectedToken(other.into())),
        });
    }
}

/// The first character of `rest` and those after it that belong to it. `chars`, past the first already, goes past them.
fn run<'a>(rest: &'a str, chars: &mut Chars<'a>, belongs: impl Fn(char) -> bool) -> String {
    let after = chars.as_str().trim_start_matches(belongs);
    *chars = after.chars();
    rest[..rest.len() - after.len()].into()
}

fn number(text: String) -> Result<Token, SyntaxError> {
    match text.parse::<f64>() {
        Ok(_) => Ok(Token::Number(text)),
        Err(_) => Err(SyntaxError::UnexpectedToken(text)),
    }
}

/// The rest of a quoted string, its closing quote included.
fn quoted(chars: &mut Chars<'_>) -> Result<String, SyntaxError> {
    // UTF-16, because `\uXXXX` names one code unit: two of them make one character outside the basic plane
    let mut units = Vec::new();
    loop {
        match chars.next().ok_or(SyntaxError::UnterminatedText)? {
            '\'' => return String::from_utf16(&units).map_err(|_| SyntaxError::LoneSurrogate),
            '\\' => units.push(escape(chars)?),
            plain => units.extend_from_slice(plain.encode_utf16(&mut [0; 2])),
        }
    }
}

fn escape(chars: &mut Chars<'_>) -> Result<u16, SyntaxError> {
    let character = match chars.next().ok_or(SyntaxError::UnterminatedText)? {
        'n' | 'N' => b'\n',
        'r' | 'R' => b'\r',
        't' | 'T' => b'\t',
        'b' | 'B' => 0x08,
        'f' | 'F' => 0x0c,
        '"' => b'"',
        '\'' => b'\'',
        '\\' => b'\\',
        'u' => return code_unit(chars),
        other => return Err(SyntaxError::IllegalEscape(other.into())),
    };
    Ok(character.into())
}

fn code_unit(chars: &mut Chars<'_>) -> Result<u16, SyntaxError> {
    let digits: String = chars.by_ref().take(4).collect();
    let is_hexadecimal = digits.len() == 4 && digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    match u16::from_str_radix(&digits, 16) {
        Ok(unit) if is_hexadecimal => Ok(unit),
        Ok(_) | Err(_) => Err(SyntaxError::IllegalEscape(format!("u{digits}"))),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn text(soql: &str) -> Result<String, SyntaxError> {
        match tokens(soql)?.as_slice() {
            [Token::Text(text)] => Ok(text.clone()),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn every_escape_of_salesforce_is_resolved() {
        assert_eq!(
            text(r#"'\n\r\t\b\f\"\'\\\u0041\ud83d\ude00'"#).unwrap(),
            "\n\r\t\u{8}\u{c}\"'\\A😀"
        );
    }

    #[test]
    fn any_other_backslash_is_an_error() {
        for (soql, wrong) in [
            (r"'\x'", "x"),
            (r"'\%'", "%"),
            (r"'\0'", "0"),
            (r"'\u12'", "u12'"),
            (r"'\u+123'", "u+123"),
        ] {
            assert_eq!(
                text(soql),
                Err(SyntaxError::IllegalEscape(wrong.into())),
                "{soql}"
            );
        }
    }

    #[test]
    fn a_string_must_end_and_be_whole() {
        for soql in ["'abc", r"'abc\'", r"'abc\"] {
            assert_eq!(text(soql), Err(SyntaxError::UnterminatedText), "{soql}");
        }
        assert_eq!(text(r"'\ud83d'"), Err(SyntaxError::LoneSurrogate));
    }

    #[test]
    fn two_quotes_are_no_escape_but_two_strings() {
        assert_eq!(
            tokens("'a''b'").unwrap(),
            [Token::Text("a".into()), Token::Text("b".into())]
        );
    }

    #[test]
    fn numbers_keep_their_digits() {
        assert_eq!(tokens("-1.50").unwrap(), [Token::Number("-1.50".into())]);
        for wrong in ["1.2.3", "-", "+."] {
            assert_eq!(
                tokens(wrong),
                Err(SyntaxError::UnexpectedToken(wrong.into()))
            );
        }
    }

    proptest! {
        #[test]
        fn escaping_quote_and_backslash_is_enough_for_any_text(original in any::<String>()) {
            let escaped = original.replace('\\', r"\\").replace('\'', r"\'");
            prop_assert_eq!(text(&format!("'{escaped}'")), Ok(original));
        }

        #[test]
        fn code_units_spell_any_text(original in any::<String>()) {
            let units: Vec<_> = original.encode_utf16().map(|unit| format!("\\u{unit:04X}")).collect();
            let escaped = units.concat();
            prop_assert_eq!(text(&format!("'{escaped}'")), Ok(original));
        }

        #[test]
        fn no_input_breaks_the_lexer(soql in any::<String>()) {
            let _ = tokens(&soql);
        }
    }
}
