//! The command line: `serve` (the default), `compare`, `check`, `explain`, `tail`, `health`.

mod health;

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use salesforce_transformer::{
    Admin, Config, MAX_ADMIN_CONNECTIONS, Services, StartError, check, compare,
    config::{ProcessLimits, UnknownVariable, unknown_variables},
    explain,
    lifecycle::Lifecycle,
    server::{self, Listeners, Port, memory::InFlight, telemetry},
    services, tail,
};

/// Turns batches of RudderStack events into Salesforce REST requests.
///
/// Without a subcommand, it runs the HTTP service. Every setting can be given as an environment variable or a flag.
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
    /// Runs the HTTP service (the default)
    Serve(Box<Config>),
    /// Sends recorded requests to two transformers and prints where the answers differ; exits with 0 (equal), 1
    /// (different) or 2 (failed)
    Compare(Box<compare::CompareOptions>),
    /// Logs in with the configured credentials and reports what works; exits with 0 if everything that events need works, else
    /// with 1
    Check(Box<check::CheckOptions>),
    /// Says why events become what they become, and what they would cost, without writing anything; exits with 0 (all would be
    /// sent, or all is as expected), 1 (not so) or 2 (failed)
    Explain(Box<explain::ExplainOptions>),
    /// Prints events of a running service as they are answered, from its admin address; exits with 0 (Ctrl-C) or 2 (it
    /// cannot be watched)
    Tail(Box<tail::TailOptions>),
    /// Checks whether a running service is alive; exits with 0 if it is, else with 1
    Health(health::HealthOptions),
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    keep_freed_memory();
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("error: cannot start threads: {error}");
            return ExitCode::FAILURE;
        }
    };
    let code = runtime.block_on(run(cli));
    // All requests and writes are complete. A hanging disk or name server must not keep the process alive.
    runtime.shutdown_background();
    code
}

/// Makes glibc keep up to 2 MiB of freed memory for the next batch. Its threshold for returning memory to the kernel rises
/// with the largest block that was freed so far. Below it, a batch takes up to 50 page faults, a seventh of its CPU time.
/// `MALLOC_TRIM_THRESHOLD_` takes precedence, and other allocators are not affected.
fn keep_freed_memory() {
    drop(std::hint::black_box(Vec::<u8>::with_capacity(1 << 20)));
}

async fn run(cli: Cli) -> ExitCode {
    match cli.command {
        None => serve(cli.config).await,
        Some(Command::Serve(config)) => serve(*config).await,
        Some(Command::Compare(options)) => compare::run(&options).await,
        Some(Command::Check(options)) => Box::pin(check::run(*options)).await,
        Some(Command::Explain(options)) => Box::pin(explain::run(*options)).await,
        Some(Command::Tail(options)) => tail::run(*options).await,
        Some(Command::Health(options)) => health::run(&options).await,
    }
}

/// Runs the service. The exit code is 0 if every request in flight was answered before the end, 1 if not, or if the service
/// could not listen, and 2 if a setting is invalid.
async fn serve(mut config: Config) -> ExitCode {
    let log = match telemetry::start(config.log_format, &config.log_level) {
        Ok(log) => log,
        Err(error) => {
            eprintln!("error: {error}");
            return ExitCode::from(2);
        }
    };
    let environment: Vec<_> = std::env::vars_os().collect();
    if let Err(error) = config.take(&environment, ProcessLimits::read()) {
        log.print(&format!("error: {error}"));
        return ExitCode::from(2);
    }
    for UnknownVariable { name, nearest } in unknown_variables(&environment) {
        tracing::warn!(
            variable = name,
            nearest,
            "an environment variable looks like a setting but is not a setting of this service"
        );
    }
    for warning in config.warnings() {
        tracing::warn!("{warning}");
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
        Err(NotServed::Setting(error)) => {
            log.print(&format!("error: {error}"));
            ExitCode::from(2)
        }
        Err(NotServed::System(error)) => {
            tracing::error!(error, "the service cannot run");
            ExitCode::FAILURE
        }
    }
}

/// Why the service could not start.
enum NotServed {
    /// A setting is invalid, or names something that does not exist.
    Setting(StartError),
    /// The system lacks a resource that the service needs.
    System(String),
}

async fn listen_and_serve(config: &Config) -> Result<server::End, NotServed> {
    let signals = server::signals().map_err(|error| {
        NotServed::System(format!(
            "cannot install the handlers of SIGTERM and Ctrl-C: {error}"
        ))
    })?;
    let ready = Lifecycle::default();
    let life = ready.clone();
    server::at_hangup(move || {
        tracing::info!("SIGHUP: files named by settings are read again");
        life.reread();
    })
    .map_err(|error| NotServed::System(format!("cannot install the handler of SIGHUP: {error}")))?;
    let serving = &config.serving;
    let listeners =
        Listeners::open(serving).map_err(|error| NotServed::System(error.to_string()))?;
    let in_flight = InFlight::default();
    let services = services(config, ready.clone(), in_flight.clone());
    let Services { service, admin } = services.map_err(NotServed::Setting)?;
    let admin = admin.map(|admin| admin_port(config, admin)).transpose()?;
    if config.salesforce.auth.lacks_app() {
        tracing::warn!(
            "SALESFORCE_CLIENT_ID and SALESFORCE_CLIENT_SECRET are not both set: password logins will be refused, OAuth destinations work"
        );
    }
    tracing::info!(
        address = listeners.addresses(),
        compatibility = ?config.compatibility,
        auth = config.salesforce.auth.salesforce_auth.name(),
        destinations = config.salesforce.auth.destinations.names(),
        version = env!("CARGO_PKG_VERSION"),
        max_in_flight_bytes = serving.most_in_flight(),
        largest_body_bytes = serving.largest_body(),
        max_connections = serving.most_connections(),
        "listening"
    );
    let mut ports = vec![Port {
        listeners,
        app: service,
        most_connections: serving.most_connections(),
    }];
    ports.extend(admin);
    Ok(server::serve(ports, ready, in_flight, signals, serving).await)
}

/// Listens at the admin address.
fn admin_port(config: &Config, admin: Admin) -> Result<Port, NotServed> {
    let failed = |error: &dyn std::fmt::Display| NotServed::System(error.to_string());
    let address = (config.admin.admin_listen)
        .ok_or_else(|| failed(&"ADMIN_LISTEN is not set, but the admin address is on"))?;
    let reuse_port = config.serving.reuse_port;
    let listeners =
        Listeners::at(address, reuse_port, "ADMIN_LISTEN").map_err(|error| failed(&error))?;
    let address = listeners.address().map_err(|error| failed(&error))?;
    tracing::info!(%address, "the admin address is on");
    Ok(Port {
        listeners,
        app: admin.router(address),
        most_connections: MAX_ADMIN_CONNECTIONS,
    })
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_well_formed() {
        super::Cli::command().debug_assert();
    }
}
