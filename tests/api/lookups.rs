//! Lookups: what concurrent requests share, what is remembered, and what is learnt about the fields of an org.

use futures_util::future::join_all;
use salesforce_simulator::{Call, Fault, FieldType, Simulator};
use serde_json::{Value, json};
use wiremock::{
    Mock, MockServer, ResponseTemplate,
    matchers::{path, query_param_contains},
};

use crate::{
    delivery,
    fixtures::{
        destination, identify, job, known_lead, lead_job, lead_job_at, lets_in, lookup,
        nothing_found, org, salesforce_that_answers,
    },
    planted::{PASSWORD, SECURITY_TOKEN},
    service::{Service, assert_says, error, serve},
};

async fn service(org: &Simulator, flags: &[&str]) -> Service {
    Service::start(&serve(org.router()).await, flags).await
}

/// The method of each entry's request, or its status.
fn outcomes(entries: &Value) -> Vec<String> {
    let outcome = |entry: &Value| match entry["batchedRequest"][0]["method"].as_str() {
        Some(method) => method.to_owned(),
        None => entry["statusCode"].to_string(),
    };
    entries.as_array().unwrap().iter().map(outcome).collect()
}

/// A reverse-ETL job whose contact is found by a field.
fn synced(id: u64, field: &str, value: impl Into<Value>) -> Value {
    let value: Value = value.into();
    let mut job = job(
        id,
        identify(json!({"LastName": "Synced"})),
        &destination("dst-1"),
    );
    job["message"]["context"] = json!({
        "mappedToDestination": true,
        "externalId": [{"type": "Salesforce-Contact", "id": value, "identifierType": field}],
    });
    job
}

#[tokio::test]
async fn concurrent_requests_of_one_org_share_one_query() {
    let org = org().build();
    let service = service(&org, &["--lookup-window", "1s"]).await;
    let requests =
        (0..20).map(|n| service.router([lead_job(n, &format!("person{n}@example.com"))]));
    for entries in join_all(requests).await {
        assert_eq!(outcomes(&entries), ["POST"]);
    }
    assert_eq!(org.calls().query, 1);
}

#[tokio::test]
async fn a_key_that_is_being_asked_for_is_not_asked_for_again() {
    let org = org().build();
    let service = service(
        &org,
        &["--lookup-window", "0s", "--salesforce-timeout", "1s"],
    )
    .await;
    org.fail_next(Call::Query, Fault::Hang, 1);
    let requests = (0..8).map(|n| service.router([lead_job(n, "ada@example.com")]));
    for entries in join_all(requests).await {
        assert_eq!(
            outcomes(&entries),
            ["500"],
            "all share the one query that hangs"
        );
    }
    assert_eq!(org.calls().query, 1);
}

#[tokio::test]
async fn two_users_of_one_org_do_not_share_what_they_see() {
    let org = org()
        .user("second@acme.example", PASSWORD, SECURITY_TOKEN)
        .build();
    let service = service(&org, &["--lookup-window", "100ms"]).await;
    let mut second = destination("dst-2");
    second["Config"]["userName"] = json!("second@acme.example");
    let (first, second) = (destination("dst-1"), second);
    let jobs = json!([
        lead_job_at(1, "ada@example.com", &first),
        lead_job_at(2, "ada@example.com", &second)
    ]);
    assert_eq!(outcomes(&service.router(jobs).await), ["POST", "POST"]);
    assert_eq!(org.calls().query, 2);
}

#[tokio::test]
async fn lookups_of_several_objects_are_one_call_and_fail_apart() {
    let org = org().build();
    let service = service(&org, &[]).await;
    let jobs = json!([lead_job(1, "ada@example.com"), synced(2, "Nothing__c", "x")]);
    assert_eq!(outcomes(&service.router(jobs).await), ["POST", "400"]);
    assert_eq!(
        (
            org.calls().composite,
            org.calls().composite_parts,
            org.calls().query
        ),
        (1, 2, 0)
    );
}

