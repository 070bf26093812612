//! The subcommand `health`: asks a running service whether it is alive, in an image without a shell or curl.

use std::{
    ffi::OsString,
    fs,
    net::{IpAddr, SocketAddr},
    process::ExitCode,
    time::Duration,
};

use clap::{Args, Parser};
use salesforce_transformer::config::from_within;

use crate::{Cli, Command};

/// How long to wait for an answer.
const TIMEOUT: Duration = Duration::from_secs(3);

/// The options of `health`.
#[derive(Args, Debug)]
pub(crate) struct HealthOptions {
    /// Address that the service listens on; default: that of this container's service, else HOST
    #[arg(long)]
    host: Option<IpAddr>,
    /// Port that the service listens on; default: that of this container's service, else PORT, else 9090
    #[arg(long)]
    port: Option<u16>,
}

/// Exits with 0 if the service is alive, otherwise with 1.
pub(crate) async fn run(options: &HealthOptions) -> ExitCode {
    let (host, port) = match listens(command_line().unwrap_or_default()) {
        Ok((host, port)) => (options.host.or(host), options.port.unwrap_or(port)),
        Err(error) => {
            eprintln!("{error}");
            return ExitCode::FAILURE;
        }
    };
    let mut troubles = Vec::new();
    for address in from_within(host, port) {
        match ask(address).await {
            Ok(()) => {
                println!("http://{address}/health is up");
                return ExitCode::SUCCESS;
            }
            Err(error) => troubles.push(format!("http://{address}/health is not up: {error}")),
        }
    }
    eprintln!("{}", troubles.join("\n"));
    ExitCode::FAILURE
}

async fn ask(address: SocketAddr) -> Result<(), reqwest::Error> {
    let client = reqwest::Client::builder()
        .timeout(TIMEOUT)
        .no_proxy()
        .build()?;
    let asked = client
        .get(format!("http://{address}/health"))
        .send()
        .await?;
    asked.error_for_status().map(drop)
}

/// Host and port of a service with this command line and the environment of this process, which in a container is the
/// same.
fn listens(arguments: Vec<OsString>) -> Result<(Option<IpAddr>, u16), clap::Error> {
    let arguments = arguments.into_iter().skip(1);
    let cli = Cli::try_parse_from([OsString::from("service")].into_iter().chain(arguments))?;
    let of = |serving: &salesforce_transformer::config::Serving| (serving.host, serving.port);
    Ok(match cli.command {
        Some(Command::Serve(config)) => of(&config.serving),
        None
        | Some(
            Command::Compare(_)
            | Command::Check(_)
            | Command::Explain(_)
            | Command::Tail(_)
            | Command::Health(_),
        ) => of(&cli.config.serving),
    })
}

/// The command line of the service in this container: that of the first process, if it is this program.
fn command_line() -> Option<Vec<OsString>> {
    let first = fs::read_link("/proc/1/exe").ok()?;
    if first != std::env::current_exe().ok()? {
        return None;
    }
    let line = fs::read_to_string("/proc/1/cmdline").ok()?;
    // Each argument ends with a NUL.
    Some(line.split_terminator('\0').map(OsString::from).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn port(words: &[&str]) -> u16 {
        let words = words.iter().map(OsString::from).collect();
        listens(words).unwrap().1
    }

    #[test]
    fn the_port_is_that_of_the_command_line_of_the_service() {
        for words in [
            &["/salesforce-transformer", "--port", "8080"][..],
            &[
                "/salesforce-transformer",
                "serve",
                "--port=8080",
                "--host",
                "::1",
            ],
        ] {
            assert_eq!(port(words), 8080, "{words:?}");
        }
    }

    #[test]
    fn a_service_without_flags_and_one_that_is_not_known_listen_at_the_default() {
        assert_eq!(port(&["/salesforce-transformer"]), 9090);
        assert_eq!(port(&[]), 9090);
    }
}
