//! What is compared, as data: under which load, which figure of which generator, against whose, and what it should be.

use std::fmt;

use reports::format::number;

use crate::load::{PeerLoad, PeerPacing};
use crate::measure::{PeerRun, Rounds};
use crate::measured::figure::{RoundFigure, Target};
use crate::measured::table::BenchRow;
use crate::tools::{BARE_LOOP, FLOOR, HEY, OHA, OURS, REWRK, Tool, WRK, WRK2};

/// One row of the table.
#[derive(Clone, Copy)]
pub(crate) struct PeerComparison {
    pub(crate) load: PeerLoad,
    subject: &'static Tool,
    /// Absent where the figure stands for itself.
    against: Option<&'static Tool>,
    quantity: &'static Quantity,
    target: Option<Target>,
}

/// A figure of a sample.
struct Quantity {
    name: &'static str,
    unit: &'static str,
    of: fn(&PeerRun) -> Option<f64>,
}

const REQUESTS_PER_CPU_SECOND: Quantity = Quantity {
    name: "requests per CPU-second",
    unit: "/s",
    of: |sample| Some(sample.said.requests as f64 / (sample.user + sample.system).as_secs_f64()),
};
const CPU_PER_REQUEST: Quantity = Quantity {
    name: "CPU per request",
    unit: "us",
    of: |sample| Some((sample.user + sample.system).as_secs_f64() * 1e6 / sample.said.requests as f64),
};
const USER_CPU_PER_REQUEST: Quantity = Quantity {
    name: "user CPU per request",
    unit: "us",
    of: |sample| Some(sample.user.as_secs_f64() * 1e6 / sample.said.requests as f64),
};
/// Opening would be half of it at ten thousand connections, so that these two tell what they used after it.
const CPU_PER_REQUEST_ONCE_OPEN: Quantity = Quantity {
    name: "CPU per request once open",
    unit: "us",
    of: |sample| Some(sample.said.own_cpu_ns_per_request? / 1e3),
};
const OPENING: Quantity = Quantity { name: "opening all", unit: "s", of: |sample| Some(sample.said.opening_ns? / 1e9) };
const ANSWERED_OF_OFFERED: Quantity =
    Quantity { name: "answered / offered", unit: "", of: |sample| Some(sample.said.requests as f64 / sample.offered?) };
const LAG_P50: Quantity = Quantity { name: "lag p50", unit: "us", of: |sample| Some(sample.said.lag_p50_ns? / 1e3) };
const LAG_P99: Quantity = Quantity { name: "lag p99", unit: "us", of: |sample| Some(sample.said.lag_p99_ns? / 1e3) };
/// Below a microsecond the ratio would be that of two ways to read a clock.
const LAG_P99_FROM_1_US: Quantity = Quantity {
    name: "lag p99, where less than 1 us counts as 1 us",
    unit: "us",
    of: |sample| Some((sample.said.lag_p99_ns? / 1e3).max(1.0)),
};
const RESPONSE_P50: Quantity =
    Quantity { name: "response time p50", unit: "us", of: |sample| Some(sample.said.response_p50_ns? / 1e3) };

/// All rows, in the order in which they are shown.
pub(crate) fn comparisons() -> Vec<PeerComparison> {
    [closed_loop(), open_loop()].concat()
}

fn closed_loop() -> Vec<PeerComparison> {
    let closed = |connections| PeerLoad::Closed { connections };
    let mut rows = Vec::new();
    for connections in [64, 1_000] {
        let load = closed(connections);
        let against = |tool, target| ours(load, &REQUESTS_PER_CPU_SECOND, target).against(tool);
        rows.push(against(&WRK, Some(Target::AtLeast(1.2))));
        rows.push(against(&OHA, Some(Target::AtLeast(1.6))));
        rows.push(against(&HEY, None));
        rows.push(against(&REWRK, None));
    }
    rows.push(ours(closed(64), &USER_CPU_PER_REQUEST, Some(Target::AtMost(1.0))));
    for connections in [64, 10_000] {
        let row = ours(closed(connections), &CPU_PER_REQUEST_ONCE_OPEN, Some(Target::AtMost(1.1)));
        rows.push(row.against(&BARE_LOOP));
    }
    rows.push(ours(closed(10_000), &OPENING, Some(Target::AtMost(1.0))));
    rows.push(ours(closed(19_000), &OPENING, Some(Target::AtMost(1.5))));
    rows
}

