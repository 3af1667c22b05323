//! `harness load`: the generator put to any server that listens, and what came of it.
//!
//! Read `args.rs` (what may be typed), `spec.rs` (what was typed becomes a load), `run.rs` (it is carried out), then
//! `findings.rs` (what the load came to, in figures). Beside them: `times.rs` (times, of which everything else is made),
//! `time_parts.rs` (where they went), `notices.rs`, `lost_packets.rs` and `gates.rs` (what is said of the figures), `workers.rs`
//! (the same of other machines that send), `histogram_files.rs`, `csv.rs` and `table.rs` (how they are written).

pub(super) mod args;
mod csv;
mod findings;
pub(super) mod gates;
mod histogram_files;
mod lost_packets;
mod notices;
mod run;
mod spec;
mod table;
mod time_parts;
mod times;
mod workers;

pub(super) use args::{LoadArgs, duration};
#[cfg(test)]
pub(super) use findings::LoadFindings;
pub(super) use run::run;

#[cfg(test)]
mod tests;
