//! Texts that are longer than their field.

use serde_json::json;

use super::{fields, fits, job_of, ordinary, service};
use crate::service::assert_says;

#[tokio::test]
async fn a_text_is_cut_to_the_characters_that_its_field_takes() {
    for letter in ["x", "ß", "🦀"] {
        fits(
            json!({"title": letter.repeat(200)}),
            json!({"Title": letter.repeat(128)}),
            &[("Title", "too_long")],
        )
        .await;
    }
    let notes = json!({"Notes": "x".repeat(256)});
    let cut = json!({"Notes__c": "x".repeat(255)});
    fits(notes, cut, &[("Notes", "too_long")]).await;
}

#[tokio::test]
async fn a_text_that_just_fits_is_sent_as_it_is() {
    let title = "ß".repeat(128);
    fits(json!({"title": title}), json!({"Title": title}), &[]).await;
}

#[tokio::test]
async fn an_address_a_number_and_a_link_are_left_out_rather_than_cut() {
    for (name, value) in [
        ("Second_Email", format!("{}@example.com", "a".repeat(80))),
        ("phone", "5".repeat(41)),
        ("Second_Phone", "5".repeat(41)),
        ("website", format!("https://x.example/{}", "a".repeat(255))),
    ] {
        fits(json!({name: value}), json!({}), &[(name, "too_long")]).await;
    }
}

#[tokio::test]
async fn a_unique_text_and_an_external_id_are_left_out_rather_than_cut() {
    for name in ["Member_Id", "Badge"] {
        let traits = json!({name: "m".repeat(21)});
        fits(traits, json!({}), &[(name, "too_long")]).await;
    }
}

#[tokio::test]
async fn a_key_that_is_too_long_fails_its_event_alone() {
    let org = ordinary().build();
    let service = service(&org, &["--assignment-rules", "always"]).await;
    let sync = |key: &str| {
        let mut event = json!({"type": "identify", "userId": "ada"});
        event["traits"] = json!({"LastName": "Lovelace", "Company": "Navy"});
        event["context"] = json!({"mappedToDestination": "true", "externalId": [
            {"type": "Salesforce-Lead", "id": key, "identifierType": "Member_Id__c"}
        ]});
        job_of(&event)
    };
    let mut jobs = [sync(&"m".repeat(21)), sync(&"m".repeat(20))];
    jobs[1]["metadata"]["jobId"] = json!(2);
    let entries = service.router(&jobs).await;
    assert_eq!(entries[0]["statusCode"], 400, "{entries}");
    assert_says(entries[0]["error"].as_str().unwrap(), "Member_Id__c");
    assert_eq!(fields(&entries[1])["LastName"], "Lovelace");
}
