//! The threads of a process, one by one. By name, for a process that is looked at: some ten microseconds a thread. Of one
//! that is measured only what the scheduler keeps (`/proc/PID/task/TID/schedstat`), at a tenth of that: how long each ran,
//! how long it waited for a CPU, how often it was given one.
//!
//! For the latter their files stay open, so that a reading takes about a microsecond for each, and not more than
//! [`MOST_THREADS`] are read, fewer where few files may be open. A thread that ends takes its numbers with it; here it stays
//! with the last that were seen. What came and went unseen is only in the CPU time of the process, which is put beside it.

use std::collections::{HashMap, HashSet};
use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::{io, thread};

use reports::record::{Sample, ThreadTimes};
use rustix::process::{Resource, getrlimit};

/// One thread at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ThreadReading {
    /// The kernel's id of it.
    pub tid: u32,
    /// Its name; that of the process where it was given none.
    pub name: String,
    /// Whether it had a CPU or waited for one.
    pub is_runnable: bool,
    /// Context switches since it began, voluntary or not.
    pub switches: u64,
    /// CPU time since it began, in nanoseconds.
    pub cpu_ns: u64,
}

/// All threads of a process, by their ids. One that ends meanwhile is left out.
///
/// # Errors
/// Where the process has ended, or the kernel does not tell the CPU time of threads in nanoseconds.
pub fn threads(pid: u32) -> io::Result<Vec<ThreadReading>> {
    let mut readings = Vec::new();
    for entry in fs::read_dir(format!("/proc/{pid}/task"))? {
        let path = entry?.path();
        let Some(tid) = path.file_name().and_then(|name| name.to_str()?.parse().ok()) else { continue };
        let read = |file| fs::read_to_string(path.join(file));
        match (read("status"), read("schedstat")) {
            (Ok(status), Ok(schedstat)) => readings.extend(reading_of(tid, &status, &schedstat)),
            (Ok(_), Err(error)) if error.kind() == io::ErrorKind::NotFound && path.exists() => return Err(error),
            _ => {}
        }
    }
    readings.sort_by_key(|reading: &ThreadReading| reading.tid);
    Ok(readings)
}

/// What `status` and `schedstat` of a thread say.
pub(super) fn reading_of(tid: u32, status: &str, schedstat: &str) -> Option<ThreadReading> {
    // The kernel escapes line ends in a name, so a name can't forge a line.
    let field = |key: &str| status.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(':')).map(str::trim);
    let switches = |key: &str| field(key)?.parse::<u64>().ok();
    Some(ThreadReading {
        tid,
        name: field("Name")?.to_owned(),
        is_runnable: field("State")?.starts_with('R'),
        switches: switches("voluntary_ctxt_switches")?.checked_add(switches("nonvoluntary_ctxt_switches")?)?,
        cpu_ns: schedstat.split_ascii_whitespace().next()?.parse().ok()?,
    })
}

/// The most threads that are read, and files that are kept open.
const MOST_THREADS: u64 = 256;

/// Of the files that this process may open, the rest is for the generator's connections.
const SHARE_OF_FILES: u64 = 16;

/// After so many threads that were not there before, some 150 microseconds, the CPU is left to whoever waits for it: the
/// generator may have a request to send.
const GIVES_WAY_AFTER: usize = 16;

/// Reads the threads of one process again and again.
#[derive(Debug)]
pub(super) struct ThreadReader {
    pid: u32,
    /// The most threads to read.
    most: u64,
    alive: HashMap<u32, Thread>,
    ended: SchedStat,
}

/// A thread that was alive when last looked at.
#[derive(Debug)]
struct Thread {
    file: File,
    last: SchedStat,
}

/// The three numbers of a `schedstat` file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct SchedStat {
    ran_ns: u64,
    waited_ns: u64,
    times_run: u64,
}

impl ThreadReader {
    pub(super) fn new(pid: u32) -> Self {
        let files = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
        let most = MOST_THREADS.min(files / SHARE_OF_FILES);
        Self { pid, most, alive: HashMap::new(), ended: SchedStat::default() }
    }

    /// All threads now, where the sample was just taken. Nothing where there are too many to read, or the kernel keeps no
    /// such account.
    ///
    /// # Errors
    /// Where the process has ended.
    pub(super) fn read(&mut self, at_ns: u64, sample: &Sample) -> io::Result<Option<ThreadTimes>> {
        if sample.threads > self.most {
            // Even the list of thousands would take milliseconds.
            return Ok(None);
        }
        let entries = fs::read_dir(format!("/proc/{}/task", self.pid))?;
        let listed: HashSet<u32> = entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok()).collect();
        let new: Vec<u32> = listed.iter().filter(|tid| !self.alive.contains_key(tid)).copied().collect();
        for (place, tid) in new.into_iter().enumerate() {
            // A thread may end between the list and its file.
            if let Ok(file) = File::open(format!("/proc/{}/task/{tid}/schedstat", self.pid)) {
                self.alive.insert(tid, Thread { file, last: SchedStat::default() });
            }
            if place % GIVES_WAY_AFTER == GIVES_WAY_AFTER - 1 {
                thread::yield_now();
            }
        }
        let ended = &mut self.ended;
        self.alive.retain(|tid, thread| {
            // The file is the thread's and not its number's, so another thread of that number is never taken for it.
            let is_alive = listed.contains(tid) && thread.update();
            if !is_alive {
                *ended = ended.plus(thread.last);
            }
            is_alive
        });
        let SchedStat { ran_ns, waited_ns, times_run } =
            self.alive.values().fold(self.ended, |sum, thread| sum.plus(thread.last));
        let threads = self.alive.len() as u64;
        // Whoever runs was given a CPU once: zeros are of a kernel that does not count.
        let process_cpu_ns = sample.cpu_ns;
        Ok((times_run > 0).then_some(ThreadTimes { at_ns, threads, ran_ns, waited_ns, times_run, process_cpu_ns }))
    }
}

