//! Rules `assignment-rules` and `call-options`: who owns a record after a write, and who is named as the caller.
//!
//! | file | what it specifies |
//! |---|---|
//! | `objects` | owners of cases and accounts, by policy and delivery |
//! | `options` | which calls name the caller, and that `allowSave` is on creates alone |
//! | `start` | policies that cannot be read stop the start |

mod objects;
mod options;
mod start;

use salesforce_simulator::{Builder, PartHeaders, Simulator};
use serde_json::{Value, json};

use crate::{
    delivery,
    fixtures::{
        destination, identify, job, known_lead, lead_job, lead_job_at, oauth_job, org, secret,
    },
    inline::{deliver, inline, of_user, statuses},
    service::{Service, serve},
};

const RULE: &str = "01Q5g0000000001EAA";
const OTHER_RULE: &str = "01Q5g0000000002EAA";
const CASE_RULE: &str = "01Q5g0000000005EAA";
const OWNER: &str = "0055g0000000009AAA";
const OTHER_OWNER: &str = "0055g0000000008AAA";

/// An org whose active rules give leads, cases and accounts to one owner. A second rule of leads and one
/// of cases, which run for those alone who name them, give to another.
fn assigning() -> Builder {
    org()
        .assignment_rule("Lead", RULE, OWNER, true)
        .assignment_rule("Lead", OTHER_RULE, OTHER_OWNER, false)
        .assignment_rule("Case", "01Q5g0000000003EAA", OWNER, true)
        .assignment_rule("Case", CASE_RULE, OTHER_OWNER, false)
        .assignment_rule("Account", "01Q5g0000000004EAA", OWNER, true)
}

/// The three ways by which a write reaches Salesforce.
#[derive(Clone, Copy, Debug)]
enum Way {
    /// rudder-server sends the described request itself.
    Own,
    Proxy,
    Inline,
}

const WAYS: [Way; 3] = [Way::Own, Way::Proxy, Way::Inline];

impl Way {
    async fn service(self, org: &Simulator, flags: &[&str]) -> Service {
        match self {
            Self::Own | Self::Proxy => Service::start(&serve(org.router()).await, flags).await,
            Self::Inline => inline(org, flags).await,
        }
    }

    /// Delivers jobs, each of which is written.
    async fn deliver(self, service: &Service, jobs: Vec<Value>) {
        match self {
            Self::Inline => {
                let entries = deliver(service, &jobs).await;
                assert!(
                    statuses(&entries).iter().all(|status| *status == 299),
                    "{entries:?}"
                );
            }
            Self::Own | Self::Proxy => {
                for entry in service.router(jobs).await.as_array().unwrap() {
                    match self {
                        Self::Own => sent(&entry["batchedRequest"][0]).await,
                        Self::Proxy | Self::Inline => {
                            let output = delivery::deliver(service, entry).await;
                            assert_eq!(output["response"][0]["statusCode"], 200, "{output}");
                        }
                    }
                }
            }
        }
    }
}

/// Sends a described request as it stands, as rudder-server does.
async fn sent(request: &Value) {
    let method = request["method"].as_str().unwrap().parse().unwrap();
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let mut sending = client.request(method, request["endpoint"].as_str().unwrap());
    for (name, value) in request["headers"].as_object().unwrap() {
        sending = sending.header(name, value.as_str().unwrap());
    }
    let answer = sending.json(&request["body"]["JSON"]).send().await.unwrap();
    assert!(
        answer.status().is_success(),
        "{}",
        answer.text().await.unwrap()
    );
}

/// The owner of the lead with this e-mail.
fn owner(org: &Simulator, email: &str) -> Value {
    let leads = org.records("Lead");
    leads.iter().find(|lead| lead["Email"] == email).unwrap()["OwnerId"].clone()
}

/// An event that names a record, or creates one.
fn named(id: u64, object: &str, record: Option<&str>, traits: Value) -> Value {
    let mut event = identify(traits);
    event["context"]["externalId"] =
        json!([{"type": format!("Salesforce-{object}"), "id": record}]);
    job(id, event, &destination("dst-1"))
}

