//! What a caller wants to read: the header `Accept`.

use axum::http::{HeaderMap, header};

/// Whether a caller names the type `wanted`, and not `other` before it. Ranges and weights do not count: whoever wants one of
/// several forms names it.
pub(super) fn prefers(headers: &HeaderMap, wanted: &str, other: &str) -> bool {
    let accepts = headers.get_all(header::ACCEPT).iter();
    let accepts = accepts.filter_map(|value| value.to_str().ok());
    let mut types = accepts.flat_map(|value| value.split(',')).map(|range| {
        let essence = range.split(';').next().unwrap_or_default();
        essence.trim().to_ascii_lowercase()
    });
    types
        .find(|of| *of == wanted || *of == other)
        .is_some_and(|of| of == wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_is_preferred_if_it_is_named_first() {
        for (accept, is_preferred) in [
            ("text/html,application/xhtml+xml,*/*;q=0.8", true),
            ("Text/HTML; q=0.9, text/plain", true),
            ("text/plain, text/html", false),
            ("application/json", false),
            ("*/*", false),
            ("", false),
        ] {
            let headers = [(header::ACCEPT, accept.parse().unwrap())];
            let headers = headers.into_iter().collect();
            assert_eq!(
                prefers(&headers, "text/html", "text/plain"),
                is_preferred,
                "{accept}"
            );
        }
    }
}
