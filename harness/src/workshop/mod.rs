//! Lessons for a room or for one: a question with its answers, a short run that decides between them, and what to say then.
//!
//! A learner predicts first, then the run shows, on their own machine, which answer is right, or that it can't tell. Plain
//! data and pure functions. Must not know: I/O, clocks, how a run is carried out, how a lesson is shown. Read in this
//! order: `lesson.rs` (what a lesson is), `lessons/mod.rs` (all of them, a file each), `course.rs` (a lesson as a run),
//! `settle.rs` (from a run to the right answer), `source.rs` (two models' code side by side).
//!
//! Words: a *prediction* is the answer that a learner chose before the run, and how sure they were. A *room* is learners who
//! answer from their phones, a *vote* is what one of them says, and a *round* is the votes before or after the discussion.

pub mod course;
pub mod lesson;
mod lessons;
pub mod settle;
pub mod source;

pub use lessons::{LESSONS, find};
