//! The traffic that benchmarks are made of: identifies of about 3 kB, as RudderStack's JavaScript SDK sends them and as
//! rudder-server wraps them. The same arguments give the same bytes.

use serde_json::{Value, json};

/// What a batch consists of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Updates of accounts that the events name: nothing is looked up.
    Object,
    /// Leads, found by e-mail.
    Lead,
    /// Contacts of a reverse-ETL sync, found by an external id.
    ReverseEtl,
    /// Three leads to one object to one of a sync.
    Mixed,
}

/// How destinations come along.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// With each event.
    Plain,
    /// Once (`json+compactedv1`).
    Compacted,
}

/// The body of a `/routerTransform` with `events` events, which come with an OAuth secret for the org at `instance`.
pub(crate) fn router_body(
    kind: Kind,
    form: Form,
    events: usize,
    (instance, token): (&str, &str),
) -> String {
    let secret = json!({"access_token": token, "instance_url": instance, "refresh_token": "r"});
    let jobs = (0..events).map(|n| job(kind.of(n), n, &secret));
    let body = match form {
        Form::Plain => json!({"input": jobs.collect::<Vec<_>>(), "destType": "salesforce_oauth"}),
        Form::Compacted => {
            let input: Vec<Value> = jobs.map(without_destination).collect();
            let destinations = json!({"2Hdest": destination()});
            json!({"input": input, "destinations": destinations, "destType": "salesforce_oauth"})
        }
    };
    body.to_string()
}

impl Kind {
    fn of(self, n: usize) -> Self {
        match (self, n % 5) {
            (Self::Mixed, 0..3) => Self::Lead,
            (Self::Mixed, 3) => Self::Object,
            (Self::Mixed, _) => Self::ReverseEtl,
            (kind, _) => kind,
        }
    }
}

fn without_destination(mut job: Value) -> Value {
    job.as_object_mut()
        .map(|members| members.remove("destination"));
    job
}

fn job(kind: Kind, n: usize, secret: &Value) -> Value {
    json!({"message": message(kind, n), "metadata": metadata(n, secret), "destination": destination()})
}

fn message(kind: Kind, n: usize) -> Value {
    let mut context = json!({
        "app": {"build": "1.0.0", "name": "RudderLabs JavaScript SDK", "namespace": "com.rudderlabs.javascript", "version": "3.1.0"},
        "library": {"name": "RudderLabs JavaScript SDK", "version": "3.1.0"}, "locale": "en-US", "ip": "203.0.113.9",
        "os": {"name": "", "version": ""},
        "screen": {"density": 2, "width": 1440, "height": 900, "innerWidth": 1440, "innerHeight": 709},
        "userAgent": "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36",
        "page": {"path": "/signup", "referrer": "https://www.example.com/", "search": "?q=crm", "title": "Sign up", "url": "https://app.example.com/signup?q=crm"},
        "traits": {
            "email": format!("ada.lovelace.{n:06}@example.com"), "name": "Ada Lovelace", "firstName": "Ada", "lastName": "Lovelace",
            "title": "Engineer", "phone": "555-0100", "company": {"name": "Acme Inc", "industry": "Software", "employee_count": 1_200},
            "address": {"city": "Austin", "state": "TX", "country": "US", "postalCode": "78701", "street": "1 Main St"},
            "rating": "Hot", "plan": "pro", "seats": n % 500, "lastSeenFeature": "export", "nps": 9
        }
    });
    match kind {
        Kind::Object => {
            context["externalId"] =
                json!([{"type": "Salesforce-Account", "id": format!("001{n:015}")}]);
        }
        Kind::ReverseEtl => {
            context["mappedToDestination"] = json!(true);
            context["externalId"] = json!([{"type": "SALESFORCE_OAUTH-Contact", "id": format!("ext-{n:06}"), "identifierType": "External_Id__c"}]);
        }
        Kind::Lead | Kind::Mixed => {}
    }
    json!({
        "type": "identify", "channel": "web", "messageId": format!("{n:032x}"), "userId": format!("user-{n}"),
        "anonymousId": format!("{:032x}", n + 1), "originalTimestamp": "2026-05-01T10:11:12.345Z", "sentAt": "2026-05-01T10:11:13.000Z",
        "receivedAt": "2026-05-01T10:11:14.000Z", "timestamp": "2026-05-01T10:11:12.345Z", "rudderId": format!("{:032x}", n + 2),
        "request_ip": "203.0.113.9", "event": "identify", "integrations": {"All": true, "Salesforce": true}, "context": context
    })
}

fn metadata(n: usize, secret: &Value) -> Value {
    json!({
        "userId": format!("<<>>user-{n}<<>>user-{n}"), "jobId": n + 1, "sourceId": "src1", "destinationId": "2Hdest", "attemptNum": 0,
        "receivedAt": "2026-05-01T10:11:14.000Z", "createdAt": "2026-05-01T10:11:15.000Z", "firstAttemptedAt": "", "transformAt": "router",
        "workspaceId": "ws1", "rudderAccountId": "acc", "dontBatch": false, "partitionId": "p", "sourceDefinitionId": "sd",
        "sourceCategory": "", "destinationType": "SALESFORCE_OAUTH", "messageId": format!("{n:032x}"), "oauthAccessToken": "",
        "traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "secret": secret
    })
}

fn destination() -> Value {
    json!({
        "ID": "2Hdest", "Name": "sf",
        "DestinationDefinition": {
            "ID": "1T96Hsalesforce", "Name": "SALESFORCE_OAUTH", "DisplayName": "Salesforce",
            "Config": {
                "transformAtV1": "router", "saveDestinationResponse": true, "supportedMessageTypes": {"cloud": ["identify"]},
                "supportedSourceTypes": ["android", "ios", "web", "unity", "amp", "cloud", "warehouse", "reactnative", "flutter", "cordova"],
                "excludeKeys": [], "includeKeys": ["oneTrustCookieCategories"], "secretKeys": ["password", "initialAccessToken"],
                "destConfig": {"defaultConfig": ["mapProperties", "useContactId"]}
            },
            "ResponseRules": {}
        },
        "Config": {"mapProperties": true, "useContactId": false, "rudderAccountId": "acc", "oneTrustCookieCategories": [], "eventFilteringOption": "disable"},
        "Enabled": true, "WorkspaceID": "ws1", "Transformations": [], "IsProcessorEnabled": true, "RevisionID": "rev1"
    })
}
