//! The crate from outside: saved runs, their summaries and their pages.

// Every helper here serves a test, and a test that cannot go on should say where.
#![allow(clippy::unwrap_used)]

mod browser;
mod decisions;
mod devtools;
mod fixture;
mod fixture_cells;
mod fixture_trials;
mod golden;
mod lanes;
mod numbers;
mod records;
mod trials;
