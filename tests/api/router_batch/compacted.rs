//! `X-Content-Format: json+compactedv1`: each destination comes along once, and the answer is that of the plain form.

use serde_json::{Value, json};

use crate::{
    fixtures::{destination, identify, known_lead, lead_job, org},
    service::{Answer, Service, assert_says, error, send, verdict},
};

const ROUTES: [&str; 2] = ["/v0/destinations/salesforce", "/routerTransform"];

/// A destination whose text would not survive being read and written again.
const DESTINATION: &str = r#"{"WorkspaceID":"ws-1", "DestinationDefinition":{"Name":"SALESFORCE","DisplayName":"Salesforce","Config":{"n":1.50}},
 "Config":{"userName":"crm@acme.example","password":"planted-password","initialAccessToken":"planted-security-\u0074oken"},"ID":"dst-1","big":9007199254740993}"#;

/// A message and its metadata, as they stand in both forms.
fn event(id: u64, message: &Value) -> String {
    format!(
        r#""message":{message},"metadata":{{"jobId":{id},"destinationId":"dst-1","sourceId":"src-1"}}"#
    )
}

/// What may happen to an event: a record created, one updated, a refusal, a filtered event.
fn events() -> [String; 4] {
    [
        event(1, &identify(json!({"email": "new@example.com"}))),
        event(2, &identify(json!({"email": "ada@example.com"}))),
        event(3, &json!({"type": "track"})),
        event(4, &json!({"type": "identify"})),
    ]
}

/// A body for either route whose events bring their destination along.
fn plain(route: &str) -> String {
    let entries = events().map(|event| format!(r#"{{{event},"destination":{DESTINATION}}}"#));
    let input = entries.join(",");
    match route {
        "/routerTransform" => format!(r#"{{"input":[{input}],"destType":"salesforce"}}"#),
        _ => format!("[{input}]"),
    }
}

/// The same events with their destination in the map.
fn compacted() -> String {
    let input = events().map(|event| format!("{{{event}}}")).join(",");
    format!(
        r#"{{"input":[{input}],"destType":"salesforce","destinations":{{"dst-1":{DESTINATION}}},"connections":{{"src-1:dst-1":{{}}}}}}"#
    )
}

/// Posts a body with the header that names its form.
async fn post(service: &Service, route: &str, format: &str, body: impl ToString) -> Answer {
    let request = service.request(route).header("X-Content-Format", format);
    send(request.body(body.to_string())).await
}

#[tokio::test]
async fn a_compacted_body_gets_the_answer_of_the_plain_one_byte_for_byte() {
    let org = org().build();
    known_lead(&org, "ada@example.com");
    let service = Service::of(&org).await;
    for route in ROUTES {
        let expected = service.post(route, plain(route)).await;
        let answer = post(&service, route, "json+compactedv1", compacted()).await;
        answer.accepted();
        assert_eq!(answer.text, expected.text, "{route}");
    }
}

#[tokio::test]
async fn every_entry_of_the_router_has_the_destination_in_the_letters_of_the_map() {
    let service = Service::of(&org().build()).await;
    let route = "/routerTransform";
    let answer = post(&service, route, "json+compactedv1", compacted()).await;
    assert_eq!(answer.accepted()["output"].as_array().unwrap().len(), 4);
    let echoed = format!(r#""destination":{DESTINATION}"#);
    assert_eq!(answer.text.matches(&echoed).count(), 4, "{}", answer.text);
}

#[tokio::test]
async fn an_event_whose_destination_is_not_in_the_map_fails_alone() {
    let service = Service::of(&org().build()).await;
    let mut unknown = lead_job(1, "ada@example.com");
    unknown["metadata"]["destinationId"] = json!("dst-9");
    let body = json!({
        "input": [unknown, lead_job(2, "bob@example.com")],
        "destinations": {"dst-1": destination("dst-1")},
        "destType": "salesforce",
    });
    for route in ROUTES {
        let answer = post(&service, route, "json+compactedv1", &body).await;
        let answer = answer.accepted();
        let entries = if route == "/routerTransform" {
            &answer["output"]
        } else {
            &answer
        };
        let refused = (400, "dataValidation", "instrumentation");
        assert_eq!(verdict(&entries[0]), refused, "{route}");
        assert_says(error(&entries[0]), "no `destination` object");
        assert_eq!(verdict(&entries[1]), (200, "", ""), "{route}");
    }
}

#[tokio::test]
async fn the_map_counts_before_a_destination_that_an_event_brings_along() {
    let service = Service::of(&org().build()).await;
    let mut stale = lead_job(1, "ada@example.com");
    stale["destination"]["Config"]["password"] = json!("the planted password of last year");
    let body = json!({
        "input": [stale],
        "destinations": {"dst-1": destination("dst-1")},
        "destType": "salesforce",
    });
    let answer = post(&service, "/routerTransform", "json+compactedv1", body).await;
    let entry = &answer.accepted()["output"][0];
    assert_eq!(verdict(entry), (200, "", ""));
    assert_eq!(entry["destination"], destination("dst-1"));
}

#[tokio::test]
async fn any_other_header_means_the_plain_form() {
    let service = Service::of(&org().build()).await;
    for route in ROUTES {
        let expected = service.post(route, plain(route)).await;
        expected.accepted();
        for format in [
            "JSON+CompactedV1",
            "json+compactedv1; charset=utf-8",
            "json+compactedv2",
            "json",
            "",
        ] {
            let answer = post(&service, route, format, plain(route)).await;
            assert_eq!(answer.text, expected.text, "{route} {format}");
        }
    }
}
