//! `--fail-on`: a bound on the result of one load, and on which side of it that lies.
//!
//! A measured value is held against the bound as it is; the line that tells of it has the interval. Beside it:
//! `reports::diff`, whose gates are about a change from one run to another.

use std::str::FromStr;
use std::time::Duration;

use instruments::clock::nanoseconds;
use reports::format::{self, Unit};
use reports::record::Ledger;
use serde::{Serialize, Serializer};

use crate::cli::ending::GateOutcome;
use crate::cli::load::findings::percentiles::{Bounded, Percentiles, SHOWN};
use crate::cli::output::per_second;

/// `p99>20ms`: fails where the p99 is longer.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::cli) struct LoadGate {
    text: String,
    limit: Limited,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Limited {
    /// A time of [`TIMES`], by its name: longer is too long.
    Time(&'static str, Duration),
    /// More of all requests without a right reply are too many.
    ErrorShare(f64),
    /// The same as a number.
    Errors(u64),
    /// Fewer right replies per second are too few.
    Throughput(f64),
}

/// Times beside the percentiles.
const MAX: &str = "max";
const MEAN: &str = "mean";

/// A gate, held against a result.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli::load) struct HeldGate {
    #[serde(serialize_with = "as_written")]
    #[cfg_attr(test, schemars(with = "String"))]
    gate: LoadGate,
    pub(in crate::cli::load) outcome: GateOutcome,
    /// What was held against what, in words.
    held: String,
}

/// What gates are about.
#[derive(Debug, Clone, Copy)]
pub(in crate::cli::load) struct Figures<'a> {
    /// Response times, in closed loop service times; absent where there are none.
    pub(in crate::cli::load) times: Option<&'a Percentiles>,
    /// What those are called.
    pub(in crate::cli::load) times_are: &'static str,
    pub(in crate::cli::load) ledger: &'a Ledger,
    pub(in crate::cli::load) achieved_rps: f64,
    pub(in crate::cli::load) is_valid: bool,
}

impl FromStr for LoadGate {
    type Err = String;

    fn from_str(text: &str) -> Result<LoadGate, String> {
        let refuse = |why: &str| Err(format!("{why}; write one such as 'p99>20ms', 'errors>1%' or 'throughput<1000'"));
        let Some(at) = text.find(['>', '<']) else { return refuse("it has neither > nor <") };
        let (name, sign, bound) = (text[..at].trim(), &text[at..=at], text[at + 1..].trim());
        let times = SHOWN.iter().map(|(name, _)| *name).chain([MAX, MEAN]);
        let time = times.into_iter().find(|time| *time == name);
        let limit = match (time, name, sign) {
            (None, "throughput", "<") => throughput(bound).map(Limited::Throughput),
            (None, "errors", ">") => errors(bound),
            (Some(name), _, ">") => humantime::parse_duration(bound).ok().map(|bound| Limited::Time(name, bound)),
            (None, "throughput", _) => {
                return refuse("it says what fails, which is a throughput below the bound: it takes <");
            }
            (Some(_), ..) | (None, "errors", _) => {
                return refuse("it says what fails, which is a value above the bound: it takes >");
            }
            _ => return refuse("it names p50, p90, p99, p99.9, max, mean, errors or throughput"),
        };
        match limit {
            Some(limit) => Ok(LoadGate { text: text.to_owned(), limit }),
            None => refuse(&format!("{bound:?} is not a bound on {name}")),
        }
    }
}

fn throughput(bound: &str) -> Option<f64> {
    let number = bound.strip_suffix("/s").unwrap_or(bound).trim().parse::<f64>().ok()?;
    (number.is_finite() && number > 0.0).then_some(number)
}

fn errors(bound: &str) -> Option<Limited> {
    match bound.strip_suffix('%') {
        Some(percent) => {
            let percent = percent.trim().parse::<f64>().ok()?;
            (0.0..=100.0).contains(&percent).then_some(Limited::ErrorShare(percent / 100.0))
        }
        None => bound.parse().ok().map(Limited::Errors),
    }
}

impl LoadGate {
    /// Holds the gate against a result. What is within its bound in a measurement that is not valid has not passed.
    pub(in crate::cli::load) fn hold(&self, figures: Figures<'_>) -> HeldGate {
        let (is_beyond, found) = self.limit.against(figures);
        let (outcome, held) = match (is_beyond, figures.is_valid) {
            (Some(true), _) => (GateOutcome::Exceeded, found),
            (Some(false), true) => (GateOutcome::Passed, found),
            (Some(false), false) => (GateOutcome::Undecided, format!("{found}, but the measurement is invalid")),
            (None, _) => (GateOutcome::Undecided, found),
        };
        HeldGate { gate: self.clone(), outcome, held }
    }
}

impl HeldGate {
    /// For a terminal: `p99>20ms exceeded: p99 of response times 25.3 ms (24.1 to 27 ms)`.
    pub(in crate::cli::load) fn line(&self) -> String {
        let outcome = match self.outcome {
            GateOutcome::Passed => "passed",
            GateOutcome::Undecided => "undecided",
            GateOutcome::Exceeded => "exceeded",
        };
        format!("{} {outcome}: {}", self.gate.text, self.held)
    }
}

