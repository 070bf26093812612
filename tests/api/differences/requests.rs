//! Rules `request` to `dynamic-config`: how requests are written, shared and configured.

use serde_json::{Value, json};

use super::{Answer, Answers, Both, ada, ada_fields, create, same, sent};
use crate::{
    delivery::has_come_to_the_proxy,
    fixtures::{destination, identify, job, known_lead, org},
    service::{Service, serve},
};

#[tokio::test]
async fn request_is_a_post_to_create_and_to_update_a_patch_or_an_overridden_post() {
    let org = org().build();
    let both = Both::of(&org).await;
    let created = sent([("POST /services/data/v50.0/sobjects/Lead", ada_fields())]);
    assert_eq!(both.answers(ada()).await, same(created));

    let id = known_lead(&org, "ada@example.com");
    let record = format!("/services/data/v50.0/sobjects/Lead/{id}");
    let expected = Answers {
        documented: sent([(&format!("PATCH {record}"), ada_fields())]),
        stock: sent([(&format!("POST {record}?_HttpMethod=PATCH"), ada_fields())]),
    };
    assert_eq!(both.answers(ada()).await, expected);
}

#[tokio::test]
async fn request_the_version_in_the_path_is_a_setting() {
    let salesforce = serve(org().build().router()).await;
    let both = Both::start(salesforce, &["--salesforce-api-version", "62.0"]).await;
    let created = sent([("POST /services/data/v62.0/sobjects/Lead", ada_fields())]);
    assert_eq!(both.answers(ada()).await, same(created));
}

/// The entries of a router batch: the ids of their jobs, and what they say.
async fn entries(both: &Both, service: &Service, jobs: &[Value]) -> Vec<(Vec<u64>, Answer)> {
    let entries = service.router(jobs).await;
    let read = |entry: &Value| {
        let metadata = entry["metadata"].as_array().unwrap().iter();
        let ids = metadata.map(|job| job["jobId"].as_u64().unwrap());
        (ids.collect(), both.read(entry))
    };
    entries.as_array().unwrap().iter().map(read).collect()
}

#[tokio::test]
async fn one_create_for_two_events_of_one_new_person_or_a_record_each() {
    let both = Both::of(&org().build()).await;
    has_come_to_the_proxy(&both.documented).await;
    let jobs = [
        (
            1,
            json!({"email": "ada@example.com", "title": "Ms", "city": "London"}),
        ),
        (2, json!({"email": "Ada@example.com", "title": "Countess"})),
    ];
    let jobs = jobs.map(|(id, traits)| job(id, identify(traits), &destination("dst-1")));
    let lead = |email: &str, title: &str| json!({"Email": email, "Title": title, "LastName": "n/a", "Company": "n/a"});

    let mut merged = lead("Ada@example.com", "Countess");
    merged["City"] = json!("London");
    let documented = entries(&both, &both.documented, &jobs).await;
    assert_eq!(documented, [(vec![1, 2], create("Lead", merged))]);

    let mut first = lead("ada@example.com", "Ms");
    first["City"] = json!("London");
    let second = lead("Ada@example.com", "Countess");
    let stock = entries(&both, &both.stock, &jobs).await;
    assert_eq!(
        stock,
        [
            (vec![1], create("Lead", first)),
            (vec![2], create("Lead", second))
        ]
    );
}

/// The traits are mapped unless the event's own trait `mapped` is `false`.
fn destination_with_a_template() -> Value {
    let mut destination = destination("dst-1");
    destination["Config"]["mapProperty"] = json!("{{ message.traits.mapped || true }}");
    destination
}

#[tokio::test]
async fn dynamic_config_a_template_takes_its_value_out_of_each_event_or_its_default() {
    let both = Both::of(&org().build()).await;
    let destination = destination_with_a_template();
    let event = identify(json!({"email": "ada@example.com", "mapped": false}));
    let as_it_is = create("Lead", json!({"email": "ada@example.com"}));
    assert_eq!(both.answers_at(&destination, event).await, same(as_it_is));

    let mapped = create("Lead", ada_fields());
    assert_eq!(both.answers_at(&destination, ada()).await, same(mapped));
}

#[tokio::test]
async fn dynamic_config_a_destination_without_dynamic_config_keeps_its_templates() {
    let both = Both::of(&org().build()).await;
    let mut destination = destination_with_a_template();
    destination["hasDynamicConfig"] = json!(false);
    let event = identify(json!({"email": "ada@example.com", "mapped": "yes"}));
    let mut written = ada_fields();
    written["mapped__c"] = json!("yes");
    let answers = both.answers_at(&destination, event).await;
    assert_eq!(answers, same(create("Lead", written)));
}
