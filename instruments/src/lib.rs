//! What measures: the load generator, the watch on a process from outside, what threads and tasks cost, and what they all read
//! the time from.
//!
//! Nothing here knows that there are models, runs or reports to be written: a server is an address and a process id. It is a
//! package of its own because what it does is part of every measurement, and so it is built for speed; the rest of the harness
//! asks, judges and shows, and is built to be built fast.
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
