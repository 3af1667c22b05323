//! The options of servers: what each is called, what it may be, what it is when nobody says. `server_options.rs` has their
//! values and defaults, `keys.rs` one constant for each, `values.rs` the kinds of values. Each model names those it has
//! in its file in `models/`; `contender.rs` reads them from what a person types.

mod cpus;
mod keys;
mod server_options;
mod values;

pub use cpus::{are_cpus_assumed, assume_cpus};
pub(crate) use keys::*;
pub use server_options::{OptionKey, ServerOptions};
pub use values::{Accepting, LockKind, Spawning, WorkPlacement};
