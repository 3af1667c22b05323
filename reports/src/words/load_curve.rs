//! The title of a curve of response times over the load: who keeps them under a bound, and up to which load.
//!
//! The bound is a round number that the data choose: of those on which every contender's points lie clearly on one side
//! or the other, the lowest under which the highest load is carried. Beside it: `compared.rs`, for what is said otherwise.

use crate::format;
use crate::metrics::Metric;
use crate::study::Standing;

/// One contender over the loads, ascending.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct LoadCurve<'a> {
    pub(crate) label: &'a str,
    pub(crate) steps: Vec<LoadCurvePoint>,
}

/// One contender at one load.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct LoadCurvePoint {
    pub(crate) load: f64,
    pub(crate) standing: Standing,
    /// The lowest that it may be, of the interval and of every block that counts; 0 where there is no number.
    pub(crate) lo: f64,
    /// The highest; infinite where there is none, or none within the timeout.
    pub(crate) hi: f64,
}

/// How far a contender stays under a bound.
#[derive(Debug, Clone, Copy, PartialEq)]
enum HighestLoad {
    Nowhere,
    UpTo(f64),
    /// No higher load was tried.
    AtLeast(f64),
}

impl HighestLoad {
    fn load(self) -> f64 {
        match self {
            HighestLoad::Nowhere => 0.0,
            HighestLoad::UpTo(load) | HighestLoad::AtLeast(load) => load,
        }
    }

    fn words(self) -> String {
        match self {
            HighestLoad::Nowhere => "at no load tried".into(),
            HighestLoad::UpTo(load) => format!("up to {}/s", format::number(load)),
            HighestLoad::AtLeast(load) => format!("up to {}/s or more", format::number(load)),
        }
    }
}