fn open_loop() -> Vec<PeerComparison> {
    let sleeping = |rate_rps| PeerLoad::Open { rate_rps, pace: PeerPacing::Sleeping };
    let spinning = PeerLoad::Open { rate_rps: 5_000, pace: PeerPacing::Spinning };
    let mut rows = Vec::new();
    for rate_rps in [1_000, 5_000, 20_000, 50_000] {
        let row = ours(sleeping(rate_rps), &ANSWERED_OF_OFFERED, Some(Target::AtLeast(0.999)));
        rows.push(row);
        rows.extend([&WRK2, &HEY].map(|subject| PeerComparison { subject, target: None, ..row }));
    }
    rows.push(ours(sleeping(1_000), &LAG_P50, Some(Target::AtMost(60.0))));
    rows.push(ours(spinning, &LAG_P50, Some(Target::AtMost(1.0))));
    let lag_p99 = ours(spinning, &LAG_P99, None);
    rows.extend([lag_p99, PeerComparison { subject: &FLOOR, ..lag_p99 }]);
    rows.push(ours(spinning, &LAG_P99_FROM_1_US, Some(Target::AtMost(1.5))).against(&FLOOR));
    // wrk2 wakes once a millisecond; held against it are the same, and waking for each request as otherwise.
    let ticking = PeerLoad::Open { rate_rps: 20_000, pace: PeerPacing::Ticking };
    rows.push(ours(ticking, &CPU_PER_REQUEST, Some(Target::AtMost(1.0))).against(&WRK2));
    rows.push(ours(sleeping(20_000), &CPU_PER_REQUEST, None).against(&WRK2));
    rows.push(ours(sleeping(5_000), &RESPONSE_P50, Some(Target::AtMost(0.2))).against(&WRK2));
    rows
}

fn ours(load: PeerLoad, quantity: &'static Quantity, target: Option<Target>) -> PeerComparison {
    PeerComparison { load, subject: &OURS, against: None, quantity, target }
}

impl PeerComparison {
    fn against(self, tool: &'static Tool) -> PeerComparison {
        PeerComparison { against: Some(tool), ..self }
    }

    /// Who must be measured for it.
    pub(crate) fn tools(&self) -> impl Iterator<Item = &'static Tool> {
        std::iter::once(self.subject).chain(self.against)
    }

    /// The row, from what the rounds gave.
    pub(crate) fn row(&self, rounds: &Rounds) -> BenchRow {
        let subject = self.rounds_of(self.subject, rounds);
        let against = self.against.map(|tool| self.rounds_of(tool, rounds)).transpose();
        let (figure, detail) = match (subject, against) {
            (Err(reason), _) | (_, Err(reason)) => (Err(reason), String::new()),
            (Ok(subject), Ok(None)) => (figure_of(subject), String::new()),
            (Ok(subject), Ok(Some(against))) => {
                let detail = self.medians(&subject, &against);
                (figure_of(subject.iter().zip(against).map(|(a, b)| a / b).collect()), detail)
            }
        };
        let unit = if self.against.is_some() { "" } else { self.quantity.unit };
        BenchRow { what: self.to_string(), unit, target: self.target, figure, detail }
    }

    /// A number for each round, NaN where it failed; or why there is none at all.
    fn rounds_of(&self, tool: &Tool, rounds: &Rounds) -> Result<Vec<f64>, String> {
        let samples = rounds.of(self.load, tool);
        if tool.program().is_none() {
            return Err(format!("skipped: {} is not here; {}", tool.name, tool.remedy()));
        }
        if let (false, Some(Err(reason))) = (samples.iter().any(Result::is_ok), samples.first()) {
            return Err(format!("{} {reason}", tool.name));
        }
        let number = |sample: &Result<PeerRun, String>| sample.as_ref().ok().and_then(self.quantity.of);
        Ok(samples.iter().map(|sample| number(sample).unwrap_or(f64::NAN)).collect())
    }

    /// What the ratio is made of.
    fn medians(&self, subject: &[f64], against: &[f64]) -> String {
        let median = |values| RoundFigure::of(values).map_or_else(|| "-".to_owned(), |figure| number(figure.median));
        format!("{} / {} {}", median(subject), median(against), self.quantity.unit)
    }
}

fn figure_of(values: Vec<f64>) -> Result<RoundFigure, String> {
    RoundFigure::of(&values).ok_or_else(|| "no round gave the figure".to_owned())
}

impl fmt::Display for PeerComparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}, {}", self.load, self.quantity.name, self.subject.name)?;
        match self.against {
            Some(tool) => write!(f, " / {}", tool.name),
            None => Ok(()),
        }
    }
}
