//! What goes wrong between the service and Salesforce, and what each job is told.

use salesforce_simulator::{Call, Fault};
use serde_json::json;

use super::{AS_SENT, deliver, inline, leads, new_leads, of_user, statuses};
use crate::{
    fixtures::{destination, identify, job, known_lead, lead_job, oauth_job, org, secret},
    service::{Service, assert_says, error, serve},
};

#[tokio::test]
async fn locked_rows_are_written_once_more() {
    let org = org().build();
    let service = inline(&org, &[]).await;
    org.lock_rows(3);
    assert_eq!(statuses(&deliver(&service, new_leads(10)).await), [299; 10]);
    assert_eq!(org.records("Lead").len(), 10);
}

#[tokio::test]
async fn rows_that_stay_locked_are_for_rudder_server_to_retry() {
    let org = org().build();
    let service = inline(&org, &[]).await;
    org.lock_rows(6);
    let entries = deliver(&service, new_leads(3)).await;
    assert_eq!(statuses(&entries), [500; 3]);
    assert_says(error(&entries[0]), "UNABLE_TO_LOCK_ROW");
    assert_eq!(statuses(&deliver(&service, new_leads(3)).await), [299; 3]);
}

#[tokio::test]
async fn what_is_too_much_for_the_orgs_own_code_goes_in_halves() {
    let org = org().apex_limit("Lead", 5).build();
    let service = inline(&org, &[]).await;
    assert_eq!(statuses(&deliver(&service, new_leads(8)).await), [299; 8]);
    assert_eq!((org.records("Lead").len(), org.calls().collections), (8, 3));
}

#[tokio::test]
async fn a_write_whose_answer_breaks_off_is_retried_and_not_written_twice() {
    for fault in [Fault::Dropped, Fault::CutOff, Fault::Short] {
        let org = org().build();
        let service = inline(&org, &[]).await;
        org.fail_next(Call::Collections, fault, 1);
        let entries = deliver(&service, new_leads(5)).await;
        assert_eq!(statuses(&entries), [500; 5], "{fault:?}");
        assert_eq!(
            statuses(&deliver(&service, new_leads(5)).await),
            [299; 5],
            "{fault:?}"
        );
        assert_eq!(org.records("Lead").len(), 5, "{fault:?}");
    }
}

#[tokio::test]
async fn a_create_without_a_key_that_is_left_open_says_that_it_may_be_repeated() {
    let org = org().build();
    let service = inline(&org, &[]).await;
    let contact = json!({
        "type": "identify",
        "traits": {"LastName": "Gibbs"},
        "context": {"externalId": [{"type": "Salesforce-Contact"}]},
        "integrations": {"Salesforce": true},
    });
    for (event, is_said) in [
        (job(1, contact, &destination("dst-1")), true),
        (lead_job(2, "ada@example.com"), false),
    ] {
        org.fail_next(Call::Collections, Fault::Dropped, 1);
        let entries = deliver(&service, [event]).await;
        assert_eq!(statuses(&entries), [500]);
        let text = error(&entries[0]);
        assert_eq!(
            text.contains("no key by which to look it up"),
            is_said,
            "{text}"
        );
    }
}

/// Words by which Salesforce's machinery tells of locks and limits, as a visitor may type them into a form.
const PASSING_WORDS: [&str; 9] = [
    "UNABLE_TO_LOCK_ROW",
    "unable to obtain exclusive access",
    "Too many SOQL queries",
    "Too many SOSL queries",
    "Too many query rows",
    "Too many DML",
    "Apex CPU time limit exceeded",
    "Apex heap size too large",
    "System.LimitException",
];

#[tokio::test]
async fn a_value_that_reads_like_a_passing_fault_is_final_and_holds_up_no_later_event() {
    for words in PASSING_WORDS {
        let org = org().build();
        let service = inline(&org, &AS_SENT).await;
        let too_long = format!("{words} {}", "x".repeat(128));
        let title = identify(json!({"email": "ada@example.com", "title": too_long}));
        let email = identify(json!({"email": format!("{words}@@example.com")}));
        let jobs = [
            of_user("ada", job(1, title, &destination("dst-1"))),
            of_user("bob", job(2, email, &destination("dst-1"))),
            of_user("ada", lead_job(3, "ada2@example.com")),
        ];
        let entries = deliver(&service, jobs).await;
        assert_eq!(statuses(&entries), [400, 400, 299], "{words}");
        assert_says(error(&entries[0]), "STRING_TOO_LONG");
    }
}

