//! What the service spends its CPU time on: `cargo bench --bench cpu`, or a part of it, such as `cargo bench --bench cpu lead`.

mod requests;
mod rooms;
mod traffic;

fn main() {
    divan::main();
}
