//! One square of the grid: two contenders with as many connections and the same work, in pairs of blocks.
//!
//! A square is decided by its own blocks alone. Where the generator was at its own limit, a server was asked for less than it
//! could have served, and its figure is a lower bound. Must not know: other squares, how a grid is drawn.

use serde::Serialize;

use crate::format;
use crate::metrics::{Metric, Reading};
use crate::record::{Cell, Outcome, Warning};
use crate::stats::{BlockValue, NoRatio, Ratio, WhyNoRatio};
use crate::study::{Pool, Standing, Trial, counts};
use crate::verdict::{BlockValues, Verdict, ratio_of};

/// One square of the grid.
#[derive(Debug, Clone, PartialEq)]
pub struct Square {
    /// What each has of the metric, all blocks together.
    pub values: [Reading; 2],
    /// The first's over the second's, paired by the blocks that have both; absent where none has, and where both values are
    /// lower bounds.
    pub ratio: Option<Ratio>,
    /// Why blocks that both have make no ratio; absent where they do, or there is none.
    pub no_ratio: Option<NoRatio>,
    /// The place of the contender of which the ratio knows a lower bound only, in some block at least.
    pub at_least: Option<usize>,
    /// What may be said of the ratio; absent where there is none.
    pub verdict: Option<Verdict>,
    /// Whether there is no ratio because the generator was at its limit with both.
    pub(super) is_beyond_generator: bool,
}

/// What a square says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum SquareFinding {
    /// The first contender has more, and the blocks carry the verdict.
    First,
    /// The second has more, likewise.
    Second,
    /// The two are equivalent.
    Alike,
    /// The blocks do not tell.
    CannotTell,
    /// Too few blocks for a verdict.
    TooFewBlocks,
    /// The generator was at its limit with both, or with the one that seems to have less.
    GeneratorsLimit,
    /// No block has a valid cell of both.
    NotMeasured,
}

/// What a server served in one cell.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum ServedRate {
    /// So much.
    Exactly(f64),
    /// So much and perhaps more: the generator had no CPU to ask for it.
    AtLeast(f64),
}

impl ServedRate {
    /// The number, a lower bound or not.
    pub fn value(self) -> f64 {
        match self {
            ServedRate::Exactly(value) | ServedRate::AtLeast(value) => value,
        }
    }
}

/// What the cell of a pool served, by a metric of which more is better; nothing where it is not valid for any other reason
/// than a busy generator.
pub fn served(metric: &Metric, pool: &Pool<'_>) -> Option<ServedRate> {
    let cell = pool.cells.first()?;
    let value = metric.of_pool(pool).value()?;
    if counts(cell) { Some(ServedRate::Exactly(value)) } else { is_a_bound(cell).then_some(ServedRate::AtLeast(value)) }
}

/// Whether nothing is wrong with a cell but that the generator's CPU was used up, or its backend late.
fn is_a_bound(cell: &Cell) -> bool {
    let mut invalidating = cell.warnings.iter().filter(|warning| warning.invalidates()).peekable();
    let is_invalid = invalidating.peek().is_some();
    // Clients who wait for a late backend ask less, and so does a generator without CPU.
    let is_busy = |warning: &Warning| {
        use Warning::{BackendSaturated, BackendSlowedClients, GeneratorSaturated};
        matches!(warning, GeneratorSaturated { .. } | BackendSaturated { .. } | BackendSlowedClients { .. })
    };
    let only_busy = invalidating.all(is_busy);
    cell.outcome == Outcome::Completed && is_invalid && only_busy
}

/// A contender's blocks.
#[derive(Default)]
struct Blocks {
    values: BlockValues,
    /// Whether any of them is a lower bound.
    has_bounds: bool,
}

impl Blocks {
    fn of(metric: &Metric, trial: Option<&Trial<'_>>) -> Blocks {
        let mut blocks = Blocks::default();
        for pool in trial.iter().flat_map(|trial| &trial.blocks) {
            if let (Some(cell), Some(served)) = (pool.cells.first(), served(metric, pool)) {
                blocks.values.insert(cell.block, BlockValue::Is(served.value()));
                blocks.has_bounds |= matches!(served, ServedRate::AtLeast(_));
            }
        }
        blocks
    }
}

