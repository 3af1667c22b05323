//! Who ran what: an optional note of every step of every request, with its thread and its time.
//!
//! Off by default, and then a note is one branch. On, it goes into the next of a fixed number of slots: nothing is
//! allocated, and no thread waits for another. Only with its first note a thread leaves its name too, which takes both. When
//! the slots are used up, the rest is counted and not kept.
//!
//! Must not know: what a step means to whoever draws it. Beside it: `connection/` and `work/`, which make the notes.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU8, AtomicU32, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use rustix::thread::gettid;
use serde::{Deserialize, Serialize};

use crate::clock::monotonic_ns;

/// A step in the life of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Moment {
    /// It was accepted; nobody has read from it yet.
    Accepted,
    /// Bytes have come, and a thread runs for this connection.
    Read,
    /// The work of a request begins.
    Begun,
    /// What follows is waited for on this thread, which can do nothing else meanwhile.
    Parked,
    /// What follows is waited for without a thread: this one is free for others.
    Suspended,
    /// A thread runs for the request again, not always the one that did before.
    Resumed,
    /// The work has ended; the reply is put together and written.
    Ended,
    /// The reply is with the kernel.
    Written,
}

const MOMENTS: [Moment; 8] = {
    use Moment::{Accepted, Begun, Ended, Parked, Read, Resumed, Suspended, Written};
    [Accepted, Read, Begun, Parked, Suspended, Resumed, Ended, Written]
};

/// One note.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct TraceEvent {
    /// When, in nanoseconds of the monotonic clock.
    pub at_ns: u64,
    /// The connection, counted from 1 in the order of their acceptance.
    pub connection: u64,
    /// The kernel's number of the thread that made the note.
    pub thread: u32,
    /// What happened.
    pub moment: Moment,
}

/// All that was noted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TraceRecord {
    /// Process id of the server, which is also the number of its first thread.
    pub pid: u32,
    /// What each thread is called, by its number.
    pub names: BTreeMap<u32, String>,
    /// Notes for which there was no slot any more. Where there are any, the trace ends before the server did.
    pub lost: u64,
    /// The notes in the order of their times.
    pub events: Vec<TraceEvent>,
}

/// Places for notes, shared by all threads of a server.
#[derive(Debug)]
pub struct Trace {
    slots: Box<[TraceSlot]>,
    next: AtomicUsize,
    names: Mutex<BTreeMap<u32, String>>,
}

/// A note under construction. The time is stored last, and zero means that it is not there yet.
#[derive(Debug, Default)]
struct TraceSlot {
    at_ns: AtomicU64,
    connection: AtomicU64,
    thread: AtomicU32,
    moment: AtomicU8,
}

impl Trace {
    /// Places for so many notes, at 24 bytes each, all allocated here.
    pub fn with_slots(count: usize) -> Arc<Trace> {
        let slots = std::iter::repeat_with(TraceSlot::default).take(count).collect();
        Arc::new(Trace { slots, next: AtomicUsize::new(0), names: Mutex::default() })
    }

    /// What was noted up to now. Notes that are just being made are left out.
    pub fn record(&self) -> TraceRecord {
        let used = self.next.load(Ordering::Relaxed);
        let mut events: Vec<TraceEvent> = self.slots.iter().take(used).filter_map(TraceSlot::event).collect();
        events.sort_by_key(|event| event.at_ns);
        let names = self.names.lock().unwrap_or_else(PoisonError::into_inner).clone();
        TraceRecord { pid: std::process::id(), names, lost: used.saturating_sub(self.slots.len()) as u64, events }
    }

    fn note(&self, connection: u64, moment: Moment) {
        let at_ns = monotonic_ns();
        let slot = self.next.fetch_add(1, Ordering::Relaxed);
        if let Some(slot) = self.slots.get(slot) {
            slot.connection.store(connection, Ordering::Relaxed);
            slot.thread.store(this_thread(&self.names), Ordering::Relaxed);
            slot.moment.store(moment as u8, Ordering::Relaxed);
            slot.at_ns.store(at_ns, Ordering::Release);
        }
    }
}

impl TraceSlot {
    fn event(&self) -> Option<TraceEvent> {
        let at_ns = self.at_ns.load(Ordering::Acquire);
        let moment = *MOMENTS.get(usize::from(self.moment.load(Ordering::Relaxed)))?;
        let (connection, thread) = (self.connection.load(Ordering::Relaxed), self.thread.load(Ordering::Relaxed));
        (at_ns > 0).then_some(TraceEvent { at_ns, connection, thread, moment })
    }
}

/// Asks the kernel once per thread: that takes a system call, a note must not. Then it also leaves the thread's name.
fn this_thread(names: &Mutex<BTreeMap<u32, String>>) -> u32 {
    thread_local! {
        static NUMBER: Cell<Option<u32>> = const { Cell::new(None) };
    }
    NUMBER.get().unwrap_or_else(|| {
        let number = u32::try_from(gettid().as_raw_pid()).expect("the kernel numbers threads from 1");
        NUMBER.set(Some(number));
        let name = std::thread::current().name().unwrap_or("").to_owned();
        names.lock().unwrap_or_else(PoisonError::into_inner).insert(number, name);
        number
    })
}

/// What a connection makes its notes with. It goes where the connection's work goes, to other threads too.
#[derive(Debug, Clone)]
pub(crate) struct ConnectionTrace {
    trace: Option<Arc<Trace>>,
    connection: u64,
}

impl ConnectionTrace {
    pub(crate) fn new(trace: Option<&Arc<Trace>>, connection: u64) -> ConnectionTrace {
        ConnectionTrace { trace: trace.map(Arc::clone), connection }
    }

    /// The number of the connection, from 1.
    pub(crate) fn connection_number(&self) -> u64 {
        self.connection
    }

    /// Notes that this has just happened, on the thread that calls.
    pub(crate) fn note(&self, moment: Moment) {
        if let Some(trace) = &self.trace {
            trace.note(self.connection, moment);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notes_are_kept_with_their_thread_until_the_slots_are_used_up() {
        let trace = Trace::with_slots(3);
        let notes = ConnectionTrace::new(Some(&trace), 7);
        notes.note(Moment::Read);
        let theirs = notes.clone();
        let other = std::thread::Builder::new().name("worker 2".into());
        other.spawn(move || theirs.note(Moment::Suspended)).unwrap().join().unwrap();
        notes.note(Moment::Written);
        notes.note(Moment::Read);
        let TraceRecord { lost, events, names, .. } = trace.record();
        assert_eq!((lost, names.len()), (1, 2));
        assert_eq!(names[&events[1].thread], "worker 2");
        let moments: Vec<Moment> = events.iter().map(|event| event.moment).collect();
        assert_eq!(moments, [Moment::Read, Moment::Suspended, Moment::Written]);
        assert!(events.iter().all(|event| event.connection == 7));
        assert_eq!(events[0].thread, events[2].thread);
        assert_ne!(events[0].thread, events[1].thread);
        assert!(events.is_sorted_by_key(|event| event.at_ns));
    }

    #[test]
    fn moments_survive_their_way_through_a_byte() {
        for (number, moment) in MOMENTS.into_iter().enumerate() {
            assert_eq!(number, moment as usize);
        }
    }

    #[test]
    fn without_a_trace_nothing_is_noted() {
        ConnectionTrace::new(None, 1).note(Moment::Read);
    }
}