#[tokio::test]
async fn a_caller_that_hangs_up_takes_nobodys_answer_away() {
    let org = org().build();
    let service = service(&org, &["--lookup-window", "1s"]).await;
    let body =
        json!({"input": [lead_job(1, "ada@example.com")], "destType": "salesforce"}).to_string();
    let first = tokio::spawn(service.request("/routerTransform").body(body).send());
    while org.calls().token == 0 {
        tokio::task::yield_now().await;
    }
    first.abort();
    let entries = service.router([lead_job(2, "ada@example.com")]).await;
    assert_eq!(outcomes(&entries), ["POST"]);
    assert_eq!(org.calls().query, 1);
}

#[tokio::test]
async fn found_ids_are_remembered_where_the_setting_says_so_and_nothing_found_never() {
    let org = org().build();
    known_lead(&org, "ada@example.com");
    for (ttl, queries) in [("1h", 3), ("0s", 6)] {
        let before = org.calls().query;
        let service = service(&org, &["--lookup-cache-ttl", ttl]).await;
        for id in 0..3 {
            let jobs = [
                lead_job(id, "ada@example.com"),
                lead_job(10 + id, &format!("new{id}@example.com")),
            ];
            assert_eq!(outcomes(&service.router(jobs).await), ["PATCH", "POST"]);
            assert_eq!(
                outcomes(&service.router([lead_job(id, "ada@example.com")]).await),
                ["PATCH"]
            );
        }
        assert_eq!(org.calls().query - before, queries, "{ttl}");
    }
}

#[tokio::test]
async fn a_delivery_that_finds_a_record_gone_makes_the_service_forget_it() {
    let org = org().build();
    let ada = known_lead(&org, "ada@example.com");
    let service = service(&org, &["--lookup-cache-ttl", "1h"]).await;
    let entries = service.router([lead_job(1, "ada@example.com")]).await;
    org.delete("Lead", &ada).unwrap();
    delivery::deliver(&service, &entries[0]).await;
    let entries = service.router([lead_job(2, "ada@example.com")]).await;
    assert_eq!(outcomes(&entries), ["POST"]);
}

#[tokio::test]
async fn a_text_for_a_numeric_field_is_asked_again_as_a_number_and_remembered() {
    let org = org()
        .custom_field("Contact", "number__c", FieldType::Number)
        .build();
    org.insert("Contact", json!({"LastName": "planted", "number__c": 42}))
        .unwrap();
    let service = service(&org, &[]).await;
    let entries = service.router([synced(1, "number__c", "42")]).await;
    assert_eq!(
        (outcomes(&entries), org.calls().query),
        (vec!["PATCH".to_owned()], 2)
    );
    let entries = service
        .router([synced(2, "number__c", "42"), synced(3, "number__c", "43")])
        .await;
    assert_eq!(
        (outcomes(&entries), org.calls().query),
        (vec!["PATCH".to_owned(), "POST".to_owned()], 3)
    );
}

#[tokio::test]
async fn a_number_for_a_text_field_is_asked_once_more_in_quotes() {
    let org = org()
        .custom_field("Contact", "code__c", FieldType::Text)
        .build();
    org.insert("Contact", json!({"LastName": "planted", "code__c": "42"}))
        .unwrap();
    let service = service(&org, &[]).await;
    let jobs = [synced(1, "code__c", 42), synced(2, "code__c", "43")];
    assert_eq!(outcomes(&service.router(&jobs).await), ["PATCH", "POST"]);
    let before = org.calls().query;
    assert_eq!(outcomes(&service.router(&jobs).await), ["PATCH", "POST"]);
    assert_eq!(
        org.calls().query - before,
        1,
        "both in one query from now on"
    );
}

#[tokio::test]
async fn a_text_that_is_no_number_fails_alone() {
    let org = org()
        .custom_field("Contact", "number__c", FieldType::Number)
        .build();
    let service = service(&org, &[]).await;
    let jobs = [synced(1, "number__c", "42"), synced(2, "number__c", "many")];
    let entries = service.router(jobs).await;
    assert_eq!(outcomes(&entries), ["POST", "400"]);
    assert_says(error(&entries[1]), "does not fit the field number__c");
}

#[tokio::test]
async fn all_queries_of_a_field_are_asked_once_more_where_its_form_is_learnt() {
    let org = org()
        .custom_field("Contact", "number__c", FieldType::Number)
        .build();
    let service = service(&org, &[]).await;
    let jobs: Vec<_> = (0..1_200)
        .map(|n| synced(n, "number__c", format!("{}{n:04}", "9".repeat(9))))
        .collect();
    let outcomes = outcomes(&service.router(jobs).await);
    assert_eq!(outcomes, vec!["POST"; 1_200]);
    let calls = org.calls();
    assert_eq!((calls.composite, calls.composite_parts), (2, 6));
}

