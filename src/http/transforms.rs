//! The transform routes: events in, requests out.

use axum::{
    extract::State,
    http::{HeaderMap, header},
    response::Response,
};

use super::{
    App,
    answer::Writing,
    body::{Named, Received, Whole, format, ours},
    error_response::Caller,
    traces::Traces,
};
use crate::{
    http::request_error::RequestError,
    json::Document,
    reply,
    rudderstack::{Batch, Bodies, DestinationName, Route, batch, bodies, dynamic_config::Resolved},
    server::memory::Overloaded,
    text::shortened,
    transform::outcome::{self, Outcome, Requests},
};

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
    let answer = body.answer(Caller::Person);
    let writing = answer.writing();
    let written = async move {
        require_json(&headers)?;
        let body = body.whole()?;
        let text = batch::text(&body);
        let document = body.document(&text)?;
        body.holds_events(bodies::max_events(document.root()))?;
        let bodies = Bodies::any_form(document.root())?;
        let form = Form::Processor(DestinationName::Salesforce);
        app.transformed(bodies, &body, form, false, writing).await
    };
    answer.of(written).await
}

/// `POST /v0/destinations/{destination}`: rudder-server's processor.
pub(super) async fn processor(
    State(app): State<App>,
    name: Named,
    headers: HeaderMap,
    body: Received,
) -> Response {
    let answer = body.answer(Caller::RudderServer);
    let writing = answer.writing();
    let written = async move {
        let name = ours(name)?;
        let body = body.whole()?;
        let text = batch::text(&body);
        let document = body.document(&text)?;
        body.holds_events(bodies::max_events(document.root()))?;
        let bodies = Bodies::processor(document.root(), format(&headers), name)?;
        let form = Form::Processor(name);
        app.transformed(bodies, &body, form, false, writing).await
    };
    answer.of(written).await
}

/// `POST /routerTransform`: rudder-server's router.
pub(super) async fn router(State(app): State<App>, headers: HeaderMap, body: Received) -> Response {
    let answer = body.answer(Caller::RudderServer);
    let writing = answer.writing();
    let written = async move {
        let body = body.whole()?;
        let text = batch::text(&body);
        let document = body.document(&text)?;
        body.holds_events(bodies::max_events(document.root()))?;
        let secret = read_secret(&headers)?;
        let secret = secret.as_ref().map(Document::root);
        let bodies = Bodies::router(document.root(), format(&headers), secret)?;
        let takes_results = takes_results(&headers);
        app.transformed(bodies, &body, Form::Router, takes_results, writing)
            .await
    };
    answer.of(written).await
}

/// `POST /batch`: rudder-server's batch transform, which the Salesforce destinations do not have. Every job is kept.
pub(super) async fn batch(State(app): State<App>, headers: HeaderMap, body: Received) -> Response {
    let answer = body.answer(Caller::RudderServer);
    let writing = answer.writing();
    let written = async move {
        let body = body.whole()?;
        let text = batch::text(&body);
        let document = body.document(&text)?;
        body.holds_events(bodies::max_events(document.root()))?;
        let bodies = Bodies::router(document.root(), format(&headers), None)?;
        let resolved = app.resolved(&bodies, &body)?;
        let batch = bodies.read(&resolved);
        Ok(reply::router::no_batch(&batch, writing.outlet()).await)
    };
    answer.of(written).await
}

/// Whether rudder-server takes an event that was written here for delivered: it says so where it knows the statuses 298
/// and 299 (`docs/rudder-server.md#inline-delivery`).
fn takes_results(headers: &HeaderMap) -> bool {
    let feature = headers.get("x-feature-filter-code");
    feature.is_some_and(|value| value.as_bytes().trim_ascii() == b"?1")
}

/// The secret of the header, to be echoed byte for byte. `null`, `false`, `0` and `""` are none.
fn read_secret(headers: &HeaderMap) -> Result<Option<Document<'_>>, RequestError> {
    let Some(header) = headers
        .get("oauth-secret")
        .filter(|secret| !secret.is_empty())
    else {
        return Ok(None);
    };
    let text = std::str::from_utf8(header.as_bytes()).map_err(RequestError::SecretNotText)?;
    let secret = Document::read(text).map_err(RequestError::SecretNotJson)?;
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

/// The form of an answer.
#[derive(Clone, Copy, Debug)]
enum Form {
    /// That of a processor route; the tags of a failure name this destination.
    Processor(DestinationName),
    /// That of `/routerTransform`.
    Router,
}

impl App {
    /// The entries whose destinations have templates, resolved.
    fn resolved(
        &self,
        bodies: &Bodies<'_>,
        body: &Whole,
    ) -> Result<Vec<Option<Box<Resolved>>>, Overloaded> {
        let room = |bytes: usize| body.share().make(bytes);
        bodies.resolved_within(self.pipeline.bounds().answer, room)
    }

    /// Runs a batch through the rooms and writes its answer, of which the last piece is returned.
    async fn transformed(
        &self,
        bodies: Bodies<'_>,
        body: &Whole,
        form: Form,
        takes_results: bool,
        writing: Writing,
    ) -> Result<Vec<u8>, RequestError> {
        let resolved = self.resolved(&bodies, body)?;
        let batch = Batch {
            takes_results,
            ..bodies.read(&resolved)
        };
        if takes_results {
            writing.reserve(body.share(), reply::router::echoed(&batch))?;
        }
        let outcomes = self.pipeline.run(&batch, body.share()).await?;
        let traces = Traces::of(&batch.entries);
        let first_retryable_error =
            || outcome::first_retryable_error(&outcomes, self.pipeline.rules());
        if let Some(error) = (batch.route == Route::Processor)
            .then(first_retryable_error)
            .flatten()
        {
            writing.head(traces, None);
            return Err(RequestError::NotNow(Box::new(error.clone())));
        }
        writing.head(traces, Some(Tally::of(&outcomes)));
        Ok(match form {
            Form::Processor(name) => {
                reply::processor::answer(&batch, &outcomes, name, writing.outlet()).await
            }
            Form::Router => reply::router::answer(&batch, &outcomes, writing.outlet()).await,
        })
    }
}
