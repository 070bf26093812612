//! Says what `cargo test` leaves out. It is no test: the output of tests that pass is hidden.

fn main() {
    println!(
        "left out: replicas that share a real Redis; `cargo test --test cluster` and `cargo test --lib -- --ignored` test them (docs/measuring.md)"
    );
}
