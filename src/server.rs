//! Serving: listen, answer, and stop without losing what is in flight.

use std::{future::Future, io, time::Duration};

use axum::{Router, serve::ListenerExt};
use tokio::{net::TcpListener, signal, sync::oneshot, time};

use crate::http::Readiness;

/// How serving ended.
#[derive(Debug, PartialEq, Eq)]
pub enum End {
    /// Everything that was in flight has been answered.
    Drained,
    /// Requests were still in flight when the time was up, or the second signal came.
    CutOff,
}

/// Serves `app` until `stop` resolves, then for at most `drain` until the requests in flight are answered and the writes
/// finished that have begun, or until `stop_now` resolves.
///
/// # Errors
/// Where the listener fails.
pub async fn serve(
    listener: TcpListener,
    app: Router,
    ready: Readiness,
    stop: impl Future<Output = ()> + Send + 'static,
    stop_now: impl Future<Output = ()> + Send,
    drain: Duration,
) -> io::Result<End> {
    let (stopping, stopped) = oneshot::channel();
    let life = ready.clone();
    let begin_to_stop = async move {
        stop.await;
        life.stop();
        // The receiver is gone only where serving has ended already.
        let _ = stopping.send(());
    };
    // Small answers would otherwise wait for the caller's acknowledgement.
    let listener = listener.tap_io(|connection| {
        if let Err(error) = connection.set_nodelay(true) {
            tracing::debug!(%error, "TCP_NODELAY could not be set");
        }
    });
    let serving = axum::serve(listener, app).with_graceful_shutdown(begin_to_stop);
    let cut_off = async {
        if stopped.await.is_ok() {
            tokio::select! { () = time::sleep(drain) => {}, () = stop_now => {} }
        } else {
            std::future::pending::<()>().await;
        }
    };
    let drained = async {
        serving.await?;
        ready.written().await;
        Ok(End::Drained)
    };
    tokio::select! {
        drained = drained => drained,
        () = cut_off => Ok(End::CutOff),
    }
}

/// Resolves at the next SIGTERM or Ctrl-C.
pub async fn signalled() {
    let interrupt = async {
        if let Err(error) = signal::ctrl_c().await {
            tracing::error!(%error, "Ctrl-C cannot be listened for");
            std::future::pending::<()>().await;
        }
    };
    #[cfg(unix)]
    {
        let terminate = async {
            match signal::unix::signal(signal::unix::SignalKind::terminate()) {
                Ok(mut signals) => {
                    signals.recv().await;
                }
                Err(error) => {
                    tracing::error!(%error, "SIGTERM cannot be listened for");
                    std::future::pending::<()>().await;
                }
            }
        };
        tokio::select! { () = interrupt => {}, () = terminate => {} }
    }
    #[cfg(not(unix))]
    interrupt.await;
}
