//! What figures and sentences say, in words: titles, and what became of a server that something was done to.
//!
//! Below charts and summaries, both of which speak so. Must not know: pixels, tables, HTML. A file per kind of figure:
//! `compared.rs` (contenders in one metric), `load_curve.rs` (response times over the load), `held.rs` (connections held),
//! `carried.rs` (a search under an objective), `probe.rs` and `aftermath.rs` (a disturbance), `scorecard.rs`, `answer.rs` and `advice.rs` (two
//! contenders in everything that was measured of them).

pub mod advice;
mod aftermath;
pub mod answer;
mod carried;
mod compared;
mod held;
mod load_curve;
pub(crate) mod probe;
pub mod scorecard;

pub(crate) use carried::carried;
pub(crate) use compared::{RankedEntry, compared, no_verdict};
pub(crate) use held::{MemoryHeld, held, show_slope};
pub(crate) use load_curve::{LoadCurve, LoadCurvePoint, load_curve};
