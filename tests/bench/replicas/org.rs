//! A Salesforce that misbehaves at random, and what it holds in the end.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use axum::{
    Router,
    extract::{Request, State},
    http::{Method, StatusCode},
    middleware::{self, Next},
    response::{IntoResponse, Response},
};
use fastrand::Rng;
use salesforce_simulator::{Call, Fault, FieldType, Simulator};
use serde_json::Value;
use tokio::net::TcpListener;

use super::people::{People, User, email};

/// How long each call takes.
const LATENCY: Duration = Duration::from_millis(10);

/// Which part of the writes' answers is lost.
const LOST: f64 = 0.05;

/// Which part of all calls fails otherwise.
const FAILED: f64 = 0.02;

const FAULTS: [Fault; 6] = [
    Fault::ServerUnavailable,
    Fault::RowLocked,
    Fault::Html,
    Fault::CutOff,
    Fault::Short,
    Fault::SessionInvalid,
];

/// A simulated org, served.
pub(super) struct Org {
    pub(super) url: String,
    simulator: Simulator,
    misbehaves: Arc<AtomicBool>,
}

/// What the org holds in the end.
pub(super) struct Verdict {
    /// Values of users that no record of their person has.
    pub(super) lost: usize,
    /// Users of whose values an older one has overwritten a newer one.
    pub(super) stale: Vec<User>,
    /// Whoever has more than one record, by e-mail, and how many there are besides the one.
    pub(super) doubled: HashMap<String, usize>,
}

#[derive(Clone)]
struct Faults {
    org: Simulator,
    misbehaves: Arc<AtomicBool>,
    rng: Arc<Mutex<Rng>>,
}

impl Org {
    /// Serves an org, which behaves at first.
    pub(super) async fn start() -> Self {
        let org = Simulator::builder()
            .user("u", "p", "t")
            .daily_limit(100_000_000)
            .latency(LATENCY);
        let fields = ["seen0__c", "seen1__c", "seen2__c"];
        let org = fields.iter().fold(org, |org, field| {
            org.custom_field("Lead", field, FieldType::Text)
        });
        let org = org.build();
        let misbehaves = Arc::new(AtomicBool::new(false));
        let faults = Faults {
            org: org.clone(),
            misbehaves: Arc::clone(&misbehaves),
            rng: Arc::new(Mutex::new(Rng::with_seed(5))),
        };
        let app = org.router();
        let app = app.layer(middleware::from_fn_with_state(faults, misbehave));
        Self {
            url: serve(app).await,
            simulator: org,
            misbehaves,
        }
    }

    /// Whether calls fail at random.
    pub(super) fn misbehave(&self, does: bool) {
        self.misbehaves.store(does, Ordering::Relaxed);
    }

    /// The org itself.
    pub(super) fn simulator(&self) -> &Simulator {
        &self.simulator
    }

    /// How many calls have been made.
    pub(super) fn calls(&self) -> u64 {
        self.simulator.calls().total_api()
    }

    /// How many records each person has so far, by e-mail.
    pub(super) fn people(&self) -> HashMap<String, usize> {
        let leads = self.simulator.records("Lead");
        let people = by_email(&leads).into_iter();
        let count = |(email, records): (&str, Vec<&Value>)| (email.to_owned(), records.len());
        people.map(count).collect()
    }

    /// What has become of all events.
    pub(super) fn verdict(&self, people: People) -> Verdict {
        let leads = self.simulator.records("Lead");
        let of_people = by_email(&leads);
        let mut verdict = Verdict {
            lost: 0,
            stale: Vec::new(),
            doubled: of_people
                .iter()
                .filter(|(_, records)| records.len() > 1)
                .map(|(email, records)| ((*email).to_owned(), records.len() - 1))
                .collect(),
        };
        for user in (0..people.count).flat_map(User::all_of) {
            let records = of_people.get(email(user.person).as_str());
            let values = records.into_iter().flatten();
            let values = values.filter_map(|record| record[&user.field()].as_str());
            let values: Vec<&str> = values.collect();
            if values.is_empty() {
                verdict.lost += 1;
            } else if !values.contains(&&*People::last_of(user)) {
                verdict.stale.push(user);
            }
        }
        verdict
    }
}

fn by_email(leads: &[Value]) -> HashMap<&str, Vec<&Value>> {
    let mut people: HashMap<&str, Vec<&Value>> = HashMap::new();
    for lead in leads {
        let email = lead["Email"].as_str().unwrap_or_default();
        people.entry(email).or_default().push(lead);
    }
    people
}

/// Lets a call go wrong now and then. It is carried out also where its caller has been killed meanwhile.
async fn misbehave(State(faults): State<Faults>, request: Request, next: Next) -> Response {
    if faults.misbehaves.load(Ordering::Relaxed) {
        let mut rng = faults.rng.lock().unwrap_or_else(PoisonError::into_inner);
        let (call, is_write) = kind(&request);
        if is_write && rng.f64() < LOST {
            faults.org.fail_next(call, Fault::Dropped, 1);
        } else if rng.f64() < FAILED {
            let fault = FAULTS[rng.usize(..FAULTS.len())];
            faults.org.fail_next(call, fault, 1);
        }
    }
    let carried_out = tokio::spawn(next.run(request)).await;
    carried_out.unwrap_or_else(|_| StatusCode::INTERNAL_SERVER_ERROR.into_response())
}

/// The kind of a call, and whether it writes.
fn kind(request: &Request) -> (Call, bool) {
    let path = request.uri().path();
    if path.ends_with("/composite") {
        (Call::Composite, true)
    } else if path.contains("/composite/sobjects") {
        (Call::Collections, true)
    } else if request.method() == Method::PATCH {
        (Call::Update, true)
    } else if path.ends_with("/token") {
        (Call::Token, false)
    } else if request.method() == Method::POST {
        (Call::Create, true)
    } else {
        (Call::Query, false)
    }
}

async fn serve(app: Router) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async { axum::serve(listener, app).await });
    url
}
