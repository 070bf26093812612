//! The examples of RudderStack's Salesforce documentation, at each of the three routes. What the service describes is then
//! sent to Salesforce as it stands, and looked for in the org. `pages` holds our own documentation to what there is.

pub(crate) mod markdown;
mod pages;

use reqwest::Method;
use salesforce_simulator::{FieldType, Simulator};
use serde_json::{Value, json};

use crate::{
    fixtures::{destination, identify, job, known_lead, org},
    service::{Service, assert_says, error, verdict},
};

const ROUTES: [&str; 3] = [
    "/transform",
    "/v0/destinations/salesforce",
    "/routerTransform",
];

/// An org in which somebody has declared what the examples write to.
fn documented_org() -> Simulator {
    let text = |name| (name, FieldType::Text);
    org()
        .custom_field("Lead", "newProp__c", FieldType::Text)
        .custom_object("Household", &[text("FirstName"), text("LastName")])
        .build()
}

/// `name` and a trait of one's own.
fn john_doe() -> Value {
    identify(json!({
        "name": "John Doe",
        "email": "john.doe@company123.example",
        "company": "Company123",
        "newProp": "a custom field",
    }))
}

/// A person who is several records in Salesforce.
fn john_gibbs(contact: &str) -> Value {
    json!({
        "type": "identify",
        "userId": "u1",
        "context": {
            "traits": {"FirstName": "John", "LastName": "Gibbs"},
            "externalId": [
                {"type": "Salesforce-Contact", "id": contact},
                {"type": "HubSpot-Contact", "id": "9"},
                {"type": "Salesforce-Household"},
            ],
        },
        "integrations": {"Salesforce": true},
    })
}

/// What one event becomes at a route: its answer, and the requests in it, in order.
async fn transformed(service: &Service, route: &str, message: Value) -> (Value, Vec<Value>) {
    let jobs = json!([job(1, message, &destination("dst-1"))]);
    if route == "/routerTransform" {
        let answer = service.router(jobs).await;
        let requests = answer[0]["batchedRequest"].as_array().cloned();
        return (answer, requests.unwrap_or_default());
    }
    let answer = service.post(route, jobs).await.accepted();
    let elements = answer.as_array().unwrap().iter();
    let requests = elements.filter_map(|element| element.get("output").cloned());
    let requests = requests.collect();
    (answer, requests)
}

/// Sends a described request to Salesforce as rudder-server does, and returns the status of the answer.
async fn deliver(service: &Service, request: &Value) -> u16 {
    let method = Method::from_bytes(request["method"].as_str().unwrap().as_bytes()).unwrap();
    let mut sent = service
        .http
        .request(method, request["endpoint"].as_str().unwrap())
        .body(request["body"]["JSON"].to_string());
    for (name, value) in request["headers"].as_object().unwrap() {
        sent = sent.header(name, value.as_str().unwrap());
    }
    sent.send().await.unwrap().status().as_u16()
}

/// A request's method and path, such as `POST /services/data/v50.0/sobjects/Lead`.
fn method_and_path(request: &Value) -> String {
    let endpoint = request["endpoint"].as_str().unwrap();
    let path = endpoint.find("/services").unwrap();
    let method = request["method"].as_str().unwrap();
    format!("{method} {}", &endpoint[path..])
}

/// The fields of the only record of an object, as far as `like` names them.
fn only_record(org: &Simulator, object: &str, like: &Value) -> Value {
    let records = org.records(object);
    assert_eq!(records.len(), 1, "{records:?}");
    let names = like.as_object().unwrap().keys();
    let fields = names.map(|name| (name.clone(), records[0][name].clone()));
    fields.collect()
}

#[tokio::test]
async fn an_unknown_person_becomes_a_lead_and_a_trait_of_ones_own_a_custom_field() {
    for route in ROUTES {
        let org = documented_org();
        let service = Service::of(&org).await;
        let (answer, requests) = transformed(&service, route, john_doe()).await;
        assert_eq!(requests.len(), 1, "{route} {answer}");
        let post = "POST /services/data/v50.0/sobjects/Lead";
        assert_eq!(method_and_path(&requests[0]), post);
        let lead = json!({
            "FirstName": "John",
            "LastName": "Doe",
            "Company": "Company123",
            "Email": "john.doe@company123.example",
            "newProp__c": "a custom field",
        });
        assert_eq!(requests[0]["body"]["JSON"], lead, "{route}");

        assert_eq!(deliver(&service, &requests[0]).await, 201, "{route}");
        assert_eq!(only_record(&org, "Lead", &lead), lead, "{route}");
    }
}

