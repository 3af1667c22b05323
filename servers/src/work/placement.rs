//! Where computing and blocking happen: on the thread that has the request, or somewhere else while it waits.
//! Beside it: `work.rs`, which calls this.
//!
//! A job that panics or is cancelled gives an error, which ends the connection that asked for it and no other.

use std::io;
use std::iter;
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::task::{block_in_place, spawn_blocking, yield_now};

use super::spin::spin;
use crate::containment::contain_panic;
use crate::options::WorkPlacement;
use crate::trace::{ConnectionTrace, Moment};

/// How long a task computes before it lets others run. Tokio's own advice is 10 to 100 us between two `.await`s.
const PIECE: Duration = Duration::from_micros(100);

/// What keeps a thread for itself until it is done.
#[derive(Debug, Clone, Copy)]
pub(crate) enum BlockingJob {
    /// Computes as much as an undisturbed CPU does in this time.
    Spin { duration: Duration, iterations_per_us: u64 },
    /// Blocks the thread that runs it, as a call does that waits for a disk or a database.
    Block(Duration),
}

impl BlockingJob {
    fn run(self, trace: &ConnectionTrace) {
        match self {
            BlockingJob::Spin { duration, iterations_per_us } => spin(duration, iterations_per_us),
            BlockingJob::Block(duration) => {
                trace.note(Moment::Parked);
                thread::sleep(duration);
                trace.note(Moment::Resumed);
            }
        }
    }

    /// Runs on a thread that has been lent to the request for this job alone.
    fn run_elsewhere(self, trace: &ConnectionTrace) {
        trace.note(Moment::Resumed);
        self.run(trace);
        trace.note(Moment::Suspended);
    }

    /// The job in pieces, one after the other. Nothing can cut a blocking call, so that is one piece.
    fn pieces(self) -> impl Iterator<Item = BlockingJob> {
        let mut rest = Some(self);
        iter::from_fn(move || {
            let (piece, left) = match rest? {
                BlockingJob::Spin { duration, iterations_per_us } if duration > PIECE => {
                    let part = |duration| BlockingJob::Spin { duration, iterations_per_us };
                    (part(PIECE), Some(part(duration - PIECE)))
                }
                whole => (whole, None),
            };
            rest = left;
            Some(piece)
        })
    }
}

/// Does the job for a thread, which waits for it.
pub(crate) fn place_on_thread(job: BlockingJob, placement: WorkPlacement, trace: &ConnectionTrace) -> io::Result<()> {
    match placement {
        WorkPlacement::Rayon => {
            let (done, ended) = channel();
            trace.note(Moment::Parked);
            let lent = trace.clone();
            run_on_rayon(move || {
                job.run_elsewhere(&lent);
                // Nobody waits any more where the connection has ended meanwhile.
                let _ = done.send(());
            });
            let ended = ended.recv().map_err(io::Error::other);
            trace.note(Moment::Resumed);
            ended
        }
        // Threads have no other option: the system takes the CPU from one that computes, and gives it to others.
        _ => {
            job.run(trace);
            Ok(())
        }
    }
}

/// Does the job for a task. Inline, all tasks of this worker wait for it; otherwise this one alone.
pub(crate) async fn place_in_task(
    job: BlockingJob,
    placement: WorkPlacement,
    trace: &ConnectionTrace,
) -> io::Result<()> {
    match placement {
        WorkPlacement::Inline => job.run(trace),
        WorkPlacement::Yielding => {
            for (index, piece) in job.pieces().enumerate() {
                // Between the pieces and not after the last: the reply need not wait for others.
                if index > 0 {
                    trace.note(Moment::Suspended);
                    yield_now().await;
                    trace.note(Moment::Resumed);
                }
                piece.run(trace);
            }
        }
        WorkPlacement::SpawnBlocking => {
            trace.note(Moment::Suspended);
            let lent = trace.clone();
            run_on_blocking_pool(move || job.run_elsewhere(&lent)).await?;
            trace.note(Moment::Resumed);
        }
        WorkPlacement::BlockInPlace => block_in_place(|| job.run(trace)),
        WorkPlacement::Rayon => {
            let (done, ended) = oneshot::channel();
            trace.note(Moment::Suspended);
            let lent = trace.clone();
            run_on_rayon(move || {
                job.run_elsewhere(&lent);
                // Nobody waits any more where the connection has ended meanwhile.
                let _ = done.send(());
            });
            ended.await.map_err(io::Error::other)?;
            trace.note(Moment::Resumed);
        }
    }
    Ok(())
}

