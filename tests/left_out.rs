//! Says what `cargo test` leaves out. It is no test: the output of tests that pass is hidden.

fn main() {
    println!(
        "left out: the admin page in a real browser and replicas that share a real Redis; `cargo test --test browser` and `--test cluster` test them (docs/measuring.md)"
    );
}