#[tokio::test]
async fn each_policy_decides_who_owns_new_and_known_leads_in_each_delivery() {
    for way in WAYS {
        for (flags, new, has_known_moved) in [
            (&[][..], Some(OWNER), false),
            (&["--assignment-rules", "always"], Some(OWNER), true),
            (&["--assignment-rules", "never"], None, false),
            (
                &["--assignment-rules", OTHER_RULE],
                Some(OTHER_OWNER),
                false,
            ),
            (&["--compatibility", "stock"], Some(OWNER), true),
        ] {
            let org = assigning().build();
            known_lead(&org, "known@example.com");
            let before = owner(&org, "known@example.com");
            let service = way.service(&org, flags).await;
            let jobs = vec![
                lead_job(1, "known@example.com"),
                of_user("bob", lead_job(2, "new@example.com")),
            ];
            way.deliver(&service, jobs).await;
            let own = json!(org.user_id("crm@acme.example"));
            let new = new.map_or(own, Value::from);
            assert_eq!(owner(&org, "new@example.com"), new, "{way:?} {flags:?}");
            let has_moved = owner(&org, "known@example.com") != before;
            assert_eq!(has_moved, has_known_moved, "{way:?} {flags:?}");
            assert_eq!(
                org.owners_changed(),
                u64::from(has_known_moved),
                "{way:?} {flags:?}"
            );
        }
    }
}

#[tokio::test]
async fn a_destination_may_have_a_policy_of_its_own() {
    for way in WAYS {
        let org = assigning().build();
        known_lead(&org, "known@example.com");
        let url = serve(org.router()).await;
        let flags: &[&str] = match way {
            Way::Own | Way::Proxy => &[],
            Way::Inline => &["--delivery", "inline", "--delivery-window", "1ms"],
        };
        let service = Service::start_with(&url, flags, |config| {
            let own = [("ASSIGNMENT_RULES_dst_1".into(), "always".into())];
            config.read_destinations(&own).unwrap();
        })
        .await;
        let mut other = lead_job_at(1, "known@example.com", &destination("dst-2"));
        other["metadata"]["destinationId"] = json!("dst-2");
        way.deliver(&service, vec![other]).await;
        assert_eq!(org.owners_changed(), 0, "{way:?}");
        way.deliver(&service, vec![lead_job(2, "known@example.com")])
            .await;
        assert_eq!(org.owners_changed(), 1, "{way:?}");
    }
}

#[tokio::test]
async fn events_of_one_record_follow_each_the_policy_of_their_own_destination() {
    // Two destinations of one OAuth account share a session. Whichever of the two events comes first.
    for setting in ["ASSIGNMENT_RULES_dst_1", "ASSIGNMENT_RULES_dst_2"] {
        let org = assigning().build();
        known_lead(&org, "ada@example.com");
        let url = serve(org.router()).await;
        let flags = ["--delivery", "inline", "--delivery-window", "1ms"];
        let service = Service::start_with(&url, &flags, |config| {
            let own = [(setting.into(), "always".into())];
            config.read_destinations(&own).unwrap();
        })
        .await;
        let account = secret(&org, &url);
        let mut other = oauth_job(1, account.clone());
        other["destination"]["ID"] = json!("dst-2");
        let jobs = [other, oauth_job(2, account)];
        assert_eq!(statuses(&deliver(&service, jobs).await), [299; 2]);
        assert_eq!(org.owners_changed(), 1, "{setting}");
    }
}

#[tokio::test]
async fn inline_creates_and_updates_go_apart_and_the_header_is_in_the_call_and_in_each_part() {
    // Whichever of the two Salesforce heeds for Collections in a Composite, owners stay.
    for heeded in [
        PartHeaders::OfThePart,
        PartHeaders::OfTheRequestForCollections,
        PartHeaders::OfTheRequest,
    ] {
        let org = assigning().part_headers(heeded).build();
        let leads: Vec<String> = (0..250).map(|n| format!("p{n}@example.com")).collect();
        for email in &leads {
            known_lead(&org, email);
        }
        let service = inline(&org, &[]).await;
        let updates = (1..)
            .zip(&leads)
            .map(|(id, email)| of_user(email, lead_job(id, email)));
        let creates = (1_001..1_251)
            .map(|id| of_user(&id.to_string(), lead_job(id, &format!("n{id}@example.com"))));
        let entries = deliver(&service, updates.chain(creates).collect::<Vec<_>>()).await;
        assert_eq!(statuses(&entries), [299; 500]);
        assert_eq!(org.owners_changed(), 0);
        let owners: Vec<_> = org
            .records("Lead")
            .into_iter()
            .skip(250)
            .map(|lead| lead["OwnerId"].clone())
            .collect();
        assert_eq!(owners, vec![json!(OWNER); 250]);
        let log = org.log();
        let writes: Vec<_> = log
            .iter()
            .filter(|call| {
                call.parts
                    .iter()
                    .any(|part| part.path.ends_with("/sobjects"))
            })
            .collect();
        let said = |call: &salesforce_simulator::LoggedCall| call.auto_assign.clone();
        assert_eq!(writes.len(), 2);
        for (write, expected) in writes.iter().zip([Some("FALSE".to_owned()), None]) {
            assert_eq!(said(write), expected);
            assert!(
                write.parts.iter().all(|part| said(part) == expected),
                "{write:?}"
            );
        }
    }
}

