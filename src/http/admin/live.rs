//! `/events/live`: events as they are answered, as server-sent events. A watcher that is too slow loses events and is told how
//! many; it never slows the service. It ends when the token by which it was begun is no longer that of the address.

use std::{convert::Infallible, sync::Arc, time::Duration};

use axum::{
    Extension,
    extract::State,
    http::{HeaderMap, StatusCode, Uri},
    response::{
        IntoResponse, Response, Sse,
        sse::{Event as SentEvent, KeepAlive},
    },
};
use futures_util::{Stream, StreamExt, stream};
use tokio::sync::broadcast::{Receiver, error::RecvError};

use super::{AdminApp, events::filter, failed, protection::TokenChange};
use crate::events::{Events, Filter, KeptEvent, MAX_WATCHERS, Watch};

/// How often a watcher is shown that the connection is alive.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// `GET /events/live`: the events that fit, from now on. With `Last-Event-ID`, those missed since then come first, as far as they
/// are kept.
pub(super) async fn watch(
    State(app): State<AdminApp>,
    Extension(token): Extension<TokenChange>,
    headers: HeaderMap,
    uri: Uri,
) -> Response {
    let filter = match filter(&uri, &app.events) {
        Ok(filter) => filter,
        Err(error) => return failed(StatusCode::BAD_REQUEST, &error.to_string()),
    };
    let seen = headers.get("last-event-id").and_then(|id| id.to_str().ok());
    let Some(watch) = app.events.watch(seen) else {
        let error = format!("{MAX_WATCHERS} watch already: close one of them");
        return failed(StatusCode::SERVICE_UNAVAILABLE, &error);
    };
    let lifecycle = app.lifecycle.clone();
    let end = async move {
        tokio::select! {
            () = lifecycle.stopping() => {}
            () = token.happens() => {}
        }
    };
    let sent = sent(app.events, filter, watch).take_until(Box::pin(end));
    let keep_alive = KeepAlive::new().interval(KEEP_ALIVE);
    Sse::new(sent).keep_alive(keep_alive).into_response()
}

/// What a watcher is sent.
fn sent(
    events: Arc<Events>,
    filter: Filter,
    watch: Watch,
) -> impl Stream<Item = Result<SentEvent, Infallible>> {
    let Watch { missed, lost, live } = watch;
    // The answer's head goes out at once, so that a watcher knows that it watches.
    let begin = SentEvent::default().comment("events follow as they are answered");
    let lost = (lost > 0).then(|| told_lost(lost));
    let before = missed.into_iter().filter({
        let filter = filter.clone();
        move |event| filter.fits(event)
    });
    let shown = {
        let events = Arc::clone(&events);
        before.map(move |event| shown(&events, &event))
    };
    let before: Vec<_> = std::iter::once(begin).chain(lost).chain(shown).collect();
    let now = stream::unfold((events, filter, live), |(events, filter, mut live)| async {
        let event = next(&events, &filter, &mut live).await?;
        Some((event, (events, filter, live)))
    });
    stream::iter(before).chain(now).map(Ok)
}

/// The next event that fits, or how many were lost before it.
async fn next(
    events: &Events,
    filter: &Filter,
    live: &mut Receiver<Arc<KeptEvent>>,
) -> Option<SentEvent> {
    loop {
        match live.recv().await {
            Ok(event) if filter.fits(&event) => return Some(shown(events, &event)),
            Ok(_) => {}
            Err(RecvError::Lagged(lost)) => return Some(told_lost(lost)),
            Err(RecvError::Closed) => return None,
        }
    }
}

fn shown(events: &Events, event: &KeptEvent) -> SentEvent {
    let id = events.id(event);
    let data = event.json(&id);
    SentEvent::default().event("event").id(id).data(data)
}

fn told_lost(lost: u64) -> SentEvent {
    let data = format!(r#"{{"lost":{lost}}}"#);
    SentEvent::default().event("lost").data(data)
}
