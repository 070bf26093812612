//! What the service spends its CPU time on: `cargo bench --bench cpu`, or a part of it, such as `cargo bench --bench cpu lead`.
#![expect(
    clippy::unwrap_used,
    reason = "a benchmark that cannot be set up has nothing to measure"
)]

mod modules;
mod requests;
mod traffic;

fn main() {
    divan::main();
}
