//! Each refusal of a login that Salesforce documents, or is known to answer: the status of its events, and what the person
//! who looks for them is told. The events of one that may pass are kept, also where this service's own app is wrong; those
//! of one that somebody has to mend in Salesforce are aborted.

use salesforce_transformer::{
    Config,
    config::{Flow, RefusedLogin},
};
use serde_json::{Value, json};
use wiremock::{MockServer, ResponseTemplate};

use crate::{
    fixtures::{lead_job, login},
    flows::by_jwt_bearer,
    inline::deliver,
    keys::KEY_FILE,
    planted::leaks,
    service::{Service, assert_says, error, verdict},
};

type Verdict = (u64, &'static str, &'static str);

const ABORTED: Verdict = (400, "network", "aborted");
const CONFIGURATION: Verdict = (429, "platform", "configuration");
const RETRYABLE: Verdict = (500, "network", "retryable");
const THROTTLED: Verdict = (429, "network", "throttled");

/// A refusal: `error`, `error_description`, the verdict of the event, words of what is said.
type Case = (&'static str, &'static str, Verdict, &'static str);

/// What any flow may be refused with.
#[rustfmt::skip]
const ANY: [Case; 23] = [
    ("invalid_client_id", "client identifier invalid", CONFIGURATION, "SALESFORCE_CLIENT_ID"),
    ("app_not_found", "External client app is not installed in this org", CONFIGURATION, "SALESFORCE_CLIENT_ID"),
    ("OAUTH_EC_APP_NOT_FOUND", "", CONFIGURATION, "SALESFORCE_CLIENT_ID"),
    ("invalid_client", "invalid client credentials", CONFIGURATION, "SALESFORCE_CLIENT_SECRET"),
    ("invalid_client_credentials", "client secret invalid", CONFIGURATION, "SALESFORCE_CLIENT_SECRET"),
    ("invalid_grant", "invalid client credentials", CONFIGURATION, "SALESFORCE_CLIENT_SECRET"),
    ("OAUTH_APP_BLOCKED", "this app is blocked by admin", ABORTED, "unblock it"),
    ("OAUTH_APP_ACCESS_DENIED", "", ABORTED, "pre-authorized"),
    ("invalid_app_access", "user is not admin approved to access this app", ABORTED, "pre-authorized"),
    ("access_denied", "end-user denied authorization", ABORTED, "pre-authorized"),
    ("invalid_grant", "ip restricted", ABORTED, "Login IP Ranges"),
    ("invalid_grant", "IP restricted or invalid login hours", ABORTED, "Login Hours"),
    ("inactive_user", "user is inactive", ABORTED, "activate or unlock"),
    ("invalid_grant", "inactive user", ABORTED, "activate or unlock"),
    ("inactive_org", "org is locked, closed, or suspended", ABORTED, "contact Salesforce"),
    ("invalid_request", "https required", ABORTED, "SALESFORCE_LOGIN_URL"),
    ("invalid_scope", "the requested scope is invalid", ABORTED, "Manage user data via APIs"),
    ("API_DISABLED_FOR_ORG", "", ABORTED, "edition has no API access"),
    ("rate_limit_exceeded", "login rate exceeded", THROTTLED, "limit"),
    ("unknown_error", "retry your request", RETRYABLE, "temporarily"),
    ("server_error", "", RETRYABLE, "temporarily"),
    ("invalid_grant", "expired access/refresh token", RETRYABLE, "the service tries again"),
    ("invalid_grant", "token request is already being processed", RETRYABLE, "the service tries again"),
];

#[rustfmt::skip]
const PASSWORD: [Case; 4] = [
    ("invalid_grant", "authentication failure", ABORTED, "security token"),
    ("invalid_grant", "authentication failure", ABORTED, "no longer accepts password logins, which Salesforce retires on 2027-02-20"),
    ("INVALID_LOGIN", "Invalid username, password, security token; or user locked out.", ABORTED, "security token"),
    ("unsupported_grant_type", "grant type not supported", ABORTED, "2027-02-20"),
];

#[rustfmt::skip]
const CLIENT_CREDENTIALS: [Case; 6] = [
    ("invalid_grant", "no client credentials user enabled", ABORTED, "\"Run As\""),
    ("invalid_grant", "client credentials flow not enabled", ABORTED, "Flow Enablement"),
    ("invalid_grant", "request not supported on this domain", ABORTED, "My Domain"),
    ("invalid_grant", "no valid scopes defined", ABORTED, "Manage user data via APIs"),
    ("unsupported_grant_type", "grant type not supported", ABORTED, "Flow Enablement"),
    ("invalid_grant", "authentication failure", ABORTED, "\"Run As\" user"),
];

#[rustfmt::skip]
const JWT_BEARER: [Case; 7] = [
    ("invalid_grant", "user hasn't approved this consumer", ABORTED, "pre-authorized"),
    ("invalid_grant", "invalid assertion", ABORTED, "SALESFORCE_JWT_KEY_FILE"),
    ("invalid_grant", "audience is invalid", ABORTED, "My Domain"),
    ("invalid_grant", "Audience validation failed", ABORTED, "My Domain"),
    ("invalid_grant", "expired authorization code", RETRYABLE, "the service tries again"),
    ("unsupported_grant_type", "grant type not supported", ABORTED, "JWT bearer flow"),
    ("invalid_grant", "authentication failure", ABORTED, "SALESFORCE_JWT_SUBJECT"),
];

/// A service that logs in by one flow, and a Salesforce that refuses it.
struct Refusing {
    salesforce: MockServer,
    service: Service,
}

impl Refusing {
    async fn start(flow: Flow, policy: RefusedLogin) -> Self {
        Self::start_with(flow, policy, &[]).await
    }

    async fn start_with(flow: Flow, policy: RefusedLogin, flags: &[&str]) -> Self {
        let salesforce = MockServer::start().await;
        let by_flow = |config: &mut Config| {
            by_jwt_bearer(config, &KEY_FILE);
            config.salesforce.auth.salesforce_auth = flow;
            config.salesforce.auth.refused_login = policy;
        };
        let flags = [&["--refused-login-ttl", "0s"], flags].concat();
        let service = Service::start_with(&salesforce.uri(), &flags, by_flow).await;
        Self {
            salesforce,
            service,
        }
    }

    /// What becomes of an event whose login is refused so.
    async fn refuse(&self, code: &str, description: &str) -> Value {
        self.refuse_at(0, code, description).await
    }

    /// The same at a later attempt.
    async fn refuse_at(&self, attempt: u64, code: &str, description: &str) -> Value {
        let job = self.refused_job(attempt, code, description).await;
        self.service.router([job]).await[0].take()
    }

    /// A job at this attempt, whose login is going to be refused so.
    async fn refused_job(&self, attempt: u64, code: &str, description: &str) -> Value {
        self.salesforce.reset().await;
        let refusal = json!({"error": code, "error_description": description});
        let refusal = ResponseTemplate::new(400).set_body_json(refusal);
        login().respond_with(refusal).mount(&self.salesforce).await;
        let mut job = lead_job(1, "ada@example.com");
        job["metadata"]["attemptNum"] = json!(attempt);
        job
    }
}

async fn assert_cases(flow: Flow, cases: &[Case]) {
    let refusing = Refusing::start(flow, RefusedLogin::Abort).await;
    for (code, description, expected, words) in cases {
        let entry = refusing.refuse(code, description).await;
        let text = error(&entry);
        assert_eq!(
            verdict(&entry),
            *expected,
            "{flow:?} {code}: {description}\n{text}"
        );
        assert_says(text, words);
        // Salesforce's own words are always told, and no secret ever.
        assert_says(text, code);
        assert_says(text, description);
        assert_eq!(leaks(text), [""; 0]);
    }
}

#[tokio::test]
async fn refusals_of_any_flow() {
    for flow in [Flow::Password, Flow::ClientCredentials, Flow::JwtBearer] {
        assert_cases(flow, &ANY).await;
    }
}

#[tokio::test]
async fn refusals_of_password_logins() {
    assert_cases(Flow::Password, &PASSWORD).await;
}

#[tokio::test]
async fn refusals_of_client_credentials() {
    assert_cases(Flow::ClientCredentials, &CLIENT_CREDENTIALS).await;
}

#[tokio::test]
async fn refusals_of_jwt_bearer() {
    assert_cases(Flow::JwtBearer, &JWT_BEARER).await;
}

#[tokio::test]
async fn a_refused_login_keeps_its_events_where_the_setting_says_so() {
    let refusing = Refusing::start(Flow::Password, RefusedLogin::Retry).await;
    for (code, description, expected, _) in ANY.iter().chain(&PASSWORD) {
        let expected = match *expected {
            ABORTED => CONFIGURATION,
            other => other,
        };
        let entry = refusing.refuse(code, description).await;
        assert_eq!(verdict(&entry), expected, "{code}: {description}");
    }
}

#[tokio::test]
async fn an_unknown_refusal_is_quoted_and_not_final_at_first() {
    let refusing = Refusing::start(Flow::JwtBearer, RefusedLogin::Abort).await;
    for (attempt, expected) in [(0, RETRYABLE), (9, RETRYABLE), (10, ABORTED)] {
        let (code, words) = ("brand_new_error", "as of next release");
        let entry = refusing.refuse_at(attempt, code, words).await;
        assert_eq!(verdict(&entry), expected, "{attempt}");
        assert_says(error(&entry), "brand_new_error: as of next release");
    }
}

#[tokio::test]
async fn an_unknown_refusal_counts_the_attempts_in_inline_delivery_too() {
    let inline = ["--delivery", "inline"];
    let refusing = Refusing::start_with(Flow::JwtBearer, RefusedLogin::Abort, &inline).await;
    for (attempt, expected) in [(0, RETRYABLE), (9, RETRYABLE), (10, ABORTED)] {
        let job = refusing
            .refused_job(attempt, "brand_new_error", "soon")
            .await;
        let entry = deliver(&refusing.service, [job]).await[0].take();
        assert_eq!(verdict(&entry), expected, "{attempt}");
    }
}

#[tokio::test]
async fn a_refusal_without_a_code_is_not_salesforces_and_never_final() {
    let salesforce = MockServer::start().await;
    let service = Service::start(&salesforce.uri(), &["--refused-login-ttl", "0s"]).await;
    for status in [300, 400, 401, 403, 404, 410, 413, 431] {
        salesforce.reset().await;
        let refusal = ResponseTemplate::new(status);
        login().respond_with(refusal).mount(&salesforce).await;
        for attempt in [0, 12] {
            let mut job = lead_job(1, "ada@example.com");
            job["metadata"]["attemptNum"] = json!(attempt);
            let entry = service.router([job]).await[0].take();
            assert_eq!(verdict(&entry), RETRYABLE, "{status} {attempt}");
        }
        let jobs = json!([lead_job(1, "ada@example.com")]);
        let answer = service.post("/v0/destinations/salesforce", jobs).await;
        assert_eq!(answer.status, 503, "{status}");
    }
}
