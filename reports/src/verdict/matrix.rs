//! Every contender of a workload against every other in one metric, judged together.
//!
//! Pairs are pairs of blocks; the floor comes from the contender that was run twice. Must not know: charts, HTML. Beside
//! it: `judge.rs`, which finds the words.

use itertools::Itertools;
use serde::Serialize;

use super::{BlockValues, Floor, Judged, Verdict, block_values, has_any, judge_each, ratio_of, ratio_or_why};
use crate::format::{self, Unit, counted, interval};
use crate::metrics::{Metric, slopes_by_block};
use crate::stats::{NoRatio, Ratio};
use crate::study::{Group, Series, Standing};

/// What the slope of all memory over the connections held is called.
pub(crate) const PER_CONNECTION: &str = "memory per idle connection";

/// All pairs of a workload's contenders in one metric.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Matrix {
    /// Name of the experiment.
    pub experiment: String,
    /// Key of the workload.
    pub workload: String,
    /// What is compared and where: `p99 response time, echo at 8,000/s`.
    pub title: String,
    /// What the metric is called in a sentence.
    pub label: String,
    /// The contenders, in the order of the run.
    pub contenders: Vec<MatrixContender>,
    /// Each pair once, the earlier contender first.
    pub pairs: Vec<Pair>,
    /// What a difference has to exceed.
    pub floor: Floor,
    /// Label of the contender that the floor is of; absent where none was run twice.
    pub twin: Option<String>,
    /// Blocks that a verdict takes.
    pub blocks_needed: usize,
}

/// A contender of a [`Matrix`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct MatrixContender {
    /// Its place in the run.
    pub index: usize,
    /// Its label.
    pub label: String,
    /// What readers call it.
    pub name: String,
}

/// Two contenders of a [`Matrix`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Pair {
    /// Place of the first in the run.
    pub a: usize,
    /// Place of the second in the run.
    pub b: usize,
    /// How many times the first's value is the second's, or why that can't be said.
    #[serde(serialize_with = "ratio_or_why")]
    #[cfg_attr(feature = "schema", schemars(with = "super::RatioOrWhy"))]
    pub ratio: Result<Ratio, NoRatio>,
    /// What may be said of it; absent without a ratio.
    pub judged: Option<Judged>,
}

impl Matrix {
    /// A metric of load where contenders can be told apart: at the highest load that at least half of them keep up with,
    /// in as many valid blocks as a verdict takes if there is such a load. Absent where fewer than two do.
    pub fn at_load(group: &Group<'_>, metric: &Metric) -> Option<Matrix> {
        Matrix::at(group, metric, group.busy_load(metric.blocks_for_verdict)?)
    }

