//! What processes use: threads, CPU time, context switches.

use std::thread;
use std::time::Duration;

use crate::clock::now_ns;
use crate::observe::{Extent, Observed, Observer, Watch};
use crate::process::ServerProcess;
use crate::selftest::bench::Bench;
use crate::selftest::figure::Figure;
use crate::selftest::row::{Attempt, Obstacle};
use crate::selftest::subject::Subject;

const THREADS: usize = 40;
const PERCENT: u64 = 30;
const SWITCHES: usize = 10_000;

/// Against a process that differs in nothing else, so that its own threads are in neither.
pub(super) fn threads(bench: &Bench) -> Result<Attempt, Obstacle> {
    let count = |count| {
        let subject = bench.subject(&Subject::Threads { count })?;
        let observed = observe(bench, &subject, Duration::from_millis(100))?;
        observed.peak_threads.ok_or_else(|| Obstacle::Other("no sample was taken".to_owned()))
    };
    let more = count(THREADS)?.saturating_sub(count(0)?);
    Ok(Attempt { figures: vec![Figure::exact("threads", THREADS as u64, more)], seen: String::new() })
}

/// From the first sample to the last.
pub(super) fn cpu(bench: &Bench) -> Result<Attempt, Obstacle> {
    let subject = bench.subject(&Subject::Busy { percent: PERCENT })?;
    let watchman = bench.watch()?;
    let observed = observe(bench, &subject, Duration::from_millis(2_000))?;
    let seen = watchman.end();
    let (Some(first), Some(last)) = (observed.samples.first(), observed.samples.last()) else {
        return Err(Obstacle::Other("no sample was taken".to_owned()));
    };
    let share = (last.cpu_ns - first.cpu_ns) as f64 / (last.at_ns - first.at_ns).max(1) as f64;
    // A process that was kept from its CPU at one end makes up for it at the other.
    let missed = seen.total_ns as f64 / 2e9;
    let figure = Figure::share("CPU", PERCENT as f64 / 100.0, share, 2.0);
    Ok(Attempt { figures: vec![figure.or_lower_by(missed).or_higher_by(missed)], seen: seen.words() })
}

/// Against a process whose threads did not wait.
pub(super) fn switches(bench: &Bench) -> Result<Attempt, Obstacle> {
    let count = |count| {
        let stopped = bench.subject(&Subject::Switching { count })?.stop();
        Ok::<_, Obstacle>(stopped.voluntary_switches)
    };
    let more = count(SWITCHES)?.saturating_sub(count(0)?);
    let figure = Figure::within("voluntary switches", reports::format::Unit::Count, SWITCHES as f64, more as f64, 0.02);
    Ok(Attempt { figures: vec![figure], seen: String::new() })
}

fn observe(bench: &Bench, subject: &ServerProcess, time: Duration) -> Result<Observed, Obstacle> {
    let observer = Observer::start(Watch {
        pid: subject.pid(),
        extent: Extent::Alone,
        origin_ns: now_ns(),
        interval: Duration::from_millis(50),
        kernel_stack_bytes_per_thread: bench.machine.kernel_stack_bytes_per_thread,
        cpus: bench.placement.generator_cpus.clone(),
    });
    thread::sleep(time);
    Ok(observer.stop())
}
