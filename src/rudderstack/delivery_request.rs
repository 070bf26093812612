//! A request to the delivery proxy: a descriptor with the jobs that it belongs to
//! (`docs/rudder-server.md#delivery-proxy`).

mod job;

use std::{borrow::Cow, fmt};

use thiserror::Error;

pub(crate) use self::job::{Origin, ProxyJob};
use crate::{
    json::{Kind, Members, Object, Value},
    rudderstack::{BodyError, Destination, DestinationName},
    text::shortened,
};

/// The version of the proxy's wire format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProxyVersion {
    /// One metadata object; the HTTP status is the outcome of all jobs.
    V0,
    /// A list of metadata objects; each job has its own outcome.
    V1,
}

/// A request to be sent to Salesforce, with the jobs that it belongs to.
#[derive(Debug)]
pub struct ProxyRequest<'a> {
    /// The jobs that the request belongs to; at least one.
    pub jobs: Vec<ProxyJob<'a>>,
    /// The version of the wire format in which it has come.
    pub version: ProxyVersion,
    members: Object<'a>,
}

/// Names and values, as strings.
pub(crate) type Pairs<'a> = Vec<(Cow<'a, str>, Cow<'a, str>)>;

/// The parts of the request to send. Its `Debug` output shows only the method, because everything else may contain
/// tokens or traits.
pub struct Sending<'a> {
    /// The HTTP method.
    pub method: Cow<'a, str>,
    /// The URL.
    pub endpoint: Cow<'a, str>,
    /// Additional query parameters of the URL.
    pub params: Pairs<'a>,
    /// The headers.
    pub headers: Pairs<'a>,
    /// The body, if there is one.
    pub body: Option<Payload<'a>>,
}

impl fmt::Debug for Sending<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sending")
            .field("method", &self.method)
            .finish_non_exhaustive()
    }
}

/// The body of a request.
#[derive(Clone)]
pub enum Payload<'a> {
    /// JSON, byte for byte as received.
    Json(Cow<'a, str>),
    /// A form.
    Form(Pairs<'a>),
    /// XML.
    Xml(Cow<'a, str>),
}

/// Why a descriptor can never be sent.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum Unsendable {
    /// A part is missing or has the wrong type.
    #[error("the request's `{0}` is missing or invalid")]
    Part(&'static str),
    /// A body format that Salesforce does not accept.
    #[error("a body in the format {0} cannot be sent to Salesforce")]
    Format(String),
}

impl<'a> ProxyRequest<'a> {
    /// Parses the body of a proxy route. Nothing may be sent until the jobs are known.
    ///
    /// # Errors
    /// [`BodyError`] if the metadata does not have the shape of this version.
    pub fn read(body: Value<'a>, version: ProxyVersion) -> Result<Self, BodyError> {
        let members = body.as_object().ok_or(BodyError::Shape(
            "an object with `endpoint`, `method`, `body` and `metadata`",
        ))?;
        let metadata = members.get("metadata");
        let jobs = match version {
            ProxyVersion::V0 => metadata
                .filter(|metadata| metadata.kind() == Kind::Object)
                .map(|metadata| vec![metadata]),
            ProxyVersion::V1 => metadata.and_then(Value::as_array).filter(|jobs| {
                !jobs.is_empty() && jobs.iter().all(|job| job.kind() == Kind::Object)
            }),
        };
        let jobs = jobs.ok_or(BodyError::Shape(match version {
            ProxyVersion::V0 => "an object with one object as `metadata`",
            ProxyVersion::V1 => "an object with a list of objects as `metadata`, at least one",
        }))?;
        Ok(Self {
            jobs: jobs.into_iter().map(ProxyJob::read).collect(),
            version,
            members,
        })
    }

    /// The destination of the request, as far as the proxy knows it: `destinationConfig` is its `Config`.
    #[must_use]
    pub fn destination(&self, name: DestinationName) -> Destination {
        let config = self
            .members
            .get("destinationConfig")
            .and_then(Value::as_object);
        let id = self.of_first_job("destinationId").unwrap_or_default();
        Destination::of_config(&id, name, config.unwrap_or_default())
    }

    /// A string or number in the first job's metadata.
    #[must_use]
    pub fn of_first_job(&self, key: &str) -> Option<Cow<'a, str>> {
        let job = self.jobs.first()?.metadata.as_object()?;
        job.get(key)?
            .as_text_or_number()
            .filter(|text| !text.is_empty())
    }

    /// Whether the jobs share one request because this service has coalesced them.
    #[must_use]
    pub fn is_coalesced(&self) -> bool {
        self.jobs.len() > 1 && self.jobs.iter().all(ProxyJob::is_coalesced)
    }

    /// The request to send.
    ///
    /// # Errors
    /// [`Unsendable`] if the descriptor is malformed.
    pub fn sending(&self) -> Result<Sending<'a>, Unsendable> {
        let text = |name| {
            self.members
                .get(name)
                .and_then(Value::as_text)
                .filter(|text| !text.is_empty())
                .ok_or(Unsendable::Part(name))
        };
        Ok(Sending {
            method: text("method")?,
            endpoint: text("endpoint")?,
            params: self.pairs("params")?,
            headers: self.pairs("headers")?,
            body: self.payload()?,
        })
    }

    fn pairs(&self, name: &'static str) -> Result<Pairs<'a>, Unsendable> {
        match self.members.get(name).filter(|value| !value.is_null()) {
            None => Ok(Vec::new()),
            Some(value) => Ok(texts(value.as_members().ok_or(Unsendable::Part(name))?)),
        }
    }

    /// The only non-empty section of the body; if there are several, the last one, as in the stock service.
    fn payload(&self) -> Result<Option<Payload<'a>>, Unsendable> {
        let Some(body) = self.members.get("body").filter(|body| !body.is_null()) else {
            return Ok(None);
        };
        let sections = body.as_members().ok_or(Unsendable::Part("body"))?;
        let Some((format, section)) = sections
            .into_iter()
            .rfind(|(_, section)| !is_empty(*section))
        else {
            return Ok(None);
        };
        let members = section.as_object().unwrap_or_default();
        let part = |name| members.get(name).ok_or(Unsendable::Part("body"));
        match format.as_ref() {
            "JSON" => Ok(Some(Payload::Json(Cow::Borrowed(section.json())))),
            "JSON_ARRAY" => part("batch").map(|batch| {
                Some(Payload::Json(
                    batch.as_text().unwrap_or(Cow::Borrowed(batch.json())),
                ))
            }),
            "XML" => part("payload")?
                .as_text()
                .map(|xml| Some(Payload::Xml(xml)))
                .ok_or(Unsendable::Part("body")),
            "FORM" => Ok(Some(Payload::Form(texts(members.members())))),
            other => Err(Unsendable::Format(shortened(other))),
        }
    }
}

