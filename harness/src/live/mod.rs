//! Several servers under the same load, seen while it runs.
//!
//! Nothing in here is a measurement: a load that a person changes by hand, on servers that share their CPUs, shows what
//! happens and proves nothing. Read `frame.rs`, what is seen at one moment. Must not know: how frames are shown.

mod frame;

pub use frame::{Activity, Asked, BusyThread, Frame, Memory, ModelFrame, State};
