//! Performs the work that `service/` decided on: `blocking.rs` for threads, `nonblocking.rs` for tasks.
//!
//! The two are twins, line by line, and a test holds them to it; only what waits differs. It knows nothing
//! of connections or of who runs it.

pub(crate) mod blocking;
pub(crate) mod nonblocking;
pub(crate) mod spin;
