//! One process, with those it started where a program serves with several: its memory, its threads, its CPU time, now or
//! once it has come to rest. This process's own clocks are in `clock.rs`.
//!
//! Only children of main threads are found, and theirs: that is where servers start their workers.

use std::str::SplitWhitespace;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use std::{fs, io, iter, thread};

use nix::time::clock_getcpuclockid;
use nix::unistd::Pid;
use reports::record::Sample;

use super::machine::cpus::tick_ns;
use super::proc_file::{ProcFile, bytes_of, parse_status};
use crate::clock::now_ns;

/// Reads one process again and again, at a few microseconds a sample.
#[derive(Debug)]
pub struct ProcessReader {
    pid: u32,
    status: ProcFile,
    extent: Extent,
}

impl ProcessReader {
    /// Of a process with what it has started, as far as `extent` says. Pages that several of them share are counted in each.
    ///
    /// # Errors
    /// Where there is no such process.
    pub fn open(pid: u32, extent: Extent) -> io::Result<Self> {
        Ok(Self { pid, status: ProcFile::open(&format!("/proc/{pid}/status"))?, extent })
    }

    /// The process now. `at_ns` is written into the sample as it is; kernel stacks are threads times
    /// `kernel_stack_bytes_per_thread`, because the kernel tells their size only for the machine as a whole.
    ///
    /// `resident_bytes` is what the kernel keeps count of per CPU and adds up lazily: on a process with many CPUs it may
    /// be off by some pages a CPU. [`super::settled_sample`] counts pages instead.
    ///
    /// # Errors
    /// Where the process has ended.
    pub fn sample(&mut self, at_ns: u64, kernel_stack_bytes_per_thread: u64) -> io::Result<Sample> {
        let own = parse_status(self.status.read()?).ok_or_else(|| ended(self.pid))?;
        // Below 2^64 ns, which are 584 years.
        let cpu_ns = cpu_time(self.pid, self.extent)?.as_nanos() as u64;
        // A child that has just ended holds nothing.
        let of = |child| parse_status(&fs::read_to_string(format!("/proc/{child}/status")).ok()?);
        let mut sample = Sample { at_ns, cpu_ns, ..Sample::default() };
        for status in iter::once(own).chain(self.children().into_iter().filter_map(of)) {
            sample.resident_bytes += status.resident_bytes;
            sample.page_table_bytes += status.page_table_bytes;
            sample.kernel_stack_bytes += status.threads * kernel_stack_bytes_per_thread;
            sample.virtual_bytes += status.virtual_bytes;
            sample.threads += status.threads;
        }
        Ok(sample)
    }

    fn children(&self) -> Vec<u32> {
        match self.extent {
            Extent::Alone => Vec::new(),
            Extent::WithChildren => descendants(self.pid),
        }
    }

    /// Resident bytes by walking the page tables: exact, and milliseconds where much is mapped.
    pub(super) fn exact_resident_bytes(&self) -> io::Result<u64> {
        let of = |pid: u32| {
            let rollup = fs::read_to_string(format!("/proc/{pid}/smaps_rollup"))?;
            bytes_of(&rollup, "Rss").ok_or_else(|| ended(pid))
        };
        let of_children: u64 = self.children().into_iter().filter_map(|child| of(child).ok()).sum();
        Ok(of(self.pid)? + of_children)
    }
}

/// The greatest resident size that a process ever had (VmHWM), in bytes.
///
/// # Errors
/// Where it has ended: a zombie has no memory any more.
pub fn peak_resident_bytes(pid: u32) -> io::Result<u64> {
    let mut status = ProcFile::open(&format!("/proc/{pid}/status"))?;
    bytes_of(status.read()?, "VmHWM").ok_or_else(|| ended(pid))
}

fn ended(pid: u32) -> io::Error {
    io::Error::new(io::ErrorKind::NotFound, format!("process {pid} has ended"))
}

