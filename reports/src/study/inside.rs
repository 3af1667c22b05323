//! What was seen of a server's inside, as values over the measurement window.
//!
//! Totals are read by several threads one after the other, so one may seem to fall; no difference is taken below zero.
//! Must not know: how a value is drawn or said. Beside it: `record/server.rs`.

use crate::format::Unit;
use crate::record::{Cell, InsideAnswer, InsideRecord, RuntimeAnswer, ThreadTimes, UnstableAnswer};

/// Something that can be told of a server's inside at any moment.
#[derive(Debug)]
pub struct Track {
    /// As it is shown.
    pub name: &'static str,
    /// What its values count.
    pub unit: Unit,
    /// What it is, as the end of a sentence.
    pub meaning: &'static str,
    value: TrackValue,
}

/// How a value comes from what was seen.
#[derive(Debug)]
enum TrackValue {
    /// From an answer.
    Answer(fn(&InsideAnswer) -> Option<f64>),
    /// From two answers, one after the other.
    Answers(fn(&InsideAnswer, &InsideAnswer) -> Option<f64>),
    /// From two readings of the threads.
    Threads(fn(&ThreadTimes, &ThreadTimes) -> Option<f64>),
    /// From two readings of the threads, for each request that ended between them.
    ThreadsPerRequest(fn(&ThreadTimes, &ThreadTimes) -> u64),
}

/// Every track, in the order in which they are shown.
pub const TRACKS: [Track; 9] = [
    Track {
        name: "threads runnable",
        unit: Unit::Count,
        meaning: "the threads that run or wait for a CPU, on average since the last reading",
        value: TrackValue::Threads(|from, to| {
            // What threads did that came and went unseen can't be known.
            were_seen(from, to).then_some(())?;
            let runnable = |times: &ThreadTimes| times.ran_ns + times.waited_ns;
            Some(grown(runnable(from), runnable(to)) / time(from.at_ns, to.at_ns)?)
        }),
    },
    Track {
        name: "wait for a CPU",
        unit: Unit::Nanoseconds,
        meaning: "how long threads that could have run waited for a CPU, per request",
        value: TrackValue::ThreadsPerRequest(|from, to| to.waited_ns.saturating_sub(from.waited_ns)),
    },
    Track {
        name: "turns on a CPU",
        unit: Unit::Count,
        meaning: "how often some thread was given a CPU, per request",
        value: TrackValue::ThreadsPerRequest(|from, to| to.times_run.saturating_sub(from.times_run)),
    },
    Track {
        name: "requests under way",
        unit: Unit::Count,
        meaning: "the requests that were read and whose reply was not ready",
        value: TrackValue::Answer(|answer| Some(grown(answer.requests_ended, answer.requests_begun))),
    },
    Track {
        name: "connections waiting",
        unit: Unit::Count,
        meaning: "the connections accepted that no thread and no task had begun to serve: the queue of a pool",
        value: TrackValue::Answer(|answer| Some(answer.waiting_connections as f64)),
    },
    Track {
        name: "tasks alive",
        unit: Unit::Count,
        meaning: "the tasks of the runtime, one for each connection",
        value: TrackValue::Answer(|answer| Some(answer.runtime.as_ref()?.alive_tasks as f64)),
    },
    Track {
        name: "tasks in global queue",
        unit: Unit::Count,
        meaning: "the tasks ready to run in the queue that all workers of the runtime share",
        value: TrackValue::Answer(|answer| Some(answer.runtime.as_ref()?.global_queue_depth as f64)),
    },
    Track {
        name: "workers busy",
        unit: Unit::Share,
        meaning: "the part of its workers' time that the runtime spent on tasks, blocked ones included",
        value: TrackValue::Answers(|from, to| {
            let workers = to.runtime.as_ref()?.workers.len().max(1) as f64;
            let busy = grown(engaged_ns(from.runtime.as_ref()?), engaged_ns(to.runtime.as_ref()?));
            Some((busy / (time(from.at_ns, to.at_ns)? * workers)).min(1.0))
        }),
    },
    Track {
        name: "worker not coming back",
        unit: Unit::Nanoseconds,
        meaning: "for how long a worker of the runtime had neither parked nor gone on to other tasks: one of its tasks \
                  blocks or computes, or the system gave its CPU to others",
        value: TrackValue::Answer(|answer| Some(longest_still_ns(answer.runtime.as_ref()?) as f64)),
    },
];

/// Its workers' busy time, and of those whose busy time stands still the time since: they are not idle.
fn engaged_ns(runtime: &RuntimeAnswer) -> u64 {
    runtime.workers.iter().map(|worker| worker.busy_ns.saturating_add(worker.still_ns)).fold(0, u64::saturating_add)
}

fn longest_still_ns(runtime: &RuntimeAnswer) -> u64 {
    runtime.workers.iter().map(|worker| worker.still_ns).max().unwrap_or(0)
}

/// Of the CPU time of a process, the part that must be of threads that were seen for them to stand for all.
const SEEN: f64 = 0.9;

/// Whether nearly all that ran between two readings were threads that both saw, or one of them.
fn were_seen(from: &ThreadTimes, to: &ThreadTimes) -> bool {
    grown(from.ran_ns, to.ran_ns) >= SEEN * grown(from.process_cpu_ns, to.process_cpu_ns)
}

fn grown(from: u64, to: u64) -> f64 {
    to.saturating_sub(from) as f64
}

fn time(from_ns: u64, to_ns: u64) -> Option<f64> {
    to_ns.checked_sub(from_ns).filter(|&ns| ns > 0).map(|ns| ns as f64)
}

