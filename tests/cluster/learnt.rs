//! What one replica has learnt about an org: all know it.

use std::collections::HashMap;

use futures_util::future::join_all;
use salesforce_simulator::{FieldType, Simulator};
use serde_json::{Value, json};
use tokio::{task::yield_now, time::timeout};
use wiremock::{
    Mock, MockServer, ResponseTemplate,
    matchers::{body_partial_json, method, path},
};

use crate::{
    fixtures::{destination, identify, job, lead_job, lets_in, lookup, nothing_found, org},
    redis::Redis,
    replicas::{PATIENCE, Replica, service, services},
    service::{Service, serve},
};

/// An org whose leads have a field `Gone__c`.
fn org_with_a_field() -> Simulator {
    org()
        .custom_field("Lead", "gone__c", FieldType::Text)
        .build()
}

/// Has a lead described and looked up that nobody else looks up.
async fn route(service: &Service, lead: u64, traits: Value) -> Value {
    let mut job = lead_job(lead, "");
    job["message"] = identify(traits);
    job["message"]["traits"]["email"] = json!(format!("person{lead}@example.com"));
    service.router([job]).await[0].take()
}

/// The fields of the request that an entry describes.
fn fields(entry: &Value) -> &Value {
    &entry["batchedRequest"][0]["body"]["JSON"]
}

/// Waits until the store has an entry of this kind, and returns its name.
async fn entry(redis: &Redis, kind: &str) -> String {
    let kind = format!(":{kind}:");
    let named = async {
        loop {
            let names = redis.names();
            if let Some(name) = names.iter().find(|name| name.contains(&kind)) {
                return name.clone();
            }
            yield_now().await;
        }
    };
    timeout(PATIENCE, named).await.unwrap()
}

#[tokio::test]
async fn one_replica_describes_an_object_for_all_and_for_those_that_start_later() {
    let (org, redis) = (org_with_a_field(), Redis::start());
    let salesforce = serve(org.router()).await;
    let replicas = services::<4>(&salesforce, &redis.url(), &[]).await;
    let routed = replicas
        .iter()
        .zip(0..)
        .map(|(replica, lead)| route(replica, lead, json!({"gone": "x", "unknown": "y"})));
    for entry in join_all(routed).await {
        let fields = fields(&entry);
        assert_eq!(fields["gone__c"], "x", "{entry}");
        assert!(fields.get("unknown__c").is_none(), "it is fitted: {entry}");
    }
    let later = service(&salesforce, &redis.url(), &[]).await;
    let entry = route(&later, 10, json!({"gone": "x", "unknown": "y"})).await;
    assert!(fields(&entry).get("unknown__c").is_none(), "{entry}");
    assert_eq!(org.calls().describe, 1);
}

#[tokio::test]
async fn a_description_is_confirmed_by_one_replica_for_all() {
    let (org, redis) = (org_with_a_field(), Redis::start());
    let salesforce = serve(org.router()).await;
    let flags = ["--describe-ttl", "2s"];
    let replicas = services::<4>(&salesforce, &redis.url(), &flags).await;
    let mut lead = 0;
    let confirmed = async {
        // The replicas go on with what they know while one of them asks whether it has changed.
        while org.calls().describe < 3 {
            lead += 4;
            let routed = replicas.iter().zip(lead..);
            join_all(routed.map(|(replica, lead)| route(replica, lead, json!({"gone": "x"}))))
                .await;
        }
    };
    let begun = std::time::Instant::now();
    timeout(PATIENCE, confirmed).await.unwrap();
    // Four replicas on their own would have asked three times within two seconds.
    assert!(begun.elapsed().as_secs() >= 3, "{:?}", begun.elapsed());
}

#[tokio::test]
async fn without_the_store_each_replica_describes_by_itself() {
    let (org, redis) = (org_with_a_field(), Redis::start());
    let salesforce = serve(org.router()).await;
    let replicas = services::<2>(&salesforce, &redis.url(), &[]).await;
    redis.stop();
    join_all(replicas.iter().map(|it| it.until_sharing("away"))).await;
    for (replica, lead) in replicas.iter().zip(0..) {
        let entry = route(replica, lead, json!({"unknown": "y"})).await;
        assert!(fields(&entry).get("unknown__c").is_none(), "{entry}");
    }
    assert_eq!(org.calls().describe, 2);
    redis.go_on();
}

