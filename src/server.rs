//! Serving: listen, answer, and stop without losing what is in flight.

pub(crate) mod connections;
mod counted;
mod listeners;
pub mod memory;
pub mod telemetry;

use std::{
    future::Future,
    io,
    pin::pin,
    sync::Arc,
    time::{Duration, Instant},
};

use axum::{
    Router,
    http::{HeaderValue, header},
};
use hyper::{
    body::Incoming,
    server::conn::http1,
    service::{Service, service_fn},
};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use thiserror::Error;
use tokio::{net::TcpStream, signal, sync::mpsc, time};
use tokio_io_timeout::TimeoutWriter;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

pub use self::listeners::{ListenError, Listeners};
use self::{
    connections::{Connections, Open},
    counted::HeaderCounter,
    listeners::is_of_connection,
};
use crate::{config::Serving, lifecycle::Lifecycle, server::memory::InFlight};

/// How long nothing is taken in after that has failed: it does so for want of file descriptors.
const PAUSE: Duration = Duration::from_millis(100);

/// How long a connection on which no request has come yet is kept once the service drains: its request may be on the way.
const FIRST_REQUEST: Duration = Duration::from_secs(1);

/// How long answers that are on their way out are waited for once the second signal has come.
const LAST_MOMENT: Duration = Duration::from_secs(1);
/// The signal to a process that makes a file larger than its limit (`ulimit -f`), on Linux and BSD alike.
#[cfg(unix)]
const SIGXFSZ: i32 = 25;

/// How serving ended.
#[derive(Debug, PartialEq, Eq)]
pub enum End {
    /// Everything that was in flight has been answered.
    Drained,
    /// The time was up, or the second signal had come, before that.
    CutOff,
}

/// Whoever tells the service to stop: the first word begins it, the second cuts off what is still in flight.
pub type Signals = mpsc::Receiver<()>;

/// Serves `app` until the first signal. Then `ready` says so at once, new connections are still taken for
/// `SHUTDOWN_DELAY`, and what is in flight, writes that have begun among it, is finished within `SHUTDOWN_TIMEOUT`. The
/// second signal cuts this short.
pub async fn serve(
    listeners: Listeners,
    app: Router,
    ready: Lifecycle,
    in_flight: InFlight,
    mut signals: Signals,
    settings: &Serving,
) -> End {
    let server = Server::new(app, in_flight, settings);
    server.accept_until(&listeners, next(&mut signals)).await;
    ready.stop();
    tracing::info!(delay = ?settings.shutdown_delay, timeout = ?settings.shutdown_timeout, "stopping");
    let hurried = server.hurried.clone();
    let stopped = async {
        let delay = async {
            tokio::select! { () = time::sleep(settings.shutdown_delay) => {}, () = hurried.cancelled() => {} }
        };
        server.accept_until(&listeners, delay).await;
        for connection in listeners.close() {
            server.answer(connection, server.open.open());
        }
        let finished = async {
            server.finish().await;
            ready.written().await;
        };
        tokio::select! {
            () = finished => End::Drained,
            () = time::sleep(settings.shutdown_timeout) => End::CutOff,
            () = async { hurried.cancelled().await; time::sleep(LAST_MOMENT).await } => End::CutOff,
        }
    };
    let hurry = async {
        next(&mut signals).await;
        hurried.cancel();
        std::future::pending().await
    };
    tokio::select! { end = stopped => end, end = hurry => end }
}

/// The next signal; never, where nobody is left to give one.
async fn next(signals: &mut Signals) {
    if signals.recv().await.is_none() {
        std::future::pending::<()>().await;
    }
}

/// In the extensions of a response: the connection is closed instead, without a status.
#[derive(Clone, Copy, Debug, Error)]
#[error("a request was left without an answer, so that it comes again")]
pub(crate) struct Unanswered;

/// Answers connections.
struct Server {
    app: TowerToHyperService<Router>,
    http: http1::Builder,
    answer_timeout: Duration,
    most_age: Duration,
    header_limit: usize,
    open: Connections,
    connections: TaskTracker,
    draining: CancellationToken,
    /// The second signal has come.
    hurried: CancellationToken,
}

