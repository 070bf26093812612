//! What rudder-server decodes. One wrong type or missing echo costs it a whole batch, or its process.

use std::iter;

use salesforce_transformer::internals::salesforce::headers::CLIENT;
use serde_json::{Value, json};

use crate::{
    fixtures::{destination, job, lead_job, lead_job_at, org},
    service::{Service, assert_says, serve, verdict},
};

/// The request that creates the lead of `ada@example.com`, with the first token of the simulated org.
fn request_of_ada(salesforce: &str) -> Value {
    json!({
        "version": "1",
        "type": "REST",
        "method": "POST",
        "endpoint": format!("{salesforce}/services/data/v50.0/sobjects/Lead"),
        "headers": {
            "Content-Type": "application/json",
            "Authorization": "Bearer 00D5g0000000001!simulated.1",
            "Sforce-Call-Options": CLIENT,
        },
        "params": {},
        "body": {
            "JSON": {"Email": "ada@example.com", "LastName": "n/a", "Company": "n/a"},
            "JSON_ARRAY": {},
            "XML": {},
            "FORM": {},
        },
        "files": {},
    })
}

#[tokio::test]
async fn an_element_of_the_processor_holds_one_descriptor_and_the_metadata() {
    let org = org().build();
    let salesforce = serve(org.router()).await;
    let service = Service::start(&salesforce, &[]).await;
    let elements = service.processor([lead_job(7, "ada@example.com")]).await;
    let mut request = request_of_ada(&salesforce);
    request["userId"] = json!("");
    let expected = json!([{
        "output": request,
        "metadata": {"jobId": 7, "destinationId": "dst-1", "workspaceId": "ws-1", "transformAt": "router"},
        "statusCode": 200,
    }]);
    assert_eq!(elements, expected);
}

#[tokio::test]
async fn a_failed_element_of_the_processor_has_all_stat_tags() {
    let service = Service::of(&org().build()).await;
    let track = job(7, json!({"type": "track"}), &destination("dst-1"));
    for (name, dest_type) in [
        ("salesforce", "SALESFORCE"),
        ("salesforce_oauth", "SALESFORCE_OAUTH"),
        ("salesforce_oauth_sandbox", "SALESFORCE_OAUTH_SANDBOX"),
    ] {
        let answer = service
            .post(&format!("/v0/destinations/{name}"), json!([track]))
            .await;
        let expected = json!([{
            "metadata": {"jobId": 7, "destinationId": "dst-1", "workspaceId": "ws-1", "transformAt": "router"},
            "statusCode": 400,
            "error": "the event's type is \"track\"; only identify events become Salesforce records",
            "statTags": {
                "errorCategory": "dataValidation",
                "errorType": "instrumentation",
                "destType": dest_type,
                "module": "destination",
                "implementation": "native",
                "feature": "processor",
                "destinationId": "dst-1",
                "workspaceId": "ws-1",
            },
        }]);
        assert_eq!(answer.accepted(), expected, "{name}");
    }
}

#[tokio::test]
async fn an_entry_of_the_router_holds_its_requests_the_metadata_and_the_destination() {
    let org = org().build();
    let salesforce = serve(org.router()).await;
    let service = Service::start(&salesforce, &[]).await;
    let entries = service.router([lead_job(7, "ada@example.com")]).await;
    let expected = json!([{
        "batchedRequest": [request_of_ada(&salesforce)],
        "metadata": [{
            "jobId": 7,
            "destinationId": "dst-1",
            "workspaceId": "ws-1",
            "transformAt": "router",
            "destInfo": {"authKey": "dst-1", "lookedUp": {"field": "Email", "attempt": 0}},
        }],
        "batched": false,
        "statusCode": 200,
        "destination": destination("dst-1"),
    }]);
    assert_eq!(entries, expected);
}

#[tokio::test]
async fn failed_and_filtered_router_entries_have_metadata_and_destination() {
    let service = Service::of(&org().build()).await;
    let track = job(7, json!({"type": "track"}), &destination("dst-1"));
    let gate_closed = job(8, json!({"type": "identify"}), &destination("dst-1"));
    let entries = service.router([track, gate_closed]).await;
    let metadata = |id| {
        json!([{
            "jobId": id,
            "destinationId": "dst-1",
            "workspaceId": "ws-1",
            "transformAt": "router",
            "destInfo": {"authKey": "dst-1"},
        }])
    };
    let expected = json!([{
        "metadata": metadata(7),
        "batched": false,
        "statusCode": 400,
        "error": "the event's type is \"track\"; only identify events become Salesforce records",
        "statTags": {"errorCategory": "dataValidation", "errorType": "instrumentation"},
        "destination": destination("dst-1"),
    }, {
        "metadata": metadata(8),
        "batched": false,
        "statusCode": 298,
        "error": "not sent to Salesforce: the identify has no `integrations.Salesforce: true`, and Salesforce meters each API call",
        "destination": destination("dst-1"),
    }]);
    assert_eq!(entries, expected);
}

