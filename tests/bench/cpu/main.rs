//! What the service spends its CPU time on: `cargo bench --bench cpu`, or a part of it, such as `cargo bench --bench cpu lead`.
#![expect(
    clippy::unwrap_used,
    reason = "a benchmark whose stage cannot be set up has nothing to measure"
)]

mod requests;
mod rooms;
mod traffic;

fn main() {
    divan::main();
}
