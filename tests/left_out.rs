//! Says what `cargo test` leaves out. It is no test: the output of tests that pass is hidden.

fn main() {
    println!(
        "left out: replicas that share a real Redis; `cargo test --test cluster` tests them (docs/measuring.md)"
    );
}
