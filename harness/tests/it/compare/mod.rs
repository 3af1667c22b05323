//! `harness compare` as a person meets it: the real program, its folder, its exit codes, and what is left of its
//! servers when things go wrong.
//!
//! Other tests keep the machine busy, so none of these says who is faster.

mod against;
mod builds;
mod busy;
mod diff;
mod disks;
mod elsewhere;
mod faults;
mod killed;
mod lifetimes;
mod live;
mod live_page;
mod namespaces;
mod refusals;
mod resume;
mod unquiet;
mod whole;