impl Thread {
    /// Whether it is still there to be read.
    fn update(&mut self) -> bool {
        let mut text = [0; 80];
        let read = self.file.read_at(&mut text, 0).ok();
        let stat = read.and_then(|count| schedstat_in(std::str::from_utf8(&text[..count]).ok()?));
        self.last = stat.unwrap_or(self.last);
        stat.is_some()
    }
}

impl SchedStat {
    fn plus(self, other: SchedStat) -> SchedStat {
        SchedStat {
            ran_ns: self.ran_ns + other.ran_ns,
            waited_ns: self.waited_ns + other.waited_ns,
            times_run: self.times_run + other.times_run,
        }
    }
}

pub(super) fn schedstat_in(text: &str) -> Option<SchedStat> {
    let mut numbers = text.split_ascii_whitespace().map(str::parse);
    let mut next = || numbers.next()?.ok();
    Some(SchedStat { ran_ns: next()?, waited_ns: next()?, times_run: next()? })
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;
    use std::time::{Duration, Instant};

    use super::*;

    const STATUS: &str = "Name:\tconn\nUmask:\t0022\nState:\tS (sleeping)\nTgid:\t10\nPid:\t12\n\
        voluntary_ctxt_switches:\t176\nnonvoluntary_ctxt_switches:\t67\n";

    #[test]
    fn both_kinds_of_switches_count() {
        let expected =
            ThreadReading { tid: 12, name: "conn".to_owned(), is_runnable: false, switches: 243, cpu_ns: 73_111_747 };
        assert_eq!(reading_of(12, STATUS, "73111747 429249457 242\n"), Some(expected));
        let running = STATUS.replace("S (sleeping)", "R (running)");
        assert!(reading_of(12, &running, "1 2 3\n").unwrap().is_runnable);
    }

    #[test]
    fn what_is_cut_off_is_absent() {
        assert_eq!(reading_of(12, STATUS, ""), None);
        assert_eq!(reading_of(12, &STATUS.replace("nonvoluntary", "other"), "1 2 3\n"), None);
    }

    #[test]
    fn a_thread_of_this_process_is_found_by_its_name() {
        let (go_on, waits) = std::sync::mpsc::channel::<()>();
        let named = std::thread::Builder::new().name("a lane".to_owned());
        let thread = named.spawn(move || waits.recv()).unwrap();
        let deadline = std::time::Instant::now() + std::time::Duration::from_secs(10);
        // A thread names itself after it has begun.
        let found = || threads(std::process::id()).unwrap().into_iter().find(|reading| reading.name == "a lane");
        while found().is_none_or(|reading| reading.switches == 0) {
            assert!(std::time::Instant::now() < deadline, "no such thread");
            std::thread::yield_now();
        }
        drop(go_on);
        let _ = thread.join();
        assert!(threads(0).is_err());
    }

    fn sample(threads: u64) -> Sample {
        Sample { threads, cpu_ns: 77, ..Sample::default() }
    }

    #[test]
    fn three_numbers_are_read_and_fewer_are_none() {
        let expected = SchedStat { ran_ns: 79_868, waited_ns: 68_501, times_run: 2 };
        assert_eq!(schedstat_in("79868 68501 2\n"), Some(expected));
        assert_eq!([schedstat_in(""), schedstat_in("1 2\n"), schedstat_in("a b c")], [None, None, None]);
    }

    #[test]
    fn what_an_ended_thread_did_is_kept() {
        let mut reader = ThreadReader::new(std::process::id());
        let (done, end) = channel::<()>();
        let (tell, told) = channel();
        let thread = thread::spawn(move || {
            tell.send(rustix::thread::gettid().as_raw_pid().cast_unsigned()).unwrap();
            let _ = end.recv();
        });
        let tid = told.recv().unwrap();
        let before = reader.read(5, &sample(9)).unwrap().expect("this kernel keeps schedstat");
        let of_thread = reader.alive[&tid].last;
        assert!(
            (before.at_ns, before.process_cpu_ns) == (5, 77) && before.threads >= 2 && of_thread.times_run > 0,
            "{before:?}, {of_thread:?}"
        );
        drop(done);
        thread.join().unwrap();
        // It is in the list for a moment after it was joined.
        let give_up = Instant::now() + Duration::from_secs(10);
        let mut after = reader.read(6, &sample(9)).unwrap().unwrap();
        while reader.alive.contains_key(&tid) {
            assert!(Instant::now() < give_up, "a thread that has ended is still read");
            after = reader.read(6, &sample(9)).unwrap().unwrap();
        }
        assert!(reader.ended.times_run >= of_thread.times_run);
        assert!(after.times_run >= before.times_run && after.ran_ns >= before.ran_ns, "{before:?}, {after:?}");
    }

    #[test]
    fn a_process_that_is_not_there_is_an_error() {
        assert!(ThreadReader::new(u32::MAX).read(5, &sample(9)).is_err());
    }

    #[test]
    fn too_many_are_not_even_listed() {
        let mut reader = ThreadReader::new(u32::MAX);
        assert_eq!(reader.read(5, &sample(MOST_THREADS + 1)).unwrap(), None);
    }
}
