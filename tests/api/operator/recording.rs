//! Requests are recorded on a disk that is full, or stuck: each request is answered, and no line runs into another.

use std::{fs, process::Command};

use serde_json::{Value, json};

use crate::{keys::file, process::Process};

/// A request whose line is longer than a block.
async fn post(service: &Process, number: usize) {
    let body =
        json!({"input": [], "destType": "salesforce", "number": number, "x": "y".repeat(700)});
    let answer = service.post("/routerTransform", body.to_string()).await;
    assert_eq!(answer.status, 200);
}

/// The numbers of the requests that a text holds, none for a line that holds no request.
fn numbers(text: &str) -> Vec<Option<u64>> {
    let number = |line| {
        let line: Value = serde_json::from_str(line).ok()?;
        line["body"]["number"].as_u64()
    };
    text.lines().map(number).collect()
}

#[tokio::test]
async fn a_record_after_one_for_which_the_disk_had_no_room_is_a_line_of_its_own() {
    let recording = file("full-disk", "");
    let settings = [
        ("RECORD", recording.to_str().unwrap()),
        ("SHUTDOWN_DELAY", "0s"),
        ("LOG_LEVEL", "info"),
    ];
    let mut service = Process::start_with_small_files(4, &settings).await;
    for number in 0..3 {
        post(&service, number).await;
    }
    service.says("RECORD: a request was not recorded").await;
    let full = fs::read_to_string(&recording).unwrap();
    assert_eq!(numbers(&full), [Some(0), Some(1), None], "{full}");
    assert!(!full.ends_with('\n'));

    // There is room again.
    let torn = full.lines().last().unwrap();
    fs::write(&recording, torn).unwrap();
    post(&service, 3).await;
    service.terminate();
    assert_eq!(service.ended().await.code(), Some(0));
    let whole = fs::read_to_string(&recording).unwrap();
    assert_eq!(whole.lines().next(), Some(torn));
    assert_eq!(numbers(&whole), [None, Some(3)], "{whole}");
}

#[tokio::test]
async fn a_disk_that_takes_nothing_any_more_does_not_keep_the_process_from_its_end() {
    let recording = file("stuck-disk", "");
    fs::remove_file(&recording).unwrap();
    let made = Command::new("mkfifo").arg(&recording).status().unwrap();
    assert!(made.success());
    // Somebody has it open, and reads nothing.
    let _reader = fs::OpenOptions::new()
        .read(true)
        .write(true)
        .open(&recording);
    let settings = [
        ("RECORD", recording.to_str().unwrap()),
        ("SHUTDOWN_DELAY", "0s"),
        ("SHUTDOWN_TIMEOUT", "500ms"),
        ("LOG_LEVEL", "info"),
    ];
    let mut service = Process::start(&settings).await;
    for number in 0..300 {
        post(&service, number).await;
    }
    service.says("the disk is too slow").await;
    service.terminate();
    // It waited for what was to be recorded as long as it was told to.
    assert_eq!(service.ended().await.code(), Some(1));
}
