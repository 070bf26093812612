//! Settings and variables that stop the start, and those that are warned of.

use std::process::Output;

use crate::{
    fixtures::org,
    process::{Process, Settings, for_org, run},
    service::{assert_says, serve},
};

/// What a service says that does not start.
async fn refused(settings: &Settings<'_>) -> String {
    let Output { status, stderr, .. } = run(&["serve", "--port", "0"], settings).await;
    let said = String::from_utf8(stderr).unwrap();
    assert_eq!(status.code(), Some(2), "{said}");
    said
}

#[tokio::test]
async fn a_setting_that_does_not_fit_stops_the_start_and_is_named() {
    let plain = "http://acme.my.salesforce.com";
    for (setting, value, words) in [
        ("SALESFORCE_LOGIN_URL", plain, "SALESFORCE_ALLOWED_HOSTS"),
        (
            "SALESFORCE_SANDBOX_LOGIN_URL",
            plain,
            "SALESFORCE_ALLOWED_HOSTS",
        ),
        ("SALESFORCE_LOGIN_URL_d1", plain, "SALESFORCE_ALLOWED_HOSTS"),
        ("DELIVERY_WINDOW", "5m", "DELIVERY_TIMEOUT (5m)"),
        ("DELIVERY_TIMEOUT", "10m", "rudder-server"),
        ("SALESFORCE_TIMEOUT", "10m", "rudder-server"),
        ("LOOKUP_WINDOW", "2s", "at most 1s"),
        ("BODY_LIMIT", "1EB", "MAX_IN_FLIGHT_BYTES"),
        ("MAX_CONNECTIONS", "1000000000", "limit of open files ("),
        ("HEADER_LIMIT", "1EB", "MAX_IN_FLIGHT_BYTES"),
        ("RECORD", "/does/not/exist", "cannot be opened"),
        ("BODY_LIMIT", "512", "at least 1KiB"),
        ("MAX_IN_FLIGHT_BYTES", "64", "at least 1KiB"),
        ("LOG_LEVEL", "", "it must be error, warn, info"),
        ("LOG_LEVEL", "info,tower", "it must be error, warn, info"),
        ("SSL_CERT_FILE", "/does/not/exist", "cannot be read"),
        ("SSL_CERT_DIR", "/does/not/exist", "cannot be read"),
        ("HTTPS_PROXY", "ftp://proxy", "http://proxy.example:3128"),
    ] {
        let said = refused(&[(setting, value)]).await;
        let named = setting.to_lowercase().replace('_', "-");
        assert!(said.contains(setting) || said.contains(&named), "{said}");
        assert_says(&said, words);
    }
    let own = [("UPSTREAM_URL", "http://127.0.0.1:9090"), ("PORT", "9090")];
    let Output { stderr, .. } = run(&[], &own).await;
    assert_says(
        &String::from_utf8(stderr).unwrap(),
        "UPSTREAM_URL is the address of this service",
    );
}

#[tokio::test]
async fn a_start_error_is_said_also_where_nothing_is_logged() {
    let said = refused(&[("LOG_LEVEL", "off"), ("DELIVERY_TIMEOUT", "10m")]).await;
    assert!(said.starts_with("error: DELIVERY_TIMEOUT (10m)"), "{said}");
    assert_eq!(said.lines().count(), 1, "{said}");
}

#[tokio::test]
async fn a_variable_like_a_setting_is_warned_of_with_the_nearest_name_only() {
    let salesforce = serve(org().build().router()).await;
    let settings = for_org(
        &salesforce,
        &[
            ("SALESFORCE_PASSWORD_FILE", "planted-value"),
            ("LOOKUP_CACHE_TIME", "planted-value"),
            ("COMPATIBILTY", "planted-value"),
            ("SALESFORCE_TRANSFORMER_SERVICE_HOST", "10.0.0.1"),
            ("SALESFORCE_AUTH_PROXY_PORT_80_TCP", "tcp://10.0.0.1:80"),
            ("SALESFORCE_AUTH_d1", "password"),
            ("LOG_LEVEL", "warn,salesforce_transformer=info"),
            ("SHUTDOWN_DELAY", "0s"),
            ("SHUTDOWN_TIMEOUT", "10s"),
            ("INLINE_DESTINATIONS", "d1"),
        ],
    );
    let mut service = Process::start(&settings).await;
    service.terminate();
    service.ended().await;
    let log = service.log();
    for (variable, nearest) in [
        ("SALESFORCE_PASSWORD_FILE", "SALESFORCE_PASSWORD"),
        ("LOOKUP_CACHE_TIME", "LOOKUP_CACHE_TTL"),
        ("COMPATIBILTY", "COMPATIBILITY"),
    ] {
        assert_says(&log, &format!("variable={variable:?} nearest={nearest:?}"));
    }
    assert_eq!(
        log.matches("is not a setting of this service").count(),
        3,
        "{log}"
    );
    assert_says(
        &log,
        "SHUTDOWN_TIMEOUT (10s) is shorter than SALESFORCE_TIMEOUT (30s)",
    );
    assert_says(&log, "destinations=\"d1\"");
    assert_says(
        &log,
        "INLINE_DESTINATIONS has no effect without DELIVERY=inline",
    );
}
