//! Numbers: which ones a field can hold, and which texts certainly mean one.

use std::borrow::Cow;

use crate::{
    salesforce::describe::{FieldDescription, FieldType},
    text::trimmed,
};

/// Whether a field of numbers can hold this one, in the form of JSON. Salesforce rounds decimals beyond those of the field.
pub(super) fn is_in_range(number: &str, field: &FieldDescription) -> bool {
    match field.kind {
        FieldType::Int => is_int(number, field.digits),
        _ => {
            field.precision == 0 && number.parse().is_ok_and(f64::is_finite)
                || has_at_most(number, field.precision.saturating_sub(field.scale))
        }
    }
}

/// Whether a number is written as an integer, and has at most this many digits; 0 if that is unknown. It has 32 bits.
fn is_int(number: &str, digits: u16) -> bool {
    let is_short = digits == 0 || number.trim_start_matches('-').len() <= usize::from(digits);
    is_short && number.parse::<i32>().is_ok()
}

/// Whether a number has at most this many digits before its decimal point.
fn has_at_most(number: &str, digits: u16) -> bool {
    let unsigned = number.trim_start_matches('-');
    if unsigned.bytes().any(|byte| matches!(byte, b'e' | b'E')) {
        let number: Option<f64> = unsigned.parse().ok();
        return number.is_some_and(|number| number < 10_f64.powi(i32::from(digits)));
    }
    let whole = unsigned
        .split_once('.')
        .map_or(unsigned, |(whole, _)| whole);
    whole.trim_start_matches('0').len() <= usize::from(digits)
}

/// A number of JSON as the integer that it is; `None` if it has a fraction, or is too large for any field.
pub(super) fn as_int(number: &str) -> Option<String> {
    let number: f64 = number.parse().ok()?;
    let is_whole = number.fract() == 0.0 && number.abs() <= f64::from(i32::MAX);
    // Adding zero turns the negative zero into the positive one.
    is_whole.then(|| format!("{:.0}", number + 0.0))
}

/// Which texts a field takes for numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Reading {
    /// The number of decimals of the field.
    pub(super) scale: u16,
    /// Whether the symbol of a currency may stand beside the number, because it cannot change what is stored.
    pub(super) has_symbol: bool,
}

/// The number that a text means, in the form of JSON; `None` if it means none, or could mean two: `1.200` is written for 1.2 and
/// for 1200, and `1,200` as well, where the field has room for three decimals.
pub(super) fn of_text(text: &str, reading: Reading) -> Option<String> {
    let text = trimmed(text);
    let (is_negative, unsigned) = sign(text);
    let (is_negative, unsigned) = match without_symbol(unsigned) {
        Some(amount) if reading.has_symbol => {
            let (again, amount) = sign(amount);
            (is_negative || again, amount)
        }
        Some(_) => return None,
        None => (is_negative, unsigned),
    };
    let number = plain(unsigned).or_else(|| grouped(unsigned, reading.scale))?;
    let number = number.trim_start_matches('0');
    let zero = if number.starts_with(|first: char| first.is_ascii_digit()) {
        ""
    } else {
        "0"
    };
    let minus = if is_negative { "-" } else { "" };
    Some(format!("{minus}{zero}{number}"))
}

/// Splits the sign from a number, and returns whether it is a minus.
fn sign(text: &str) -> (bool, &str) {
    match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    }
}

/// The amount beside a dollar sign, which comes first or last. A description does not tell the currency of the org, and no other sign
/// is used for so many currencies.
fn without_symbol(text: &str) -> Option<&str> {
    let amount = text.strip_prefix('$');
    amount.or_else(|| text.strip_suffix('$')).map(trimmed)
}

/// A number without groups, in which a dot precedes the decimals.
fn plain(text: &str) -> Option<Cow<'_, str>> {
    let (whole, decimals) = text.split_once('.').unwrap_or((text, "0"));
    let is_group = decimals.len() == 3 && whole.len() <= 3 && !whole.starts_with('0');
    (is_digits(whole) && is_digits(decimals) && !is_group).then_some(Cow::Borrowed(text))
}

