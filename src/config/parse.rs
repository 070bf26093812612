//! Parses settings. An error states what is expected; clap adds the setting's name and value.

use std::time::Duration;

use bytesize::ByteSize;
use tracing_subscriber::filter::{LevelFilter, Targets};
use url::Url;

/// The maximum duration of a setting. A longer one is probably a mistake.
const LONGEST: Duration = Duration::from_hours(24 * 30);

pub(super) fn duration(text: &str) -> Result<Duration, String> {
    let duration = duration_or_none(text)?;
    if duration.is_zero() {
        return Err("it must be more than 0s and at most 30days".to_owned());
    }
    Ok(duration)
}

/// A duration that may be zero.
pub(super) fn duration_or_none(text: &str) -> Result<Duration, String> {
    let duration = humantime::parse_duration(text)
        .map_err(|error| format!("{error}; write it as 500ms, 30s or 1h"))?;
    if duration > LONGEST {
        return Err("it must be at most 30days".to_owned());
    }
    Ok(duration)
}

/// The maximum time to collect lookups. It is short because callers wait.
const MAX_WINDOW: Duration = Duration::from_secs(1);

/// The minimum size of a setting, in bytes. With a smaller one, the unit (KiB or MiB) was probably forgotten.
const MIN_SIZE: u64 = 1 << 10;

/// The time to collect lookups.
pub(super) fn window(text: &str) -> Result<Duration, String> {
    let window = duration_or_none(text)?;
    if window > MAX_WINDOW {
        return Err("it must be at most 1s: every event waits for so long".to_owned());
    }
    Ok(window)
}

pub(super) fn size(text: &str) -> Result<ByteSize, String> {
    let size: ByteSize = text
        .parse()
        .map_err(|error| format!("{error}; write it as 256MiB"))?;
    if size.as_u64() < MIN_SIZE {
        return Err("it must be at least 1KiB; write it as 256MiB".to_owned());
    }
    Ok(size)
}

/// The minimum of `HEADER_LIMIT`: hyper needs a buffer of this size.
const MIN_HEADERS: u64 = 8 << 10;

pub(super) fn header_size(text: &str) -> Result<ByteSize, String> {
    let size = size(text)?;
    if size.as_u64() < MIN_HEADERS {
        return Err("it must be at least 8KiB".to_owned());
    }
    Ok(size)
}

pub(super) fn count(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(0) => Err("it must be at least 1".to_owned()),
        Ok(count) => Ok(count),
        Err(error) => Err(format!("{error}; write it as 100")),
    }
}

pub(super) fn id(text: &str) -> Result<String, String> {
    let text = text.trim();
    if text.is_empty() {
        return Err("it must be ids, separated by commas".to_owned());
    }
    Ok(text.to_owned())
}

/// A level, or a filter with levels for targets and at most one level for everything else. Text that tracing-subscriber
/// would misread is rejected: it reads an empty part as the level `error`, and an unknown word as a target of which every
/// line is logged.
pub(super) fn log_filter(text: &str) -> Result<String, String> {
    let parts: Vec<&str> = text.split(',').map(str::trim).collect();
    let is_level = |word: &str| !word.is_empty() && word.parse::<LevelFilter>().is_ok();
    let is_of_target = |part: &str| {
        let parts = part.split_once('=');
        parts.is_some_and(|(target, level)| !target.is_empty() && is_level(level))
    };
    let levels = parts.iter().filter(|part| is_level(part)).count();
    let is_readable = parts
        .iter()
        .all(|part| is_level(part) || is_of_target(part));
    let filter = parts.join(",");
    if is_readable && levels <= 1 && filter.parse::<Targets>().is_ok() {
        return Ok(filter);
    }
    Err(
        "it must be error, warn, info, debug, trace or off, or a filter such as info,tower=debug"
            .to_owned(),
    )
}

pub(super) fn http_url(text: &str) -> Result<Url, String> {
    let url = Url::parse(text)
        .map_err(|error| format!("{error}; write it as https://login.salesforce.com"))?;
    if matches!(url.scheme(), "http" | "https") && url.has_host() {
        return Ok(url);
    }
    Err("it must be http or https and a host; write it as https://login.salesforce.com".to_owned())
}

/// The address of the upstream. It must not contain a user or password. Its path is kept.
pub(super) fn upstream_url(text: &str) -> Result<Url, String> {
    let url = http_url(text).map_err(|_| {
        "it must be http or https and a host; write it as http://transformer:9090".to_owned()
    })?;
    let holds_more =
        !url.username().is_empty() || url.password().is_some() || url.query().is_some();
    if holds_more {
        return Err("it takes no user, password or query".to_owned());
    }
    Ok(url)
}

pub(super) fn api_version(text: &str) -> Result<String, String> {
    let number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    match text.split_once('.') {
        Some((major, minor)) if number(major) && number(minor) => Ok(text.to_owned()),
        _ => Err("it must be a version such as 50.0".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_level_is_a_level_or_a_filter_and_read_to_its_end() {
        for (text, filter) in [
            ("info", "info"),
            ("WARN", "WARN"),
            ("off", "off"),
            ("info,tower=debug", "info,tower=debug"),
            ("hyper_util=off, info", "hyper_util=off,info"),
            ("tower=debug", "tower=debug"),
        ] {
            assert_eq!(log_filter(text).as_deref(), Ok(filter), "{text}");
        }
        for text in [
            "",
            " ",
            ",",
            "verbose",
            "info,",
            "info,tower",
            "info debug",
            "info,debug",
            "=info",
            "tower=",
            "tower=loud",
            "tower==debug",
        ] {
            assert!(log_filter(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_size_is_at_least_one_kibibyte() {
        assert_eq!(size("1KiB"), Ok(ByteSize(1024)));
        for text in ["0", "1023", "1kB", "1"] {
            assert!(size(text).unwrap_err().contains("1KiB"), "{text}");
        }
    }

    #[test]
    fn lookups_gather_for_one_second_at_most() {
        assert_eq!(window("0s"), Ok(Duration::ZERO));
        assert_eq!(window("1s"), Ok(Duration::from_secs(1)));
        assert!(window("1001ms").is_err());
    }
}
