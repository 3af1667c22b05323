//! Carries a plan out: probes, then block after block in random order, a fresh server process for every cell, each
//! cell written down as soon as it has ended.
//!
//! Must not know: how a report looks, how progress is shown. From large to small: `execution.rs` (a whole run), `series.rs`
//! (cells one after another), `cell.rs` (one cell), and what a cell's task is: load there, `held.rs`, `disturbed.rs`.

mod called;
mod cell;
mod disturbed;
mod elsewhere;
mod execution;
mod findings;
mod held;
mod host;
mod lock;
mod names;
mod placed;
mod preflight;
mod queue;
mod sent;
mod series;
mod served;
mod session;
mod validity;

pub use elsewhere::{Elsewhere, ElsewhereError, OtherMachines};
pub use execution::{Execution, RunEnd, UnwrittenRun};
pub(crate) use held::{HeldServer, hold};
pub use host::ServingMachine;
pub use lock::{LOCK_VARIABLE, LockError, LockHolder, MachineLock};
pub(crate) use names::in_a_name;
pub use preflight::{Preflight, Unfit, preflight, preflight_connections, preflight_for, preflight_side_by_side};
pub use queue::{time_of, time_of_retries};
pub use sent::{worker_doubts, worker_percentiles};
pub use series::RunProgress;
pub use session::{Interrupt, build, commit, utc_now};
pub(crate) use validity::{NOISE, warnings};
pub use validity::{generator_doubts, machine_doubts, traffic_doubts};
