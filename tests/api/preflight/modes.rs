//! `PREFLIGHT`: `warn`, `off`, and an org that does not describe its objects.

use salesforce_simulator::{Call, Fault};
use serde_json::json;

use super::{ada, explained, fields, job_of, ordinary, pairs, service};

#[tokio::test]
async fn warn_changes_nothing_and_tells_the_same() {
    let org = ordinary().build();
    let service = service(&org, &["--preflight", "warn"]).await;
    let event = ada(json!({"plan": "PRO", "Seats": "42", "planet": "Mars"}));
    let entries = service.router([job_of(&event)]).await;
    let sent = fields(&entries[0]);
    assert_eq!(
        [&sent["plan__c"], &sent["Seats__c"], &sent["planet__c"]],
        [&json!("PRO"), &json!("42"), &json!("Mars")]
    );
    let told = pairs(&[
        ("plan", "picklist_spelling"),
        ("Seats", "converted"),
        ("planet", "unknown_field"),
    ]);
    assert_eq!(explained(&service, &event).await, told);
}

#[tokio::test]
async fn off_and_the_stock_set_neither_describe_nor_change() {
    for flags in [["--preflight", "off"], ["--compatibility", "stock"]] {
        let org = ordinary().build();
        let service = service(&org, &flags).await;
        let event = ada(json!({"plan": "PRO", "planet": "Mars"}));
        let entries = service.router([job_of(&event)]).await;
        let sent = fields(&entries[0]);
        assert_eq!([&sent["plan__c"], &sent["planet__c"]], ["PRO", "Mars"]);
        assert_eq!(org.calls().describe, 0, "{flags:?}");
    }
}

#[tokio::test]
async fn without_a_description_the_event_is_sent_as_it_is() {
    let org = ordinary().build();
    org.fail_next(Call::Describe, Fault::ServerUnavailable, 100);
    let service = service(&org, &[]).await;
    let entries = service.router([job_of(&ada(json!({"plan": "PRO"})))]).await;
    assert_eq!(fields(&entries[0])["plan__c"], "PRO");
}

#[tokio::test]
async fn an_object_is_described_once_however_many_events_come() {
    let org = ordinary().build();
    let service = service(&org, &[]).await;
    for _ in 0..5 {
        service.router([job_of(&ada(json!({"plan": "pro"})))]).await;
    }
    assert_eq!(org.calls().describe, 1);
}
