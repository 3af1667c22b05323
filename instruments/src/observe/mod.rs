//! Looking at a process and at the machine from outside.
//!
//! Everything is read through `/proc`, CPU clocks and the kernel's socket diagnostics: what is observed needs no
//! cooperation, and is the same for every server. Nothing of a server is known here but its process id and, for socket
//! memory, its address. All times are `CLOCK_MONOTONIC`.
//!
//! Costs decide what is read when. `status` costs microseconds and is sampled during load; `smaps_rollup` walks every
//! page table and is read only where a process has come to rest; the thread list is walked only while it is short, and the
//! more rarely the longer it takes. The context switches in `status` are the main thread's alone, so they are not read at
//! all: the reaped child's totals are exact. Only what a process says of its inside needs its help, and how to ask for
//! that is known elsewhere.

pub mod cgroups;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzzed;
mod identity;
mod machine;
mod observer;
pub mod proc_file;
mod process_reader;
mod sockets;
mod threads;

pub use cgroups::QuotaReader;
pub use cgroups::cpu_quota;
pub use identity::{ProcessIdentity, user_name};
pub use machine::busiest::Glance;
pub use machine::cpus;
pub use machine::cpus::ServerCpu;
pub use machine::limits::{
    LimitKind, MachineLimit, Needs, free_memory_bytes, limits, raise_soft_descriptor_limit, shortfalls, swapped_bytes,
};
pub use machine::noise::{MachineSeen, MachineWatch};
pub use machine::pinning::{allowed_cpus, restrict_this_thread};
pub use machine::{cpu_latency_limit, idle_driver, machine};
pub use observer::{Ask, Observed, Observer, Watch};
pub use process_reader::fields_after_name;
pub use process_reader::{
    Extent, ProcessReader, cpu_time, descendants, peak_resident_bytes, process_cpu, settled_sample,
};
pub use sockets::{listen_overflows, socket_buffer_bytes};
pub use threads::{ThreadReading, threads};
