//! How many API calls 1,000 lead identifies cost: the stock service (computed), the ways of this one (counted by the embedded
//! Salesforce). `cargo bench --bench api_calls` prints the table and fails where a promise is broken.
//!
//! A part alone: `cargo bench --bench api_calls events`, or `real_org`, `external_ids`, `dirty`, `bursts`. With `-- --full`, two processes
//! create 100,000 records instead of 10,000.

mod bursts;
mod dirty;
mod external_ids;
mod real_org;

use std::error::Error;

use futures_util::future::try_join_all;
use salesforce_simulator::{Simulator, flags_for};
use salesforce_transformer::{Config, app, lifecycle::Lifecycle, server::memory::InFlight};
use serde_json::{Value, json};
use tokio::net::TcpListener;

type Failure = Box<dyn Error>;

/// How many events the figures are for.
const EVENTS: usize = 1_000;

/// A way to deliver, with its settings.
struct Way {
    name: &'static str,
    flags: &'static [&'static str],
    /// How many of ten events change nothing.
    unchanged: usize,
    inline: bool,
}

const WAYS: [Way; 4] = [
    Way {
        name: "descriptor",
        flags: &["--lookup-window", "250ms"],
        unchanged: 0,
        inline: false,
    },
    Way {
        name: "descriptor, SKIP_UNCHANGED, 80 % unchanged",
        flags: &["--lookup-window", "250ms", "--skip-unchanged", "true"],
        unchanged: 8,
        inline: false,
    },
    Way {
        name: "inline",
        flags: &["--delivery", "inline"],
        unchanged: 0,
        inline: true,
    },
    Way {
        name: "inline, SKIP_UNCHANGED, 80 % unchanged",
        flags: &["--delivery", "inline", "--skip-unchanged", "true"],
        unchanged: 8,
        inline: true,
    },
];

/// Requests at once, and events in each.
const SHAPES: [(usize, usize); 3] = [(50, 20), (1, 100), (1, 200)];

/// Calls for one shape and way.
struct Spent {
    lookups: u64,
    writes: u64,
    /// Descriptions of objects, each of which is read once an hour however many events there are.
    describes: u64,
    events: usize,
}

impl Spent {
    /// Calls for 1,000 events.
    fn per_thousand(&self, calls: u64) -> u64 {
        calls * (EVENTS / self.events) as u64
    }
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let is_full = arguments.iter().any(|argument| argument == "--full");
    let parts: Vec<&String> = arguments.iter().filter(|it| !it.starts_with('-')).collect();
    let wants = |part: &str| parts.is_empty() || parts.iter().any(|wanted| *wanted == part);
    if wants("events") {
        events().await?;
    }
    if wants("real_org") {
        real_org::run().await?;
    }
    if wants("external_ids") {
        external_ids::run(is_full).await?;
    }
    if wants("dirty") {
        dirty::run().await?;
    }
    if wants("bursts") {
        bursts::run().await?;
    }
    Ok(())
}

/// Measures and prints what lead identifies cost.
async fn events() -> Result<(), Failure> {
    println!("API calls for 1,000 lead identifies\n");
    println!(
        "{:<12}{:<46}{:>8}{:>8}{:>8}{:>11}",
        "requests", "way", "lookups", "writes", "total", "describes"
    );
    for (requests, size) in SHAPES {
        let shape = format!("{requests} × {size}");
        println!(
            "{shape:<12}{:<46}{:>8}{:>8}{:>8}",
            "stock (computed)", 1_000, 1_000, 2_000
        );
        for way in &WAYS {
            let spent = spend(way, requests, size).await?;
            let (lookups, writes) = (
                spent.per_thousand(spent.lookups),
                spent.per_thousand(spent.writes),
            );
            println!(
                "{shape:<12}{:<46}{lookups:>8}{writes:>8}{:>8}{:>11}",
                way.name,
                lookups + writes,
                spent.describes
            );
            if spent.describes > 1 {
                return Err("a promise is broken: an object is described once an hour".into());
            }
            if requests == 50 && (lookups > 10 || (way.inline && lookups + writes > 10)) {
                return Err("a promise is broken: at most 10 lookups, and inline at most 10 calls, per 1,000 events".into());
            }
        }
    }
    Ok(())
}

