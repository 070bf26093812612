//! `POST /transform?explain`: says why each event becomes what it becomes, in place of the requests. Nothing is written.

use std::convert::Infallible;

use axum::{
    Extension, Router,
    extract::{OptionalFromRequestParts, State},
    http::{HeaderMap, Uri, header, request::Parts},
    response::{IntoResponse, Response},
    routing::post,
};
use url::form_urlencoded;

use super::{
    App, accept::prefers, body::RequestBody, error_response::Rejection, parts::JsonContentType,
    request_error::RequestError, routes::ClientKind,
};
use crate::{
    pipeline::{Asking, Explained},
    reply::explanation,
    rudderstack::RawBatch,
};

/// The wish for an explanation: the parameter `explain`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Explain {
    /// What Salesforce is asked (`live`, by default).
    asking: Asking,
    /// Whether the answer is text for people.
    is_text: bool,
}

/// The route of the admin address: `POST /explain`. The service answers it, which has the pipeline.
pub(super) fn router() -> Router<App> {
    Router::new()
        .route("/explain", post(explain))
        .layer(Extension(ClientKind::Person))
}

/// `POST /explain`: as `POST /transform?explain`, in JSON.
async fn explain(
    State(app): State<App>,
    uri: Uri,
    _: JsonContentType,
    body: RequestBody,
) -> Response {
    let wish = Parameters::of(uri.query().unwrap_or_default());
    let wish = Explain {
        asking: wish.asking,
        is_text: false,
    };
    app.explained(wish, &body).await
}

/// What the query of a request says about explanations.
struct Parameters {
    is_explained: bool,
    asking: Asking,
}

impl Parameters {
    fn of(query: &str) -> Self {
        let mut parameters = Self {
            is_explained: false,
            asking: Asking::Lookups,
        };
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            let is_true = !matches!(&*value, "false" | "0");
            match &*name {
                "explain" => parameters.is_explained = is_true,
                "live" if is_true => parameters.asking = Asking::Lookups,
                "live" => parameters.asking = Asking::Nothing,
                _ => {}
            }
        }
        parameters
    }
}

impl Explain {
    fn of(query: &str, headers: &HeaderMap) -> Option<Self> {
        let wish = Parameters::of(query);
        wish.is_explained.then(|| Self {
            asking: wish.asking,
            is_text: prefers(headers, "text/plain", "application/json"),
        })
    }
}

impl<S: Sync> OptionalFromRequestParts<S> for Explain {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>, Infallible> {
        let query = parts.uri.query().unwrap_or_default();
        Ok(Self::of(query, &parts.headers))
    }
}

impl App {
    /// Explains the events of a body in any form.
    pub(super) async fn explained(&self, wish: Explain, body: &RequestBody) -> Response {
        match self.explanation(wish, body).await {
            Ok((content_type, text)) => {
                ([(header::CONTENT_TYPE, content_type)], text).into_response()
            }
            Err(error) => {
                let client = body.client;
                Rejection { error, client }.into_response()
            }
        }
    }

    async fn explanation(
        &self,
        wish: Explain,
        body: &RequestBody,
    ) -> Result<(&'static str, String), RequestError> {
        let text = body.text();
        let document = body.events(&text)?;
        let bodies = RawBatch::any_form(document.root())?;
        let resolved = self.resolved(&bodies, body)?;
        let batch = bodies.read(&resolved);
        let explained = self.pipeline.explain(&batch, &body.share, wish.asking);
        let explained = explained.await?;
        // Writing the explanations of a large body takes seconds.
        let written = tokio::task::spawn_blocking(move || written(explained, wish.is_text));
        written.await.map_err(|_| RequestError::Panicked)?
    }
}

/// The explanations as text or JSON, with the content type.
fn written(explained: Explained, is_text: bool) -> Result<(&'static str, String), RequestError> {
    let Explained {
        explanations,
        forecast,
    } = explained;
    let forecast = forecast.summed();
    if is_text {
        let text = explanation::text(&explanations, &forecast);
        let plain = anstream::adapter::strip_str(&text).to_string();
        return Ok(("text/plain; charset=utf-8", plain));
    }
    let json = explanation::json(&explanations, &forecast);
    let json = json.map_err(|_| RequestError::Panicked)?;
    Ok(("application/json; charset=utf-8", json))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wish(query: &str, accept: &str) -> Option<(bool, bool)> {
        let headers = [(header::ACCEPT, accept.parse().unwrap())]
            .into_iter()
            .collect();
        Explain::of(query, &headers).map(|wish| (wish.asking == Asking::Lookups, wish.is_text))
    }

    #[test]
    fn the_parameters_and_accept_say_what_is_wanted() {
        for (query, accept, wanted) in [
            ("", "*/*", None),
            ("explain=false", "*/*", None),
            ("explain", "*/*", Some((true, false))),
            ("explain=true&live=false", "*/*", Some((false, false))),
            ("live=false&explain", "text/plain", Some((false, true))),
            (
                "explain",
                "application/json, text/plain",
                Some((true, false)),
            ),
            (
                "explain",
                "TEXT/plain;q=0.9, application/json",
                Some((true, true)),
            ),
        ] {
            assert_eq!(wish(query, accept), wanted, "{query} {accept}");
        }
    }
}
