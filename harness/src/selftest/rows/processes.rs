//! What is known of a process from outside: what connections cost in memory, in the process and in the kernel's buffers
//! beside it; threads, CPU time, context switches; what `/proc` says, from texts as the kernel writes them, with a program
//! whose name is meant to mislead. And what a server says of its inside, with what it costs to ask.

use std::io::{self, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::AtomicBool;
use std::thread;
use std::time::{Duration, Instant};

use instruments::clock::now_ns;
use instruments::load::Work;
use instruments::observe::{
    Extent, Observed, Observer, ProcessReader, Watch, cpus, proc_file, settled_sample, socket_buffer_bytes,
};
use reports::format::Unit::{Bytes, Count};
use reports::metrics::{metric, slope_per_connection};
use reports::record::{Cell, Sample};
use reports::study::groups;

use super::{Attempt, Bench, Obstacle, SelftestFigure, calculated, echo};
use crate::plan::HoldSpec;
use crate::process::ServerProcess;
use crate::run::{HeldServer, hold};
use crate::selftest::cells;
use crate::selftest::subject::SelftestSubject;

const TOUCHED: usize = 512 * 1024;
const LONGEST_WAIT: Duration = Duration::from_secs(3);

/// The line through five counts, as the memory experiment draws it.
pub(super) fn memory(bench: &Bench) -> Result<Attempt, Obstacle> {
    let subject = bench.subject(SelftestSubject::Touching(TOUCHED))?;
    let stop = AtomicBool::new(false);
    let held = HeldServer {
        extent: Extent::Alone,
        pid: subject.pid(),
        address: subject.address(),
        origin_ns: now_ns(),
        kernel_stack_bytes_per_thread: bench.machine.kernel_stack_bytes_per_thread,
        stop: &stop,
    };
    let spec =
        HoldSpec { counts: vec![10, 20, 30, 40, 50], work: Work::new("echo", "hi"), give_up_after: LONGEST_WAIT };
    let found = hold(&spec, &held);
    if let Some(failure) = found.failure {
        return Err(Obstacle::Other(failure.reason));
    }
    let empty = cells::empty(&echo(1.0, 50, Duration::ZERO));
    let cell = Cell { stages: found.stages, warnings: found.warnings, ..empty };
    let at_rest = cell.stages.iter().all(|stage| stage.settled);
    let run = bench.run_of(vec![cell]);
    let groups = groups(&run);
    let resident = metric("resident").map(|metric| vec![metric]).unwrap_or_default();
    let series = groups.first().and_then(|group| group.series.first());
    let slope = series.and_then(|series| slope_per_connection(series, &resident));
    let slope = slope.map(|slope| slope.value);
    let figure = SelftestFigure::within("resident, a connection", Bytes, TOUCHED as f64, slope, 0.05);
    let seen = "the subject's memory did not come to rest".to_owned();
    Ok(Attempt { figures: vec![figure.or_anything_if(!at_rest)], seen })
}

const UNREAD_CONNECTIONS: usize = 4;

/// The kernel charges what it needs to hold bytes, so a little more than they are.
pub(super) fn unread(bench: &Bench) -> Result<Attempt, Obstacle> {
    let each = most_unread()?;
    let subject = bench.subject(SelftestSubject::Unread(2 * each))?;
    let mut reader = ProcessReader::open(subject.pid(), Extent::Alone)?;
    let sample = |reader: &mut ProcessReader| {
        let stack_bytes = bench.machine.kernel_stack_bytes_per_thread;
        settled_sample(reader, 0, stack_bytes, Duration::from_millis(100), LONGEST_WAIT, &AtomicBool::new(false))
    };
    let streams: Vec<TcpStream> =
        (0..UNREAD_CONNECTIONS).map(|_| TcpStream::connect(subject.address())).collect::<io::Result<_>>()?;
    let before = (socket_buffer_bytes(subject.address())?, sample(&mut reader)?.0.resident_bytes);
    for mut stream in &streams {
        stream.set_write_timeout(Some(LONGEST_WAIT))?;
        stream.write_all(&vec![b' '; each])?;
    }
    let sockets = arrived(subject.address(), (each * UNREAD_CONNECTIONS) as u64 + before.0)? - before.0;
    let resident = sample(&mut reader)?.0.resident_bytes;
    let truth = (each * UNREAD_CONNECTIONS) as f64;
    let grown = resident.saturating_sub(before.1) as f64;
    Ok(Attempt {
        figures: vec![
            SelftestFigure::within("socket buffers", Bytes, truth, sockets as f64, 0.1),
            // Nothing, within a twentieth of what the sockets hold.
            SelftestFigure::holds("resident", "no more", Bytes.show(grown), grown < truth / 20.0),
        ],
        seen: String::new(),
    })
}

/// A mebibyte, or less where the machine grants no buffer that holds it.
fn most_unread() -> io::Result<usize> {
    let path = "/proc/sys/net/core/rmem_max";
    let most = std::fs::read_to_string(path)?;
    let most: usize = most.trim().parse().map_err(|_| io::Error::other(format!("{path} holds no number")))?;
    Ok((most / 2).min(1 << 20))
}

/// What the sockets hold once it is at least `wanted`, or when waiting is over: the last bytes may be under way.
fn arrived(address: SocketAddr, wanted: u64) -> io::Result<u64> {
    let give_up = Instant::now() + LONGEST_WAIT;
    loop {
        let bytes = socket_buffer_bytes(address)?;
        if bytes >= wanted || Instant::now() >= give_up {
            return Ok(bytes);
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}

const THREADS: usize = 40;
const PERCENT: u64 = 30;
const SWITCHES: usize = 10_000;

/// Against a process that differs in nothing else, so that its own threads are in neither.
pub(super) fn threads(bench: &Bench) -> Result<Attempt, Obstacle> {
    let count = |count| {
        let subject = bench.subject(SelftestSubject::Threads(count))?;
        let observed = observe(bench, &subject, Duration::from_millis(100))?;
        observed.peak_threads.ok_or_else(|| Obstacle::Other("no sample was taken".to_owned()))
    };
    let more = count(THREADS)?.saturating_sub(count(0)?);
    Ok(Attempt { figures: vec![SelftestFigure::exact("threads", THREADS as u64, more)], seen: String::new() })
}

/// From the first sample to the last.
pub(super) fn cpu(bench: &Bench) -> Result<Attempt, Obstacle> {
    let subject = bench.subject(SelftestSubject::Busy(PERCENT))?;
    let watch = bench.watch()?;
    let observed = observe(bench, &subject, Duration::from_millis(2_000))?;
    let seen = watch.end();
    let share = share_of_a_cpu(&observed.samples);
    let share = share.ok_or_else(|| Obstacle::Other("fewer than two samples were taken".to_owned()))?;
    // A process that was kept from its CPU at one end makes up for it at the other.
    let missed = seen.total_ns as f64 / 2e9;
    let figure = SelftestFigure::share("CPU", PERCENT as f64 / 100.0, share, 2.0);
    Ok(Attempt { figures: vec![figure.or_lower_by(missed).or_higher_by(missed)], seen: seen.words() })
}

/// What a process used between the first sample and the last; absent where there are no two.
fn share_of_a_cpu(samples: &[Sample]) -> Option<f64> {
    let [first, .., last] = samples else { return None };
    Some((last.cpu_ns - first.cpu_ns) as f64 / (last.at_ns - first.at_ns) as f64)
}

/// Against a process whose threads did not wait.
pub(super) fn switches(bench: &Bench) -> Result<Attempt, Obstacle> {
    let count = |count| {
        let stopped = bench.subject(SelftestSubject::Switching(count))?.stop();
        Ok::<_, Obstacle>(stopped.usage.voluntary_switches)
    };
    let more = count(SWITCHES)?.saturating_sub(count(0)?);
    let figure = SelftestFigure::within("voluntary switches", Count, SWITCHES as f64, more as f64, 0.02);
    Ok(Attempt { figures: vec![figure], seen: String::new() })
}

/// How a process is watched, from now on.
fn watch(bench: &Bench, subject: &ServerProcess) -> Watch {
    Watch {
        pid: subject.pid(),
        extent: Extent::Alone,
        origin_ns: now_ns(),
        interval: Duration::from_millis(50),
        kernel_stack_bytes_per_thread: bench.machine.kernel_stack_bytes_per_thread,
        cpus: bench.placement.generator_cpus.clone(),
        beside: Vec::new(),
        watched_cpus: Vec::new(),
    }
}

fn observe(bench: &Bench, subject: &ServerProcess, time: Duration) -> Result<Observed, Obstacle> {
    let observer = Observer::start(watch(bench, subject));
    thread::sleep(time);
    Ok(observer.stop())
}

const STATUS: &str = "Name:\tx) VmRSS: 9 kB\\nThreads:\t7\nState:\tS (sleeping)\nVmPeak:\t  903060 kB\n\
    VmSize:\t  803060 kB\nVmHWM:\t   41700 kB\nVmRSS:\t   31632 kB\nVmPTE:\t     144 kB\nThreads:\t512\n\
    voluntary_ctxt_switches:\t150\n";

const BEFORE: &str = "cpu  1000 5 500 90000 80 2 8 30 9 0\ncpu0 500 5 250 45000 40 1 4 15 9 0\n\
    cpu1 500 0 250 45000 40 1 4 15 0 0\nintr 1234 0\n";
const AFTER: &str = "cpu  1600 5 700 90900 95 4 16 60 9 0\ncpu0 800 5 350 45450 47 2 8 30 9 0\n\
    cpu1 800 0 350 45450 48 2 8 30 0 0\nintr 5678 0\n";
const PRESSURE: &str = "some avg10=1.00 avg60=0.50 avg300=0.16 total=12369909\nfull avg10=0.00 total=7\n";

/// The numbers were read from the texts by hand.
pub(super) fn proc_files(_: &Bench) -> Result<Attempt, Obstacle> {
    calculated(
        figures().unwrap_or_else(|| vec![SelftestFigure::holds("the texts", "understood", "not understood", false)]),
    )
}

fn figures() -> Option<Vec<SelftestFigure>> {
    let process = proc_file::parse_status(STATUS)?;
    let (before, after) = (cpus::parse_stat(BEFORE, &[])?, cpus::parse_stat(AFTER, &[])?);
    Some(vec![
        SelftestFigure::exact("resident bytes", 31_632 * 1024, process.resident_bytes),
        SelftestFigure::exact("page table bytes", 144 * 1024, process.page_table_bytes),
        SelftestFigure::exact("virtual bytes", 803_060 * 1024, process.virtual_bytes),
        SelftestFigure::exact("threads", 512, process.threads),
        SelftestFigure::exact("busy ticks", 600 + 200 + 2 + 8, after.busy - before.busy),
        SelftestFigure::exact("stolen ticks", 30, after.stolen - before.stolen),
        SelftestFigure::exact("CPUs", 2, after.cpus),
        SelftestFigure::exact("pressure, us", 12_369_909, cpus::parse_pressure(PRESSURE)?),
    ])
}

const CONNECTIONS: u32 = 40;
const RATE_RPS: f64 = 500.0;
const WINDOW: Duration = Duration::from_millis(1_500);

/// So long after the load that one answer is of its end, were it not for the machine.
const AFTERWARDS: Duration = Duration::from_millis(200);

/// On the model with a thread for each connection, since every thread has to be read.
pub(super) fn inside(bench: &Bench) -> Result<Attempt, Obstacle> {
    let watch = bench.watch()?;
    let WatchedLoad { observed: without, .. } = watched(bench, InsideAsked::Off)?;
    let WatchedLoad { answered, ended_ns, observed: with } = watched(bench, InsideAsked::On)?;
    let seen = watch.end();
    let answers = with.inside.as_ref().map(|inside| inside.answers.as_slice()).unwrap_or_default();
    let last = answers.last().filter(|answer| answer.at_ns >= ended_ns);
    let last = last.ok_or_else(|| Obstacle::Other("the server gave no answer after the load".to_owned()))?;
    let open = answers.iter().map(|answer| answer.open_connections).max().unwrap_or(0);
    let share =
        |share: Option<f64>| share.ok_or_else(|| Obstacle::Other("the sampler's CPU time is missing".to_owned()));
    let asking = share(with.noise.sampler_cpu_share)? - share(without.noise.sampler_cpu_share)?;
    let cost = asking.max(0.0) + share(with.noise.channel_cpu_share)?;
    let figures = vec![
        SelftestFigure::exact("connections open", u64::from(CONNECTIONS), open),
        SelftestFigure::exact("requests ended", answered, last.requests_ended),
        SelftestFigure::share("CPU of asking, both sides", 0.0, cost, 1.0),
    ];
    Ok(Attempt { figures, seen: seen.words() })
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum InsideAsked {
    On,
    Off,
}

struct WatchedLoad {
    /// Requests that were answered.
    answered: u64,
    /// When the load had ended, on the clock of what was observed.
    ended_ns: u64,
    observed: Observed,
}

/// A fresh server under the load.
fn watched(bench: &Bench, asking: InsideAsked) -> Result<WatchedLoad, Obstacle> {
    let server = bench.server("threaded")?;
    let watch = watch(bench, &server);
    let origin_ns = watch.origin_ns;
    let observer = match asking {
        InsideAsked::On => {
            let mut channel = server.channel()?;
            Observer::start_asking(watch, Box::new(move || channel.ask()))
        }
        InsideAsked::Off => Observer::start(watch),
    };
    let cell = bench.load(&echo(RATE_RPS, CONNECTIONS, WINDOW), server.address(), |_| {})?;
    let ended_ns = now_ns() - origin_ns;
    thread::sleep(AFTERWARDS);
    let observed = observer.stop();
    Ok(WatchedLoad { answered: cell.traffic.map_or(0, |traffic| traffic.ledger.ok), ended_ns, observed })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_sample_is_no_share_of_a_cpu() {
        let at = |at_ns, cpu_ns| Sample { at_ns, cpu_ns, ..Sample::default() };
        let shares = [vec![], vec![at(5, 9)], vec![at(5, 9), at(6, 9), at(15, 12)]].map(|all| share_of_a_cpu(&all));
        assert_eq!(shares, [None, None, Some(0.3)]);
    }
}
