//! The command: `serve` (also without a subcommand), `demo`, `compare`, `check`, `simulate`, `health`.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    process::ExitCode,
    time::Duration,
};

use clap::{Args, Parser, Subcommand};
use salesforce_transformer::{
    Config, app, check, compare, demo,
    http::Readiness,
    server::{self, Listeners},
    simulator, telemetry,
};

/// Turns batches of RudderStack events into Salesforce REST requests.
///
/// Without a subcommand it serves. Every setting is an environment variable and a flag.
#[derive(Debug, Parser)]
#[command(version, args_conflicts_with_subcommands = true, max_term_width = 120)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    config: Config,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serves rudder-server and everybody else (the default)
    Serve(Box<Config>),
    /// Shows the whole job on one screen, with a Salesforce in memory
    Demo(demo::Options),
    /// Sends recorded requests to two transformers and prints where they differ; exits with 0 (equal), 1 or 2 (could not)
    Compare(Box<compare::Options>),
    /// Serves a Salesforce in memory, to try a service or a whole pipeline against
    Simulate(simulator::serve::Options),
    /// Tries the configured login against its org and says what works; exits with 0 or 1
    Check(Box<check::Options>),
    /// Asks a running service whether it is alive; exits with 0 or 1
    Health(HealthOptions),
}

#[derive(Args, Debug)]
struct HealthOptions {
    /// Address that the service listens on
    #[arg(long, env = "HOST", default_value = "127.0.0.1")]
    host: IpAddr,
    /// Port that the service listens on
    #[arg(long, env = "PORT", default_value_t = 9090)]
    port: u16,
}

#[tokio::main]
async fn main() -> ExitCode {
    let cli = Cli::parse();
    match cli.command {
        None => serve(cli.config).await,
        Some(Command::Serve(config)) => serve(*config).await,
        Some(Command::Demo(options)) => demo::run(&options).await,
        Some(Command::Compare(options)) => compare::run(&options).await,
        Some(Command::Simulate(options)) => simulator::serve::run(&options).await,
        Some(Command::Check(options)) => check::run(*options).await,
        Some(Command::Health(options)) => health(&options).await,
    }
}

/// Exits with 0 once everything in flight is answered, 1 where it could not listen or was cut off, 2 for a wrong setting.
async fn serve(mut config: Config) -> ExitCode {
    if let Err(error) = telemetry::start(config.log_format, &config.log_level) {
        eprintln!(
            "error: LOG_LEVEL \"{}\" is neither a level nor a filter: {error}",
            config.log_level
        );
        return ExitCode::from(2);
    }
    let destinations = config.read_destinations(std::env::vars_os());
    if let Err(error) = destinations.and_then(|()| config.validate()) {
        eprintln!("error: {error}");
        return ExitCode::from(2);
    }
    match listen_and_serve(&config).await {
        Ok(server::End::Drained) => {
            tracing::info!("stopped: every request in flight was answered");
            ExitCode::SUCCESS
        }
        Ok(server::End::CutOff) => {
            tracing::error!(
                "stopped before every request in flight was answered: rudder-server will send their events again"
            );
            ExitCode::FAILURE
        }
        Err(error) => {
            tracing::error!(%error, "the service cannot run");
            ExitCode::FAILURE
        }
    }
}

async fn listen_and_serve(config: &Config) -> Result<server::End, String> {
    let signals = server::signals()
        .map_err(|error| format!("SIGTERM and Ctrl-C cannot be listened for: {error}"))?;
    let serving = &config.serving;
    let listeners = Listeners::open(serving).map_err(|error| error.to_string())?;
    let ready = Readiness::default();
    let app = app(config, ready.clone()).map_err(|error| error.to_string())?;
    if config.auth.lacks_app() {
        tracing::warn!(
            "SALESFORCE_CLIENT_ID and SALESFORCE_CLIENT_SECRET are not both set: password logins will be refused, OAuth destinations work"
        );
    }
    tracing::info!(
        address = listeners.addresses(),
        compatibility = ?config.compatibility,
        auth = config.auth.salesforce_auth.name(),
        version = env!("CARGO_PKG_VERSION"),
        max_in_flight_bytes = serving.most_in_flight(),
        largest_body_bytes = serving.largest_body(),
        max_connections = serving.most_connections(),
        "listening"
    );
    Ok(server::serve(listeners, app, ready, signals, serving).await)
}

async fn health(options: &HealthOptions) -> ExitCode {
    let host = match options.host {
        IpAddr::V4(Ipv4Addr::UNSPECIFIED) => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(Ipv6Addr::UNSPECIFIED) => IpAddr::V6(Ipv6Addr::LOCALHOST),
        host => host,
    };
    let url = format!("http://{}/health", SocketAddr::new(host, options.port));
    let asked = async {
        let client = reqwest::Client::builder()
            .timeout(Duration::from_secs(3))
            .no_proxy()
            .build()?;
        client.get(&url).send().await?.error_for_status()
    };
    match asked.await {
        Ok(_) => {
            println!("{url} is up");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{url} is not up: {error}");
            ExitCode::FAILURE
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_well_formed() {
        super::Cli::command().debug_assert();
    }
}
