//! Restarts under load, with real processes and signals: no connection is refused, and no request left without an answer.

use std::{
    net::TcpListener,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::{
    fixtures::{lead_job, org},
    process::{self, Process, for_org},
    service::serve,
};

/// How often the service is restarted.
const RESTARTS: usize = 5;

/// How many requests are answered between two restarts, at least.
const BETWEEN: usize = 50;

/// Callers that post without a pause, and what they meet.
struct Load {
    callers: JoinSet<Vec<String>>,
    answered: Arc<AtomicUsize>,
    enough: CancellationToken,
}

impl Load {
    /// Starts callers that open a connection for each request, as rudder-server does, and callers that keep theirs.
    fn start(port: u16) -> Self {
        let mut load = Self {
            callers: JoinSet::new(),
            answered: Arc::default(),
            enough: CancellationToken::new(),
        };
        for most_idle in [0, 0, 1, 1] {
            let http = reqwest::Client::builder()
                .no_proxy()
                .pool_max_idle_per_host(most_idle)
                .build()
                .unwrap();
            let url = format!("http://127.0.0.1:{port}/v0/destinations/salesforce");
            let (answered, enough) = (Arc::clone(&load.answered), load.enough.clone());
            load.callers.spawn(async move {
                let mut broken = Vec::new();
                while !enough.is_cancelled() {
                    let body = serde_json::json!([lead_job(1, "ada@example.com")]);
                    let asked = http.post(&url).body(body.to_string()).send().await;
                    let answer = asked.and_then(reqwest::Response::error_for_status);
                    let whole = match answer {
                        Ok(answer) => answer.text().await.map(drop),
                        Err(error) => Err(error),
                    };
                    match whole {
                        Ok(()) => drop(answered.fetch_add(1, Ordering::Relaxed)),
                        Err(error) => broken.push(format!("{error:?}")),
                    }
                }
                broken
            });
        }
        load
    }

    /// Waits until some more requests have been answered.
    async fn goes_on(&self) {
        let before = self.answered.load(Ordering::Relaxed);
        while self.answered.load(Ordering::Relaxed) < before + BETWEEN {
            tokio::task::yield_now().await;
        }
    }

    /// The requests that were refused or broken.
    async fn broken(self) -> Vec<String> {
        self.enough.cancel();
        let broken = self.callers.join_all().await.concat();
        let answered = self.answered.load(Ordering::Relaxed);
        println!(
            "{answered} requests answered, {} refused or broken",
            broken.len()
        );
        broken
    }
}

/// How long a service goes on after it is told to stop.
const SOON: (&str, &str) = ("SHUTDOWN_DELAY", "500ms");

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn five_restarts_on_a_socket_that_is_handed_over_refuse_and_break_nothing() {
    let socket = TcpListener::bind("127.0.0.1:0").unwrap();
    let salesforce = serve(org().build().router()).await;
    let settings = for_org(&salesforce, &[SOON]);
    let mut service = Process::start_at(&socket, &settings).await;
    let load = Load::start(service.port());
    for _ in 0..RESTARTS {
        load.goes_on().await;
        // The old one is gone before the new one starts: callers wait at the socket.
        service.terminate();
        assert_eq!(service.ended().await.code(), Some(0));
        service = Process::start_at(&socket, &settings).await;
    }
    load.goes_on().await;
    assert_eq!(load.broken().await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn five_restarts_on_a_shared_port_refuse_and_break_nothing() {
    let salesforce = serve(org().build().router()).await;
    let settings = for_org(&salesforce, &[SOON, ("REUSE_PORT", "true")]);
    let mut service = Process::start(&settings).await;
    let load = Load::start(service.port());
    for _ in 0..RESTARTS {
        load.goes_on().await;
        let next = Process::start_on(service.port(), &settings).await;
        service.terminate();
        assert_eq!(service.ended().await.code(), Some(0));
        service = next;
    }
    load.goes_on().await;
    assert_eq!(load.broken().await, Vec::<String>::new());
}

#[tokio::test]
async fn a_second_signal_ends_a_process_at_once_and_with_0_where_nothing_is_in_flight() {
    let mut service = Process::start(&[("SHUTDOWN_DELAY", "1h")]).await;
    assert_eq!(service.get("/ready").await.status, 200);
    service.terminate();
    while service.get("/ready").await.status != 503 {}
    assert_eq!(service.get("/health").await.status, 200);
    service.terminate();
    assert_eq!(service.ended().await.code(), Some(0), "{}", service.log());
    assert!(!service.log().contains("ERROR"), "{}", service.log());
}

#[tokio::test]
async fn a_port_that_is_taken_is_named_with_what_to_do() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let ended = process::run(&["--host", "127.0.0.1", "--port", &port], &[]).await;
    let log = String::from_utf8(ended.stderr).unwrap();
    assert_eq!(ended.status.code(), Some(1), "{log}");
    for words in ["HOST and PORT", &port, "REUSE_PORT"] {
        crate::service::assert_says(&log, words);
    }
}