/// Time between two looks.
const STEP: Duration = Duration::from_millis(20);

/// A sample taken once threads and resident bytes have stopped changing for as long as `quiet`, and whether they had;
/// after `give_up_after`, or once `stop` is set, it is taken anyhow. `at_ns` counts from `origin_ns`, both monotonic. Resident
/// bytes are counted page by page where the kernel lets us.
///
/// # Errors
/// Where the process has ended.
pub fn settled_sample(
    reader: &mut ProcessReader,
    origin_ns: u64,
    kernel_stack_bytes_per_thread: u64,
    quiet: Duration,
    give_up_after: Duration,
    stop: &AtomicBool,
) -> io::Result<(Sample, bool)> {
    let give_up = Instant::now() + give_up_after;
    let mut rest = Rest::after(quiet.div_duration_f64(STEP).ceil() as u32);
    loop {
        let at_ns = now_ns().saturating_sub(origin_ns);
        let mut sample = reader.sample(at_ns, kernel_stack_bytes_per_thread)?;
        let settled = rest.look(sample.threads, sample.resident_bytes);
        if settled || Instant::now() >= give_up || stop.load(Ordering::Relaxed) {
            // smaps_rollup may be closed to us (another user's process); the cheap count then has to do.
            sample.resident_bytes = reader.exact_resident_bytes().unwrap_or(sample.resident_bytes);
            return Ok((sample, settled));
        }
        thread::sleep(STEP);
    }
}

/// Counts looks in a row that saw the same.
#[derive(Debug)]
struct Rest {
    last: Option<(u64, u64)>,
    unchanged: u32,
    wanted: u32,
}

impl Rest {
    fn after(wanted: u32) -> Rest {
        Rest { last: None, unchanged: 0, wanted }
    }

    /// Whether this look is the last of enough in a row.
    fn look(&mut self, threads: u64, resident_bytes: u64) -> bool {
        let seen = Some((threads, resident_bytes));
        self.unchanged = if seen == self.last { self.unchanged + 1 } else { 0 };
        self.last = seen;
        self.unchanged >= self.wanted
    }
}

/// What is observed of a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// The process alone. All there is of our own servers.
    Alone,
    /// With the processes that it started, and those that they did.
    WithChildren,
}

/// The processes that this one started and that run, and those that they did. None where the kernel does not tell.
pub fn descendants(pid: u32) -> Vec<u32> {
    let mut found: Vec<u32> = children(pid);
    let mut looked_at = 0;
    // Children are found as the list grows; a process has one parent, so that it ends.
    while let Some(next) = found.get(looked_at).copied() {
        found.extend(children(next));
        looked_at += 1;
    }
    found
}

fn children(pid: u32) -> Vec<u32> {
    let list = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
    list.split_whitespace().filter_map(|pid| pid.parse().ok()).collect()
}

/// CPU time of all threads since the process began. With its children: of those that run to the nanosecond, of those that
/// have ended and were waited for in clock ticks.
///
/// # Errors
/// `NotFound` where there is no such process.
pub fn cpu_time(pid: u32, extent: Extent) -> io::Result<Duration> {
    let own = process_cpu(pid)?;
    Ok(match extent {
        Extent::Alone => own,
        Extent::WithChildren => {
            let of_children = descendants(pid).into_iter().map(|child| {
                // One that has just ended is in what its parent waited for.
                process_cpu(child).unwrap_or_default() + of_ended_children(child)
            });
            own + of_ended_children(pid) + of_children.sum()
        }
    })
}

/// CPU time of the children that a process has waited for.
fn of_ended_children(pid: u32) -> Duration {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let ticks = ticks_of_ended_children(&stat).unwrap_or(0);
    Duration::from_nanos(ticks.saturating_mul(tick_ns()))
}

