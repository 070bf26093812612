//! `explain`: says why each event of a file becomes what it becomes, and what the events would cost.
//!
//! Nothing is written. Without `--live`, nothing is asked either, and lookups are shown as questions.

mod expected;

use std::{
    fmt,
    io::{self, Write as _},
    path::PathBuf,
    process::ExitCode,
    sync::Arc,
};

use clap::Args;

use self::expected::{Expected, ExpectedError};
use crate::{
    config::{Config, Login, ProcessLimits, SettingError},
    delivery::Deliveries,
    lifecycle::Lifecycle,
    metrics,
    pipeline::{Asking, Pipeline},
    reply::explanation,
    rudderstack::{
        Batch, BodyError, DestinationName, Entry, RawBatch, Route,
        event_file::{self, EventFileError},
    },
    salesforce::{Salesforce, SalesforceError},
    server::memory::{InFlight, Overloaded},
    shared_state::SharedState,
    transform::explanation::{Explanation, Forecast, OutcomeName},
};

/// The number of events that are looked up together, as in a batch of rudder-server's router.
const EVENTS_OF_A_BATCH: usize = 200;

/// The options of `explain`.
#[derive(Args, Debug)]
pub struct ExplainOptions {
    /// File of events, as /transform takes them or one on each line; `-` for standard input
    ///
    /// An event without a destination is explained for a SALESFORCE destination without settings of its own, with the login of
    /// `SALESFORCE_USERNAME` and what goes with it.
    pub file: PathBuf,
    /// Ask Salesforce what the service would ask: look records up and describe objects. New records are also compared with the
    /// org's duplicate rules (`POST /ui-api/predupe`, one call each). Nothing is written
    #[arg(long)]
    pub live: bool,
    /// Print one JSON document instead of text
    #[arg(long)]
    pub json: bool,
    /// File of earlier explanations (`--json`): print what differs from them
    #[arg(long, value_name = "FILE")]
    pub expect: Option<PathBuf>,
    /// The settings of the service.
    #[command(flatten)]
    pub config: Config,
}

/// Why events cannot be explained.
enum CannotExplain {
    /// The file has no events.
    File(EventFileError),
    /// A document of the file has none of the forms in which events come.
    Body(BodyError),
    /// A setting is invalid.
    Setting(SettingError),
    /// The HTTP client cannot be built.
    Salesforce(SalesforceError),
    /// There is not enough memory.
    Memory(Overloaded),
    /// The file of expected explanations cannot be used.
    Expected(ExpectedError),
    /// The explanations cannot be written as JSON.
    Json(serde_json::Error),
    /// The explanations cannot be printed.
    Print(io::Error),
}

impl fmt::Display for CannotExplain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(error) => error.fmt(f),
            Self::Body(error) => error.fmt(f),
            Self::Setting(error) => error.fmt(f),
            Self::Salesforce(error) => error.fmt(f),
            Self::Memory(error) => error.fmt(f),
            Self::Expected(error) => error.fmt(f),
            Self::Json(error) => error.fmt(f),
            Self::Print(error) => write!(f, "cannot print: {error}"),
        }
    }
}

/// Explains the events of a file. The exit code is 0 if all would be sent, or if all is as expected; 1 if not; and 2 if they cannot
/// be explained.
pub async fn run(mut options: ExplainOptions) -> ExitCode {
    match explained(&mut options).await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(error) => {
            anstream::eprintln!("error: {error}");
            ExitCode::from(2)
        }
    }
}

