//! Rule `duplicate-rules`: what becomes of a create that a duplicate rule of the org refuses.

mod proxy;

use salesforce_simulator::{DuplicateRule, Simulator};
use serde_json::{Value, json};

use crate::{
    delivery,
    fields::ada,
    fixtures::{destination, identify, job, org},
    inline::{deliver, inline, leads, of_user, statuses},
    service::{Service, assert_says, error, serve},
};

const UPDATE: [&str; 2] = ["--duplicates", "update"];

/// A rule by which two leads of one phone number are one person.
fn same_phone() -> DuplicateRule {
    DuplicateRule::new("Lead", "Same_Phone", &["Phone"])
}

/// A lead of another e-mail than Ada's, with a phone number.
fn known(org: &Simulator, phone: &str) -> String {
    let lead = json!({"LastName": "King", "Company": "Acme", "Email": format!("{phone}@example.com"), "Phone": phone});
    org.insert("Lead", lead).unwrap()
}

/// Asserts that the lead [`known`] by 555 was updated with [`of_phone`], except for its e-mail and its names.
#[track_caller]
fn assert_updated(lead: &Value) {
    let fields = ["City", "Email", "LastName", "Company"].map(|field| &lead[field]);
    assert_eq!(fields, ["London", "555@example.com", "King", "Acme"]);
}

/// An event of a person whom the org does not know by e-mail, but by this phone number.
fn of_phone(id: u64, phone: &str) -> Value {
    let traits =
        json!({"email": format!("new-{phone}@example.com"), "phone": phone, "city": "London"});
    of_user(phone, job(id, identify(traits), &destination("dst-1")))
}

#[tokio::test]
async fn the_only_match_is_updated_but_for_its_email_and_without_placeholders() {
    let org = org().matching(same_phone()).build();
    known(&org, "555");
    let service = inline(&org, &UPDATE).await;
    let entries = deliver(&service, [of_phone(1, "555")]).await;
    assert_eq!(statuses(&entries), [299], "{entries:?}");
    assert_eq!(org.records("Lead").len(), 1);
    assert_updated(&org.records("Lead")[0]);
}

#[tokio::test]
async fn a_match_is_remembered_so_that_the_next_event_is_an_update_at_once() {
    let org = org().matching(same_phone()).build();
    known(&org, "555");
    let service = inline(&org, &UPDATE).await;
    deliver(&service, [of_phone(1, "555")]).await;
    let before = org.calls().total_api();
    let entries = deliver(&service, [of_phone(2, "555")]).await;
    assert_eq!(statuses(&entries), [299]);
    assert_eq!(org.calls().total_api() - before, 2, "one query, one update");
    assert_eq!(leads(&org, "City"), ["London"]);
}

#[tokio::test]
async fn a_match_that_is_gone_is_forgotten_and_the_person_is_created() {
    let org = org().matching(same_phone()).build();
    let id = known(&org, "555");
    let service = inline(&org, &UPDATE).await;
    deliver(&service, [of_phone(1, "555")]).await;
    org.delete("Lead", &id).unwrap();
    let entries = deliver(&service, [of_phone(2, "555")]).await;
    assert_eq!(statuses(&entries), [299], "{entries:?}");
    assert_eq!(leads(&org, "Email"), ["new-555@example.com"]);
}

#[tokio::test]
async fn where_collections_do_not_say_what_was_found_rows_do_25_in_a_call() {
    let org = org()
        .matching(same_phone())
        .collections_without_matches()
        .build();
    let phones: Vec<String> = (100..200).map(|phone: u32| phone.to_string()).collect();
    for phone in &phones {
        known(&org, phone);
    }
    let jobs = |from: u64| {
        (from..)
            .zip(&phones)
            .map(|(id, phone)| of_phone(id, phone))
            .collect::<Vec<_>>()
    };
    let service = inline(&org, &UPDATE).await;
    let entries = deliver(&service, jobs(1)).await;
    assert_eq!(statuses(&entries), [299; 100]);
    assert_eq!(leads(&org, "City"), ["London"; 100]);
    let first = org.calls().total_api();
    // A query, a describe, a Collection that is refused, four calls of 25 rows, and the Collection of the updates.
    assert_eq!(first, 8);
    let entries = deliver(&service, jobs(1_001)).await;
    assert_eq!(statuses(&entries), [299; 100]);
    assert_eq!(org.calls().total_api() - first, 2);
}

#[tokio::test]
async fn several_matches_and_an_unsure_one_are_refused_and_named() {
    let several = org().matching(same_phone()).build();
    // Records of the org's own that its rule would refuse today.
    let ids = [known(&several, "555"), known(&several, "555")];
    let fuzzy = org().matching(same_phone().fuzzy(80)).build();
    let unsure = known(&fuzzy, "5-55");
    for (org, found) in [(several, ids.as_slice()), (fuzzy, &[unsure])] {
        let service = inline(&org, &UPDATE).await;
        let entries = deliver(&service, [of_phone(1, "555")]).await;
        assert_eq!(statuses(&entries), [400], "{entries:?}");
        for id in found {
            assert_says(error(&entries[0]), &format!("Lead {id}"));
        }
        assert_eq!(
            leads(&org, "City")
                .iter()
                .filter(|city| *city == "London")
                .count(),
            0
        );
    }
}

