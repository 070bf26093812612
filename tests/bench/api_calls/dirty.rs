//! Ten thousand dirty events against an ordinary org: how many arrive, what Salesforce refuses, what is told, and what it costs beside
//! as many clean events. Each promise is held.

#[path = "../../dirty/corpus.rs"]
mod corpus;

use std::collections::{BTreeSet, HashMap};

use futures_util::{StreamExt, TryStreamExt, stream};
use salesforce_simulator::{Calls, Simulator};
use serde_json::Value;

use self::corpus::{Corpus, Event};
use super::{Failure, Served, bursts};

const EVENTS: usize = 10_000;

/// How many events go in a request.
const BATCH: usize = 100;

/// How many requests are at the proxy at once.
const DELIVERIES: usize = 64;

/// The seed of the events.
const SEED: u64 = 22;

/// How many of what went wrong are shown.
const SHOWN: usize = 20;

/// A way to deliver a corpus, with what is promised of it.
struct Row {
    name: &'static str,
    corpus: Corpus,
    flags: &'static [&'static str],
    inline: bool,
    /// Of 10,000 records, the ones that Salesforce may refuse.
    refused: u64,
    /// By how much the calls of the clean corpus may be exceeded, in percent; `None`: by any number.
    more_calls: Option<u64>,
    /// How often the object may be described.
    describes: u64,
}

const INLINE: &[&str] = &["--delivery", "inline", "--delivery-window", "1ms"];

const ROWS: [Row; 3] = [
    Row {
        name: "inline",
        corpus: Corpus::Dirty,
        flags: INLINE,
        inline: true,
        refused: 10,
        more_calls: Some(1),
        describes: 1,
    },
    Row {
        name: "descriptor, proxy",
        corpus: Corpus::Dirty,
        flags: &[],
        inline: false,
        refused: 10,
        more_calls: Some(1),
        describes: 1,
    },
    Row {
        name: "inline, 1 % that no description foretells",
        corpus: Corpus::Unforeseen,
        flags: INLINE,
        inline: true,
        // Each is refused once.
        refused: 100,
        more_calls: None,
        // A refusal of a field that the description shows has it described again, at most once a minute.
        describes: 2,
    },
];

/// What has become of a corpus.
struct Outcome {
    written: usize,
    /// Records that do not hold what they should, and changes that nobody was told of.
    wrong: BTreeSet<String>,
    calls: Calls,
}

/// Measures and prints; fails if a promise is broken.
pub(super) async fn run() -> Result<(), Failure> {
    println!("\n{EVENTS} dirty events, half of them of known leads\n");
    println!(
        "{:<46}{:>10}{:>10}{:>10}{:>8}{:>8}{:>10}",
        "way", "written", "refused", "untold", "calls", "clean", "describes"
    );
    without_preflight().await?;
    for row in &ROWS {
        let clean = deliver(Corpus::Clean, row.flags, row.inline).await?;
        let dirty = deliver(row.corpus, row.flags, row.inline).await?;
        print(row.name, &dirty, clean.calls.total_api());
        hold(row, &dirty, clean.calls.total_api())?;
    }
    Ok(())
}

/// What becomes of the events where nothing is fitted, for comparison: no promise is made of it.
async fn without_preflight() -> Result<(), Failure> {
    let off = [INLINE, &["--preflight", "off", "--salvage", "false"]].concat();
    let clean = deliver(Corpus::Clean, &off, true).await?;
    let dirty = deliver(Corpus::Dirty, &off, true).await?;
    print(
        "inline, PREFLIGHT=off, SALVAGE=false",
        &dirty,
        clean.calls.total_api(),
    );
    Ok(())
}

fn print(name: &str, outcome: &Outcome, clean: u64) {
    let calls = outcome.calls;
    println!(
        "{name:<46}{:>10}{:>10}{:>10}{:>8}{clean:>8}{:>10}",
        percent(outcome.written as u64),
        percent(calls.refused_records),
        outcome.wrong.len(),
        calls.total_api(),
        calls.describe,
    );
}

