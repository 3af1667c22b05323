//! Repeating: every subject once per round, round after round, so that what the machine does meanwhile meets them all.
//!
//! Must not know: what a subject does. It is given the function that measures.

use std::time::Duration;

use super::{CpuSet, Microcost, MicrocostError, Operation, connections};

/// How often and how long.
#[derive(Debug, Clone)]
pub struct RoundSettings {
    /// Rounds; from two on there is a spread.
    pub rounds: u32,
    /// About how long one subject takes in one round.
    pub round_time: Duration,
    /// Where each subject is measured.
    pub placements: Vec<CpuSet>,
}

/// A subject's figures on one placement, in nanoseconds, a round each.
#[derive(Debug, Clone, PartialEq)]
pub struct MicrocostRounds {
    /// On which CPUs.
    pub placement: CpuSet,
    /// What.
    pub subject: Microcost,
    /// Nanoseconds for one, round by round.
    pub rounds_ns: Vec<f64>,
}

/// Takes the rounds. `measure` is given a subject, how many operations, and where; `tell` the rounds done so far.
///
/// # Errors
/// The first that `measure` reports.
pub fn take_rounds(
    settings: &RoundSettings,
    mut measure: impl FnMut(Microcost, u64, &CpuSet) -> Result<f64, MicrocostError>,
    mut tell: impl FnMut(u32),
) -> Result<Vec<MicrocostRounds>, MicrocostError> {
    let mut samples = Vec::new();
    let mut counts = Vec::new();
    for placement in &settings.placements {
        for subject in Microcost::all() {
            let least = least_count(subject.operation);
            // Not kept: it is short, and the first of its kind finds everything cold.
            let rough_ns = measure(subject, least, placement)?;
            counts.push(fitting_count(settings.round_time, rough_ns).max(least));
            samples.push(MicrocostRounds { placement: placement.clone(), subject, rounds_ns: Vec::new() });
        }
    }
    tell(0);
    for round in 0..settings.rounds {
        // There and back, so that what drifts through a round does not always meet the same subjects late.
        let mut order: Vec<usize> = (0..samples.len()).collect();
        if round % 2 == 1 {
            order.reverse();
        }
        for index in order {
            let sampled = &mut samples[index];
            sampled.rounds_ns.push(measure(sampled.subject, counts[index], &sampled.placement)?);
        }
        tell(round + 1);
    }
    Ok(samples)
}

/// The fewest operations that are worth timing: their sum is far above what reading the clock costs.
fn least_count(operation: Operation) -> u64 {
    match operation {
        Operation::Spawn => super::threads::BATCH,
        Operation::OneReady | Operation::AllReady => connections::CONNECTIONS as u64,
        _ => 200,
    }
}

fn fitting_count(time: Duration, each_ns: f64) -> u64 {
    // A cast to an integer saturates, so that a zero here is no crash but a long round.
    (time.as_nanos() as f64 / each_ns.max(1.0)) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings() -> RoundSettings {
        RoundSettings { rounds: 3, round_time: Duration::from_millis(1), placements: CpuSet::of(&[0, 1]) }
    }

    #[test]
    fn every_subject_is_measured_once_a_round_in_turn() {
        let mut asked = Vec::new();
        let mut told = Vec::new();
        let note = |subject, count, placement: &CpuSet| {
            asked.push((subject, count, placement.clone()));
            Ok(asked.len() as f64)
        };
        let samples = take_rounds(&settings(), note, |done| told.push(done)).unwrap();
        let subjects = Microcost::all().count() * 2;
        assert_eq!((asked.len(), samples.len()), (subjects * 4, subjects));
        assert_eq!(told, [0, 1, 2, 3]);
        assert!(samples.iter().all(|sampled| sampled.rounds_ns.len() == 3));
        // The calibration, then there, back, and there.
        let of_round = |round: usize| &asked[subjects * round..subjects * (round + 1)];
        let mut back = of_round(2).to_vec();
        back.reverse();
        assert_eq!(of_round(1), back);
        assert_eq!(of_round(1), of_round(3));
        assert_eq!(samples[0].rounds_ns[0], subjects as f64 + 1.0);
    }

    #[test]
    fn a_round_is_about_as_long_as_wanted_and_never_too_short_to_time() {
        assert_eq!(fitting_count(Duration::from_millis(1), 500.0), 2_000);
        assert_eq!(fitting_count(Duration::from_millis(1), 0.0), 1_000_000);
        let counts = |each_ns: f64| {
            let mut counts = Vec::new();
            take_rounds(
                &settings(),
                |_, count, _: &CpuSet| {
                    counts.push(count);
                    Ok(each_ns)
                },
                |_| {},
            )
            .unwrap();
            counts
        };
        assert!(counts(1e9).iter().all(|count| [64, 200, 1_000].contains(count)));
        assert!(counts(100.0)[Microcost::all().count() * 2..].iter().all(|count| *count == 10_000));
    }

    #[test]
    fn what_is_refused_ends_it() {
        let refuse = |_, _, _: &CpuSet| Err(MicrocostError::Unobservable(std::io::Error::other("no")));
        assert!(take_rounds(&settings(), refuse, |_| {}).is_err());
    }
}
