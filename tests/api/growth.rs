//! What callers send that is made into more than it is: each way to grow, against a process of its own, whose resident memory
//! stays below twice `MAX_IN_FLIGHT_BYTES` and what it takes when it is idle.

mod bodies;
mod connections;
mod waiting;

use futures_util::StreamExt;
use reqwest::RequestBuilder;

use crate::process::{Process, Settings, for_org};

/// What requests in flight may take.
const LIMIT: u64 = 64 << 20;

/// What the process may take beside twice that.
const IDLE: u64 = 30 << 20;

/// Starts a service that may take [`LIMIT`], with the allocator set as in the image.
async fn limited(salesforce: &str, others: &Settings<'_>) -> Process {
    Process::start(&settings(salesforce, others)).await
}

fn settings<'s>(salesforce: &'s str, others: &Settings<'s>) -> Vec<(&'s str, &'s str)> {
    let limited = [
        ("MAX_IN_FLIGHT_BYTES", "64MiB"),
        ("MALLOC_MMAP_THRESHOLD_", "1048576"),
        ("MALLOC_TRIM_THRESHOLD_", "4194304"),
        ("LOG_LEVEL", "info"),
    ];
    for_org(salesforce, &[&limited, others].concat())
}

/// Holds where the process has never taken more than it may.
#[track_caller]
fn assert_bounded(process: &Process) {
    let (peak, most) = (process.peak(), 2 * LIMIT + IDLE);
    assert!(peak < most, "{} of {} MiB", peak >> 20, most >> 20);
}

/// Sends a request, and gives the status, the length of the answer, and how it begins.
async fn measured(request: RequestBuilder) -> (u16, u64, String) {
    let answer = request.send().await.unwrap();
    let status = answer.status().as_u16();
    let (mut length, mut begins) = (0, Vec::new());
    let mut pieces = answer.bytes_stream();
    while let Some(piece) = pieces.next().await {
        let piece = piece.unwrap();
        length += piece.len() as u64;
        let room = 4_096_usize.saturating_sub(begins.len());
        begins.extend_from_slice(&piece[..piece.len().min(room)]);
    }
    (
        status,
        length,
        String::from_utf8_lossy(&begins).into_owned(),
    )
}

/// Waits until a figure of `/metrics` is this one.
async fn until(process: &Process, figure: &str) {
    let figure = format!("\nsalesforce_transformer_{figure}\n");
    for _ in 0..10_000 {
        if process.get("/metrics").await.text.contains(&figure) {
            return;
        }
    }
    let metrics = process.get("/metrics").await.text;
    panic!("{figure} is not in {metrics}");
}
