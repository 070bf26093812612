//! Who may ask the admin address: decided by the headers, before anything else is read.

use std::sync::Arc;

use axum::{
    extract::{Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    middleware::Next,
    response::Response,
};
use base64::{Engine, prelude::BASE64_STANDARD};
use secrecy::ExposeSecret;
use subtle::ConstantTimeEq;
use tokio::sync::watch;

use super::{
    failed,
    hosts::{Hosts, is_own},
};
use crate::{
    config::Setting, http::guarded_body::guarded, server::memory::OfConnection, text::shortened,
};

/// What browsers are told: nothing from elsewhere is loaded, and no other page shows or reads an answer.
const SECURITY_HEADERS: [(HeaderName, &str); 8] = [
    (header::CACHE_CONTROL, "no-store"),
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    ),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::REFERRER_POLICY, "no-referrer"),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        "same-origin",
    ),
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        "same-origin",
    ),
    (
        HeaderName::from_static("permissions-policy"),
        "camera=(), geolocation=(), microphone=()",
    ),
];

/// Who may ask.
#[derive(Debug)]
pub(super) struct Protection {
    pub(super) hosts: Hosts,
    pub(super) token: Option<Arc<Setting>>,
}

/// Tells whoever is served for long that the token by which it was let in is no longer that of the address.
#[derive(Clone, Debug)]
pub(super) struct TokenChange(Option<watch::Receiver<()>>);

/// Why a request is not served.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Denied {
    /// A page of another site asks.
    OtherSite,
    /// There are several `Host` headers, so that it is unclear which one is meant.
    SeveralHosts,
    /// The host is not one by which the address may be called.
    Host(String),
    /// The token is missing or wrong.
    Token,
}

/// Serves a request if its caller may ask.
pub(super) async fn protect(
    State(protection): State<Arc<Protection>>,
    mut request: Request,
    next: Next,
) -> Response {
    // The connection counts as busy until its answer has been sent, also while events are watched.
    let connection = request.extensions_mut().remove::<OfConnection>();
    let crowded = connection.as_ref().and_then(OfConnection::crowded);
    let authority = request.uri().authority().map(ToString::to_string);
    // Before the token is compared, so that no change falls between.
    let change = TokenChange::of(protection.token.as_deref());
    let denied = protection.check(request.headers(), authority.as_deref());
    request.extensions_mut().insert(change);
    let mut response = match (denied, crowded) {
        (Err(denied), _) => denied.response(),
        (Ok(()), Some(most)) => crowded_response(most),
        (Ok(()), None) => next.run(request).await,
    };
    let headers = response.headers_mut();
    // The page has a policy of its own.
    let policy = headers.remove(header::CONTENT_SECURITY_POLICY);
    for (name, value) in SECURITY_HEADERS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if let Some(policy) = policy {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    guarded(response, connection)
}

fn crowded_response(most: usize) -> Response {
    let error = format!("the admin address answers {most} connections at a time: close some");
    failed(StatusCode::SERVICE_UNAVAILABLE, &error)
}

impl Protection {
    /// Checks the headers of a request; `authority` is that of its URL, which a proxy's client sends.
    fn check(&self, headers: &HeaderMap, authority: Option<&str>) -> Result<(), Denied> {
        let mut hosts = headers.get_all(header::HOST).iter();
        let host = hosts.next().and_then(|host| host.to_str().ok());
        if hosts.next().is_some() {
            return Err(Denied::SeveralHosts);
        }
        let host = authority.or(host).unwrap_or_default();
        let mut sites = headers.get_all("sec-fetch-site").iter();
        let is_foreign = |origin: &HeaderValue| !origin.to_str().is_ok_and(|it| is_own(it, host));
        if sites.any(is_cross_site) || headers.get_all(header::ORIGIN).iter().any(is_foreign) {
            return Err(Denied::OtherSite);
        }
        if !self.hosts.has(host) {
            return Err(Denied::Host(shortened(host)));
        }
        match &self.token {
            Some(token) if !is_given(token, headers) => Err(Denied::Token),
            Some(_) | None => Ok(()),
        }
    }
}

/// Whether a value of `Sec-Fetch-Site`, or one of several in it, says that a page of another site asks.
fn is_cross_site(value: &HeaderValue) -> bool {
    let mut sites = value.as_bytes().split(|byte| *byte == b',');
    sites.any(|site| site.trim_ascii().eq_ignore_ascii_case(b"cross-site"))
}

impl TokenChange {
    fn of(token: Option<&Setting>) -> Self {
        Self(token.and_then(Setting::changes))
    }

    /// Waits until the token has become another one.
    pub(super) async fn happens(self) {
        match self.0 {
            Some(mut changes) => {
                // Without a sender nobody is served any more either.
                let _ = changes.changed().await;
            }
            None => std::future::pending().await,
        }
    }
}

/// Whether the headers name the token: as Bearer, or as the password of Basic.
fn is_given(token: &Setting, headers: &HeaderMap) -> bool {
    let given = headers.get(header::AUTHORIZATION);
    let given = given.and_then(|given| given.to_str().ok());
    let Some((scheme, rest)) = given.and_then(|given| given.split_once(' ')) else {
        return false;
    };
    let rest = rest.trim();
    let is_token = |given: &[u8]| {
        let token = token.held();
        bool::from(token.expose_secret().as_bytes().ct_eq(given))
    };
    match scheme.to_ascii_lowercase().as_str() {
        "bearer" => is_token(rest.as_bytes()),
        "basic" => BASE64_STANDARD.decode(rest).is_ok_and(|pair| {
            let colon = pair.iter().position(|byte| *byte == b':');
            colon.is_some_and(|colon| is_token(&pair[colon + 1..]))
        }),
        _ => false,
    }
}

impl Denied {
    fn response(&self) -> Response {
        tracing::debug!(reason = ?self, "a request to the admin address was refused");
        match self {
            Self::OtherSite => failed(
                StatusCode::FORBIDDEN,
                "a page of another site may not ask the admin address: open it by its own address",
            ),
            Self::SeveralHosts => failed(
                StatusCode::BAD_REQUEST,
                "the request has several Host headers: send one",
            ),
            Self::Host(host) => failed(
                StatusCode::MISDIRECTED_REQUEST,
                &format!(
                    "the admin address is not called \"{host}\": use its own address or localhost with the port, or add the name to ADMIN_HOSTS"
                ),
            ),
            Self::Token => {
                let mut response = failed(
                    StatusCode::UNAUTHORIZED,
                    "the admin address asks for the token of ADMIN_TOKEN_FILE: send it as Bearer, or as the password of any user",
                );
                let challenge = HeaderValue::from_static(
                    r#"Basic realm="salesforce-transformer", charset="UTF-8", Bearer realm="salesforce-transformer""#,
                );
                let headers = response.headers_mut();
                headers.insert(header::WWW_AUTHENTICATE, challenge);
                response
            }
        }
    }
}
