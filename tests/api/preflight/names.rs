//! Fields that the org has under another name, not at all, or not for this operation.

use serde_json::json;

use super::{USER, ada, explained, extend, fields, fits, job_of, ordinary, service};

#[tokio::test]
async fn a_field_in_other_letter_case_is_sent_as_the_org_spells_it() {
    fits(
        json!({"PLAN": "pro"}),
        json!({"plan__c": "pro"}),
        &[("plan", "other_case")],
    )
    .await;
}

#[tokio::test]
async fn a_trait_without_a_custom_field_fills_the_standard_field_of_its_name() {
    fits(
        json!({"industry": "Banking", "AnnualRevenue": 1200}),
        json!({"Industry": "Banking", "AnnualRevenue": 1200}),
        &[
            ("Industry", "standard_field"),
            ("AnnualRevenue", "standard_field"),
        ],
    )
    .await;
}

#[tokio::test]
async fn a_custom_field_comes_before_a_standard_field_of_the_traits_name() {
    let org = ordinary()
        .custom_field("Lead", "industry__c", salesforce_simulator::FieldType::Text)
        .build();
    let service = service(&org, &[]).await;
    let entries = service
        .router([job_of(&ada(json!({"industry": "Pirates"})))])
        .await;
    assert_eq!(fields(&entries[0])["industry__c"], "Pirates");
}

#[tokio::test]
async fn an_unknown_field_is_left_out_and_the_nearest_name_told() {
    fits(json!({"scor": 5}), json!({}), &[("scor", "unknown_field")]).await;
    let org = ordinary().build();
    let service = service(&org, &[]).await;
    let answer = service
        .transform(json!([job_of(&ada(json!({"scor": 5})))]))
        .await;
    let message = answer[0]["explanation"][0]["message"].as_str().unwrap();
    assert!(message.contains("Score__c"), "{message}");
}

#[tokio::test]
async fn a_name_that_no_field_can_have_is_left_out() {
    for name in ["first purchase", "a.b", "größe", "2fa"] {
        fits(json!({name: "x"}), json!({}), &[(name, "field_name")]).await;
    }
}

#[tokio::test]
async fn a_field_hidden_from_the_user_is_unknown() {
    let told = [("Credit_Limit", "unknown_field")];
    fits(json!({"Credit_Limit": 5}), json!({}), &told).await;
}

#[tokio::test]
async fn what_cannot_be_written_into_a_new_lead_is_left_out() {
    for name in ["Grade", "Ticket", "Risk", "Last_Review"] {
        fits(json!({name: "x"}), json!({}), &[(name, "not_createable")]).await;
    }
    fits(
        json!({"First_Source": "ad"}),
        json!({"First_Source__c": "ad"}),
        &[],
    )
    .await;
}

#[tokio::test]
async fn what_cannot_be_changed_in_a_known_lead_is_left_out() {
    let org = ordinary().build();
    let known = json!({"LastName": "Lovelace", "Company": "Navy", "Email": "ada@example.com"});
    org.insert("Lead", known).unwrap();
    let service = service(&org, &[]).await;
    for name in ["Grade", "Ticket", "Risk", "First_Source"] {
        let event = ada(json!({name: "x"}));
        let entries = service.router([job_of(&event)]).await;
        assert_eq!(entries[0]["batchedRequest"][0]["method"], "PATCH");
        assert_eq!(fields(&entries[0]).get(format!("{name}__c")), None);
        let told = super::pairs(&[(name, "not_updateable")]);
        assert_eq!(explained(&service, &event).await, told);
    }
    let entries = service
        .router([job_of(&ada(json!({"Last_Review": "x"})))])
        .await;
    assert_eq!(fields(&entries[0])["Last_Review__c"], "x");
}

#[tokio::test]
async fn an_upsert_leaves_out_what_only_one_of_both_operations_writes() {
    let org = ordinary().build();
    let service = service(&org, &["--assignment-rules", "always"]).await;
    let mut event = ada(json!({"First_Source__c": "ad", "Last_Review__c": "x"}));
    event["traits"] = json!({"LastName": "Lovelace", "Company": "Navy"});
    extend(
        &mut event["traits"],
        json!({"First_Source__c": "ad", "Last_Review__c": "x"}),
    );
    event["context"] = json!({"mappedToDestination": "true", "externalId": [
        {"type": "Salesforce-Lead", "id": "m1", "identifierType": "Member_Id__c"}
    ]});
    let entries = service.router([job_of(&event)]).await;
    assert_eq!(
        fields(&entries[0]),
        json!({"LastName": "Lovelace", "Company": "Navy"})
    );
}

#[tokio::test]
async fn of_two_traits_that_are_one_field_the_later_is_sent() {
    fits(
        json!({"Plan": "ent", "plan": "free"}),
        json!({"plan__c": "free"}),
        &[("plan", "same_field")],
    )
    .await;
}

#[tokio::test]
async fn two_users_have_descriptions_of_their_own() {
    let org = ordinary().build();
    org.show_field_to(USER, "Lead", "Credit_Limit__c");
    let service = service(&org, &[]).await;
    let entries = service
        .router([job_of(&ada(json!({"Credit_Limit": 5})))])
        .await;
    assert_eq!(fields(&entries[0])["Credit_Limit__c"], 5);
}
