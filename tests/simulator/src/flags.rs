//! The flags of a transformer that uses a simulated Salesforce.

/// The flags of a transformer whose Salesforce, login hosts included, is at `url`, such as `http://127.0.0.1:9400`. Later
/// flags of the same names override them.
#[must_use]
pub fn flags_for(url: &str) -> [&str; 6] {
    [
        "--salesforce-login-url",
        url,
        "--salesforce-sandbox-login-url",
        url,
        "--salesforce-allowed-hosts",
        url,
    ]
}
