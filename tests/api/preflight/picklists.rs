//! Picklists, and states and countries where the org has lists of them.

use serde_json::{Value, json};

use super::fits;

#[tokio::test]
async fn a_listed_value_is_sent_as_it_is() {
    fits(json!({"plan": "pro"}), json!({"plan__c": "pro"}), &[]).await;
}

#[tokio::test]
async fn a_value_in_other_letter_case_and_a_label_become_the_value() {
    for text in ["PRO", "Professional", "professional"] {
        let sent = json!({"plan__c": "pro"});
        fits(
            json!({"plan": text}),
            sent,
            &[("plan", "picklist_spelling")],
        )
        .await;
    }
}

#[tokio::test]
async fn what_a_restricted_picklist_does_not_have_is_left_out() {
    for text in ["platinum", "legacy"] {
        fits(
            json!({"plan": text}),
            json!({}),
            &[("plan", "not_in_picklist")],
        )
        .await;
    }
}

#[tokio::test]
async fn an_open_picklist_takes_other_values() {
    fits(
        json!({"Tier": "Diamond"}),
        json!({"Tier__c": "Diamond"}),
        &[],
    )
    .await;
    let sent = json!({"Tier__c": "Gold"});
    fits(
        json!({"Tier": "gold"}),
        sent,
        &[("Tier", "picklist_spelling")],
    )
    .await;
}

#[tokio::test]
async fn several_values_come_as_an_array_or_with_semicolons() {
    let both = || json!({"Topics__c": "sports;news"});
    fits(json!({"Topics": "sports;news"}), both(), &[]).await;
    let traits = json!({"Topics": ["sports", "news"]});
    fits(traits, both(), &[("Topics", "converted")]).await;
    let traits = json!({"Topics": "Sports & Games;NEWS"});
    fits(traits, both(), &[("Topics", "picklist_spelling")]).await;
    let traits = json!({"Topics": "sports;chess"});
    let sent = json!({"Topics__c": "sports"});
    fits(traits, sent, &[("Topics", "not_in_picklist")]).await;
}

const STATE: (&str, &str) = ("State", "state_country");
const COUNTRY: (&str, &str) = ("Country", "state_country");

#[tokio::test]
async fn labels_of_a_state_and_a_country_are_sent_as_they_are() {
    let traits = json!({"state": "California", "country": "United States"});
    let sent = json!({"State": "California", "Country": "United States"});
    fits(traits, sent, &[]).await;
}

#[tokio::test]
async fn codes_of_a_state_and_a_country_go_into_the_fields_for_codes() {
    let traits = json!({"address": {"state": "CA", "country": "US"}});
    let sent = json!({"StateCode": "CA", "CountryCode": "US"});
    fits(traits, sent, &[STATE, COUNTRY]).await;
    let traits = json!({"state": "CA", "country": "United States"});
    let sent = json!({"StateCode": "CA", "Country": "United States"});
    fits(traits, sent, &[STATE]).await;
}

#[tokio::test]
async fn states_and_countries_that_are_not_listed_are_left_out() {
    for (traits, sent, told) in [
        (json!({"country": "Atlantis"}), json!({}), &[COUNTRY][..]),
        (
            json!({"state": "Ontario", "country": "United States"}),
            json!({"Country": "United States"}),
            &[STATE],
        ),
        (
            json!({"state": "WA", "country": "Germany"}),
            json!({"Country": "Germany"}),
            &[STATE],
        ),
        (
            json!({"state": "California", "country": "Atlantis"}),
            json!({}),
            &[STATE, COUNTRY],
        ),
    ] {
        fits(traits, sent, told).await;
    }
}

#[tokio::test]
async fn a_state_without_a_country_is_left_out() {
    for state in ["California", "CA"] {
        fits(json!({"state": state}), json!({}), &[STATE]).await;
    }
}

#[tokio::test]
async fn a_code_that_several_countries_have_is_the_countrys_own() {
    for (country, label) in [("AU", "Western Australia"), ("US", "Washington")] {
        let traits = json!({"stateCode": "WA", "countryCode": country});
        let sent: Value = json!({"StateCode": "WA", "CountryCode": country});
        fits(traits, sent, &[]).await;
        let traits = json!({"state": label, "country": country});
        let sent = json!({"State": label, "CountryCode": country});
        fits(traits, sent, &[COUNTRY]).await;
    }
}

#[tokio::test]
async fn a_name_in_other_letter_case_becomes_that_of_the_list() {
    let traits = json!({"state": "california", "country": "UNITED STATES"});
    let sent = json!({"State": "California", "Country": "United States"});
    let told = [
        ("State", "picklist_spelling"),
        ("Country", "picklist_spelling"),
    ];
    fits(traits, sent, &told).await;
}