impl Square {
    pub(super) fn of(metric: &Metric, a: Option<&Trial<'_>>, b: Option<&Trial<'_>>) -> Square {
        let [of_a, of_b] = [a, b].map(|trial| Blocks::of(metric, trial));
        let value = |trial: Option<&Trial<'_>>, blocks: &Blocks| match trial.map(|trial| (trial, trial.standing)) {
            Some((trial, _)) if blocks.has_bounds => {
                metric.of_pool(&trial.pool).value().map_or(Reading::Absent, |value| Reading::Beyond(value as u64))
            }
            Some((trial, Standing::Sound | Standing::Saturated)) => metric.of_pool(&trial.pool),
            Some((_, Standing::Invalid)) | None => Reading::Absent,
        };
        let is_beyond_generator = of_a.has_bounds && of_b.has_bounds;
        // A bound may stand for the value in a pair, but no pair may be left out because of it: which ones those are depends
        // on how fast the servers were.
        let ratio = ratio_of(&of_a.values, &of_b.values);
        let no_ratio = ratio.err().filter(|no_ratio| no_ratio.why != WhyNoRatio::NoBlocks);
        let ratio = ratio.ok().filter(|_| !is_beyond_generator);
        let at_least = if of_a.has_bounds { Some(0) } else { of_b.has_bounds.then_some(1) };
        Square {
            values: [value(a, &of_a), value(b, &of_b)],
            at_least: at_least.filter(|_| ratio.is_some()),
            ratio,
            no_ratio,
            verdict: None,
            is_beyond_generator,
        }
    }

    /// What it says. With a lower bound, that its contender has more can be said, and nothing else.
    pub fn finding(&self) -> SquareFinding {
        let Some((verdict, leader)) = self.verdict.zip(self.leader()) else {
            return if self.is_beyond_generator { SquareFinding::GeneratorsLimit } else { SquareFinding::NotMeasured };
        };
        match (verdict, self.at_least) {
            (Verdict::TooFewBlocks { .. }, _) => SquareFinding::TooFewBlocks,
            (Verdict::Different, None) => [SquareFinding::First, SquareFinding::Second][leader],
            (Verdict::Different, Some(bounded)) if bounded == leader => {
                [SquareFinding::First, SquareFinding::Second][leader]
            }
            (_, Some(_)) => SquareFinding::GeneratorsLimit,
            (Verdict::Equivalent { .. }, None) => SquareFinding::Alike,
            (Verdict::Indistinguishable { .. }, None) => SquareFinding::CannotTell,
        }
    }

    /// The place of the one that a verdict says has more.
    pub fn winner(&self) -> Option<usize> {
        match self.finding() {
            SquareFinding::First => Some(0),
            SquareFinding::Second => Some(1),
            _ => None,
        }
    }

    /// The place of the one that has more, as an estimate.
    pub fn leader(&self) -> Option<usize> {
        self.ratio.map(|ratio| usize::from(ratio.value < 1.0))
    }

    /// How many times as much the leader has, 1 or more; 1 where there is no ratio.
    pub fn factor(&self) -> f64 {
        self.ratio.map_or(1.0, |ratio| ratio.apart())
    }

    /// The interval of [`Square::factor`].
    pub fn interval(&self) -> Option<(f64, f64)> {
        let ratio = self.ratio?;
        if ratio.value < 1.0 { ratio.inverse().interval } else { ratio.interval }
    }

    /// Three short lines: who has more, how many times as much, and how far to trust that.
    pub fn lines(&self, contenders: [&str; 2]) -> [String; 3] {
        let finding = self.finding();
        let leader = match (finding, self.leader()) {
            (SquareFinding::GeneratorsLimit, _) => return ["-".into(), "generator's".into(), "limit".into()],
            (_, None) if self.no_ratio.is_some() => return ["-".into(), "no ratio,".into(), "see report".into()],
            (_, None) => return ["-".into(), "no valid".into(), "pair".into()],
            (_, Some(leader)) => leader,
        };
        let bound = if self.at_least.is_some() { "≥ " } else { "" };
        let times = format!("{bound}{}×", format::ratio(self.factor()));
        let interval = self.interval().map_or(String::new(), format::interval);
        let trust = match self.verdict {
            Some(Verdict::Equivalent { .. }) => "alike".into(),
            Some(Verdict::Indistinguishable { .. }) => "can't tell".into(),
            Some(Verdict::TooFewBlocks { have, needed }) => format!("{have} of {needed} times"),
            Some(Verdict::Different) if self.at_least.is_some() => "or more".into(),
            Some(Verdict::Different) | None => interval,
        };
        [contenders[leader].to_owned(), times, trust]
    }

    /// What it says, in a phrase.
    pub fn said(&self, contenders: [&str; 2]) -> String {
        let (Some(leader), Some(verdict)) = (self.leader(), self.verdict) else {
            if let Some(no_ratio) = self.no_ratio {
                return no_ratio.words(contenders);
            }
            return if self.is_beyond_generator {
                "the generator was at its limit with both".into()
            } else {
                "no repetition has a valid measurement of both".into()
            };
        };
        if self.finding() == SquareFinding::GeneratorsLimit {
            return format!("the generator was at its limit with {}", contenders[self.at_least.unwrap_or(leader)]);
        }
        let interval = format::bracketed(self.interval().map(format::interval));
        let bound = if self.at_least.is_some() { "at least " } else { "" };
        let times = format::ratio(self.factor());
        format!("{} has {bound}{times} times as much{interval}; {}", contenders[leader], verdict.words())
    }
}
