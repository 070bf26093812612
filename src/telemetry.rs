//! The log: one line an entry on standard error, readable or JSON. Never a body, a token or an e-mail.

use std::io::{self, IsTerminal};

use tracing_subscriber::{
    Layer,
    filter::{ParseError, Targets},
    fmt,
    layer::SubscriberExt,
    util::SubscriberInitExt,
};

use crate::config::LogFormat;

/// Starts the log.
///
/// # Errors
/// Where `level` is neither a level nor a filter.
pub fn start(format: LogFormat, level: &str) -> Result<(), ParseError> {
    let filter: Targets = level.parse()?;
    let log = fmt::layer().with_writer(io::stderr);
    let log = match format {
        LogFormat::Text => log
            .with_target(false)
            .with_ansi(io::stderr().is_terminal())
            .boxed(),
        LogFormat::Json => log.json().flatten_event(true).boxed(),
    };
    let started = tracing_subscriber::registry().with(log.with_filter(filter));
    if let Err(already) = started.try_init() {
        tracing::debug!(%already, "the log was started before");
    }
    Ok(())
}
