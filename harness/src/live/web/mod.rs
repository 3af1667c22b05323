//! A page that follows a run, and its figures for Prometheus, served on loopback by a thread of their own.
//!
//! The one place besides the microcosts that knows tokio: a current-thread runtime on a thread that keeps to the
//! generator's CPUs. Between two events it waits in epoll, without a timer. Must not know: runs, plans, servers; it is told
//! [`PageEvent`]s. Read in this order: `event.rs`, `notes.rs`, `board.rs`, `visitors.rs`, `routes.rs`, `limits.rs`,
//! `server.rs`, with `page.html` and `page.js` (a run) or `session.html` and `session.js` (servers that are watched). Then
//! `desk.rs` (a workshop, where something can be told too) with `workshop.html`, `workshop.js`, `votes.js` and `trainer.js`,
//! and `room.rs` with `rates.rs` (phones that vote, the one page for other machines). `metrics.rs` and `exposition.rs` are
//! for scrapers, `flood.rs` has clients that mean no good.

mod board;
mod desk;
mod event;
mod exposition;
#[cfg(test)]
mod flood;
mod limits;
mod metrics;
mod notes;
mod rates;
mod room;
mod routes;
mod server;
mod visitors;

pub use desk::{Desk, DeskRefusal};
pub use event::{Buckets, CellLabels, CellSummary, DrawnPieces, PageEvent, ServerFigures};
pub use room::{PhoneLimits, Room, Voter};
pub use routes::PageView;
pub use server::{Web, WebError};
#[cfg(any(test, fuzzing))]
pub(crate) use visitors::fuzzed;