#[tokio::test]
async fn a_number_and_its_text_find_the_one_record_of_a_text_field() {
    let org = org()
        .custom_field("Contact", "code__c", FieldType::Text)
        .build();
    org.insert("Contact", json!({"LastName": "planted", "code__c": "42"}))
        .unwrap();
    let service = service(&org, &[]).await;
    let jobs = [synced(1, "code__c", 42), synced(2, "code__c", "42")];
    for batch in ["before the form is known", "and after"] {
        let outcomes = outcomes(&service.router(&jobs).await);
        assert_eq!(outcomes, ["PATCH", "PATCH"], "{batch}");
    }
}

#[tokio::test]
async fn two_keys_that_must_be_told_apart_cost_few_calls_among_many() {
    let org = org()
        .custom_field("Contact", "code__c", FieldType::Text)
        .build();
    let service = service(&org, &[]).await;
    let mut jobs: Vec<_> = (0..498)
        .map(|n| synced(n, "code__c", format!("customer-number-{n:04}")))
        .collect();
    jobs.push(synced(498, "code__c", "one"));
    jobs.push(synced(499, "code__c", "ONE"));
    let entries = service.router(jobs).await;
    assert_eq!(outcomes(&entries).len(), 500);
    let calls = org.calls();
    assert!(calls.total_api() <= 6, "{calls:?}");
}

#[tokio::test]
async fn two_spellings_of_one_number_are_one_record() {
    let org = org()
        .custom_field("Contact", "number__c", FieldType::Number)
        .build();
    org.insert("Contact", json!({"LastName": "planted", "number__c": 42}))
        .unwrap();
    let service = service(&org, &[]).await;
    let jobs = [synced(1, "number__c", "42"), synced(2, "number__c", "42.0")];
    assert_eq!(outcomes(&service.router(jobs).await), ["PATCH", "PATCH"]);
}

#[tokio::test]
async fn an_org_that_contradicts_itself_about_a_type_is_asked_once_more_and_no_more() {
    let says = |kind: &str| {
        let message =
            format!("value of filter criterion for field 'code__c' must be of type {kind}");
        ResponseTemplate::new(400)
            .set_body_json(json!([{"errorCode": "INVALID_FIELD", "message": message}]))
    };
    let salesforce = MockServer::start().await;
    lets_in(&salesforce).mount(&salesforce).await;
    let text = says("string and should be enclosed in quotes");
    let number = says("double and should not be enclosed in quotes");
    lookup()
        .and(query_param_contains("q", "'"))
        .respond_with(number)
        .mount(&salesforce)
        .await;
    lookup().respond_with(text).mount(&salesforce).await;
    let service = Service::start(&salesforce.uri(), &[]).await;
    let entries = service.router([synced(1, "code__c", "42")]).await;
    assert_eq!(outcomes(&entries), ["400"]);
    let requests = salesforce.received_requests().await.unwrap();
    let queries = requests
        .iter()
        .filter(|request| request.url.path().ends_with("/query"));
    assert_eq!(queries.count(), 2);
}

#[tokio::test]
async fn where_a_composite_is_refused_its_queries_go_by_themselves() {
    let salesforce = salesforce_that_answers(nothing_found()).await;
    let refused = ResponseTemplate::new(400)
        .set_body_json(json!([{"errorCode": "INVALID_INPUT", "message": "no"}]));
    Mock::given(path("/services/data/v50.0/composite"))
        .respond_with(refused)
        .mount(&salesforce)
        .await;
    let service = Service::start(&salesforce.uri(), &[]).await;
    let entries = service
        .router([lead_job(1, "ada@example.com"), synced(2, "code__c", "x")])
        .await;
    assert_eq!(outcomes(&entries), ["POST", "POST"]);

    // Together they are longer than a URI.
    let long = |id| lead_job(id, &format!("{}{id}@example.com", "x".repeat(500)));
    let jobs: Vec<_> = (0..30).map(long).collect();
    let entries = service.router(jobs).await;
    assert_eq!(outcomes(&entries), ["POST"; 30]);
}
