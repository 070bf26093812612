//! `/events`: the last events, those of one message, and how many there were.

use axum::{
    Json,
    extract::{Path, State, rejection::PathRejection},
    http::{StatusCode, Uri, header},
    response::{IntoResponse, Response},
};
use serde_json::{Value as JsonValue, json};
use url::form_urlencoded;

use super::{AdminApp, failed};
use crate::{
    events::{Events, Filter, FilterError, KeptEvent},
    text::shortened,
};

/// The length from which on no more events are added to an answer, in bytes.
const MAX_ANSWER: usize = 4 << 20;

/// `GET /events`: the last events that fit, the newest first.
pub(super) async fn list(State(app): State<AdminApp>, uri: Uri) -> Response {
    match filter(&uri, &app.events) {
        Ok(filter) => {
            let (events, fitting) = app.events.list(&filter);
            app.answer(&events, fitting)
        }
        Err(error) => failed(StatusCode::BAD_REQUEST, &error.to_string()),
    }
}

/// `GET /events/{message}`: what became of a message.
pub(super) async fn of_message(
    State(app): State<AdminApp>,
    message: Result<Path<String>, PathRejection>,
) -> Response {
    let Ok(Path(message)) = message else {
        let error = "the messageId in the path must be UTF-8 text, percent-encoded";
        return failed(StatusCode::BAD_REQUEST, error);
    };
    let events = app.events.of_message(&message);
    if events.is_empty() {
        let message = shortened(&message);
        let error = format!(
            "no event of the message {message} is kept: the last EVENTS_KEPT events of this process are"
        );
        return failed(StatusCode::NOT_FOUND, &error);
    }
    app.answer(&events, events.len())
}

/// `GET /events/counts`: how many events had which verdict in each of the last 60 minutes, the oldest first.
pub(super) async fn counts(State(app): State<AdminApp>) -> Json<JsonValue> {
    Json(json!({ "minutes": app.events.counts() }))
}

/// The filter in a query.
pub(super) fn filter(uri: &Uri, events: &Events) -> Result<Filter, FilterError> {
    let query = uri.query().unwrap_or_default();
    let pairs: Vec<_> = form_urlencoded::parse(query.as_bytes()).collect();
    let pairs = pairs.iter().map(|(name, value)| (&**name, &**value));
    Filter::read(pairs, events.now())
}

impl AdminApp {
    /// The events, as many as an answer may have; `leftOff` says how many of those that fit are not among them.
    fn answer(&self, events: &[KeptEvent], fitting: usize) -> Response {
        let mut json = r#"{"events":["#.to_owned();
        let mut written = 0;
        for event in events {
            if json.len() > MAX_ANSWER {
                break;
            }
            let comma = if written == 0 { "\n" } else { ",\n" };
            json.extend([comma, &event.json(&self.events.id(event))]);
            written += 1;
        }
        let left_off = fitting.saturating_sub(written);
        json.extend(["\n],\"leftOff\":", &left_off.to_string(), "}\n"]);
        ([(header::CONTENT_TYPE, "application/json")], json).into_response()
    }
}
