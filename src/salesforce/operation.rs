//! Derives from the method and URL what a write to the REST API does, and decides which responses confirm that it is
//! done.

use std::fmt;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str};
use reqwest::Method;
use url::Url;

use crate::{
    json::{Object, Value},
    salesforce::{body::lossy, id::is_id},
};

/// The characters that are percent-encoded in a path segment: all but the unreserved ones of RFC 3986.
pub(crate) const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// What a write does.
#[derive(Clone, PartialEq, Eq)]
pub enum Operation {
    /// Creates a record of an object: `POST …/sobjects/{Object}`.
    Create {
        /// The object's API name.
        object: String,
    },
    /// Updates one record: `PATCH …/sobjects/{Object}/{id}`, or a POST that stands in for it.
    Update {
        /// The object's API name.
        object: String,
        /// The record's id.
        id: String,
    },
    /// Updates or creates the record with an external id: `PATCH …/sobjects/{Object}/{Field}/{value}`.
    Upsert {
        /// The object's API name.
        object: String,
        /// The external id field's API name.
        field: String,
        /// The external id.
        value: String,
    },
    /// Deletes a record: `DELETE …/sobjects/{Object}/{id}`.
    Delete,
    /// Writes a list of records: sObject Collections.
    Collection,
    /// Contains several requests.
    Composite,
    /// Anything else.
    Other,
}

impl Operation {
    /// Determines the operation of a method and a URL. A POST may stand in for another method.
    #[must_use]
    pub fn of(method: &Method, url: &Url) -> Self {
        let stand_in = url
            .query_pairs()
            .find(|(name, _)| method == Method::POST && name == "_HttpMethod");
        let method = stand_in.map_or_else(|| method.as_str().into(), |(_, value)| value);
        let path = url.path().strip_prefix("/services/data/v");
        let path = path.map(|path| path.strip_suffix('/').unwrap_or(path));
        let segments: Vec<String> = path.into_iter().flat_map(segments).collect();
        // The first segment is the API version.
        let resource: Vec<&str> = segments.iter().skip(1).map(String::as_str).collect();
        let owned = |text: &str| text.to_owned();
        match (method.as_ref(), resource.as_slice()) {
            ("POST", ["sobjects", object]) => Self::Create {
                object: owned(object),
            },
            ("PATCH", ["sobjects", object, id]) => Self::Update {
                object: owned(object),
                id: owned(id),
            },
            ("PATCH", ["sobjects", object, field, value]) => Self::Upsert {
                object: owned(object),
                field: owned(field),
                value: owned(value),
            },
            ("DELETE", ["sobjects", _, _] | ["sobjects", _, _, _]) => Self::Delete,
            ("POST" | "PATCH", ["composite", "sobjects", ..]) => Self::Collection,
            ("POST", ["composite"]) => Self::Composite,
            _ => Self::Other,
        }
    }

    /// Whether a 2xx response confirms in Salesforce's own form that the write is done. `body` is `None` if the
    /// response is incomplete: then only a status counts that no other outcome has.
    #[must_use]
    pub fn is_done(&self, status: u16, body: Option<&[u8]>) -> bool {
        match self {
            Self::Create { .. } => match (status, body) {
                (201, None) => true,
                (200 | 201, Some(body)) => says_written(body),
                _ => false,
            },
            Self::Update { .. } => match (status, body) {
                (204, _) => true,
                (200, Some(body)) => says_written(body),
                _ => false,
            },
            Self::Upsert { .. } => match (status, body) {
                (201, None) | (204, _) => true,
                (200 | 201, Some(body)) => says_written(body),
                _ => false,
            },
            Self::Delete => matches!(status, 200 | 204),
            Self::Collection => body.is_some_and(has_results),
            // The results of the parts are read elsewhere.
            Self::Composite | Self::Other => true,
        }
    }
}

/// Omits the object's name and the id, because they may come from an event.
impl fmt::Debug for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Create { .. } => "Create",
            Self::Update { .. } => "Update",
            Self::Upsert { .. } => "Upsert",
            Self::Delete => "Delete",
            Self::Collection => "Collection",
            Self::Composite => "Composite",
            Self::Other => "Other",
        })
    }
}

fn segments(path: &str) -> impl Iterator<Item = String> {
    path.split('/')
        .map(|segment| percent_decode_str(segment).decode_utf8_lossy().into_owned())
}

/// Whether a record's result states that the record was written.
fn says_written(body: &[u8]) -> bool {
    let written = |result: Object<'_>| {
        let [success, id] = result.pick(["success", "id"]);
        let id = id.and_then(Value::as_text);
        success.is_some_and(Value::is_true) && id.is_some_and(|id| is_id(&id))
    };
    of(body, |answer| answer.as_object().is_some_and(written))
}

/// Whether a body is a list of record results. The results themselves are read elsewhere.
fn has_results(body: &[u8]) -> bool {
    let is_result = |result: &Value<'_>| {
        let success = result.as_object().and_then(|result| result.get("success"));
        success.is_some_and(|success| matches!(success.json(), "true" | "false"))
    };
    of(body, |answer| {
        let results = answer.as_array().unwrap_or_default();
        !results.is_empty() && results.iter().all(is_result)
    })
}

fn of(body: &[u8], says: impl Fn(Value<'_>) -> bool) -> bool {
    lossy(body).is_ok_and(|document| says(document.root()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn operation(method: &str, path: &str) -> Operation {
        let url = Url::parse(&format!("https://acme.my.salesforce.com{path}")).unwrap();
        Operation::of(&method.parse().unwrap(), &url)
    }

    fn create() -> Operation {
        Operation::Create {
            object: "Lead".to_owned(),
        }
    }

    fn update() -> Operation {
        Operation::Update {
            object: "Lead".to_owned(),
            id: "00Q1".to_owned(),
        }
    }

    fn upsert() -> Operation {
        Operation::Upsert {
            object: "Lead".to_owned(),
            field: "Ext__c".to_owned(),
            value: "a/b".to_owned(),
        }
    }

    #[test]
    fn method_and_url_tell_what_a_write_does() {
        const DATA: &str = "/services/data/v50.0";
        for (method, resource, expected) in [
            ("POST", "/sobjects/Lead", create()),
            ("POST", "/sobjects/Lead/", create()),
            ("POST", "/sobjects/Le%61d", create()),
            ("PATCH", "/sobjects/Lead/00Q1", update()),
            ("POST", "/sobjects/Lead/00Q1?_HttpMethod=PATCH", update()),
            ("POST", "/sobjects/Lead/00Q1", Operation::Other),
            ("PATCH", "/sobjects/Lead", Operation::Other),
            ("GET", "/sobjects/Lead/00Q1", Operation::Other),
            ("PATCH", "/sobjects/Lead/Ext__c/a%2Fb", upsert()),
            ("DELETE", "/sobjects/Lead/00Q1", Operation::Delete),
            ("POST", "/composite/sobjects", Operation::Collection),
            (
                "PATCH",
                "/composite/sobjects/Lead/Ext__c",
                Operation::Collection,
            ),
            ("POST", "/composite", Operation::Composite),
            ("POST", "/composite/tree/Lead", Operation::Other),
            ("GET", "/query?q=_HttpMethod%3DPATCH", Operation::Other),
        ] {
            let path = format!("{DATA}{resource}");
            assert_eq!(operation(method, &path), expected, "{method} {path}");
        }
        for path in ["/", "/services/apexrest/sobjects/Lead", "/sobjects/Lead"] {
            assert_eq!(operation("POST", path), Operation::Other, "{path}");
        }
    }
}
