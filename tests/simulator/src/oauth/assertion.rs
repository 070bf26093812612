//! Checks the assertion of the JWT bearer flow: its signature, who claims to be whom, where, and until when.

use jsonwebtoken::{
    Algorithm, DecodingKey, Validation, decode, errors::ErrorKind, get_current_timestamp,
};
use serde::Deserialize;

use super::{App, LoginRefusal};

/// How far ahead of now an assertion may end, in seconds.
const LONGEST: u64 = 300;

#[derive(Deserialize)]
struct Claims {
    sub: String,
    exp: u64,
}

/// The name of the user for whom an assertion that was sent to `asked` opens a session.
pub(super) fn check(
    assertion: &str,
    app: Option<&App>,
    asked: &str,
) -> Result<String, LoginRefusal> {
    let app = app.ok_or(LoginRefusal::InvalidClientId)?;
    let certificate = app.certificate.as_deref().unwrap_or_default();
    let key = DecodingKey::from_rsa_pem(certificate.as_bytes())
        .map_err(|_| LoginRefusal::InvalidAssertion)?;
    let mut validation = Validation::new(Algorithm::RS256);
    validation.leeway = 0;
    validation.set_issuer(&[&app.client_id]);
    validation.set_audience(&[asked]);
    validation.set_required_spec_claims(&["iss", "sub", "aud", "exp"]);
    let claims = decode::<Claims>(assertion, &key, &validation)
        .map_err(|error| refusal(error.kind()))?
        .claims;
    if claims.exp > get_current_timestamp() + LONGEST {
        return Err(LoginRefusal::InvalidAssertion);
    }
    if app.approved.contains(&claims.sub) {
        Ok(claims.sub)
    } else {
        Err(LoginRefusal::NotApproved)
    }
}

fn refusal(error: &ErrorKind) -> LoginRefusal {
    match error {
        ErrorKind::InvalidIssuer => LoginRefusal::InvalidClientId,
        ErrorKind::InvalidAudience => LoginRefusal::InvalidAudience,
        // A wrong signature, an expired assertion, a missing claim: Salesforce says no more.
        _ => LoginRefusal::InvalidAssertion,
    }
}
