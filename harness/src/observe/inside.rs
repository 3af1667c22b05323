//! Looks at the inside of a process now and then: asks it, and reads what the system keeps of its threads.
//!
//! How to ask, someone else knows; here it is a function that never waits. Beside it: `observer.rs`, on whose sampler
//! thread this runs.

use std::fmt;

use reports::record::{InsideAnswer, InsideRecord, Sample};

use super::thread_times::ThreadReader;
use crate::clock::{now_ns, thread_cpu_ns};

/// Gives the answer to the last question, if it has come, and asks the next. Its times are monotonic. It must not wait.
pub type Ask = Box<dyn FnMut() -> Option<InsideAnswer> + Send>;

/// Reading the threads takes its CPU at most one part in so many of the time, and is put off where it would take more: fewer
/// than one request in a hundred can fall due meanwhile, so that no p99 depends on it.
const TIMES_ITS_COST: u64 = 250;

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
            let pause_ns = (thread_cpu_ns() - before_ns).saturating_mul(TIMES_ITS_COST);
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

#[cfg(test)]
mod tests {
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
        let mut looks = Looks::new(std::process::id(), Box::new(|| None));
        looks.look(0, &Sample::default());
        looks.threads_next_ns = u64::MAX;
        looks.look(0, &Sample::default());
        let seen = looks.seen();
        assert_eq!((seen.threads.len(), seen.unanswered), (1, 1));
        assert_eq!(channel_cpu_share(&seen), None);
    }
}
