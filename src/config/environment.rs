//! Environment variables that are not settings: those that the HTTP client reads, and silently ignores if they are malformed,
//! and those whose names look like misspelled settings.

use std::{
    collections::BTreeSet,
    ffi::{OsStr, OsString},
    path::Path,
};

use axum::http::Uri;
use clap::Args;
use rustls_native_certs::{ErrorKind, load_certs_from_paths};
use url::Url;

use super::{
    Config, SettingError, auth::is_of_destination, kubernetes::is_of_kubernetes, policies,
};

/// The minimum similarity (0 to 1) to a setting's name, for names that do not begin with the first word of several settings.
const ALIKE: f64 = 0.8;

/// A variable that looks like a setting but is not. Its value is never shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownVariable {
    /// Its name.
    pub name: String,
    /// The setting with the most similar name.
    pub nearest: String,
}

/// Checks the variables that the HTTP client reads. The client would ignore a malformed proxy address, and trust no server if
/// a certificate file is empty.
///
/// # Errors
/// [`SettingError`] names the variable.
pub(super) fn check(variables: &[(OsString, OsString)]) -> Result<(), SettingError> {
    let of = |name: &str| {
        let found = variables.iter().find(|(variable, _)| variable == name);
        found.map(|(_, value)| value.as_os_str())
    };
    for name in ["HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY"] {
        for name in [name.to_owned(), name.to_ascii_lowercase()] {
            if let Some(value) = of(&name) {
                check_proxy(&name, value)?;
            }
        }
    }
    if let Some(file) = of("SSL_CERT_FILE") {
        check_certificates("SSL_CERT_FILE", Some(file), None)?;
    }
    let folders = of("SSL_CERT_DIR").map(|folders| std::env::split_paths(folders).collect());
    let folders: Vec<_> = folders.unwrap_or_default();
    for folder in folders
        .iter()
        .filter(|folder| !folder.as_os_str().is_empty())
    {
        check_certificates("SSL_CERT_DIR", None, Some(folder))?;
    }
    Ok(())
}

/// An empty value counts as unset. Without a scheme it is http. The HTTP client parses a `Uri`, which accepts any port.
fn check_proxy(name: &str, value: &OsStr) -> Result<(), SettingError> {
    let text = value.to_str();
    let text = text.ok_or_else(|| SettingError::NotText(name.to_owned()))?;
    let whole = if text.contains("://") {
        text.to_owned()
    } else {
        format!("http://{text}")
    };
    let is_read = text
        .parse::<Uri>()
        .is_ok_and(|uri| uri.authority().is_some());
    let is_proxy = |url: Url| matches!(url.scheme(), "http" | "https") && url.has_host();
    if text.is_empty() || is_read && Url::parse(&whole).is_ok_and(is_proxy) {
        Ok(())
    } else {
        Err(SettingError::Proxy(name.to_owned()))
    }
}

/// A folder may be empty, and anything in a file that is not a certificate is skipped, as the HTTP client does.
fn check_certificates(
    setting: &str,
    file: Option<&OsStr>,
    folder: Option<&Path>,
) -> Result<(), SettingError> {
    let loaded = load_certs_from_paths(file.map(Path::new), folder);
    for error in loaded.errors {
        if let ErrorKind::Io { inner, path } = error.kind {
            return Err(SettingError::Unreadable {
                setting: setting.to_owned(),
                path,
                error: inner,
            });
        }
    }
    match file {
        Some(file) if loaded.certs.is_empty() => Err(SettingError::NoCertificate {
            setting: setting.to_owned(),
            path: file.into(),
        }),
        Some(_) | None => Ok(()),
    }
}

/// The variables that look like settings but are not, sorted by name: they begin with a word that several settings
/// begin with, or are spelled almost like one.
#[must_use]
pub fn unknown_variables(variables: &[(OsString, OsString)]) -> Vec<UnknownVariable> {
    let settings = settings();
    let words: Vec<&str> = settings
        .iter()
        .filter_map(|name| first_word(name))
        .collect();
    let is_ours = |word: &str| words.iter().filter(|other| **other == word).count() > 1;
    let names = variables.iter().filter_map(|(name, _)| name.to_str());
    let unknown = names.filter(|name| {
        !settings.contains(*name)
            && !is_of_kubernetes(name)
            && !is_of_destination(name)
            && !policies::is_of_destination(name)
    });
    let mut unknown_variables: Vec<_> = unknown
        .filter_map(|name| {
            let (nearest, likeness) = nearest(name, &settings)?;
            let is_meant = first_word(name).is_some_and(is_ours) || likeness >= ALIKE;
            is_meant.then(|| UnknownVariable {
                name: name.to_owned(),
                nearest: nearest.to_owned(),
            })
        })
        .collect();
    unknown_variables.sort_by(|one, other| one.name.cmp(&other.name));
    unknown_variables
}

/// The variables of all settings.
pub(super) fn settings() -> BTreeSet<String> {
    let command = Config::augment_args(clap::Command::new("settings"));
    let variables = command.get_arguments().filter_map(clap::Arg::get_env);
    let names = variables.filter_map(OsStr::to_str);
    names.map(ToOwned::to_owned).collect()
}

/// The first word of a name of several words.
fn first_word(name: &str) -> Option<&str> {
    name.split_once('_').map(|(word, _)| word)
}

