//! `tail`: prints the events of a running service as they are answered, from its admin address.

mod blocks;
mod screen;

use std::{
    io::{self, IsTerminal, Write},
    path::PathBuf,
    process::ExitCode,
    time::Duration,
};

use clap::Args;
use reqwest::{Client, Response, StatusCode};
use secrecy::ExposeSecret;
use thiserror::Error;
use url::Url;

use self::blocks::{Block, Blocks, NoEventStream};
use crate::{
    config::{Setting, SettingError},
    text::plain,
};

/// How long a connection may be silent. The service says at least every 15 seconds that it is alive.
const MAX_SILENCE: Duration = Duration::from_secs(45);

/// How long to wait before connecting again: the first time, and at most.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const MAX_PAUSE: Duration = Duration::from_secs(10);

/// The options of `tail`.
#[derive(Args, Debug)]
pub struct TailOptions {
    /// The admin address of the service (`ADMIN_LISTEN`)
    #[arg(long, default_value = "http://127.0.0.1:9091")]
    pub url: Url,
    /// File with the token of the admin address
    #[arg(long)]
    pub token_file: Option<PathBuf>,
    /// Only events with this status, such as 400 or 4xx
    #[arg(long)]
    pub status: Option<String>,
    /// Only events of this destination
    #[arg(long)]
    pub destination: Option<String>,
    /// Only events that write this object
    #[arg(long)]
    pub object: Option<String>,
    /// Only events with this reason, or with this code of Salesforce's
    #[arg(long)]
    pub reason: Option<String>,
    /// Only events of this message
    #[arg(long)]
    pub message: Option<String>,
    /// Only events of the record with this key
    #[arg(long)]
    pub key: Option<String>,
    /// Print JSON lines also on a terminal; elsewhere they are printed anyway
    #[arg(long)]
    pub json: bool,
}

