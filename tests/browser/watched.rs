//! The view Events: what arrives is watched and filtered, and one event is opened.

use salesforce_simulator::sample;
use serde_json::json;

use crate::page::{Page, identify, job};

/// A lead that is sent, and an event that has no e-mail.
async fn two_events(page: &Page) {
    let sent = identify("m-sent", &json!({"email": "ada@lovelace.example"}));
    let nameless = identify("m-nameless", &json!({"plan": "pro"}));
    page.service
        .router([job(1, &sent), job(2, &nameless)])
        .await;
}

#[tokio::test]
async fn an_event_appears_when_it_is_answered() {
    let page = Page::open("events").await;
    page.browser.script("window.stays = true").await;
    two_events(&page).await;
    page.browser.says("#event-rows", "m-sent").await;
    page.browser.says("#event-rows", "m-nameless").await;
    assert_eq!(page.browser.script("return window.stays").await, true);
    page.is_clean().await;
}

/// A watch that begins when `watchBegins` is called.
const LATE_WATCH: &str = "const Source = EventSource;
    window.EventSource = class {
        static CLOSED = 2;
        listeners = [];
        constructor(url) {
            window.watchBegins = () => {
                const source = new Source(url);
                for (const [name, listener] of this.listeners) source.addEventListener(name, listener);
            };
        }
        addEventListener(...listener) { this.listeners.push(listener); }
        close() {}
    };";

#[tokio::test]
async fn an_event_between_the_list_and_the_watch_is_not_missed() {
    let page = Page::open("explain").await;
    let late = json!({ "source": LATE_WATCH });
    let method = "Page.addScriptToEvaluateOnNewDocument";
    page.browser.devtools(method, late).await;
    page.browser
        .script("location.hash = '#events'; location.reload()")
        .await;
    page.browser.says("#events", "No event yet").await;
    two_events(&page).await;
    page.browser.script("watchBegins()").await;
    page.browser.says("#event-rows", "m-sent").await;
    page.browser.says("#event-rows", "m-nameless").await;
    let rows = page.browser.texts("#event-rows tr").await;
    assert_eq!(rows.len(), 2, "{rows:?}");
}

#[tokio::test]
async fn events_from_before_are_listed() {
    let page = Page::open("explain").await;
    two_events(&page).await;
    page.browser.click("nav a[href='#events']").await;
    page.browser.says("#event-rows", "m-sent").await;
}

#[tokio::test]
async fn without_an_event_the_list_says_what_to_do() {
    let page = Page::open("events").await;
    page.browser.says("#events", "No event").await;
}

#[tokio::test]
async fn each_filter_leaves_what_fits() {
    let page = Page::open("events").await;
    two_events(&page).await;
    page.browser.says("#event-rows", "m-sent").await;
    let key = page.service.admin("/events?message=m-sent").await.json();
    let key = key["events"][0]["key"].as_str().unwrap().to_owned();
    for (filter, value, fits) in [
        ("status", "4xx", "m-nameless"),
        ("status", "200", "m-sent"),
        ("object", "lead", "m-sent"),
        ("reason", "no_email", "m-nameless"),
        ("message", "m-sent", "m-sent"),
        ("key", &key, "m-sent"),
    ] {
        let field = format!("#filter-{filter}");
        page.browser.fill(&field, value).await;
        let one = format!(
            "document.querySelectorAll('#event-rows tr').length === 1 && document.querySelector('#event-rows').innerText.includes('{fits}')"
        );
        page.browser.until(&one).await;
        page.browser.fill(&field, "").await;
        page.browser
            .until("document.querySelectorAll('#event-rows tr').length === 2")
            .await;
    }
    page.is_clean().await;
}

#[tokio::test]
async fn a_filter_holds_for_events_that_arrive_later() {
    let page = Page::open("events").await;
    page.browser.fill("#filter-status", "4xx").await;
    two_events(&page).await;
    page.browser.says("#event-rows", "m-nameless").await;
    let rows = page.browser.texts("#event-rows tr").await;
    assert_eq!(rows.len(), 1, "{rows:?}");
}

#[tokio::test]
async fn a_filter_that_is_none_is_told_beside_it() {
    let page = Page::open("events").await;
    page.browser.fill("#filter-status", "bad").await;
    page.browser
        .says("#events", "a status such as 400, or 4xx")
        .await;
}