#[tokio::test]
async fn a_dead_session_is_renewed_whatever_the_code_of_its_401() {
    for code in ["INVALID_AUTH_HEADER", "INVALID_JWT_FORMAT", "SOMETHING_NEW"] {
        for call in [Call::Query, Call::Collections] {
            let org = org().build();
            let service = inline(&org, &[]).await;
            org.fail_next(call, Fault::Refused(401, code), 1);
            let entries = deliver(&service, [lead_job(1, "ada@example.com")]).await;
            assert_eq!(statuses(&entries), [299], "{code} {call:?}");
            assert_eq!(org.calls().token, 2, "{code} {call:?}");
        }
    }
}

#[tokio::test]
async fn a_salesforce_that_is_down_writes_nothing_and_loses_nothing() {
    for (fault, status) in [
        (Fault::ServerUnavailable, 429),
        (Fault::Html, 500),
        (Fault::LimitExceeded, 429),
    ] {
        let org = org().build();
        let service = inline(&org, &[]).await;
        org.fail_next(Call::Collections, fault, 1);
        assert_eq!(
            statuses(&deliver(&service, new_leads(5)).await),
            [status; 5],
            "{fault:?}"
        );
        assert!(org.records("Lead").is_empty());
        assert_eq!(
            statuses(&deliver(&service, new_leads(5)).await),
            [299; 5],
            "{fault:?}"
        );
    }
}

#[tokio::test]
async fn a_limit_that_is_reached_in_mid_batch_is_429_for_what_is_left() {
    let org = org().daily_limit(1).build();
    let service = inline(&org, &["--api-reserve", "0"]).await;
    let entries = deliver(&service, new_leads(3)).await;
    assert_eq!(statuses(&entries), [429; 3]);
    assert_eq!((org.calls().query, org.records("Lead").len()), (1, 0));
}

#[tokio::test]
async fn a_login_whose_session_ends_in_mid_batch_is_renewed_once() {
    for call in [Call::Query, Call::Collections] {
        let org = org().build();
        let service = inline(&org, &[]).await;
        org.fail_next(call, Fault::SessionInvalid, 1);
        assert_eq!(statuses(&deliver(&service, new_leads(3)).await), [299; 3]);
        assert_eq!((org.calls().token, org.records("Lead").len()), (2, 3));
    }
}

#[tokio::test]
async fn a_session_that_is_refused_again_is_not_asked_for_for_ever() {
    let org = org().build();
    let service = inline(&org, &[]).await;
    org.fail_next(Call::Collections, Fault::SessionInvalid, 2);
    assert_eq!(statuses(&deliver(&service, new_leads(3)).await), [500; 3]);
    assert_eq!(org.calls().token, 2);
}

#[tokio::test]
async fn an_expired_oauth_session_is_for_rudder_server_to_refresh() {
    for call in [Call::Query, Call::Collections] {
        let org = org().build();
        let url = serve(org.router()).await;
        let flags = ["--delivery", "inline", "--delivery-window", "1ms"];
        let service = Service::start(&url, &flags).await;
        let secret = secret(&org, &url);
        org.fail_next(call, Fault::SessionInvalid, 1);
        let entries = deliver(&service, [oauth_job(1, secret)]).await;
        assert_eq!(statuses(&entries), [500]);
        assert_eq!(entries[0]["authErrorCategory"], "REFRESH_TOKEN");
        assert!(org.records("Lead").is_empty());
    }
}

#[tokio::test]
async fn a_remembered_lead_that_is_gone_is_looked_up_afresh_and_created() {
    let org = org().build();
    let ada = known_lead(&org, "ada@example.com");
    let service = inline(&org, &["--lookup-cache-ttl", "1h"]).await;
    assert_eq!(
        statuses(&deliver(&service, [lead_job(1, "ada@example.com")]).await),
        [299]
    );
    org.delete("Lead", &ada).unwrap();
    assert_eq!(
        statuses(&deliver(&service, [lead_job(2, "ada@example.com")]).await),
        [299]
    );
    assert_eq!(org.records("Lead").len(), 1);
    assert_eq!(org.calls().query, 2);
}

#[tokio::test]
async fn a_remembered_lead_that_has_been_converted_leads_to_its_contact() {
    let org = org().build();
    let ada = known_lead(&org, "ada@example.com");
    let service = inline(&org, &["--lookup-cache-ttl", "1h"]).await;
    let mut destination = destination("dst-1");
    destination["Config"]["useContactId"] = json!(true);
    let ada_in = |id| {
        job(
            id,
            identify(json!({"email": "ada@example.com", "lastName": "L"})),
            &destination,
        )
    };
    deliver(&service, [lead_job(1, "ada@example.com")]).await;
    org.convert(&ada).unwrap();
    let entries = deliver(&service, [ada_in(2)]).await;
    assert_eq!(statuses(&entries), [299], "{entries:?}");
    assert_eq!(org.records("Contact")[0]["LastName"], "L");
}