#[tokio::test]
async fn a_description_of_another_version_is_ignored_and_left_alone() {
    let (org, redis) = (org_with_a_field(), Redis::start());
    let salesforce = serve(org.router()).await;
    let one = service(&salesforce, &redis.url(), &[]).await;
    route(&one, 1, json!({})).await;
    let name = entry(&redis, "describe").await;
    redis.command(&[
        "HSET",
        &name,
        "version",
        "2",
        "table",
        "2 is another format",
    ]);
    let other = service(&salesforce, &redis.url(), &[]).await;
    let entry = route(&other, 2, json!({"unknown": "y"})).await;
    assert!(fields(&entry).get("unknown__c").is_none(), "{entry}");
    assert_eq!(org.calls().describe, 2);
    assert_eq!(redis.command(&["HGET", &name, "version"]), "2");
    assert_eq!(other.sharing().await, "up");
}

#[tokio::test]
async fn a_description_that_is_damaged_is_read_again() {
    let (org, redis) = (org_with_a_field(), Redis::start());
    let salesforce = serve(org.router()).await;
    let one = service(&salesforce, &redis.url(), &[]).await;
    route(&one, 1, json!({})).await;
    let name = entry(&redis, "describe").await;
    redis.command(&["HSET", &name, "table", "1 is damaged"]);
    let other = service(&salesforce, &redis.url(), &[]).await;
    let entry = route(&other, 2, json!({"unknown": "y"})).await;
    assert!(fields(&entry).get("unknown__c").is_none(), "{entry}");
    assert_eq!(org.calls().describe, 2);
}

#[tokio::test]
async fn whoever_waits_for_a_replica_that_has_died_reads_after_its_time() {
    let (org, redis) = (org_with_a_field(), Redis::start());
    let salesforce = serve(org.router()).await;
    let one = service(&salesforce, &redis.url(), &[]).await;
    route(&one, 1, json!({})).await;
    let name = entry(&redis, "describe").await;
    // Another replica has begun to read, and has half a second left.
    let now = redis.command(&["TIME"]);
    let now: u64 = now.lines().next().unwrap().parse().unwrap();
    let until = ((now + 1) * 1_000).to_string();
    redis.command(&["DEL", &name]);
    redis.command(&[
        "HSET", &name, "version", "1", "reader", "another", "until", &until,
    ]);
    let other = service(&salesforce, &redis.url(), &[]).await;
    let entry = route(&other, 2, json!({"unknown": "y"})).await;
    assert!(fields(&entry).get("unknown__c").is_none(), "{entry}");
    assert_eq!(org.calls().describe, 2);
}

#[tokio::test]
async fn the_form_of_a_fields_values_is_learnt_once() {
    let redis = Redis::start();
    let org = org()
        .custom_field("Contact", "number__c", FieldType::Number)
        .build();
    let salesforce = serve(org.router()).await;
    let flags = ["--preflight", "off"];
    let synced = |id: u64| {
        let contact = json!({
            "type": "identify",
            "traits": {"number__c": "42", "LastName": "planted"},
            "context": {
                "mappedToDestination": true,
                "externalId": [{
                    "type": "Salesforce-Contact", "id": "42", "identifierType": "number__c",
                }],
            },
            "integrations": {"Salesforce": true},
        });
        job(id, contact, &destination("dst-1"))
    };
    let one = service(&salesforce, &redis.url(), &flags).await;
    one.router([synced(1)]).await;
    assert_eq!(org.calls().query, 2, "the first form is refused");
    entry(&redis, "learnt").await;
    let other = service(&salesforce, &redis.url(), &flags).await;
    other.router([synced(2)]).await;
    assert_eq!(org.calls().query, 3);
}

