//! The benchmarking harness: launches server models, drives each with the same load, observes them, and writes down
//! what it saw. The binary in `main.rs` is this library with a command line.
#![deny(unsafe_code)]
#![cfg_attr(not(test), warn(clippy::disallowed_methods))]

// Records that tests write down are made by a file that names the crate from outside.
#[cfg(test)]
extern crate self as harness;

mod background;
pub mod check;
pub mod cli;
pub mod experiments;
#[cfg(any(test, fuzzing))]
#[doc(hidden)]
pub mod fuzzing;
mod leftovers;
pub mod live;
pub mod machines;
pub mod plan;
pub mod process;
pub mod run;
pub mod search;
pub mod selftest;
pub mod trace;
pub mod workshop;
