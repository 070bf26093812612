//! What `Debug` shows of the types that hold secrets: nothing of them. A panic or a log line shows no more than that.

use std::{borrow::Cow, fmt::Debug, sync::Arc};

use axum::body::Bytes;
use salesforce_transformer::{
    config::{
        AllowedHosts, Flow, RefusedLogin,
        rules::{Compatibility, Placeholders, Rules},
    },
    internals::{
        delivery::{
            Job, SessionAccess,
            proxy::{DeliveryOutcome, Failure},
        },
        json::Document,
        metrics,
        pipeline::lookups::Lookups,
        rudderstack::{
            Destination, DestinationName, RawBatch,
            delivery_request::{ProxyRequest, ProxyVersion},
        },
        salesforce::{
            AuthError, Credentials, Fault, Instance, Key, Limits, Row, Session, Wanted,
            address::Address,
            auth::Refused,
            client::{ApiResponse, Client},
            delivery::Answered,
            fault::Refusal,
            headers::WriteHeaders,
            operation::Operation,
            page,
            soql::{Item, Way, queries},
        },
        transform::{
            descriptor::Descriptor,
            gate, mapping,
            plan::{Record, plan},
            target::{Choice, Target},
        },
    },
    server::memory::InFlight,
};

use super::traffic::quoting;
use crate::{
    planted::MARK,
    service::{config, serve},
};

#[track_caller]
fn assert_hidden(value: &impl Debug) {
    let (line, block) = (format!("{value:?}"), format!("{value:#?}"));
    assert!(!line.contains(MARK) && !block.contains(MARK), "{line}");
}

fn session() -> Session {
    let hosts: AllowedHosts = "*.salesforce.com".parse().unwrap();
    let instance = Instance::new("https://acme.my.salesforce.com", &hosts).unwrap();
    Session::new(instance, "planted-token")
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
    let config = config("https://acme.my.salesforce.com", flags.as_flattened());
    assert_hidden(&config);
    assert_hidden(&config.own_login());
}

#[test]
fn sessions_and_credentials_hide_tokens_and_passwords() {
    assert_hidden(&session());
    let json = r#"{"access_token":"planted-token","instance_url":"https://acme.my.salesforce.com","refresh_token":"planted"}"#;
    let secret = Document::read(json).unwrap();
    let secret = secret.root();
    let destination = r#"{"ID":"d","DestinationDefinition":{"Name":"SALESFORCE"},"Config":{"userName":"planted","password":"planted","initialAccessToken":"planted"}}"#;
    let destination = Document::read(destination).unwrap();
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
        needs_record: true,
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
    page::page(page.as_bytes(), "Email", true, &mut rows).unwrap();
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
        ..Refusal::default()
    };
    assert_hidden(&Fault::Refused(refusal.clone()));
    let refused = Refused::new(Flow::Password, RefusedLogin::Abort, refusal);
    assert_hidden(&AuthError::Refused(refused));
}