#[tokio::test]
async fn a_known_person_is_updated_whatever_the_letter_case_of_the_email() {
    for route in ROUTES {
        let org = documented_org();
        let id = known_lead(&org, "John.Doe@Company123.Example");
        let service = Service::of(&org).await;
        let (_, requests) = transformed(&service, route, john_doe()).await;
        let patch = format!("PATCH /services/data/v50.0/sobjects/Lead/{id}");
        assert_eq!(requests.len(), 1, "{route}");
        assert_eq!(method_and_path(&requests[0]), patch, "{route}");

        assert_eq!(deliver(&service, &requests[0]).await, 204, "{route}");
        let lead = json!({"Id": id, "LastName": "Doe", "Company": "Company123", "newProp__c": "a custom field"});
        assert_eq!(only_record(&org, "Lead", &lead), lead, "{route}");
    }
}

#[tokio::test]
async fn external_ids_name_several_objects_each_a_request_in_order() {
    let service = Service::of(&documented_org()).await;
    for route in ROUTES {
        let (_, requests) = transformed(&service, route, john_gibbs("sf-contact-id")).await;
        let expected = [
            "PATCH /services/data/v50.0/sobjects/Contact/sf-contact-id",
            "POST /services/data/v50.0/sobjects/Household",
        ];
        let methods_and_paths: Vec<_> = requests.iter().map(method_and_path).collect();
        assert_eq!(methods_and_paths, expected, "{route}");
        for request in requests {
            let traits = json!({"FirstName": "John", "LastName": "Gibbs"});
            assert_eq!(request["body"]["JSON"], traits, "{route}");
        }
    }
}

#[tokio::test]
async fn records_that_external_ids_name_are_written_without_a_query() {
    for route in ROUTES {
        let org = documented_org();
        let contact = org
            .insert("Contact", json!({"FirstName": "?", "LastName": "?"}))
            .unwrap();
        let service = Service::of(&org).await;
        let (_, requests) = transformed(&service, route, john_gibbs(&contact)).await;
        assert_eq!(org.calls().query, 0, "{route}");

        assert_eq!(deliver(&service, &requests[0]).await, 204, "{route}");
        assert_eq!(deliver(&service, &requests[1]).await, 201, "{route}");
        let gibbs = json!({"FirstName": "John", "LastName": "Gibbs"});
        assert_eq!(only_record(&org, "Contact", &gibbs), gibbs, "{route}");
        assert_eq!(only_record(&org, "Household", &gibbs), gibbs, "{route}");
    }
}

#[tokio::test]
async fn several_requests_of_one_job_share_a_router_entry() {
    let service = Service::of(&documented_org()).await;
    let (router, _) = transformed(&service, "/routerTransform", john_gibbs("sf-contact-id")).await;
    assert_eq!(router.as_array().unwrap().len(), 1);
    assert_eq!(router[0]["metadata"].as_array().unwrap().len(), 1);
    assert_eq!(router[0]["batchedRequest"].as_array().unwrap().len(), 2);
    assert_eq!(verdict(&router[0]), (200, "", ""));
}

#[tokio::test]
async fn several_requests_of_one_event_are_elements_with_equal_metadata() {
    let service = Service::of(&documented_org()).await;
    for route in ["/transform", "/v0/destinations/salesforce"] {
        let (elements, _) = transformed(&service, route, john_gibbs("sf-contact-id")).await;
        assert_eq!(elements.as_array().unwrap().len(), 2, "{route}");
        for element in elements.as_array().unwrap() {
            assert_eq!(verdict(element), (200, "", ""), "{route}");
            assert_eq!(element["metadata"]["jobId"], 1, "{route}");
            assert_eq!(element["metadata"], elements[0]["metadata"], "{route}");
        }
    }
}

#[tokio::test]
async fn an_identify_that_does_not_name_salesforce_is_filtered() {
    let service = Service::of(&documented_org()).await;
    for route in ROUTES {
        let mut message = john_doe();
        message["integrations"] = json!({"All": true});
        let (answer, requests) = transformed(&service, route, message).await;
        assert_eq!(verdict(&answer[0]), (298, "", ""), "{route}");
        assert_eq!(requests.len(), 0, "{route}");
    }
}

#[tokio::test]
async fn a_track_is_refused_as_an_invalid_event() {
    let service = Service::of(&documented_org()).await;
    for route in ROUTES {
        let track = json!({"type": "track", "event": "Order Completed", "integrations": {"Salesforce": true}});
        let (answer, requests) = transformed(&service, route, track).await;
        let invalid = (400, "dataValidation", "instrumentation");
        assert_eq!(verdict(&answer[0]), invalid, "{route}");
        assert_says(error(&answer[0]), "only identify events");
        assert_eq!(requests.len(), 0, "{route}");
    }
}
