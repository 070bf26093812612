//! The page that people look at: `GET /` for a browser. It is one document with its own style and script, put together once; it
//! asks this address alone, and its policy has browsers refuse anything else.

use std::sync::LazyLock;

use aws_lc_rs::digest::{SHA256, digest};
use axum::{
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use base64::{Engine, prelude::BASE64_STANDARD};

/// The document, with a place for the style, the script and the version.
const DOCUMENT: &str = include_str!("page/page.html");

const STYLE: &str = include_str!("page/page.css");

/// The parts of the script, which is one module: what a part uses stands before it.
const SCRIPT: [&str; 17] = [
    include_str!("page/dom.js"),
    include_str!("page/text.js"),
    include_str!("page/json.js"),
    include_str!("page/api.js"),
    include_str!("page/verdicts.js"),
    include_str!("page/rules.js"),
    include_str!("page/curl.js"),
    include_str!("page/traits.js"),
    include_str!("page/explanation.js"),
    include_str!("page/explain.js"),
    include_str!("page/chart.js"),
    include_str!("page/live.js"),
    include_str!("page/events.js"),
    include_str!("page/panel.js"),
    include_str!("page/orgs.js"),
    include_str!("page/faults.js"),
    include_str!("page/main.js"),
];

/// The page and its policy.
static PAGE: LazyLock<Page> = LazyLock::new(Page::new);

struct Page {
    html: String,
    policy: HeaderValue,
}

/// The page.
pub(super) fn page() -> Response {
    let headers = [
        (
            header::CONTENT_TYPE,
            HeaderValue::from_static("text/html; charset=utf-8"),
        ),
        (header::CONTENT_SECURITY_POLICY, PAGE.policy.clone()),
    ];
    (headers, PAGE.html.as_str()).into_response()
}

impl Page {
    fn new() -> Self {
        let script = SCRIPT.concat();
        let html = DOCUMENT
            .replace("{version}", env!("CARGO_PKG_VERSION"))
            .replace("<!--style-->", &format!("<style>{STYLE}</style>"))
            .replace(
                "<!--script-->",
                &format!("<script type=\"module\">{script}</script>"),
            );
        Self {
            html,
            policy: policy(&script),
        }
    }
}

/// What a browser lets the page do: its own script and style, known by their hashes, and questions to this address. Text never
/// becomes HTML (Trusted Types).
fn policy(script: &str) -> HeaderValue {
    let hash = |text: &str| BASE64_STANDARD.encode(digest(&SHA256, text.as_bytes()));
    let policy = format!(
        "default-src 'none'; script-src 'sha256-{}'; style-src 'sha256-{}'; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'",
        hash(script),
        hash(STYLE),
    );
    // Base64 and the words above are what a header may contain; without a script, the page would at least be safe.
    HeaderValue::from_str(&policy).unwrap_or(HeaderValue::from_static("default-src 'none'"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The most that the page may have, in bytes.
    const MOST: usize = 100_000;

    #[test]
    fn the_page_has_less_than_100_kb() {
        assert!(PAGE.html.len() < MOST, "{} bytes", PAGE.html.len());
    }

    #[test]
    fn each_place_of_the_document_is_filled_once() {
        for (begin, end) in [("<style>", "</style>"), ("<script ", "</script>")] {
            assert_eq!(PAGE.html.matches(begin).count(), 1, "{begin}");
            assert_eq!(PAGE.html.matches(end).count(), 1, "{end}");
        }
        assert!(PAGE.html.contains(env!("CARGO_PKG_VERSION")));
        assert!(!PAGE.html.contains("{version}") && !PAGE.html.contains("<!--"));
    }

    #[test]
    fn no_url_leads_away_from_the_address() {
        const SVG: &str = "http://www.w3.org/2000/svg";
        let schemes = PAGE.html.match_indices("://").map(|(at, _)| {
            let begin = PAGE.html[..at].rfind(|letter: char| !letter.is_ascii_alphabetic());
            let rest = &PAGE.html[begin.map_or(0, |at| at + 1)..];
            rest.split(['"', '\'', '`', ' ', ')']).next().unwrap()
        });
        assert_eq!(schemes.collect::<Vec<_>>(), [SVG]);
        for loaded in ["src=", "href=\"//", "@import", "import(", " url("] {
            assert!(!PAGE.html.contains(loaded), "{loaded}");
        }
    }

    /// Neither could be told from data that a visitor has sent.
    #[test]
    fn the_script_makes_no_html_and_no_code_of_text() {
        let script = SCRIPT.concat();
        for way in [
            "innerHTML",
            "outerHTML",
            "insertAdjacentHTML",
            "document.write",
            "eval(",
            "new Function",
            "setHTML",
        ] {
            assert!(!script.contains(way), "{way}");
        }
    }
}
