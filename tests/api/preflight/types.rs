//! Numbers, booleans, dates and instants in other forms, and what is no value of a field.

use salesforce_simulator::{FieldSpec, FieldType};
use serde_json::json;

use super::{ada, explained, fits, ordinary, pairs, service};

#[tokio::test]
async fn a_number_is_read_from_a_text_that_can_only_mean_one() {
    for (text, number) in [
        ("42", json!(42)),
        ("1,200.50", json!(1200.5)),
        ("1.200,50", json!(1200.5)),
        ("$1,000", json!(1000)),
        ("-7", json!(-7)),
    ] {
        let sent = json!({"Budget__c": number});
        fits(json!({"Budget": text}), sent, &[("Budget", "converted")]).await;
    }
}

#[tokio::test]
async fn a_text_that_may_mean_several_numbers_or_none_is_left_out() {
    for text in ["many", "1.200", "12 apples", "1e", "NaN"] {
        let told = [("Budget", "not_a_number")];
        fits(json!({"Budget": text}), json!({}), &told).await;
    }
}

#[tokio::test]
async fn an_amount_with_a_currencys_sign_may_mean_another_currency_where_the_org_has_several() {
    let currency = FieldSpec::new("CurrencyIsoCode", FieldType::Picklist)
        .values(&["USD", "EUR"])
        .restricted()
        .default_value("EUR");
    let org = ordinary().field("Lead", currency).build();
    let service = service(&org, &[]).await;
    let event = ada(json!({"Budget": "$1,000"}));
    let told = pairs(&[("Budget", "not_a_number")]);
    assert_eq!(explained(&service, &event).await, told);
}

#[tokio::test]
async fn a_number_with_more_digits_than_its_field_is_left_out() {
    let told = [("Score", "out_of_range")];
    fits(json!({"Score": 1000}), json!({}), &told).await;
    fits(json!({"Score": 999.99}), json!({"Score__c": 999.99}), &[]).await;
}

#[tokio::test]
async fn a_text_field_takes_the_digits_of_a_number() {
    let sent = json!({"PostalCode": "10115"});
    fits(
        json!({"postalCode": 10115}),
        sent,
        &[("PostalCode", "converted")],
    )
    .await;
}

#[tokio::test]
async fn a_boolean_is_read_from_its_usual_forms() {
    for (form, value) in [
        (json!("true"), true),
        (json!("false"), false),
        (json!("yes"), true),
        (json!("no"), false),
        (json!("YES"), true),
        (json!(1), true),
        (json!(0), false),
    ] {
        let (traits, sent) = (
            json!({"hasOptedOutOfFax": form}),
            json!({"HasOptedOutOfFax": value}),
        );
        fits(traits, sent, &[("HasOptedOutOfFax", "converted")]).await;
    }
    let told = [("Trial", "not_a_boolean")];
    fits(json!({"Trial": "maybe"}), json!({}), &told).await;
}

#[tokio::test]
async fn a_date_takes_the_day_of_an_instant() {
    for instant in ["2027-03-01T10:00:00Z", "2027-03-01T10:00:00.123Z"] {
        let sent = json!({"Renewal__c": "2027-03-01"});
        fits(
            json!({"Renewal": instant}),
            sent,
            &[("Renewal", "converted")],
        )
        .await;
    }
}

#[tokio::test]
async fn what_is_no_date_is_left_out() {
    for text in ["next Tuesday", "31.12.2026", "2026-02-30", "01/02/2026"] {
        let told = [("Renewal", "not_a_date")];
        fits(json!({"Renewal": text}), json!({}), &told).await;
    }
    let told = [("Signed_Up", "not_a_date")];
    fits(json!({"Signed_Up": "yesterday"}), json!({}), &told).await;
}

#[tokio::test]
async fn a_date_and_an_instant_that_fit_are_sent_as_they_are() {
    fits(
        json!({"Renewal": "2027-03-01", "Signed_Up": "2026-01-05T12:30:00.000+02:00"}),
        json!({"Renewal__c": "2027-03-01", "Signed_Up__c": "2026-01-05T12:30:00.000+02:00"}),
        &[],
    )
    .await;
}

#[tokio::test]
async fn an_object_or_an_array_is_no_value_of_a_text_field() {
    for value in [json!({"a": 1}), json!(["a"])] {
        let told = [("Notes", "structure")];
        fits(json!({"Notes": value}), json!({}), &told).await;
    }
}
