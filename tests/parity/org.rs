//! The Salesforce of a case: it finds the case's records, and an access token selects a fault.

use std::sync::{Arc, Mutex};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, Method, StatusCode, Uri, header},
    response::{IntoResponse, Response},
};
use salesforce_simulator::soql::{self, Literal};
use serde_json::{Value, json};

#[derive(Default)]
pub(crate) struct Org(Mutex<Value>);

impl Org {
    /// Takes the records of a case.
    pub(crate) fn load(&self, records: &Value) {
        *self.0.lock().unwrap() = records.clone();
    }

    fn query(&self, statement: &str) -> Answer {
        let Ok(query) = soql::parse(statement) else {
            return refused(
                StatusCode::BAD_REQUEST,
                "MALFORMED_QUERY",
                "unexpected token",
            );
        };
        let condition = query.condition.unwrap();
        let records = self.0.lock().unwrap();
        let of_object = records
            .as_object()
            .into_iter()
            .flatten()
            .filter(|(name, _)| name.eq_ignore_ascii_case(&query.object));
        let all =
            of_object.flat_map(|(_, records)| records.as_array().cloned().unwrap_or_default());
        let found: Vec<Value> = all
            .filter(|record| {
                condition
                    .values()
                    .iter()
                    .any(|value| is(&record[condition.field()], value))
            })
            .collect();
        (
            StatusCode::OK,
            json!({"totalSize": found.len(), "done": true, "records": found}).to_string(),
        )
    }
}

fn is(stored: &Value, asked: &Literal) -> bool {
    let text = |value: &Value| {
        value
            .as_str()
            .map_or_else(|| value.to_string(), ToOwned::to_owned)
    };
    match asked {
        Literal::Text(asked) => text(stored).to_lowercase() == asked.to_lowercase(),
        Literal::Number(asked) => text(stored) == *asked,
        Literal::Bool(asked) => *stored == Value::Bool(*asked),
        Literal::Null => stored.is_null(),
    }
}

/// A status and a JSON text; the recorded answers repeat such texts letter for letter.
type Answer = (StatusCode, String);

fn refused(status: StatusCode, code: &str, message: &str) -> Answer {
    (
        status,
        format!(r#"[{{"message":"{message}","errorCode":"{code}"}}]"#),
    )
}

pub(crate) fn router(org: Arc<Org>) -> Router {
    Router::new().fallback(answer).with_state(org)
}

async fn answer(
    State(org): State<Arc<Org>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let (status, answer) = if uri.path() == "/services/oauth2/token" {
        token(&headers, &body)
    } else {
        call(&org, &method, &uri, &headers, &body)
    };
    if answer.is_empty() {
        return status.into_response();
    }
    (status, [(header::CONTENT_TYPE, "application/json")], answer).into_response()
}

fn token(headers: &HeaderMap, body: &[u8]) -> Answer {
    let mut form = url::form_urlencoded::parse(body);
    if form.any(|(name, value)| name == "password" && value.starts_with("wrong")) {
        return (
            StatusCode::BAD_REQUEST,
            r#"{"error":"invalid_grant","error_description":"authentication failure"}"#.to_owned(),
        );
    }
    let host = headers[header::HOST].to_str().unwrap();
    (
        StatusCode::OK,
        json!({"access_token": "00Dmock!token", "instance_url": format!("http://{host}")})
            .to_string(),
    )
}

fn call(org: &Org, method: &Method, uri: &Uri, headers: &HeaderMap, body: &[u8]) -> Answer {
    let token = headers
        .get(header::AUTHORIZATION)
        .map_or("", |value| value.to_str().unwrap());
    match token.trim_start_matches("Bearer ") {
        "expired" => {
            return refused(
                StatusCode::UNAUTHORIZED,
                "INVALID_SESSION_ID",
                "Session expired or invalid",
            );
        }
        "limited" => {
            return refused(
                StatusCode::FORBIDDEN,
                "REQUEST_LIMIT_EXCEEDED",
                "TotalRequests Limit exceeded.",
            );
        }
        "down" => {
            return refused(
                StatusCode::SERVICE_UNAVAILABLE,
                "SERVER_UNAVAILABLE",
                "Server is down for maintenance",
            );
        }
        _ => {}
    }
    let segments: Vec<&str> = uri
        .path()
        .trim_start_matches("/services/data/v50.0/")
        .split('/')
        .collect();
    match segments.as_slice() {
        ["query"] => {
            let (_, statement) =
                url::form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes())
                    .next()
                    .unwrap();
            org.query(&statement)
        }
        ["composite"] => composite(org, headers, body),
        ["sobjects", object, record @ ..] if method == Method::POST || method == Method::PATCH => {
            write(object, record, body)
        }
        _ => refused(
            StatusCode::NOT_FOUND,
            "NOT_FOUND",
            "The requested resource does not exist",
        ),
    }
}

/// Several queries in one call, each answered as it would be alone.
fn composite(org: &Org, headers: &HeaderMap, body: &[u8]) -> Answer {
    let body: serde_json::Value = serde_json::from_slice(body).unwrap();
    let answered = |part: &serde_json::Value| {
        let uri: Uri = part["url"].as_str().unwrap().parse().unwrap();
        let (status, body) = call(org, &Method::GET, &uri, headers, b"");
        let body: serde_json::Value = serde_json::from_str(&body).unwrap();
        json!({"referenceId": part["referenceId"], "httpStatusCode": status.as_u16(), "body": body})
    };
    let parts = body["compositeRequest"].as_array().unwrap();
    let answers: Vec<_> = parts.iter().map(answered).collect();
    (
        StatusCode::OK,
        json!({"compositeResponse": answers}).to_string(),
    )
}

fn write(object: &str, record: &[&str], body: &[u8]) -> Answer {
    let text = String::from_utf8_lossy(body);
    if text.contains("reject-me") {
        return refused(
            StatusCode::BAD_REQUEST,
            "REQUIRED_FIELD_MISSING",
            "Required fields are missing: [LastName]",
        );
    }
    if record.is_empty() {
        return (
            StatusCode::CREATED,
            format!(
                r#"{{"id":"{}","success":true,"errors":[]}}"#,
                id(object, &text)
            ),
        );
    }
    (StatusCode::NO_CONTENT, String::new())
}

/// The id that the recorded answers gave a record: a hash of what it holds.
fn id(object: &str, value: &str) -> String {
    let hash = value.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3)
    });
    let prefix = match object.to_ascii_lowercase().as_str() {
        "lead" => "00Q",
        "contact" => "003",
        "account" => "001",
        _ => "a00",
    };
    format!("{prefix}{:012X}AAA", hash & 0xffff_ffff_ffff)
}
