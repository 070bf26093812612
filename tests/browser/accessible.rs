//! axe-core finds nothing in any view that keeps people from using it.

use std::{fs, sync::LazyLock};

use crate::{
    browser::Theme,
    page::{Page, VIEWS},
    scene,
};

/// The file of axe-core.
const FILE: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/node_modules/axe-core/axe.min.js"
);

/// axe-core itself.
static AXE: LazyLock<String> = LazyLock::new(|| {
    let text = fs::read_to_string(FILE);
    text.unwrap_or_else(|error| {
        panic!("axe-core is missing: npm ci --prefix tests/browser\n{error}")
    })
});

/// What axe-core finds that is serious or critical: the rule, and each element with what is wrong about it.
async fn findings(page: &Page) -> Vec<String> {
    page.browser.script(&AXE).await;
    let found = page.browser.script(
        "return axe.run(document, {resultTypes: ['violations']}).then((results) => results.violations
            .filter((it) => ['serious', 'critical'].includes(it.impact))
            .flatMap((it) => it.nodes.map((node) => `${it.id}: ${node.html}\\n${node.failureSummary}`)))",
    );
    serde_json::from_value(found.await).unwrap()
}

async fn hold_accessible(view: &str) {
    let page = scene::page().await;
    scene::show(&page, view).await;
    for theme in Theme::BOTH {
        page.browser.prefer(theme).await;
        for width in [360, 1_440] {
            page.browser.resize(width, 900).await;
            let findings = findings(&page).await;
            let at = format!("{view}, {}, {width} pixels", theme.name());
            assert!(findings.is_empty(), "{at}:\n{}", findings.join("\n\n"));
        }
    }
}

#[tokio::test]
async fn explain_is_accessible() {
    hold_accessible(VIEWS[0]).await;
}

#[tokio::test]
async fn events_is_accessible() {
    hold_accessible(VIEWS[1]).await;
}

#[tokio::test]
async fn orgs_is_accessible() {
    hold_accessible(VIEWS[2]).await;
}

#[tokio::test]
async fn a_view_without_anything_to_show_is_accessible() {
    for view in VIEWS {
        let page = Page::open(view).await;
        let findings = findings(&page).await;
        assert!(findings.is_empty(), "{view}:\n{}", findings.join("\n\n"));
    }
}

/// A page with a fault is found out, so that silence means something.
#[tokio::test]
async fn a_planted_fault_is_found() {
    let page = Page::open("explain").await;
    let planted = "document.querySelector('main').append(document.createElement('button'))";
    page.browser.script(planted).await;
    let findings = findings(&page).await;
    assert!(findings[0].starts_with("button-name"), "{findings:?}");
}
