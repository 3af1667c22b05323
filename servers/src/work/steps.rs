//! Work for an event loop, which must not wait: what ends at once is done, what takes time is begun, and asked later
//! whether it has ended. Beside it: `work.rs`, which does the same for a thread and for a task.

use std::io;
use std::ops::ControlFlow::{self, Break, Continue};
use std::time::Instant;

use mio::net::TcpStream;
use mio::{Registry, Token};

use super::call::BackendLink;
use super::call::stepwise::SteppedCall;
use super::{Performed, perform_on_thread};
use crate::server::Server;
use crate::service::WorkOrder;
use crate::trace::{ConnectionTrace, Moment};

/// What became of work that was begun.
pub(crate) enum Begun<'a> {
    /// It has ended.
    Done(Performed<'a>),
    /// It takes its time.
    Underway(Underway),
}

/// Work that takes its time, and what it waits for. A future, but for the word.
#[derive(Debug)]
pub(crate) enum Underway {
    /// The moment at which it ends.
    Timer(Instant),
    /// The backend's answer.
    Call(SteppedCall),
    /// Another thread, which has it, and what that has brought back.
    Elsewhere(Option<io::Result<ReturnedWork>>),
}

/// Begins a work order on the thread of an event loop. `told` is who is told, and as what, when a socket to the backend is
/// ready. An error ends the connection.
///
/// A loop can wait for a moment or for a socket while it serves others. It can't do so while it computes, nor in a call
/// that blocks, nor for a lock: all connections wait for those.
pub(crate) fn begin_on_loop<'a>(
    order: WorkOrder<'a>,
    backend: &mut BackendLink<TcpStream>,
    told: (&Registry, Token),
    trace: &ConnectionTrace,
    server: &Server,
) -> io::Result<Begun<'a>> {
    let underway = match order {
        WorkOrder::Call(duration) => {
            trace.note(Moment::Begun);
            match SteppedCall::begin(duration, backend, told, server) {
                Ok(call) => Underway::Call(call),
                Err(error) => {
                    trace.note(Moment::Ended);
                    return Ok(Begun::Done(Performed::BackendFailed(error)));
                }
            }
        }
        WorkOrder::Sleep(duration) => {
            trace.note(Moment::Begun);
            Underway::Timer(Instant::now() + duration)
        }
        at_once => return perform_at_once(at_once, trace, server).map(Begun::Done),
    };
    trace.note(Moment::Suspended);
    Ok(Begun::Underway(underway))
}

/// What neither calls nor sleeps, done here and now.
pub(super) fn perform_at_once<'a>(
    order: WorkOrder<'a>,
    trace: &ConnectionTrace,
    server: &Server,
) -> io::Result<Performed<'a>> {
    perform_on_thread(order, &mut BackendLink::default(), trace, server)
}

impl Underway {
    /// What became of it, or the work itself where it has not ended. The links to the backend are the connection's own:
    /// the loop's, and the one that workers borrow.
    pub(crate) fn poll(
        self,
        backend: &mut BackendLink<TcpStream>,
        worker_backend: &mut BackendLink<std::net::TcpStream>,
        trace: &ConnectionTrace,
    ) -> io::Result<ControlFlow<Performed<'static>, Underway>> {
        let performed = match self {
            Underway::Timer(ends_at) if ends_at <= Instant::now() => Performed::WAITED,
            Underway::Timer(_) | Underway::Elsewhere(None) => return Ok(Continue(self)),
            Underway::Call(call) => match call.poll(backend) {
                Break(Ok(())) => Performed::WAITED,
                Break(Err(error)) => Performed::BackendFailed(error),
                Continue(call) => return Ok(Continue(Underway::Call(call))),
            },
            Underway::Elsewhere(Some(result)) => {
                trace.note(Moment::Resumed);
                let returned = result?;
                *worker_backend = returned.backend;
                return Ok(Break(returned.performed));
            }
        };
        trace.note(Moment::Resumed);
        trace.note(Moment::Ended);
        Ok(Break(performed))
    }

    /// When it is worth asking again, where a clock says so.
    pub(crate) fn ends_at(&self) -> Option<Instant> {
        match self {
            Underway::Timer(ends_at) => Some(*ends_at),
            Underway::Call(_) | Underway::Elsewhere(_) => None,
        }
    }
}

/// A work order that another thread is to do, and the connection's link to the backend, should it need one.
#[derive(Debug)]
pub(crate) struct HandedWork {
    order: WorkOrder<'static>,
    backend: BackendLink<std::net::TcpStream>,
    trace: ConnectionTrace,
}

/// What comes back from there.
#[derive(Debug)]
pub(crate) struct ReturnedWork {
    performed: Performed<'static>,
    backend: BackendLink<std::net::TcpStream>,
}

impl HandedWork {
    pub(crate) fn new(
        order: WorkOrder<'_>,
        backend: BackendLink<std::net::TcpStream>,
        trace: &ConnectionTrace,
    ) -> HandedWork {
        trace.note(Moment::Suspended);
        HandedWork { order: order.into_owned(), backend, trace: trace.clone() }
    }

    /// Does the work on this thread, which waits for it.
    pub(crate) fn perform(mut self, server: &Server) -> io::Result<ReturnedWork> {
        let performed = perform_on_thread(self.order, &mut self.backend, &self.trace, server);
        self.trace.note(Moment::Suspended);
        Ok(ReturnedWork { performed: performed?, backend: self.backend })
    }
}
