//! Creates at the delivery proxy take turns: while one is in flight, the others wait, and then they update its record.

use std::time::Duration;

use futures_util::future::join_all;
use salesforce_simulator::{Call, Fault, FieldType, Simulator};
use serde_json::{Value, json};

use super::{LATENCY, service_with};
use crate::{
    delivery::{asking as asking_for, deliver, has_come_to_the_proxy, stored::asking},
    fixtures::{destination, identify, job, lead_job, org},
    service::{Service, assert_says, send},
};

/// The statuses of the jobs of an `output`, which are all the same.
fn status(output: &Value) -> u64 {
    let jobs = output["response"].as_array().unwrap();
    assert!(jobs.iter().all(|job| job["statusCode"] == output["status"]));
    output["status"].as_u64().unwrap()
}

/// The entries of jobs that are routed one by one. The destination has been seen at the proxy, so none is held up.
async fn routed(service: &Service, jobs: impl IntoIterator<Item = Value>) -> Vec<Value> {
    has_come_to_the_proxy(service).await;
    let entries = jobs.into_iter().map(|job| service.router([job]));
    let entries = join_all(entries).await.into_iter();
    let entries: Vec<_> = entries.map(|mut entries| entries[0].take()).collect();
    let creates = |entry: &Value| entry["batchedRequest"][0]["method"] == "POST";
    assert!(entries.iter().all(creates), "{entries:?}");
    entries
}

/// Delivers entries at the same time; the status of each.
async fn delivered(service: &Service, entries: &[Value]) -> Vec<u64> {
    let outputs = join_all(entries.iter().map(|entry| deliver(service, entry))).await;
    outputs.iter().map(status).collect()
}

/// Leads with one e-mail, each with a city of its own.
fn adas<const N: usize>(cities: [&str; N]) -> [Value; N] {
    let mut id = 0;
    cities.map(|city| {
        id += 1;
        let lead = json!({"email": "ada@example.com", "city": city});
        job(id, identify(lead), &destination("dst-1"))
    })
}

/// The creates and updates that an org has got.
fn writes(org: &Simulator) -> (u64, u64) {
    (org.calls().create, org.calls().update)
}

#[tokio::test]
async fn a_later_create_waits_for_the_first_and_updates_its_record() {
    let org = org().latency(LATENCY).build();
    let service = Service::of(&org).await;
    let entries = routed(&service, adas(["London", "Paris", "Rome"])).await;
    assert_eq!(delivered(&service, &entries).await, [200; 3]);
    assert_eq!(org.records("Lead").len(), 1);
    assert_eq!(writes(&org), (1, 2));
    // One that comes after all of them updates it as well.
    assert_eq!(status(&deliver(&service, &entries[0]).await), 200);
    assert_eq!(org.records("Lead")[0]["City"], "London");
    assert_eq!(org.calls().query, 1, "only the router has looked up");
}

#[tokio::test]
async fn the_record_of_a_sync_is_known_by_the_key_that_the_router_has_noted() {
    let fields = [("Name", FieldType::Text), ("Ext__c", FieldType::Number)];
    let org = org().custom_object("Badge__c", &fields).latency(LATENCY);
    let org = org.build();
    let service = Service::of(&org).await;
    let badge = |id: u64, number: Value| {
        let mut sync = identify(json!({"Name": "Gibbs"}));
        sync["context"] = json!({
            "mappedToDestination": true,
            "externalId": [{"type": "Salesforce-Badge__c", "id": number, "identifierType": "Ext__c"}],
        });
        job(id, sync, &destination("dst-1"))
    };
    let jobs = [badge(1, json!(7)), badge(2, json!(7.0)), badge(3, json!(8))];
    let mut entries = routed(&service, jobs).await;
    let note = &entries[0]["metadata"][0]["destInfo"]["lookedUp"];
    assert_eq!(note, &json!({"field": "Ext__c", "attempt": 0, "value": 7}));
    // The key decides, not what the body holds.
    for entry in &mut entries {
        let body = &mut entry["batchedRequest"][0]["body"]["JSON"];
        body.as_object_mut().unwrap().remove("Ext__c");
    }
    assert_eq!(delivered(&service, &entries).await, [200; 3]);
    assert_eq!(org.records("Badge__c").len(), 2);
}

