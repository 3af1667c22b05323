//! What the blocks of a contender say of one metric, for a claim to be decided by: the mean over blocks with Student's
//! interval, or, of what was counted exactly, each block.
//!
//! Blocks in which others used the machine are set aside, and so are invalid ones: both for the machine's sake and never
//! for what was measured. A block that counts and has no value is not passed over. Beside it: `claim.rs`.

use super::BlockValues;
use super::common_load::common_load;
use crate::format::{self, Unit};
use crate::metrics::{Certainty, Metric, Of, Reading, memory_parts, metric, slopes_by_block};
use crate::record::{Cell, ValueOf};
use crate::stats::{BlockValue, Ratio, geometric_mean, mean, paired_ratio};
use crate::study::{Group, Pool, Series, counts, disturbed_by};

/// Blocks that a claim takes. Effects of many times, which claims are about, need no more.
pub const BLOCKS_FOR_A_CLAIM: usize = 3;

/// From the lower to the upper end; an upper end that is absent is open.
pub(super) type OpenInterval = (f64, Option<f64>);

/// A value that decides, with how sure it is.
#[derive(Debug, Clone)]
pub struct ObservedValue {
    /// The contender, and the value of what is swept.
    pub who: String,
    /// Whether there is such a value.
    pub has_variation: bool,
    /// What was measured.
    pub metric: &'static Metric,
    /// The mean over blocks with its interval or, with too few of them and of counts, all blocks together.
    pub reading: Reading,
    /// Blocks that the interval is over; absent where it is of all of them together.
    pub blocks: Option<usize>,
}

/// The values that there are.
pub(super) struct Evidence {
    pub(super) metric: &'static Metric,
    /// Contender and variation.
    who: String,
    has_variation: bool,
    /// All blocks that are used, together.
    together: Reading,
    blocks: BlockValues,
    /// Why blocks are not used, where some are not: `1 of 3 measurements of threaded was disturbed: others used the machine`.
    set_aside: Option<String>,
}