/// The fields of a `/proc/PID/stat` from the state on. The name of a process stands in brackets before them and may hold
/// anything, brackets too.
pub fn fields_after_name(stat: &str) -> Option<SplitWhitespace<'_>> {
    let (_, fields) = stat.rsplit_once(')')?;
    Some(fields.split_whitespace())
}

/// `cutime` and `cstime`.
pub(super) fn ticks_of_ended_children(stat: &str) -> Option<u64> {
    const CUTIME: usize = 13;
    let mut fields = fields_after_name(stat)?.skip(CUTIME);
    let (user, system): (u64, u64) = (fields.next()?.parse().ok()?, fields.next()?.parse().ok()?);
    user.checked_add(system)
}

/// CPU time, user and system, of all threads of a process since it began, those that have exited included. From the
/// scheduler's own account in nanoseconds, not from clock ticks.
///
/// # Errors
/// `NotFound` where there is no such process.
pub fn process_cpu(pid: u32) -> io::Result<Duration> {
    let ended = || ended(pid);
    // The id of a CPU clock is the pid shifted left: a pid beyond what Linux gives out would name another clock, and 0
    // names the caller's.
    let raw = i32::try_from(pid).ok().filter(|raw| (1..=GREATEST_PID).contains(raw)).ok_or_else(ended)?;
    // An unknown pid is ESRCH when the clock is asked for, and EINVAL when it is read.
    let time = clock_getcpuclockid(Pid::from_raw(raw)).and_then(|clock| clock.now()).map_err(|error| match error {
        nix::Error::ESRCH | nix::Error::EINVAL => ended(),
        other => other.into(),
    })?;
    Ok(Duration::from(time))
}

/// PID_MAX_LIMIT of 64-bit kernels.
const GREATEST_PID: i32 = 1 << 22;

#[cfg(test)]
mod tests {
    use std::io::Read;
    use std::process::{Command, Stdio};

    use super::*;
    use crate::clock::process_cpu_ns;

    #[test]
    fn rest_begins_anew_at_each_change() {
        let mut rest = Rest::after(5);
        let looks = [(2, 10), (2, 10), (2, 10), (2, 10), (2, 10), (3, 10), (3, 10), (3, 10), (3, 10), (3, 10)];
        assert!(looks.iter().all(|&(threads, bytes)| !rest.look(threads, bytes)));
        assert!(rest.look(3, 10));
        assert!(!rest.look(3, 11));
    }

    #[test]
    fn ticks_are_found_behind_any_name() {
        let stat = "7 (a) b (c)) S 1 7 7 0 -1 4194560 100 200 0 0 5 6 70 8 20 0 1 0 99 1 1";
        assert_eq!(ticks_of_ended_children(stat), Some(78));
        assert_eq!(ticks_of_ended_children("7 (x) S 1"), None);
    }

    #[test]
    fn children_and_their_children_are_found_and_their_time_counts() {
        let script = "(while :; do :; done) & echo; read end; kill $!";
        let mut shell =
            Command::new("sh").args(["-c", script]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        shell.stdout.take().unwrap().read_exact(&mut [0]).unwrap();
        let pid = shell.id();
        assert_eq!(descendants(pid).len(), 1);
        while cpu_time(pid, Extent::WithChildren).unwrap()
            < cpu_time(pid, Extent::Alone).unwrap() + Duration::from_millis(20)
        {
            std::thread::yield_now();
        }
        drop(shell.stdin.take());
        shell.wait().unwrap();
    }

    #[test]
    fn a_process_that_is_not_there_is_not_found() {
        for pid in [0, GREATEST_PID as u32, i32::MAX as u32, u32::MAX] {
            assert_eq!(process_cpu(pid).unwrap_err().kind(), io::ErrorKind::NotFound, "{pid}");
        }
    }

    #[test]
    fn the_own_clock_agrees_with_the_clock_by_pid() {
        let by_self = process_cpu_ns();
        let by_pid = process_cpu(std::process::id()).unwrap();
        assert!(by_pid.as_nanos() as u64 >= by_self);
    }
}
