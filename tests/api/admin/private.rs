//! No value of an event or of a record is shown, whatever the events are.

use proptest::{
    prelude::{Strategy, any, prop},
    strategy::ValueTree,
    test_runner::TestRunner,
};
use serde_json::{Map, Value, json};

use super::{ON, watched};
use crate::{
    fixtures::{destination, job, known_lead, org},
    inline::deliver,
    planted::{PASSWORD, SECURITY_TOKEN},
    service::{Service, serve},
};

/// How many batches are sent.
const BATCHES: usize = 60;

/// A word that is part of each value and of no name.
const VALUE: &str = "vxqz";

/// A value of a trait, of any kind, with the word in each text.
fn value() -> impl Strategy<Value = Value> {
    let text =
        "[a-z@. \"\\\\é\n]{0,12}".prop_map(|text| json!(format!("{VALUE}{text}@{VALUE}.example")));
    // Numbers that cannot be taken for a status, a time or a count.
    let number = (7_100_000_000_u64..7_199_999_999).prop_map(|number| json!(number));
    let flat = prop::strategy::Union::new([text.boxed(), number.boxed()]);
    flat.prop_recursive(2, 8, 3, |inner| {
        let list = prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from);
        let object = prop::collection::vec(inner, 0..3).prop_map(|values| {
            let members = (0..).zip(values);
            let members = members.map(|(index, value): (u8, Value)| (format!("m{index}"), value));
            Value::Object(members.collect())
        });
        prop::strategy::Union::new([list.boxed(), object.boxed()])
    })
}

const NAMES: [&str; 14] = [
    "email",
    "name",
    "firstName",
    "lastName",
    "company",
    "address",
    "title",
    "phone",
    "createdAt",
    "tags",
    "Id",
    "plan",
    "no-field!",
    "LastName",
];

/// An event with these traits, which may be named, looked up, of a sync, filtered or none at all.
fn event() -> impl Strategy<Value = Value> {
    let traits = prop::collection::vec((0..NAMES.len(), value()), 0..6);
    (traits, any::<u8>(), value()).prop_map(|(traits, kind, id)| {
        let traits = traits.into_iter();
        let traits: Map<_, _> = traits
            .map(|(name, value)| (NAMES[name].to_owned(), value))
            .collect();
        let context = match kind % 5 {
            0 => json!({"externalId": [{"type": "Salesforce-Contact", "id": id}]}),
            1 => json!({"externalId": [{"type": "Salesforce-Contact", "id": VALUE}]}),
            2 => json!({
                "mappedToDestination": "true",
                "externalId": [{"type": "SALESFORCE-Lead", "id": id, "identifierType": "Email"}],
            }),
            _ => json!({}),
        };
        let kinds = ["identify", "identify", "identify", "track"];
        json!({
            "type": kinds[usize::from(kind) % kinds.len()], "messageId": "m", "userId": VALUE,
            "traits": traits, "context": context, "properties": {"email": id},
            "integrations": {"Salesforce": kind % 7 != 0},
        })
    })
}

/// Everything that the admin address shows.
async fn shown(service: &Service) -> String {
    let mut all = String::new();
    for path in ["/events", "/events/m", "/events/counts", "/faults", "/orgs"] {
        all.push_str(&service.admin(path).await.text);
    }
    all
}

fn assert_private(shown: &str) {
    let lower = shown.to_lowercase();
    for value in [VALUE, "71", PASSWORD, SECURITY_TOKEN] {
        // Two digits are in many numbers; ten that begin like this are in none, but may be within a key.
        let is_shown = if value == "71" {
            let mut words = lower.split(|letter: char| !letter.is_ascii_alphanumeric());
            words.any(|word| {
                let is_number = word.bytes().all(|byte| byte.is_ascii_digit());
                is_number && word.len() == 10 && word.starts_with("71")
            })
        } else {
            lower.contains(&value.to_lowercase())
        };
        assert!(!is_shown, "{value} is shown: {shown}");
    }
}

/// The events of one batch, other ones each time.
fn batch(runner: &mut TestRunner) -> Vec<Value> {
    let events = prop::collection::vec(event(), 1..8)
        .new_tree(runner)
        .unwrap();
    let events = events.current();
    let jobs = (1..).zip(events);
    jobs.map(|(id, event)| job(id, event, &destination("dst-1")))
        .collect()
}

#[tokio::test]
async fn no_value_of_an_event_is_shown() {
    let org = org().build();
    known_lead(&org, "vxqz@vxqz.example");
    let described = watched(&org, &[]).await;
    let mut watcher = described
        .http
        .get(format!("{}/events/live", described.admin))
        .send()
        .await
        .unwrap();
    let inline = [
        &ON[..],
        &["--delivery", "inline", "--delivery-window", "1ms"],
    ]
    .concat();
    let delivered = Service::start(&serve(org.router()).await, &inline).await;
    let mut runner = TestRunner::default();
    let mut sent = 0;
    for _ in 0..BATCHES {
        let jobs = batch(&mut runner);
        sent += jobs.len();
        described.router(&jobs).await;
        deliver(&delivered, batch(&mut runner)).await;
    }
    for service in [&described, &delivered] {
        let shown = shown(service).await;
        assert!(
            shown.contains("no_email") || shown.contains("event_type"),
            "{shown}"
        );
        assert_private(&shown);
    }
    // What `tail` prints is what is sent live.
    let mut live = String::new();
    while live.matches("event: event\n").count() + lost(&live) < sent {
        let chunk = watcher.chunk().await.unwrap().unwrap();
        live.push_str(std::str::from_utf8(&chunk).unwrap());
    }
    assert_private(&live);
}

/// How many events were lost on the way to the watcher.
fn lost(live: &str) -> usize {
    let lost = live.split("{\"lost\":").skip(1);
    lost.map(|rest| rest.split('}').next().unwrap().parse::<usize>().unwrap())
        .sum()
}

/// Salesforce's own texts quote what was sent; they are not shown, and a code or field that is none neither.
#[tokio::test]
async fn what_salesforce_quotes_is_not_shown() {
    let refusal = json!([{
        "message": format!("bad value: {VALUE}@{VALUE}.example"), "errorCode": format!("{VALUE}@x"), "fields": [format!("{VALUE} x")],
    }]);
    let answer = wiremock::ResponseTemplate::new(400).set_body_json(refusal);
    let salesforce = crate::fixtures::salesforce_that_answers(answer).await;
    let service = Service::start(&salesforce.uri(), &ON).await;
    service
        .router([crate::fixtures::lead_job(1, "ada@example.com")])
        .await;
    let shown = shown(&service).await;
    assert!(shown.contains("unknown_code"), "{shown}");
    assert_private(&shown);
    assert!(!shown.contains("ada@example.com"), "{shown}");
}
