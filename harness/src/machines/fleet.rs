//! Several workers and one load: they are prepared at the same time, told to begin at one moment, and what they say is added
//! up. None of them knows of another.
//!
//! Before the load anything that fails ends all. From its start on a worker that is lost is a finding: its part counts as
//! never sent. Beside it: `hand.rs`, one worker; `clocks.rs`, the moment.

use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use reports::record::RecordError;

use super::clocks::{ClockOffset, Drift};
use super::found::{FleetOutcome, WorkerOutcome, WorkerPart, start_skew_ns};
use super::hand::{Hand, SILENCE, WorkerCommand, WorkerProblem};
use super::message::{FromWorker, Go, Hello, ToWorker};
use super::plan_message::{MOST_WORKERS, PlanMessage, WholeLoad};
use crate::clock::now_ns;
use crate::load::{Generator, LoadMoments, LoadOutcome, LoadPart, Signs, scheduled_in};
use crate::observe::MachineSeen;
use crate::plan::{LoadSpec, nanoseconds};

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

/// What all of them are to send together.
#[derive(Debug, Clone, Copy)]
pub struct FleetLoad<'a> {
    /// The load.
    pub spec: &'a LoadSpec,
    /// How the generator of each runs.
    pub generator: Generator,
    /// Where to, as the workers reach it.
    pub target: SocketAddr,
    /// Whether that may be another machine than theirs.
    pub allow_remote: bool,
    /// For so many requests in all, where that bounds the load.
    pub requests: Option<u64>,
    /// Whether the window is wanted second by second too.
    pub by_second: bool,
    /// Ends the load early.
    pub stop: &'a AtomicBool,
}

/// Between the last worker's readiness and the start: room for the word to arrive everywhere.
const HEAD_START: Duration = Duration::from_millis(250);

/// How often whoever looks on is told of progress.
const LOOK_EVERY: Duration = Duration::from_millis(5);

/// Workers that have been started.
pub struct Fleet<'c> {
    commands: &'c [WorkerCommand],
    hands: Vec<Hand>,
}

/// A worker whose connections are open.
#[derive(Debug)]
struct Prepared {
    hello: Hello,
    clock: ClockOffset,
}

type Ended = Result<(LoadOutcome, MachineSeen, i64, Option<ClockOffset>), WorkerProblem>;

