//! Several workers and one load: they are prepared at the same time, told to begin at one moment, and what they say is added
//! up. None of them knows of another.
//!
//! Before the load anything that fails ends all. From its start on a worker that is lost is a finding: its part counts as
//! never sent. Beside it: `conduct.rs`, one worker through one load; `hand.rs`, one worker.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use instruments::clock::{nanoseconds, now_ns};
use instruments::load::{LoadMoments, LoadOutcome, LoadPart, Signs, look_on};
use reports::record::RecordError;

use super::conduct::{self, HEAD_START, conduct, outcome, prepare};
use super::found::{FleetOutcome, WorkerOutcome, start_skew_ns};
use super::hand::{Hand, WorkerCommand};
use super::hello::Hello;
use super::plan_message::{FleetLoad, MOST_WORKERS};
use super::problem::WorkerProblem;

/// Why a load from several machines did not begin, or its figures could not be added up.
#[derive(Debug, thiserror::Error)]
pub enum MachinesError {
    /// A worker can't do what it is to do.
    #[error("worker {number} ({command}): {reason}")]
    Worker {
        /// From 1, in the order in which they were typed.
        number: usize,
        /// As it was typed.
        command: String,
        /// A sentence.
        reason: String,
        /// Whether the server is the reason, which did not accept its connections.
        is_the_servers: bool,
    },
    /// The servers' machine can't do what it is to do.
    #[error("the machine for the servers ({command}): {reason}")]
    Host {
        /// As it was typed.
        command: String,
        /// A sentence.
        reason: String,
    },
    /// There is no thread for each of them.
    #[error("a thread for a worker could not be started: {0}")]
    Thread(#[source] io::Error),
    /// They can't be added up.
    #[error("what the workers found can't be added up: {0}")]
    Record(#[from] RecordError),
    /// Not one came to an end.
    #[error("every worker was lost during the load, so there is nothing to show; the first: {0}")]
    AllLost(String),
    /// More than are handled here.
    #[error("{0} workers are more than the {MOST_WORKERS} that one load may have; leave some out")]
    TooMany(usize),
}

/// How often whoever looks on is told of progress.
const LOOK_EVERY: Duration = Duration::from_millis(5);

/// Workers that have been started, for one load or for many, one after another.
pub struct Fleet {
    commands: Vec<WorkerCommand>,
    own: Hello,
    hands: Vec<Hand>,
    /// Of a worker that is to be started anew: it was lost, or what it is doing is not known.
    is_spent: Vec<bool>,
}

impl Fleet {
    /// Starts all of them. They end when this is dropped.
    ///
    /// # Errors
    /// Where one can't be started.
    pub fn start(commands: Vec<WorkerCommand>, own: Hello) -> Result<Fleet, MachinesError> {
        if commands.len() > MOST_WORKERS as usize {
            return Err(MachinesError::TooMany(commands.len()));
        }
        let started = commands.iter().map(|command| Hand::start(command, &own)).enumerate();
        let hands: Result<_, _> =
            started.map(|(index, hand)| hand.map_err(|problem| failed(&commands, index, problem))).collect();
        let (hands, is_spent) = (hands?, vec![false; commands.len()]);
        Ok(Fleet { commands, own, hands, is_spent })
    }

    /// Who they say they are, in the order in which they were given.
    ///
    /// # Errors
    /// Where one says nothing, or something else.
    pub fn hellos(&mut self, stop: &AtomicBool) -> Result<Vec<Hello>, MachinesError> {
        let said = each(&mut self.hands, |_, hand| hand.hello(stop), || ())?;
        self.all_or_the_reason(said)
    }

    /// Their processes on this machine: the workers themselves, or what speaks to them.
    pub fn pids(&self) -> Vec<u32> {
        self.hands.iter().map(Hand::pid).collect()
    }

    /// Runs a load to its end. `attend` is told how it goes: its moments on this machine's clock, and the workers' signs.
    /// Of more workers than connections only as many send as there are connections. Whoever was lost in the load before is
    /// started anew.
    ///
    /// # Errors
    /// Where a worker fails before the load begins.
    pub fn run(
        &mut self,
        load: &FleetLoad<'_>,
        mut attend: impl FnMut(LoadMoments, &Signs),
    ) -> Result<FleetOutcome, MachinesError> {
        self.replace_the_spent()?;
        let parts = self.parts(load.spec.peak_connections());
        // What they are doing is not known until they have said how it ended.
        self.is_spent[..parts.len()].fill(true);
        let given_up = AtomicBool::new(false);
        let prepared = each(
            &mut self.hands[..parts.len()],
            |index, hand| prepare(hand, load, parts[index], &given_up),
            || {
                if load.give_up.load(Ordering::Relaxed) {
                    given_up.store(true, Ordering::Relaxed);
                }
            },
        )?;
        let prepared = self.all_or_the_reason(prepared)?;
        let origin_ns = now_ns() + nanoseconds(HEAD_START);
        let window_start_ns = origin_ns + nanoseconds(load.spec.warm_up);
        let window_end_ns = window_start_ns + nanoseconds(load.spec.window);
        let moments = LoadMoments { origin_ns, window_start_ns, window_end_ns };
        let signs = Signs::default();
        let run = |index: usize, hand: &mut Hand| conduct(hand, load, prepared[index].clock.there(origin_ns), &signs);
        let ended = each(&mut self.hands[..parts.len()], run, || attend(moments, &signs))?;
        for (is_spent, ended) in self.is_spent.iter_mut().zip(&ended) {
            *is_spent = conduct::is_spent(ended);
        }
        let commands = self.commands.iter().map(|command| command.text.clone());
        let found = commands.zip(parts).zip(prepared.into_iter().zip(ended));
        let workers =
            found.map(|((command, part), (prepared, ended))| outcome(load, command, part, prepared, ended, origin_ns));
        joined(load, workers.collect(), window_start_ns)
    }

    /// Says good-bye to all of them. Without it they are ended without a word.
    pub fn dismiss(self) {
        self.hands.into_iter().for_each(Hand::dismiss);
    }

    fn replace_the_spent(&mut self) -> Result<(), MachinesError> {
        for index in 0..self.hands.len() {
            if self.is_spent[index] || self.hands[index].has_ended() {
                let hand = self.hands[index].anew(&self.commands[index], &self.own);
                self.hands[index] = hand.map_err(|problem| failed(&self.commands, index, problem))?;
                self.is_spent[index] = false;
            }
        }
        Ok(())
    }

    fn parts(&self, connections: u32) -> Vec<LoadPart> {
        let of = (self.hands.len() as u32).min(connections);
        (0..of).map(|index| LoadPart { index, of }).collect()
    }

    /// All of them, or why the first can't that has a reason of its own.
    fn all_or_the_reason<T>(&self, prepared: Vec<Result<T, WorkerProblem>>) -> Result<Vec<T>, MachinesError> {
        let (mut ready, mut problems) = (Vec::new(), Vec::new());
        for (index, prepared) in prepared.into_iter().enumerate() {
            match prepared {
                Ok(prepared) => ready.push(prepared),
                Err(problem) => problems.push((matches!(problem, WorkerProblem::GivenUp), index, problem)),
            }
        }
        problems.sort_by_key(|(is_given_up, index, _)| (*is_given_up, *index));
        match problems.into_iter().next() {
            Some((_, index, problem)) => Err(failed(&self.commands, index, problem)),
            None => Ok(ready),
        }
    }
}

impl MachinesError {
    pub(super) fn of_host(command: &WorkerCommand, problem: &WorkerProblem) -> MachinesError {
        MachinesError::Host { command: command.text.clone(), reason: with_hint(problem) }
    }
}

/// A problem, with where to look for our program where that may be it.
fn with_hint(problem: &WorkerProblem) -> String {
    let ended_early = matches!(problem, WorkerProblem::Ended(_));
    let hint = "; check whether harness is found over there, and give --worker-program PATH if not";
    format!("{problem}{}", if ended_early { hint } else { "" })
}

fn failed(commands: &[WorkerCommand], index: usize, problem: WorkerProblem) -> MachinesError {
    let is_the_servers = matches!(&problem, WorkerProblem::Trouble(trouble) if trouble.is_the_servers);
    let reason = with_hint(&problem);
    MachinesError::Worker { number: index + 1, command: commands[index].text.clone(), reason, is_the_servers }
}

/// Does a task with each of them at the same time, and `attend`s meanwhile.
fn each<T: Send>(
    hands: &mut [Hand],
    task: impl Fn(usize, &mut Hand) -> T + Sync,
    attend: impl FnMut(),
) -> Result<Vec<T>, MachinesError> {
    let task = &task;
    thread::scope(|scope| {
        let begin = |(index, hand)| {
            let name = format!("worker-{index}");
            thread::Builder::new()
                .name(name)
                .spawn_scoped(scope, move || task(index, hand))
                .map_err(MachinesError::Thread)
        };
        let threads = hands.iter_mut().enumerate().map(begin).collect::<Result<Vec<_>, _>>()?;
        look_on(&threads, || LOOK_EVERY, attend);
        let join = |thread: thread::ScopedJoinHandle<'_, T>| {
            thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        };
        Ok(threads.into_iter().map(join).collect())
    })
}

fn joined(
    load: &FleetLoad<'_>,
    workers: Vec<WorkerOutcome>,
    window_start_ns: u64,
) -> Result<FleetOutcome, MachinesError> {
    let parts: Vec<LoadOutcome> =
        workers.iter().filter_map(|worker| Some(worker.end.as_ref().ok()?.outcome.clone())).collect();
    if let (true, Some((reason, _))) = (parts.is_empty(), workers.iter().find_map(|worker| worker.end.as_ref().err())) {
        return Err(MachinesError::AllLost(reason.clone()));
    }
    let lost = workers.iter().filter_map(|worker| Some(worker.end.as_ref().err()?.1)).sum();
    let outcome = LoadOutcome::join(load.spec, &parts, lost)?;
    Ok(FleetOutcome { outcome, start_skew_ns: start_skew_ns(&workers), workers, window_start_ns })
}
