//! What the scheduler keeps of each thread of a process: how long it ran, how long it waited for a CPU, how often it was
//! given one. From `/proc/PID/task/TID/schedstat`.
//!
//! Threads have to be read one by one. Their files stay open, so that a reading takes about a microsecond for each, and
//! not more than [`MOST_THREADS`] are read, fewer where few files may be open. A thread that ends takes its numbers with
//! it; here it stays with the last that were seen. What came and went unseen is only in the CPU time of the process,
//! which is put beside it. Beside it: `inside.rs`.

use std::collections::{HashMap, HashSet};
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileExt;
use std::thread;

use reports::record::{Sample, ThreadTimes};
use rustix::process::{Resource, getrlimit};

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
struct SchedStat {
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
        let stat = read.and_then(|count| parse(std::str::from_utf8(&text[..count]).ok()?));
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

fn parse(text: &str) -> Option<SchedStat> {
    let mut numbers = text.split_ascii_whitespace().map(str::parse);
    let mut next = || numbers.next()?.ok();
    Some(SchedStat { ran_ns: next()?, waited_ns: next()?, times_run: next()? })
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;
    use std::time::{Duration, Instant};

    use super::*;

    fn sample(threads: u64) -> Sample {
        Sample { threads, cpu_ns: 77, ..Sample::default() }
    }

    #[test]
    fn three_numbers_are_read_and_fewer_are_none() {
        let expected = SchedStat { ran_ns: 79_868, waited_ns: 68_501, times_run: 2 };
        assert_eq!(parse("79868 68501 2\n"), Some(expected));
        assert_eq!([parse(""), parse("1 2\n"), parse("a b c")], [None, None, None]);
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