impl Server {
    fn new(app: Router, in_flight: InFlight, settings: &Serving) -> Self {
        let header_limit = settings.largest_headers();
        let mut http = http1::Builder::new();
        http.timer(TokioTimer::new())
            .header_read_timeout(settings.header_timeout)
            .max_buf_size(header_limit);
        Self {
            app: TowerToHyperService::new(app),
            http,
            answer_timeout: settings.answer_timeout,
            most_age: settings.max_connection_age,
            header_limit,
            open: Connections::new(settings.most_connections(), in_flight),
            connections: TaskTracker::new(),
            draining: CancellationToken::new(),
            hurried: CancellationToken::new(),
        }
    }

    /// Takes connections until `stop` resolves.
    async fn accept_until(&self, listeners: &Listeners, stop: impl Future<Output = ()>) {
        let accept = async {
            loop {
                match listeners.accept().await {
                    Ok(connection) => self.answer(connection, self.open.admit().await),
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
    fn answer(&self, connection: TcpStream, open: Open) {
        let open = Arc::new(open);
        // Small answers would otherwise wait for the caller's acknowledgement.
        if let Err(error) = connection.set_nodelay(true) {
            tracing::debug!(%error, "TCP_NODELAY could not be set");
        }
        // Who takes no answer would otherwise hold its memory for ever.
        let mut connection = TimeoutWriter::new(connection);
        connection.set_timeout(Some(self.answer_timeout));
        let connection = HeaderCounter::new(Box::pin(connection), Arc::clone(&open));
        let (app, asked) = (self.app.clone(), CancellationToken::new());
        let last_answer = last_answer(self.most_age);
        let (first_request, busy) = (asked.clone(), Arc::clone(&open));
        let service = service_fn(move |mut request: hyper::Request<Incoming>| {
            asked.cancel();
            let begun = busy.begin().map(|of_connection| {
                request.extensions_mut().insert(of_connection);
                app.call(request)
            });
            async move {
                let Some(answer) = begun else {
                    // The connection is about to be dropped.
                    return std::future::pending().await;
                };
                let mut answer = answer.await.unwrap_or_else(|never| match never {});
                if answer.extensions().get::<Unanswered>().is_some() {
                    return Err(Unanswered);
                }
                if last_answer.is_some_and(|last| Instant::now() >= last) {
                    let close = HeaderValue::from_static("close");
                    answer.headers_mut().insert(header::CONNECTION, close);
                }
                Ok(answer)
            }
        });
        let header_limit = self.header_limit;
        let answering = self
            .http
            .serve_connection(TokioIo::new(connection), service);
        let (draining, hurried) = (self.draining.clone(), self.hurried.clone());
        let last_request = async move {
            draining.cancelled().await;
            // Either it has come, or it has had its time.
            tokio::select! {
                () = first_request.cancelled() => {}
                () = time::sleep(FIRST_REQUEST) => {}
                () = hurried.cancelled() => {}
            }
        };
        self.connections.spawn(async move {
            let mut answering = pin!(answering);
            let ended = async {
                tokio::select! {
                    ended = answering.as_mut() => ended,
                    () = last_request => {
                        answering.as_mut().graceful_shutdown();
                        answering.await
                    }
                }
            };
            tokio::select! {
                ended = ended => log_end(ended, header_limit),
                () = open.closing() => tracing::debug!("an idle connection was closed for another one (MAX_CONNECTIONS)"),
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

/// When the answers of a new connection begin to say that it is closed: a caller that keeps its connections finds the pods
/// that have come since. The connections of one moment end up to a fifth earlier or later than one another, so that they
/// do not come back together. `None` where connections may grow old.
fn last_answer(most_age: Duration) -> Option<Instant> {
    let age = most_age.mul_f64(1.0 - fastrand::f64() / 5.0);
    (!most_age.is_zero()).then(|| Instant::now() + age)
}

fn log_end(ended: hyper::Result<()>, header_limit: usize) {
    match ended {
        Ok(()) => {}
        Err(error) if error.is_parse_too_large() => tracing::warn!(
            header_limit,
            "a request was refused (431): its headers are larger than HEADER_LIMIT"
        ),
        Err(error) => tracing::debug!(%error, "a connection has broken"),
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