fn nearest<'s>(name: &str, settings: &'s BTreeSet<String>) -> Option<(&'s str, f64)> {
    let upper = name.to_ascii_uppercase();
    let likeness = |setting: &str| strsim::normalized_damerau_levenshtein(&upper, setting);
    settings
        .iter()
        .map(|setting| (setting.as_str(), likeness(setting)))
        .max_by(|(_, one), (_, other)| one.total_cmp(other))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(names: &[&str]) -> Vec<(OsString, OsString)> {
        let variables = names.iter();
        variables
            .map(|name| ((*name).into(), "hunter2".into()))
            .collect()
    }

    #[test]
    fn a_name_that_looks_like_a_setting_is_found_with_the_nearest() {
        for (name, nearest) in [
            ("SALESFORCE_PASSWORD_FILE", "SALESFORCE_PASSWORD"),
            ("SALESFORCE_JWT_KEY", "SALESFORCE_JWT_KEY_FILE"),
            ("SALESFORCE_LOGIN_URLS", "SALESFORCE_LOGIN_URL"),
            ("LOOKUP_CACHE_TIME", "LOOKUP_CACHE_TTL"),
            ("DELIVERY_TIME_OUT", "DELIVERY_TIMEOUT"),
            ("COMPATIBILTY", "COMPATIBILITY"),
            ("BODYLIMIT", "BODY_LIMIT"),
            ("upstream_url", "UPSTREAM_URL"),
        ] {
            let expected = UnknownVariable {
                name: name.to_owned(),
                nearest: nearest.to_owned(),
            };
            assert_eq!(unknown_variables(&named(&[name])), [expected]);
        }
    }

    #[test]
    fn settings_and_the_names_of_others_are_not_found() {
        let others = [
            "PATH",
            "HOME",
            "HOSTNAME",
            "TERM",
            "API_KEY",
            "RUST_LOG",
            "NO_PROXY",
            "SSL_CERT_FILE",
            "LISTEN_FDS",
            "MALLOC_MMAP_THRESHOLD_",
            "SALESFORCE_CLIENT_SECRET_FILE_2abc9",
            "SALESFORCE_CLIENT_SECRET_2abc9_FILE",
            "SALESFORCE_AUTH_2abc9",
        ];
        assert_eq!(unknown_variables(&named(&others)), []);
        for setting in settings() {
            assert_eq!(unknown_variables(&named(&[&setting])), [], "{setting}");
        }
    }

    #[test]
    fn what_kubernetes_makes_for_a_service_is_not_found() {
        let of_service = [
            "SALESFORCE_TRANSFORMER_SERVICE_HOST",
            "SALESFORCE_TRANSFORMER_SERVICE_PORT",
            "SALESFORCE_TRANSFORMER_SERVICE_PORT_HTTP",
            "SALESFORCE_TRANSFORMER_PORT",
            "SALESFORCE_TRANSFORMER_PORT_9090_TCP",
            "SALESFORCE_TRANSFORMER_PORT_9090_TCP_PROTO",
            "SALESFORCE_TRANSFORMER_PORT_9090_TCP_PORT",
            "SALESFORCE_TRANSFORMER_PORT_9090_TCP_ADDR",
        ];
        assert_eq!(unknown_variables(&named(&of_service)), []);
        let alike = ["SALESFORCE_PORT_NAME", "SALESFORCE_PORT_9090_TCP_NAME"];
        assert_eq!(unknown_variables(&named(&alike)).len(), 2);
    }

    #[test]
    fn a_proxy_that_cannot_be_one_is_named_without_its_value() {
        for (name, value) in [
            ("HTTPS_PROXY", "http://user:hunter2@"),
            ("https_proxy", "proxy.example:99999"),
            ("HTTP_PROXY", "socks5://hunter2:1080"),
            ("ALL_PROXY", "htp://hunter2"),
            ("HTTPS_PROXY", "hunter2 "),
        ] {
            let error = check(&[(name.into(), value.into())])
                .unwrap_err()
                .to_string();
            assert!(
                error.starts_with(name) && !error.contains("hunter2"),
                "{error}"
            );
        }
        for value in [
            "",
            "proxy:3128",
            "http://user:word@proxy:3128/",
            "https://proxy",
        ] {
            assert!(
                check(&[("HTTPS_PROXY".into(), value.into())]).is_ok(),
                "{value}"
            );
        }
    }

    #[test]
    fn certificates_that_are_not_there_are_named_with_their_setting() {
        let empty = std::env::temp_dir().join(format!("no-certificate-{}", std::process::id()));
        std::fs::write(&empty, "hunter2").unwrap();
        for (name, value, words) in [
            ("SSL_CERT_FILE", "/does/not/exist", "cannot be read"),
            ("SSL_CERT_FILE", "", "cannot be read"),
            (
                "SSL_CERT_FILE",
                empty.to_str().unwrap(),
                "contains no certificate",
            ),
            ("SSL_CERT_DIR", "/:/does/not/exist", "cannot be read"),
        ] {
            let error = check(&[(name.into(), value.into())])
                .unwrap_err()
                .to_string();
            assert!(error.starts_with(name) && error.contains(words), "{error}");
            assert!(!error.contains("hunter2"), "{error}");
        }
        std::fs::remove_file(&empty).unwrap();
    }
}