#[tokio::test]
async fn records_without_assignment_rules_go_along_in_any_call() {
    let org = assigning().build();
    known_lead(&org, "known@example.com");
    let contact = org.insert("Contact", json!({"LastName": "King"})).unwrap();
    let service = inline(&org, &["--preflight", "off"]).await;
    let jobs = [
        lead_job(1, "known@example.com"),
        of_user(
            "bob",
            named(2, "Contact", Some(&contact), json!({"LastName": "Gibbs"})),
        ),
        of_user("eve", named(3, "Contact", None, json!({"LastName": "Ash"}))),
    ];
    assert_eq!(statuses(&deliver(&service, jobs).await), [299; 3]);
    let calls = org.calls();
    assert_eq!((calls.query, calls.composite, calls.total_api()), (1, 1, 2));
}

#[tokio::test]
async fn a_stored_descriptor_gets_the_header_at_the_proxy_and_one_that_it_has_stays() {
    for (header, moves) in [(None, 0), (Some("TRUE"), 1)] {
        let org = assigning().build();
        known_lead(&org, "known@example.com");
        let service = Way::Proxy.service(&org, &[]).await;
        let mut entry = service.router([lead_job(1, "known@example.com")]).await[0].clone();
        let headers = entry["batchedRequest"][0]["headers"]
            .as_object_mut()
            .unwrap();
        assert_eq!(headers.remove("Sforce-Auto-Assign"), Some(json!("FALSE")));
        if let Some(header) = header {
            headers.insert("sforce-auto-assign".to_owned(), json!(header));
        }
        delivery::deliver(&service, &entry).await;
        assert_eq!(org.owners_changed(), moves, "{header:?}");
    }
}

#[tokio::test]
async fn a_create_that_the_proxy_turns_into_an_update_leaves_the_owner_alone() {
    let org = assigning().build();
    let service = Way::Proxy
        .service(&org, &["--assignment-rules", OTHER_RULE])
        .await;
    let mut entry = service.router([lead_job(1, "ada@example.com")]).await[0].clone();
    assert_eq!(
        entry["batchedRequest"][0]["headers"]["Sforce-Auto-Assign"],
        OTHER_RULE
    );
    known_lead(&org, "ada@example.com");
    entry["metadata"][0]["attemptNum"] = json!(1);
    delivery::deliver(&service, &entry).await;
    assert_eq!((org.records("Lead").len(), org.owners_changed()), (1, 0));
}

#[tokio::test]
async fn every_call_names_the_service_and_so_do_the_requests_of_the_documented_set() {
    let client = Some(concat!(
        "client=salesforce-transformer/",
        env!("CARGO_PKG_VERSION")
    ));
    for way in WAYS {
        let org = assigning().build();
        let service = way.service(&org, &[]).await;
        way.deliver(&service, vec![lead_job(1, "ada@example.com")])
            .await;
        let log = org.log();
        assert!(log.len() >= 2, "{log:?}");
        for call in &log {
            assert_eq!(
                call.call_options.as_deref(),
                client,
                "{way:?} {}",
                call.path
            );
        }
    }
    let stock = Service::start(
        &serve(org().build().router()).await,
        &["--compatibility", "stock"],
    )
    .await;
    let entry = stock.router([lead_job(1, "ada@example.com")]).await[0].clone();
    let headers = entry["batchedRequest"][0]["headers"].as_object().unwrap();
    assert_eq!(
        headers.keys().collect::<Vec<_>>(),
        ["Authorization", "Content-Type"]
    );
}
