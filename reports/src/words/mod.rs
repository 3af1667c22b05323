//! What figures and sentences say, in words: titles, and what became of a server that something was done to.
//!
//! Below charts and summaries, both of which speak so. Must not know: pixels, tables, HTML. A file per kind of figure:
//! `compared.rs` and `of_group.rs` (contenders in one metric), `load_curve.rs` (response times over the load), `held.rs`
//! (connections held), `carried.rs` (a search under an objective), `parts.rs` (what response times are made of), `served.rs`,
//! `probe.rs` and `aftermath.rs` (a disturbance), `claim.rs` (what people say), `estimates.rs` (what holds for a whole run),
//! `scorecard.rs`, `answer.rs` and `advice.rs` (two contenders in everything that was measured of them), `options.rs` (what
//! one was measured with), `why.rs` (what is behind that), `vote.rs` and `monday.rs` (the same for a room), `predicted.rs`
//! (what was expected). What they share: `title.rs`, `name.rs`, `fact.rs` and `wording.rs`.

pub mod advice;
mod aftermath;
pub mod answer;
mod carried;
pub(crate) mod claim;
mod compared;
pub mod estimates;
mod fact;
mod held;
mod load_curve;
pub(crate) mod moments;
pub(crate) mod monday;
mod name;
mod of_group;
mod options;
mod parts;
pub mod predicted;
pub(crate) mod probe;
pub mod scorecard;
mod served;
mod title;
pub(crate) mod vote;
pub(crate) mod why;
mod wording;

pub(crate) use carried::{LoadCarried, carried};
pub(crate) use compared::measured;
pub(crate) use fact::Fact;
pub(crate) use held::{MemoryHeld, held, show_slope};
pub(crate) use load_curve::{LoadCurve, LoadCurvePoint, load_curve};
pub(crate) use name::DisplayedName;
pub(crate) use of_group::{at_load, at_trials, bars, percentile};
pub(crate) use parts::{PartTimes, largest_parts};
pub(crate) use served::served;
pub(crate) use title::Title;
