//! The crate from outside: saved runs, their summaries and their pages.

// Every helper here serves a test, and a test that cannot go on should say where.
#![allow(clippy::unwrap_used)]

mod audit;
mod audit_claims;
mod browser;
mod browser_access;
mod browser_files;
mod browser_reading;
mod browser_slides;
mod colours;
mod common_load;
mod compared;
mod decisions;
mod devtools;
mod diff;
mod fairness;
mod feed;
mod fixture;
mod fixture_cells;
mod fixture_map;
mod fixture_trials;
mod gates;
mod golden;
mod hostile;
mod inside;
mod lanes;
mod map;
mod numbers;
mod objectives;
mod other_forms;
mod placement;
mod records;
mod scorecard;
mod site;
mod skipped;
mod slides;
mod talk;
mod titles;
mod trials;
mod verdicts;
mod why;
