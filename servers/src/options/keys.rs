//! One constant for each option; where models differ in a default or in the values they take, one for each case.

use super::cpus::cpus_of_a_server;

use super::server_options::OptionKey;
use super::values::{
    Accepting, KIB, Keyword, LockKind, MIB, Spawning, WorkPlacement, parse_count, parse_count_or_off, parse_percent,
    parse_size, parse_timeout_or_off, show_size, show_timeout, show_unless_off,
};
use crate::protocol::MAX_READ_BUFFER_BYTES;

/// A task can be dropped in the middle of its work, a thread can't.
pub(crate) const ABANDON: OptionKey = OptionKey {
    name: "abandon",
    summary: "how long work for a client that has closed its side goes on before it is dropped at its next .await; off lets \
              it finish",
    set: |options, value| store(parse_timeout_or_off(value), &mut options.abandon),
    show: |options| show_unless_off(options.abandon, show_timeout),
    ..IDLE_TIMEOUT
};

/// For a runtime that has workers to run the loops.
pub(crate) const ACCEPT_IN_TASKS: OptionKey = OptionKey {
    name: "accept",
    summary: "who accepts: single, one loop; reuseport, a loop and a socket of its own for each CPU or worker, among \
              which the kernel deals out the connections. Not with max-connections",
    expected: "single or reuseport",
    own_default: None,
    set: |options, value| store(Accepting::parse(value), &mut options.accepting),
    show: |options| options.accepting.show(),
};

/// Where threads are as many as there are connections, there is a loop for each CPU that this process may use.
pub(crate) const ACCEPT_ON_THREADS: OptionKey =
    OptionKey { own_default: RUNTIME_WORKERS.own_default, ..ACCEPT_IN_TASKS };

/// Every model accepts connections.
pub(crate) const BACKLOG: OptionKey = OptionKey {
    name: "backlog",
    summary: "connections the kernel may hold until they are accepted",
    expected: "a whole number from 1 to 65535",
    own_default: None,
    set: |options, value| store(parse_count(value, 65_535).map(|backlog| backlog as u32), &mut options.backlog),
    show: |options| options.backlog.to_string(),
};

/// What services have: without it, no client waits for another at the backend.
pub(crate) const BACKEND_POOL: OptionKey = OptionKey {
    name: "backend-pool",
    summary: "connections to the backend that all clients share; off gives each client one of its own",
    expected: "a whole number from 1 to 4096, or off",
    own_default: None,
    set: |options, value| store(parse_count_or_off(value, 4096), &mut options.backend_pool),
    show: |options| show_unless_off(options.backend_pool, |connections| connections.to_string()),
};

/// For models whose accept loop can wait for what the others do.
pub(crate) const DRAIN: OptionKey = OptionKey {
    name: "drain",
    summary: "how long a server that is told to stop waits at most for the requests it has begun; off does not wait",
    set: |options, value| store(parse_timeout_or_off(value), &mut options.drain),
    show: |options| show_unless_off(options.drain, show_timeout),
    ..IDLE_TIMEOUT
};

/// How many threads a runtime may start beside its workers. Tokio's own default; a job beyond it waits in a queue.
pub(crate) const BLOCKING_THREADS: OptionKey = OptionKey {
    name: "blocking-threads",
    summary: "threads that spawn-blocking may have; further jobs wait in a queue",
    expected: "a whole number from 1 to 16384",
    own_default: None,
    set: |options, value| store(parse_count(value, 16_384), &mut options.blocking_threads),
    show: |options| options.blocking_threads.to_string(),
};

/// A limit that a byte now and then cannot put off.
pub(crate) const FRAME_DEADLINE: OptionKey = OptionKey {
    name: "frame-deadline",
    summary: "time from a request's first byte until all of it must be there; further bytes do not extend it",
    set: |options, value| store(parse_timeout_or_off(value), &mut options.frame_deadline),
    show: |options| show_unless_off(options.frame_deadline, show_timeout),
    ..IDLE_TIMEOUT
};

/// The usual per-read timeout.
pub(crate) const IDLE_TIMEOUT: OptionKey = OptionKey {
    name: "idle-timeout",
    summary: "time without a byte after which a connection is closed; each byte starts it again",
    expected: "a time from 1ms to 3600s, such as 5s or 250ms, or off",
    own_default: None,
    set: |options, value| store(parse_timeout_or_off(value), &mut options.idle_timeout),
    show: |options| show_unless_off(options.idle_timeout, show_timeout),
};

/// Where there is more than one connection at a time.
pub(crate) const MAX_CONNECTIONS: OptionKey = OptionKey {
    name: "max-connections",
    summary: "open connections from which on the server accepts no more until one ends",
    expected: "a whole number from 1 to 1000000, or off",
    own_default: None,
    set: |options, value| store(parse_count_or_off(value, 1_000_000), &mut options.max_connections),
    show: |options| show_unless_off(options.max_connections, |connections| connections.to_string()),
};

/// What a client may have done for it, however quickly it asks and whether or not it reads.
pub(crate) const MAX_WORK: OptionKey = OptionKey {
    name: "max-work",
    summary: "work that one connection may ask for before it is closed: the time of its calls, sleeps, blocks, spins and locks",
    set: |options, value| store(parse_timeout_or_off(value), &mut options.max_work),
    show: |options| show_unless_off(options.max_work, show_timeout),
    ..IDLE_TIMEOUT
};

