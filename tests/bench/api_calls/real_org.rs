//! What writes do in an org with rules, and what that costs: owners that assignment rules change, and creates that a duplicate
//! rule refuses. Each promise is held.

use salesforce_simulator::{Builder, DuplicateRule, Simulator};
use serde_json::{Value, json};

use super::{Failure, Served};

/// How many known leads are updated.
const UPDATES: usize = 10_000;

/// How many events go in a request.
const BATCH: usize = 500;

/// How many new people match one record of the org each.
const MATCHES: usize = 100;

/// How many calls it may take to update the matches, beside those of an ordinary batch.
const MAX_FURTHER_CALLS: u64 = 12;

/// Measures and prints; fails if a promise is broken.
pub(super) async fn run() -> Result<(), Failure> {
    println!("\n{UPDATES} updates of leads under an active assignment rule\n");
    println!("{:<46}{:>8}{:>16}", "way", "calls", "owners changed");
    for (name, flags, inline, expected) in [
        ("descriptor", &[][..], false, 0),
        (
            "descriptor, stock",
            &["--compatibility", "stock"],
            false,
            UPDATES,
        ),
        ("inline", &["--delivery", "inline"], true, 0),
        (
            "inline, stock",
            &["--delivery", "inline", "--compatibility", "stock"],
            true,
            UPDATES,
        ),
    ] {
        let org = known_leads(assigning(), UPDATES)?;
        let served = Served::start(&org, flags).await?;
        let jobs = (0..UPDATES)
            .map(|n| lead(n, json!({"city": "Paris"})))
            .collect::<Vec<_>>();
        write(&served, &jobs, inline).await?;
        let (calls, changed) = (org.calls().total_api(), org.owners_changed());
        println!("{name:<46}{calls:>8}{changed:>16}");
        if changed != expected as u64 {
            return Err(format!("a promise is broken: {expected} owners change").into());
        }
    }
    both_kinds().await?;
    matches().await
}

/// Creates and updates of leads in one window.
async fn both_kinds() -> Result<(), Failure> {
    let mut calls = Vec::new();
    for policy in ["always", "create"] {
        let org = known_leads(assigning(), BATCH / 2)?;
        let flags = ["--delivery", "inline", "--assignment-rules", policy];
        let served = Served::start(&org, &flags).await?;
        let jobs: Vec<_> = (0..BATCH).map(|n| lead(n, json!({}))).collect();
        write(&served, &jobs, true).await?;
        calls.push(org.calls().total_api());
    }
    let further = calls[1] - calls[0];
    println!(
        "\nnew and known leads in one Composite: {further} further call (ASSIGNMENT_RULES=create)"
    );
    if further > 1 {
        return Err("a promise is broken: at most one further call".into());
    }
    Ok(())
}

/// Creates that a duplicate rule refuses with one match each, in an org whose Collections do not say what was found.
async fn matches() -> Result<(), Failure> {
    let rule = DuplicateRule::new("Lead", "Same_Phone", &["Phone"]);
    let builder = Simulator::builder()
        .matching(rule)
        .collections_without_matches();
    let org = known_leads(builder, MATCHES)?;
    let flags = ["--delivery", "inline", "--duplicates", "update"];
    let served = Served::start(&org, &flags).await?;
    let mut calls = Vec::new();
    for round in 0..2 {
        let jobs: Vec<_> = (0..MATCHES).map(|n| matching(round, n)).collect();
        let before = org.calls().total_api();
        write(&served, &jobs, true).await?;
        // An ordinary batch of known leads takes one query and one Collection.
        calls.push(org.calls().total_api() - before - 2);
    }
    let updated = org
        .records("Lead")
        .iter()
        .filter(|lead| lead["City"] == "Paris")
        .count();
    println!(
        "\n{MATCHES} single matches, DUPLICATES=update: {updated} updates, {} further calls, then {}",
        calls[0], calls[1]
    );
    if (updated, org.records("Lead").len()) != (MATCHES, MATCHES) {
        return Err("a promise is broken: each match is updated, and none is created".into());
    }
    if calls[0] > MAX_FURTHER_CALLS || calls[1] > 0 {
        return Err(
            "a promise is broken: at most 12 further calls, and none the second time".into(),
        );
    }
    Ok(())
}

/// An org that gives each lead to another owner than the integration user.
fn assigning() -> Builder {
    Simulator::builder().assignment_rule("Lead", "01Q5g0000000001EAA", "0055g0000000009AAA", true)
}

fn known_leads(builder: Builder, count: usize) -> Result<Simulator, Failure> {
    let org = builder.user("u", "p", "t").daily_limit(1_000_000).build();
    for n in 0..count {
        org.insert("Lead", json!({"LastName": "Doe", "Company": "Acme", "Email": format!("p{n}@example.com"), "Phone": n.to_string()}))?;
    }
    Ok(org)
}

/// An event of a lead with this number.
fn lead(n: usize, mut traits: Value) -> Value {
    traits["email"] = json!(format!("p{n}@example.com"));
    event(n, traits)
}

/// An event of somebody whom the org knows by the phone number alone.
fn matching(round: usize, n: usize) -> Value {
    event(
        round * MATCHES + n,
        json!({"email": format!("new{n}@example.com"), "phone": n.to_string(), "city": "Paris"}),
    )
}

fn event(n: usize, traits: Value) -> Value {
    let mut event = super::job(n, false);
    event["message"]["traits"] = traits;
    event
}

/// Delivers jobs, inline or as rudder-server does, and holds that each is written.
async fn write(served: &Served, jobs: &[Value], inline: bool) -> Result<(), Failure> {
    for jobs in jobs.chunks(BATCH) {
        let answer = served.post(jobs).await?;
        for entry in answer["output"].as_array().ok_or("no output")? {
            match (inline, entry["statusCode"].as_u64()) {
                (true, Some(299)) => {}
                (false, Some(200)) => served.send(&entry["batchedRequest"][0]).await?,
                _ => return Err(format!("an event failed: {entry}").into()),
            }
        }
    }
    Ok(())
}