/// Why nothing can be printed.
#[derive(Debug, Error)]
enum TailError {
    /// The token cannot be read.
    #[error(transparent)]
    Token(#[from] SettingError),
    /// The address cannot be reached.
    #[error("{url} cannot be reached: {error}; set ADMIN_LISTEN at the service, and --url here")]
    Unreachable {
        /// The address.
        url: Url,
        /// Why.
        error: reqwest::Error,
    },
    /// The address answers something else.
    #[error("{url} answers {status}: {answer}")]
    Refused {
        /// The address.
        url: Url,
        /// The status.
        status: StatusCode,
        /// What it says.
        answer: String,
    },
    /// The answer is none of the admin address.
    #[error("{url}: {error}")]
    NoEventStream {
        /// The address.
        url: Url,
        /// Why.
        error: NoEventStream,
    },
    /// The HTTP client cannot be built.
    #[error("cannot create the HTTP client: {0}")]
    Client(#[source] reqwest::Error),
    /// Nobody reads what is printed.
    #[error("cannot print: {0}")]
    Print(#[from] io::Error),
}

/// Prints events until Ctrl-C, or until nobody reads them any more. Connections that break are opened again, and what was missed
/// is printed as far as the service keeps it. The exit code is 0, or 2 if the address cannot be watched.
pub async fn run(options: TailOptions) -> ExitCode {
    let watching = async {
        match Tail::new(options) {
            Ok(mut tail) => tail.watch().await,
            Err(error) => error,
        }
    };
    let error = tokio::select! {
        error = watching => error,
        _ = tokio::signal::ctrl_c() => return ExitCode::SUCCESS,
    };
    match error {
        TailError::Print(error) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        error => {
            eprintln!("error: {error}");
            ExitCode::from(2)
        }
    }
}

/// A watcher and how far it has come.
struct Tail {
    client: Client,
    url: Url,
    token: Option<Setting>,
    is_readable: bool,
    /// The id of the last event.
    seen: Option<String>,
    was_connected: bool,
}

impl Tail {
    fn new(options: TailOptions) -> Result<Self, TailError> {
        let token = options.token_file.as_deref();
        let token = token.map(|file| Setting::file("--token-file".to_owned(), file));
        let client = Client::builder().no_proxy().read_timeout(MAX_SILENCE);
        let client = client.redirect(reqwest::redirect::Policy::none()).build();
        Ok(Self {
            token: token.transpose()?,
            client: client.map_err(TailError::Client)?,
            is_readable: !options.json && io::stdout().is_terminal(),
            url: address(options),
            seen: None,
            was_connected: false,
        })
    }

    /// Prints events; ends with the reason why it cannot go on.
    async fn watch(&mut self) -> TailError {
        let mut pause = FIRST_PAUSE;
        loop {
            let seen = self.seen.clone();
            if let Err(error) = self.print().await {
                if !(self.was_connected && error.may_pass()) {
                    return error;
                }
                eprintln!("{error}; it is tried again");
            } else {
                eprintln!("{} has ended the connection; it is opened again", self.url);
            }
            if self.seen != seen {
                pause = FIRST_PAUSE;
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(MAX_PAUSE);
        }
    }

    /// Prints the events of one connection until it ends.
    async fn print(&mut self) -> Result<(), TailError> {
        let mut answer = self.connect().await?;
        self.was_connected = true;
        eprintln!("watching {}", self.url);
        let mut blocks = Blocks::default();
        while let Some(bytes) = answer
            .chunk()
            .await
            .map_err(|error| self.unreachable(error))?
        {
            let read = blocks
                .push(&bytes)
                .map_err(|error| TailError::NoEventStream {
                    url: self.url.clone(),
                    error,
                })?;
            for block in read {
                self.show(block)?;
            }
        }
        Ok(())
    }

    async fn connect(&self) -> Result<Response, TailError> {
        let mut request = self.client.get(self.url.clone());
        if let Some(token) = &self.token {
            request = request.bearer_auth(token.current().expose_secret());
        }
        if let Some(seen) = &self.seen {
            request = request.header("Last-Event-ID", seen);
        }
        let answer = request.send().await;
        let answer = answer.map_err(|error| self.unreachable(error))?;
        let (status, url) = (answer.status(), self.url.clone());
        if status != StatusCode::OK {
            let answer = answer.text().await.unwrap_or_default();
            let answer = plain(&answer.chars().take(500).collect::<String>());
            return Err(TailError::Refused {
                url,
                status,
                answer,
            });
        }
        Ok(answer)
    }

    fn unreachable(&self, error: reqwest::Error) -> TailError {
        TailError::Unreachable {
            url: self.url.clone(),
            error: error.without_url(),
        }
    }

    fn show(&mut self, block: Block) -> io::Result<()> {
        let mut out = anstream::stdout().lock();
        if self.is_readable {
            out.write_all(screen::lines(&block.data).as_bytes())?;
        } else {
            writeln!(out, "{}", block.data)?;
        }
        out.flush()?;
        self.seen = block.id.or_else(|| self.seen.take());
        Ok(())
    }
}

impl TailError {
    /// Whether it may pass by itself, for example while the service restarts.
    fn may_pass(&self) -> bool {
        match self {
            Self::Unreachable { .. } => true,
            Self::Refused { status, .. } => status.is_server_error(),
            Self::Token(_) | Self::NoEventStream { .. } | Self::Client(_) | Self::Print(_) => false,
        }
    }
}

/// The address with the filters.
fn address(options: TailOptions) -> Url {
    let mut url = options.url;
    let path = format!("{}/events/live", url.path().trim_end_matches('/'));
    url.set_path(&path);
    let filters = [
        ("status", options.status),
        ("destination", options.destination),
        ("object", options.object),
        ("reason", options.reason),
        ("message", options.message),
        ("key", options.key),
    ];
    let filters = filters.into_iter();
    let mut filters = filters.filter_map(|(name, value)| Some((name, value?)));
    if let Some(first) = filters.next() {
        let all = std::iter::once(first).chain(filters);
        url.query_pairs_mut().extend_pairs(all);
    }
    url
}
