//! Texts → settings. An error says what would be right; clap puts the setting's name and value before it.

use std::time::Duration;

use bytesize::ByteSize;
use tracing_subscriber::filter::{LevelFilter, Targets};
use url::Url;

/// The longest time that a setting may name: what is longer was not meant.
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

pub(super) fn size(text: &str) -> Result<ByteSize, String> {
    let size: ByteSize = text
        .parse()
        .map_err(|error| format!("{error}; write it as 256MiB"))?;
    if size.as_u64() == 0 {
        return Err("it must be more than 0".to_owned());
    }
    Ok(size)
}

/// hyper reads no less at a time.
const SMALLEST_HEADERS: u64 = 8 << 10;

pub(super) fn header_size(text: &str) -> Result<ByteSize, String> {
    let size = size(text)?;
    if size.as_u64() < SMALLEST_HEADERS {
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

/// A level, or a filter. A single word that is no level would be a filter that lets nothing through.
pub(super) fn log_filter(text: &str) -> Result<String, String> {
    let is_level = text.parse::<LevelFilter>().is_ok();
    let is_filter = text.contains(['=', ',']) && text.parse::<Targets>().is_ok();
    if is_level || is_filter {
        return Ok(text.to_owned());
    }
    Err(
        "it must be error, warn, info, debug or trace, or a filter such as info,tower=debug"
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

/// The address of the upstream: nothing of it may be a secret, and its path counts.
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
