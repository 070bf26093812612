//! The secrets that the suite plants, and the search for them in all that is logged while it runs. Every service of every test
//! logs at trace level, its libraries too, and each of its lines is looked through before anybody else sees it.

use std::{
    io::{self, Write},
    process, thread,
};

use crate::process::kill_all;

/// What the secrets of the suite have in common, so that a new one needs no line here.
pub(crate) const MARK: &str = "planted";

pub(crate) const PASSWORD: &str = "planted-password";
pub(crate) const SECURITY_TOKEN: &str = "planted-security-token";
pub(crate) const CLIENT_ID: &str = "planted-client-id";
pub(crate) const CLIENT_SECRET: &str = "planted-client-secret";
/// The user of the fixtures' events.
pub(crate) const USER_ID: &str = "planted-user-id";
/// An access token of a Salesforce that is no simulated org, and the header that it makes.
pub(crate) const TOKEN: &str = "planted-token";
pub(crate) const BEARER: &str = "Bearer planted-token";

/// What the tokens of the simulated org have in common.
pub(crate) const SESSION: &str = "!simulated.";

/// What no line may hold. E-mails are sought besides, by their form.
const SECRETS: [&str; 10] = [
    MARK,
    SESSION,
    // An assertion: `{"` in the letters of a JWT.
    "eyJ",
    "PRIVATE KEY",
    // The traits of the people whom most tests are about.
    "Lovelace",
    "Countess",
    "Gibbs",
    "Augusta",
    "London",
    "Company123",
];

/// How much of a line is shown on each side of a secret: a line may hold a whole body.
const SHOWN: usize = 400;

/// A secret in a line.
#[derive(Debug, PartialEq)]
pub(crate) struct Leak {
    secret: &'static str,
    at: usize,
}

/// The first secret in a line.
pub(crate) fn leak_in(line: &str) -> Option<Leak> {
    let leak = |secret| line.find(secret).map(|at| Leak { secret, at });
    SECRETS
        .into_iter()
        .find_map(leak)
        .or_else(|| email_in(line))
}

/// The first e-mail in a line, as it is or as a URL spells it.
fn email_in(line: &str) -> Option<Leak> {
    let first = |sign: &'static str| {
        let is_email = |at: &usize| {
            let domain = &line[at + sign.len()..];
            let user = &line[..*at];
            user.ends_with(|last: char| last.is_alphanumeric())
                && domain.starts_with(|first: char| first.is_alphanumeric())
        };
        let mut places = line.match_indices(sign).map(|(at, _)| at);
        places.find(is_email)
    };
    let leak = |sign| {
        first(sign).map(|at| Leak {
            secret: "an e-mail",
            at,
        })
    };
    ["@", "%40"].into_iter().find_map(leak)
}

/// The lines that hold a secret.
pub(crate) fn leaks(text: &str) -> Vec<&str> {
    text.lines()
        .filter(|line| leak_in(line).is_some())
        .collect()
}

/// Ends the suite where this line, logged for the test of this name, holds a secret. Nothing less would do: a panic is lost in
/// a task that nobody joins, and a failure that is only remembered finds nobody after the last test.
pub(crate) fn look_through(line: &str, test: &str) {
    let Some(Leak { secret, at }) = leak_in(line) else {
        return;
    };
    let from = line.floor_char_boundary(at.saturating_sub(SHOWN));
    let to = line.ceil_char_boundary(at + SHOWN);
    let shown = line[from..to].trim_end();
    let report = format!("\nA secret was logged: {secret}\nby the test: {test}\nin: {shown}\n");
    // `eprintln!` would hand it to the test's captured output, which dies with the suite.
    let _ = io::stderr().write_all(report.as_bytes());
    kill_all();
    process::exit(101);
}

/// The test on whose behalf this thread runs: a test's own thread bears its name, and a runtime's does not.
pub(crate) fn this_test() -> String {
    let thread = thread::current();
    thread.name().unwrap_or("unknown").to_owned()
}
