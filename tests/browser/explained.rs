//! The view Explain: an event is pasted, and its way is shown.

use std::process::Command;

use salesforce_simulator::{FieldSpec, FieldType, Simulator, sample};
use serde_json::{Value, json};

use crate::page::{Page, identify};

/// An org with a short text and a picklist, in which Grace is known.
fn org() -> Simulator {
    let tier = FieldSpec::new("Tier__c", FieldType::Picklist).values(&["Gold", "Silver"]);
    let org = sample::org()
        .field("Lead", FieldSpec::new("Code__c", FieldType::Text).length(4))
        .field("Lead", tier.restricted())
        .build();
    let grace = json!({"LastName": "Hopper", "Company": "Navy", "Email": "grace@hopper.example"});
    org.insert("Lead", grace).unwrap();
    org
}

/// The steps that the page shows, by their names.
async fn steps(page: &Page) -> Vec<String> {
    let steps = "return [...document.querySelectorAll('#explanation [data-step]')].map((step) => step.dataset.step)";
    serde_json::from_value(page.browser.script(steps).await).unwrap()
}

/// What the page says of a trait, by what became of it.
async fn traits(page: &Page, fate: &str) -> Vec<String> {
    let rows = format!("#explanation tr[data-fate={fate}]");
    page.browser.texts(&rows).await
}

#[tokio::test]
async fn a_pasted_event_is_explained_with_its_verdict_and_its_steps() {
    let page = Page::open("explain").await;
    let traits = json!({"email": "grace@hopper.example", "name": "Grace Hopper", "plan": "pro"});
    page.browser.click("#live").await;
    page.explain(&identify("m-1", &traits)).await;
    page.browser.says("#explanation", "Sent 200").await;
    let expected = [
        "gate", "record", "lookup", "mapping", "settings", "request", "calls",
    ];
    assert_eq!(steps(&page).await, expected);
    page.is_clean().await;
}

#[tokio::test]
async fn what_is_changed_or_left_out_stands_beside_its_field_with_the_reason() {
    let page = Page::open_with(&org(), "explain", &[]).await;
    let event = json!({"email": "new@hopper.example", "Code": "much too long", "tier": "gold", "tags": ["a", "b"]});
    page.browser.click("#live").await;
    page.explain(&identify("m-1", &event)).await;
    page.browser.says("#explanation", "tags").await;
    let left_out = traits(&page, "left_out").await;
    assert!(left_out[0].contains("tags"), "{left_out:?}");
    assert!(left_out[0].contains("object or array"), "{left_out:?}");
    let changed = traits(&page, "changed").await.join("\n");
    for words in ["Code__c", "Tier__c"] {
        assert!(changed.contains(words), "{changed}");
    }
}

#[tokio::test]
async fn the_org_is_asked_only_if_the_box_is_checked() {
    let org = org();
    let page = Page::open_with(&org, "explain", &[]).await;
    let event = identify("m-1", &json!({"email": "grace@hopper.example"}));
    page.explain(&event).await;
    page.browser
        .says("#explanation", "no record is found")
        .await;
    assert_eq!(org.calls().total_api(), 0);
    page.browser.click("#live").await;
    page.browser.click("#explain-run").await;
    page.browser.says("#explanation", "1 record found").await;
    assert_eq!(org.calls().query, 1);
    assert_eq!(org.calls().update, 0);
}

#[tokio::test]
async fn an_event_that_is_not_sent_says_why_and_what_to_do() {
    let page = Page::open("explain").await;
    let mut event = identify("m-1", &json!({"email": "grace@hopper.example"}));
    event["integrations"] = json!({"All": true});
    page.explain(&event).await;
    let said = page.browser.says("#explanation", "Not sent 298").await;
    assert!(
        said.contains("set integrations.Salesforce to true"),
        "{said}"
    );
}

#[tokio::test]
async fn each_event_of_a_batch_is_explained() {
    let page = Page::open("explain").await;
    let sent = identify("m-sent", &json!({"email": "grace@hopper.example"}));
    let nameless = identify("m-nameless", &json!({}));
    let batch = json!([{"message": sent}, {"message": nameless}]);
    page.explain(&batch).await;
    page.browser.says("#explanation", "m-sent").await;
    let said = page.browser.says("#explanation", "m-nameless").await;
    assert!(
        said.contains("Sent 200") && said.contains("Refused 400"),
        "{said}"
    );
    page.is_clean().await;
}

#[tokio::test]
async fn the_example_is_explained_at_a_click() {
    let page = Page::open("explain").await;
    page.browser.click("#explain-example").await;
    page.browser.says("#explanation", "Sent 200").await;
    page.is_clean().await;
}

