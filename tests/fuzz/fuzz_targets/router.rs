//! The bodies of rudder-server's router: `src/lib.rs` states what must hold.
#![no_main]

use libfuzzer_sys::fuzz_target;
use salesforce_transformer_fuzz::{Route, post};

fuzz_target!(|input: &[u8]| post(Route::Router, input));
