//! A delivered write: the record in the org, and the answer of each version with Salesforce's own words in it.

use serde_json::{Value, json};
use wiremock::ResponseTemplate;

use super::{
    ABORTED, asking, assert_outcome, deliver, metadata, salesforce_that_says, v0, v1, write_to,
};
use crate::{
    fixtures::{destination, identify, job, lead_job, org},
    service::{Service, assert_says, send, serve},
};

/// The three destinations, as the path spells them and as the tags do.
const DESTINATIONS: [(&str, &str); 3] = [
    ("salesforce", "SALESFORCE"),
    ("salesforce_oauth", "SALESFORCE_OAUTH"),
    ("salesforce_oauth_sandbox", "SALESFORCE_OAUTH_SANDBOX"),
];

/// A refusal of Salesforce's that no retry can mend.
fn company_missing() -> Value {
    json!([{
        "message": "Required fields are missing: [Company]",
        "errorCode": "REQUIRED_FIELD_MISSING",
        "fields": ["Company"],
    }])
}

/// The tags of a write that is aborted.
fn tags_of_aborted(dest_type: &str) -> Value {
    json!({
        "errorCategory": "network",
        "errorType": "aborted",
        "destType": dest_type,
        "module": "destination",
        "implementation": "native",
        "feature": "dataDelivery",
        "destinationId": "dst-1",
        "workspaceId": "ws-1",
    })
}

#[tokio::test]
async fn what_the_router_describes_creates_the_record_and_then_updates_it() {
    let org = org().build();
    let service = Service::of(&org).await;
    for name in ["Byron", "Lovelace"] {
        let ada = identify(json!({"email": "ada@example.com", "name": format!("Ada {name}")}));
        let entries = service.router([job(1, ada, &destination("dst-1"))]).await;
        let output = deliver(&service, &entries[0]).await;
        assert_eq!(output["response"][0]["statusCode"], 200);
        let leads = org.records("Lead");
        assert_eq!(leads.len(), 1);
        assert_eq!(leads[0]["Email"], "ada@example.com");
        assert_eq!(leads[0]["LastName"], name);
    }
}

#[tokio::test]
async fn v0_answers_a_success_with_salesforces_answer() {
    let created = json!({"id": "00Q5g0000000001EAA", "success": true, "errors": []});
    let salesforce = salesforce_that_says(ResponseTemplate::new(201).set_body_json(&created)).await;
    let service = Service::start(&salesforce.uri(), &[]).await;
    let answer = send(v0(&service, &write_to(&salesforce.uri()))).await;
    let expected = json!({"output": {
        "status": 200,
        "message": "Salesforce has taken the request",
        "destinationResponse": {"response": created, "status": 201},
    }});
    assert_eq!(answer.accepted(), expected);
}

#[tokio::test]
async fn v1_answers_a_success_with_one_entry_a_job() {
    let created = r#"{"id":"00Q5g0000000001EAA","success":true,"errors":[]}"#;
    let salesforce =
        salesforce_that_says(ResponseTemplate::new(201).set_body_string(created)).await;
    let service = Service::start(&salesforce.uri(), &[]).await;
    let answer = send(v1(&service, &write_to(&salesforce.uri()))).await;
    let expected = json!({"output": {
        "status": 200,
        "message": "Salesforce has taken the request",
        "response": [
            {"error": created, "statusCode": 200, "metadata": metadata(1)},
            {"error": created, "statusCode": 200, "metadata": metadata(2)},
        ],
    }});
    assert_eq!(answer.accepted(), expected);
}

