//! The transform routes: they take events and return requests.

use axum::{extract::State, http::HeaderMap, response::Response};

use super::{
    App,
    access_log::EventCounts,
    body::RequestBody,
    explain::Explain,
    parts::{DestinationPath, JsonContentType, format},
    request_error::RequestError,
    streamed_response::{ResponseWriter, respond},
    traces::Traces,
};
use crate::{
    json::Document,
    reply,
    rudderstack::{Batch, RawBatch, Route, dynamic_config::ResolvedEntry},
    server::memory::Overloaded,
    transform::outcome,
};

/// `POST /transform`: events in any form, for people and their programs. With `?explain`, they are explained.
pub(super) async fn transform(
    State(app): State<App>,
    wish: Option<Explain>,
    _: JsonContentType,
    body: RequestBody,
) -> Response {
    if let Some(wish) = wish {
        return app.explained(wish, &body).await;
    }
    respond(body, |body, writer| async move {
        let text = body.text();
        let document = body.events(&text)?;
        let bodies = RawBatch::any_form(document.root())?;
        app.transformed(bodies, &body, false, writer).await
    })
    .await
}

/// `POST /v0/destinations/{destination}`: rudder-server's processor.
pub(super) async fn processor(
    State(app): State<App>,
    DestinationPath(name): DestinationPath,
    headers: HeaderMap,
    body: RequestBody,
) -> Response {
    respond(body, move |body, writer| async move {
        let text = body.text();
        let document = body.events(&text)?;
        let bodies = RawBatch::processor(document.root(), format(&headers), name)?;
        app.transformed(bodies, &body, false, writer).await
    })
    .await
}

/// `POST /routerTransform`: rudder-server's router.
pub(super) async fn router(
    State(app): State<App>,
    headers: HeaderMap,
    body: RequestBody,
) -> Response {
    respond(body, |body, writer| async move {
        let text = body.text();
        let document = body.events(&text)?;
        let secret = read_secret(&headers)?;
        let secret = secret.as_ref().map(Document::root);
        let bodies = RawBatch::router(document.root(), format(&headers), secret)?;
        let takes_results = takes_results(&headers);
        app.transformed(bodies, &body, takes_results, writer).await
    })
    .await
}

/// `POST /batch`: rudder-server's batch transform, which the Salesforce destinations do not use. Every job is kept.
pub(super) async fn batch(
    State(app): State<App>,
    headers: HeaderMap,
    body: RequestBody,
) -> Response {
    respond(body, |body, writer| async move {
        let text = body.text();
        let document = body.events(&text)?;
        let bodies = RawBatch::router(document.root(), format(&headers), None)?;
        let resolved = app.resolved(&bodies, &body)?;
        let batch = bodies.read(&resolved);
        Ok(reply::router::no_batch(&batch, writer.outlet()).await)
    })
    .await
}

/// Whether rudder-server treats an event that was written here as delivered. It announces this if it knows the statuses
/// 298 and 299 (`docs/rudder-server.md#inline-delivery`).
fn takes_results(headers: &HeaderMap) -> bool {
    let feature = headers.get("x-feature-filter-code");
    feature.is_some_and(|value| value.as_bytes().trim_ascii() == b"?1")
}

/// The secret in the header, to be returned byte for byte; `None` for `null`, `false`, `0` and `""`.
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

impl App {
    /// The entries whose destinations have templates, resolved.
    pub(super) fn resolved(
        &self,
        bodies: &RawBatch<'_>,
        body: &RequestBody,
    ) -> Result<Vec<Option<Box<ResolvedEntry>>>, Overloaded> {
        let reserve = |bytes: usize| body.share.make(bytes);
        bodies.resolved_within(self.pipeline.bounds().answer, reserve)
    }

    /// Transforms a batch, writes its answer and returns the last piece.
    async fn transformed(
        &self,
        bodies: RawBatch<'_>,
        body: &RequestBody,
        takes_results: bool,
        writer: ResponseWriter,
    ) -> Result<Vec<u8>, RequestError> {
        let resolved = self.resolved(&bodies, body)?;
        let batch = Batch {
            takes_results,
            ..bodies.read(&resolved)
        };
        if takes_results {
            writer.reserve(&body.share, reply::router::echoed(&batch))?;
        }
        let outcomes = self.pipeline.run(&batch, &body.share).await?;
        let traces = Traces::of(&batch.entries);
        if batch.route == Route::Processor
            && let Some(error) = outcome::first_retryable_error(&outcomes, self.pipeline.rules())
        {
            writer.head(traces, None);
            return Err(RequestError::NotNow(Box::new(error.clone())));
        }
        writer.head(traces, Some(EventCounts::of(&outcomes)));
        let outlet = writer.outlet();
        Ok(match batch.route {
            Route::Open | Route::Processor => {
                reply::processor::answer(&batch, &outcomes, outlet).await
            }
            Route::Router => reply::router::answer(&batch, &outcomes, outlet).await,
        })
    }
}