/// A number of events as a share of all.
fn percent(events: u64) -> String {
    let hundredths = events * 10_000 / EVENTS as u64;
    format!("{}.{:02} %", hundredths / 100, hundredths % 100)
}

fn hold(row: &Row, outcome: &Outcome, clean: u64) -> Result<(), Failure> {
    let broken =
        |promise: &str| Err(format!("a promise is broken ({}): {promise}", row.name).into());
    if let Some(one) = outcome.wrong.first() {
        let shown = outcome.wrong.iter().take(SHOWN);
        shown.for_each(|wrong| eprintln!("  {wrong}"));
        return broken(&format!("each change is made and named: {one}"));
    }
    if outcome.written * 1_000 < EVENTS * 995 {
        return broken("99.5 % of the records are written");
    }
    if outcome.calls.refused_records > row.refused {
        return broken("Salesforce refuses at most 0.1 % of what a description foretells");
    }
    if row
        .more_calls
        .is_some_and(|percent| outcome.calls.total_api() * 100 > clean * (100 + percent))
    {
        return broken("at most 1 % more calls than clean events take");
    }
    if outcome.calls.describe > row.describes {
        return broken("an object is described once an hour");
    }
    Ok(())
}

/// Delivers a corpus and looks at what the org holds afterwards.
async fn deliver(corpus: Corpus, flags: &[&str], inline: bool) -> Result<Outcome, Failure> {
    let builder = Simulator::builder()
        .user("u", "p", "t")
        .daily_limit(10_000_000);
    let org = corpus::org(builder, "u", EVENTS)?;
    let served = Served::start(&org, flags).await?;
    let events = corpus.events(SEED, EVENTS);
    let mut wrong = BTreeSet::new();
    for (batch, events) in events.chunks(BATCH).enumerate() {
        let answers = post(&served, batch, events, inline).await?;
        // Of a described request only `/transform` tells what was changed, because rudder-server stores no error of a job that
        // succeeds.
        for (event, told) in events.iter().zip(&answers).filter(|_| inline) {
            wrong.extend(event.unnamed(told));
        }
    }
    let leads = org.records("Lead");
    let leads: HashMap<&str, &Value> = leads
        .iter()
        .filter_map(|lead| Some((lead["Email"].as_str()?, lead)))
        .collect();
    let mut written = 0;
    for event in &events {
        let lead = leads.get(&*event.email);
        if let Some(lead) = lead.filter(|lead| event.is_written_in(lead)) {
            written += 1;
            wrong.extend(event.differences(lead));
        }
    }
    let calls = org.calls();
    Ok(Outcome {
        written,
        wrong,
        calls,
    })
}

/// Posts a batch, delivers what is described, and reads what each event is told, in their order.
async fn post(
    served: &Served,
    batch: usize,
    events: &[Event],
    inline: bool,
) -> Result<Vec<String>, Failure> {
    let jobs: Vec<Value> = (batch * BATCH..).zip(events).map(job).collect();
    let answer = served.post(&jobs).await?;
    let mut entries = answer["output"].as_array().ok_or("no output")?.clone();
    entries.sort_by_key(|entry| entry["metadata"][0]["jobId"].as_u64());
    if inline {
        let error = |entry: &Value| entry["error"].as_str().unwrap_or_default().to_owned();
        return Ok(entries.iter().map(error).collect());
    }
    let outputs = entries.iter().map(async |entry| {
        let request = &entry["batchedRequest"][0];
        let output = bursts::at_proxy(served, request, &entry["metadata"]).await?;
        Ok::<_, Failure>(output.to_string())
    });
    // In the order of the entries, however long each takes.
    let outputs = stream::iter(outputs.collect::<Vec<_>>());
    outputs.buffered(DELIVERIES).try_collect().await
}

fn job((number, event): (usize, &Event)) -> Value {
    let mut job = super::job(number, false);
    job["message"] = event.message();
    job
}