#[tokio::test]
async fn a_contact_that_a_lead_matches_is_updated_where_the_destination_uses_contacts() {
    for (uses, expected) in [(true, (299, "London")), (false, (400, ""))] {
        let org = org().matching(same_phone().finding("Contact")).build();
        let contact = json!({"LastName": "King", "Email": "king@example.com", "Phone": "555"});
        org.insert("Contact", contact).unwrap();
        let service = inline(&org, &UPDATE).await;
        let mut event = of_phone(1, "555");
        event["destination"]["Config"]["useContactId"] = json!(uses);
        let entries = deliver(&service, [event]).await;
        let contact = &org.records("Contact")[0];
        let city = contact["MailingCity"].as_str().unwrap_or_default();
        assert_eq!((statuses(&entries)[0], city), expected, "{entries:?}");
        assert_eq!(contact["Email"], "king@example.com");
        assert!(org.records("Lead").is_empty());
    }
}

#[tokio::test]
async fn a_record_that_the_event_names_without_an_id_is_updated_too() {
    let rule = DuplicateRule::new("Account", "Same_Name", &["Name"]);
    let org = org().matching(rule).build();
    org.insert("Account", json!({"Name": "Acme"})).unwrap();
    let service = inline(&org, &UPDATE).await;
    let mut event = identify(json!({"Name": "Acme", "Description": "from a form"}));
    event["context"]["externalId"] = json!([{"type": "Salesforce-Account"}]);
    let entries = deliver(&service, [job(1, event, &destination("dst-1"))]).await;
    assert_eq!(statuses(&entries), [299], "{entries:?}");
    let accounts = org.records("Account");
    assert_eq!(
        (accounts.len(), &accounts[0]["Description"]),
        (1, &json!("from a form"))
    );
}

#[tokio::test]
async fn by_default_the_rule_stands_and_the_text_says_what_could_be_set() {
    let org = org().matching(same_phone()).build();
    let id = known(&org, "555");
    let service = inline(&org, &[]).await;
    let entries = deliver(&service, [of_phone(1, "555")]).await;
    assert_eq!(statuses(&entries), [400]);
    let text = error(&entries[0]);
    assert_says(
        text,
        &format!("the duplicate rule Same_Phone finds Lead {id}"),
    );
    assert_says(
        text,
        "DUPLICATES=update updates the record that a rule finds",
    );
    assert_eq!(leads(&org, "City"), [""]);
}

#[tokio::test]
async fn what_one_destination_has_learnt_does_not_change_what_another_is_set_to() {
    let org = org().matching(same_phone()).build();
    known(&org, "555");
    let url = serve(org.router()).await;
    let flags = ["--delivery", "inline", "--delivery-window", "1ms"];
    let service = Service::start_with(&url, &flags, |config| {
        let own = [("DUPLICATES_dst_1".into(), "update".into())];
        config.read_destinations(&own).unwrap();
    })
    .await;
    assert_eq!(
        statuses(&deliver(&service, [of_phone(1, "555")]).await),
        [299]
    );
    let mut other = of_phone(2, "555");
    other["destination"]["ID"] = json!("dst-2");
    other["metadata"]["destinationId"] = json!("dst-2");
    assert_eq!(statuses(&deliver(&service, [other]).await), [400]);
}

#[tokio::test]
async fn the_proxy_updates_the_match_and_the_router_then_knows_it() {
    let org = org().matching(same_phone()).build();
    let id = known(&org, "555");
    let service = Service::start(&serve(org.router()).await, &UPDATE).await;
    let entry = service.router([of_phone(1, "555")]).await[0].clone();
    assert_eq!(entry["batchedRequest"][0]["method"], "POST");
    let output = delivery::deliver(&service, &entry).await;
    assert_eq!(output["response"][0]["statusCode"], 200, "{output}");
    assert_updated(&org.records("Lead")[0]);
    let entry = service.router([of_phone(2, "555")]).await[0].clone();
    let request = &entry["batchedRequest"][0];
    assert!(
        request["endpoint"].as_str().unwrap().ends_with(&id),
        "{request}"
    );
    assert_eq!(
        request["body"]["JSON"],
        json!({"Phone": "555", "City": "London"})
    );
}

#[tokio::test]
async fn an_update_that_a_rule_refuses_is_not_turned_into_another_update() {
    let org = org().matching(same_phone()).build();
    known(&org, "555");
    let own = json!({"LastName": "L", "Company": "C", "Email": "ada@example.com", "Phone": "1"});
    org.insert("Lead", own).unwrap();
    let service = inline(&org, &UPDATE).await;
    let event = job(1, ada(json!({"phone": "555"})), &destination("dst-1"));
    let entries = deliver(&service, [event]).await;
    assert_eq!(statuses(&entries), [400], "{entries:?}");
    assert_eq!(leads(&org, "Phone"), ["555", "1"]);
}
