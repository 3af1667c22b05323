//! One worker through one load: up to open connections and a clock that is known, from the word to begin to the result, and
//! what that says of it.
//!
//! Must not know: the other workers. Beside it: `fleet.rs`, which does this with several at the same time.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use instruments::load::{LoadOutcome, LoadPart, Signs, scheduled_in};
use instruments::observe::MachineSeen;
use reports::record::WayTimes;

use super::clocks::{ClockOffset, Drift};
use super::found::{WorkerOutcome, WorkerPart};
use super::hand::{Hand, SILENCE};
use super::hello::Hello;
use super::message::{FromWorker, ToWorker, Trouble};
use super::plan_message::{FleetLoad, PlanMessage};
use super::problem::WorkerProblem;

/// Between the last worker's readiness and the start: room for the word to arrive everywhere.
pub(super) const HEAD_START: Duration = Duration::from_millis(250);

/// A worker whose connections are open.
#[derive(Debug)]
pub(super) struct Prepared {
    hello: Hello,
    pub(super) clock: ClockOffset,
}

/// What a worker said at its end.
pub(super) struct Said {
    outcome: LoadOutcome,
    machine: MachineSeen,
    began_ns: i64,
    after: Result<ClockOffset, WorkerProblem>,
    way: WayTimes,
}

pub(super) type PartEnd = Result<Said, WorkerProblem>;

/// Whether what it is doing is not known: it was lost, or has not answered all that it was asked.
pub(super) fn is_spent(ended: &PartEnd) -> bool {
    !matches!(ended, Ok(Said { after: Ok(_), .. }))
}

/// Up to open connections and a clock that is known. Whoever fails has the others given up.
pub(super) fn prepare(
    hand: &mut Hand,
    load: &FleetLoad<'_>,
    part: LoadPart,
    given_up: &AtomicBool,
) -> Result<Prepared, WorkerProblem> {
    /// Longer than a generator waits for its connections.
    const OPENING: Duration = Duration::from_secs(30);
    let mut prepare = || {
        let hello = hand.hello(given_up)?;
        hand.say(&ToWorker::Plan(Box::new(PlanMessage::new(load, part))))?;
        match hand.hear(OPENING, given_up)?.0 {
            FromWorker::Ready => Ok(Prepared { hello, clock: hand.clock(given_up)? }),
            other => Err(hand.out_of_turn(&other)),
        }
    };
    prepare().inspect_err(|_| given_up.store(true, Ordering::Relaxed))
}

/// From the word to begin to the result.
pub(super) fn conduct(hand: &mut Hand, load: &FleetLoad<'_>, start_ns: i64, signs: &Signs) -> PartEnd {
    hand.say(&ToWorker::Go { start_ns })?;
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
            Ok((FromWorker::Signs { answered, given_up }, _)) => {
                signs.answered.fetch_or(answered, Ordering::Relaxed);
                signs.given_up.fetch_or(given_up, Ordering::Relaxed);
            }
            Ok((other, _)) => return Err(hand.out_of_turn(&other)),
            Err(WorkerProblem::GivenUp) if !is_stopped => {
                is_stopped = true;
                hand.say(&ToWorker::Stop)?;
            }
            Err(problem) => return Err(problem),
        }
    };
    let (began_ns, way) = (result.began_ns, result.way);
    // Its figures are there, whatever becomes of its clock.
    let after = hand.clock(&never);
    let refused = |reason| WorkerProblem::Trouble(Trouble::own(format!("its result is refused: {reason}")));
    let (outcome, machine) = result.read().map_err(refused)?;
    Ok(Said { outcome, machine, began_ns, after, way })
}

pub(super) fn outcome(
    load: &FleetLoad<'_>,
    command: String,
    part: LoadPart,
    Prepared { hello, clock }: Prepared,
    ended: PartEnd,
    origin_ns: u64,
) -> WorkerOutcome {
    let end = ended
        .map_err(|problem| (problem.to_string(), scheduled_in(load.spec, load.generator.threads, part, load.requests)));
    let end = end.map(|Said { outcome, machine, began_ns, after, way }| WorkerPart {
        outcome,
        machine,
        start_late_ns: clock.here(began_ns).saturating_sub(origin_ns.cast_signed()),
        drift: after.map_err(|problem| problem.to_string()).and_then(|after| {
            let no_time = || "it was asked twice at the same moment".to_owned();
            Drift::between(clock, after).ok_or_else(no_time)
        }),
        way,
    });
    WorkerOutcome { command, hello, part, clock, end }
}

#[cfg(test)]
mod tests {
    use reports::record::{Noise, Warning};

    use super::super::message::ResultMessage;
    use super::*;
    use instruments::load::{ArrivalProcess, LoadSpec};

    fn nothing_sent() -> LoadOutcome {
        let spec = LoadSpec::of_a_second(ArrivalProcess::Closed);
        LoadOutcome::join(&spec, &[], 0).unwrap()
    }

    #[test]
    fn a_worker_that_still_owes_an_answer_is_spent() {
        let said = |after| Said {
            outcome: nothing_sent(),
            machine: MachineSeen::default(),
            began_ns: 0,
            after,
            way: WayTimes::default(),
        };
        assert!(!is_spent(&Ok(said(Ok(ClockOffset { offset_ns: 0, bound_ns: 0, at_ns: 0 })))));
        assert!(is_spent(&Ok(said(Err(WorkerProblem::Silent(SILENCE))))), "its answer may come in the next cell");
        assert!(is_spent(&Err(WorkerProblem::TooLate)));
    }

    #[test]
    fn a_worker_says_of_its_machine_what_there_is_to_say_and_no_more() {
        let read = |warnings| {
            let machine = MachineSeen::told(Noise::default(), vec![Warning::NothingRight; warnings]);
            ResultMessage::new(nothing_sent(), machine, 0, WayTimes::default()).read()
        };
        assert!(read(20).is_ok());
        assert!(read(20_000).unwrap_err().starts_with("what it could not observe"));
    }
}