/// A Salesforce that describes a lead's `City` as writable and refuses it.
async fn that_refuses_a_city() -> MockServer {
    let salesforce = MockServer::start().await;
    lets_in(&salesforce).mount(&salesforce).await;
    let nothing = lookup().respond_with(nothing_found());
    nothing.mount(&salesforce).await;
    let field = |name| json!({"name": name, "type": "string", "length": 80, "createable": true, "updateable": true, "nillable": true});
    let fields = ["Email", "LastName", "Company", "City", "Title"].map(field);
    let description =
        json!({"queryable": true, "createable": true, "updateable": true, "fields": fields});
    Mock::given(path("/services/data/v50.0/sobjects/Lead/describe"))
        .respond_with(ResponseTemplate::new(200).set_body_json(description))
        .mount(&salesforce)
        .await;
    let refusal = json!([{"errorCode": "INVALID_FIELD_FOR_INSERT_UPDATE", "message": "m", "fields": ["City"]}]);
    let posted = || Mock::given(method("POST")).and(path("/services/data/v50.0/sobjects/Lead"));
    posted()
        .and(body_partial_json(json!({"City": "Rome"})))
        .respond_with(ResponseTemplate::new(400).set_body_json(refusal))
        .with_priority(1)
        .mount(&salesforce)
        .await;
    let created = json!({"id": "00Q5g00000AbCdEEAV", "success": true, "errors": []});
    let created = posted().respond_with(ResponseTemplate::new(201).set_body_json(created));
    created.mount(&salesforce).await;
    salesforce
}

#[tokio::test]
async fn a_field_that_was_refused_three_times_together_is_left_out_by_each_replica() {
    let (salesforce, redis) = (that_refuses_a_city().await, Redis::start());
    let flags = ["--create-window", "0s"];
    let replicas = services::<3>(&salesforce.uri(), &redis.url(), &flags).await;
    for (replica, lead) in replicas.iter().zip(0..) {
        let entry = route(replica, lead, json!({"city": "Rome"})).await;
        assert_eq!(fields(&entry)["City"], "Rome");
        assert_eq!(replica.proxied(&entry).await, [200], "written without it");
    }
    let mut left_out = HashMap::new();
    let learnt = async {
        let mut lead = 10;
        while left_out.len() < replicas.len() {
            for (place, replica) in replicas.iter().enumerate() {
                lead += 1;
                let entry = route(replica, lead, json!({"city": "Rome", "title": "CEO"})).await;
                let fields = fields(&entry);
                assert_eq!(fields["Title"], "CEO", "{entry}");
                if fields.get("City").is_none() {
                    left_out.insert(place, lead);
                }
            }
        }
    };
    timeout(PATIENCE, learnt).await.unwrap();
}

#[tokio::test]
async fn an_object_that_one_replica_had_to_describe_again_is_described_again_for_all() {
    let (org, redis) = (org_with_a_field(), Redis::start());
    let salesforce = serve(org.router()).await;
    let replicas = services::<2>(&salesforce, &redis.url(), &[]).await;
    for (replica, lead) in replicas.iter().zip(0..) {
        let entry = route(replica, lead, json!({"gone": "x"})).await;
        assert_eq!(fields(&entry)["gone__c"], "x");
    }
    let entry = route(&replicas[0], 5, json!({"gone": "x"})).await;
    org.remove_field("Lead", "gone__c");
    assert_eq!(
        replicas[0].proxied(&entry).await,
        [200],
        "written without it"
    );
    let mut lead = 10;
    let learnt = async {
        for replica in &replicas {
            loop {
                lead += 1;
                let entry = route(replica, lead, json!({"gone": "x"})).await;
                if fields(&entry).get("gone__c").is_none() {
                    break;
                }
            }
        }
    };
    timeout(PATIENCE, learnt).await.unwrap();
    assert_eq!(org.calls().describe, 2, "once for both");
}

#[tokio::test]
async fn each_entry_expires() {
    let (org, redis) = (org_with_a_field(), Redis::start());
    let salesforce = serve(org.router()).await;
    let replica = service(&salesforce, &redis.url(), &[]).await;
    let entry_of_lead = route(&replica, 1, json!({"gone": "x"})).await;
    org.remove_field("Lead", "gone__c");
    replica.proxied(&entry_of_lead).await;
    for kind in ["budget", "describe", "learnt"] {
        let name = entry(&redis, kind).await;
        let left: i64 = redis.command(&["PTTL", &name]).parse().unwrap();
        assert!(left > 0, "{kind}");
    }
}
