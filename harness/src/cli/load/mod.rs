//! `harness load`: the generator put to any server that listens, and what came of it.
//!
//! Read `args.rs` (what may be typed), `spec.rs` (what was typed becomes a load), `run.rs` (it is carried out), then
//! `findings.rs` (what the load came to, in figures), `judgement/` (what is said of them) and `written/` (how they are written).

pub(super) mod args;
mod findings;
pub(super) mod judgement;
mod run;
mod spec;
mod written;

pub(super) use args::{LoadArgs, duration};
#[cfg(test)]
pub(super) use findings::LoadFindings;
pub(super) use run::run;

#[cfg(test)]
mod tests;
