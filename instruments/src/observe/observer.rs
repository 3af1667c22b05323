//! Watches one process and the machine while a load runs: a thread that takes samples here, the rest in `machine/noise.rs`.
//!
//! Where it is wanted the same thread looks at the inside of the process now and then (`observer/inside.rs`).

pub(super) mod inside;

use std::io;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

pub use inside::Ask;
use inside::{Looks, channel_cpu_share};
use reports::record::{InsideRecord, Noise, Sample, Unobserved, Warning};

use super::cgroups::QuotaWatch;
use super::machine::cpus::ServerCpu;
use super::machine::noise::MachineWatch;
use super::machine::pinning::restrict_this_thread;
use super::process_reader::{Extent, ProcessReader, cpu_time};
use crate::clock::{now_ns, thread_cpu_ns};

/// What to watch, and how.
#[derive(Debug, Clone)]
pub struct Watch {
    /// The process.
    pub pid: u32,
    /// What of it.
    pub extent: Extent,
    /// `at_ns` of the samples counts from here; monotonic.
    pub origin_ns: u64,
    /// Time between two samples.
    pub interval: Duration,
    /// As [`reports::record::Machine`] has it.
    pub kernel_stack_bytes_per_thread: u64,
    /// CPUs of both threads, those of the load generator rather than the server's; none means any.
    pub cpus: Vec<u32>,
    /// Processes that belong to this run too, beside the server and this one: their CPU time is not that of others.
    pub beside: Vec<u32>,
    /// The CPUs that server and harness may use, on which others are noise; none means all.
    pub watched_cpus: Vec<u32>,
}

/// The two threads at work. Dropped without [`Observer::stop`] they end by themselves.
#[derive(Debug)]
pub struct Observer {
    pid: u32,
    extent: Extent,
    machine: MachineWatch,
    quota: QuotaWatch,
    /// What belongs to this run too, and its CPU time at the start.
    beside: (Vec<u32>, u64),
    /// The process's CPU time at the start, and the thread that takes samples.
    sampler: io::Result<(u64, Sampler)>,
}

/// What was seen.
#[derive(Debug, Clone, PartialEq)]
pub struct Observed {
    /// The process over time, first sample at the start and last at the end. They end with the process.
    pub samples: Vec<Sample>,
    /// The machine between start and stop.
    pub noise: Noise,
    /// What could not be seen, of the machine or the process.
    pub unobserved: Vec<Warning>,
    /// Most threads in a sample; absent without a sample.
    pub peak_threads: Option<u64>,
    /// Its inside over time; absent where nobody looked.
    pub inside: Option<InsideRecord>,
}

impl Observer {
    /// Starts watching. What can't be watched is said at the end: [`Observed::unobserved`].
    pub fn start(watch: Watch) -> Self {
        Self::begin(watch, None)
    }

    /// As [`Observer::start`], and looks at the inside of the process too: asks it, and reads its threads one by one.
    pub fn start_asking(watch: Watch, ask: Ask) -> Self {
        let looks = Looks::new(watch.pid, ask);
        Self::begin(watch, Some(looks))
    }

    fn begin(watch: Watch, looks: Option<Looks>) -> Self {
        let (pid, extent) = (watch.pid, watch.extent);
        let (machine, quota) =
            (MachineWatch::start(watch.watched_cpus.clone(), watch.cpus.clone()), QuotaWatch::of(pid));
        let beside = (watch.beside.clone(), all_cpu_ns(&watch.beside));
        let sampler = cpu_ns(pid, extent).and_then(|before| Ok((before, Sampler::start(watch, looks)?)));
        Self { pid, extent, machine, quota, beside, sampler }
    }

    /// Ends both threads and says what they saw. Waits a few milliseconds, not an interval.
    pub fn stop(self) -> Observed {
        let mut unobserved = Vec::new();
        let mut missing = |what: Unobserved, reason: String| unobserved.push(Warning::NotObserved { what, reason });
        let sampled = self.sampler.map_err(|error| format!("it could not be watched: {error}"));
        let sampled = sampled.and_then(|(before_ns, sampler)| {
            let sampled = sampler.stop().ok_or("the thread that watched it ended in the middle")?;
            Ok((before_ns, sampled))
        });
        let (before_ns, SamplerResult { samples, inside, own_cpu_ns, failure }) = match sampled {
            Ok((before_ns, sampled)) => (Some(before_ns), sampled),
            Err(reason) => {
                missing(Unobserved::Server, reason);
                (None, SamplerResult::default())
            }
        };
        // A process that has ended used no CPU since its last sample worth a mention.
        let last_cpu_ns = samples.last().map(|sample: &Sample| sample.cpu_ns);
        let now_cpu_ns = cpu_ns(self.pid, self.extent).ok();
        // Of a process that has ended, whoever supervises it says so.
        if let (Some(_), Some(error)) = (now_cpu_ns, failure) {
            missing(Unobserved::Server, format!("it could be watched no longer: {error}"));
        }
        let now_cpu_ns = now_cpu_ns.or(last_cpu_ns);
        let used_ns = now_cpu_ns.zip(before_ns).map(|(now, before)| now.saturating_sub(before));
        let server_throttled = self.quota.since_start().map_err(|reason| missing(Unobserved::ServerQuota, reason)).ok();
        let (beside, beside_ns) = self.beside;
        let beside_ns = all_cpu_ns(&beside).saturating_sub(beside_ns);
        let used = used_ns.map_or(ServerCpu::Unknown, |used_ns| ServerCpu::Used(used_ns + beside_ns));
        let machine = self.machine.stop(used);
        unobserved.extend(machine.unobserved);
        let noise = Noise {
            server_throttled,
            channel_cpu_share: inside.as_ref().and_then(channel_cpu_share),
            sampler_cpu_share: Some((own_cpu_ns + machine.own_cpu_ns) as f64 / machine.span_ns.max(1) as f64),
            ..machine.noise
        };
        let peak_threads = samples.iter().map(|sample| sample.threads).max();
        Observed { peak_threads, samples, noise, unobserved, inside }
    }
}

