//! Rule `dynamic-config`: `{{ path || default }}` in a destination's `Config`, resolved for each event.

use serde_json::{Value, json};

use super::{fields, job_ids, output};
use crate::{
    fixtures::{destination, identify, job, org},
    planted::{PASSWORD, SECURITY_TOKEN},
    service::{Service, verdict},
};

/// The traits of an identify go out as they are where its own trait `mapped` is `false`.
fn destination_mapped_by_a_trait() -> Value {
    let mut destination = destination("dst-1");
    destination["Config"]["mapProperties"] = json!("{{ event.traits.mapped || true }}");
    destination["hasDynamicConfig"] = json!(true);
    destination
}

fn jobs_with_and_without_the_trait() -> Value {
    let destination = destination_mapped_by_a_trait();
    let without_mapping = identify(json!({"email": "ada@example.com", "mapped": false}));
    let with_mapping = identify(json!({"email": "bob@example.com"}));
    json!([
        job(1, without_mapping, &destination),
        job(2, with_mapping, &destination)
    ])
}

/// What the two events write: the first is sent as it is, but for the trait that has been taken out of it.
fn expected_fields() -> [Value; 2] {
    [
        json!({"email": "ada@example.com"}),
        json!({"Email": "bob@example.com", "LastName": "n/a", "Company": "n/a"}),
    ]
}

#[tokio::test]
async fn the_router_resolves_templates_for_each_event() {
    let service = Service::unfitted(&org().build()).await;
    let entries = service.router(jobs_with_and_without_the_trait()).await;
    assert_eq!(
        [fields(&entries[0]), fields(&entries[1])],
        expected_fields().each_ref()
    );
}

#[tokio::test]
async fn the_processor_resolves_templates_for_each_event() {
    let service = Service::unfitted(&org().build()).await;
    let elements = service.processor(jobs_with_and_without_the_trait()).await;
    let fields = |index: usize| elements[index]["output"]["body"]["JSON"].clone();
    assert_eq!([fields(0), fields(1)], expected_fields());
}

#[tokio::test]
async fn a_value_keeps_its_type_in_the_config_that_the_router_echoes() {
    let service = Service::of(&org().build()).await;
    let mut destination = destination("dst-1");
    let config = &mut destination["Config"];
    config["text"] = json!("  {{ message.traits.text || \"d\" }} ");
    config["number"] = json!("{{ event.traits.number || \"d\" }}");
    config["nested"] = json!({"list": ["{{ message.traits.object || \"d\" }}"]});
    config["absent"] = json!("{{ message.traits.absent || \"de fault\" }}");
    config["null"] = json!("{{ message.traits.null || 'd' }}");
    let traits = json!({"email": "ada@example.com", "text": "T", "number": 0, "object": {"a": 1}, "null": null});
    let entries = service
        .router([job(1, identify(traits), &destination)])
        .await;
    let mut expected = destination;
    let config = &mut expected["Config"];
    config["text"] = json!("T");
    config["number"] = json!(0);
    config["nested"] = json!({"list": [{"a": 1}]});
    config["absent"] = json!("de fault");
    config["null"] = json!("'d'");
    assert_eq!(entries[0]["destination"], expected);
    let written = json!({"Email": "ada@example.com", "LastName": "n/a", "Company": "n/a"});
    assert_eq!(fields(&entries[0]), &written);
}

#[tokio::test]
async fn credentials_may_come_from_an_event() {
    let org = org()
        .user("emea@acme.example", PASSWORD, SECURITY_TOKEN)
        .build();
    let service = Service::of(&org).await;
    let mut destination = destination("dst-1");
    destination["Config"]["userName"] = json!("{{ message.context.crmUser || crm@acme.example }}");
    let user = |user| {
        let mut identify = identify(json!({"email": "ada@example.com"}));
        identify["context"] = json!({ "crmUser": user });
        identify
    };
    let jobs = json!([
        job(1, user(json!("emea@acme.example")), &destination),
        job(2, user(json!("nobody@acme.example")), &destination),
        job(3, user(Value::Null), &destination),
    ]);
    let entries = service.router(jobs).await;
    assert_eq!(verdict(&entries[0]), (200, "", ""));
    assert_eq!(verdict(&entries[1]), (400, "network", "aborted"));
    assert_eq!(verdict(&entries[2]), (200, "", ""));
    assert_eq!(org.calls().token, 3);
}

#[tokio::test]
async fn without_dynamic_config_templates_and_traits_stay_as_they_are() {
    let service = Service::unfitted(&org().build()).await;
    let mut destination = destination_mapped_by_a_trait();
    destination["hasDynamicConfig"] = json!(false);
    let ada = identify(json!({"email": "ada@example.com", "mapped": false}));
    let entries = service.router([job(1, ada, &destination)]).await;
    assert_eq!(entries[0]["destination"], destination);
    assert_eq!(fields(&entries[0])["mapped__c"], json!(false));
}

#[tokio::test]
async fn entries_are_grouped_by_the_config_as_it_is_resolved() {
    let service = Service::of(&org().build()).await;
    let mut destination = destination("dst-1");
    destination["Config"]["region"] = json!("{{ message.traits.region || none }}");
    let job = |id, email, region| {
        let traits = json!({"email": email, "region": region});
        job(id, identify(traits), &destination)
    };
    let jobs = json!([
        job(1, "ada@example.com", "emea"),
        job(2, "eve@example.com", "apac"),
        job(3, "bob@example.com", "emea"),
    ]);
    let entries = output(&service, jobs).await;
    let ids: Vec<_> = entries.iter().map(job_ids).collect();
    assert_eq!(ids, [[1], [3], [2]]);
    assert_eq!(entries[1]["destination"]["Config"]["region"], "emea");
    assert_eq!(entries[2]["destination"]["Config"]["region"], "apac");
}