#[tokio::test]
async fn verdicts_are_counted_in_a_chart_that_is_told_in_words_too() {
    let page = Page::open("events").await;
    two_events(&page).await;
    let told = "document.querySelector('#verdict-chart')?.textContent ?? ''";
    let label = "document.querySelector('#verdict-chart')?.getAttribute('aria-label') ?? ''";
    let told = format!("(({told}) + ({label})).includes('request')");
    page.browser.until(&told).await;
}

#[tokio::test]
async fn a_kept_event_is_opened_and_explained_where_values_are_kept() {
    let flags = ["--admin-show-values", "true"];
    let page = Page::open_with(&sample::org().build(), "events", &flags).await;
    two_events(&page).await;
    page.browser.says("#event-rows", "m-sent").await;
    page.browser.fill("#filter-message", "m-sent").await;
    page.browser
        .until("document.querySelectorAll('#event-rows tr').length === 1")
        .await;
    page.browser
        .click("#event-rows tr a, #event-rows tr button")
        .await;
    // The button promises the service's own login, whatever the form says.
    let given = "document.querySelector('#destination-given').click()";
    page.browser.script(given).await;
    page.browser.click("#explain-kept").await;
    page.browser.says("#explanation", "Sent 200").await;
    let own = "return document.querySelector('#destination-own').checked";
    assert_eq!(page.browser.script(own).await, true);
    let pasted = page
        .browser
        .until("document.querySelector('#event').value")
        .await;
    assert!(pasted.as_str().unwrap().contains("ada@lovelace.example"));
    page.is_clean().await;
}

#[tokio::test]
async fn a_kept_event_without_its_values_says_why_it_cannot_be_explained() {
    let page = Page::open("events").await;
    two_events(&page).await;
    let link = format!("{}/#events/m-nameless", page.service.admin);
    page.browser.goto(&link).await;
    page.browser.says("main", "ADMIN_SHOW_VALUES").await;
    page.browser
        .says("main", "Send an e-mail in traits.email")
        .await;
}

#[tokio::test]
async fn an_event_that_is_not_kept_is_told() {
    let page = Page::open("events/gone").await;
    page.browser
        .says("main", "No event of the message gone is kept")
        .await;
}

/// The answer about one message waits until `answer` is called.
const LATE_ANSWER: &str = "const get = fetch;
    window.fetch = (url, options) => url.includes('/events/m-')
        ? new Promise((done) => window.answer = () => {
            done(get(url, options));
            setTimeout(() => window.isAnswered = true, 500);
        })
        : get(url, options);
    location.hash = '#events/m-late';";

#[tokio::test]
async fn an_answer_that_comes_after_the_view_was_left_opens_nothing() {
    let page = Page::open("events").await;
    page.browser.says("#events", "No event yet").await;
    page.browser.script(LATE_ANSWER).await;
    page.browser.until("window.answer !== undefined").await;
    page.browser.click("nav a[href='#events']").await;
    page.browser.script("answer()").await;
    page.browser.until("window.isAnswered").await;
    let hidden = "return document.querySelector('#event-panel').hidden";
    assert_eq!(page.browser.script(hidden).await, true);
}

/// Hides the tab for 5 minutes, which take no time.
const HIDDEN: &str = "const { setTimeout: wait } = window;
    window.setTimeout = (act, milliseconds) => wait(act, milliseconds === 300000 ? 0 : milliseconds);
    const { close } = EventSource.prototype;
    EventSource.prototype.close = function () {
        window.isClosed = true;
        close.call(this);
    };
    Object.defineProperty(document, 'visibilityState', { value: 'hidden', configurable: true });
    document.dispatchEvent(new Event('visibilitychange'));";

const SEEN_AGAIN: &str =
    "delete document.visibilityState; document.dispatchEvent(new Event('visibilitychange'));";

#[tokio::test]
async fn a_tab_that_nobody_sees_watches_no_longer_and_catches_up_when_it_is_seen() {
    let page = Page::open("events").await;
    page.browser.says("#events", "No event yet").await;
    page.browser.script(HIDDEN).await;
    page.browser.until("window.isClosed").await;
    two_events(&page).await;
    page.browser.script(SEEN_AGAIN).await;
    page.browser.says("#event-rows", "m-sent").await;
    page.is_clean().await;
}
