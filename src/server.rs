//! Listens, answers requests, and stops without losing the requests in flight.

pub(crate) mod connections;
mod counted;
mod listeners;
pub mod memory;
pub mod telemetry;

use std::{
    convert::Infallible,
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
use futures_util::future::join_all;
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

/// The pause after a connection could not be accepted, which happens when there are no file descriptors left.
const PAUSE: Duration = Duration::from_millis(100);

/// How long a connection without any request yet is kept once the service drains: its request may be on the way.
const FIRST_REQUEST: Duration = Duration::from_secs(1);

/// How long to wait for answers that are being sent once the second signal has come.
const LAST_MOMENT: Duration = Duration::from_secs(1);
/// The signal that a process receives when it writes a file beyond its size limit (`ulimit -f`), on Linux and BSD
/// alike.
#[cfg(unix)]
const SIGXFSZ: i32 = 25;

/// How serving ended.
#[derive(Debug, PartialEq, Eq)]
pub enum End {
    /// Every request in flight has been answered.
    Drained,
    /// The time ran out, or the second signal came, before that.
    CutOff,
}

/// The signals to stop: the first begins the shutdown, the second ends it without waiting for requests in flight.
pub type Signals = mpsc::Receiver<()>;

/// What listens, and what answers there.
#[derive(Debug)]
pub struct Port {
    /// Where connections come from.
    pub listeners: Listeners,
    /// What answers their requests.
    pub app: Router,
    /// How many connections may be answered at a time.
    pub most_connections: usize,
}

/// Serves the `ports` until the first signal. Then `/ready` answers 503 immediately, new connections are still accepted for
/// `SHUTDOWN_DELAY`, and requests in flight, including writes that have begun, are finished within `SHUTDOWN_TIMEOUT`.
/// The second signal cuts this short.
pub async fn serve(
    ports: Vec<Port>,
    ready: Lifecycle,
    in_flight: InFlight,
    mut signals: Signals,
    settings: &Serving,
) -> End {
    let hurried = CancellationToken::new();
    let servers = ports.into_iter().map(|port| {
        let server = Server::new(
            port.app,
            Connections::new(port.most_connections, in_flight.clone()),
            hurried.clone(),
            settings,
        );
        (server, port.listeners)
    });
    let servers: Vec<(Server, Listeners)> = servers.collect();
    accept_until(&servers, next(&mut signals)).await;
    ready.stop();
    tracing::info!(delay = ?settings.shutdown_delay, timeout = ?settings.shutdown_timeout, "stopping");
    let stopped = async {
        let delay = async {
            tokio::select! { () = time::sleep(settings.shutdown_delay) => {}, () = hurried.cancelled() => {} }
        };
        accept_until(&servers, delay).await;
        let finishing = servers.into_iter().map(|(server, listeners)| {
            for connection in listeners.close() {
                server.answer(connection, server.open.open());
            }
            server.finish()
        });
        let finished = async {
            join_all(finishing).await;
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

/// Accepts the connections of all servers until `stop` resolves.
async fn accept_until(servers: &[(Server, Listeners)], stop: impl Future<Output = ()>) {
    let accepts = servers
        .iter()
        .map(|(server, listeners)| server.accept(listeners));
    tokio::select! { _ = join_all(accepts) => {}, () = stop => {} }
}

/// The next signal; waits forever if the sender is gone.
async fn next(signals: &mut Signals) {
    if signals.recv().await.is_none() {
        std::future::pending::<()>().await;
    }
}

/// In the extensions of a response: the connection is closed instead, without a status.
#[derive(Clone, Copy, Debug, Error)]
#[error("the request was not answered, so that it is sent again")]
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
    /// A server whose connections are counted in `open`; `hurried` tells that the second signal has come.
    fn new(app: Router, open: Connections, hurried: CancellationToken, settings: &Serving) -> Self {
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
            open,
            connections: TaskTracker::new(),
            draining: CancellationToken::new(),
            hurried,
        }
    }

    /// Accepts connections, without end.
    async fn accept(&self, listeners: &Listeners) -> Infallible {
        loop {
            match listeners.accept().await {
                Ok(connection) => self.answer(connection, self.open.admit().await),
                // The client has already gone.
                Err(error) if is_of_connection(&error) => {}
                Err(error) => {
                    tracing::error!(%error, "a connection cannot be accepted: raise the limit of open files (ulimit -n), or add replicas");
                    time::sleep(PAUSE).await;
                }
            }
        }
    }

    /// Answers the requests of a connection until it ends. Once the service drains, the current request is the last
    /// one. A connection without any request yet is kept for [`FIRST_REQUEST`], because hyper would close it and break
    /// a request that is on its way.
    fn answer(&self, connection: TcpStream, open: Open) {
        let open = Arc::new(open);
        // Otherwise small answers would wait for the client's acknowledgement.
        if let Err(error) = connection.set_nodelay(true) {
            tracing::debug!(%error, "TCP_NODELAY could not be set");
        }
        // Otherwise a client that does not read its answer would hold memory forever.
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
            // Wait until the first request has come, or its time is up.
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
                () = open.closing() => tracing::debug!("an idle connection was closed to make room for a new one (MAX_CONNECTIONS)"),
            }
        });
    }

    /// Waits until the last request of each connection has been answered. Afterwards the app is dropped, which ends
    /// writers that wait for more work, such as the recorder.
    async fn finish(self) {
        self.draining.cancel();
        self.connections.close();
        self.connections.wait().await;
    }
}

/// The time from which answers on a new connection close it, so that clients with kept-alive connections find pods that
/// have started since. The age is shortened at random by up to a fifth, so that connections opened at the same moment
/// do not all return together. `None` if the age of connections is not limited.
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

/// Calls `act` at each SIGHUP from now on. Afterwards neither SIGHUP, which a closed terminal sends, nor SIGXFSZ, for
/// a file at its size limit, ends the process; in the latter case, the write returns an error.
///
/// # Errors
/// If the system does not allow handlers for these signals.
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

/// Only Unix has these signals.
///
/// # Errors
/// None.
#[cfg(not(unix))]
pub fn at_hangup(_: impl Fn() + Send + 'static) -> io::Result<()> {
    Ok(())
}

/// The stream of SIGTERM and Ctrl-C signals from now on.
///
/// # Errors
/// If the system does not allow handlers for these signals.
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
                tracing::error!(%error, "cannot install the handler of Ctrl-C");
                return;
            }
            if sender.send(()).await.is_err() {
                return;
            }
        }
    });
    Ok(signals)
}
