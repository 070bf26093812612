//! Says what `cargo test` leaves out. It is no test: the output of tests that pass is hidden.

fn main() {
    println!(
        "left out: the admin page in a real browser (`cargo test -p browser-tests`), and replicas that share a real Redis (`cargo test --test cluster`, `cargo test --lib -- --ignored`); see docs/measuring.md"
    );
}
