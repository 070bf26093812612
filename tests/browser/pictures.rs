//! The pictures of `docs/explain.md`, taken anew: `cargo test -p browser-tests pictures -- --ignored`. They show a real service with
//! half a day behind it: its clock is set from one moment to the next, and at each of them something happens.

use std::{
    fs,
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use base64::{Engine, prelude::BASE64_STANDARD};
use fastrand::Rng;
use salesforce_simulator::{Call, Fault};
use serde_json::{Value, json};

use crate::{
    browser::{Browser, Theme},
    page::{Page, SETTINGS, VIEWS, identify, job},
    scene::{self, deliver, email},
    service::{Service, serve},
};

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/images");

/// A phone's window and an ordinary one: width and height, how many pixels of the picture make one of the page, and how well WebP
/// keeps them.
const WINDOWS: [(u32, u32, f64, u8); 2] = [(360, 720, 1.0, 80), (1_440, 900, 2.0 / 3.0, 45)];

/// What a picture may weigh, in bytes.
const MOST: usize = 40_000;

/// What the service takes for the present, in milliseconds since 1970.
static PRESENT: AtomicU64 = AtomicU64::new(0);

/// How often the orgs' calls are sampled.
const SAMPLED_EVERY: Duration = Duration::from_millis(150);

/// How far back it all goes.
const HOURS: u32 = 12;

const FIRST: [&str; 12] = [
    "Amara", "Bruno", "Chiara", "Dmitri", "Elif", "Farah", "Goran", "Hana", "Idris", "Jonas",
    "Keiko", "Luca",
];
const LAST: [&str; 12] = [
    "Adeyemi",
    "Bergman",
    "Costa",
    "Dubois",
    "Eriksen",
    "Fischer",
    "Gomez",
    "Haddad",
    "Ivanova",
    "Jansen",
    "Kowalski",
    "Lindqvist",
];
const COMPANY: [&str; 8] = [
    "Brightwater",
    "Cedarline",
    "Fernhill Foods",
    "Hoshi Robotics",
    "Nordwind",
    "Quillworks",
    "Saltmarsh Energy",
    "Tidepool",
];

fn present() -> SystemTime {
    UNIX_EPOCH + Duration::from_millis(PRESENT.load(Ordering::Relaxed))
}

/// A service with half a day behind it, and what is kept of it.
async fn half_a_day() -> Service {
    let org = scene::org();
    let salesforce = serve(org.router()).await;
    let flags = [&SETTINGS[..], &scene::FLAGS].concat();
    let taken = SystemTime::now();
    let until = |minutes: u32| set(taken - Duration::from_mins(minutes.into()));
    until(60 * HOURS);
    let service = Service::start_with(&salesforce, &flags, |config| {
        config.admin.clock = present;
        config.admin.sampled_every = SAMPLED_EVERY;
    });
    let service = service.await;
    let (mut random, session) = (Rng::with_seed(7), org.session());
    let hours = (60..60 * HOURS)
        .rev()
        .step_by(10)
        .map(|minutes| (minutes, 10));
    let last_hour = (1..60).rev().map(|minutes| (minutes, 1));
    for (minutes, length) in hours.chain(last_hour) {
        until(minutes);
        for _ in 0..length * random.u64(3..6) {
            others_call(&salesforce, &session).await;
        }
        if minutes == 23 {
            org.fail_next(Call::Query, Fault::ServerUnavailable, 1);
        }
        let jobs = (0..length * random.u64(5..12)).map(|id| job(id, &somebody(&mut random)));
        deliver(&service, &jobs.collect::<Vec<_>>()).await;
        sampled(&service).await;
    }
    let happened = scene::happen(&service, &org, || {
        set(present() + Duration::from_secs(4));
    });
    happened.await;
    set(taken);
    sampled(&service).await;
    service
}

/// Sets the clock of the service.
fn set(time: SystemTime) {
    let millis = time.duration_since(UNIX_EPOCH).unwrap().as_millis();
    PRESENT.store(u64::try_from(millis).unwrap(), Ordering::Relaxed);
}

/// Lets another system of the org's call it.
async fn others_call(salesforce: &str, session: &str) {
    let url = format!("{salesforce}/services/data/v50.0/query?q=SELECT+Id+FROM+Lead+LIMIT+1");
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let call = http.get(url).bearer_auth(session).send().await;
    call.unwrap().error_for_status().unwrap();
}

/// An event of somebody who does something.
fn somebody(random: &mut Rng) -> Value {
    let mut one_of = |names: &[&'static str]| names[random.usize(..names.len())];
    let [first, last, company] = [one_of(&FIRST), one_of(&LAST), one_of(&COMPANY)];
    let plan = one_of(&["free", "pro", "ent"]);
    let message = format!(
        "{:08x}-{}",
        random.u32(..),
        ["signup", "profile"][random.usize(..2)]
    );
    let traits = json!({"email": email(first, last, company), "firstName": first, "lastName": last, "company": company, "plan": plan});
    let mut event = identify(&message, &traits);
    // Events of one user are written one after the other, those of several in one call.
    event["userId"] = traits["email"].clone();
    match random.u32(..20) {
        0 | 1 => event["integrations"] = json!({"All": true}),
        2 => event["traits"] = json!({"plan": plan}),
        _ => {}
    }
    event
}

/// Waits until the orgs' calls have been sampled at the present time.
async fn sampled(service: &Service) {
    let present = humantime::format_rfc3339_seconds(present()).to_string();
    loop {
        let orgs = service.admin("/orgs").await.json();
        let history = orgs["orgs"][0]["history"].as_array();
        let last = history.and_then(|history| history.last());
        if last.is_some_and(|sample| sample["time"] == *present) {
            return;
        }
        tokio::time::sleep(SAMPLED_EVERY / 4).await;
    }
}

/// Shows the top of the page, and names the org as one is named that is no simulator on this machine.
const NAMED: &str = "scrollTo(0, 0);
    const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (texts.nextNode()) texts.currentNode.data = texts.currentNode.data.replaceAll(/http:\\/\\/127\\.0\\.0\\.1:\\d+/g, 'https://acme.my.salesforce.com');";

/// Takes the picture of what is shown in a window, from its top on.
async fn taken(browser: &Browser, window: (u32, u32, f64, u8)) -> Vec<u8> {
    let (width, height, scale, quality) = window;
    let metrics =
        json!({"width": width, "height": height, "deviceScaleFactor": scale, "mobile": false});
    browser
        .devtools("Emulation.setDeviceMetricsOverride", metrics)
        .await;
    browser.script(NAMED).await;
    let format = json!({"format": "webp", "quality": quality});
    let picture = browser.devtools("Page.captureScreenshot", format).await;
    let data = picture["data"].as_str().unwrap();
    BASE64_STANDARD.decode(data).unwrap()
}

#[tokio::test]
#[ignore = "writes docs/images"]
async fn pictures() {
    fs::create_dir_all(FOLDER).unwrap();
    let service = half_a_day().await;
    let browser = Browser::start().await;
    browser.goto(&service.admin).await;
    let hidden = json!({"hidden": true});
    browser
        .devtools("Emulation.setScrollbarsHidden", hidden)
        .await;
    browser.click("#live").await;
    let page = Page { browser, service };
    for view in VIEWS {
        scene::show(&page, view).await;
        if view == "explain" {
            page.browser.click("#explain-format").await;
            page.browser
                .script("document.querySelector('#event').scrollTo(0, 0)")
                .await;
        }
        for theme in Theme::BOTH {
            page.browser.prefer(theme).await;
            for window in WINDOWS {
                let picture = taken(&page.browser, window).await;
                let name = format!("{view}-{}-{}.webp", theme.name(), window.0);
                assert!(picture.len() <= MOST, "{name}: {} bytes", picture.len());
                fs::write(format!("{FOLDER}/{name}"), picture).unwrap();
            }
        }
    }
}
