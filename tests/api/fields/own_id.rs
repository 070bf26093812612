//! A record's own id among its traits is left out: Salesforce would refuse the record for it.

use salesforce_simulator::FieldType;
use serde_json::json;

use super::{ada, described, described_at, lead, named, sync};
use crate::{
    fixtures::{destination, job, org},
    inline::{deliver, inline, statuses},
    service::Service,
};

#[tokio::test]
async fn the_own_id_of_a_record_is_left_out_of_its_traits_in_whatever_letters() {
    let org = org()
        .custom_field("Contact", "Ext__c", FieldType::Text)
        .build();
    let service = Service::unfitted(&org).await;
    let mut unmapped = destination("dst-1");
    unmapped["Config"]["mapProperties"] = json!(false);
    for id in ["Id", "id", "ID", "iD"] {
        let traits = json!({id: "001A", "Name": "Acme", "Owner": {"Id": "005A"}});
        let rest = json!({"Name": "Acme", "Owner": {"Id": "005A"}});
        for record in [json!("001A"), json!(null)] {
            let account = described(&service, &named("Account", &record, traits.clone())).await;
            assert_eq!(account.fields, rest, "{id} {record}");
            assert!(account.says(id, "the record's own id"), "{account:?}");
        }
        let contact = sync(
            "Contact",
            "Ext__c",
            &json!("e1"),
            json!({id: "003A", "LastName": "L"}),
        );
        let contact = described(&service, &contact).await;
        assert_eq!(
            contact.fields,
            json!({"LastName": "L", "Ext__c": "e1"}),
            "{id}"
        );
        assert!(contact.says(id, "the record's own id"), "{contact:?}");

        let of_lead = named("lead", &json!("00QA"), json!({id: "00QA", "title": "Ms"}));
        let of_lead = described(&service, &of_lead).await;
        let written = json!({"Title": "Ms", "LastName": "n/a", "Company": "n/a"});
        assert_eq!(of_lead.fields, written, "{id}");

        let as_it_is = described_at(&service, &unmapped, &ada(json!({id: "x"}))).await;
        assert_eq!(as_it_is.fields, json!({"email": "ada@example.com"}), "{id}");
    }
}

#[tokio::test]
async fn the_trait_id_of_a_lead_that_is_found_by_its_email_is_a_custom_field() {
    let service = Service::unfitted(&org().build()).await;
    let described = described(&service, &ada(json!({"id": "u-1"}))).await;
    assert_eq!(described.fields, lead(json!({"id__c": "u-1"})));
}

#[tokio::test]
async fn a_record_whose_traits_hold_its_id_is_written_inline() {
    let org = org().build();
    let contact = org.insert("Contact", json!({"LastName": "old"})).unwrap();
    let service = inline(&org, &[]).await;
    let event = named(
        "Contact",
        &json!(contact),
        json!({"Id": contact, "LastName": "new"}),
    );
    let entries = deliver(&service, [job(1, event, &destination("dst-1"))]).await;
    assert_eq!(statuses(&entries), [296], "{entries:?}");
    assert_eq!(org.records("Contact")[0]["LastName"], "new");
}
