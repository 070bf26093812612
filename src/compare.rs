//! `compare`: sends recorded requests to two transformers and says, event by event, where their answers differ, so that an
//! operator has proof before the switch.
//!
//! | module | what it is for |
//! |---|---|
//! | `recording` | files → requests |
//! | `answer` | an answer → its events |
//! | `difference` | two events → where they differ |
//! | `documented` | which differences the documented set of rules intends |
//! | `report` | what a person sees, or a program |

mod answer;
mod difference;
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

/// What to compare.
#[derive(Args, Debug)]
pub struct CompareOptions {
    /// The transformer whose answers are right
    #[arg(long)]
    reference: Url,
    /// The transformer that is to replace it
    #[arg(long)]
    candidate: Url,
    /// Recorded requests: JSON lines with `path`, `headers` and `body`; with --path a file is one body
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// Where each file goes that holds a single body, such as /routerTransform
    #[arg(long)]
    path: Option<String>,
    /// A JSON pointer below an event that does not count, such as /statTags; `*` stands for one part. May be repeated
    #[arg(long, value_name = "POINTER")]
    ignore: Vec<String>,
    /// Marks what the documented set of rules intends; it does not count
    #[arg(long)]
    explain_documented: bool,
    /// Compares access tokens too, and not only that they are there
    #[arg(long)]
    tokens: bool,
    /// A JSON object laid over the `Config` of each destination: what a recording has left out
    #[arg(long, value_name = "FILE")]
    destination_config: Option<PathBuf>,
    /// A JSON object that takes the place of each `metadata.secret` and of the header Oauth-Secret
    #[arg(long, value_name = "FILE")]
    secret: Option<PathBuf>,
    /// One JSON object a difference, and a last one with the summary
    #[arg(long)]
    json: bool,
    /// Longest wait for an answer
    #[arg(long, default_value = "60s", value_parser = humantime::parse_duration)]
    timeout: Duration,
}

/// Why nothing can be compared.
#[derive(Debug, Error)]
enum CannotCompare {
    #[error("{0}: {1}")]
    File(String, String),
    #[error("{0} cannot be reached: {1}")]
    Unreachable(String, reqwest::Error),
}

/// Compares and prints. Exits with 0 if all answers are equal, 1 if something differs, and 2 if something could not be
/// compared, even a single line of a file.
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

/// A progress bar on a terminal; nothing elsewhere.
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