/// Waits for a job on the runtime's pool for calls that block, which starts a thread where none is free, up to
/// `blocking-threads`, and queues the job beyond them.
async fn run_on_blocking_pool(job: impl FnOnce() + Send + 'static) -> io::Result<()> {
    Ok(spawn_blocking(job).await?)
}

/// Queues a job for rayon's pool. Of a job that panics, whoever waits is told by what it dropped.
///
/// There is one such pool to a process, with a thread for each CPU it may use, so that many requests that compute
/// do not take the CPU from each other.
fn run_on_rayon(job: impl FnOnce() + Send + 'static) {
    // Rayon aborts the whole process where a job panics.
    rayon::spawn(|| contain_panic(job));
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::RecvTimeoutError;

    use super::*;
    use crate::testing::{DEADLINE, TwinWorld, WORLDS};
    use crate::trace::Trace;

    #[test]
    fn computing_is_cut_into_pieces_that_add_up() {
        let job = BlockingJob::Spin { duration: Duration::from_micros(250), iterations_per_us: 7 };
        let durations_us = job.pieces().map(|piece| match piece {
            BlockingJob::Spin { duration, iterations_per_us: 7 } => duration.as_micros(),
            other => panic!("{other:?}"),
        });
        assert_eq!(durations_us.collect::<Vec<_>>(), [100, 100, 50]);
        assert_eq!(BlockingJob::Block(Duration::from_secs(1)).pieces().count(), 1);
    }

    /// What a job's connection notes meanwhile.
    fn moments(world: TwinWorld, job: BlockingJob, placement: WorkPlacement) -> Vec<Moment> {
        let trace = Trace::with_slots(16);
        let notes = ConnectionTrace::new(Some(&trace), 1);
        let on_thread = || place_on_thread(job, placement, &notes);
        world.run(on_thread, async || place_in_task(job, placement, &notes).await).unwrap();
        trace.record().events.iter().map(|event| event.moment).collect()
    }

    #[test]
    fn a_job_runs_where_it_is_placed_for_a_thread_and_for_a_task() {
        use Moment::{Parked, Resumed, Suspended};
        let spin = BlockingJob::Spin { duration: Duration::ZERO, iterations_per_us: 1 };
        for world in WORLDS {
            // A thread is parked while another does its job, a task suspended.
            let waits = if world == TwinWorld::Thread { Parked } else { Suspended };
            let placed = |job, placement| moments(world, job, placement);
            assert_eq!(placed(spin, WorkPlacement::Inline), [], "{world:?}");
            assert_eq!(
                placed(BlockingJob::Block(Duration::ZERO), WorkPlacement::Inline),
                [Parked, Resumed],
                "{world:?}"
            );
            assert_eq!(placed(spin, WorkPlacement::Rayon), [waits, Resumed, Suspended, Resumed], "{world:?}");
        }
    }

    #[test]
    fn a_panic_on_rayons_pool_is_an_error_for_who_waits_and_the_pool_lives_on() {
        let (done, ended) = channel();
        run_on_rayon(move || {
            let _dropped: std::sync::mpsc::Sender<()> = done;
            panic!("a panic in a job, as the test wants it");
        });
        assert_eq!(ended.recv_timeout(DEADLINE), Err(RecvTimeoutError::Disconnected));
        place_on_thread(BlockingJob::Block(Duration::ZERO), WorkPlacement::Rayon, &ConnectionTrace::new(None, 1))
            .unwrap();
    }

    #[test]
    fn a_panic_on_the_blocking_pool_is_an_error_for_who_waits() {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let panicking = run_on_blocking_pool(|| panic!("a panic in a job, as the test wants it"));
        assert!(runtime.block_on(panicking).unwrap_err().to_string().contains("panicked"));
        runtime
            .block_on(place_in_task(
                BlockingJob::Block(Duration::ZERO),
                WorkPlacement::SpawnBlocking,
                &ConnectionTrace::new(None, 1),
            ))
            .unwrap();
    }
}
