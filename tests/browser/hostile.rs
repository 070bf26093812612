//! Values come from the visitors of somebody's web site. Whatever they hold is shown as text, and runs nothing.

use serde_json::{Value, json};

use crate::page::{Page, identify, job};

/// Texts that run something where they are taken for anything but text.
const HOSTILE: [&str; 6] = [
    "<img src=x onerror='window.ran=1'>",
    "</script><script>window.ran=1</script>",
    "\"><svg onload='window.ran=1'>",
    "javascript:window.ran=1",
    "' onfocus='window.ran=1' autofocus='",
    "{{constructor.constructor('window.ran=1')()}}",
];

/// An event that has these texts wherever an event has any.
fn hostile() -> Value {
    let mut traits: serde_json::Map<String, Value> = HOSTILE
        .iter()
        .map(|text| ((*text).to_owned(), json!(text)))
        .collect();
    traits.insert("email".to_owned(), json!("eve@example.com"));
    traits.insert("lastName".to_owned(), json!(HOSTILE[0]));
    traits.insert("tags".to_owned(), json!(HOSTILE));
    identify(HOSTILE[1], &Value::Object(traits))
}

/// Holds that nothing of it has run, and that no element has come of it.
async fn has_run_nothing(page: &Page) {
    let ran = page.browser.script("return [window.ran ?? null, document.querySelectorAll('main img, main script, [onerror], [onload], [onfocus]').length]").await;
    assert_eq!(ran, json!([null, 0]));
    page.is_clean().await;
}

#[tokio::test]
async fn an_explanation_shows_hostile_values_as_text() {
    let page = Page::open("explain").await;
    page.explain(&hostile()).await;
    page.browser.says("#explanation", HOSTILE[0]).await;
    has_run_nothing(&page).await;
}

#[tokio::test]
async fn a_refused_event_shows_hostile_values_as_text() {
    let page = Page::open("explain").await;
    let mut event = hostile();
    event["type"] = json!(HOSTILE[0]);
    page.explain(&event).await;
    page.browser.says("#explanation", HOSTILE[0]).await;
    has_run_nothing(&page).await;
}

#[tokio::test]
async fn the_list_of_events_shows_hostile_names_as_text() {
    let page = Page::open("events").await;
    let mut hostile = job(1, &hostile());
    hostile["destination"]["ID"] = json!(HOSTILE[2]);
    page.service.router([hostile]).await;
    page.browser.says("#event-rows", HOSTILE[1]).await;
    page.browser.says("#event-rows", HOSTILE[2]).await;
    has_run_nothing(&page).await;
    page.browser
        .click("#event-rows tr a, #event-rows tr button")
        .await;
    page.browser
        .until("location.hash.length > '#events'.length")
        .await;
    has_run_nothing(&page).await;
}

#[tokio::test]
async fn faults_show_hostile_names_as_text() {
    let page = Page::open("events").await;
    page.service.router([job(1, &hostile())]).await;
    page.browser
        .goto(&format!("{}/#orgs", page.service.admin))
        .await;
    page.browser.says("#fault-rows", HOSTILE[0]).await;
    has_run_nothing(&page).await;
}

/// Should a text ever be taken for more than text, the browser refuses what it would do.
#[tokio::test]
async fn the_browser_parses_no_html_runs_no_other_script_and_asks_nobody_else() {
    let page = Page::open("explain").await;
    for attempt in [
        "document.body.insertAdjacentHTML('beforeend', '<b>x</b>')",
        "document.body.setAttribute('onclick', 'window.ran = 1'); document.body.click()",
        "window.setTimeout('window.ran = 1')",
        "document.body.append(Object.assign(new Image(), {src: 'http://transformer.example/x.png'}))",
        "fetch('http://transformer.example/').catch(() => {})",
    ] {
        // An error is a way to refuse, too.
        let attempt = format!("try {{ {attempt} }} catch {{}}");
        page.browser.script(&attempt).await;
        let complaints = loop {
            let complaints = page.browser.complaints().await.concat();
            if !complaints.is_empty() {
                break complaints;
            }
        };
        let is_refused = ["Content Security Policy", "The action has been blocked"]
            .iter()
            .any(|words| complaints.contains(words));
        assert!(is_refused, "{attempt}: {complaints}");
    }
    let ran = page.browser.script("return window.ran ?? null").await;
    assert_eq!(ran, Value::Null);
}
