//! What measures: the load generator, the backend that answers beside it, the watch on a process from outside, what one thread
//! and one task cost, and the clock that they all read.
//!
//! Nothing here knows models, runs or reports: a server is an address and a process id. It is a package of its own because its
//! code takes part in every measurement, so a release build optimises it as it does the servers; the harness, which asks, judges
//! and shows, is not optimised.
#![deny(unsafe_code)]
#![cfg_attr(not(test), warn(clippy::disallowed_methods))]

mod alarm;
pub mod allocator;
pub mod backend;
pub mod clock;
#[cfg(any(test, fuzzing))]
#[doc(hidden)]
pub mod fuzzing;
pub mod load;
pub mod microcosts;
pub mod observe;
