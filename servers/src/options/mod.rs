//! The options of servers: what each is called, what it may be, what it is when nobody says. `server_options.rs` has their
//! values and defaults, `keys.rs` one constant for each, `values.rs` the kinds of values. The models name those they have
//! in `models/mod.rs`; `contender.rs` reads them from what a person types.

mod cpus;
mod keys;
mod server_options;
mod values;

pub use cpus::{are_cpus_assumed, assume_cpus};
pub(crate) use keys::{
    ABANDON, ACCEPT_IN_TASKS, ACCEPT_ON_THREADS, BACKEND_POOL, BACKLOG, BLOCKING_THREADS, BUFFER, DRAIN,
    FRAME_DEADLINE, IDLE_TIMEOUT, MAX_CONNECTIONS, MAX_WORK, MUTEX, PER_CORE_WORKERS, PLACEMENT_ON_ONE_THREAD,
    PLACEMENT_ON_THREADS, PLACEMENT_ON_WORKERS, POOL_WORKERS, RUNTIME_WORKERS, SPAWN, STACK, STRETCH, UNREAD_TIMEOUT,
};
pub use server_options::{OptionKey, ServerOptions};
pub use values::{Accepting, LockKind, Spawning, WorkPlacement};
