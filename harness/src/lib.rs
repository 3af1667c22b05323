//! The benchmarking harness: launches server models, drives each with the same load, observes them, and writes down
//! what it saw. The binary in `main.rs` is this library with a command line.
#![deny(unsafe_code)]

mod alarm;
mod allocator;
pub mod backend;
pub mod check;
pub mod cli;
pub mod clock;
pub mod experiments;
mod leftovers;
pub mod live;
pub mod load;
pub mod microcosts;
pub mod observe;
pub mod plan;
pub mod process;
pub mod run;
pub mod search;
pub mod selftest;
pub mod trace;
