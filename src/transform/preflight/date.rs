//! Dates, instants and times of day: in which form Salesforce takes them, and which other values certainly mean one.

use std::ops::RangeInclusive;

use jiff::{
    Timestamp,
    civil::{Date, DateTime, Time},
    tz::Offset,
};

use super::form::Form;
use crate::text::trimmed;

/// The years that Salesforce stores.
const YEARS: RangeInclusive<i16> = 1700..=4000;

/// Whether a text is a date in the form that Salesforce takes: `2026-01-31`.
pub(super) fn is_date(text: &str) -> bool {
    has_shape(text, "0000-00-00") && date(text).is_some()
}

/// The date that a value means, if it is not one already: of an instant, the date that is written in it.
pub(super) fn to_date(form: &Form<'_>) -> Option<String> {
    let Form::Text(text) = form else { return None };
    let text = trimmed(text);
    let day = text.get(..10)?;
    (is_date(day) && (text.len() == day.len() || is_instant_or_local(text))).then(|| day.to_owned())
}

/// Whether a text is an instant in a form that Salesforce takes: `2026-01-31T08:00:00.000Z`, with at most three decimals, and
/// with or without a colon in the offset.
pub(super) fn is_instant(text: &str) -> bool {
    let Some((local, rest)) = text.split_at_checked("0000-00-00T00:00:00".len()) else {
        return false;
    };
    let zone = match rest.strip_prefix('.') {
        Some(decimals) => {
            let zone = decimals.trim_start_matches(|digit: char| digit.is_ascii_digit());
            if !(1..=3).contains(&(decimals.len() - zone.len())) {
                return false;
            }
            zone
        }
        None => rest,
    };
    let is_zone = match zone.as_bytes() {
        b"Z" => true,
        [b'+' | b'-', ..] => has_shape(&zone[1..], "00:00") || has_shape(&zone[1..], "0000"),
        _ => false,
    };
    is_zone && has_shape(local, "0000-00-00T00:00:00") && timestamp(text).is_some()
}

/// The instant that a value means, if it is not one already: midnight in UTC for a date, and the seconds or milliseconds since 1970
/// for a number with as many digits as they have had since 2001. A text without a time zone means none.
pub(super) fn to_instant(form: &Form<'_>) -> Option<String> {
    let instant = match form {
        Form::Text(text) => {
            let text = trimmed(text);
            if is_date(text) {
                Offset::UTC.to_timestamp(date(text)?.at(0, 0, 0, 0)).ok()
            } else {
                timestamp(text)
            }
        }
        Form::Number(number) => of_epoch(number),
        Form::Null | Form::Bool(_) | Form::Structure(_) => None,
    }?;
    let instant = Timestamp::from_millisecond(instant.as_millisecond()).ok()?;
    Some(instant.to_string())
}

/// Whether a text is a time of day: `08:00:00.000Z`.
pub(super) fn is_time(text: &str) -> bool {
    let local = text.strip_suffix('Z').unwrap_or(text);
    let is_shaped = |shape: &str| {
        local
            .get(..shape.len())
            .is_some_and(|start| has_shape(start, shape))
    };
    is_shaped("00:00") && local.parse::<Time>().is_ok()
}

/// The instant of so many seconds or milliseconds since 1970.
fn of_epoch(number: &str) -> Option<Timestamp> {
    let (whole, decimals) = number.split_once('.').unwrap_or((number, ""));
    let is_digits = number
        .bytes()
        .all(|byte| byte.is_ascii_digit() || byte == b'.');
    let value: i64 = whole.parse().ok()?;
    match whole.len() {
        10 if is_digits => {
            let millis: String = decimals.chars().chain("000".chars()).take(3).collect();
            Timestamp::from_millisecond(value * 1000 + millis.parse::<i64>().ok()?).ok()
        }
        13 if is_digits => Timestamp::from_millisecond(value).ok(),
        _ => None,
    }
}

fn is_instant_or_local(text: &str) -> bool {
    timestamp(text).is_some() || text.parse::<DateTime>().is_ok()
}

fn date(text: &str) -> Option<Date> {
    let date: Date = text.parse().ok()?;
    YEARS.contains(&date.year()).then_some(date)
}

fn timestamp(text: &str) -> Option<Timestamp> {
    let instant: Timestamp = text.parse().ok()?;
    let year = Offset::UTC.to_datetime(instant).year();
    YEARS.contains(&year).then_some(instant)
}

