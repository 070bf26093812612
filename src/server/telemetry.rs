//! The log: one line per entry on standard error, readable or JSON. It never contains a body, a token or an e-mail
//! address.
//!
//! | module | what it is for |
//! |---|---|
//! | `queue` | holds lines until standard error accepts them, so that logging never blocks |
//! | `batch` | groups lines, so that few system calls are needed |
//! | `lines` | writes whole lines, even after one that was written only in part |
//! | `throttle` | limits how often a repeated line is logged |

mod batch;
mod lines;
mod queue;
mod throttle;

use std::{
    backtrace::{Backtrace, BacktraceStatus},
    io::{self, IsTerminal},
    panic::{self, PanicHookInfo},
    sync::{Arc, OnceLock},
    thread,
    time::Duration,
};

use thiserror::Error;
use tracing_subscriber::{
    Layer,
    filter::{ParseError, Targets},
    fmt,
    layer::SubscriberExt,
    util::SubscriberInitExt,
};

use self::queue::LineQueue;
pub(crate) use self::{lines::Lines, throttle::Throttle};
use crate::{config::LogFormat, lifecycle::panic_message};

/// How many bytes of lines may wait for standard error: the log of a few thousand requests.
const MAX_WAITING_BYTES: usize = 4 << 20;

/// How long the process waits at its end for the last lines to be written.
const FAREWELL: Duration = Duration::from_secs(2);

/// The log of this process, once it has started.
static STARTED: OnceLock<Arc<LineQueue>> = OnceLock::new();

/// The log. When this is dropped, the waiting lines are written, as far as standard error accepts them in time.
#[derive(Debug)]
pub struct Log(Arc<LineQueue>);

/// Why the log could not be started.
#[derive(Debug, Error)]
pub enum LogError {
    /// `LOG_LEVEL` is neither a level nor a filter.
    #[error("LOG_LEVEL is neither a level nor a filter: {0}")]
    Level(#[from] ParseError),
    /// The system could not start the thread that writes the log.
    #[error("cannot start the thread that writes the log: {0}")]
    Thread(#[from] io::Error),
}

/// Starts the log. Logging never waits for standard error. Lines that do not fit into the queue are counted
/// ([`lost_lines`]), and their number is logged once lines can be written again. Panics are logged, too.
///
/// # Errors
/// [`LogError`].
pub fn start(format: LogFormat, level: &str) -> Result<Log, LogError> {
    let filter: Targets = level.parse()?;
    let queue = Arc::new(LineQueue::start(
        io::stderr(),
        MAX_WAITING_BYTES,
        tell_lost,
    )?);
    let log = fmt::layer().with_writer(Arc::clone(&queue));
    let log = match format {
        LogFormat::Text => log
            .with_target(false)
            .with_ansi(io::stderr().is_terminal())
            .boxed(),
        LogFormat::Json => log.json().flatten_event(true).boxed(),
    };
    let started = tracing_subscriber::registry().with(log.with_filter(filter));
    match started.try_init() {
        Ok(()) => {
            STARTED.get_or_init(|| Arc::clone(&queue));
            // The standard library's hook would block while standard error is blocked.
            panic::set_hook(Box::new(log_panic));
        }
        Err(already) => tracing::debug!(%already, "the log was started before"),
    }
    Ok(Log(queue))
}

/// How many lines of this process's log were lost because nothing read standard error, or not fast enough.
#[must_use]
pub fn lost_lines() -> u64 {
    STARTED.get().map_or(0, |queue| queue.lost())
}

impl Log {
    /// Writes a line that is not a log entry, regardless of the level: the reason why the service does not start.
    pub fn print(&self, line: &str) {
        self.0.put(format!("{line}\n").as_bytes());
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        self.0.written_within(FAREWELL);
    }
}

fn tell_lost(lost: u64) {
    tracing::error!(
        lost,
        "log lines were lost: the reader of standard error has stopped or is too slow; the count is since the start"
    );
}

fn log_panic(panic: &PanicHookInfo<'_>) {
    let backtrace = Backtrace::capture();
    let has_backtrace = backtrace.status() == BacktraceStatus::Captured;
    tracing::error!(
        cause = panic_message(panic.payload()),
        place = panic.location().map(tracing::field::display),
        thread = thread::current().name(),
        backtrace = has_backtrace.then(|| tracing::field::display(&backtrace)),
        "a thread panicked: please report this as a bug"
    );
}