/// Nothing where fewer than two can be placed, or where all highest_load the same load: then another title says more.
pub(crate) fn load_curve(metric: &Metric, curves: &[LoadCurve<'_>], blocks: usize) -> Option<String> {
    let bound = bound(curves)?;
    let highest_loads: Vec<Option<HighestLoad>> = curves.iter().map(|curve| highest_load(curve, bound)).collect();
    let mut groups: Vec<(HighestLoad, Vec<&str>)> = Vec::new();
    for (curve, highest_load) in curves.iter().zip(&highest_loads) {
        let Some(highest_load) = highest_load else { continue };
        match groups.iter_mut().find(|(other, _)| other == highest_load) {
            Some((_, labels)) => labels.push(curve.label),
            None => groups.push((*highest_load, vec![curve.label])),
        }
    }
    groups.sort_by(|(a, _), (b, _)| b.load().total_cmp(&a.load()));
    let ((first, leaders), rest) = groups.split_first().filter(|(_, rest)| !rest.is_empty())?;
    let verb = if leaders.len() == 1 { "keeps" } else { "keep" };
    let under = format!("the {} under {}", metric.label, metric.unit.show(bound));
    let mut said = format!("{} {verb} {under} {}", format::list(leaders), first.words());
    for (highest_load, labels) in rest {
        said.push_str(&format!(", {} {}", format::list(labels), highest_load.words()));
    }
    let unknown = curves.iter().zip(&highest_loads).filter(|(_, highest_load)| highest_load.is_none());
    let unknown: Vec<&str> = unknown.map(|(curve, _)| curve.label).collect();
    if !unknown.is_empty() {
        said.push_str(&format!("; cannot tell for {}", format::list(&unknown)));
    }
    if blocks < metric.blocks_for_verdict {
        said.push_str(&format!(" ({}, no verdict)", format::counted(blocks as u64, "block")));
    }
    Some(said)
}

/// 1, 2 and 5 of each power of ten, in nanoseconds: from 1 µs to 500 s.
fn round_numbers() -> impl Iterator<Item = f64> {
    (3..=11).flat_map(|power| [1.0, 2.0, 5.0].map(|digit| digit * 10f64.powi(power)))
}

/// Of the bounds that place most contenders, and under which the highest load is kept, the lowest.
fn bound(curves: &[LoadCurve<'_>]) -> Option<f64> {
    let mut best: Option<(usize, f64, f64)> = None;
    for bound in round_numbers() {
        let highest_loads: Vec<HighestLoad> = curves.iter().filter_map(|curve| highest_load(curve, bound)).collect();
        let highest = highest_loads.iter().map(|highest_load| highest_load.load()).fold(0.0, f64::max);
        if highest_loads.len() > 1
            && highest > 0.0
            && best.is_none_or(|(n, load, _)| (n, load) < (highest_loads.len(), highest))
        {
            best = Some((highest_loads.len(), highest, bound));
        }
    }
    best.map(|(.., bound)| bound)
}

/// Absent where a point on the way does not tell.
fn highest_load(curve: &LoadCurve<'_>, bound: f64) -> Option<HighestLoad> {
    let mut reached = None;
    for step in &curve.steps {
        match step.is_under(bound)? {
            true => reached = Some(step.load),
            false => return Some(reached.map_or(HighestLoad::Nowhere, HighestLoad::UpTo)),
        }
    }
    reached.map(HighestLoad::AtLeast)
}

impl LoadCurvePoint {
    fn is_under(&self, bound: f64) -> Option<bool> {
        match self.standing {
            Standing::Invalid => None,
            // What a saturated server shows depends on how long the load lasts: a bound that is kept for a while is not.
            Standing::Saturated => Some(false),
            Standing::Sound if self.hi < bound => Some(true),
            Standing::Sound if self.lo >= bound => Some(false),
            Standing::Sound => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::metric;

    const MS: f64 = 1e6;

    fn curve<'a>(label: &'a str, steps: &[(f64, f64)]) -> LoadCurve<'a> {
        let step = |&(load, ms): &(f64, f64)| match ms {
            0.0 => LoadCurvePoint { load, standing: Standing::Saturated, lo: 0.0, hi: f64::INFINITY },
            ms => LoadCurvePoint { load, standing: Standing::Sound, lo: ms * 0.95 * MS, hi: ms * 1.05 * MS },
        };
        LoadCurve { label, steps: steps.iter().map(step).collect() }
    }

    fn said(curves: &[LoadCurve<'_>], blocks: usize) -> Option<String> {
        load_curve(metric("response_time_p99").unwrap(), curves, blocks)
    }

    #[test]
    fn who_keeps_a_bound_is_said_in_either_direction() {
        let far = [(400.0, 1.3), (4_000.0, 1.4), (12_000.0, 3.9)];
        let near = [(400.0, 1.2), (4_000.0, 0.0), (12_000.0, 0.0)];
        let expected = [curve("sequential", &near), curve("async-multi", &far)];
        assert_eq!(
            said(&expected, 20).unwrap(),
            "async-multi keeps the p99 response time under 5 ms up to 12,000/s or more, sequential up to 400/s"
        );
        let opposite = [curve("sequential", &far), curve("async-multi", &near)];
        assert_eq!(
            said(&opposite, 20).unwrap(),
            "sequential keeps the p99 response time under 5 ms up to 12,000/s or more, async-multi up to 400/s"
        );
        assert!(said(&expected, 1).unwrap().ends_with("sequential up to 400/s (1 block, no verdict)"));
    }

    #[test]
    fn equals_and_one_alone_are_left_to_another_title() {
        let same = [(400.0, 1.3), (4_000.0, 1.4)];
        assert_eq!(said(&[curve("a", &same), curve("b", &same)], 20), None);
        assert_eq!(said(&[curve("a", &same)], 20), None);
        assert_eq!(said(&[], 20), None);
    }

    #[test]
    fn a_point_that_does_not_tell_places_nobody() {
        let mut unknown = curve("c", &[(400.0, 1.3), (4_000.0, 1.4)]);
        unknown.steps[1].standing = Standing::Invalid;
        let two = [curve("a", &[(400.0, 1.3), (4_000.0, 1.4)]), curve("b", &[(400.0, 1.3), (4_000.0, 0.0)])];
        let three = [two[0].clone(), two[1].clone(), unknown.clone()];
        assert_eq!(
            said(&three, 20).unwrap(),
            "a keeps the p99 response time under 2 ms up to 4,000/s or more, b up to 400/s; cannot tell for c"
        );
        assert_eq!(said(&[two[0].clone(), unknown], 20), None);
    }

    #[test]
    fn no_bound_is_laid_through_an_interval() {
        // 4.8 to 5.2 ms lies on both sides of 5 ms, so the bound is the next round number.
        let wide = [curve("a", &[(400.0, 1.3), (4_000.0, 4.96)]), curve("b", &[(400.0, 1.3), (4_000.0, 30.0)])];
        assert!(said(&wide, 20).unwrap().contains("under 10 ms up to 4,000/s or more, b up to 400/s"));
    }
}
