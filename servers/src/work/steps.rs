//! Work for an event loop, which must not wait: what ends at once is done, what takes time is begun, and asked later
//! whether it has ended. Beside it: `work.rs`, which does the same for a thread and for a task.

use std::borrow::Cow;
use std::io;
use std::time::Instant;

use super::call::BackendLink;
use super::{NO_TEXT, Performed, perform_on_thread};
use crate::server::Server;
use crate::service::WorkOrder;
use crate::trace::{ConnectionTrace, Moment};

/// What became of work that was begun.
pub(crate) enum Begun<'a> {
    /// It has ended, with this result.
    Done(Cow<'a, str>),
    /// It takes its time.
    Underway(Underway),
}

/// Work that takes its time, and what it waits for. A future, but for the word.
#[derive(Debug)]
pub(crate) enum Underway {
    /// The moment at which it ends.
    Timer(Instant),
    /// Another thread, which has it, and its result once it was brought back.
    Elsewhere(Option<io::Result<String>>),
}

/// Begins a work order on the thread of an event loop. An error ends the connection.
///
/// A loop can wait for a moment while it serves others. It can't do so while it computes, nor in a call that blocks, nor
/// for a lock: all connections wait for those.
pub(crate) fn begin_on_loop<'a>(
    order: WorkOrder<'a>,
    trace: &ConnectionTrace,
    server: &Server,
) -> io::Result<Begun<'a>> {
    match order {
        WorkOrder::Sleep(duration) => {
            trace.note(Moment::Begun);
            trace.note(Moment::Suspended);
            Ok(Begun::Underway(Underway::Timer(Instant::now() + duration)))
        }
        at_once => perform_at_once(at_once, trace, server).map(Begun::Done),
    }
}

/// A call has a connection to the backend of its own, and fails with the client's.
fn perform_at_once<'a>(order: WorkOrder<'a>, trace: &ConnectionTrace, server: &Server) -> io::Result<Cow<'a, str>> {
    match perform_on_thread(order, &mut BackendLink::new(), trace, server)? {
        Performed::Done(result) => Ok(result),
        Performed::BackendFailed(error) => Err(io::Error::other(error)),
    }
}

impl Underway {
    /// The result, where there is one by now.
    pub(crate) fn poll(&mut self, trace: &ConnectionTrace) -> io::Result<Option<Cow<'static, str>>> {
        match self {
            Underway::Timer(ends_at) if *ends_at <= Instant::now() => {
                trace.note(Moment::Resumed);
                trace.note(Moment::Ended);
                Ok(Some(NO_TEXT))
            }
            Underway::Elsewhere(result) => {
                let Some(result) = result.take() else { return Ok(None) };
                trace.note(Moment::Resumed);
                result.map(|text| Some(Cow::Owned(text)))
            }
            Underway::Timer(_) => Ok(None),
        }
    }

    /// When it is worth asking again, where a clock says so.
    pub(crate) fn ends_at(&self) -> Option<Instant> {
        match self {
            Underway::Timer(ends_at) => Some(*ends_at),
            Underway::Elsewhere(_) => None,
        }
    }
}

/// A work order that another thread is to do.
#[derive(Debug)]
pub(crate) struct HandedWork {
    order: WorkOrder<'static>,
    trace: ConnectionTrace,
}

impl HandedWork {
    pub(crate) fn new(order: WorkOrder<'_>, trace: &ConnectionTrace) -> HandedWork {
        trace.note(Moment::Suspended);
        HandedWork { order: order.into_owned(), trace: trace.clone() }
    }

    /// Does the work on this thread, which waits for it.
    pub(crate) fn perform(self, server: &Server) -> io::Result<String> {
        let result = perform_at_once(self.order, &self.trace, server).map(Cow::into_owned);
        self.trace.note(Moment::Suspended);
        result
    }
}
