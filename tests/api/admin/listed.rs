//! `/events`: what is kept of each event, and each filter.

use serde_json::{Value, json};

use super::{ON, events, message, messages, watched};
use crate::{
    fixtures::{destination, job, known_lead, lets_in, org},
    service::{Service, assert_says, send},
};

/// Four events of two destinations, with an outcome each.
async fn four(service: &Service) {
    let lead = |id: &str, email: &str| message(id, json!({"email": email, "lastName": "L"}));
    let mut contact = message("m-contact", json!({"LastName": "Gibbs"}));
    contact["context"] =
        json!({"externalId": [{"type": "Salesforce-Contact", "id": "0035g0000000001AAA"}]});
    let mut closed = lead("m-closed", "eve@example.com");
    closed["integrations"] = json!({"All": true});
    let nameless = message("m-nameless", json!({"plan": "pro"}));
    let jobs = [
        job(1, lead("m-lead", "ada@example.com"), &destination("dst-1")),
        job(2, contact, &destination("dst-2")),
        job(3, closed, &destination("dst-1")),
        job(4, nameless, &destination("dst-2")),
    ];
    service.router(jobs).await;
}

#[tokio::test]
async fn an_event_is_shown_with_its_outcome_and_without_its_values() {
    let service = watched(&org().build(), &[]).await;
    four(&service).await;
    let mut events = events(&service, "").await;
    for event in &mut events {
        let event = event.as_object_mut().unwrap();
        let time = event.remove("time").unwrap();
        assert!(time.as_str().unwrap().ends_with('Z'), "{time}");
        let id = event.remove("id").unwrap();
        assert!(id.as_str().unwrap().contains('-'), "{id}");
        if let Some(key) = event.remove("key") {
            assert_eq!(key.as_str().unwrap().len(), 16);
        }
    }
    let expected = json!([
        {
            "route": "router", "status": 400, "verdict": "dataValidation", "destination": "dst-2", "message": "m-nameless", "job": 4,
            "reason": "no_email", "remedy": "Send an e-mail in traits.email, or name the record in context.externalId.",
        },
        {
            "route": "router", "status": 298, "verdict": "filtered", "destination": "dst-1", "message": "m-closed", "job": 3,
            "reason": "gate_closed",
            "remedy": "If the person is to be in Salesforce, set integrations.Salesforce to true in the identify call.",
        },
        {
            "route": "router", "status": 200, "verdict": "request", "destination": "dst-2", "message": "m-contact", "job": 2,
            "objects": ["Contact"],
        },
        {
            "route": "router", "status": 200, "verdict": "request", "destination": "dst-1", "message": "m-lead", "job": 1,
            "objects": ["Lead"],
        },
    ]);
    assert_eq!(Value::Array(events), expected);
}

#[tokio::test]
async fn each_filter_shows_only_the_events_that_fit() {
    let service = watched(&org().build(), &[]).await;
    four(&service).await;
    let key = events(&service, "?message=m-lead").await[0]["key"]
        .as_str()
        .unwrap()
        .to_owned();
    let all = ["m-nameless", "m-closed", "m-contact", "m-lead"];
    for (query, expected) in [
        ("", &all[..]),
        ("?status=400", &["m-nameless"]),
        ("?status=2xx", &["m-closed", "m-contact", "m-lead"]),
        ("?destination=dst-1", &["m-closed", "m-lead"]),
        ("?object=contact", &["m-contact"]),
        ("?reason=gate_closed", &["m-closed"]),
        ("?since=1h", &all),
        ("?since=2999-01-01T00:00:00Z", &[]),
        ("?message=m-contact", &["m-contact"]),
        ("?destination=dst-2&status=200", &["m-contact"]),
        ("?limit=2", &["m-nameless", "m-closed"]),
        ("?object=lead&limit=", &["m-lead"]),
    ] {
        assert_eq!(messages(&service, query).await, expected, "{query}");
    }
    let of_key = messages(&service, &format!("?key={key}")).await;
    assert_eq!(of_key, ["m-lead"]);
}

#[tokio::test]
async fn an_answer_says_how_many_events_it_leaves_off() {
    let service = watched(&org().build(), &[]).await;
    four(&service).await;
    for (query, left_off) in [("", 0), ("?limit=1", 3), ("?limit=1&status=2xx", 2)] {
        let answer = service.admin(&format!("/events{query}")).await.json();
        assert_eq!(answer["leftOff"], left_off, "{query}");
    }
}