/// A service of its own for an org, and a client.
struct Served {
    url: String,
    client: reqwest::Client,
}

impl Served {
    /// Serves an org and a service with these settings.
    async fn start(org: &Simulator, flags: &[&str]) -> Result<Self, Failure> {
        let salesforce = serve(org.router()).await?;
        let config = config(&salesforce, flags)?;
        let app = app(&config, Lifecycle::default(), InFlight::default())?;
        Ok(Self {
            url: serve(app).await?,
            client: reqwest::Client::builder().no_proxy().build()?,
        })
    }

    /// Posts jobs as a rudder-server does that knows the status 299.
    async fn post(&self, jobs: &[Value]) -> Result<Value, Failure> {
        let body = json!({"input": jobs, "destType": "salesforce"});
        self.call("/routerTransform", &body).await
    }

    /// Posts a body to a route.
    async fn call(&self, path: &str, body: &Value) -> Result<Value, Failure> {
        let request = self
            .client
            .post(format!("{}{path}", self.url))
            .header("X-Feature-Filter-Code", "?1")
            .body(body.to_string());
        Ok(serde_json::from_slice(
            &request.send().await?.bytes().await?,
        )?)
    }

    /// Sends a described request to the org, as rudder-server does.
    async fn send(&self, request: &Value) -> Result<(), Failure> {
        let text = |name: &str| request[name].as_str().ok_or("no request");
        let mut sending = self
            .client
            .request(text("method")?.parse()?, text("endpoint")?);
        for (name, value) in request["headers"].as_object().ok_or("no headers")? {
            sending = sending.header(name, value.as_str().ok_or("no text")?);
        }
        sending
            .json(&request["body"]["JSON"])
            .send()
            .await?
            .error_for_status()?;
        Ok(())
    }
}

/// Sends the events to a service of their own and counts.
async fn spend(way: &Way, requests: usize, size: usize) -> Result<Spent, Failure> {
    let org = Simulator::builder()
        .user("u", "p", "t")
        .daily_limit(1_000_000)
        .build();
    let events = requests * size;
    for n in 0..events {
        org.insert("Lead", json!({"LastName": "Doe", "Company": "Acme", "Email": format!("p{n}@example.com"), "City": "Rome"}))?;
    }
    let served = Served::start(&org, way.flags).await?;
    let jobs: Vec<Value> = (0..events)
        .map(|n| job(n, n % 10 < way.unchanged))
        .collect();
    let answers = jobs.chunks(size).map(|jobs| served.post(jobs));
    let mut described = 0;
    for answer in try_join_all(answers).await? {
        for entry in answer["output"].as_array().ok_or("no output")? {
            match entry["statusCode"].as_u64() {
                Some(200) => described += 1,
                Some(298 | 299) => {}
                _ => return Err(format!("an event failed: {entry}").into()),
            }
        }
    }
    let calls = org.calls();
    // In a Composite of lookups there are only lookups, and in one of writes only writes: a run has at most one of each.
    let lookups = calls.query + u64::from(calls.composite > 0 && calls.query == 0);
    Ok(Spent {
        lookups,
        writes: calls.total_api() - lookups - calls.describe + described,
        describes: calls.describe,
        events,
    })
}

fn job(n: usize, unchanged: bool) -> Value {
    let city = if unchanged { "Rome" } else { "Paris" };
    json!({
        "message": {
            "type": "identify",
            "userId": format!("user{n}"),
            "traits": {"email": format!("p{n}@example.com"), "lastName": "Doe", "company": "Acme", "city": city},
            "integrations": {"Salesforce": true},
        },
        "metadata": {"jobId": n},
        "destination": {
            "ID": "dst-1",
            "DestinationDefinition": {"Name": "SALESFORCE", "DisplayName": "Salesforce"},
            "Config": {"userName": "u", "password": "p", "initialAccessToken": "t"},
        },
    })
}

fn config(salesforce: &str, flags: &[&str]) -> Result<Config, Failure> {
    Ok(Config::from_flags(
        [&flags_for(salesforce), flags].concat(),
    )?)
}

async fn serve(app: axum::Router) -> Result<String, Failure> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}", listener.local_addr()?);
    tokio::spawn(async { axum::serve(listener, app).await });
    Ok(url)
}
