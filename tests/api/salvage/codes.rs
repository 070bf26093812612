//! Each code that names fields: the record is written without them, and with everything else.

use super::*;
use crate::{
    delivery::asking,
    inline::{deliver, statuses},
};

/// A refused trait of a lead: the trait, its value, the field, and further traits.
struct Case {
    code: &'static str,
    places: bool,
    name: &'static str,
    value: Value,
    field: &'static str,
    more: Value,
}

fn case(code: &'static str, name: &'static str, value: Value, field: &'static str) -> Case {
    Case {
        code,
        places: false,
        name,
        value,
        field,
        more: json!({}),
    }
}

fn cases() -> Vec<Case> {
    let address =
        |state: &str, country: &str| json!({"address": {"state": state, "country": country}});
    let place = |field, more| Case {
        places: true,
        more,
        ..case("FIELD_INTEGRITY_EXCEPTION", "title", json!("CEO"), field)
    };
    vec![
        case("INVALID_FIELD", "nothing", json!("x"), "nothing__c"),
        case(
            "INVALID_FIELD_FOR_INSERT_UPDATE",
            "total",
            json!(5),
            "total__c",
        ),
        case("STRING_TOO_LONG", "phone", json!("1".repeat(300)), "Phone"),
        case(
            "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
            "tier",
            json!("brass"),
            "tier__c",
        ),
        case(
            "INVALID_EMAIL_ADDRESS",
            "other",
            json!("no e-mail"),
            "other__c",
        ),
        case(
            "NUMBER_OUTSIDE_VALID_RANGE",
            "score",
            json!(123_456),
            "score__c",
        ),
        case("MALFORMED_ID", "parent", json!("no id"), "parent__c"),
        case(
            "INVALID_CROSS_REFERENCE_KEY",
            "parent",
            json!("0015g00000AbCdEAAV"),
            "parent__c",
        ),
        place("State", address("Nowhere", "United States")),
        place("Country", address("", "Nowhere")),
        place("State", address("California", "")),
    ]
}

impl Case {
    fn org(&self) -> Simulator {
        if self.places {
            org_with_places()
        } else {
            strict_org()
        }
        .build()
    }

    fn job(&self) -> Value {
        let mut traits = self.more.clone();
        traits["website"] = json!("https://example.com");
        traits[self.name] = self.value.clone();
        ada(1, traits)
    }

    /// Holds where the record was written without the field.
    #[track_caller]
    fn assert_written(&self, org: &Simulator, how: &str) {
        let fields = only(org, "Lead", &["Website", self.field]);
        let expected = [json!("https://example.com"), Value::Null];
        assert_eq!(fields, expected, "{how}: {} of {}", self.code, self.field);
    }
}

#[tokio::test]
async fn inline_delivery_leaves_out_what_a_code_names() {
    for case in cases() {
        let org = case.org();
        let service = unfitted(&org, &[]).await;
        let entries = deliver(&service, [case.job()]).await;
        assert!(
            matches!(statuses(&entries)[0], 296 | 299),
            "{}: {entries:?}",
            case.code
        );
        case.assert_written(&org, "inline");
        assert_eq!(org.calls().collection_records, 2, "{}", case.code);
    }
}

#[tokio::test]
async fn without_the_setting_the_refusal_stands() {
    for case in cases() {
        let org = case.org();
        let service = unfitted(&org, &["--salvage", "false"]).await;
        let entries = deliver(&service, [case.job()]).await;
        assert_eq!(statuses(&entries), [400], "{}", case.code);
        crate::service::assert_says(crate::service::error(&entries[0]), case.code);
        assert!(org.records("Lead").is_empty());

        let service = proxy(&org, &["--salvage", "false"]).await;
        assert_eq!(
            delivered(&service, case.job()).await.0,
            400,
            "{}",
            case.code
        );
    }
}

#[tokio::test]
async fn the_proxy_leaves_out_what_a_code_names_in_both_versions() {
    for case in cases() {
        let org = case.org();
        let service = proxy(&org, &[]).await;
        let (status, output) = delivered(&service, case.job()).await;
        assert_eq!(status, 200, "{}: {output}", case.code);
        assert_eq!(output["response"][0]["statusCode"], 200);
        case.assert_written(&org, "v1");

        let org = case.org();
        let service = proxy(&org, &[]).await;
        let entry = service.router([case.job()]).await[0].clone();
        let body = asking(&entry["batchedRequest"][0], &entry["metadata"][0]);
        let answer = service
            .post("/v0/destinations/salesforce/proxy", body)
            .await;
        assert_eq!(answer.status, 200, "{}: {}", case.code, answer.text);
        case.assert_written(&org, "v0");
        assert_eq!(org.calls().create, 2, "{}", case.code);
    }
}

#[tokio::test]
async fn an_update_leaves_the_stored_value_of_the_field() {
    let org = strict_org().build();
    let known = json!({"LastName": "Lovelace", "Company": "Acme", "Email": "ada@example.com", "Phone": "5"});
    org.insert("Lead", known).unwrap();
    let bad = || ada(1, json!({"phone": "1".repeat(300), "city": "London"}));
    let inline = unfitted(&org, &[]).await;
    deliver(&inline, [bad()]).await;
    assert_eq!(
        only(&org, "Lead", &["City", "Phone"]),
        [json!("London"), json!("5")]
    );
    let proxy = proxy(&org, &[]).await;
    assert_eq!(delivered(&proxy, bad()).await.0, 200);
    assert_eq!(org.calls().update, 2);
}

/// A job of a sync for a contact whose account is named by its domain.
fn contact_of(domain: &str) -> Value {
    let mut message =
        identify(json!({"LastName": "Gibbs", "Phone": "5", "Parent__r": {"Domain__c": domain}}));
    message["context"] = json!({"externalId": [{"type": "Salesforce-Contact"}]});
    job(1, message, &destination("dst-1"))
}

#[tokio::test]
async fn a_missing_parent_is_left_out() {
    for domain in [
        "acme.com",
        "a in entity Account",
        "x not found for field LastName in entity Contact",
    ] {
        let org = strict_org().build();
        let service = unfitted(&org, &[]).await;
        deliver(&service, [contact_of(domain)]).await;
        let service = proxy(&org, &[]).await;
        assert_eq!(delivered(&service, contact_of(domain)).await.0, 200);
        let contacts = org.records("Contact");
        assert_eq!(contacts.len(), 2, "{domain}");
        for contact in contacts {
            assert_eq!(
                [&contact["Phone"], &contact["Parent__c"]],
                [&json!("5"), &Value::Null]
            );
        }
    }
}

#[tokio::test]
async fn a_parent_that_exists_is_linked() {
    let org = strict_org().build();
    let account = org
        .insert("Account", json!({"Name": "Acme", "Domain__c": "acme.com"}))
        .unwrap();
    let service = unfitted(&org, &[]).await;
    deliver(&service, [contact_of("acme.com")]).await;
    assert_eq!(only(&org, "Contact", &["Parent__c"]), [json!(account)]);
    assert_eq!(org.calls().collection_records, 1);
}
