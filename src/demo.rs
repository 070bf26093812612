//! placeholder
use std::process::ExitCode;
/// Options
#[derive(clap::Args, Debug)]
pub struct Options {
    /// Keep both running
    #[arg(long)]
    pub serve: bool,
}
/// Runs
pub async fn run(_options: &Options) -> ExitCode {
    ExitCode::FAILURE
}
