//! The lifecycle of the service: shutdown, pending writes, rereading of files, and the message of a panic.

use std::any::Any;

use tokio::{sync::watch, task::JoinHandle};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// The state that the parts of a service share for its shutdown, its pending writes and the rereading of files.
#[derive(Clone, Debug, Default)]
pub struct Lifecycle {
    stopping: CancellationToken,
    writes: TaskTracker,
    /// The number of requests to read the files of settings again.
    rereads: watch::Sender<u64>,
}

impl Lifecycle {
    /// Begins the shutdown: `/ready` answers 503 from now on.
    pub fn stop(&self) {
        self.stopping.cancel();
    }

    /// Resolves when the shutdown begins.
    pub async fn stopping(&self) {
        self.stopping.cancelled().await;
    }

    /// Resolves when all writes that have begun are finished, including those whose callers have hung up.
    pub async fn written(&self) {
        self.writes.close();
        self.writes.wait().await;
    }

    /// Makes the service reread the files of its settings.
    pub fn reread(&self) {
        self.rereads.send_modify(|rereads| *rereads += 1);
    }

    /// Notifies the receiver of each [`Self::reread`].
    pub(crate) fn rereads(&self) -> watch::Receiver<u64> {
        self.rereads.subscribe()
    }

    /// Whether the service accepts new requests.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        !self.stopping.is_cancelled()
    }

    /// Spawns a write, so that it finishes even if its caller hangs up.
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
