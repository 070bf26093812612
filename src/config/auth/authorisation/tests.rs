//! Tests of the login settings: which are valid, and which apply to a destination.

use clap::{Args, Command, FromArgMatches, builder::Resettable};

use super::*;

/// Combines the settings from flags and environment variables.
fn authorisations(
    flags: &[&str],
    variables: &[(&str, &str)],
) -> Result<Authorisations, SettingError> {
    let command = AuthSettings::augment_args(Command::new("test").no_binary_name(true))
        .mut_args(|arg| arg.env(Resettable::Reset));
    let matches = command.try_get_matches_from(flags).unwrap();
    let mut settings = AuthSettings::from_arg_matches(&matches).unwrap();
    let variables: Vec<_> = variables
        .iter()
        .map(|(name, value)| ((*name).into(), (*value).into()))
        .collect();
    settings.destinations = DestinationSettings::read(&variables)?;
    Authorisations::new(&settings, &"http://127.0.0.1:9400".parse().unwrap())
}

const BY_APP: [&str; 8] = [
    "--salesforce-auth",
    "client-credentials",
    "--salesforce-login-url",
    "https://acme.my.salesforce.com",
    "--salesforce-client-id",
    "key",
    "--salesforce-client-secret",
    "hunter2",
];

#[test]
fn what_a_flow_lacks_is_named_with_the_flow() {
    let host = ["--salesforce-login-url", "https://acme.my.salesforce.com"];
    let client = ["--salesforce-client-id", "key"];
    let subject = ["--salesforce-jwt-subject", "user"];
    for (flow, parts, lacking) in [
        (
            "client-credentials",
            vec![],
            "set SALESFORCE_CLIENT_ID or SALESFORCE_CLIENT_ID_FILE",
        ),
        (
            "client-credentials",
            vec![client],
            "set SALESFORCE_CLIENT_SECRET or",
        ),
        ("jwt-bearer", vec![host], "set SALESFORCE_CLIENT_ID or"),
        (
            "jwt-bearer",
            vec![host, client],
            "set SALESFORCE_JWT_SUBJECT or",
        ),
        (
            "jwt-bearer",
            vec![host, client, subject],
            "set SALESFORCE_JWT_KEY_FILE",
        ),
    ] {
        let flags = [&["--salesforce-auth", flow], parts.concat().as_slice()].concat();
        let error = authorisations(&flags, &[]).unwrap_err().to_string();
        assert!(
            error.starts_with(&format!("SALESFORCE_AUTH={flow}: ")),
            "{error}"
        );
        assert!(error.contains(lacking), "{error}");
    }
}

#[test]
fn client_credentials_need_the_orgs_own_host() {
    for host in [
        "https://login.salesforce.com",
        "https://test.salesforce.com/",
    ] {
        let flags = BY_APP.map(|flag| if flag.contains("acme") { host } else { flag });
        let error = authorisations(&flags, &[]).unwrap_err().to_string();
        assert!(error.contains("My Domain"), "{error}");
    }
    assert!(authorisations(&BY_APP, &[]).is_ok());
}

#[test]
fn a_file_that_holds_no_key_is_named() {
    let path = std::env::temp_dir().join(format!("no-key-{}", std::process::id()));
    std::fs::write(
        &path,
        "-----BEGIN PRIVATE KEY-----\naGk=\n-----END PRIVATE KEY-----",
    )
    .unwrap();
    let flags = [
        "--salesforce-auth",
        "jwt-bearer",
        "--salesforce-client-id",
        "key",
        "--salesforce-jwt-subject",
        "user",
        "--salesforce-jwt-key-file",
        path.to_str().unwrap(),
    ];
    let error = authorisations(&flags, &[]).unwrap_err().to_string();
    std::fs::remove_file(&path).unwrap();
    assert!(
        error.starts_with("SALESFORCE_JWT_KEY_FILE contains no RSA private key"),
        "{error}"
    );
}

