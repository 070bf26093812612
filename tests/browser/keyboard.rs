//! Whoever has no mouse reaches and runs everything, and sees where they are.

use serde_json::json;
use thirtyfour::Key;

use crate::{
    page::{Page, VIEWS, identify},
    scene,
};

/// How many times Tab is pressed at most.
const MOST: usize = 150;

/// What has the focus, by a selector where it has an id, and whether one can see that it has it.
const FOCUS: &str = "const at = document.activeElement;
    const style = getComputedStyle(at);
    const ring = style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 1;
    const name = at.id ? '#' + at.id : at.outerHTML.slice(0, 100);
    return [name, ring || style.boxShadow !== 'none', at === document.body];";

/// What can be used in what is shown. Of radio buttons the arrow keys choose one.
const USABLE: &str =
    "return [...document.querySelectorAll('a[href], button, input, select, textarea, summary')]
    .filter((it) => it.checkVisibility({visibilityProperty: true}) && !it.disabled && !(it.type === 'radio' && !it.checked))
    .map((it) => it.id ? '#' + it.id : it.outerHTML.slice(0, 100));";

/// Presses Tab, and gives what has the focus then; `None` at the end of the page.
async fn next(page: &Page) -> Option<String> {
    page.browser.press(Key::Tab).await;
    let focus = page.browser.script(FOCUS).await;
    let (name, is_seen) = (focus[0].as_str().unwrap(), focus[1] == true);
    if focus[2] == true {
        return None;
    }
    assert!(is_seen, "the focus cannot be seen on {name}");
    Some(name.to_owned())
}

/// Presses Tab until an element has the focus.
async fn tab_to(page: &Page, css: &str) {
    let there = format!("return document.activeElement.matches({})", json!(css));
    for _ in 0..MOST {
        next(page).await;
        if page.browser.script(&there).await == true {
            return;
        }
    }
    panic!("{css} is out of the keyboard's reach");
}

#[tokio::test]
async fn whatever_can_be_used_is_reached_and_seen() {
    let page = scene::page().await;
    for view in VIEWS {
        scene::show(&page, view).await;
        page.browser
            .script("document.activeElement.blur(); scrollTo(0, 0)")
            .await;
        let usable = page.browser.script(USABLE).await;
        let mut usable: Vec<String> = serde_json::from_value(usable).unwrap();
        for _ in 0..MOST.max(4 * usable.len()) {
            // At its end the page begins anew.
            let reached = next(&page).await;
            usable.retain(|name| Some(name) != reached.as_ref());
        }
        assert!(usable.is_empty(), "out of reach in {view}: {usable:#?}");
    }
}

#[tokio::test]
async fn an_event_is_explained_and_copied_without_a_mouse() {
    let page = Page::open("events").await;
    tab_to(&page, "nav a[href='#explain']").await;
    page.browser.press(Key::Enter).await;
    tab_to(&page, "#event").await;
    let event = identify("m-1", &json!({"email": "ada@lovelace.example"}));
    page.browser.press(event.to_string()).await;
    tab_to(&page, "#explain-run").await;
    page.browser.press(Key::Enter).await;
    page.browser.says("#explanation", "Sent 200").await;
    tab_to(&page, "#copy-curl").await;
    page.browser.press(Key::Space).await;
    page.browser.says("#explain", "Copied").await;
    page.is_clean().await;
}

#[tokio::test]
async fn an_event_is_opened_without_a_mouse() {
    let page = scene::page().await;
    scene::show(&page, "events").await;
    tab_to(&page, "#event-rows *").await;
    page.browser.press(Key::Enter).await;
    page.browser
        .until("location.hash.startsWith('#events/')")
        .await;
}