#[tokio::test]
async fn an_empty_answer_is_an_empty_text() {
    let salesforce = salesforce_that_says(ResponseTemplate::new(204)).await;
    let service = Service::start(&salesforce.uri(), &[]).await;
    let mut write = write_to(&salesforce.uri());
    let endpoint = write["endpoint"].as_str().unwrap();
    write["endpoint"] = json!(format!("{endpoint}/00Q1"));
    write["method"] = json!("PATCH");
    let (v0, v1) = assert_outcome(&service, &write, super::DELIVERED, "204").await;
    let response = json!({"response": "", "status": 204});
    assert_eq!(v0["destinationResponse"], response);
    assert_eq!(v1["response"][0]["error"], r#""""#);
}

#[tokio::test]
async fn v0_answers_a_failure_with_salesforces_answer_and_all_tags() {
    let refusal = ResponseTemplate::new(400).set_body_json(company_missing());
    let salesforce = salesforce_that_says(refusal).await;
    let service = Service::start(&salesforce.uri(), &[]).await;
    for (name, dest_type) in DESTINATIONS {
        let body = asking(&write_to(&salesforce.uri()), &metadata(1));
        let path = format!("/v0/destinations/{name}/proxy");
        let answer = service.post(&path, body).await;
        let expected = json!({"output": {
            "status": 400,
            "message": "Salesforce rejected the request (HTTP 400 REQUIRED_FIELD_MISSING: Required fields are missing: [Company] (fields: Company))",
            "destinationResponse": {"response": company_missing(), "status": 400},
            "statTags": tags_of_aborted(dest_type),
        }});
        assert_eq!((answer.status, answer.json()), (400, expected), "{name}");
    }
}

#[tokio::test]
async fn v1_answers_a_failure_with_one_entry_a_job_and_all_tags() {
    let refusal = company_missing().to_string();
    let answer = ResponseTemplate::new(400).set_body_string(&refusal);
    let salesforce = salesforce_that_says(answer).await;
    let service = Service::start(&salesforce.uri(), &[]).await;
    for (name, dest_type) in DESTINATIONS {
        let jobs = json!([metadata(1), metadata(2)]);
        let body = asking(&write_to(&salesforce.uri()), &jobs);
        let path = format!("/v1/destinations/{name}/proxy");
        let answer = service.post(&path, body).await;
        let expected = json!({"output": {
            "status": 400,
            "message": "Salesforce rejected the request (HTTP 400 REQUIRED_FIELD_MISSING: Required fields are missing: [Company] (fields: Company))",
            "response": [
                {"error": refusal, "statusCode": 400, "metadata": metadata(1)},
                {"error": refusal, "statusCode": 400, "metadata": metadata(2)},
            ],
            "statTags": tags_of_aborted(dest_type),
        }});
        assert_eq!(answer.accepted(), expected, "{name}");
    }
}

#[tokio::test]
async fn each_job_of_v1_gets_its_metadata_back_in_the_letters_in_which_it_came() {
    let salesforce = salesforce_that_says(ResponseTemplate::new(204)).await;
    let service = Service::start(&salesforce.uri(), &[]).await;
    let large = r#"{"jobId":9007199254740993,"nobodyKnows":{"z":1.0,"a":[ 1 ]},"secret":null}"#;
    let other = r#"{"dontBatch":true,"jobId":9007199254740995,"userId":"\u003c\u003e"}"#;
    let endpoint = format!(
        "{}/services/data/v50.0/sobjects/Lead/00Q1",
        salesforce.uri()
    );
    let body = format!(
        r#"{{"type":"REST","method":"PATCH","endpoint":"{endpoint}","body":{{}},"metadata":[{large},{other}]}}"#
    );
    let answer = service
        .post("/v1/destinations/salesforce/proxy", body)
        .await;
    for metadata in [large, other] {
        let entry = format!(r#"{{"error":"\"\"","statusCode":200,"metadata":{metadata}}}"#);
        assert_says(&answer.text, &entry);
    }
}

#[tokio::test]
async fn a_job_without_destination_and_workspace_has_tags_that_say_so() {
    let service = Service::start("http://127.0.0.1:1", &[]).await;
    let body = asking(&write_to("http://127.0.0.1:1"), &json!([{"jobId": 1}]));
    let answer = service
        .post("/v1/destinations/salesforce/proxy", body)
        .await;
    let tags = &answer.accepted()["output"]["statTags"];
    assert_eq!(tags["destinationId"], "Non-determininable");
    assert_eq!(tags["workspaceId"], "Non-determininable");
}

#[tokio::test]
async fn a_record_that_the_org_refuses_is_aborted_with_the_field_in_the_orgs_words() {
    let org = org().build();
    let salesforce = serve(org.router()).await;
    let service = Service::start(&salesforce, &["--salvage", "false"]).await;
    let mut entry = service.router([lead_job(1, "ada@example.com")]).await[0].take();
    entry["batchedRequest"][0]["body"]["JSON"]["plan__c"] = json!("pro");
    let write = &entry["batchedRequest"][0];
    let (v0, v1) = assert_outcome(&service, write, ABORTED, "unknown field").await;
    let words = "No such column 'plan__c' on sobject of type Lead";
    assert_says(v0["message"].as_str().unwrap(), words);
    let response = &v0["destinationResponse"]["response"];
    assert_says(response[0]["message"].as_str().unwrap(), words);
    assert_says(v1["response"][0]["error"].as_str().unwrap(), words);
    assert_eq!(org.records("Lead"), [] as [Value; 0]);
}
