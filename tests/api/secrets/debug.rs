//! What `Debug` shows of the types that hold secrets: nothing of them. A panic or a log line shows no more than that.

use std::fmt::Debug;

use clap::{Args, Command, FromArgMatches, builder::Resettable};
use salesforce_transformer::{
    Config,
    config::Flow,
    contract::{
        Bodies, Destination, DestinationName,
        json::Outline,
        proxy::{ProxyRequest, ProxyVersion},
    },
    map,
    salesforce::{
        AllowedHosts, AuthError, Credentials, Fault, Instance, Key, Row, Session, Wanted,
        auth::Refused,
        fault::Refusal,
        lookup,
        soql::{Item, Way, queries},
    },
};

use super::MARK;

#[track_caller]
fn assert_hidden(value: &impl Debug) {
    let (line, block) = (format!("{value:?}"), format!("{value:#?}"));
    assert!(!line.contains(MARK) && !block.contains(MARK), "{line}");
}

#[test]
fn settings_hide_every_credential() {
    let flags = [
        ["--salesforce-username", "planted-user@acme.example"],
        ["--salesforce-password", "planted-password"],
        ["--salesforce-security-token", "planted-token"],
        ["--salesforce-client-id", "planted-id"],
        ["--salesforce-client-secret", "planted-secret"],
    ];
    let command = Config::augment_args(Command::new("service").no_binary_name(true));
    let command = command.mut_args(|arg| arg.env(Resettable::Reset));
    let matches = command.get_matches_from(flags.as_flattened());
    let config = Config::from_arg_matches(&matches).unwrap();
    assert_hidden(&config);
    assert_hidden(&config.own_login());
}

#[test]
fn sessions_and_credentials_hide_tokens_and_passwords() {
    let hosts: AllowedHosts = "*.salesforce.com".parse().unwrap();
    let instance = Instance::new("https://acme.my.salesforce.com", &hosts).unwrap();
    assert_hidden(&Session::new(instance, "planted-token"));
    let json = r#"{"access_token":"planted-token","instance_url":"https://acme.my.salesforce.com","refresh_token":"planted"}"#;
    let secret = Outline::read(json).unwrap();
    let secret = secret.root();
    let destination = r#"{"ID":"d","DestinationDefinition":{"Name":"SALESFORCE"},"Config":{"userName":"planted","password":"planted","initialAccessToken":"planted"}}"#;
    let destination = Outline::read(destination).unwrap();
    let name = DestinationName::Salesforce;
    let destination = Destination::read(Some(destination.root()), name).unwrap();
    assert_hidden(&secret);
    assert_hidden(&destination);
    assert_hidden(&Credentials::of(Some(secret), &destination));
    assert_hidden(&Credentials::of(None, &destination));
}

#[test]
fn lookups_hide_emails_and_what_was_found() {
    let key = Key::lead("planted@example.com").unwrap();
    let literal = key.literal();
    let wanted = Wanted {
        key,
        fields: vec!["City".to_owned()],
    };
    assert_hidden(&wanted);
    let item = || Item {
        wanted: wanted.clone(),
        literal: literal.clone(),
        form: None,
    };
    assert_hidden(&item());
    assert_hidden(&queries(&[item()], Way::Composite));
    let page =
        r#"{"done":true,"records":[{"Id":"00Q1","Email":"planted@example.com","City":"planted"}]}"#;
    let mut rows: Vec<Row> = Vec::new();
    lookup::page(page.as_bytes(), "Email", true, &mut rows).unwrap();
    assert_eq!(rows.len(), 1);
    assert_hidden(&rows);
}

#[test]
fn faults_hide_salesforces_own_words() {
    let refusal = Refusal {
        status: 400,
        code: "INVALID_EMAIL_ADDRESS".to_owned(),
        message: "Email: invalid email address: planted@example".to_owned(),
        fields: vec!["Email".to_owned()],
    };
    assert_hidden(&Fault::Refused(refusal.clone()));
    let refused = Refused::new(Flow::Password, refusal);
    assert_hidden(&AuthError::Refused(refused));
}

#[test]
fn requests_hide_what_they_carry() {
    let body = r#"[{"message":{"type":"identify","traits":{"email":"planted@example.com"}},"metadata":{"secret":"planted"}}]"#;
    let body = Outline::read(body).unwrap();
    let bodies = Bodies::any_form(body.root()).unwrap();
    assert_hidden(&body);
    assert_hidden(&bodies);
    let resolved = bodies.resolved();
    assert_hidden(&bodies.read(&resolved));
    let proxied = r#"{"method":"POST","endpoint":"https://planted","headers":{"Authorization":"Bearer planted"},"params":{"a":"planted"},"body":{"JSON":{"Email":"planted"}},"metadata":{"secret":"planted"}}"#;
    let proxied = Outline::read(proxied).unwrap();
    let proxied = ProxyRequest::read(proxied.root(), ProxyVersion::V0).unwrap();
    assert_hidden(&proxied);
    assert_hidden(&proxied.sending());
    let traits = Outline::read(r#"{"FirstName":"planted"}"#).unwrap();
    let mut fields = map::as_they_are(&traits.root().as_members().unwrap());
    fields.complete_email("planted@example.com");
    assert_hidden(&fields);
}