#[tokio::test]
async fn a_lead_of_another_system_that_takes_the_unique_value_first_is_refused_for_good() {
    use salesforce_simulator::FieldType;
    let org = org()
        .unique_field("Lead", "member__c", FieldType::Text)
        .build();
    org.insert(
        "Lead",
        json!({"LastName": "x", "Company": "y", "Email": "other@example.com", "member__c": "7"}),
    )
    .unwrap();
    let service = inline(&org, &[]).await;
    let ada = job(
        1,
        identify(json!({"email": "ada@example.com", "member": "7"})),
        &destination("dst-1"),
    );
    let entries = deliver(
        &service,
        [ada, of_user("bob", lead_job(2, "bob@example.com"))],
    )
    .await;
    assert_eq!(statuses(&entries), [400, 299]);
    assert_says(error(&entries[0]), "DUPLICATE_VALUE");
    assert_eq!(
        leads(&org, "Email"),
        ["other@example.com", "bob@example.com"]
    );
    assert_eq!(org.calls().query, 2, "looked up afresh once");
}

#[tokio::test]
async fn a_salesforce_that_never_answers_ends_in_time() {
    let org = org().build();
    let service = inline(&org, &["--salesforce-timeout", "50ms"]).await;
    org.fail_next(Call::Collections, Fault::Hang, 1);
    assert_eq!(statuses(&deliver(&service, new_leads(2)).await), [500; 2]);
}

#[tokio::test]
async fn a_job_that_waits_too_long_is_retried() {
    let org = org().build();
    let service = inline(
        &org,
        &["--delivery-timeout", "10ms", "--delivery-window", "60s"],
    )
    .await;
    let entries = deliver(&service, new_leads(2)).await;
    assert_eq!(statuses(&entries), [500; 2]);
    assert_says(error(&entries[0]), "DELIVERY_TIMEOUT");
}

#[tokio::test]
async fn a_composite_that_is_refused_goes_in_its_parts() {
    let org = org().build();
    known_lead(&org, "ada@example.com");
    let salesforce = serve(org.router()).await;
    let refused = || async {
        let body = json!([{"errorCode": "INVALID_INPUT", "message": "no"}]).to_string();
        (axum::http::StatusCode::BAD_REQUEST, body)
    };
    // The same org at an address that takes no Composite.
    let without = axum::Router::new()
        .route(
            "/services/data/v50.0/composite",
            axum::routing::post(refused),
        )
        .fallback_service(org.router());
    let url = serve(without).await;
    let flags = [
        "--delivery",
        "inline",
        "--delivery-window",
        "1ms",
        "--salesforce-login-url",
        &url,
    ];
    let hosts = format!("{url},{salesforce}");
    let service = Service::start(
        &url,
        &[&flags[..], &["--salesforce-allowed-hosts", &hosts]].concat(),
    )
    .await;
    let jobs = [
        lead_job(1, "ada@example.com"),
        of_user("bob", lead_job(2, "bob@example.com")),
    ];
    assert_eq!(statuses(&deliver(&service, jobs).await), [299, 299]);
    assert_eq!((org.records("Lead").len(), org.calls().collections), (2, 2));
}

#[tokio::test]
async fn an_org_that_allows_no_writes_costs_one_call_and_not_one_for_each_record() {
    let org = org().build();
    let forbidden = || async {
        let body = json!([{"errorCode": "INSUFFICIENT_ACCESS", "message": "no"}]).to_string();
        (axum::http::StatusCode::FORBIDDEN, body)
    };
    let asked = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let counted = std::sync::Arc::clone(&asked);
    let forbidden = move || {
        counted.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        forbidden()
    };
    let read_only = axum::Router::new()
        .route(
            "/services/data/v50.0/composite/sobjects",
            axum::routing::post(forbidden),
        )
        .fallback_service(org.router());
    let url = serve(read_only).await;
    let service = Service::start(&url, &["--delivery", "inline", "--delivery-window", "1ms"]).await;
    assert_eq!(statuses(&deliver(&service, new_leads(50)).await), [429; 50]);
    assert_eq!(asked.load(std::sync::atomic::Ordering::Relaxed), 1);
}
