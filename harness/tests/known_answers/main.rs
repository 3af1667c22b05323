//! The whole measurement against servers whose truth is known: what is published must be what happened.
//!
//! A machine that was busy with something else cannot decide. Where the truth was disturbed, and only there, a test
//! tries again, and says in the end that it could not decide instead of failing.

#![allow(clippy::unwrap_used, reason = "a panic in a test's helper is the test's failure")]

mod delays;
mod misbehaving;
mod own_limits;
mod stall;
mod subject;