/// A number in groups of three digits: `1,200`, `1,200.50`, `1.200,50`, `1.200.000`.
fn grouped(text: &str, scale: u16) -> Option<Cow<'static, str>> {
    let last = text.rfind([',', '.'])?;
    let (whole, end) = (&text[..last], &text[last + 1..]);
    let mark = text.as_bytes()[last];
    let separator = whole.bytes().find(|byte| matches!(byte, b',' | b'.'));
    let (groups, decimals, separator) = match separator {
        // Two kinds of marks: the last one precedes the decimals.
        Some(separator) if separator != mark => (whole, end, separator),
        Some(_) => (text, "", mark),
        None if mark == b',' && scale < 3 => (text, "", mark),
        None => return None,
    };
    let mut parts = groups.split(char::from(separator));
    let first = parts.next()?;
    let is_first = is_digits(first) && first.len() <= 3 && !first.starts_with('0');
    let is_number = is_first
        && parts.all(|group| is_digits(group) && group.len() == 3)
        && (decimals.is_empty() && end.len() == 3 || is_digits(decimals));
    is_number.then(|| {
        let mut number = groups.replace([',', '.'], "");
        if !decimals.is_empty() {
            number.extend([".", decimals]);
        }
        Cow::Owned(number)
    })
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str, scale: u16) -> Option<String> {
        of_text(
            text,
            Reading {
                scale,
                has_symbol: true,
            },
        )
    }

    #[test]
    fn a_text_that_can_only_mean_one_number_is_that_number() {
        for (text, number) in [
            ("42", "42"),
            (" 42 ", "42"),
            ("-42.5", "-42.5"),
            ("+7", "7"),
            ("007", "7"),
            ("0", "0"),
            ("0.125", "0.125"),
            ("12.3456", "12.3456"),
            ("1234.567", "1234.567"),
            ("1,200", "1200"),
            ("1,200.50", "1200.50"),
            ("1,200,000", "1200000"),
            ("1.200,50", "1200.50"),
            ("1.200.000", "1200000"),
            ("$1,000", "1000"),
            ("-$5.50", "-5.50"),
            ("$-5.50", "-5.50"),
            ("1.000,50 $", "1000.50"),
        ] {
            assert_eq!(of(text, 2).as_deref(), Some(number), "{text}");
        }
    }

    #[test]
    fn a_text_that_could_mean_two_numbers_or_none_is_no_number() {
        for text in [
            "",
            "-",
            "abc",
            "1.200",
            "12.345",
            "$1.200",
            "1,5",
            "12,50",
            "1,20,000",
            "1,200,00",
            "0,200",
            "1 200",
            "1'200",
            "1e3",
            "0x10",
            "15%",
            "1.2.3",
            "1,2,3",
            ".5",
            "5.",
            "--5",
            "$",
            "$$5",
            "USD 5",
            "5 €",
            "¥1,000",
            "1,000-2,000",
            "NaN",
            "Infinity",
            "٤٢",
            "1.2,3,4",
        ] {
            assert_eq!(of(text, 2), None, "{text}");
        }
    }

    #[test]
    fn three_digits_after_a_comma_are_no_group_where_the_field_has_room_for_three_decimals() {
        assert_eq!(of("52,520", 6), None);
        assert_eq!(of("1,200.5", 6).as_deref(), Some("1200.5"));
        assert_eq!(of("1,200,000", 6).as_deref(), Some("1200000"));
    }

    #[test]
    fn an_amount_with_a_symbol_is_no_number_where_the_record_may_be_in_another_currency() {
        let reading = Reading {
            scale: 2,
            has_symbol: false,
        };
        assert_eq!(of_text("$1,000", reading), None);
        assert_eq!(of_text("1,000", reading).as_deref(), Some("1000"));
    }

    #[test]
    fn digits_before_the_decimal_point_are_limited_and_decimals_are_not() {
        for (number, digits, fits) in [
            ("999", 3, true),
            ("1000", 3, false),
            ("-999.123456", 3, true),
            ("0.5", 0, true),
            ("1e2", 3, true),
            ("1e3", 3, false),
            ("1e400", 18, false),
            ("999999999999999999", 18, true),
        ] {
            assert_eq!(has_at_most(number, digits), fits, "{number}");
        }
    }

    #[test]
    fn an_integer_has_no_fraction_and_at_most_its_digits() {
        assert!(is_int("-12345678", 8));
        for number in ["123456789", "1.0", "1e3", "3000000000"] {
            assert!(!is_int(number, 8), "{number}");
        }
        assert!(!is_int("3000000000", 0));
        assert_eq!(as_int("12.0").as_deref(), Some("12"));
        assert_eq!(as_int("1e3").as_deref(), Some("1000"));
        assert_eq!(as_int("-0.0").as_deref(), Some("0"));
        assert_eq!(as_int("1.5"), None);
        assert_eq!(as_int("1e12"), None);
    }
}
