//! `compare`: sends recorded requests to two transformers and reports, event by event, where their answers differ, so that an
//! operator has proof before the switch.
//!
//! | module | what it is for |
//! |---|---|
//! | `recording` | reads requests from files |
//! | `answer` | splits an answer into its events |
//! | `difference` | lists where two events differ |
//! | `documented` | recognizes the differences that the documented set of rules intends |
//! | `report` | prints the findings, for people or as JSON |

mod answer;
pub(crate) mod difference;
mod documented;
mod recording;
mod report;

use std::{
    collections::BTreeMap, io::IsTerminal, path::PathBuf, process::ExitCode, time::Duration,
};

use clap::Args;
use futures_util::future::try_join;
use indicatif::{ProgressBar, ProgressStyle};
use thiserror::Error;
use url::Url;

use self::{
    answer::{ComparedAnswer, EventKey},
    difference::{Difference, Ignored},
    recording::{Overlay, Recorded},
    report::{ComparisonReport, ComparisonVerdict},
};

/// The options of `compare`.
#[derive(Args, Debug)]
pub struct CompareOptions {
    /// Address of the transformer whose answers are the reference
    #[arg(long)]
    reference: Url,
    /// Address of the transformer to compare with it
    #[arg(long)]
    candidate: Url,
    /// Files of recorded requests: JSON lines with `path`, `headers` and `body`; with --path, each file is one request body
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// Path to send the bodies to, such as /routerTransform, if each file is one request body
    #[arg(long)]
    path: Option<String>,
    /// JSON pointer within an event, such as /statTags, whose differences are ignored; `*` matches one segment; may be repeated
    #[arg(long, value_name = "POINTER")]
    ignore: Vec<String>,
    /// Marks the differences that the documented set of rules intends; they do not affect the exit code
    #[arg(long)]
    explain_documented: bool,
    /// Compares the values of access tokens, not only whether there is one
    #[arg(long)]
    tokens: bool,
    /// File with a JSON object that is merged into the `Config` of each destination, such as the credentials that recordings omit
    #[arg(long, value_name = "FILE")]
    destination_config: Option<PathBuf>,
    /// File with a JSON object that replaces each `metadata.secret` and the header Oauth-Secret
    #[arg(long, value_name = "FILE")]
    secret: Option<PathBuf>,
    /// Prints one JSON object per difference, and a last one with the summary
    #[arg(long)]
    json: bool,
    /// Maximum time to wait for an answer
    #[arg(long, default_value = "60s", value_parser = humantime::parse_duration)]
    timeout: Duration,
}

/// The reasons why nothing can be compared.
#[derive(Debug, Error)]
enum CannotCompare {
    #[error("{0}: {1}")]
    File(String, String),
    #[error("{0} cannot be reached: {1}")]
    Unreachable(String, reqwest::Error),
}

/// Compares and prints the report. The exit code is 0 if all answers are equal, 1 if some differ, and 2 if anything could not
/// be compared, even a single line of a file.
pub async fn run(options: &CompareOptions) -> ExitCode {
    match compare(options).await {
        Ok(report) => {
            report.summary();
            match report.verdict() {
                ComparisonVerdict::Equal => ExitCode::SUCCESS,
                ComparisonVerdict::Different => ExitCode::from(1),
                ComparisonVerdict::Incomplete => ExitCode::from(2),
            }
        }
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(2)
        }
    }
}

async fn compare(options: &CompareOptions) -> Result<ComparisonReport, CannotCompare> {
    let overlay = Overlay::read(
        options.destination_config.as_deref(),
        options.secret.as_deref(),
    )?;
    let recordings = recording::read(&options.files, options.path.as_deref(), &overlay)?;
    let requests = &recordings.requests;
    let http = reqwest::Client::builder()
        .timeout(options.timeout)
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .build()
        .map_err(|error| CannotCompare::Unreachable("the network".to_owned(), error))?;
    let ignored = Ignored::new(&options.ignore, options.tokens);
    let mut report = ComparisonReport::new(options.json);
    for line in &recordings.unread {
        report.unread(line);
    }
    let progress = progress(requests.len());
    for (number, request) in (1..).zip(requests) {
        let reference = answer(&http, &options.reference, request);
        let candidate = answer(&http, &options.candidate, request);
        let (reference, candidate) = try_join(reference, candidate).await?;
        let differences = differences(&reference, &candidate, &ignored, options.explain_documented);
        progress.suspend(|| report.request(number, request, &reference, differences));
        progress.inc(1);
    }
    progress.finish_and_clear();
    Ok(report)
}

/// A progress bar, shown only on a terminal.
fn progress(requests: usize) -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(requests as u64);
    let style = ProgressStyle::with_template("{bar:40} {pos}/{len} requests, {eta} left");
    style.map_or(bar.clone(), |style| bar.with_style(style))
}

async fn answer(
    http: &reqwest::Client,
    service: &Url,
    request: &Recorded,
) -> Result<ComparedAnswer, CannotCompare> {
    let url = format!("{}{}", service.as_str().trim_end_matches('/'), request.path);
    let unreachable = |error: reqwest::Error| {
        CannotCompare::Unreachable(service.to_string(), error.without_url())
    };
    let sent = http
        .post(url)
        .headers(request.headers.clone())
        .body(request.body.clone());
    let answer = sent.send().await.map_err(unreachable)?;
    let status = answer.status().as_u16();
    let body = answer.bytes().await.map_err(unreachable)?;
    Ok(ComparedAnswer::read(status, &body))
}

/// The differences of two answers, event by event.
fn differences(
    reference: &ComparedAnswer,
    candidate: &ComparedAnswer,
    ignored: &Ignored,
    explain: bool,
) -> BTreeMap<EventKey, Vec<Difference>> {
    let mut all = BTreeMap::new();
    for event in reference.events.keys().chain(candidate.events.keys()) {
        let (one, other) = (reference.events.get(event), candidate.events.get(event));
        let mut differences = difference::between(one, other, ignored);
        if explain {
            documented::explain(one, other, &mut differences);
        }
        if !differences.is_empty() {
            all.insert(event.clone(), differences);
        }
    }
    all
}
