//! Forwards a request to the upstream and streams its answer back. Body bytes, status and headers are unchanged, except
//! for hop-by-hop headers (RFC 9110, section 7.6.1).

use std::sync::atomic::Ordering;

use axum::{
    body::{Body, HttpBody},
    extract::Request,
    http::{HeaderMap, HeaderName, header},
    response::Response,
};

use super::{Upstream, UpstreamError};

/// Hop-by-hop headers, in addition to those that `Connection` names.
const HOP_BY_HOP: [&str; 9] = [
    "connection",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// Marks an answer from the upstream, for the log and the metrics.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FromUpstream;

impl Upstream {
    /// Forwards a request and returns the answer as soon as its headers have arrived.
    ///
    /// # Errors
    /// [`UpstreamError`] if no answer has begun. If the stream breaks later, the caller's connection is closed too, so
    /// that a partial answer cannot be mistaken for a complete one.
    pub(crate) async fn pass(&self, request: Request) -> Result<Response, UpstreamError> {
        let (mut parts, body) = request.into_parts();
        let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
        let url = format!("{}{path}", self.url);
        keep_end_to_end(&mut parts.headers);
        parts.headers.remove(header::HOST);
        let request = self.http.request(parts.method, url).headers(parts.headers);
        let request = if body.is_end_stream() {
            request
        } else {
            request.body(reqwest::Body::wrap_stream(body.into_data_stream()))
        };
        let answer = request.send().await.map_err(UpstreamError::from);
        self.failing.store(answer.is_err(), Ordering::Relaxed);
        let answer: axum::http::Response<reqwest::Body> = answer?.into();
        let mut answer = answer.map(Body::new);
        keep_end_to_end(answer.headers_mut());
        answer.extensions_mut().insert(FromUpstream);
        Ok(answer)
    }
}

fn keep_end_to_end(headers: &mut HeaderMap) {
    let named: Vec<HeaderName> = headers
        .get_all(header::CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|name| name.trim().parse().ok())
        .collect();
    for name in named {
        headers.remove(name);
    }
    for name in HOP_BY_HOP {
        headers.remove(name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_of_one_connection_end_with_it() {
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("connection", "keep-alive, X-Hop"),
            ("keep-alive", "timeout=5"),
            ("x-hop", "1"),
            ("x-rudder-should-retry", "true"),
            ("content-encoding", "gzip"),
        ] {
            headers.insert(name, value.parse().unwrap());
        }
        keep_end_to_end(&mut headers);
        let mut names: Vec<_> = headers.keys().map(HeaderName::as_str).collect();
        names.sort_unstable();
        assert_eq!(names, ["content-encoding", "x-rudder-should-retry"]);
    }
}