#[tokio::test]
async fn a_record_that_its_event_names_without_an_id_is_created_each_time() {
    let org = org().latency(LATENCY).build();
    let service = Service::of(&org).await;
    let jobs = (1..=2).map(|id| {
        let mut lead = lead_job(id, "ada@example.com");
        lead["message"]["context"] = json!({"externalId": [{"type": "Salesforce-Lead"}]});
        lead
    });
    let entries = routed(&service, jobs).await;
    assert_eq!(delivered(&service, &entries).await, [200; 2]);
    assert_eq!(org.records("Lead").len(), 2);
}

#[tokio::test]
async fn where_the_first_fails_the_next_creates() {
    let org = org().latency(LATENCY).build();
    let service = Service::of(&org).await;
    let entries = routed(&service, adas(["London", "Paris", "Rome"])).await;
    org.fail_next(Call::Create, Fault::RowLocked, 1);
    let mut statuses = delivered(&service, &entries).await;
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 200, 500]);
    assert_eq!(org.records("Lead").len(), 1);
}

#[tokio::test]
async fn where_the_first_is_left_open_the_next_looks_up_its_record() {
    let org = org().latency(LATENCY).build();
    let service = Service::of(&org).await;
    let entries = routed(&service, adas(["London", "Paris", "Rome"])).await;
    org.fail_next(Call::Create, Fault::Dropped, 1);
    let mut statuses = delivered(&service, &entries).await;
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 200, 500]);
    assert_eq!(org.records("Lead").len(), 1);
}

#[tokio::test]
async fn a_record_that_is_gone_is_forgotten_and_the_request_goes_as_it_came() {
    let org = org().build();
    let service = Service::of(&org).await;
    let entries = routed(&service, adas(["London", "Paris"])).await;
    assert_eq!(status(&deliver(&service, &entries[0]).await), 200);
    let id = org.records("Lead")[0]["Id"].as_str().unwrap().to_owned();
    org.delete("Lead", &id).unwrap();
    assert_eq!(status(&deliver(&service, &entries[1]).await), 200);
    let leads = org.records("Lead");
    assert_eq!((leads.len(), &leads[0]["City"]), (1, &json!("Paris")));
    assert_eq!(writes(&org), (2, 1));
}

#[tokio::test]
async fn a_refusal_that_may_be_about_another_record_doubles_nobody() {
    let org = org().build();
    let service = Service::of(&org).await;
    let entries = routed(&service, adas(["London", "Paris", "Rome"])).await;
    assert_eq!(status(&deliver(&service, &entries[0]).await), 200);
    let refused = Fault::Refused(400, "INVALID_CROSS_REFERENCE_KEY");
    org.fail_next(Call::Update, refused, 1);
    org.fail_next(Call::Create, refused, 1);
    assert_eq!(status(&deliver(&service, &entries[1]).await), 400);
    assert_eq!(status(&deliver(&service, &entries[2]).await), 200);
    let leads = org.records("Lead");
    assert_eq!((leads.len(), &leads[0]["City"]), (1, &json!("Rome")));
}

#[tokio::test]
async fn a_lead_that_has_been_converted_meanwhile_is_looked_up() {
    let org = org().build();
    let service = Service::of(&org).await;
    let mut entries = routed(&service, adas(["London", "Paris"])).await;
    assert_eq!(status(&deliver(&service, &entries[0]).await), 200);
    let id = org.records("Lead")[0]["Id"].as_str().unwrap().to_owned();
    org.convert(&id).unwrap();
    let request = entries[1]["batchedRequest"][0].take();
    let mut body = asking_for(&request, &entries[1]["metadata"]);
    body["destinationConfig"] = json!({"useContactId": true});
    let path = "/v1/destinations/salesforce/proxy";
    let output = service.post(path, body).await.accepted()["output"].take();
    assert_eq!(status(&output), 200, "{output}");
    assert_eq!(org.records("Lead").len(), 1);
    assert_eq!(org.records("Contact")[0]["MailingCity"], "Paris");
}