#[tokio::test]
async fn events_of_one_record_have_one_key() {
    let service = watched(&org().build(), &[]).await;
    for (id, email) in [
        ("1", "Ada@Example.com"),
        ("2", "ada@example.com"),
        ("3", "bob@example.com"),
    ] {
        service.transform(json!([{"message": message(id, json!({"email": email, "lastName": "L"})), "destination": destination("d")}])).await;
    }
    let events = events(&service, "").await;
    assert_eq!(events[1]["key"], events[2]["key"]);
    assert_ne!(events[0]["key"], events[1]["key"]);
}

#[tokio::test]
async fn a_filter_that_is_not_understood_is_named() {
    let service = watched(&org().build(), &[]).await;
    for (query, says) in [
        ("?colour=red", "there is no filter \\\"colour\\\""),
        ("?status=bad", "status must be"),
        ("?since=yesterday", "since must be"),
        ("?limit=0", "limit must be"),
    ] {
        for path in ["/events", "/events/live"] {
            let answer = service.admin(&format!("{path}{query}")).await;
            assert_eq!(answer.status, 400, "{query}");
            assert_says(&answer.text, says);
        }
    }
}

#[tokio::test]
async fn a_change_to_a_trait_is_shown_with_names_and_a_remedy() {
    let service = watched(&org().build(), &[]).await;
    let traits = json!({"email": "ada@example.com", "tags": ["poet"], "createdAt": "1835-07-08"});
    service
        .router([job(1, message("m", traits), &destination("d"))])
        .await;
    let event = events(&service, "?reason=structure").await.remove(0);
    let change = json!({
        "reason": "structure", "kind": "left_out", "trait": "tags", "field": null,
        "remedy": "Send the parts of the object or array as traits of their own, or leave it out.",
    });
    assert!(
        event["changes"].as_array().unwrap().contains(&change),
        "{event}"
    );
}

#[tokio::test]
async fn one_message_is_found_by_its_id_and_one_that_is_not_kept_is_a_404() {
    let service = watched(&org().build(), &[]).await;
    four(&service).await;
    let found = service.admin("/events/m-lead").await.json();
    assert_eq!(found["events"][0]["message"], "m-lead");
    assert_eq!(found["events"].as_array().unwrap().len(), 1);
    let answer = service.admin("/events/unknown").await;
    assert_eq!(answer.status, 404);
    assert_says(&answer.text, "EVENTS_KEPT");
}

#[tokio::test]
async fn a_message_id_with_odd_characters_is_found() {
    let service = watched(&org().build(), &[]).await;
    let id = "a/b c?d\u{e9}".to_owned() + &"x".repeat(200);
    let event = message(&id, json!({"email": "ada@example.com"}));
    service.router([job(1, event, &destination("d"))]).await;
    let path = format!("/events/a%2Fb%20c%3Fd%C3%A9{}", "x".repeat(200));
    let answer = service.admin(&path).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
}

#[tokio::test]
async fn only_the_last_events_are_kept() {
    let service = watched(&org().build(), &["--events-kept", "3"]).await;
    for number in 0..5 {
        let event = message(&number.to_string(), json!({}));
        service.router([job(1, event, &destination("d"))]).await;
    }
    assert_eq!(messages(&service, "").await, ["4", "3", "2"]);
}

