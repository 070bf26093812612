//! Builds the request descriptor that rudder-server delivers, from a target, its fields and a session: rule `request`.
//!
//! Shape and types: `docs/rudder-server.md#descriptors`. A single wrong type makes rudder-server discard the whole
//! answer.

use std::fmt;

use percent_encoding::utf8_percent_encode;

use crate::{
    config::rules::{Rules, UpdateMethod},
    json::Writer,
    salesforce::{
        Key, Session,
        address::{Address, Effect},
        headers::{CALL_OPTIONS, CLIENT, WriteHeaders},
        operation::SEGMENT,
    },
    transform::{mapping::Fields, target::Target},
};

/// The typical length of a request's path, in bytes.
const ORDINARY_PATH: usize = 96;

/// One request to Salesforce.
pub struct Descriptor<'a> {
    /// The HTTP method.
    pub method: &'static str,
    /// The URL.
    pub endpoint: String,
    /// Where the object's name stands in it.
    object: std::ops::Range<usize>,
    /// Whether it creates a record.
    pub creates: bool,
    /// The key by which its record was looked up; `None` if the event names the record.
    pub looked_up_by: Option<Key>,
    /// Whether it updates a converted lead, which Salesforce usually rejects.
    pub to_converted_lead: bool,
    /// The record's fields: the JSON body.
    pub fields: Fields<'a>,
    session: std::sync::Arc<Session>,
    headers: WriteHeaders,
    names_client: bool,
}

impl<'a> Descriptor<'a> {
    /// Describes the request that writes `fields` to `target`, with `headers`.
    #[must_use]
    pub fn new(
        session: &std::sync::Arc<Session>,
        version: &str,
        target: &Target<'_>,
        mut fields: Fields<'a>,
        headers: WriteHeaders,
        rules: &Rules,
    ) -> Self {
        let instance = session.instance().as_str();
        let mut endpoint = String::with_capacity(instance.len() + ORDINARY_PATH);
        endpoint.extend([instance, "/services/data/v", version, "/sobjects/"]);
        let object_at = endpoint.len();
        endpoint.extend(utf8_percent_encode(&target.object, SEGMENT));
        let object = object_at..endpoint.len();
        let mut add = |segment: &str| {
            endpoint.push('/');
            endpoint.extend(utf8_percent_encode(segment, SEGMENT));
        };
        match &target.address {
            Address::New => {}
            Address::Id(id) => add(id),
            Address::ExternalId(key) => {
                add(key.field());
                add(key.value());
                // Salesforce refuses a body that repeats the key.
                fields.retain(|name, _| !name.text().eq_ignore_ascii_case(key.field()));
            }
        }
        let method = match (target.address.effect(), rules.update_method) {
            (Effect::Create, _) => "POST",
            (Effect::Update | Effect::Upsert, UpdateMethod::Patch) => "PATCH",
            (Effect::Update | Effect::Upsert, UpdateMethod::PostOverride) => {
                endpoint.push_str("?_HttpMethod=PATCH");
                "POST"
            }
        };
        Self {
            method,
            endpoint,
            object,
            creates: target.address.creates(),
            looked_up_by: None,
            to_converted_lead: target.stored.is_some_and(|row| row.is_converted),
            fields,
            session: std::sync::Arc::clone(session),
            headers,
            names_client: rules.call_options,
        }
    }

    /// The headers besides content type and authorisation.
    pub(crate) fn own_headers(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let client = self.names_client.then_some((CALL_OPTIONS, CLIENT));
        client.into_iter().chain(self.headers.iter())
    }

    /// The object that is written, as the URL names it.
    #[must_use]
    pub(crate) fn object(&self) -> &str {
        &self.endpoint[self.object.clone()]
    }

    /// Writes the descriptor's members; a processor route adds one.
    pub fn write_members(&self, json: &mut Writer) {
        json.json(r#""version":"1","type":"REST""#);
        json.text_member("method", self.method);
        json.text_member("endpoint", &self.endpoint);
        json.key("headers");
        json.object(|json| {
            json.json(r#""Content-Type":"application/json""#);
            json.text_member("Authorization", self.session.authorization());
            for (name, value) in self.own_headers() {
                json.text_member(name, value);
            }
        });
        json.json(r#""params":{}"#);
        json.key("body");
        json.object(|json| {
            json.key("JSON");
            self.fields.write(json);
            json.json(r#""JSON_ARRAY":{},"XML":{},"FORM":{}"#);
        });
        json.json(r#""files":{}"#);
    }
}

/// Omits the endpoint, because the id in it may come from an event.
impl fmt::Debug for Descriptor<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Descriptor")
            .field("method", &self.method)
            .field("creates", &self.creates)
            .field("fields", &self.fields)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::{borrow::Cow, sync::Arc};

    use serde_json::json;

    use super::*;
    use crate::{
        config::AllowedHosts,
        config::rules::{Compatibility, Placeholders, Rules},
        json::Document,
        salesforce::session::Instance,
        transform::{choice::Choice, mapping},
    };

    fn descriptor(id: Option<&'static str>, update: UpdateMethod) -> serde_json::Value {
        let address = id.map_or(Address::New, |id| Address::Id(Cow::Borrowed(id)));
        described(address, update)
    }

    fn described(address: Address<'_>, update: UpdateMethod) -> serde_json::Value {
        let hosts: AllowedHosts = "*.salesforce.com".parse().unwrap();
        let session = Arc::new(Session::new(
            Instance::new("https://acme.my.salesforce.com/", &hosts).unwrap(),
            "tok",
        ));
        let target = Target {
            object: Cow::Borrowed("Contact"),
            address,
            email: None,
            stored: None,
            is_duplicate: false,
            choice: Choice::Named,
        };
        let traits = Document::read(r#"{"FirstName":"John"}"#).unwrap();
        let rules = Rules::new(Compatibility::Documented, Placeholders::Always);
        let fields = mapping::as_they_are(&traits.root().as_members().unwrap(), &rules);
        let rules = Rules {
            update_method: update,
            ..rules
        };
        let descriptor = Descriptor::new(
            &session,
            "50.0",
            &target,
            fields,
            WriteHeaders::NONE,
            &rules,
        );
        let mut json = Writer::default();
        json.object(|json| descriptor.write_members(json));
        serde_json::from_str(&json.into_text()).unwrap()
    }

    #[test]
    fn a_create_is_a_post_to_the_object() {
        let expected = json!({
            "version": "1", "type": "REST", "method": "POST",
            "endpoint": "https://acme.my.salesforce.com/services/data/v50.0/sobjects/Contact",
            "headers": {"Content-Type": "application/json", "Authorization": "Bearer tok", "Sforce-Call-Options": CLIENT},
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
    fn an_upsert_names_the_record_by_field_and_value_and_leaves_the_key_out_of_the_body() {
        let value = crate::json::value(r#""a/b c+é""#);
        let key = Key::new("Contact", "firstname", value).unwrap();
        let upsert = described(Address::ExternalId(&key), UpdateMethod::Patch);
        assert_eq!(upsert["method"], "PATCH");
        assert_eq!(
            upsert["endpoint"],
            "https://acme.my.salesforce.com/services/data/v50.0/sobjects/Contact/firstname/a%2Fb%20c%2B%C3%A9"
        );
        assert_eq!(upsert["body"]["JSON"], json!({}));
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
