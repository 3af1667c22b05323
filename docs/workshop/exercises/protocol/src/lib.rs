//! The protocol of the harness, so that an exercise need not speak of it: requests come as lines of JSON, replies go the same
//! way. `docs/protocol.md` has all of it.
//!
//! `Conversation` knows bytes and messages and does nothing by itself. `serve` and `serve_task` carry one out, on a thread and
//! in a task. Must not know: which server runs them, and where work is done.

mod carried_out;
mod message;

pub use carried_out::{close, close_task, listen, listen_task, on_one_thread, serve, serve_task, spin};
pub use message::{Conversation, Request, Step, Work};