#[test]
fn requests_hide_what_they_carry() {
    let body = r#"[{"message":{"type":"identify","traits":{"email":"planted@example.com"}},"metadata":{"secret":"planted"}}]"#;
    let body = Document::read(body).unwrap();
    let bodies = RawBatch::any_form(body.root()).unwrap();
    assert_hidden(&body);
    assert_hidden(&bodies);
    let resolved = bodies.resolved();
    assert_hidden(&bodies.read(&resolved));
    let proxied = r#"{"method":"POST","endpoint":"https://planted","headers":{"Authorization":"Bearer planted"},"params":{"a":"planted"},"body":{"JSON":{"Email":"planted"}},"metadata":{"secret":"planted"}}"#;
    let proxied = Document::read(proxied).unwrap();
    let proxied = ProxyRequest::read(proxied.root(), ProxyVersion::V0).unwrap();
    assert_hidden(&proxied);
    assert_hidden(&proxied.sending());
    let id = "planted".to_owned();
    let object = "Lead".to_owned();
    assert_hidden(&Operation::Update { object, id });
    let traits = Document::read(r#"{"FirstName":"planted"}"#).unwrap();
    let rules = Rules::new(Compatibility::Documented, Placeholders::Always);
    let mut fields = mapping::as_they_are(&traits.root().as_members().unwrap(), &rules);
    fields.settle_email("planted@example.com", true);
    assert_hidden(&fields);
}

#[test]
fn what_is_written_hides_ids_users_and_traits() {
    let entry = r#"[{
        "message": {
            "type": "identify", "userId": "planted@example.com", "traits": {"city": "planted"},
            "context": {"externalId": [{"type": "Salesforce-Contact", "id": "planted-id"}]},
            "integrations": {"Salesforce": true}
        },
        "metadata": {"secret": {"access_token": "planted", "instance_url": "https://acme.my.salesforce.com"}},
        "destination": {"ID": "d", "DestinationDefinition": {"Name": "SALESFORCE_OAUTH"}, "Config": {"password": "planted"}}
    }]"#;
    let body = Document::read(entry).unwrap();
    let bodies = RawBatch::any_form(body.root()).unwrap();
    let resolved = bodies.resolved();
    let batch = bodies.read(&resolved);
    let entry = &batch.entries[0];
    let name = DestinationName::SalesforceOauth;
    let destination = Arc::new(Destination::read(entry.destination, name).unwrap());
    let mut orgs = Lookups::default();
    orgs.org(None, entry, &destination).unwrap();
    assert_hidden(&orgs);

    let rules = Rules::new(Compatibility::Documented, Placeholders::Always);
    let event = entry.event.as_ref().unwrap();
    let admitted = gate::admit(event, &destination, &rules).unwrap();
    let plan = plan(&admitted, &destination, &rules).unwrap();
    assert!(
        matches!(&plan.records[..], [Record::Named { id: Some(id), .. }] if id == "planted-id")
    );
    assert_hidden(&plan);

    let session = Arc::new(session());
    let target = Target {
        object: Cow::Borrowed("Contact"),
        address: Address::Id(Cow::Borrowed("planted-id")),
        email: Some("planted@example.com"),
        stored: None,
        is_duplicate: false,
        choice: Choice::Named,
    };
    assert_hidden(&target);
    assert_hidden(&target.address);
    assert_hidden(&target.record());
    let fields = mapping::as_they_are(&plan.traits.members, &rules);
    let descriptor = Descriptor::new(
        &session,
        "50.0",
        &target,
        fields,
        WriteHeaders::NONE,
        &rules,
    );
    assert!(descriptor.endpoint.ends_with("planted-id"));
    assert_hidden(&descriptor);

    let credentials = Arc::new(Credentials::of(entry.secret(), &destination).unwrap());
    let access = SessionAccess {
        credentials,
        session,
    };
    let share = InFlight::default().begin();
    assert_hidden(&Job::new(entry, plan, destination, access, share));
}

#[tokio::test]
async fn answers_hide_their_bodies() {
    let salesforce = serve(quoting()).await;
    let config = config(&salesforce, &[]);
    let org = Instance::new(&salesforce, &config.salesforce.allowed_hosts).unwrap();
    let limits = Arc::new(Limits::new(&config.salesforce));
    let client = Client::new(
        &config.salesforce,
        metrics::new(),
        limits,
        InFlight::default(),
    )
    .unwrap();
    let request = client.request(reqwest::Method::POST, &salesforce);
    let request = request.body("planted").build().unwrap();
    let (answer, fault) = client
        .write(&org, request, ApiResponse::fault)
        .await
        .unwrap();
    let fault = fault.unwrap();
    let body = answer.body.as_deref().unwrap().to_vec();
    assert!(String::from_utf8(body.clone()).unwrap().contains(MARK));
    assert_hidden(&answer);
    assert_hidden(&fault);
    let answer = Some((answer.status, Bytes::from(body)));
    assert_hidden(&Answered {
        answer: answer.clone(),
        fault: Some(fault.clone()),
    });
    assert_hidden(&DeliveryOutcome {
        answer,
        failure: Some(Failure::Fault(fault)),
        dispositions: Vec::new(),
        may_repeat: false,
        changes: salesforce_transformer::internals::transform::changes::NotedChanges::default(),
    });
}
