//! Launching servers in processes of their own, supervising them, and leaving none behind.
//!
//! A server of ours is this very program, executed again with `serve`: what is measured cannot be a stale sibling, even
//! where the program is built anew meanwhile (`image.rs`). The two sides talk over pipes. The parent holds the child's stdin
//! open for as long as the child may live, and asks there how things stand; the child says on stdout where it listens, what it
//! is asked, and at its end what it counted ([`message`]). Three things keep orphans away, each enough for some way in which the parent may end: [`ServerProcess`]
//! kills when dropped (an error path), end of file on the child's stdin (a crash, an exit), and the kernel's death signal
//! (`kill -9` while the child is too busy to read). What a server may take is bounded from outside (`bounds.rs`).
//! `launch.rs`, `server_process.rs` and [`Channel`] are the parent's side, `supervised.rs` is the child's. A program of
//! another hand can serve too (`command.rs`): it is told a port, says nothing, and a process of ours waits beside it to end
//! what it started, and what went into the background is ended too (`orphans.rs`).
//!
//! Must not know: what a server is measured for, models, load. A contender is a string that goes on a command line.

mod bounds;
mod child;
mod command;
mod error;
mod image;
mod launch;
pub mod message;
mod orphans;
mod pipe;
mod reap;
mod server_process;
pub mod supervised;

pub use bounds::{Cap, left_groups, sweep_control_groups};
pub(crate) use child::StderrTail;
pub use command::{ADDRESS, BACKEND_VARIABLE, CommandLaunch, PORT, PORT_VARIABLE, launch_command};
pub use error::{LaunchFailure, ProcessError};
pub use image::{HeldProgram, bear_own_name, sha256_of_own_image};
pub use launch::{Launch, launch, launch_program, launch_subject, launch_traced};
pub use message::Channel;
#[cfg(any(test, fuzzing))]
pub(crate) use message::fuzzed;
pub use orphans::guard;
pub use pipe::answer_of;
pub use reap::{Death, LifeUsage};
pub use server_process::{ServerProcess, Stopped};
