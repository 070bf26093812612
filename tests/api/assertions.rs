//! What the simulated org checks in the assertion of JWT bearer, without which the tests of that flow would show nothing.

use jsonwebtoken::{Algorithm, EncodingKey, Header, encode, get_current_timestamp};
use serde_json::{Value, json};

use crate::{
    fixtures::INTEGRATION_USER,
    flows::modern_org,
    keys::{KEYS, KeyPair},
    planted::CLIENT_ID,
    service::serve,
};

/// Asks the token endpoint of an org with an assertion of these claims.
async fn answer_to(salesforce: &str, key: &KeyPair, claims: &Value) -> String {
    let key = EncodingKey::from_rsa_pem(key.private.as_bytes()).unwrap();
    let assertion = encode(&Header::new(Algorithm::RS256), claims, &key).unwrap();
    let form = [
        ("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"),
        ("assertion", &assertion),
    ];
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let request = http.post(format!("{salesforce}/services/oauth2/token"));
    let answer = request.form(&form).send().await.unwrap();
    let answer: Value = answer.json().await.unwrap();
    let text = &answer["error_description"];
    text.as_str().unwrap_or("a session").to_owned()
}

#[tokio::test]
async fn the_simulated_org_checks_signature_app_audience_subject_and_expiry() {
    let salesforce = serve(modern_org().build().router()).await;
    let now = get_current_timestamp();
    let right =
        json!({"iss": CLIENT_ID, "sub": INTEGRATION_USER, "aud": salesforce, "exp": now + 60});
    let other_key = KeyPair::generate();
    assert_eq!(answer_to(&salesforce, &KEYS, &right).await, "a session");
    assert_eq!(
        answer_to(&salesforce, &other_key, &right).await,
        "invalid assertion"
    );
    for (claim, wrong, refusal) in [
        ("iss", json!("another-key"), "client identifier invalid"),
        (
            "aud",
            json!("https://test.salesforce.com"),
            "audience is invalid",
        ),
        (
            "sub",
            json!("nobody@acme.example"),
            "user hasn't approved this consumer",
        ),
        ("exp", json!(now - 1), "invalid assertion"),
        ("exp", json!(now + 3_600), "invalid assertion"),
        ("sub", Value::Null, "invalid assertion"),
    ] {
        let mut claims = right.clone();
        claims[claim] = wrong;
        assert_eq!(
            answer_to(&salesforce, &KEYS, &claims).await,
            refusal,
            "{claims}"
        );
    }
}
