//! The store holds nothing of a person and no secret, and nothing for ever.

use serde_json::json;

use crate::{
    fixtures::{destination, identify, job, known_lead, lead_job, org},
    planted::leaks,
    redis::Redis,
    replicas::{Replica, processes, service},
    service::serve,
};

#[tokio::test]
async fn ids_times_and_names_of_fields_are_all_that_is_stored() {
    let (org, redis) = (org().build(), Redis::start());
    known_lead(&org, "known@example.com");
    let salesforce = serve(org.router()).await;
    let kept = [
        ("LOOKUP_CACHE_TTL", "1h"),
        ("DUPLICATES", "update"),
        ("DELIVERY", "inline"),
    ];
    let [inline, other] = processes(&salesforce, &redis.url(), &kept).await;
    let described = service(&salesforce, &redis.url(), &["--lookup-cache-ttl", "1h"]).await;
    let record = json!({
        "type": "identify",
        "traits": {"LastName": "Lovelace", "Company": "Company123", "Unknown": "London"},
        "context": {
            "mappedToDestination": true,
            "externalId": [{"type": "Salesforce-Lead", "id": "ada@example.com", "identifierType": "Email"}],
        },
    });
    let sync = job(3, record, &destination("dst-1"));
    for replica in [&inline, &other] {
        replica
            .routed(&[
                lead_job(1, "new@example.com"),
                lead_job(2, "known@example.com"),
                sync.clone(),
            ])
            .await;
    }
    let traits = json!({"email": "told@example.com", "lastName": "Lovelace", "city": "London"});
    let told = job(4, identify(traits), &destination("dst-1"));
    for entry in described
        .routed(&[told, lead_job(5, "new@example.com")])
        .await
    {
        described.proxied(&entry).await;
    }
    let contents = redis.contents();
    assert_eq!(leaks(&contents), Vec::<&str>::new());
    assert_eq!(redis.endless(), 0, "{:?}", redis.names());
    let kinds: std::collections::HashSet<_> = redis.names().iter().map(|name| kind(name)).collect();
    assert!(kinds.len() > 2, "{kinds:?}");
}

/// The kind of an entry, which stands in its name behind the org's part.
fn kind(name: &str) -> String {
    let parts: Vec<&str> = name.split(':').collect();
    assert_eq!(parts[0], "sft", "{name}");
    assert!(
        parts[1].starts_with('{') && parts[1].ends_with('}'),
        "{name}"
    );
    parts[2].to_owned()
}