/// A limit that the kernel keeps, so that it costs no model a timer.
pub(crate) const UNREAD_TIMEOUT: OptionKey = OptionKey {
    name: "unread-timeout",
    summary: "how long a client may leave replies unread, once all buffers are full, before its connection is reset",
    set: |options, value| store(parse_timeout_or_off(value), &mut options.unread_timeout),
    show: |options| show_unless_off(options.unread_timeout, show_timeout),
    ..IDLE_TIMEOUT
};

/// A thread can only block, so this is a choice of tasks alone.
pub(crate) const MUTEX: OptionKey = OptionKey {
    name: "mutex",
    summary: "the lock that lock requests take: std's, which blocks the thread while it is held; tokio's, held across an \
              .await; or one like std's held across an .await, which can stop every task",
    expected: "tokio, std or std-across-await",
    own_default: None,
    set: |options, value| store(LockKind::parse(value), &mut options.mutex),
    show: |options| options.mutex.show(),
};

/// For a runtime that can hand its other tasks to another worker.
pub(crate) const PLACEMENT_ON_WORKERS: OptionKey = OptionKey {
    name: "placement",
    summary: "where spin requests compute and block requests block; yielding computes in pieces, and blocks as inline does",
    expected: "inline, yielding, spawn-blocking, block-in-place or rayon",
    own_default: None,
    set: |options, value| store(WorkPlacement::parse(value), &mut options.placement),
    show: |options| options.placement.show(),
};

/// For a runtime with nobody to hand its other tasks to.
pub(crate) const PLACEMENT_ON_ONE_THREAD: OptionKey = OptionKey {
    expected: "inline, yielding, spawn-blocking or rayon (block-in-place would panic: it needs a runtime with \
               workers, such as async-multi)",
    set: |options, value| {
        let known = WorkPlacement::parse(value);
        store(known.filter(|known| *known != WorkPlacement::BlockInPlace), &mut options.placement)
    },
    ..PLACEMENT_ON_WORKERS
};

/// A thread of its own may compute as long as it likes; what is left to choose is how many do so at a time.
pub(crate) const PLACEMENT_ON_THREADS: OptionKey = OptionKey {
    summary: "where spin requests compute and block requests block; rayon's pool has a thread for each CPU",
    expected: "inline or rayon",
    set: |options, value| {
        let known = WorkPlacement::parse(value);
        let possible = [WorkPlacement::Inline, WorkPlacement::Rayon];
        store(known.filter(|known| possible.contains(known)), &mut options.placement)
    },
    ..PLACEMENT_ON_WORKERS
};

/// Small for a reason (see [`READ_BUFFER_BYTES`](crate::protocol::READ_BUFFER_BYTES)): this is to see what a usual one
/// makes of an idle connection.
pub(crate) const BUFFER: OptionKey = OptionKey {
    name: "read-buffer",
    summary: "size of the read buffer, which every connection holds, idle or not",
    expected: "a size from 64 bytes to 64KiB, such as 8KiB",
    own_default: None,
    set: |options, value| store(parse_size(value, 64..=MAX_READ_BUFFER_BYTES), &mut options.read_buffer_bytes),
    show: |options| show_size(options.read_buffer_bytes),
};

/// For threads that are spawned while clients wait.
pub(crate) const SPAWN: OptionKey = OptionKey {
    name: "spawn",
    summary: "what happens when no thread can be started: builder turns the client away; panicking, as thread::spawn \
              does, ends the server",
    expected: "builder or panicking",
    own_default: None,
    set: |options, value| store(Spawning::parse(value), &mut options.spawning),
    show: |options| options.spawning.show(),
};

/// Stacks are reserved, not used: a larger one costs address space. Two mebibytes are the default of std.
pub(crate) const STACK: OptionKey = OptionKey {
    name: "stack",
    summary: "address space reserved for the stack of each thread",
    expected: "a size from 32KiB to 1024MiB, such as 64KiB",
    own_default: None,
    set: |options, value| store(parse_size(value, 32 * KIB..=1024 * MIB), &mut options.stack_bytes),
    show: |options| show_size(options.stack_bytes),
};

/// A server that is known to be slower: what finds a difference between this and the same without it can be believed.
pub(crate) const STRETCH: OptionKey = OptionKey {
    name: "stretch",
    summary: "time that call, sleep, block, spin and lock take, as a share of what is asked for: a known difference for a \
              comparison to find",
    expected: "a whole percentage from 100% to 1000%, such as 120%",
    own_default: None,
    set: |options, value| store(parse_percent(value), &mut options.stretch_percent),
    show: |options| format!("{}%", options.stretch_percent),
};

/// The size of a pool that owns its connections: four, as in the Rust Book.
pub(crate) const POOL_WORKERS: OptionKey = OptionKey { own_default: Some(|options| options.workers = 4), ..WORKERS };

/// The size of a pool that no connection waits in: as many as there are CPUs that this process may use.
pub(crate) const RUNTIME_WORKERS: OptionKey =
    OptionKey { own_default: Some(|options| options.workers = cpus_of_a_server()), ..WORKERS };

/// As many, and each of them accepts for itself.
pub(crate) const PER_CORE_WORKERS: OptionKey = OptionKey {
    own_default: Some(|options| {
        options.workers = cpus_of_a_server();
        options.accepting = Accepting::Reuseport;
    }),
    ..WORKERS
};

const WORKERS: OptionKey = OptionKey {
    name: "workers",
    summary: "threads that serve connections",
    expected: "a whole number from 1 to 4096",
    own_default: None,
    set: |options, value| store(parse_count(value, 4096), &mut options.workers),
    show: |options| options.workers.to_string(),
};

/// Takes a value over, where there is one.
fn store<T>(value: Option<T>, place: &mut T) -> Option<()> {
    *place = value?;
    Some(())
}
