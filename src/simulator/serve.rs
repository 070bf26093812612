//! The simulated org as a process of its own, for a stack of containers or a service that is tried out by hand.

use std::{
    io,
    net::{IpAddr, SocketAddr},
    process::ExitCode,
};

use axum::{Router, routing::get};
use clap::Args;
use tokio::net::TcpListener;

use super::sample::{self, CLIENT_ID, CLIENT_SECRET, PASSWORD, SECURITY_TOKEN, USERNAME};

/// Where the simulated org listens.
#[derive(Args, Clone, Copy, Debug)]
pub struct Options {
    /// Address to listen on
    #[arg(long, env = "HOST", default_value = "127.0.0.1")]
    pub host: IpAddr,
    /// Port to listen on; 0: a free one
    #[arg(long, env = "PORT", default_value_t = 9400)]
    pub port: u16,
}

/// Serves the [sample org](sample::org) until SIGTERM or Ctrl-C; what was written is lost then. The first line on standard
/// output is its URL, the next ones say how to log in. Exits with 0, or with 1 where it could not listen.
pub async fn run(options: &Options) -> ExitCode {
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
    println!(
        "http://{}\n  user name {USERNAME}, password {PASSWORD}, security token {SECURITY_TOKEN}\n  SALESFORCE_CLIENT_ID={CLIENT_ID} SALESFORCE_CLIENT_SECRET={CLIENT_SECRET}",
        listener.local_addr()?
    );
    // Salesforce has no such route: it is there for `salesforce-transformer health`.
    let app = Router::new()
        .route("/health", get("OK"))
        .fallback_service(sample::org().build().router());
    let mut signals = crate::server::signals()?;
    let stop = async move {
        signals.recv().await;
    };
    axum::serve(listener, app)
        .with_graceful_shutdown(stop)
        .await
}
