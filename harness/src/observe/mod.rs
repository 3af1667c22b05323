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

mod affinity;
mod busiest;
pub(crate) mod cgroups;
mod clocks;
pub(crate) mod cpu_totals;
mod family;
mod hiccups;
mod inside;
mod limits;
mod machine;
mod noise;
mod observer;
mod proc_file;
mod process_reader;
mod quota;
mod settle;
mod socket_diag;
mod sockets;
pub(crate) mod status;
mod thread_times;
mod threads;

pub use affinity::{allowed_cpus, restrict_this_thread};
pub use busiest::Glance;
pub use clocks::process_cpu;
pub(crate) use family::fields_after_name;
pub use family::{Extent, cpu_time, descendants};
pub use inside::Ask;
pub use limits::{Needs, limits, raise_soft_descriptor_limit, shortfalls};
pub use machine::machine;
pub use noise::{MachineSeen, MachineWatch, ServerCpu};
pub use observer::{Observed, Observer, Watch};
pub use process_reader::{ProcessReader, peak_resident_bytes};
pub(crate) use quota::QuotaReader;
pub use quota::cpu_quota;
pub use settle::settled_sample;
pub use sockets::socket_buffer_bytes;
pub use threads::{ThreadReading, threads};
