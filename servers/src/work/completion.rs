//! Performs work in a task where the kernel completes reads and writes. Beside it: `work.rs`, which does the same in a task
//! of tokio's; what needs no runtime is done there.

use std::io;

use compio::net::TcpStream;

use super::Performed;
use super::call::BackendLink;
use super::call::completion::call_by_completion;
use super::steps::perform_at_once;
use crate::server::Server;
use crate::service::WorkOrder;
use crate::trace::{ConnectionTrace, Moment};

/// Performs a work order and gives its result. An error ends the connection.
///
/// All connections have one thread, so a lock that is held while waiting is waited for by the thread and with it by all.
pub(crate) async fn perform_by_completion<'a>(
    order: WorkOrder<'a>,
    backend: &mut BackendLink<TcpStream>,
    trace: &ConnectionTrace,
    server: &Server,
) -> io::Result<Performed<'a>> {
    let performed = match order {
        WorkOrder::Call(duration) => {
            trace.note(Moment::Begun);
            match call_by_completion(duration, backend, trace, server).await {
                Ok(()) => Performed::WAITED,
                Err(error) => Performed::BackendFailed(error),
            }
        }
        WorkOrder::Sleep(duration) => {
            trace.note(Moment::Begun);
            trace.note(Moment::Suspended);
            compio::time::sleep(duration).await;
            trace.note(Moment::Resumed);
            Performed::WAITED
        }
        at_once => return perform_at_once(at_once, trace, server),
    };
    trace.note(Moment::Ended);
    Ok(performed)
}
