//! A write as it will be sent, and its possible changes before that: another session, or another record.

use std::fmt;

use percent_encoding::utf8_percent_encode;
use reqwest::{
    Method,
    header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue},
};
use url::Url;

use crate::{
    config::rules::UpdateMethod,
    json::Document,
    rudderstack::delivery_request::Payload,
    salesforce::{
        headers::{AUTO_ASSIGN, DUPLICATE_RULE, WriteHeaders},
        operation::{Operation, SEGMENT},
        session::{Instance, Session, is_token},
    },
};

/// The bytes that a header takes in addition to its name and value.
const HEADER_FRAME: usize = ": \r\n".len();

/// A write that can be sent.
#[derive(Clone)]
pub struct Write<'a> {
    pub(super) method: Method,
    pub(super) url: Url,
    pub(super) org: Instance,
    pub(super) headers: HeaderMap,
    pub(super) body: Option<Payload<'a>>,
    pub(super) operation: Operation,
}

impl Write<'_> {
    /// What the write does.
    #[must_use]
    pub fn operation(&self) -> &Operation {
        &self.operation
    }

    /// The org that receives the write.
    #[must_use]
    pub fn org(&self) -> &Instance {
        &self.org
    }

    /// The body as JSON, if it is an object.
    #[must_use]
    pub fn json(&self) -> Option<Document<'_>> {
        match &self.body {
            Some(Payload::Json(json)) => Document::read(json.as_ref()).ok(),
            Some(Payload::Form(_) | Payload::Xml(_)) | None => None,
        }
    }

    /// The session that it is sent with, if it has one.
    #[must_use]
    pub fn session(&self) -> Option<Session> {
        let token = self.authorization().strip_prefix("Bearer ")?;
        is_token(token).then(|| Session::new(self.org.clone(), token))
    }

    /// The `Authorization` header; empty if there is none.
    pub(super) fn authorization(&self) -> &str {
        let authorization = self.headers.get(AUTHORIZATION);
        authorization.map_or("", |value| value.to_str().unwrap_or_default())
    }

    /// Replaces the session that it is sent with.
    pub(crate) fn set_session(&mut self, session: &Session) {
        if let Ok(mut value) = HeaderValue::from_str(session.authorization()) {
            value.set_sensitive(true);
            self.headers.insert(AUTHORIZATION, value);
        }
    }

    /// Adds the headers that the destination's policies require. A header that the write already has is kept.
    pub(crate) fn add_headers(&mut self, headers: &WriteHeaders) {
        for (name, value) in headers.iter() {
            let parts = (HeaderName::try_from(name), HeaderValue::try_from(value));
            if let (Ok(name), Ok(value)) = parts {
                self.headers.entry(name).or_insert(value);
            }
        }
    }

    /// Turns it into an update of a record. Everything except the record, the fields to write and the headers of policies
    /// stays unchanged.
    pub(crate) fn redirect(
        &mut self,
        (object, id): (&str, &str),
        fields: String,
        method: UpdateMethod,
    ) {
        self.set_resource(&[object, id]);
        match method {
            UpdateMethod::Patch => self.method = Method::PATCH,
            UpdateMethod::PostOverride => {
                self.method = Method::POST;
                self.url
                    .query_pairs_mut()
                    .append_pair("_HttpMethod", "PATCH");
            }
        }
        self.set_fields(fields);
    }

    /// Turns it into a create of a record of this object. Everything else stays unchanged, as in [`Write::redirect`].
    pub(crate) fn create(&mut self, object: &str, fields: String) {
        self.set_resource(&[object]);
        self.method = Method::POST;
        self.set_fields(fields);
    }

    /// Replaces what follows `/sobjects` in the URL, and removes what belongs to the former resource.
    fn set_resource(&mut self, segments: &[&str]) {
        for name in [AUTO_ASSIGN, DUPLICATE_RULE] {
            self.headers.remove(name);
        }
        let path = self.url.path();
        let data = path.split("/sobjects/").next().unwrap_or_default();
        let mut path = format!("{data}/sobjects");
        for segment in segments {
            path.push('/');
            path.extend(utf8_percent_encode(segment, SEGMENT));
        }
        self.url.set_path(&path);
        let query = self.url.query_pairs().into_owned();
        let query: Vec<_> = query.filter(|(name, _)| name != "_HttpMethod").collect();
        self.url.set_query(None);
        if !query.is_empty() {
            self.url.query_pairs_mut().extend_pairs(query);
        }
    }

    /// Replaces the fields to write.
    pub(crate) fn set_fields(&mut self, fields: String) {
        self.body = Some(Payload::Json(fields.into()));
        self.operation = Operation::of(&self.method, &self.url);
    }

    /// The size of its path and headers in bytes.
    pub(super) fn head(&self) -> usize {
        let headers = self.headers.iter();
        let headers = headers.map(|(name, value)| name.as_str().len() + value.len() + HEADER_FRAME);
        let query = self.url.query().map_or(0, |query| query.len() + 1);
        self.url.path().len() + query + headers.sum::<usize>()
    }
}

/// Omits the contents of the request.
impl fmt::Debug for Write<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Write")
            .field("method", &self.method)
            .field("org", &self.org)
            .finish_non_exhaustive()
    }
}
