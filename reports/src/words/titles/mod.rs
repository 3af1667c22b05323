//! The titles of figures: one thing each, in at most twelve words, true whatever the data say.
//!
//! A file per kind of figure: `compared.rs` and `of_group.rs` (contenders in one metric), `load_curve.rs` (response times over
//! the load), `held.rs` (connections held), `carried.rs` (a search under an objective), `parts.rs` (what response times are made
//! of), `served.rs` (what others got during a disturbance). What they share: `title.rs`, `name.rs`, `fact.rs`, `wording.rs`.

mod carried;
mod compared;
mod fact;
mod held;
mod load_curve;
mod name;
mod of_group;
mod parts;
mod served;
mod title;
mod wording;

pub(crate) use carried::{LoadCarried, carried};
pub(crate) use compared::measured;
pub(crate) use fact::Fact;
pub(crate) use held::{MemoryHeld, held, show_slope};
pub(crate) use load_curve::{LoadCurve, LoadCurvePoint, load_curve};
pub(crate) use name::{DisplayedName, told_of};
pub(crate) use of_group::{at_load, at_trials, bars, percentile};
pub(crate) use parts::{PartTimes, largest_parts};
pub(crate) use served::served;
pub(crate) use title::{Title, estimates};
pub(super) use wording::alone;