#[tokio::test]
async fn a_caller_that_hangs_up_while_it_creates_leaves_no_one_waiting() {
    let org = org().build();
    let service = Service::of(&org).await;
    let entries = routed(&service, adas(["London", "Paris"])).await;
    org.set_latency(Duration::from_millis(200));
    let body = asking_for(&entries[0]["batchedRequest"][0], &entries[0]["metadata"]);
    let post = service.request("/v1/destinations/salesforce/proxy");
    let post = post
        .timeout(Duration::from_millis(50))
        .body(body.to_string());
    assert!(post.send().await.is_err());
    assert_eq!(status(&deliver(&service, &entries[1]).await), 200);
    assert_eq!(org.records("Lead").len(), 1);
}

#[tokio::test]
async fn a_create_that_waits_too_long_comes_again_one_second_before_its_timeout() {
    let org = org().build();
    let service = Service::of(&org).await;
    let entries = routed(&service, adas(["London", "Paris"])).await;
    org.set_latency(Duration::from_millis(500));
    let deliveries = entries.iter().map(async |entry| {
        let body = asking_for(&entry["batchedRequest"][0], &entry["metadata"]);
        let post = service.request("/v1/destinations/salesforce/proxy");
        let post = post.header("RdProxy-Timeout", "1001");
        let answer = send(post.body(body.to_string())).await;
        answer.accepted()["output"].take()
    });
    let mut both = join_all(deliveries).await;
    both.sort_by_key(status);
    assert_eq!([status(&both[0]), status(&both[1])], [200, 500]);
    let text = "another event is creating this record; it comes again";
    assert_says(both[1]["message"].as_str().unwrap(), text);
    assert_eq!(writes(&org), (1, 0));
}

#[tokio::test]
async fn stored_requests_of_one_person_take_turns() {
    for version in ["v0", "v1"] {
        let org = org().latency(LATENCY).build();
        let service = Service::of(&org).await;
        let ada = |id| lead_job(id, "ada@example.com");
        let described = service
            .processor((0..10).map(ada).collect::<Vec<_>>())
            .await;
        let config = &destination("dst-1")["Config"];
        let path = format!("/{version}/destinations/salesforce/proxy");
        let deliveries = described.as_array().unwrap().iter().map(async |described| {
            let mut body = asking(described, config, 0);
            if version == "v1" {
                body["metadata"] = json!([body["metadata"]]);
            }
            service.post(&path, body).await.json()["output"]["status"].clone()
        });
        assert_eq!(join_all(deliveries).await, [200; 10], "{version}");
        assert_eq!(org.records("Lead").len(), 1, "{version}");
        assert_eq!(writes(&org), (1, 9), "{version}");
    }
}

#[tokio::test]
async fn without_a_window_and_under_the_stock_rules_each_create_is_sent() {
    for flags in [["--create-window", "0s"], ["--compatibility", "stock"]] {
        let org = org().latency(LATENCY).build();
        let service = service_with(&org, &flags).await;
        let described = service.processor([lead_job(1, "ada@example.com")]).await;
        let mut body = asking(&described[0], &destination("dst-1")["Config"], 0);
        body["metadata"] = json!([body["metadata"]]);
        let path = "/v1/destinations/salesforce/proxy";
        join_all((0..3).map(|_| service.post(path, &body))).await;
        assert_eq!(org.records("Lead").len(), 3, "{flags:?}");
    }
}

#[tokio::test]
async fn a_merge_needs_a_delivery_in_the_version_that_takes_it_apart() {
    let service = Service::of(&org().build()).await;
    let jobs = || adas(["London", "Paris"]);
    let body = json!({"metadata": {"destinationId": "dst-1", "jobId": 1}});
    service
        .post("/v0/destinations/salesforce/proxy", body)
        .await;
    assert_eq!(super::told(&service, jobs()).await, [200, 500]);
    has_come_to_the_proxy(&service).await;
    assert_eq!(super::told(&service, jobs()).await, [200]);
}