#[tokio::test]
async fn an_event_is_kept_within_2_kib_however_large_it_is() {
    let service = watched(&org().build(), &[]).await;
    let long = "n".repeat(10_000);
    let traits = (0..200).map(|number| (format!("{long}{number}"), json!([1])));
    let mut traits: serde_json::Map<_, _> = traits.collect();
    traits.insert("email".to_owned(), json!("ada@example.com"));
    let mut destination = destination("d");
    destination["ID"] = json!(long);
    let event = message(&long, Value::Object(traits));
    service.router([job(1, event, &destination)]).await;
    let event = events(&service, "").await.remove(0);
    assert_eq!(event["status"], 200);
    assert_eq!(event["changes"].as_array().unwrap().len(), 5);
    let names: Value = event["changes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|change| change["trait"].clone())
        .collect();
    let kept = [&names, &event["message"], &event["destination"]].map(ToString::to_string);
    assert!(kept.concat().len() < 1024, "{event}");
}

#[tokio::test]
async fn what_is_no_event_is_kept_as_such() {
    let service = watched(&org().build(), &[]).await;
    service.transform(json!([7, {"message": 8}])).await;
    let events = events(&service, "").await;
    let reasons: Vec<_> = events.iter().map(|event| &event["reason"]).collect();
    assert_eq!(reasons, ["no_message", "not_an_event"]);
}

/// The whole batch is answered 503, so nothing has become of the events that could have been sent.
#[tokio::test]
async fn no_event_of_a_batch_that_comes_again_is_said_to_be_sent() {
    let salesforce = wiremock::MockServer::start().await;
    lets_in(&salesforce).mount(&salesforce).await;
    let down = crate::fixtures::lookup().respond_with(wiremock::ResponseTemplate::new(503));
    down.mount(&salesforce).await;
    let service = Service::start(&salesforce.uri(), &ON).await;
    let contact = crate::fixtures::contact_job(2);
    let jobs = json!([crate::fixtures::lead_job(1, "ada@example.com"), contact]);
    let answer = service.post("/v0/destinations/salesforce", jobs).await;
    assert_eq!(answer.status, 503);
    let events = events(&service, "").await;
    let shown = |event: &Value| (event["status"].clone(), event["reason"].clone());
    let shown: Vec<_> = events.iter().map(shown).collect();
    let expected = [
        (json!(503), json!("batch_repeated")),
        (json!(503), json!("passing")),
    ];
    assert_eq!(shown, expected);
}

#[tokio::test]
async fn merged_events_are_kept_each() {
    let org = org().build();
    known_lead(&org, "other@example.com");
    let service = watched(&org, &[]).await;
    let event = |id: &str| message(id, json!({"email": "ada@example.com", "lastName": "L"}));
    let jobs = [1, 2].map(|id| job(id, event(&id.to_string()), &destination("d")));
    service.router(jobs).await;
    assert_eq!(messages(&service, "").await.len(), 2);
}

#[tokio::test]
async fn the_event_itself_is_shown_where_values_may_be_shown() {
    let service = watched(&org().build(), &["--admin-show-values", "true"]).await;
    let traits = json!({"email": "ada@example.com", "plan": "pro \"x\""});
    let event = message("small", traits);
    service
        .router([job(1, event.clone(), &destination("d"))])
        .await;
    let large = message(
        "large",
        json!({"email": "ada@example.com", "plan": "x".repeat(17 << 10)}),
    );
    service.router([job(2, large, &destination("d"))]).await;
    let events = events(&service, "").await;
    assert_eq!(events[1]["event"], event);
    assert_eq!(events[0]["event"], Value::Null);
}

#[tokio::test]
async fn unknown_paths_and_methods_are_told() {
    let service = watched(&org().build(), &[]).await;
    let answer = service.admin("/nothing").await;
    assert_eq!(answer.status, 404);
    assert_says(&answer.text, "GET / lists its routes");
    let posted = service.http.post(format!("{}/events", service.admin));
    let posted = crate::service::send(posted).await;
    assert_eq!(posted.status, 405);
    let list = service.admin("/").await;
    for path in [
        "/events",
        "/events/{message}",
        "/events/live",
        "/faults",
        "/orgs",
    ] {
        assert_says(&list.text, path);
    }
}

#[tokio::test]
async fn a_message_that_is_no_text_is_told_in_json() {
    let service = watched(&org().build(), &[]).await;
    let answer = service.admin("/events/%ff").await;
    assert_eq!(answer.status, 400);
    assert_says(
        answer.json()["error"].as_str().unwrap(),
        "must be UTF-8 text",
    );
}

#[tokio::test]
async fn a_method_that_a_path_does_not_take_is_told_with_the_one_that_it_takes() {
    let service = watched(&org().build(), &[]).await;
    let answer = service.admin("/explain").await;
    assert_eq!((answer.status, answer.header("Allow")), (405, "POST"));
    let error = answer.json()["error"].as_str().unwrap().to_owned();
    assert_says(
        &error,
        "/explain takes no GET: POST /explain answers why events",
    );
    let post = service.http.post(format!("{}/orgs", service.admin));
    let answer = send(post).await;
    assert_eq!(answer.status, 405);
    assert_says(
        &answer.text,
        "/orgs takes no POST: GET /orgs answers each org",
    );
}
