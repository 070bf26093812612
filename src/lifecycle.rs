//! The life of the service: stop signals, writes under way, and the message of a panic.

use std::any::Any;

use tokio::{sync::watch, task::JoinHandle};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// The life of a service: whether new requests are welcome, which writes are under way, and when files are read again.
#[derive(Clone, Debug, Default)]
pub struct Lifecycle {
    stopping: CancellationToken,
    writes: TaskTracker,
    /// How often the files of settings were to be read again.
    rereads: watch::Sender<u64>,
}

impl Lifecycle {
    /// Begins the stop: `/ready` answers 503 from now on.
    pub fn stop(&self) {
        self.stopping.cancel();
    }

    /// Resolves once the service is about to stop.
    pub async fn stopping(&self) {
        self.stopping.cancelled().await;
    }

    /// Resolves once every write that has begun is finished, including those whose callers have hung up.
    pub async fn written(&self) {
        self.writes.close();
        self.writes.wait().await;
    }

    /// Makes the service read again every file that can be read again while it runs.
    pub fn reread(&self) {
        self.rereads.send_modify(|rereads| *rereads += 1);
    }

    /// Changes each time that files are to be read again.
    pub(crate) fn rereads(&self) -> watch::Receiver<u64> {
        self.rereads.subscribe()
    }

    /// Whether new requests are welcome.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        !self.stopping.is_cancelled()
    }

    /// Runs a write to its end, even if its caller hangs up.
    pub(crate) fn write<T: Send + 'static>(
        &self,
        write: impl Future<Output = T> + Send + 'static,
    ) -> JoinHandle<T> {
        self.writes.spawn(write)
    }
}

/// The message of a panic, for the log.
pub(crate) fn panic_message(cause: &(dyn Any + Send)) -> &str {
    let text = cause.downcast_ref::<&str>().copied();
    let text = text.or_else(|| cause.downcast_ref::<String>().map(String::as_str));
    text.unwrap_or("unknown")
}
