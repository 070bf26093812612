//! `/events/live`: events as they are answered.

use futures_util::StreamExt;
use serde_json::{Value, json};

use super::{message, watched};
use crate::{
    fixtures::{destination, job, org},
    service::Service,
};

/// A watcher: the blocks that it is sent.
struct Watcher {
    answer: reqwest::Response,
    text: String,
}

impl Watcher {
    async fn start(service: &Service, query: &str, seen: Option<&str>) -> Self {
        let mut request = service
            .http
            .get(format!("{}/events/live{query}", service.admin));
        if let Some(seen) = seen {
            request = request.header("Last-Event-ID", seen);
        }
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), 200);
        assert_eq!(answer.headers()["content-type"], "text/event-stream");
        let text = String::new();
        let mut watcher = Self { answer, text };
        assert!(watcher.block().await.unwrap().starts_with(':'));
        watcher
    }

    /// The next block; `None` at the end.
    async fn block(&mut self) -> Option<String> {
        loop {
            if let Some((block, rest)) = self.text.split_once("\n\n") {
                let (block, rest) = (block.to_owned(), rest.to_owned());
                self.text = rest;
                return Some(block);
            }
            let chunk = self.answer.chunk().await.unwrap()?;
            self.text.push_str(std::str::from_utf8(&chunk).unwrap());
        }
    }

    /// The kind, the id and the data of the next block.
    async fn next(&mut self) -> (String, String, Value) {
        let block = self.block().await.unwrap();
        let part = |name: &str| {
            let mut lines = block.lines();
            let found = lines.find_map(|line| line.strip_prefix(name));
            found.unwrap_or_default().trim().to_owned()
        };
        let data = serde_json::from_str(&part("data:")).unwrap();
        (part("event:"), part("id:"), data)
    }
}

async fn send(service: &Service, id: &str, traits: Value) {
    service
        .router([job(1, message(id, traits), &destination("d"))])
        .await;
}

#[tokio::test]
async fn a_watcher_sees_each_event_that_fits_in_order() {
    let service = watched(&org().build(), &[]).await;
    send(&service, "before", json!({})).await;
    let mut watcher = Watcher::start(&service, "?status=400", None).await;
    send(&service, "1", json!({})).await;
    send(&service, "sent", json!({"email": "ada@example.com"})).await;
    send(&service, "2", json!({})).await;
    for expected in ["1", "2"] {
        let (kind, id, data) = watcher.next().await;
        assert_eq!(
            (kind.as_str(), &data["message"]),
            ("event", &json!(expected))
        );
        assert_eq!(data["id"], id);
    }
}

#[tokio::test]
async fn whoever_comes_back_sees_what_was_missed_and_how_much_is_lost() {
    let service = watched(&org().build(), &["--events-kept", "2"]).await;
    let mut watcher = Watcher::start(&service, "", None).await;
    send(&service, "seen", json!({})).await;
    let (_, seen, _) = watcher.next().await;
    for id in ["1", "2", "3"] {
        send(&service, id, json!({})).await;
    }
    let mut back = Watcher::start(&service, "", Some(&seen)).await;
    let (kind, _, data) = back.next().await;
    assert_eq!((kind.as_str(), data), ("lost", json!({"lost": 1})));
    for expected in ["2", "3"] {
        assert_eq!(back.next().await.2["message"], expected);
    }
}

#[tokio::test]
async fn whoever_comes_from_before_a_restart_has_missed_all_that_is_kept() {
    let service = watched(&org().build(), &["--events-kept", "2"]).await;
    for id in ["1", "2", "3"] {
        send(&service, id, json!({})).await;
    }
    let mut back = Watcher::start(&service, "", Some("00000000-7")).await;
    assert_eq!(back.next().await.2, json!({"lost": 1}));
    for expected in ["2", "3"] {
        assert_eq!(back.next().await.2["message"], expected);
    }
    // A text that is no id says nothing.
    for none in ["7", "x-7", "00000000-x", ""] {
        let mut other = Watcher::start(&service, "", Some(none)).await;
        send(&service, none, json!({})).await;
        let told = other.next().await.2;
        assert_eq!(told["message"].as_str().unwrap_or_default(), none);
    }
}

/// The watcher reads nothing while far more events come than may wait for it and fit into the buffers on the way.
#[tokio::test]
async fn a_slow_watcher_loses_events_is_told_how_many_and_slows_nobody() {
    const EVENTS: u64 = 20_000;
    let service = watched(&org().build(), &[]).await;
    let mut watcher = Watcher::start(&service, "", None).await;
    let jobs = |from: u64| {
        let jobs = (from..from + 1_000)
            .map(|id| job(id, message(&id.to_string(), json!({})), &destination("d")));
        jobs.collect::<Vec<_>>()
    };
    for from in (0..EVENTS).step_by(1_000) {
        service.router(jobs(from)).await;
    }
    let (mut shown, mut lost) = (0, 0);
    while shown + lost < EVENTS {
        let (kind, _, data) = watcher.next().await;
        match kind.as_str() {
            "event" => shown += 1,
            _ => lost += data["lost"].as_u64().unwrap(),
        }
    }
    assert_eq!(shown + lost, EVENTS);
    assert!(lost > 0, "nothing was lost");
}

#[tokio::test]
async fn so_many_may_watch_and_no_more() {
    let service = watched(&org().build(), &[]).await;
    let mut watchers = Vec::new();
    for _ in 0..16 {
        watchers.push(Watcher::start(&service, "", None).await);
    }
    assert_eq!(service.admin("/events/live").await.status, 503);
    assert_eq!(service.admin("/events").await.status, 200);
}

#[tokio::test]
async fn a_watcher_is_let_go_when_the_service_stops() {
    let service = watched(&org().build(), &[]).await;
    let mut watcher = Watcher::start(&service, "", None).await;
    service.signal().await;
    assert_eq!(watcher.block().await, None);
    assert_eq!(
        service.serving.await.unwrap(),
        salesforce_transformer::server::End::Drained
    );
}

/// A watcher whose connection ends in the middle of everything holds nothing up.
#[tokio::test]
async fn a_watcher_that_goes_makes_room() {
    let service = watched(&org().build(), &[]).await;
    for _ in 0..40 {
        let answer = service
            .http
            .get(format!("{}/events/live", service.admin))
            .send()
            .await
            .unwrap();
        let mut stream = answer.bytes_stream();
        while stream.next().await.is_none_or(|chunk| chunk.is_err()) {}
        drop(stream);
        send(&service, "m", json!({})).await;
    }
}
