//! The transform routes: events in, requests out.

use axum::{
    Extension,
    extract::State,
    http::{HeaderMap, header},
    response::{IntoResponse, Response},
};

use super::{
    App,
    failure::{self, Caller},
    received::{Named, Received, as_json, format, ours, outline},
    traces::Traces,
};
use crate::{
    contract::{Batch, Bodies, DestinationName, Route, batch, json::Outline, reply},
    error::{RequestError, shortened},
    outcome::{self, Outcome, Requests},
};

/// A batch that has been through the rooms.
struct Transformed {
    traces: Option<Traces>,
    /// What became of its events, and the answer that says so.
    answer: Result<(Tally, Vec<u8>), RequestError>,
}

/// What became of the events of a request, for its line in the log.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Tally {
    pub(super) events: usize,
    pub(super) requests: usize,
    pub(super) delivered: usize,
    pub(super) filtered: usize,
    pub(super) failed: usize,
}

impl Tally {
    fn of(outcomes: &[Outcome<'_>]) -> Self {
        outcomes.iter().fold(Self::default(), |mut tally, outcome| {
            tally.events += outcome.entries.len();
            match &outcome.result {
                Ok(Requests::Described(requests)) => tally.requests += requests.len(),
                Ok(Requests::Transformed { .. }) => tally.requests += 1,
                Ok(Requests::Delivered) => tally.delivered += 1,
                Err(error) => {
                    let of_kind = match error.stat_tags() {
                        None => &mut tally.filtered,
                        Some(_) => &mut tally.failed,
                    };
                    *of_kind += outcome.entries.len();
                }
            }
            tally
        })
    }
}

/// `POST /transform`: events in any form, for people and programs.
pub(super) async fn transform(
    State(app): State<App>,
    headers: HeaderMap,
    body: Received,
) -> Response {
    let answer = async {
        require_json(&headers)?;
        let body = body.whole()?;
        let text = batch::text(&body);
        let outline = outline(&text)?;
        let write = |batch: &Batch<'_>, outcomes: &[Outcome<'_>]| {
            reply::processor::answer(batch, outcomes, DestinationName::Salesforce)
        };
        app.transformed(Bodies::any_form(outline.root())?, false, write)
            .await
    };
    respond(answer.await, Caller::Person)
}

/// `POST /v0/destinations/{destination}`: rudder-server's processor.
pub(super) async fn processor(
    State(app): State<App>,
    name: Named,
    headers: HeaderMap,
    body: Received,
) -> Response {
    let answer = async {
        let name = ours(name)?;
        let body = body.whole()?;
        let text = batch::text(&body);
        let outline = outline(&text)?;
        let write = |batch: &Batch<'_>, outcomes: &[Outcome<'_>]| {
            reply::processor::answer(batch, outcomes, name)
        };
        app.transformed(
            Bodies::processor(outline.root(), format(&headers), name)?,
            false,
            write,
        )
        .await
    };
    respond(answer.await, Caller::RudderServer)
}

/// `POST /routerTransform`: rudder-server's router.
pub(super) async fn router(State(app): State<App>, headers: HeaderMap, body: Received) -> Response {
    let answer = async {
        let body = body.whole()?;
        let text = batch::text(&body);
        let outline = outline(&text)?;
        let secret = read_secret(&headers)?;
        let secret = secret.as_ref().map(Outline::root);
        let bodies = Bodies::router(outline.root(), format(&headers), secret)?;
        let takes_results = takes_results(&headers);
        app.transformed(bodies, takes_results, reply::router::answer)
            .await
    };
    respond(answer.await, Caller::RudderServer)
}

/// `POST /batch`: rudder-server's batch transform, which the Salesforce destinations do not have. Every job is kept.
pub(super) async fn batch(headers: HeaderMap, body: Received) -> Response {
    let answer = async {
        let body = body.whole()?;
        let text = batch::text(&body);
        let outline = outline(&text)?;
        let bodies = Bodies::router(outline.root(), format(&headers), None)?;
        let resolved = bodies.resolved();
        Ok(reply::router::no_batch(&bodies.read(&resolved)))
    };
    match answer.await {
        Ok(json) => as_json(json),
        Err(error) => failure::answer(&error, Caller::RudderServer),
    }
}

/// Whether rudder-server takes an event that was written here for delivered: it says so where it knows the statuses 298
/// and 299 (contract of delivery, obligation 2).
fn takes_results(headers: &HeaderMap) -> bool {
    let feature = headers.get("x-feature-filter-code");
    feature.is_some_and(|value| value.as_bytes().trim_ascii() == b"?1")
}

/// The secret of the header, to be echoed byte for byte. `null`, `false`, `0` and `""` are none.
fn read_secret(headers: &HeaderMap) -> Result<Option<Outline<'_>>, RequestError> {
    let Some(header) = headers
        .get("oauth-secret")
        .filter(|secret| !secret.is_empty())
    else {
        return Ok(None);
    };
    let text = std::str::from_utf8(header.as_bytes()).map_err(RequestError::SecretNotText)?;
    let secret = Outline::read(text).map_err(RequestError::SecretNotJson)?;
    Ok(Some(secret).filter(|secret| secret.root().is_truthy()))
}

fn require_json(headers: &HeaderMap) -> Result<(), RequestError> {
    let found = headers
        .get(header::CONTENT_TYPE)
        .map_or("missing", |value| value.to_str().unwrap_or("unreadable"));
    let essence = found
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase();
    let json = essence == "application/json"
        || (essence.starts_with("application/") && essence.ends_with("+json"));
    if json {
        Ok(())
    } else {
        Err(RequestError::ContentType {
            found: shortened(found),
        })
    }
}

fn respond(transformed: Result<Transformed, RequestError>, caller: Caller) -> Response {
    let (traces, answer) = match transformed {
        Ok(transformed) => (transformed.traces, transformed.answer),
        Err(error) => (None, Err(error)),
    };
    let response = match answer {
        Ok((tally, json)) => (Extension(tally), as_json(json)).into_response(),
        Err(error) => failure::answer(&error, caller),
    };
    (traces.map(Extension), response).into_response()
}

impl App {
    /// Runs a batch through the rooms and writes its answer.
    async fn transformed(
        &self,
        bodies: Bodies<'_>,
        takes_results: bool,
        write: impl for<'b> FnOnce(&Batch<'b>, &[Outcome<'b>]) -> Vec<u8>,
    ) -> Result<Transformed, RequestError> {
        let resolved = bodies.resolved();
        let batch = Batch {
            takes_results,
            ..bodies.read(&resolved)
        };
        let outcomes = self.pipeline.run(&batch).await;
        let hindrance = || outcome::hindrance(&outcomes, self.pipeline.rules());
        let answer = match (batch.route == Route::Processor).then(hindrance).flatten() {
            Some(error) => Err(RequestError::NotNow(Box::new(error.clone()))),
            None => Ok((Tally::of(&outcomes), write(&batch, &outcomes))),
        };
        Ok(Transformed {
            traces: Traces::of(&batch.entries),
            answer,
        })
    }
}
