//! `/transform`, for people and programs that are not rudder-server: events in whatever form they are at hand, an own
//! destination for events that bring none, and an explanation of what was left out.

use serde_json::{Value, json};

use crate::{
    fixtures::{destination, identify, job, org},
    planted::{PASSWORD, SECURITY_TOKEN},
    service::{Service, assert_says, error, serve, verdict},
};

/// The settings of a service with a destination of its own.
const OWN: [&str; 6] = [
    "--salesforce-username",
    "crm@acme.example",
    "--salesforce-password",
    PASSWORD,
    "--salesforce-security-token",
    SECURITY_TOKEN,
];

const INVALID: (u64, &str, &str) = (400, "dataValidation", "instrumentation");

fn ada() -> Value {
    identify(json!({"email": "ada@example.com", "name": "Ada Lovelace"}))
}

#[tokio::test]
async fn every_form_of_an_event_becomes_the_same_request() {
    let salesforce = serve(org().build().router()).await;
    let service = Service::start(&salesforce, &OWN).await;
    for body in [
        json!([{"message": ada()}]),
        json!([{"message": ada(), "destination": null}]),
        json!({"input": [{"message": ada()}]}),
        json!({"message": ada()}),
        json!({"batch": [ada()], "sentAt": "2026-02-01T10:00:00.000Z"}),
        ada(),
    ] {
        let answer = service.transform(body.clone()).await;
        assert_eq!(answer.as_array().unwrap().len(), 1, "{body}");
        assert_eq!(verdict(&answer[0]), (200, "", ""), "{body}");
        assert_eq!(answer[0].get("metadata"), None, "{body}");
        let request = &answer[0]["output"];
        let endpoint = format!("{salesforce}/services/data/v50.0/sobjects/Lead");
        assert_eq!(request["endpoint"], endpoint, "{body}");
        let lead = json!({
            "FirstName": "Ada",
            "LastName": "Lovelace",
            "Company": "n/a",
            "Email": "ada@example.com",
        });
        assert_eq!(request["body"]["JSON"], lead, "{body}");
    }
}

#[tokio::test]
async fn answers_are_in_the_order_of_the_events_with_their_metadata() {
    let service = Service::start(&serve(org().build().router()).await, &OWN).await;
    let track = json!({"type": "track"});
    let answer = service
        .transform(json!([
            {"message": track, "metadata": "first"},
            {"message": ada(), "metadata": {"mine": 2}},
            null,
            {"message": ada(), "metadata": [4]},
        ]))
        .await;
    let status_and_metadata = |n: usize| (verdict(&answer[n]).0, answer[n]["metadata"].clone());
    let expected = [
        (400, json!("first")),
        (200, json!({"mine": 2})),
        (400, Value::Null),
        (200, json!([4])),
    ];
    assert_eq!([0, 1, 2, 3].map(status_and_metadata), expected);
}

#[tokio::test]
async fn without_a_destination_of_its_own_the_service_says_which_settings_to_set() {
    let service = Service::of(&org().build()).await;
    let answer = service
        .transform(json!([{"message": ada()}, job(2, ada(), &destination("dst-1"))]))
        .await;
    assert_eq!(verdict(&answer[0]), INVALID);
    assert_says(error(&answer[0]), "SALESFORCE_USERNAME");
    assert_says(error(&answer[0]), "SALESFORCE_PASSWORD");
    assert_says(error(&answer[0]), "SALESFORCE_SECURITY_TOKEN");
    assert_says(error(&answer[0]), "SALESFORCE_SANDBOX=true");
    assert_eq!(verdict(&answer[1]), (200, "", ""));
}

#[tokio::test]
async fn an_own_destination_can_be_a_sandbox() {
    let (production, sandbox) = (org().build(), org().build());
    let production_url = serve(production.router()).await;
    let sandbox_url = serve(sandbox.router()).await;
    let both = format!("{production_url},{sandbox_url}");
    let flags = [
        "--salesforce-sandbox",
        "true",
        "--salesforce-sandbox-login-url",
        &sandbox_url,
        "--salesforce-allowed-hosts",
        &both,
    ];
    let service = Service::start(&production_url, &[&OWN[..], &flags].concat()).await;
    assert_eq!(verdict(&service.transform(ada()).await[0]), (200, "", ""));
    assert_eq!((production.calls().token, sandbox.calls().token), (0, 1));
}

#[tokio::test]
async fn an_event_keeps_the_destination_that_it_brings() {
    let org = org()
        .user("other@acme.example", "planted-other", "")
        .build();
    let own = [
        "--salesforce-username",
        "nobody",
        "--salesforce-password",
        "wrong",
    ];
    let service = Service::start(&serve(org.router()).await, &own).await;
    let mut other = destination("dst-1");
    other["Config"] = json!({"userName": "other@acme.example", "password": "planted-other"});
    let answer = service
        .transform(json!([job(1, ada(), &other), {"message": ada()}]))
        .await;
    assert_eq!((verdict(&answer[0]).0, verdict(&answer[1]).0), (200, 400));
}

#[tokio::test]
async fn rudder_servers_routes_never_use_the_own_destination() {
    let service = Service::start(&serve(org().build().router()).await, &OWN).await;
    let elements = service.processor(json!([{"message": ada()}])).await;
    assert_eq!(verdict(&elements[0]), INVALID);
    assert_says(error(&elements[0]), "no `destination` object");
}

#[tokio::test]
async fn traits_that_are_left_out_are_explained_and_counted() {
    let service = Service::unfitted(&org().build()).await;
    let traits = json!({
        "email": "ada@example.com",
        "createdAt": "1835-07-08",
        "father": {"name": "George"},
        "tags": ["poet"],
        "nothing": null,
        "zero": 0,
        "no": false,
    });
    let jobs = json!([job(1, identify(traits), &destination("dst-1"))]);
    let answer = service.transform(jobs.clone()).await;
    let lead = json!({
        "Email": "ada@example.com",
        "LastName": "n/a",
        "Company": "n/a",
        "zero__c": 0,
        "no__c": false,
    });
    assert_eq!(answer[0]["output"]["body"]["JSON"], lead);
    let structure = |name: &str| {
        let message = format!(
            "the trait \"{name}\" is left out: an object or array cannot be a field's value"
        );
        json!({"trait": name, "change": "left_out", "reason": "structure", "message": message})
    };
    let explanation = json!([
        {
            "field": "CreatedDate", "change": "left_out", "reason": "system_field",
            "message": "the field CreatedDate is left out: Salesforce sets it itself",
        },
        structure("father"),
        structure("tags"),
    ]);
    assert_eq!(answer[0]["explanation"], explanation);
    let metrics = service.get("/metrics").await.text;
    assert_says(&metrics, r#"traits_changed_total{reason="structure"} 2"#);
    assert_says(&metrics, r#"traits_changed_total{reason="system_field"} 1"#);

    // rudder-server would have no use for it.
    let elements = service.processor(&jobs).await;
    assert_eq!(elements[0].get("explanation"), None);
}

#[tokio::test]
async fn a_request_from_which_nothing_is_left_out_has_no_explanation() {
    let service = Service::start(&serve(org().build().router()).await, &OWN).await;
    assert_eq!(service.transform(ada()).await[0].get("explanation"), None);
}
