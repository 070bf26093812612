//! Serving: listen, answer, and stop without losing what is in flight.

mod listeners;

use std::{future::Future, io, pin::pin, time::Duration};

use axum::Router;
use hyper::{
    server::conn::http1,
    service::{Service, service_fn},
};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use tokio::{net::TcpStream, signal, sync::mpsc, time};
use tokio_io_timeout::TimeoutWriter;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use self::listeners::is_of_connection;
pub use self::listeners::{ListenError, Listeners};
use crate::{config::Serving, http::Readiness};

/// How long nothing is taken in after that has failed: it does so for want of file descriptors.
const PAUSE: Duration = Duration::from_millis(100);

/// How long a connection on which no request has come yet is kept once the service drains: its request may be on the way.
const FIRST_REQUEST: Duration = Duration::from_secs(1);

/// The signal to a process that makes a file larger than its limit (`ulimit -f`), on Linux and BSD alike.
#[cfg(unix)]
const SIGXFSZ: i32 = 25;

/// How serving ended.
#[derive(Debug, PartialEq, Eq)]
pub enum End {
    /// Everything that was in flight has been answered.
    Drained,
    /// The time was up, or the second signal came, before that.
    CutOff,
}

/// Whoever tells the service to stop: the first word begins it, the second ends it at once.
pub type Signals = mpsc::Receiver<()>;

/// Serves `app` until the first signal. Then `ready` says so at once, new connections are still taken for
/// `SHUTDOWN_DELAY`, and what is in flight, writes that have begun among it, is finished within `SHUTDOWN_TIMEOUT`. The
/// second signal cuts this short.
pub async fn serve(
    listeners: Listeners,
    app: Router,
    ready: Readiness,
    mut signals: Signals,
    settings: &Serving,
) -> End {
    let server = Server::new(app, settings);
    server.accept_until(&listeners, next(&mut signals)).await;
    ready.stop();
    tracing::info!(delay = ?settings.shutdown_delay, timeout = ?settings.shutdown_timeout, "stopping");
    let drained = async move {
        let delay = time::sleep(settings.shutdown_delay);
        server.accept_until(&listeners, delay).await;
        for connection in listeners.close() {
            server.answer(connection);
        }
        let finished = async {
            server.finish().await;
            ready.written().await;
        };
        let finished = time::timeout(settings.shutdown_timeout, finished).await;
        finished.map_or(End::CutOff, |()| End::Drained)
    };
    tokio::select! {
        end = drained => end,
        () = next(&mut signals) => End::CutOff,
    }
}

/// The next signal; never, where nobody is left to give one.
async fn next(signals: &mut Signals) {
    if signals.recv().await.is_none() {
        std::future::pending::<()>().await;
    }
}

/// Answers connections.
struct Server {
    app: TowerToHyperService<Router>,
    http: http1::Builder,
    answer_timeout: Duration,
    connections: TaskTracker,
    draining: CancellationToken,
}

impl Server {
    fn new(app: Router, settings: &Serving) -> Self {
        let mut http = http1::Builder::new();
        http.timer(TokioTimer::new())
            .header_read_timeout(settings.header_timeout);
        Self {
            app: TowerToHyperService::new(app),
            http,
            answer_timeout: settings.answer_timeout,
            connections: TaskTracker::new(),
            draining: CancellationToken::new(),
        }
    }

    /// Takes connections until `stop` resolves.
    async fn accept_until(&self, listeners: &Listeners, stop: impl Future<Output = ()>) {
        let accept = async {
            loop {
                match listeners.accept().await {
                    Ok(connection) => self.answer(connection),
                    // The caller has gone already.
                    Err(error) if is_of_connection(&error) => {}
                    Err(error) => {
                        tracing::error!(%error, "a connection cannot be taken: raise the limit of open files (ulimit -n), or add replicas");
                        time::sleep(PAUSE).await;
                    }
                }
            }
        };
        tokio::select! { () = accept => {}, () = stop => {} }
    }

    /// Answers the requests of a connection until it ends. Once the service drains, the request that is being answered is
    /// the last one. hyper would close a connection on which none has come yet, and break the one that is on its way.
    fn answer(&self, connection: TcpStream) {
        // Small answers would otherwise wait for the caller's acknowledgement.
        if let Err(error) = connection.set_nodelay(true) {
            tracing::debug!(%error, "TCP_NODELAY could not be set");
        }
        // Who takes no answer would otherwise hold its memory for ever.
        let mut connection = TimeoutWriter::new(connection);
        connection.set_timeout(Some(self.answer_timeout));
        let (app, asked) = (self.app.clone(), CancellationToken::new());
        let first_request = asked.clone();
        let service = service_fn(move |request| {
            asked.cancel();
            app.call(request)
        });
        let answering = self
            .http
            .serve_connection(TokioIo::new(Box::pin(connection)), service);
        let draining = self.draining.clone();
        let last_request = async move {
            draining.cancelled().await;
            // Either it has come, or it has had its time.
            let _ = time::timeout(FIRST_REQUEST, first_request.cancelled()).await;
        };
        self.connections.spawn(async move {
            let mut answering = pin!(answering);
            let ended = tokio::select! {
                ended = answering.as_mut() => ended,
                () = last_request => {
                    answering.as_mut().graceful_shutdown();
                    answering.await
                }
            };
            if let Err(error) = ended {
                tracing::debug!(%error, "a connection has broken");
            }
        });
    }

    /// Waits until the last request of each connection has been answered. The app is gone then, which writes that wait for
    /// more work, such as a recording, take for their end.
    async fn finish(self) {
        self.draining.cancel();
        self.connections.close();
        self.connections.wait().await;
    }
}

/// Does this at each SIGHUP from now on. Neither it nor a file that has reached its largest size (SIGXFSZ) ends the process
/// any longer: a terminal may hang up, and writing more tells by its error.
///
/// # Errors
/// Where the system lets nobody listen for them.
#[cfg(unix)]
pub fn at_hangup(act: impl Fn() + Send + 'static) -> io::Result<()> {
    let mut hangup = signal::unix::signal(signal::unix::SignalKind::hangup())?;
    let mut full = signal::unix::signal(signal::unix::SignalKind::from_raw(SIGXFSZ))?;
    tokio::spawn(async move {
        loop {
            tokio::select! { _ = hangup.recv() => act(), _ = full.recv() => {} }
        }
    });
    Ok(())
}

/// No system but Unix has such signals.
///
/// # Errors
/// None.
#[cfg(not(unix))]
pub fn at_hangup(_: impl Fn() + Send + 'static) -> io::Result<()> {
    Ok(())
}

/// Each SIGTERM and Ctrl-C from now on.
///
/// # Errors
/// Where the system lets nobody listen for them.
pub fn signals() -> io::Result<Signals> {
    let (sender, signals) = mpsc::channel(2);
    #[cfg(unix)]
    let mut terminate = signal::unix::signal(signal::unix::SignalKind::terminate())?;
    #[cfg(unix)]
    let mut interrupt = signal::unix::signal(signal::unix::SignalKind::interrupt())?;
    tokio::spawn(async move {
        loop {
            #[cfg(unix)]
            tokio::select! { _ = terminate.recv() => {}, _ = interrupt.recv() => {} }
            #[cfg(not(unix))]
            if let Err(error) = signal::ctrl_c().await {
                tracing::error!(%error, "Ctrl-C cannot be listened for");
                return;
            }
            if sender.send(()).await.is_err() {
                return;
            }
        }
    });
    Ok(signals)
}