/// What was seen of one cell's server in its measurement window.
#[derive(Debug)]
pub struct InsideOf<'a> {
    /// The cell.
    pub cell: &'a Cell,
    answers: Vec<&'a InsideAnswer>,
    threads: Vec<&'a ThreadTimes>,
}

impl<'a> InsideOf<'a> {
    /// Nothing where nobody looked, or no answer came in the window.
    pub fn cell(cell: &'a Cell) -> Option<InsideOf<'a>> {
        let InsideRecord { answers, threads, .. } = cell.inside.as_ref()?;
        let within = |at_ns: u64| (cell.load.warm_up_ns..=cell.load.end_ns()).contains(&at_ns);
        let answers: Vec<_> = answers.iter().filter(|answer| within(answer.at_ns)).collect();
        let threads = threads.iter().filter(|times| within(times.at_ns)).collect();
        (!answers.is_empty()).then_some(InsideOf { cell, answers, threads })
    }

    /// What an unstable runtime had told by the end of the window, since its start; absent of any other.
    pub fn unstable(&self) -> Option<&'a UnstableAnswer> {
        self.answers.last()?.runtime.as_ref()?.unstable.as_ref()
    }

    /// Whether its threads were read, and most of its time was of others that came and went between the readings.
    pub fn threads_were_missed(&self) -> bool {
        let ends = self.threads.first().zip(self.threads.last());
        ends.is_some_and(|(first, last)| !were_seen(first, last))
    }

    /// Requests that had ended at a moment, in a straight line between two answers. Outside of them it is not known.
    fn ended_at(&self, at_ns: u64) -> Option<f64> {
        let after = self.answers.iter().position(|answer| answer.at_ns >= at_ns)?;
        let to = self.answers[after];
        let Some(from) = after.checked_sub(1).map(|before| self.answers[before]) else {
            return (to.at_ns == at_ns).then_some(to.requests_ended as f64);
        };
        let part = grown(from.at_ns, at_ns) / time(from.at_ns, to.at_ns)?;
        Some(from.requests_ended as f64 + part * grown(from.requests_ended, to.requests_ended))
    }

    /// The first and the last readings of the threads between which requests are known.
    fn readings(&self) -> Vec<&'a ThreadTimes> {
        self.threads.iter().copied().filter(|times| self.ended_at(times.at_ns).is_some()).collect()
    }

    fn per_request(
        &self,
        from: &ThreadTimes,
        to: &ThreadTimes,
        of: fn(&ThreadTimes, &ThreadTimes) -> u64,
    ) -> Option<f64> {
        let ended = self.ended_at(to.at_ns)? - self.ended_at(from.at_ns)?;
        (ended >= 1.0 && were_seen(from, to)).then(|| of(from, to) as f64 / ended)
    }
}

impl Track {
    /// Its values in the window, each with its time since the window's start.
    pub fn values(&self, seen: &InsideOf<'_>) -> Vec<(u64, f64)> {
        let answers = || seen.answers.windows(2).map(|pair| (pair[0], pair[1]));
        let values: Vec<(u64, Option<f64>)> = match self.value {
            TrackValue::Answer(of) => seen.answers.iter().map(|answer| (answer.at_ns, of(answer))).collect(),
            TrackValue::Answers(of) => answers().map(|(from, to)| (to.at_ns, of(from, to))).collect(),
            TrackValue::Threads(of) => {
                seen.threads.windows(2).map(|pair| (pair[1].at_ns, of(pair[0], pair[1]))).collect()
            }
            TrackValue::ThreadsPerRequest(of) => {
                let readings = seen.readings();
                readings.windows(2).map(|pair| (pair[1].at_ns, seen.per_request(pair[0], pair[1], of))).collect()
            }
        };
        let from_ns = seen.cell.load.warm_up_ns;
        values.into_iter().filter_map(|(at_ns, value)| Some((at_ns.saturating_sub(from_ns), value?))).collect()
    }

    /// Its mean over the window: from the first totals to the last, or of all values where there are no totals.
    pub fn mean(&self, seen: &InsideOf<'_>) -> Option<f64> {
        let readings = seen.readings();
        match self.value {
            TrackValue::Answer(_) => {
                let values = self.values(seen);
                (!values.is_empty()).then(|| values.iter().map(|(_, value)| value).sum::<f64>() / values.len() as f64)
            }
            TrackValue::Answers(of) => of(seen.answers.first()?, seen.answers.last()?),
            TrackValue::Threads(of) => of(seen.threads.first()?, seen.threads.last()?),
            TrackValue::ThreadsPerRequest(of) => seen.per_request(readings.first()?, readings.last()?, of),
        }
    }

    /// Its greatest value in the window.
    pub fn greatest(&self, seen: &InsideOf<'_>) -> Option<f64> {
        self.values(seen).into_iter().map(|(_, value)| value).max_by(f64::total_cmp)
    }
}

/// The end of the part of a histogram in which a share of its values is reached, from the least on; absent where it is
/// empty.
pub fn below_ns(histogram: &[(u64, u64)], share: f64) -> Option<u64> {
    let all: u64 = histogram.iter().map(|(_, count)| count).fold(0, |sum, count| sum.saturating_add(*count));
    let wanted = all as f64 * share;
    let mut reached = 0u64;
    let found = histogram.iter().find(|(_, count)| {
        reached = reached.saturating_add(*count);
        reached as f64 >= wanted
    });
    found.filter(|_| all > 0).map(|(below_ns, _)| *below_ns)
}
