//! What it costs to stand in front of another transformer: CPU and latency of a 300 kB router batch that is not ours against
//! going there directly, and the peak memory of 200 MB streamed both ways. `cargo bench --bench pass_through`, on Linux.

use std::{
    error::Error,
    fs,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use axum::{
    Router,
    body::{Body, Bytes},
    extract::DefaultBodyLimit,
    routing::{get, post},
};
use futures_util::{StreamExt, stream};
use serde_json::json;
use tokio::net::TcpListener;

type Failure = Box<dyn Error>;

const REQUESTS: u32 = 3_000;
const STREAMED: usize = 200 << 20;
const PIECE: usize = 64 << 10;

/// How much memory may be needed to stream a body of any size, in KiB.
const MAX_MEMORY: u64 = 48 << 10;

/// How many clock ticks the kernel counts in a second of CPU.
const TICKS: u32 = 100;

/// The service in a process of its own.
struct Service(Child, String);

impl Service {
    fn start(upstream: &str) -> Result<Self, Failure> {
        let port = std::net::TcpListener::bind("127.0.0.1:0")?
            .local_addr()?
            .port();
        let child = Command::new(env!("CARGO_BIN_EXE_salesforce-transformer"))
            .args([
                "--host",
                "127.0.0.1",
                "--port",
                &port.to_string(),
                "--upstream-url",
                upstream,
                "--log-level",
                "error",
            ])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        Ok(Self(child, format!("http://127.0.0.1:{port}")))
    }

    /// The CPU time that it has used.
    fn cpu(&self) -> Result<Duration, Failure> {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.0.id()))?;
        let (_, fields) = stat.rsplit_once(") ").ok_or("no stat")?;
        let ticks = |field: usize| {
            fields
                .split(' ')
                .nth(field)
                .and_then(|ticks| ticks.parse::<u32>().ok())
        };
        let (user, system) = ticks(11).zip(ticks(12)).ok_or("no times")?;
        Ok(Duration::from_secs(1) / TICKS * (user + system))
    }

    /// The most memory that it has held, in KiB.
    fn peak(&self) -> Result<u64, Failure> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.0.id()))?;
        let line = status
            .lines()
            .find(|line| line.starts_with("VmHWM"))
            .ok_or("no peak")?;
        Ok(line.split_whitespace().nth(1).ok_or("no peak")?.parse()?)
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let upstream = upstream().await?;
    let service = Service::start(&upstream)?;
    let http = reqwest::Client::builder().no_proxy().build()?;
    while !http
        .get(format!("{}/ready", service.1))
        .send()
        .await
        .is_ok_and(|answer| answer.status() == 200)
    {
        tokio::task::yield_now().await;
    }
    let event = json!({"message": {"traits": {"text": "x".repeat(2_900)}}, "metadata": {"jobId": 1}, "destination": {}});
    let body = Bytes::from(json!({"input": vec![event; 100], "destType": "klaviyo"}).to_string());
    println!(
        "a /routerTransform of {} kB that is not ours, 8 at a time, {REQUESTS} requests",
        body.len() / 1_000
    );
    let direct = latency(&http, &upstream, &body).await?;
    let before = service.cpu()?;
    let through = latency(&http, &service.1, &body).await?;
    let cpu = service.cpu()?.saturating_sub(before) / REQUESTS;
    println!(
        "  mean latency: direct {direct:?}, through the service {through:?}; CPU of the service {cpu:?} a request"
    );
    let before = service.peak()?;
    stream_through(&http, &service.1).await?;
    let after = service.peak()?;
    println!(
        "{} MB streamed both ways: peak memory {before} KiB before, {after} KiB after",
        STREAMED >> 20
    );
    if after > MAX_MEMORY {
        return Err("streaming takes memory with the size of the body".into());
    }
    Ok(())
}

/// A transformer that answers shortly, and one route that sends back what it gets.
async fn upstream() -> Result<String, Failure> {
    let app = Router::new()
        .route("/features", get(|| async { "{}" }))
        .route("/stream", post(|body: Body| async { body }))
        .fallback(|_: Bytes| async { r#"{"output":[]}"# })
        .layer(DefaultBodyLimit::disable());
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}", listener.local_addr()?);
    tokio::spawn(async { axum::serve(listener, app).await });
    Ok(url)
}

async fn latency(http: &reqwest::Client, url: &str, body: &Bytes) -> Result<Duration, Failure> {
    let url = format!("{url}/routerTransform");
    let request = || async {
        let start = Instant::now();
        let answer = http.post(&url).body(body.clone()).send().await?;
        answer.error_for_status()?.bytes().await?;
        Ok::<_, reqwest::Error>(start.elapsed())
    };
    let mut answers = stream::iter((0..REQUESTS).map(|_| request())).buffer_unordered(8);
    let mut total = Duration::ZERO;
    while let Some(elapsed) = answers.next().await {
        total += elapsed?;
    }
    Ok(total / REQUESTS)
}

async fn stream_through(http: &reqwest::Client, url: &str) -> Result<(), Failure> {
    let piece = Bytes::from(vec![b'x'; PIECE]);
    let pieces =
        stream::iter((0..STREAMED / PIECE).map(move |_| Ok::<_, std::io::Error>(piece.clone())));
    let request = http
        .post(format!("{url}/stream"))
        .body(reqwest::Body::wrap_stream(pieces));
    let mut answer = request.send().await?;
    let mut length = 0;
    while let Some(piece) = answer.chunk().await? {
        length += piece.len();
    }
    if length == STREAMED {
        Ok(())
    } else {
        Err(format!("{length} bytes came back").into())
    }
}