#[tokio::test]
async fn metadata_and_destination_are_echoed_in_the_letters_in_which_they_came() {
    let service = Service::of(&org().build()).await;
    let metadata = r#""jobId":9007199254740993,"nobodyKnows":{"z":1.0,"a":[ 1 , 2e0 ]},"userId":"\u003c\u003e\u003ea","secret":null"#;
    let destination = r#"{"WorkspaceID":"ws-1", "DestinationDefinition":{"Name":"SALESFORCE"},"Config":{"n":1.50,"userName":"\u0041"},"ID":"dst-1"}"#;
    for message in ["null", r#"{"type":"track"}"#] {
        let job = format!(
            r#"{{"destination":{destination},"metadata":{{{metadata}}},"message":{message}}}"#
        );
        let processor = service
            .post("/v0/destinations/salesforce", format!("[{job}]"))
            .await;
        assert_says(&processor.text, &format!(r#""metadata":{{{metadata}}}"#));

        let router = format!(r#"{{"input":[{job}],"destType":"salesforce"}}"#);
        let router = service.post("/routerTransform", router).await;
        let echoed = format!(r#""metadata":[{{{metadata},"destInfo":{{"authKey":"dst-1"}}}}]"#);
        assert_says(&router.text, &echoed);
        assert_says(&router.text, &format!(r#""destination":{destination}"#));
    }
}

#[tokio::test]
async fn numbers_reach_salesforce_with_all_their_digits() {
    let service = Service::unfitted(&org().build()).await;
    let identify = r#"{"type":"identify","integrations":{"Salesforce":true},"traits":{"email":"a@example.com","id":12345678901234567890.10}}"#;
    let destination = destination("dst-1");
    let jobs = format!(
        r#"[{{"message":{identify},"metadata":{{"jobId":1}},"destination":{destination}}}]"#
    );
    let answer = service.post("/v0/destinations/salesforce", jobs).await;
    assert_says(&answer.text, r#""id__c":12345678901234567890.10"#);
}

#[tokio::test]
async fn each_job_is_in_exactly_one_entry_whatever_became_of_it() {
    let service = Service::of(&org().build()).await;
    let mut wrong_password = destination("dst-2");
    wrong_password["Config"]["password"] = json!("planted-wrong");
    let jobs: Vec<_> = (0..20)
        .map(|id| match id % 4 {
            0 => lead_job(id, &format!("ada{id}@example.com")),
            1 => job(id, json!({"type": "track"}), &destination("dst-1")),
            2 => job(id, json!({"type": "identify"}), &destination("dst-1")),
            _ => lead_job_at(id, "ada@example.com", &wrong_password),
        })
        .collect();
    let entries = service.router(jobs).await;
    let mut ids_and_statuses = Vec::new();
    for entry in entries.as_array().unwrap() {
        let [metadata] = entry["metadata"].as_array().unwrap().as_slice() else {
            panic!("{entry}")
        };
        ids_and_statuses.push((metadata["jobId"].as_u64().unwrap(), verdict(entry).0));
    }
    ids_and_statuses.sort_unstable();
    let statuses = [200, 400, 298, 400].repeat(5);
    let expected: Vec<_> = iter::zip(0.., statuses).collect();
    assert_eq!(ids_and_statuses, expected);
}

#[tokio::test]
async fn what_is_no_object_is_not_echoed_where_rudder_server_decodes_one() {
    let service = Service::of(&org().build()).await;
    let good = lead_job(1, "ada@example.com");
    let jobs = json!([good, {"message": {}, "metadata": [], "destination": "x"}]);
    let elements = service.processor(&jobs).await;
    assert_eq!(elements[1].get("metadata"), None);
    let body = json!({"input": jobs, "destType": "salesforce"});
    let entries = service.post("/routerTransform", body).await.accepted()["output"].take();
    assert_eq!(entries[1].get("destination"), None);
    assert!(entries[1]["metadata"][0].is_object());
}
