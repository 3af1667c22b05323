//! What a process used since it was looked at last: memory, CPU time, switches, and each of its threads.

use std::collections::HashMap;
use std::io;

use instruments::clock::{now_ns, thread_cpu_ns};
use instruments::observe::{Extent, ProcessReader, ThreadReading, threads};
use reports::record::Sample;

use super::frame::{Activity, BusyThread, Memory};

/// The most threads that are told one by one.
const MOST_LANES: usize = 32;

/// Reading the threads takes its CPU at most one part in so many of the time. A thousand of them take some 20 ms, and
/// the generator is on the same CPU.
const TIMES_ITS_COST: u64 = 20;

/// One process, looked at again and again.
#[derive(Debug)]
pub(super) struct ProcessUsage {
    pid: u32,
    reader: ProcessReader,
    kernel_stack_bytes_per_thread: u64,
    sampled: Option<Sample>,
    listed: Option<ThreadList>,
    list_due_ns: u64,
}

/// The threads at one moment.
#[derive(Debug)]
struct ThreadList {
    at_ns: u64,
    threads: Vec<ThreadReading>,
}

/// What was used in an interval.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Used {
    pub(super) memory: Memory,
    pub(super) threads: u64,
    pub(super) cpu_share: Option<f64>,
    pub(super) switches_per_s: Option<f64>,
    pub(super) busy_threads: Vec<BusyThread>,
    /// The process as it is saved, on the monotonic clock.
    pub(super) sample: Sample,
}

impl ProcessUsage {
    /// # Errors
    /// Where there is no such process.
    pub(super) fn open(pid: u32, extent: Extent, kernel_stack_bytes_per_thread: u64) -> io::Result<ProcessUsage> {
        let reader = ProcessReader::open(pid, extent)?;
        Ok(ProcessUsage { pid, reader, kernel_stack_bytes_per_thread, sampled: None, listed: None, list_due_ns: 0 })
    }

    /// The process now, and what it used since it was read last.
    ///
    /// # Errors
    /// Where it has ended.
    pub(super) fn read(&mut self) -> io::Result<Used> {
        let sample = self.reader.sample(now_ns(), self.kernel_stack_bytes_per_thread)?;
        let cpu_share = self.sampled.replace(sample).map(|last| {
            let span_ns = sample.at_ns.saturating_sub(last.at_ns).max(1);
            sample.cpu_ns.saturating_sub(last.cpu_ns) as f64 / span_ns as f64
        });
        let (switches_per_s, busy_threads) = self.read_threads().unzip();
        Ok(Used {
            memory: Memory {
                resident_bytes: sample.resident_bytes,
                page_table_bytes: sample.page_table_bytes,
                kernel_stack_bytes: sample.kernel_stack_bytes,
            },
            threads: sample.threads,
            cpu_share,
            switches_per_s,
            busy_threads: busy_threads.unwrap_or_default(),
            sample,
        })
    }

    /// Nothing the first time, where the kernel does not tell, and where it is not time yet.
    fn read_threads(&mut self) -> Option<(f64, Vec<BusyThread>)> {
        let (at_ns, used_ns) = (now_ns(), thread_cpu_ns());
        if at_ns < self.list_due_ns {
            return None;
        }
        let now = ThreadList { at_ns, threads: threads(self.pid).ok()? };
        let cost_ns = thread_cpu_ns() - used_ns;
        self.list_due_ns = at_ns + cost_ns * TIMES_ITS_COST;
        let told = self.listed.as_ref().map(|last| between(last, &now));
        self.listed = Some(now);
        told
    }
}

/// Switches per second of all threads, and what each of the busiest did.
fn between(last: &ThreadList, now: &ThreadList) -> (f64, Vec<BusyThread>) {
    let span_s = (now.at_ns.saturating_sub(last.at_ns)).max(1) as f64 / 1e9;
    let before: HashMap<u32, &ThreadReading> = last.threads.iter().map(|thread| (thread.tid, thread)).collect();
    // All of a thread that was not there before lies in the interval.
    let switches = |thread: &ThreadReading| {
        thread.switches.saturating_sub(before.get(&thread.tid).map_or(0, |last| last.switches)) as f64 / span_s
    };
    let cpu_share = |thread: &ThreadReading| {
        let cpu_ns = thread.cpu_ns.saturating_sub(before.get(&thread.tid).map_or(0, |last| last.cpu_ns));
        (cpu_ns as f64 / 1e9 / span_s).min(1.0)
    };
    let mut busiest: Vec<&ThreadReading> = now.threads.iter().collect();
    busiest.sort_by_key(|thread| std::cmp::Reverse(thread.cpu_ns));
    busiest.truncate(MOST_LANES);
    busiest.sort_by_key(|thread| thread.tid);
    let told = |thread: &&ThreadReading| BusyThread {
        tid: thread.tid,
        name: thread.name.clone(),
        cpu_share: cpu_share(thread),
        switches_per_s: switches(thread),
        activity: if thread.is_runnable { Activity::Running } else { Activity::Sleeping },
    };
    (now.threads.iter().map(switches).sum(), busiest.iter().map(told).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn thread(tid: u32, switches: u64, cpu_ns: u64) -> ThreadReading {
        ThreadReading { tid, name: format!("t{tid}"), is_runnable: tid == 1, switches, cpu_ns }
    }

    #[test]
    fn what_was_used_is_the_difference_and_all_of_a_new_thread() {
        let last = ThreadList { at_ns: 0, threads: vec![thread(1, 10, 5_000), thread(9, 99, 99)] };
        let now = ThreadList {
            at_ns: 500_000_000,
            threads: vec![thread(1, 20, 250_005_000), thread(2, 5, 0), thread(3, 0, 700_000_000)],
        };
        let (switches_per_s, threads) = between(&last, &now);
        assert_eq!(switches_per_s, 30.0);
        let told: Vec<(u32, f64, f64)> =
            threads.iter().map(|thread| (thread.tid, thread.cpu_share, thread.switches_per_s)).collect();
        assert_eq!(told, [(1, 0.5, 20.0), (2, 0.0, 10.0), (3, 1.0, 0.0)]);
        assert_eq!((threads[0].activity, threads[1].activity), (Activity::Running, Activity::Sleeping));
    }

    #[test]
    fn of_many_threads_those_are_told_that_have_used_most() {
        let last = ThreadList { at_ns: 0, threads: Vec::new() };
        let now = ThreadList { at_ns: 1_000, threads: (0..100).map(|tid| thread(tid, 1, u64::from(tid))).collect() };
        let tids: Vec<u32> = between(&last, &now).1.iter().map(|thread| thread.tid).collect();
        assert_eq!(tids, (68..100).collect::<Vec<u32>>());
    }

    #[test]
    fn this_process_uses_memory_and_threads() {
        let mut usage = ProcessUsage::open(std::process::id(), Extent::Alone, 16_384).unwrap();
        let first = usage.read().unwrap();
        assert!(first.memory.resident_bytes > 0 && first.threads >= 1);
        assert_eq!((first.cpu_share, first.switches_per_s), (None, None));
        assert!(usage.read().unwrap().cpu_share.is_some());
    }
}