impl Limited {
    /// Whether the result is beyond it, as far as that can be told, and what was found.
    fn against(self, figures: Figures<'_>) -> (Option<bool>, String) {
        let Figures { times, times_are, ledger, achieved_rps, .. } = figures;
        let (failed, all) = (ledger.failed(), ledger.scheduled);
        let share = if all > 0 { failed as f64 / all as f64 } else { 0.0 };
        let of_all = format!("{} of {} without a right reply", format::count(failed), format::counted(all, "request"));
        let errors = format!("{of_all}, {}", format::share(share));
        match self {
            Limited::Throughput(least) => {
                (Some(achieved_rps < least), format!("{} right replies", per_second(achieved_rps)))
            }
            Limited::ErrorShare(_) | Limited::Errors(_) if all == 0 => (None, "nothing was sent".to_owned()),
            Limited::ErrorShare(most) => (Some(share > most), errors),
            Limited::Errors(most) => (Some(failed > most), errors),
            Limited::Time(name, bound) => {
                let Some(times) = times else { return (None, format!("there are no {times_are}")) };
                let found = match name {
                    MAX => Some(times.max),
                    MEAN => times.mean.map(|mean| Bounded::at(mean.round() as u64)),
                    name => times.each().find(|(shown, _)| *shown == name).and_then(|(_, found)| found),
                };
                let Some(found) = found else {
                    let count = format::counted(times.count, "request");
                    return (None, format!("{count} are too few for a {name} of {times_are}"));
                };
                (found.is_longer_than(nanoseconds(bound)), format!("{name} of {times_are} {}", found.words()))
            }
        }
    }
}

impl Bounded {
    fn is_longer_than(self, bound_ns: u64) -> Option<bool> {
        match (self.value, self.above) {
            (Some(value), _) => Some(value > bound_ns),
            // How far beyond the timeout it is nobody knows.
            (None, Some(above)) => (above >= bound_ns).then_some(true),
            (None, None) => None,
        }
    }

    fn words(self) -> String {
        let time = |ns: u64| Unit::Nanoseconds.show(ns as f64);
        match self {
            Bounded { value: Some(value), low: Some(low), high: Some(high), .. } => {
                format!("{} ({})", time(value), Unit::Nanoseconds.range(low as f64, high as f64))
            }
            Bounded { value: Some(value), .. } => time(value),
            Bounded { above: Some(above), .. } => format!("> {}", time(above)),
            Bounded { .. } => "-".to_owned(),
        }
    }
}

fn as_written<S: Serializer>(gate: &LoadGate, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&gate.text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::load::findings::times::RankedTimes;
    use crate::cli::load::findings::times::tests::record;

    const MS: u64 = 1_000_000;

    /// A thousand requests of 1 to 990 ms, ten of which failed.
    fn held(gate: &str, is_valid: bool) -> HeldGate {
        let ledger = Ledger { scheduled: 1_000, ok: 990, error: 10, ..Ledger::default() };
        let ranked = RankedTimes::of_requests(&record((1..=990).map(|ms| ms * MS)), &ledger, 2_000 * MS).unwrap();
        let times = Percentiles::of(&ranked);
        let times_are = "response times";
        let figures = Figures { times: times.as_ref(), times_are, ledger: &ledger, achieved_rps: 990.0, is_valid };
        gate.parse::<LoadGate>().unwrap().hold(figures)
    }

    #[test]
    fn each_is_held_against_what_was_measured() {
        let table = [
            ("p50>501ms", GateOutcome::Passed, "p50>501ms passed: p50 of response times 500 ms (469 to 532 ms)"),
            ("p50>499ms", GateOutcome::Exceeded, "p50>499ms exceeded: p50 of response times 500 ms (469 to 532 ms)"),
            ("p99.9>1s", GateOutcome::Undecided, "1,000 requests are too few for a p99.9 of response times"),
            ("max>1s", GateOutcome::Exceeded, "max of response times > 2 s"),
            ("max > 3s", GateOutcome::Undecided, "max of response times > 2 s"),
            ("mean>495ms", GateOutcome::Exceeded, "mean of response times 496 ms"),
            ("errors>1%", GateOutcome::Passed, "10 of 1,000 requests without a right reply, 1.00%"),
            ("errors>0.9%", GateOutcome::Exceeded, "1.00%"),
            ("errors>9", GateOutcome::Exceeded, "10 of 1,000"),
            ("errors>10", GateOutcome::Passed, "10 of 1,000"),
            ("throughput<1000", GateOutcome::Exceeded, "throughput<1000 exceeded: 990/s right replies"),
            ("throughput<990/s", GateOutcome::Passed, "990/s"),
        ];
        for (gate, outcome, words) in table {
            let held = held(gate, true);
            assert_eq!(held.outcome, outcome, "{gate}: {}", held.line());
            assert!(held.line().contains(words), "{gate}: {}", held.line());
        }
    }

    #[test]
    fn what_is_invalid_never_passes_and_may_exceed() {
        let within = held("errors>1%", false);
        assert_eq!(within.outcome, GateOutcome::Undecided);
        assert!(within.line().ends_with("but the measurement is invalid"), "{}", within.line());
        assert_eq!(held("errors>0", false).outcome, GateOutcome::Exceeded);
    }

    #[test]
    fn anything_else_is_refused_with_an_example() {
        for (text, words) in [
            ("", "neither"),
            ("p99", "neither"),
            ("p99<20ms", "takes >"),
            ("errors<1%", "takes >"),
            ("throughput>5", "takes <"),
            ("p98>1ms", "it names p50"),
            ("p99>20", "not a bound on p99"),
            ("p99>fast", "not a bound on p99"),
            ("errors>101%", "not a bound on errors"),
            ("errors>-1", "not a bound on errors"),
            ("throughput<nan", "not a bound on throughput"),
        ] {
            let error = text.parse::<LoadGate>().unwrap_err();
            assert!(error.contains(words) && error.contains("'p99>20ms'"), "{text}: {error}");
        }
    }
}
