//! The stack of `deploy/compose.yaml`, which is never run here: that its destination can log in is what can be told.

use salesforce_simulator::sample;
use serde_json::{Value, json};

use crate::service::{Service, serve};

#[tokio::test]
async fn the_destination_of_the_compose_stack_is_served() {
    let workspace: Value =
        serde_json::from_str(include_str!("../../deploy/compose/workspace.json")).unwrap();
    let destination = &workspace["sources"][0]["destinations"][0];
    let job = json!({
        "message": {"type": "identify", "userId": "you", "integrations": {"Salesforce": true},
            "traits": {"name": "Grace Hopper", "email": "grace@navy.example", "company": "Navy"}},
        "metadata": {"jobId": 1},
        "destination": {
            "ID": destination["id"],
            "Config": destination["config"],
            "DestinationDefinition": {"Name": destination["destinationDefinition"]["name"], "DisplayName": "Salesforce"},
        },
    });
    for flow in ["client-credentials", "password"] {
        let org = serve(sample::org().build().router()).await;
        let app = [
            ["--salesforce-auth", flow],
            ["--salesforce-client-id", sample::CLIENT_ID],
            ["--salesforce-client-secret", sample::CLIENT_SECRET],
        ];
        let service = Service::start(&org, app.as_flattened()).await;
        let output = service.router([&job]).await;
        assert_eq!(output[0]["statusCode"], 200, "{flow}: {output}");
        let endpoint = &output[0]["batchedRequest"][0]["endpoint"];
        assert!(
            endpoint.as_str().is_some_and(|url| url.starts_with(&org)),
            "{flow}: {output}"
        );
    }
}