/// Whether a text has digits where the shape has zeros, and is like the shape everywhere else.
fn has_shape(text: &str, shape: &str) -> bool {
    text.len() == shape.len()
        && text
            .bytes()
            .zip(shape.bytes())
            .all(|(byte, shape)| match shape {
                b'0' => byte.is_ascii_digit(),
                other => byte == other,
            })
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use super::*;

    fn text(text: &str) -> Form<'_> {
        Form::Text(Cow::Borrowed(text))
    }

    #[test]
    fn a_date_is_that_of_a_text_or_the_one_written_in_an_instant() {
        for (from, date) in [
            ("2026-01-31", "2026-01-31"),
            ("2026-01-31T08:00:00Z", "2026-01-31"),
            ("2026-01-31T23:30:00-05:00", "2026-01-31"),
            ("2026-01-31 08:00:00", "2026-01-31"),
            (" 2026-01-31T08:00 ", "2026-01-31"),
        ] {
            assert_eq!(to_date(&text(from)).as_deref(), Some(date), "{from}");
        }
    }

    #[test]
    fn what_could_be_two_dates_or_none_is_no_date() {
        for from in [
            "",
            "01/02/2026",
            "31.01.2026",
            "2026-02-30",
            "2026-1-31",
            "20260131",
            "Jan 31, 2026",
            "1699-12-31",
            "2026-01-31x",
            "2026-01-31T99:00:00Z",
            "1767225600",
        ] {
            assert_eq!(to_date(&text(from)), None, "{from}");
        }
        assert_eq!(to_date(&Form::Number("1767225600")), None);
        assert_eq!(to_date(&Form::Bool(true)), None);
    }

    #[test]
    fn an_instant_in_salesforces_form_stays() {
        for instant in [
            "2026-01-31T08:00:00Z",
            "2026-01-31T08:00:00.5Z",
            "2026-01-31T08:00:00.000Z",
            "2026-01-31T08:00:00.000+0000",
            "2026-01-31T08:00:00-05:00",
        ] {
            assert!(is_instant(instant), "{instant}");
        }
        for other in [
            "2026-01-31",
            "2026-01-31T08:00:00",
            "2026-01-31 08:00:00Z",
            "2026-01-31T08:00Z",
            "2026-01-31T08:00:00.123456Z",
            "2026-02-30T08:00:00Z",
            "2026-01-31T08:00:00.Z",
            "2026-01-31T08:00:00z",
        ] {
            assert!(!is_instant(other), "{other}");
        }
    }

    #[test]
    fn other_forms_of_an_instant_are_converted() {
        for (from, instant) in [
            (text("2026-01-31"), "2026-01-31T00:00:00Z"),
            (text("2026-01-31 08:00:00Z"), "2026-01-31T08:00:00Z"),
            (text("2026-01-31T08:00+01:00"), "2026-01-31T07:00:00Z"),
            (
                text("2026-01-31T08:00:00.123456Z"),
                "2026-01-31T08:00:00.123Z",
            ),
            (Form::Number("1769846400"), "2026-01-31T08:00:00Z"),
            (Form::Number("1769846400.25"), "2026-01-31T08:00:00.25Z"),
            (Form::Number("1769846400123"), "2026-01-31T08:00:00.123Z"),
        ] {
            let instant = Some(instant.to_owned());
            assert_eq!(to_instant(&from), instant);
        }
    }

    #[test]
    fn what_could_be_two_instants_or_none_is_no_instant() {
        for from in [
            text("2026-01-31T08:00:00"),
            text("01/02/2026 08:00"),
            text("1769846400"),
            text("tomorrow"),
            Form::Number("42"),
            Form::Number("176984640012"),
            Form::Number("-1769846400"),
            Form::Number("1e10"),
            Form::Number("17698464001234"),
            Form::Bool(true),
            Form::Null,
        ] {
            assert_eq!(to_instant(&from), None);
        }
    }

    #[test]
    fn a_time_of_day_has_hours_and_minutes() {
        for time in ["08:00", "08:00:00", "08:00:00.000Z"] {
            assert!(is_time(time), "{time}");
        }
        for other in ["", "8", "8:00", "25:00", "08:00 pm", "2026-01-31T08:00:00Z"] {
            assert!(!is_time(other), "{other}");
        }
    }
}
