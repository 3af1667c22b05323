//! What connections cost in memory: in the process, and in the kernel's buffers beside it.

use std::io::{self, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use reports::format::Unit::Bytes;
use reports::metrics::metric;
use reports::metrics::slope_per_connection;
use reports::record::Cell;
use reports::study::groups;

use crate::clock::now_ns;
use crate::observe::{Extent, ProcessReader, settled_sample, socket_buffer_bytes};
use crate::plan::{HoldSpec, Work};
use crate::run::{HeldServer, hold};
use crate::selftest::bench::{Bench, echo};
use crate::selftest::cells;
use crate::selftest::figure::Figure;
use crate::selftest::row::{Attempt, Obstacle};
use crate::selftest::subject::Subject;

const TOUCHED: usize = 512 * 1024;
const PATIENCE: Duration = Duration::from_secs(3);

/// The line through five counts, as the memory experiment draws it.
pub(super) fn memory(bench: &Bench) -> Result<Attempt, Obstacle> {
    let subject = bench.subject(&Subject::Touching { bytes: TOUCHED })?;
    let stop = AtomicBool::new(false);
    let held = HeldServer {
        extent: Extent::Alone,
        pid: subject.pid(),
        address: subject.address(),
        origin_ns: now_ns(),
        kernel_stack_bytes_per_thread: bench.machine.kernel_stack_bytes_per_thread,
        stop: &stop,
    };
    let spec = HoldSpec { counts: vec![10, 20, 30, 40, 50], work: Work::new("echo", "hi"), patience: PATIENCE };
    let found = hold(&spec, &held);
    if let Some(failure) = found.failure {
        return Err(Obstacle::Other(failure));
    }
    let empty = cells::empty(&echo(1.0, 50, Duration::ZERO));
    let cell = Cell { stages: found.stages, warnings: found.warnings, ..empty };
    let at_rest = cell.stages.iter().all(|stage| stage.settled);
    let run = cells::run(bench, vec![cell]);
    let groups = groups(&run);
    let resident = metric("resident").map(|metric| vec![metric]).unwrap_or_default();
    let series = groups.first().and_then(|group| group.series.first());
    let slope = series.and_then(|series| slope_per_connection(series, &resident));
    let slope = slope.map_or(f64::NAN, |slope| slope.value);
    let figure = Figure::within("resident, a connection", Bytes, TOUCHED as f64, slope, 0.05);
    let seen = "the subject's memory did not come to rest".to_owned();
    Ok(Attempt { figures: vec![figure.or_anything_if(!at_rest)], seen })
}

const CONNECTIONS: usize = 4;

/// The kernel charges what it needs to hold bytes, so a little more than they are.
pub(super) fn unread(bench: &Bench) -> Result<Attempt, Obstacle> {
    let each = most_unread()?;
    let subject = bench.subject(&Subject::Unread { buffer_bytes: 2 * each })?;
    let mut reader = ProcessReader::open(subject.pid())?;
    let sample = |reader: &mut ProcessReader| {
        let stack_bytes = bench.machine.kernel_stack_bytes_per_thread;
        settled_sample(reader, 0, stack_bytes, Duration::from_millis(100), PATIENCE)
    };
    let streams: Vec<TcpStream> =
        (0..CONNECTIONS).map(|_| TcpStream::connect(subject.address())).collect::<io::Result<_>>()?;
    let before = (socket_buffer_bytes(subject.address())?, sample(&mut reader)?.0.resident_bytes);
    for mut stream in &streams {
        stream.set_write_timeout(Some(PATIENCE))?;
        stream.write_all(&vec![b' '; each])?;
    }
    let sockets = arrived(subject.address(), (each * CONNECTIONS) as u64 + before.0)? - before.0;
    let resident = sample(&mut reader)?.0.resident_bytes;
    let truth = (each * CONNECTIONS) as f64;
    let grown = resident.saturating_sub(before.1) as f64;
    Ok(Attempt {
        figures: vec![
            Figure::within("socket buffers", Bytes, truth, sockets as f64, 0.1),
            // Nothing, within a twentieth of what the sockets hold.
            Figure::holds("resident", "no more", Bytes.show(grown), grown < truth / 20.0),
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
    let give_up = Instant::now() + PATIENCE;
    loop {
        let bytes = socket_buffer_bytes(address)?;
        if bytes >= wanted || Instant::now() >= give_up {
            return Ok(bytes);
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}
