//! Events that cannot become a request: each fails alone, with a text that says what is wrong, and the events before and
//! after it get the answers that they would get without it.

use serde_json::{Value, json};

use crate::{
    fixtures::{destination, lead_job, org},
    service::{Service, assert_says, error, send, verdict},
};

const INVALID: (u64, &str, &str) = (400, "dataValidation", "instrumentation");

/// Posts a job between two good ones to both of rudder-server's routes: they become requests, it becomes this error.
async fn assert_fails_alone(service: &Service, job: &str, words: &str) {
    let first = lead_job(1, "first@example.com");
    let last = lead_job(3, "last@example.com");
    let jobs = format!("[{first},{job},{last}]");
    let router = format!(r#"{{"input":{jobs},"destType":"salesforce"}}"#);
    let processor = service.post("/v0/destinations/salesforce", jobs).await;
    let router = service.post("/routerTransform", router).await;
    for (answer, request) in [
        (processor.accepted(), "/output"),
        (router.accepted()["output"].take(), "/batchedRequest/0"),
    ] {
        let (good, bad): (Vec<_>, Vec<_>) = answer
            .as_array()
            .unwrap()
            .iter()
            .partition(|entry| is_neighbour(entry));
        assert_eq!((good.len(), bad.len()), (2, 1), "{answer}");
        for (neighbour, email) in good
            .into_iter()
            .zip(["first@example.com", "last@example.com"])
        {
            assert_eq!(verdict(neighbour), (200, "", ""), "{job}");
            let fields = neighbour.pointer(request).unwrap()["body"]["JSON"].clone();
            assert_eq!(fields["Email"], email, "{job}");
        }
        assert_eq!(verdict(bad[0]), INVALID, "{job}: {}", bad[0]);
        assert_eq!(bad[0].pointer(request), None, "{job}");
        assert_says(error(bad[0]), words);
    }
}

/// Whether an entry of either route is one of the two good jobs.
fn is_neighbour(entry: &Value) -> bool {
    let metadata = entry["metadata"]
        .as_array()
        .map_or(&entry["metadata"], |jobs| &jobs[0]);
    matches!(metadata["jobId"].as_u64(), Some(1 | 3))
}

/// A job with this message, as text.
fn job(message: &str) -> String {
    let destination = destination("dst-1");
    format!(r#"{{"message":{message},"metadata":{{"jobId":2}},"destination":{destination}}}"#)
}

/// A job with an identify that has these members besides its gate, as text.
fn identify(members: &str) -> String {
    job(&format!(
        r#"{{"type":"identify","integrations":{{"Salesforce":true}},{members}}}"#
    ))
}

async fn service() -> Service {
    Service::of(&org().build()).await
}

#[tokio::test]
async fn an_event_that_is_no_object_fails_alone() {
    let service = service().await;
    for (event, words) in [
        (
            "null",
            "the event must be an object with `message`, `metadata` and `destination`, but is null",
        ),
        ("5", "but is a number"),
        (r#""identify""#, "but is a text"),
        ("[]", "but is an array"),
    ] {
        assert_fails_alone(&service, event, words).await;
    }
}

#[tokio::test]
async fn an_event_without_a_message_fails_alone() {
    let service = service().await;
    for message in ["null", "5", "[]", r#""identify""#] {
        assert_fails_alone(&service, &job(message), "no `message` object").await;
    }
    assert_fails_alone(&service, "{}", "no `message` object").await;
}

#[tokio::test]
async fn an_event_without_a_destination_or_a_part_of_it_fails_alone() {
    let service = service().await;
    let whole = destination("dst-1");
    let without = |part: &str| {
        let mut destination = whole.clone();
        destination.as_object_mut().unwrap().remove(part);
        destination
    };
    for (destination, words) in [
        (Value::Null, "no `destination` object"),
        (json!("dst-1"), "no `destination` object"),
        (without("Config"), "no `destination.Config` object"),
        (
            without("DestinationDefinition"),
            "no `destination.DestinationDefinition` object",
        ),
    ] {
        let mut job = lead_job(2, "ada@example.com");
        job["destination"] = destination;
        assert_fails_alone(&service, &job.to_string(), words).await;
    }
    let mut job = lead_job(2, "ada@example.com");
    job.as_object_mut().unwrap().remove("destination");
    assert_fails_alone(&service, &job.to_string(), "no `destination` object").await;
}

#[tokio::test]
async fn an_event_that_is_no_identify_fails_alone() {
    let service = service().await;
    for (message, words) in [
        (r#"{"type":"track"}"#, "type is \"track\""),
        (r#"{"type":"Identify"}"#, "type is \"Identify\""),
        (r#"{"type":5}"#, "type is missing"),
        ("{}", "type is missing"),
    ] {
        assert_fails_alone(&service, &job(message), words).await;
    }
}

#[tokio::test]
async fn an_event_that_no_receiver_can_read_fails_alone() {
    let service = service().await;
    for (members, words) in [
        (
            r#""traits":{"email":"a@example.com","bio":"\ud800"}"#,
            "unpaired UTF-16 surrogate",
        ),
        (
            r#""traits":{"email":"a@example.com","\udc00":"x"}"#,
            "unpaired UTF-16 surrogate",
        ),
        (
            r#""traits":{"email":"a@example.com"},"context":{"deep":[["\ud83dx"]]}"#,
            "unpaired UTF-16 surrogate",
        ),
        (
            r#""traits":{"email":"a@example.com","score":1e400}"#,
            "exceeds the range of a double",
        ),
        (
            r#""traits":{"email":"a@example.com","score":-1E+400}"#,
            "exceeds the range of a double",
        ),
    ] {
        assert_fails_alone(&service, &identify(members), words).await;
    }
}

#[tokio::test]
async fn an_event_without_traits_or_with_traits_of_the_wrong_type_fails_alone() {
    let service = service().await;
    for (members, words) in [
        (
            r#""properties":{}"#,
            "neither `traits` nor `context.traits`",
        ),
        (
            r#""traits":null,"context":{"traits":null}"#,
            "neither `traits` nor `context.traits`",
        ),
        (r#""traits":"John""#, "but are a text"),
        (r#""traits":["John"]"#, "but are an array"),
        (r#""context":{"traits":5}"#, "but are a number"),
    ] {
        assert_fails_alone(&service, &identify(members), words).await;
    }
}

#[tokio::test]
async fn a_lead_without_a_usable_email_fails_alone() {
    let service = service().await;
    let too_long = format!(r#""traits":{{"email":"{}@example.com"}}"#, "x".repeat(1000));
    for (members, words) in [
        (r#""traits":{"name":"No Body"}"#, "the event has no e-mail"),
        (
            r#""traits":{"email":""},"properties":{"email":null}"#,
            "the event has no e-mail",
        ),
        (
            r#""traits":{"email":["a@example.com"]}"#,
            "the e-mail must be a text, but is an array",
        ),
        (
            r#""traits":{"email":true}"#,
            "the e-mail must be a text, but is a boolean",
        ),
        (too_long.as_str(), "has 1012 bytes"),
    ] {
        assert_fails_alone(&service, &identify(members), words).await;
    }
}

#[tokio::test]
async fn an_event_with_an_external_id_that_names_no_record_fails_alone() {
    let service = service().await;
    for (entry, words) in [
        (
            "null",
            "externalId[1]` must be an object with `type` and `id`, but is null",
        ),
        (r#"{"id":"1"}"#, "externalId[1]` needs a text in `type`"),
        (r#"{"type":5}"#, "externalId[1]` needs a text in `type`"),
        (
            r#"{"type":"Salesforce-","id":"1"}"#,
            "names the object \"\"",
        ),
        (
            r#"{"type":"Salesforce-../Lead","id":"1"}"#,
            "names the object \"../Lead\"",
        ),
        (
            r#"{"type":"Salesforce-Contact","id":{}}"#,
            "externalId[1]` must have a record's id in `id`, but has an object",
        ),
        (
            r#"{"type":"Salesforce-Contact","id":".."}"#,
            "has \"..\" in `id`",
        ),
    ] {
        let contact = r#"{"type":"Salesforce-Contact","id":"003"}"#;
        let members = format!(
            r#""traits":{{"LastName":"Gibbs"}},"context":{{"externalId":[{contact},{entry}]}}"#
        );
        assert_fails_alone(&service, &identify(&members), words).await;
    }
}

#[tokio::test]
async fn bytes_that_are_no_utf8_become_replacement_characters_and_harm_nobody() {
    let service = service().await;
    let koeln = identify(r#""traits":{"email":"a@example.com","city":"Köln"}"#);
    let jobs = format!("[{koeln},{}]", lead_job(3, "b@example.com"));
    let latin1: Vec<u8> = jobs
        .chars()
        .map(|letter| u8::try_from(letter).unwrap())
        .collect();
    let request = service.request("/v0/destinations/salesforce").body(latin1);
    let elements = send(request).await.accepted();
    assert_eq!(elements[0]["output"]["body"]["JSON"]["City"], "K\u{fffd}ln");
    assert_eq!(verdict(&elements[1]), (200, "", ""));
}
