//! The inside of a process over time: what it answers where it is asked, and what the scheduler keeps of its threads
//! (`/proc/PID/task/TID/schedstat`): how long each ran, how long it waited for a CPU, how often it was given one.
//!
//! How to ask, someone else knows; here it is a function that never waits. The threads' files stay open, so that a reading
//! takes about a microsecond for each, and not more than [`MOST_THREADS`] are read, fewer where few files may be open. A thread
//! that ends takes its numbers with it; here it stays with the last that were seen. What came and went unseen is only in the
//! CPU time of the process, which is put beside it.

use std::collections::{HashMap, HashSet};
use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::{fmt, io, thread};

use reports::record::{InsideAnswer, InsideRecord, Sample, ThreadTimes};
use rustix::process::{Resource, getrlimit};

use crate::clock::{now_ns, thread_cpu_ns};

/// Gives the answer to the last question, if it has come, and asks the next. Its times are monotonic. It must not wait.
pub type Ask = Box<dyn FnMut() -> Option<InsideAnswer> + Send>;

/// Reading the threads takes its CPU at most one part in so many of the time, and is put off where it would take more: fewer
/// than one request in a hundred can fall due meanwhile, so that no p99 depends on it.
const THREADS_TIMES_THEIR_COST: u64 = 250;

/// They are read this often all the same: most of what a reading takes are threads that were not there before, and the
/// next finds them again.
const LONGEST_PAUSE_NS: u64 = 250_000_000;

/// Someone who looks.
pub(super) struct Looks {
    ask: Ask,
    threads: ThreadReader,
    /// The threads are not read again before.
    threads_next_ns: u64,
    has_asked: bool,
    seen: InsideRecord,
}

impl fmt::Debug for Looks {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Looks").field("seen", &self.seen).finish_non_exhaustive()
    }
}

impl Looks {
    pub(super) fn new(pid: u32, ask: Ask) -> Self {
        let threads = ThreadReader::new(pid);
        Self { ask, threads, threads_next_ns: 0, has_asked: false, seen: InsideRecord::default() }
    }

    /// Looks once, just after a sample was taken. What is seen has the time since `origin_ns`.
    pub(super) fn look(&mut self, origin_ns: u64, sample: &Sample) {
        let had_asked = std::mem::replace(&mut self.has_asked, true);
        match (self.ask)() {
            Some(answer) => {
                let at_ns = answer.at_ns.saturating_sub(origin_ns);
                self.seen.answers.push(InsideAnswer { at_ns, ..answer });
            }
            None if had_asked => self.seen.unanswered += 1,
            None => {}
        }
        let now = now_ns();
        if now >= self.threads_next_ns {
            let before_ns = thread_cpu_ns();
            let threads = self.threads.read(now.saturating_sub(origin_ns), sample);
            // Of a process that has ended, whoever supervises it tells.
            self.seen.threads.extend(threads.ok().flatten());
            let pause_ns = (thread_cpu_ns() - before_ns).saturating_mul(THREADS_TIMES_THEIR_COST);
            self.threads_next_ns = now + pause_ns.min(LONGEST_PAUSE_NS);
        }
    }

    pub(super) fn seen(self) -> InsideRecord {
        self.seen
    }
}

/// CPU time of the thread that answered between its first answer and its last, as a share of one CPU.
pub(super) fn channel_cpu_share(inside: &InsideRecord) -> Option<f64> {
    let (first, last) = (inside.answers.first()?, inside.answers.last()?);
    let span_ns = last.at_ns.checked_sub(first.at_ns).filter(|&span| span > 0)?;
    Some(last.own_cpu_ns.saturating_sub(first.own_cpu_ns) as f64 / span_ns as f64)
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
struct ThreadReader {
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
pub(in crate::observe) struct SchedStat {
    ran_ns: u64,
    waited_ns: u64,
    times_run: u64,
}

impl ThreadReader {
    fn new(pid: u32) -> Self {
        let files = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
        let most = MOST_THREADS.min(files / SHARE_OF_FILES);
        Self { pid, most, alive: HashMap::new(), ended: SchedStat::default() }
    }

    /// All threads now, where the sample was just taken. Nothing where there are too many to read, or the kernel keeps no
    /// such account.
    ///
    /// # Errors
    /// Where the process has ended.
    fn read(&mut self, at_ns: u64, sample: &Sample) -> io::Result<Option<ThreadTimes>> {
        if sample.threads > self.most {
            // Even the list of thousands would take milliseconds.
            return Ok(None);
        }
        let entries = fs::read_dir(format!("/proc/{}/task", self.pid))?;
        let listed: HashSet<u32> = entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok()).collect();
        if listed.len() as u64 > self.most {
            // They have come since the sample.
            return Ok(None);
        }
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

pub(in crate::observe) fn schedstat_in(text: &str) -> Option<SchedStat> {
    let mut numbers = text.split_ascii_whitespace().map(str::parse);
    let mut next = || numbers.next()?.ok();
    Some(SchedStat { ran_ns: next()?, waited_ns: next()?, times_run: next()? })
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;
    use std::time::{Duration, Instant};

    use super::*;

    #[test]
    fn a_process_that_does_not_answer_costs_its_answers_and_nothing_else() {
        let mut answers = vec![Some(7), None, None, Some(5), None].into_iter();
        let ask = move || {
            let own_cpu_ns = answers.next_back().flatten()?;
            Some(InsideAnswer { at_ns: 1_000 + own_cpu_ns, own_cpu_ns, ..InsideAnswer::default() })
        };
        let mut looks = Looks::new(std::process::id(), Box::new(ask));
        for _ in 0..5 {
            looks.look(1_000, &Sample::default());
        }
        let seen = looks.seen();
        assert_eq!(seen.answers.iter().map(|answer| answer.at_ns).collect::<Vec<_>>(), [5, 7]);
        // The first look only asks; two of the other four found no answer.
        assert_eq!(seen.unanswered, 2);
        assert_eq!(channel_cpu_share(&seen), Some(1.0));
    }

    #[test]
    fn threads_are_not_read_before_it_is_time_to() {
        let mut looks = Looks { threads: own_threads(), ..Looks::new(std::process::id(), Box::new(|| None)) };
        looks.look(0, &Sample::default());
        looks.threads_next_ns = u64::MAX;
        looks.look(0, &Sample::default());
        let seen = looks.seen();
        assert_eq!((seen.threads.len(), seen.unanswered), (1, 1));
        assert_eq!(channel_cpu_share(&seen), None);
    }

    /// Reads the threads of this process, of which other tests may have many.
    fn own_threads() -> ThreadReader {
        ThreadReader { most: u64::MAX, ..ThreadReader::new(std::process::id()) }
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
        let mut reader = own_threads();
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

    #[test]
    fn no_file_is_opened_where_too_many_have_come_since_the_sample() {
        let mut reader = ThreadReader { most: 0, ..own_threads() };
        assert_eq!(reader.read(5, &sample(0)).unwrap(), None);
        assert!(reader.alive.is_empty());
    }
}
