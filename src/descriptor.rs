//! Target + fields + session → the REST request descriptor that rudder-server delivers: row 10 of the behaviour table.
//!
//! Shape and types: wire contract, sections 3.4 and 4. One wrong type makes rudder-server throw a whole answer away.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::{Serialize, Serializer, ser::SerializeStruct};

use crate::{map::Fields, rules::UpdateMethod, salesforce::Session, target::Target};

/// What a path segment may hold as it is (RFC 3986, unreserved).
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// One request to Salesforce.
#[derive(Debug)]
pub struct Descriptor<'a> {
    /// The HTTP method.
    pub method: &'static str,
    /// The URL.
    pub endpoint: String,
    /// Whether it creates a record.
    pub creates: bool,
    /// The record's fields: the JSON body.
    pub fields: Fields<'a>,
    session: std::sync::Arc<Session>,
}

impl<'a> Descriptor<'a> {
    /// Describes the request that writes `fields` to `target`.
    #[must_use]
    pub fn new(
        session: &std::sync::Arc<Session>,
        version: &str,
        target: &Target<'_>,
        fields: Fields<'a>,
        update: UpdateMethod,
    ) -> Self {
        let instance = session.instance().as_str();
        let object = utf8_percent_encode(&target.object, SEGMENT);
        let collection = format!("{instance}/services/data/v{version}/sobjects/{object}");
        let (method, endpoint) = match &target.id {
            None => ("POST", collection),
            Some(id) => {
                let record = format!("{collection}/{}", utf8_percent_encode(id, SEGMENT));
                match update {
                    UpdateMethod::Patch => ("PATCH", record),
                    UpdateMethod::PostOverride => ("POST", format!("{record}?_HttpMethod=PATCH")),
                }
            }
        };
        Self {
            method,
            endpoint,
            creates: target.id.is_none(),
            fields,
            session: std::sync::Arc::clone(session),
        }
    }
}

#[derive(Serialize)]
struct Headers<'a> {
    #[serde(rename = "Content-Type")]
    content_type: &'static str,
    #[serde(rename = "Authorization")]
    authorization: &'a str,
}

/// `{}`.
#[derive(Serialize)]
struct Empty {}

#[derive(Serialize)]
#[serde(rename_all = "UPPERCASE")]
struct Body<'a> {
    json: &'a Fields<'a>,
    json_array: Empty,
    xml: Empty,
    form: Empty,
}

impl Serialize for Descriptor<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut request = serializer.serialize_struct("Descriptor", 8)?;
        request.serialize_field("version", "1")?;
        request.serialize_field("type", "REST")?;
        request.serialize_field("method", self.method)?;
        request.serialize_field("endpoint", &self.endpoint)?;
        let headers = Headers {
            content_type: "application/json",
            authorization: self.session.authorization(),
        };
        request.serialize_field("headers", &headers)?;
        request.serialize_field("params", &Empty {})?;
        request.serialize_field(
            "body",
            &Body {
                json: &self.fields,
                json_array: Empty {},
                xml: Empty {},
                form: Empty {},
            },
        )?;
        request.serialize_field("files", &Empty {})?;
        request.end()
    }
}

#[cfg(test)]
mod tests {
    use std::{borrow::Cow, sync::Arc};

    use serde_json::json;

    use super::*;
    use crate::{
        map,
        salesforce::{AllowedHosts, session::Instance},
    };

    fn descriptor(id: Option<&'static str>, update: UpdateMethod) -> serde_json::Value {
        let hosts: AllowedHosts = "*.salesforce.com".parse().unwrap();
        let session = Arc::new(Session::new(
            Instance::new("https://acme.my.salesforce.com/", &hosts).unwrap(),
            "tok",
        ));
        let target = Target {
            object: Cow::Borrowed("Contact"),
            id: id.map(Cow::Borrowed),
            email: None,
            stored: None,
        };
        let fields = map::as_they_are(&serde_json::from_str(r#"{"FirstName":"John"}"#).unwrap());
        serde_json::to_value(Descriptor::new(&session, "50.0", &target, fields, update)).unwrap()
    }

    #[test]
    fn a_create_is_a_post_to_the_object() {
        let expected = json!({
            "version": "1", "type": "REST", "method": "POST",
            "endpoint": "https://acme.my.salesforce.com/services/data/v50.0/sobjects/Contact",
            "headers": {"Content-Type": "application/json", "Authorization": "Bearer tok"},
            "params": {}, "body": {"JSON": {"FirstName": "John"}, "JSON_ARRAY": {}, "XML": {}, "FORM": {}}, "files": {}
        });
        assert_eq!(descriptor(None, UpdateMethod::Patch), expected);
    }

    #[test]
    fn an_update_is_a_patch_of_the_record_and_the_stock_set_overrides_a_post() {
        let patch = descriptor(Some("003x"), UpdateMethod::Patch);
        assert_eq!(patch["method"], "PATCH");
        assert_eq!(
            patch["endpoint"],
            "https://acme.my.salesforce.com/services/data/v50.0/sobjects/Contact/003x"
        );
        let stock = descriptor(Some("003x"), UpdateMethod::PostOverride);
        assert_eq!(stock["method"], "POST");
        assert_eq!(
            stock["endpoint"],
            "https://acme.my.salesforce.com/services/data/v50.0/sobjects/Contact/003x?_HttpMethod=PATCH"
        );
    }

    #[test]
    fn an_id_stays_one_segment_of_the_path() {
        let endpoint = descriptor(Some("a/b?c#d é%"), UpdateMethod::Patch)["endpoint"].clone();
        assert_eq!(
            endpoint,
            "https://acme.my.salesforce.com/services/data/v50.0/sobjects/Contact/a%2Fb%3Fc%23d%20%C3%A9%25"
        );
    }
}