/// Whether all is well: all events would be sent, or all is as expected.
async fn explained(options: &mut ExplainOptions) -> Result<bool, CannotExplain> {
    let environment: Vec<_> = std::env::vars_os().collect();
    let taken = options.config.take(&environment, ProcessLimits::read());
    taken.map_err(CannotExplain::Setting)?;
    let expected = options.expect.as_deref().map(Expected::read).transpose();
    let expected = expected.map_err(CannotExplain::Expected)?;
    let documents = event_file::read(&options.file).map_err(CannotExplain::File)?;
    let bodies = documents.iter().map(|document| {
        let events = document.events().map_err(CannotExplain::Body)?;
        Ok((document.line, events))
    });
    let bodies = bodies.collect::<Result<Vec<_>, CannotExplain>>()?;
    let (explanations, forecast) = all(options, bodies).await?;
    if let Some(expected) = expected {
        let differences = expected
            .compare(&explanations)
            .map_err(CannotExplain::Json)?;
        print(&differences.text(options.json))?;
        return Ok(differences.is_empty());
    }
    if options.json {
        let json = explanation::json(&explanations, &forecast).map_err(CannotExplain::Json)?;
        print(&format!("{json}\n"))?;
    } else {
        print(&explanation::text(&explanations, &forecast))?;
    }
    let is_sent = |explanation: &Explanation| explanation.verdict.outcome == OutcomeName::Sent;
    Ok(explanations.iter().all(is_sent))
}

/// Prints a text. Whoever reads only its beginning, such as `head`, has what they want.
fn print(text: &str) -> Result<(), CannotExplain> {
    let mut out = anstream::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(CannotExplain::Print(error)),
        Ok(()) | Err(_) => Ok(()),
    }
}

/// The explanations of all events, each with the line of its document, and what the events cost together.
async fn all(
    options: &ExplainOptions,
    bodies: Vec<(usize, RawBatch<'_>)>,
) -> Result<(Vec<Explanation>, Forecast), CannotExplain> {
    let (pipeline, in_flight) = pipeline(&options.config)?;
    let resolved: Vec<_> = bodies.iter().map(|(_, body)| body.resolved()).collect();
    let mut entries: Vec<(usize, Entry<'_>)> = Vec::new();
    for ((line, body), resolved) in bodies.into_iter().zip(&resolved) {
        let read = body.read(resolved).entries.into_iter();
        entries.extend(read.map(|entry| (line, entry)));
    }
    let asking = if options.live {
        Asking::LookupsAndDuplicates
    } else {
        Asking::Nothing
    };
    let (mut explanations, mut forecast) = (Vec::new(), Forecast::default());
    let mut entries = entries.into_iter().peekable();
    while entries.peek().is_some() {
        let (lines, entries): (Vec<usize>, Vec<Entry<'_>>) =
            entries.by_ref().take(EVENTS_OF_A_BATCH).unzip();
        let batch = batch(entries);
        let share = in_flight.begin();
        let explained = pipeline.explain(&batch, &share, asking).await;
        let explained = explained.map_err(CannotExplain::Memory)?;
        forecast.add(explained.forecast);
        let numbered = explained.explanations.into_iter().zip(lines);
        explanations.extend(numbered.map(|(explanation, line)| Explanation {
            line: Some(line),
            ..explanation
        }));
    }
    Ok((explanations, forecast.summed()))
}

fn batch(entries: Vec<Entry<'_>>) -> Batch<'_> {
    Batch {
        bytes: entries.iter().map(|entry| entry.bytes).sum(),
        entries,
        route: Route::Open,
        name: DestinationName::Salesforce,
        secret: None,
        takes_results: false,
    }
}

/// The pipeline of a service with these settings.
fn pipeline(config: &Config) -> Result<(Pipeline, InFlight), CannotExplain> {
    let (metrics, policies) = (metrics::new(), Arc::new(config.policies()));
    let in_flight = InFlight::default();
    // An explanation writes nothing, so it shares nothing.
    let alone = SharedState::default();
    let metrics_of_calls = Arc::clone(&metrics);
    let salesforce = Salesforce::new(
        &config.salesforce,
        alone,
        metrics_of_calls,
        in_flight.clone(),
    );
    let salesforce = Arc::new(salesforce.map_err(CannotExplain::Salesforce)?);
    let deliveries = Deliveries::new(
        &config.delivery,
        config.rules(),
        Arc::clone(&policies),
        config.serving.most_in_flight(),
        Arc::clone(&salesforce),
        Lifecycle::default(),
    );
    let mut settings = config.pipeline(policies);
    settings.own_login.get_or_insert_with(|| Login {
        username: String::new(),
        password: String::new().into(),
        sandbox: config.salesforce_sandbox,
    });
    let pipeline = Pipeline::new(settings, salesforce, metrics, deliveries, None);
    Ok((pipeline, in_flight))
}
