//! The simulated org as a process of its own, for a stack of containers or a service that is tried out by hand.

use std::{
    future::Future,
    io,
    net::{IpAddr, SocketAddr},
    process::ExitCode,
};

use axum::{Router, routing::get};
use clap::Parser;
use salesforce_simulator::sample::{
    self, CLIENT_ID, CLIENT_SECRET, PASSWORD, SECURITY_TOKEN, USERNAME,
};
use tokio::{net::TcpListener, signal};

/// Serves a Salesforce in memory, to try a service or a whole pipeline against
#[derive(Parser, Clone, Copy, Debug)]
#[command(max_term_width = 120)]
struct Options {
    /// Address to listen on
    #[arg(long, env = "HOST", default_value = "127.0.0.1")]
    host: IpAddr,
    /// Port to listen on; 0: a free one
    #[arg(long, env = "PORT", default_value_t = 9400)]
    port: u16,
}

/// Serves the [sample org](sample::org) until SIGTERM or Ctrl-C; what was written is lost then. The first line on standard
/// output is its URL, the next ones say how to log in. Exits with 0, or with 1 where it could not listen.
#[tokio::main]
async fn main() -> ExitCode {
    let options = Options::parse();
    let address = SocketAddr::new(options.host, options.port);
    match listen(address).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: HOST and PORT: cannot serve on {address}: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn listen(address: SocketAddr) -> io::Result<()> {
    let listener = TcpListener::bind(address).await?;
    let stop = stop_signal()?;
    println!(
        "http://{}\n  user name {USERNAME}, password {PASSWORD}, security token {SECURITY_TOKEN}\n  SALESFORCE_CLIENT_ID={CLIENT_ID} SALESFORCE_CLIENT_SECRET={CLIENT_SECRET}",
        listener.local_addr()?
    );
    // Salesforce has no such route: it is there for whoever waits until the org is up.
    let app = Router::new()
        .route("/health", get("OK"))
        .fallback_service(sample::org().build().router());
    axum::serve(listener, app)
        .with_graceful_shutdown(stop)
        .await
}

/// The first SIGTERM or Ctrl-C from now on.
#[cfg(unix)]
fn stop_signal() -> io::Result<impl Future<Output = ()>> {
    let mut terminate = signal::unix::signal(signal::unix::SignalKind::terminate())?;
    let mut interrupt = signal::unix::signal(signal::unix::SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! { _ = terminate.recv() => {}, _ = interrupt.recv() => {} }
    })
}

/// The first Ctrl-C.
#[cfg(not(unix))]
fn stop_signal() -> io::Result<impl Future<Output = ()>> {
    Ok(async {
        if let Err(error) = signal::ctrl_c().await {
            eprintln!("error: cannot install the handler of Ctrl-C: {error}");
        }
    })
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_well_formed() {
        super::Options::command().debug_assert();
    }
}
