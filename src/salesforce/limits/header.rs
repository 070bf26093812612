//! Parses the header `Sforce-Limit-Info`: `api-usage=18/5000; per-app-api-usage=17/250(appName=sample)`.

use reqwest::header::HeaderMap;

/// The calls of the last 24 hours, as counted by Salesforce.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ApiUsage {
    /// Calls made by all systems of the org.
    pub(crate) used: u64,
    /// Calls that the org may make.
    pub(crate) allowed: u64,
}

impl ApiUsage {
    /// Reads the headers of a response; `None` if they contain no readable usage. The name of an app need not be ASCII.
    pub(crate) fn of(headers: &HeaderMap) -> Option<Self> {
        let mut values = headers.get_all("sforce-limit-info").iter();
        values.find_map(|value| Self::read(&String::from_utf8_lossy(value.as_bytes())))
    }

    /// Ignores parts with other names and parts that cannot be parsed.
    fn read(text: &str) -> Option<Self> {
        text.split(';').find_map(|part| {
            let (name, value) = part.split_once('=')?;
            let (used, allowed) = value.split_once('/')?;
            let number = |text: &str| text.trim().parse().ok();
            let usage = Self {
                used: number(used)?,
                allowed: number(allowed)?,
            };
            name.trim()
                .eq_ignore_ascii_case("api-usage")
                .then_some(usage)
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_orgs_usage_is_found_among_other_parts() {
        for text in [
            "api-usage=18/5000",
            "api-usage=18/5000; per-app-api-usage=17/250(appName=sample)",
            "per-app-api-usage=17/250(appName=a=b/c); API-Usage = 18 / 5000 ;",
            "api-usage=x/y;;new=1;api-usage=18/5000",
        ] {
            let usage = ApiUsage {
                used: 18,
                allowed: 5_000,
            };
            assert_eq!(ApiUsage::read(text), Some(usage), "{text}");
        }
    }

    #[test]
    fn what_cannot_be_read_says_nothing() {
        for text in [
            "",
            "api-usage",
            "api-usage=18",
            "api-usage=-1/5000",
            "api-usage=18/99999999999999999999",
            "per-app-api-usage=17/250",
        ] {
            assert_eq!(ApiUsage::read(text), None, "{text}");
        }
    }

    #[test]
    fn a_name_that_is_no_ascii_hides_nothing() {
        let mut headers = HeaderMap::new();
        let value = "api-usage=1/2;per-app-api-usage=1/2(appName=Büro)".as_bytes();
        headers.insert("Sforce-Limit-Info", value.try_into().unwrap());
        let usage = ApiUsage {
            used: 1,
            allowed: 2,
        };
        assert_eq!(ApiUsage::of(&headers), Some(usage));
    }

    proptest! {
        #[test]
        fn no_text_is_too_much(text in "[a-z=;/0-9 \\PC]{0,60}|(api-usage=[0-9/;=x]{0,30};?){0,3}") {
            let _ = ApiUsage::read(&text);
        }

        #[test]
        fn every_usage_is_read_as_it_is_written(used: u64, allowed: u64, noise in "[a-z=/0-9()]{0,20}") {
            let read = ApiUsage::read(&format!("x{noise};api-usage={used}/{allowed};{noise}"));
            prop_assert_eq!(read, Some(ApiUsage { used, allowed }));
        }
    }
}