fn is_empty(section: Value<'_>) -> bool {
    match section.kind() {
        Kind::Object => section.as_object().is_none_or(Object::is_empty),
        Kind::Array => section
            .as_array()
            .is_none_or(|elements| elements.is_empty()),
        Kind::Text => !section.is_present(),
        Kind::Null | Kind::Bool | Kind::Number => true,
    }
}

/// The members of an object as strings: a string unchanged, anything else as JSON; `null` is omitted.
fn texts(members: Members<'_>) -> Pairs<'_> {
    let present = members.into_iter().filter(|(_, value)| !value.is_null());
    present
        .map(|(name, value)| (name, value.as_text().unwrap_or(Cow::Borrowed(value.json()))))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::Document;

    fn payload(body: &str) -> Result<String, Unsendable> {
        let request = format!(
            r#"{{"method":"POST","endpoint":"https://x","body":{body},"metadata":{{"jobId":1}}}}"#
        );
        let request = Document::read(&request).unwrap();
        let sending = ProxyRequest::read(request.root(), ProxyVersion::V0)
            .unwrap()
            .sending()?;
        Ok(match sending.body {
            None => "none".to_owned(),
            Some(Payload::Json(text) | Payload::Xml(text)) => text.into_owned(),
            Some(Payload::Form(pairs)) => format!("{pairs:?}"),
        })
    }

    #[test]
    fn the_section_that_is_not_empty_is_sent_as_it_is() {
        for (body, expected) in [
            (
                r#"{"JSON":{"n":12345678901234567890},"JSON_ARRAY":{},"XML":{},"FORM":{}}"#,
                r#"{"n":12345678901234567890}"#,
            ),
            (r#"{"JSON":{},"FORM":{}}"#, "none"),
            (r#"{"JSON_ARRAY":{"batch":"[1]"}}"#, "[1]"),
            (
                r#"{"FORM":{"a":1,"b":"x y","c":null}}"#,
                r#"[("a", "1"), ("b", "x y")]"#,
            ),
        ] {
            assert_eq!(payload(body).unwrap(), expected, "{body}");
        }
    }

    #[test]
    fn a_format_that_salesforce_does_not_take_is_named() {
        assert_eq!(
            payload(r#"{"GZIP":{"payload":"x"}}"#),
            Err(Unsendable::Format("GZIP".to_owned()))
        );
    }

    #[test]
    fn without_metadata_of_the_right_shape_nothing_can_be_sent() {
        for (body, version) in [
            ("{}", ProxyVersion::V0),
            (r#"{"metadata":[]}"#, ProxyVersion::V0),
            (r#"{"metadata":{}}"#, ProxyVersion::V1),
            (r#"{"metadata":[]}"#, ProxyVersion::V1),
            (r#"{"metadata":[5]}"#, ProxyVersion::V1),
        ] {
            let document = Document::read(body).unwrap();
            assert!(
                matches!(
                    ProxyRequest::read(document.root(), version),
                    Err(BodyError::Shape(_))
                ),
                "{body}"
            );
        }
    }
}