    /// A metric of load at this one. Absent where fewer than two keep up with it.
    pub(crate) fn at(group: &Group<'_>, metric: &Metric, load: f64) -> Option<Matrix> {
        let values = |series: &Series<'_>, load: f64| {
            let point = series.at(load).filter(|point| point.standing == Standing::Sound)?;
            Some(block_values(metric, &point.blocks)).filter(has_any)
        };
        let title = format!("{}, {} at {}", metric.label, group.workload.label, Unit::PerSecond.show(load));
        let floor = floor(group, &|series| values(series, load)).or_else(|| {
            // Its twin may be saturated where it is not: then what the two do at other loads has to do.
            group.loads().into_iter().rev().find_map(|other| floor(group, &|series| values(series, other)))
        });
        Matrix::of(group, &title, metric.label, metric.blocks_for_verdict, floor, &|series| values(series, load))
    }

    /// A metric of trials at one value of what the experiment sweeps. Absent where fewer than two have a valid one.
    pub(crate) fn of_trials(group: &Group<'_>, metric: &Metric, variation: Option<f64>) -> Option<Matrix> {
        let values = |series: &Series<'_>| Some(block_values(metric, &series.trial(variation)?.blocks)).filter(has_any);
        let title = group.experiment.name_of(metric.label, variation);
        Matrix::of(group, &title, metric.label, metric.blocks_for_verdict, floor(group, &values), &values)
    }

    /// What one more connection costs, from the sum of these parts. Absent where fewer than two have a fit.
    pub fn of_connections(group: &Group<'_>, parts: &[&Metric]) -> Option<Matrix> {
        let needed = parts.iter().map(|part| part.blocks_for_verdict).max()?;
        let values = |series: &Series<'_>| Some(slopes_by_block(series, parts)).filter(has_any);
        Matrix::of(group, PER_CONNECTION, PER_CONNECTION, needed, floor(group, &values), &values)
    }

    fn of(
        group: &Group<'_>,
        title: &str,
        label: &str,
        blocks_needed: usize,
        floor: Option<(Floor, String)>,
        values: &dyn Fn(&Series<'_>) -> Option<BlockValues>,
    ) -> Option<Matrix> {
        let measured: Vec<_> = group.series.iter().filter_map(|series| Some((series, values(series)?))).collect();
        if measured.len() < 2 {
            return None;
        }
        let (floor, twin) = floor.map_or((Floor::default(), None), |(floor, twin)| (floor, Some(twin)));
        let pair = |((a, of_a), (b, of_b)): (&(&Series<'_>, BlockValues), &(&Series<'_>, BlockValues))| Pair {
            a: a.index,
            b: b.index,
            ratio: ratio_of(of_a, of_b),
            judged: None,
        };
        let mut pairs: Vec<Pair> = measured.iter().tuple_combinations().map(pair).collect();
        let ratios = pairs.iter().map(|pair| Some((pair.ratio.ok()?, floor, blocks_needed))).collect_vec();
        for (pair, judged) in pairs.iter_mut().zip(judge_each(&ratios)) {
            pair.judged = judged;
        }
        let contenders = measured.iter().map(|(series, _)| MatrixContender {
            index: series.index,
            label: series.contender.label.clone(),
            name: series.name.clone(),
        });
        Some(Matrix {
            experiment: group.experiment.name.clone(),
            workload: group.workload.key.clone(),
            title: title.to_owned(),
            label: label.to_owned(),
            contenders: contenders.collect(),
            pairs,
            floor,
            twin,
            blocks_needed,
        })
    }

    /// Two contenders, by their places in the run: how many times the first's value is the second's.
    pub fn pair(&self, a: usize, b: usize) -> Option<Pair> {
        let found = self.pairs.iter().find(|pair| (pair.a, pair.b) == (a, b)).copied();
        let reversed = self.pairs.iter().find(|pair| (pair.a, pair.b) == (b, a));
        let backwards = |pair: &Pair| {
            let ratio = pair.ratio.map(Ratio::inverse).map_err(NoRatio::inverse);
            Pair { a, b, ratio, ..*pair }
        };
        found.or_else(|| reversed.map(backwards))
    }

    /// Whether any pair has blocks enough for a verdict.
    pub fn has_verdicts(&self) -> bool {
        let decided = |pair: &Pair| pair.judged.is_some_and(|judged| judged.verdict.is_one());
        self.pairs.iter().any(decided)
    }

    /// How many pairs can't be told apart, and what would; absent where all can.
    pub fn undecided_words(&self) -> Option<String> {
        let open = self.pairs.iter().filter_map(|pair| match pair.judged?.verdict {
            Verdict::Indistinguishable { decided_by, .. } => Some(decided_by.map(|blocks| blocks as f64)),
            _ => None,
        });
        let open: Vec<Option<f64>> = open.collect();
        let pairs = counted(open.len() as u64, "pair");
        let would = open.iter().flatten().copied();
        match would.clone().minmax_by(f64::total_cmp).into_option() {
            Some((least, most)) => {
                let blocks = if least < most { Unit::Count.range(least, most) } else { Unit::Count.show(least) };
                Some(format!(
                    "{pairs} cannot be told apart; {blocks} repetitions would decide {} of them.",
                    would.count()
                ))
            }
            None if open.is_empty() => None,
            None => Some(format!("{pairs} cannot be told apart, nor would a thousand repetitions do.")),
        }
    }

    /// Where the floor comes from, in a sentence.
    pub fn floor_words(&self) -> String {
        let floor = format::ratio(self.floor.ratio);
        match &self.twin {
            Some(twin) => format!(
                "Only {floor} times or more counts as a difference: {twin} ran twice in each of {} repetitions and was on average no \
                 farther from itself, with 95% confidence. Less than 1.05 times is of no interest.",
                self.floor.blocks
            ),
            None => format!(
                "Only {floor} times or more counts as a difference; how far a server is from itself was not measured."
            ),
        }
    }
}

impl Pair {
    /// `1.32×`, or that there is none.
    pub fn times(&self) -> String {
        self.ratio.map_or_else(|_| "-".into(), |ratio| format!("{}×", format::ratio(ratio.value)))
    }

    /// The verdict in a sign: `≠` different, `=` equivalent, `?` cannot tell.
    pub fn sign(&self) -> &'static str {
        match self.judged.map(|judged| judged.verdict) {
            Some(Verdict::Different) => "≠",
            Some(Verdict::Equivalent { .. }) => "=",
            Some(Verdict::Indistinguishable { .. } | Verdict::TooFewBlocks { .. }) | None => "?",
        }
    }

    /// Interval, verdict and how sure, in words.
    pub fn detail(&self) -> String {
        let ratio = match self.ratio {
            Ok(ratio) => ratio,
            Err(why) => return format!("{}, so cannot tell", why.words(["the first", "the second"])),
        };
        let Some(judged) = self.judged else { return "not judged".into() };
        let ends = ratio.interval.map(|ends| format!("{}, ", interval(ends)));
        let p = judged.p_value.map(|p| if p < 0.001 { ", p < 0.001".into() } else { format!(", p = {p:.3}") });
        format!("{}{}{}", ends.unwrap_or_default(), judged.verdict.words(), p.unwrap_or_default())
    }
}

/// The floor from the contender that was run twice, with its label; absent where one of the two has no value.
pub(crate) fn floor(group: &Group<'_>, values: &dyn Fn(&Series<'_>) -> Option<BlockValues>) -> Option<(Floor, String)> {
    let twin = group.twins.first()?;
    let label = twin.contender.twin_of.as_ref()?;
    let twin = ratio_of(&values(group.series_of(label)?)?, &values(twin)?).ok()?;
    Some((Floor::of(twin), label.clone()))
}