#[tokio::test]
async fn a_rule_says_what_it_means_when_its_name_is_chosen() {
    let page = Page::open("explain").await;
    page.browser.click("#explain-example").await;
    let gate = "#explanation [data-step=gate] button.rule";
    page.browser.click(gate).await;
    let card = "#rule-card:popover-open";
    page.browser.says(card, "integrations.Salesforce").await;
    page.is_clean().await;
}

#[tokio::test]
async fn the_settings_of_a_destination_count_where_they_are_given() {
    let page = Page::open("explain").await;
    page.browser.click("#destination-given").await;
    let settings = json!({"ID": "2given", "DestinationDefinition": {"Name": "SALESFORCE"}, "Config": {"mapProperties": false}});
    page.browser
        .fill("#destination", &settings.to_string())
        .await;
    let event = identify("m-1", &json!({"email": "grace@hopper.example"}));
    page.explain(&event).await;
    page.browser.says("#explanation", "2given").await;
    page.is_clean().await;
}

/// JavaScript's numbers would make it 12345678901234567000.
#[tokio::test]
async fn a_long_number_keeps_its_digits() {
    let page = Page::open("explain").await;
    page.explain_text(
        r#"{"type": "identify", "traits": {"email": "ada@lovelace.example", "NumberOfEmployees": 12345678901234567890}, "integrations": {"Salesforce": true}}"#,
    )
    .await;
    let request = "#explanation [data-step=request]";
    page.browser.says(request, "12345678901234567890").await;
}

#[tokio::test]
async fn the_request_is_copied_as_curl() {
    let page = Page::open("explain").await;
    let own = json!({"permissions": ["clipboardReadWrite", "clipboardSanitizedWrite"], "origin": page.service.admin});
    page.browser.devtools("Browser.grantPermissions", own).await;
    let traits = json!({"email": "grace@hopper.example", "lastName": "O'Hopper"});
    page.explain(&identify("m-1", &traits)).await;
    page.browser.click("#copy-curl").await;
    page.browser.says("#explain", "Copied").await;
    let copied = page.browser.clipboard().await;
    // A shell reads it: this one shows what curl would get.
    let script = format!("curl() {{ printf '%s\\n' \"$@\"; }}; SF_TOKEN=secret; {copied}");
    let shell = Command::new("sh").args(["-c", &script]).output().unwrap();
    let got = String::from_utf8(shell.stdout).unwrap();
    let got: Vec<&str> = got.lines().collect();
    assert_eq!(got[..2], ["-X", "POST"], "{copied}");
    assert!(got.contains(&"Authorization: Bearer secret"), "{got:?}");
    let body: Value = serde_json::from_str(got.last().unwrap()).unwrap();
    assert_eq!(body["LastName"], "O'Hopper");
}

#[tokio::test]
async fn broken_json_is_told_with_its_line_and_column() {
    let page = Page::open("explain").await;
    page.explain_text("{\n  \"type\": \"identify\",\n  \"traits\": {,}\n}")
        .await;
    let said = page.browser.says("#event-error", "line 3").await;
    assert!(said.contains("column 14"), "{said}");
    page.browser.says("#event-error", "Go to line 3").await;
}

/// Its line and column are none of the event's.
#[tokio::test]
async fn a_broken_destination_is_told_without_a_place_in_the_event() {
    let page = Page::open("explain").await;
    page.browser.click("#destination-given").await;
    page.browser.fill("#destination", "{").await;
    page.explain(&identify("m-1", &json!({}))).await;
    let said = page.browser.says("#event-error", "no JSON").await;
    assert!(!said.contains("Go to"), "{said}");
}

#[tokio::test]
async fn what_the_service_refuses_is_told() {
    let page = Page::open("explain").await;
    page.explain_text("17").await;
    page.browser.says("#event-error", "event").await;
    let named: Value = page
        .browser
        .script("return document.querySelectorAll('#explanation [data-step]').length")
        .await;
    assert_eq!(named, 0);
}

#[tokio::test]
async fn a_text_of_a_megabyte_is_explained() {
    let page = Page::open("explain").await;
    let long = "Ada said: \"no\". ".repeat(1 << 16);
    let event = identify(
        "m-1",
        &json!({"email": "ada@lovelace.example", "description": long}),
    );
    page.explain(&event).await;
    page.browser.says("#explanation", "Sent 200").await;
    assert!(!traits(&page, "sent").await.is_empty());
    page.is_clean().await;
}