#[test]
fn a_destination_has_what_all_have_but_for_its_own() {
    let own = [
        ("SALESFORCE_CLIENT_ID_d1", "own-key"),
        ("SALESFORCE_AUTH_d2", "password"),
        ("SALESFORCE_LOGIN_URL_d2", "https://other.my.salesforce.com"),
    ];
    let authorisations = authorisations(&BY_APP, &own).unwrap();
    let seen = ["d1", "d2", "d3"].map(|id| {
        let authorisation = authorisations.of(id);
        let client = authorisation.current(Credential::ClientId).unwrap();
        (
            authorisation.flow,
            client.expose_secret().to_owned(),
            [false, true].map(|sandbox| authorisation.host(sandbox).unwrap().to_string()),
        )
    });
    let (acme, test) = (
        "https://acme.my.salesforce.com/",
        "https://test.salesforce.com/",
    );
    let other = "https://other.my.salesforce.com/";
    let expected = [
        (Flow::ClientCredentials, "own-key", [acme, test]),
        (Flow::Password, "key", [other, other]),
        (Flow::ClientCredentials, "key", [acme, test]),
    ];
    let expected = expected
        .map(|(flow, client, hosts)| (flow, client.to_owned(), hosts.map(ToOwned::to_owned)));
    assert_eq!(seen, expected);
}

#[test]
fn the_destination_that_lacks_something_is_named() {
    let error = authorisations(&[], &[("SALESFORCE_AUTH_d1", "jwt-bearer")]).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("jwt-bearer (destination d1): set"),
        "{error}"
    );
}

#[test]
fn a_login_over_plain_http_to_a_host_that_is_not_named_stops_the_start() {
    let plain = "http://acme.my.salesforce.com";
    let file = std::env::temp_dir().join(format!("plain-{}", std::process::id()));
    std::fs::write(&file, plain).unwrap();
    let file_of_all = ["--salesforce-login-url-file", file.to_str().unwrap()];
    let file_of_one = [("SALESFORCE_LOGIN_URL_FILE_d1", file.to_str().unwrap())];
    for (flags, variables, setting) in [
        (
            &["--salesforce-login-url", plain][..],
            &[][..],
            "SALESFORCE_LOGIN_URL ",
        ),
        (
            &["--salesforce-sandbox-login-url", plain],
            &[],
            "SALESFORCE_SANDBOX_LOGIN_URL ",
        ),
        (&file_of_all, &[], "SALESFORCE_LOGIN_URL_FILE "),
        (
            &[],
            &[("SALESFORCE_LOGIN_URL_d1", plain)],
            "SALESFORCE_LOGIN_URL_d1 ",
        ),
        (&[], &file_of_one, "SALESFORCE_LOGIN_URL_FILE_d1 "),
    ] {
        let error = authorisations(flags, variables).unwrap_err().to_string();
        assert!(error.starts_with(setting), "{error}");
        assert!(error.contains("SALESFORCE_ALLOWED_HOSTS"), "{error}");
        assert!(!error.contains("acme"), "{error}");
    }
    std::fs::remove_file(&file).unwrap();
    for named in ["http://127.0.0.1:9400", "http://127.0.0.1:9400/"] {
        assert!(authorisations(&["--salesforce-login-url", named], &[]).is_ok());
    }
}

#[test]
fn a_login_host_that_changes_to_plain_http_is_no_longer_used() {
    let file = std::env::temp_dir().join(format!("later-{}", std::process::id()));
    std::fs::write(&file, "https://acme.my.salesforce.com").unwrap();
    let flags = ["--salesforce-login-url-file", file.to_str().unwrap()];
    let authorisations = authorisations(&flags, &[]).unwrap();
    assert!(authorisations.of("d1").host(false).is_ok());
    std::fs::write(&file, "http://acme.my.salesforce.com").unwrap();
    let later = authorisations.of("d1").host(false);
    std::fs::remove_file(&file).unwrap();
    assert!(
        matches!(later, Err(SettingError::PlainLogin(_))),
        "{later:?}"
    );
}
