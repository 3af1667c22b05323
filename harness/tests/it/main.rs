//! The harness from outside: the real program as a person meets it, its documents, and what is left of it when things
//! go wrong.
//!
//! Tests run beside each other and each has a folder for temporary files of its own, in which the lock lies, so none
//! waits for another's benchmark; the loads of `load.rs` alone take turns. What is ignored here says why:
//! `scripts/test` runs it in a step of its own, mostly since it needs the machine for itself, or it takes so long that it is run
//! by hand.
//! Must not know: how anything is measured.

#![allow(clippy::unwrap_used, reason = "a panic in a test's helper is the test's failure")]

mod breakage;
mod commands;
mod common;
mod compare;
#[path = "../../../reports/tests/it/devtools.rs"]
#[allow(dead_code, reason = "the report's tests open pages of their own with it, and here one is served")]
mod devtools;
mod disturbances;
mod exercises;
mod formats;
mod gate;
mod known_answers;
mod load;
mod load_command;
mod microcosts;
mod peers;
mod publish;
mod readme;
mod release;
mod searches;
#[path = "../../../reports/tests/it/skipped.rs"]
mod skipped;
mod supervision;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod torture;
mod trace;
mod watch;
mod workshop;
