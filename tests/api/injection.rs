//! Ids, names, tokens and headers that are made to break out of their place: each stays the one segment, word or value that
//! it is, or is refused. Nothing leaves for another path or host, and no header ends early.
//!
//! | file | what it specifies |
//! |---|---|
//! | here | ids and names in events |
//! | `answers` | tokens, addresses and ids from secrets and from Salesforce |
//! | `descriptors` | headers and methods of a request to deliver |

mod answers;
mod descriptors;

use percent_encoding::percent_decode_str;
use salesforce_simulator::Simulator;
use serde_json::{Value, json};
use url::Url;

use crate::{
    fixtures::{destination, job, org},
    service::{Service, error, serve, verdict},
};

/// Texts that mean something else than themselves in a path, a header or a query, as they are and as some decoder would
/// make them.
const EVIL: [&str; 24] = [
    ".",
    "..",
    "../..",
    "../../../secur/x",
    "a/b",
    "/",
    "a\\b",
    "..\\..",
    "a?b=c",
    "a#b",
    "a;b",
    "a&b=c",
    "a b",
    "a\r\nX-Evil: 1",
    "a\n",
    "a\tb",
    "a\0b",
    "%2e%2e",
    "%2e%2e%2f",
    "%252e",
    "a%0d%0aX-Evil:%201",
    "a%00",
    "．．／a",
    "a\u{202e}b\u{2028}",
];

/// An identify with this entry of `context.externalId`; one of a sync where `mapped`.
fn external(entry: &Value, mapped: bool) -> Value {
    let event = json!({
        "type": "identify",
        "traits": {"email": "ada@example.com", "LastName": "Lovelace"},
        "context": {"externalId": [entry], "mappedToDestination": mapped.then_some(true)},
        "integrations": {"Salesforce": true},
    });
    job(1, event, &destination("dst-1"))
}

/// A service under each set of rules, for one org.
struct Both {
    org: Simulator,
    url: String,
    services: Vec<(&'static str, Service)>,
}

impl Both {
    async fn start(flags: &[&str]) -> Self {
        let org = org().build();
        let url = serve(org.router()).await;
        let mut services = Vec::new();
        for set in ["documented", "stock"] {
            let flags = [&["--compatibility", set], flags].concat();
            services.push((set, Service::start(&url, &flags).await));
        }
        Self { org, url, services }
    }

    /// Asks for a record by its id, named by the event and in a sync, and gives the path of each request below `sobjects`. An
    /// event that makes none is refused for what it says.
    async fn paths(&self, kind: &str, id: &str) -> Vec<(&'static str, Vec<String>)> {
        let named = json!({"type": kind, "id": id});
        let synced = json!({"type": kind, "id": id, "identifierType": "Id"});
        let mut paths = Vec::new();
        for (set, service) in &self.services {
            for job in [external(&named, false), external(&synced, true)] {
                let entry = service.router([job]).await[0].take();
                match verdict(&entry) {
                    (200, ..) => paths.push((*set, self.path(&entry))),
                    refused => assert_eq!(refused.1, "dataValidation", "{entry}"),
                }
            }
        }
        paths
    }

    /// The decoded segments of the path of an entry's request, whose endpoint means to every reader what it says.
    fn path(&self, entry: &Value) -> Vec<String> {
        let endpoint = entry["batchedRequest"][0]["endpoint"].as_str().unwrap();
        let url = Url::parse(endpoint).unwrap();
        assert_eq!(url.as_str(), endpoint);
        assert_eq!(url.origin().ascii_serialization(), self.url);
        assert!(matches!(url.query(), None | Some("_HttpMethod=PATCH")));
        assert_eq!(url.fragment(), None);
        let path = url.path().strip_prefix("/services/data/v50.0/sobjects/");
        let segments = path.unwrap_or_else(|| panic!("{endpoint}")).split('/');
        let decoded = |segment| percent_decode_str(segment).decode_utf8().unwrap();
        segments
            .map(|segment| decoded(segment).into_owned())
            .collect()
    }
}

#[tokio::test]
async fn an_id_is_one_segment_of_the_path_or_refused() {
    let both = Both::start(&[]).await;
    for id in EVIL {
        for (set, path) in both.paths("Salesforce-Contact", id).await {
            assert_eq!(path[0].to_ascii_lowercase(), "contact", "{set} {id:?}");
            assert_eq!(path[1..], [id], "{set} {id:?}");
        }
    }
}

#[tokio::test]
async fn an_objects_name_is_one_segment_of_the_path_or_refused() {
    let both = Both::start(&[]).await;
    for object in EVIL {
        for (set, path) in both.paths(&format!("Salesforce-{object}"), "0031").await {
            assert_eq!((set, path.len()), ("stock", 2), "{object:?}");
            assert_eq!(path[1], "0031", "{object:?}");
        }
    }
}

#[tokio::test]
async fn names_that_are_no_api_names_are_never_asked_for() {
    let both = Both::start(&[]).await;
    for (set, service) in &both.services {
        for name in EVIL {
            let kind = format!("Salesforce-{name}");
            for entry in [
                json!({"type": "Salesforce-Contact", "id": "1", "identifierType": name}),
                json!({"type": kind, "id": "1", "identifierType": "Ext__c"}),
            ] {
                let entry = service.router([external(&entry, true)]).await[0].take();
                assert_eq!(verdict(&entry).0, 400, "{set} {name:?}");
                let shown = error(&entry);
                assert!(!shown.contains(['\r', '\n', '\0', '\t']), "{shown:?}");
            }
        }
    }
    assert_eq!(both.org.calls().query, 0);
}

#[tokio::test]
async fn a_field_that_is_no_api_name_is_not_read() {
    let both = Both::start(&["--skip-unchanged", "true"]).await;
    let entry = json!({"type": "Salesforce-Contact", "id": "1", "identifierType": "AssistantName"});
    let mut job = external(&entry, true);
    for name in EVIL {
        job["message"]["traits"][name] = json!("x");
    }
    for (set, service) in &both.services {
        let entry = service.router([&job]).await[0].take();
        assert_eq!(
            verdict(&entry).0,
            200,
            "{set}: a query that no one understands fails"
        );
    }
    assert_eq!(both.org.calls().query, 2);
}
