//! What is never in a log, a metric or an error text: tokens, passwords, e-mails and traits. The log of every test is looked
//! through (`planted`); this traffic goes where most of them do not, has `planted` in all that it sends, and its errors and
//! metrics are looked through as well.
//!
//! | file | what it does |
//! |---|---|
//! | `traffic` | the requests: good and bad events, refused logins, faults, the proxy, inline delivery, an upstream |
//! | `debug` | what `Debug` shows of the types that hold secrets |

mod debug;
mod traffic;

use serde_json::Value;

use self::traffic::{Setup, quoting, quoting_login, upstream};
use crate::{
    fixtures::org,
    keys::KEY_FILE,
    planted::{SESSION, leaks},
    process::Process,
    service::{Answer, serve},
    tls::{self, Authority},
};

/// The texts of an answer that tell what went wrong: `error` of an entry and of a request, `message` of a proxied write.
fn error_texts(answer: &Value, texts: &mut Vec<String>) {
    match answer {
        Value::Array(elements) => elements
            .iter()
            .for_each(|element| error_texts(element, texts)),
        Value::Object(members) => {
            for (name, member) in members {
                match (name.as_str(), member) {
                    // What is only echoed, and the requests themselves.
                    ("output", Value::Object(_))
                    | ("metadata" | "destination" | "batchedRequest" | "destinationResponse", _) => {
                    }
                    ("error" | "message", Value::String(text)) => texts.push(text.clone()),
                    (_, member) => error_texts(member, texts),
                }
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[tokio::test]
async fn no_secret_is_in_the_log_at_trace_level_in_the_metrics_or_in_an_error_text() {
    let org = traffic::org_of(org());
    let authority = Authority::new();
    let setup = Setup {
        salesforce: serve(org.router()).await,
        secure: format!(
            "https://{}",
            tls::serve(authority.certify("127.0.0.1")).await
        ),
        quoting: serve(quoting()).await,
        org,
    };
    let quoting_login = serve(quoting_login()).await;
    let hosts = [
        &setup.salesforce,
        &setup.secure,
        &setup.quoting,
        &quoting_login,
    ];
    let hosts = hosts.map(String::as_str).join(",");
    let settings = [
        ("LOG_FORMAT", "json"),
        ("SSL_CERT_FILE", &authority.file("secrets")),
        ("SALESFORCE_LOGIN_URL", &setup.salesforce),
        ("SALESFORCE_SANDBOX_LOGIN_URL", &setup.quoting),
        ("SALESFORCE_ALLOWED_HOSTS", &hosts),
        ("SALESFORCE_TIMEOUT", "500ms"),
        ("SALESFORCE_CLIENT_ID", "planted-client-id"),
        ("SALESFORCE_CLIENT_SECRET", "planted-client-secret"),
        ("SALESFORCE_USERNAME", "planted-user@acme.example"),
        ("SALESFORCE_PASSWORD", "planted-password"),
        ("SALESFORCE_SECURITY_TOKEN", "planted-security-token"),
        ("SALESFORCE_JWT_KEY_FILE", KEY_FILE.to_str().unwrap()),
        ("SALESFORCE_JWT_SUBJECT", "planted-user@acme.example"),
        ("SALESFORCE_AUTH_app", "client-credentials"),
        ("SALESFORCE_AUTH_user", "jwt-bearer"),
        ("SALESFORCE_AUTH_app_quoted", "client-credentials"),
        ("SALESFORCE_LOGIN_URL_app_quoted", &quoting_login),
        ("SALESFORCE_AUTH_user_quoted", "jwt-bearer"),
        ("SALESFORCE_LOGIN_URL_user_quoted", &quoting_login),
        ("DELIVERY", "inline"),
        ("DELIVERY_WINDOW", "1ms"),
        ("INLINE_DESTINATIONS", "dst-inline"),
        ("UPSTREAM_URL", &serve(upstream()).await),
        ("BODY_LIMIT", "1MiB"),
        ("SHUTDOWN_DELAY", "0s"),
    ];
    let mut service = Process::start(&settings).await;
    let answers: Vec<Answer> = setup.play(&service).await;

    let has_session = |answer: &Answer| answer.text.contains(SESSION);
    assert!(answers.iter().any(has_session), "no login");
    let mut texts = Vec::new();
    for answer in &answers {
        if let Ok(answer) = serde_json::from_str(&answer.text) {
            error_texts(&answer, &mut texts);
        }
    }
    assert!(
        texts.len() > 30,
        "only {} errors were provoked",
        texts.len()
    );
    assert_eq!(leaks(&texts.join("\n")), [""; 0]);
    // What is left of words that repeat is the advice on their cause.
    let refused_without_words =
        |text: &&String| text.contains("(HTTP 400): the user is not approved for the app");
    let refused = texts.iter().filter(refused_without_words).count();
    assert_eq!(refused % 2, 0, "both flows are refused alike");
    assert!(refused > 0);

    for path in ["/metrics", "/limits"] {
        let page = service.get(path).await;
        assert_eq!(page.status, 200);
        assert_eq!(leaks(&page.text), [""; 0], "{path}");
    }

    service.terminate();
    assert_eq!(service.ended().await.code(), Some(0));
    // Each line was looked through as it came; theirs were among them.
    let log = service.log();
    for library in ["hyper_util::", "h2::", "rustls", "reqwest::"] {
        assert!(log.contains(library), "{library} has not logged");
    }
}
