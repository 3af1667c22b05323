//! Performs the work that `service/` decided on: `blocking.rs` for threads, `nonblocking.rs` for tasks.
//!
//! The two are twins, line by line, and a test holds them to it; only what waits differs. It knows nothing
//! of connections or of who runs it. What an option decides stands in files of its own: `placement.rs`, `lock.rs`.

pub(crate) mod blocking;
pub(crate) mod lock;
pub(crate) mod nonblocking;
mod placement;
pub(crate) mod spin;