impl<'c> Fleet<'c> {
    /// Starts all of them. They end when this is dropped.
    ///
    /// # Errors
    /// Where one can't be started.
    pub fn start(commands: &'c [WorkerCommand], hello: &Hello) -> Result<Fleet<'c>, MachinesError> {
        if commands.len() > MOST_WORKERS as usize {
            return Err(MachinesError::TooMany(commands.len()));
        }
        let started = commands.iter().map(|command| Hand::start(command, hello)).enumerate();
        let hands: Result<_, _> =
            started.map(|(index, hand)| hand.map_err(|problem| failed(commands, index, problem))).collect();
        Ok(Fleet { commands, hands: hands? })
    }

    /// Runs a load to its end. `attend` is told how it goes: its moments on this machine's clock, and the workers' signs.
    ///
    /// # Errors
    /// Where a worker fails before the load begins.
    pub fn run(
        mut self,
        load: &FleetLoad<'_>,
        mut attend: impl FnMut(LoadMoments, &Signs),
    ) -> Result<FleetOutcome, MachinesError> {
        let parts = self.parts();
        let given_up = AtomicBool::new(false);
        let prepared = each(
            &mut self.hands,
            |index, hand| prepare(hand, load, parts[index], &given_up),
            || {
                if load.stop.load(Ordering::Relaxed) {
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
        let ended = each(&mut self.hands, run, || attend(moments, &signs))?;
        for hand in self.hands {
            hand.dismiss();
        }
        let commands = self.commands.iter().map(|command| command.text.clone());
        let found = commands.zip(parts).zip(prepared.into_iter().zip(ended));
        let workers =
            found.map(|((command, part), (prepared, ended))| outcome(load, command, part, prepared, ended, origin_ns));
        joined(load, workers.collect(), window_start_ns)
    }

    fn parts(&self) -> Vec<LoadPart> {
        let of = self.hands.len() as u32;
        (0..of).map(|index| LoadPart { index, of }).collect()
    }

    /// All of them, or why the first can't that has a reason of its own.
    fn all_or_the_reason(
        &self,
        prepared: Vec<Result<Prepared, WorkerProblem>>,
    ) -> Result<Vec<Prepared>, MachinesError> {
        let (mut ready, mut problems) = (Vec::new(), Vec::new());
        for (index, prepared) in prepared.into_iter().enumerate() {
            match prepared {
                Ok(prepared) => ready.push(prepared),
                Err(problem) => problems.push((matches!(problem, WorkerProblem::GivenUp), index, problem)),
            }
        }
        problems.sort_by_key(|(is_given_up, index, _)| (*is_given_up, *index));
        match problems.into_iter().next() {
            Some((_, index, problem)) => Err(failed(self.commands, index, problem)),
            None => Ok(ready),
        }
    }
}

fn failed(commands: &[WorkerCommand], index: usize, problem: WorkerProblem) -> MachinesError {
    let is_the_servers = matches!(&problem, WorkerProblem::Trouble(trouble) if trouble.is_the_servers);
    let ended_early = matches!(problem, WorkerProblem::Ended(_));
    let hint = "; see whether harness is found over there, and give --worker-program PATH where it is not";
    let reason = format!("{problem}{}", if ended_early { hint } else { "" });
    MachinesError::Worker { number: index + 1, command: commands[index].text.clone(), reason, is_the_servers }
}

/// Does a task with each of them at the same time, and `attend`s meanwhile.
fn each<T: Send>(
    hands: &mut [Hand],
    task: impl Fn(usize, &mut Hand) -> T + Sync,
    mut attend: impl FnMut(),
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
        while threads.iter().any(|thread| !thread.is_finished()) {
            thread::sleep(LOOK_EVERY);
            attend();
        }
        let join = |thread: thread::ScopedJoinHandle<'_, T>| {
            thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        };
        Ok(threads.into_iter().map(join).collect())
    })
}

/// Up to open connections and a clock that is known. Whoever fails has the others given up.
fn prepare(
    hand: &mut Hand,
    load: &FleetLoad<'_>,
    part: LoadPart,
    given_up: &AtomicBool,
) -> Result<Prepared, WorkerProblem> {
    /// Longer than a generator waits for its connections.
    const OPENING: Duration = Duration::from_secs(30);
    let mut prepare = || {
        let hello = hand.hello(given_up)?;
        let FleetLoad { spec, generator, target, allow_remote, requests, by_second, .. } = *load;
        let whole = WholeLoad { spec, generator, target, allow_remote, requests, by_second };
        hand.say(&ToWorker::Plan(Box::new(PlanMessage::new(whole, part))))?;
        match hand.hear(OPENING, given_up)?.0 {
            FromWorker::Ready => Ok(Prepared { hello, clock: hand.clock(given_up)? }),
            other => Err(hand.out_of_turn(&other)),
        }
    };
    prepare().inspect_err(|_| given_up.store(true, Ordering::Relaxed))
}

/// From the word to begin to the result.
fn conduct(hand: &mut Hand, load: &FleetLoad<'_>, start_ns: i64, signs: &Signs) -> Ended {
    hand.say(&ToWorker::Go(Go { start_ns }))?;
    let mut is_stopped = false;
    let never = AtomicBool::new(false);
    let give_up = Instant::now() + HEAD_START + load.spec.longest() + SILENCE;
    let result = loop {
        // One that begins when nobody else does says on and on that it is there.
        if Instant::now() > give_up {
            return Err(WorkerProblem::TooLate);
        }
        // Whoever was told to stop has something to say all the same.
        let stop = if is_stopped { &never } else { load.stop };
        match hand.hear(SILENCE, stop) {
            Ok((FromWorker::Result(result), _)) => break result,
            Ok((FromWorker::Signs(seen), _)) => {
                signs.answered.fetch_or(seen.answered, Ordering::Relaxed);
                signs.given_up.fetch_or(seen.given_up, Ordering::Relaxed);
            }
            Ok((other, _)) => return Err(hand.out_of_turn(&other)),
            Err(WorkerProblem::GivenUp) if !is_stopped => {
                is_stopped = true;
                hand.say(&ToWorker::Stop)?;
            }
            Err(problem) => return Err(problem),
        }
    };
    let began_ns = result.began_ns;
    // Its figures are there, whatever becomes of its clock.
    let clock = hand.clock(&never).ok();
    let (outcome, machine) = result.read().map_err(|reason| {
        WorkerProblem::Trouble(super::Trouble {
            is_the_servers: false,
            reason: format!("its result is refused: {reason}"),
        })
    })?;
    Ok((outcome, machine, began_ns, clock))
}

fn outcome(
    load: &FleetLoad<'_>,
    command: String,
    part: LoadPart,
    Prepared { hello, clock }: Prepared,
    ended: Ended,
    origin_ns: u64,
) -> WorkerOutcome {
    let end =
        ended.map_err(|problem| (problem.to_string(), scheduled_in(load.spec, load.generator, part, load.requests)));
    let end = end.map(|(outcome, machine, began_ns, after)| WorkerPart {
        outcome,
        machine,
        start_late_ns: clock.here(began_ns).saturating_sub(origin_ns.cast_signed()),
        drift: after.and_then(|after| Drift::between(clock, after)),
    });
    WorkerOutcome { command, hello, part, clock, end }
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