impl Evidence {
    /// Looks a value up. `deciding` are all contenders that the claim is decided by.
    ///
    /// # Errors
    /// Where there is none to be used, in words.
    pub(super) fn gather(wanted: &ValueOf, groups: &[&Group<'_>], deciding: &[&str]) -> Result<Evidence, String> {
        let Some(metric) = metric(&wanted.metric) else {
            return Err(format!("this version has no metric called {}", wanted.metric));
        };
        let group = match (&wanted.workload, groups) {
            (None, [only]) => Some(*only),
            (None, _) => None,
            (Some(key), groups) => groups.iter().copied().find(|group| group.workload.key == *key),
        };
        let Some(group) = group else {
            let workload = wanted.workload.as_deref().unwrap_or("of its own");
            return Err(format!("the experiment has no workload {workload}"));
        };
        let load = wanted.load.map(|which| common_load(which, group, deciding)).transpose()?;
        let series = group.series_of(&wanted.contender);
        let name = series.map_or(wanted.contender.as_str(), |series| series.name.as_str());
        let who = match load {
            Some(load) => format!("{name} at {}", Unit::PerSecond.show(load)),
            None => group.experiment.name_of(name, wanted.variation),
        };
        let has_variation = wanted.variation.is_some();
        let series = series.ok_or_else(|| format!("{who} was not run"))?;
        if matches!(metric.of, Of::PerConnection) {
            return Evidence::of_held(metric, who, series);
        }
        let blocks = match load {
            Some(load) => series.at(load).map(|point| &point.blocks),
            None => series.trial(wanted.variation).map(|trial| &trial.blocks),
        };
        let blocks = blocks.ok_or_else(|| format!("{who} was not run"))?;
        let cells = || blocks.iter().flat_map(|pool| pool.cells.iter().copied());
        let used: Vec<&Cell> = cells().filter(|cell| why_not(cell).is_none()).collect();
        let set_aside = set_aside(&who, cells());
        if used.is_empty() {
            return Err(set_aside.unwrap_or_else(|| format!("{who} was not run")));
        }
        let of_cell = |cell: &&Cell| (cell.block, BlockValue::from(metric.of_pool(&Pool::of(vec![*cell]))));
        let blocks: BlockValues = used.iter().map(of_cell).collect();
        let missing = blocks.values().filter(|value| **value == BlockValue::Missing).count();
        if missing > 0 {
            let lacking = used.iter().map(|cell| metric.of_pool(&Pool::of(vec![*cell])));
            return Err(lacking_words(metric, &who, lacking, (missing, blocks.len())));
        }
        Ok(Evidence { metric, who, has_variation, together: metric.of_pool(&Pool::of(used)), blocks, set_aside })
    }

    /// What a connection adds to the memory of a server, block by block.
    fn of_held(metric: &'static Metric, who: String, series: &Series<'_>) -> Result<Evidence, String> {
        // What a connection costs a server that does not serve it says nothing.
        if let Some((answered, held)) = series.answered_of_held().filter(|_| !series.serves_all()) {
            return Err(format!("{who} answered {answered} of {held} held connections"));
        }
        let mut cells: Vec<&Cell> = series.stages.iter().map(|held| held.cell).collect();
        cells.dedup_by_key(|cell| cell.block);
        let set_aside = set_aside(&who, cells.iter().copied());
        let used: Vec<u32> = cells.iter().filter(|cell| why_not(cell).is_none()).map(|cell| cell.block).collect();
        let mut blocks = slopes_by_block(series, &memory_parts());
        blocks.retain(|block, _| used.contains(block));
        let has_all = !blocks.is_empty() && blocks.values().all(|value| *value != BlockValue::Missing);
        if !has_all {
            return Err(set_aside.unwrap_or_else(|| format!("{} of {who} was not measured", metric.label)));
        }
        let values: Vec<f64> = blocks.values().copied().map(at_least).collect();
        let together = mean(&values).map_or(Reading::Absent, |mean| Reading::Measured(mean.value, Certainty::Unknown));
        Ok(Evidence { metric, who, has_variation: false, together, blocks, set_aside })
    }

    /// `p99 response time of others of async-single`.
    pub(super) fn name(&self) -> String {
        format!("{} of {}", self.metric.label, self.who)
    }

    /// The value with how sure it is, for a sentence.
    pub(super) fn observed(&self) -> ObservedValue {
        let is_bound = self.blocks.values().all(|block| matches!(block, BlockValue::Beyond(_)));
        let over_blocks = self.mean().filter(|_| self.has_blocks() && !self.is_exact() && !is_bound);
        let (reading, blocks) = match over_blocks {
            Some((value, (lo, hi))) => {
                (Reading::Measured(value, Certainty::OverBlocks { lo, hi }), Some(self.blocks.len()))
            }
            None => (self.together, None),
        };
        ObservedValue { who: self.who.clone(), has_variation: self.has_variation, metric: self.metric, reading, blocks }
    }

    /// How many times another's value it is, for a sentence; its interval is absent with too few blocks and of counts.
    pub(super) fn observed_times(&self, other: &Evidence) -> Option<Ratio> {
        let ratio = self.ratio(other).ok()?;
        let interval = ratio.interval.filter(|_| ratio.blocks >= BLOCKS_FOR_A_CLAIM && !self.is_exact());
        Some(Ratio { interval, ..ratio })
    }

    /// Where the value lies: over blocks, or, of an exact count, from the least to the greatest block.
    ///
    /// # Errors
    /// With too few blocks. One is enough for a count, but not where another was set aside: counts, too, are others where
    /// threads were late to start, or connections to come.
    pub(super) fn interval(&self) -> Result<OpenInterval, String> {
        if self.is_exact() {
            return self.enough_counts().map(|()| self.range());
        }
        self.enough(self.blocks.len())?;
        let (_, interval) = self.mean().ok_or_else(|| format!("{} was not measured", self.name()))?;
        Ok(interval)
    }

    /// Where the ratio to another value lies, of pairs of blocks.
    ///
    /// # Errors
    /// With too few blocks that have both, and where there is no ratio.
    pub(super) fn times(&self, other: &Evidence) -> Result<OpenInterval, String> {
        if self.is_exact() && other.is_exact() {
            self.enough_counts().and_then(|()| other.enough_counts())?;
            let ((lo, hi), (other_lo, other_hi)) = (self.range(), other.range());
            if other_lo <= 0.0 {
                return Err(format!("{} is zero in some measurement, so there is no ratio to it", other.name()));
            }
            return Ok((other_hi.map_or(0.0, |other| lo / other), hi.map(|hi| hi / other_lo)));
        }
        let ratio = self.ratio(other)?;
        self.enough(ratio.blocks).and_then(|()| other.enough(ratio.blocks))?;
        let (lo, hi) = ratio.interval.ok_or_else(|| format!("{} was measured once only", self.name()))?;
        // What is more than could be measured leaves open how much more.
        Ok((if other.is_open() { 0.0 } else { lo }, Some(hi).filter(|_| !self.is_open())))
    }

    fn ratio(&self, other: &Evidence) -> Result<Ratio, String> {
        let pairs = self
            .blocks
            .iter()
            .filter_map(|(block, value)| Some((at_least(*value), at_least(*other.blocks.get(block)?))));
        let names = [self.who.as_str(), other.who.as_str()];
        paired_ratio(&pairs.collect::<Vec<_>>()).map_err(|why| format!("{}: {}", self.metric.label, why.words(names)))
    }

    /// The mean with Student's interval: of shares as they are, of all else on the logarithm where there is one.
    fn mean(&self) -> Option<(f64, OpenInterval)> {
        let values: Vec<f64> = self.blocks.values().map(|value| at_least(*value)).collect();
        let is_share = self.metric.unit == Unit::Share;
        let over_blocks = if is_share { mean(&values) } else { geometric_mean(&values).or_else(|| mean(&values)) }?;
        let (mut lo, mut hi) = over_blocks.interval.unwrap_or((over_blocks.value, over_blocks.value));
        // Shares of all or nothing are alike in every block, and of so few requests still no certainty.
        if let (true, Some((least, most))) = (is_share, self.together.certainty().interval()) {
            (lo, hi) = (lo.min(least).max(0.0), hi.max(most.unwrap_or(hi)).min(1.0));
        }
        Some((over_blocks.value, (lo, Some(hi).filter(|_| !self.is_open()))))
    }

    fn range(&self) -> OpenInterval {
        let values = || self.blocks.values().map(|value| at_least(*value));
        (values().fold(f64::INFINITY, f64::min), Some(values().fold(0.0, f64::max)).filter(|_| !self.is_open()))
    }

    pub(super) fn is_exact(&self) -> bool {
        self.together.certainty() == Certainty::ExactCount
    }

    /// Whether some block says no more than that it is more.
    fn is_open(&self) -> bool {
        self.blocks.values().any(|value| matches!(value, BlockValue::Beyond(_)))
    }

    fn has_blocks(&self) -> bool {
        self.blocks.len() >= BLOCKS_FOR_A_CLAIM
    }

    fn enough_counts(&self) -> Result<(), String> {
        if self.set_aside.is_none() { Ok(()) } else { self.enough(self.blocks.len()) }
    }

    fn enough(&self, blocks: usize) -> Result<(), String> {
        if blocks >= BLOCKS_FOR_A_CLAIM {
            return Ok(());
        }
        let have = format::often(blocks);
        let aside = format::bracketed(self.set_aside.clone());
        Err(format!("measured {have}, and a claim takes {BLOCKS_FOR_A_CLAIM} times{aside}"))
    }
}

/// The number, or what it is more than. Where the mean of these is above a bound for sure, that of the numbers is too.
fn at_least(value: BlockValue) -> f64 {
    match value {
        BlockValue::Is(value) => value,
        // More than that, so that "at most that" is not met by it.
        BlockValue::Beyond(least) => least.next_up(),
        BlockValue::Missing => f64::NAN,
    }
}

/// Why a cell is not used, as a sentence without its stop; absent where it is.
fn why_not(cell: &Cell) -> Option<String> {
    if !counts(cell) {
        let reason = cell.warnings.iter().find(|warning| warning.invalidates());
        return Some(reason.map_or("it did not end as planned".to_owned(), |reason| reason.describe()));
    }
    disturbed_by(cell).map(|reason| reason.describe())
}

fn set_aside<'a>(who: &str, cells: impl Iterator<Item = &'a Cell> + Clone) -> Option<String> {
    let first = cells.clone().find_map(why_not)?;
    let (all, invalid) = (cells.clone().count(), cells.clone().filter(|cell| !counts(cell)).count());
    let disturbed = cells.filter(|cell| counts(cell) && why_not(cell).is_some()).count();
    let of = |some: usize| {
        let were = if some == 1 { "was" } else { "were" };
        format!("{some} of {} of {who} {were}", format::counted(all as u64, "measurement"))
    };
    Some(match (invalid, disturbed) {
        (invalid, _) if invalid == all => format!("no measurement of {who} is valid: {first}"),
        (0, disturbed) if disturbed == all => format!("every measurement of {who} was disturbed: {first}"),
        (invalid, 0) => format!("{} invalid: {first}", of(invalid)),
        (0, disturbed) => format!("{} disturbed: {first}", of(disturbed)),
        (invalid, disturbed) => format!("{} invalid and {disturbed} disturbed: {first}", of(invalid)),
    })
}

fn lacking_words(
    metric: &Metric,
    who: &str,
    mut readings: impl Iterator<Item = Reading>,
    (missing, all): (usize, usize),
) -> String {
    let some = if missing == all { String::new() } else { format!(" in {missing} of {all} measurements") };
    let needed = readings.find_map(|reading| match reading {
        Reading::TooFew(needed) => Some(needed),
        Reading::Measured(..) | Reading::Beyond(_) | Reading::Absent => None,
    });
    match needed {
        Some(needed) => {
            format!("too few samples for the {} of {who}{some}, {} needed", metric.label, format::count(needed))
        }
        None => format!("{} of {who} was not measured{some}", metric.label),
    }
}