/// The thread that takes samples. It ends when this is dropped.
#[derive(Debug)]
struct Sampler {
    stop: Sender<()>,
    thread: JoinHandle<SamplerResult>,
}

impl Sampler {
    fn start(watch: Watch, looks: Option<Looks>) -> io::Result<Sampler> {
        let reader = ProcessReader::open(watch.pid, watch.extent)?;
        let (stop, stopped) = channel();
        let sample = move || sample_until(reader, looks, &watch, &stopped);
        Ok(Sampler { stop, thread: thread::Builder::new().name("sampler".into()).spawn(sample)? })
    }

    /// Nothing where the thread died.
    fn stop(self) -> Option<SamplerResult> {
        drop(self.stop);
        self.thread.join().ok()
    }
}

fn cpu_ns(pid: u32, extent: Extent) -> io::Result<u64> {
    Ok(cpu_time(pid, extent)?.as_nanos() as u64)
}

/// Of some processes with their children. One that has ended has none any more, and what it used before is missing.
fn all_cpu_ns(pids: &[u32]) -> u64 {
    pids.iter().filter_map(|pid| cpu_ns(*pid, Extent::WithChildren).ok()).sum()
}

#[derive(Debug, Default)]
struct SamplerResult {
    samples: Vec<Sample>,
    inside: Option<InsideRecord>,
    own_cpu_ns: u64,
    /// What ended it before it was to end: mostly that there is no such process any more.
    failure: Option<io::Error>,
}

/// A sample takes its CPU at most one part in so many of the time. The kernel adds up the CPU time of a process over its
/// threads, for which ten thousand of them take it two milliseconds; a request that falls due then is sent that late.
/// CPU time counts, and not that in which another had the CPU: no sample is left out because one was interrupted. The last
/// comes when the load has ended, and disturbs nobody.
const SAMPLE_TIMES_ITS_COST: u64 = 1_000;

/// When the next sample is due. After a delay of several intervals the missed ones are not made up for in a burst.
fn next_due(due_ns: u64, interval_ns: u64, cost_ns: u64, now_ns: u64) -> u64 {
    (due_ns + interval_ns.max(cost_ns.saturating_mul(SAMPLE_TIMES_ITS_COST))).max(now_ns)
}

fn sample_until(
    mut reader: ProcessReader,
    mut looks: Option<Looks>,
    watch: &Watch,
    stopped: &Receiver<()>,
) -> SamplerResult {
    // Where pinning is refused the samples are as true, only taken elsewhere.
    let _ = restrict_this_thread(&watch.cpus);
    let interval_ns = (watch.interval.as_nanos() as u64).max(1);
    let mut samples = Vec::with_capacity(256);
    let (mut due, mut failure, mut is_last) = (now_ns(), None, false);
    loop {
        let before_cpu_ns = thread_cpu_ns();
        let at_ns = now_ns().saturating_sub(watch.origin_ns);
        let sample = match reader.sample(at_ns, watch.kernel_stack_bytes_per_thread) {
            Ok(sample) => sample,
            Err(error) => {
                failure = Some(error);
                break;
            }
        };
        let cost_ns = thread_cpu_ns() - before_cpu_ns;
        // What is asked now would have no time to answer.
        if let Some(looks) = looks.as_mut().filter(|_| !is_last) {
            looks.look(watch.origin_ns, &sample);
        }
        samples.push(sample);
        if is_last {
            break;
        }
        let now = now_ns();
        due = next_due(due, interval_ns, cost_ns, now);
        // One more at the end, however short the load was: the next may have been a second away.
        is_last = stopped.recv_timeout(Duration::from_nanos(due - now)) != Err(RecvTimeoutError::Timeout);
    }
    SamplerResult { samples, inside: looks.map(Looks::seen), own_cpu_ns: thread_cpu_ns(), failure }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: u64 = 1_000_000;

    #[test]
    fn samples_come_at_their_interval_and_more_rarely_where_they_cost_much() {
        assert_eq!(next_due(100 * MS, 50 * MS, MS / 100, 101 * MS), 150 * MS);
        assert_eq!(next_due(100 * MS, 50 * MS, 2 * MS, 102 * MS), 2_100 * MS);
        assert_eq!(next_due(100 * MS, 50 * MS, MS / 100, 900 * MS), 900 * MS, "late, and no burst");
    }

    #[test]
    fn what_belongs_to_the_run_is_added_up_and_what_is_gone_is_nothing() {
        let own = std::process::id();
        let alone = all_cpu_ns(&[own]);
        assert!(alone > 0 && all_cpu_ns(&[own, own, u32::MAX]) >= 2 * alone);
        assert_eq!(all_cpu_ns(&[u32::MAX]), 0);
        assert_eq!(all_cpu_ns(&[]), 0);
    }
}
