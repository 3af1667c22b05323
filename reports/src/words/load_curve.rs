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

/// Nothing where fewer than two can be placed, or where all reach the same load: then another title says more.
pub(crate) fn climbed(metric: &Metric, climbs: &[LoadCurve<'_>], blocks: usize) -> Option<String> {
    let bound = bound(climbs)?;
    let reaches: Vec<Option<HighestLoad>> = climbs.iter().map(|climb| reach(climb, bound)).collect();
    let mut groups: Vec<(HighestLoad, Vec<&str>)> = Vec::new();
    for (climb, reach) in climbs.iter().zip(&reaches) {
        let Some(reach) = reach else { continue };
        match groups.iter_mut().find(|(other, _)| other == reach) {
            Some((_, labels)) => labels.push(climb.label),
            None => groups.push((*reach, vec![climb.label])),
        }
    }
    groups.sort_by(|(a, _), (b, _)| b.load().total_cmp(&a.load()));
    let ((first, leaders), rest) = groups.split_first().filter(|(_, rest)| !rest.is_empty())?;
    let verb = if leaders.len() == 1 { "keeps" } else { "keep" };
    let under = format!("the {} under {}", metric.label, metric.unit.show(bound));
    let mut said = format!("{} {verb} {under} {}", format::list(leaders), first.words());
    for (reach, labels) in rest {
        said.push_str(&format!(", {} {}", format::list(labels), reach.words()));
    }
    let unknown = climbs.iter().zip(&reaches).filter(|(_, reach)| reach.is_none());
    let unknown: Vec<&str> = unknown.map(|(climb, _)| climb.label).collect();
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
fn bound(climbs: &[LoadCurve<'_>]) -> Option<f64> {
    let mut best: Option<(usize, f64, f64)> = None;
    for bound in round_numbers() {
        let reaches: Vec<HighestLoad> = climbs.iter().filter_map(|climb| reach(climb, bound)).collect();
        let highest = reaches.iter().map(|reach| reach.load()).fold(0.0, f64::max);
        if reaches.len() > 1 && highest > 0.0 && best.is_none_or(|(n, load, _)| (n, load) < (reaches.len(), highest)) {
            best = Some((reaches.len(), highest, bound));
        }
    }
    best.map(|(.., bound)| bound)
}

/// Absent where a point on the way does not tell.
fn reach(climb: &LoadCurve<'_>, bound: f64) -> Option<HighestLoad> {
    let mut reached = None;
    for step in &climb.steps {
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

    fn climb<'a>(label: &'a str, steps: &[(f64, f64)]) -> LoadCurve<'a> {
        let step = |&(load, ms): &(f64, f64)| match ms {
            0.0 => LoadCurvePoint { load, standing: Standing::Saturated, lo: 0.0, hi: f64::INFINITY },
            ms => LoadCurvePoint { load, standing: Standing::Sound, lo: ms * 0.95 * MS, hi: ms * 1.05 * MS },
        };
        LoadCurve { label, steps: steps.iter().map(step).collect() }
    }

    fn said(climbs: &[LoadCurve<'_>], blocks: usize) -> Option<String> {
        climbed(metric("response_time_p99").unwrap(), climbs, blocks)
    }

    #[test]
    fn who_keeps_a_bound_is_said_in_either_direction() {
        let far = [(400.0, 1.3), (4_000.0, 1.4), (12_000.0, 3.9)];
        let near = [(400.0, 1.2), (4_000.0, 0.0), (12_000.0, 0.0)];
        let expected = [climb("sequential", &near), climb("async-multi", &far)];
        assert_eq!(
            said(&expected, 20).unwrap(),
            "async-multi keeps the p99 response time under 5 ms up to 12,000/s or more, sequential up to 400/s"
        );
        let opposite = [climb("sequential", &far), climb("async-multi", &near)];
        assert_eq!(
            said(&opposite, 20).unwrap(),
            "sequential keeps the p99 response time under 5 ms up to 12,000/s or more, async-multi up to 400/s"
        );
        assert!(said(&expected, 1).unwrap().ends_with("sequential up to 400/s (1 block, no verdict)"));
    }

    #[test]
    fn equals_and_one_alone_are_left_to_another_title() {
        let same = [(400.0, 1.3), (4_000.0, 1.4)];
        assert_eq!(said(&[climb("a", &same), climb("b", &same)], 20), None);
        assert_eq!(said(&[climb("a", &same)], 20), None);
        assert_eq!(said(&[], 20), None);
    }

    #[test]
    fn a_point_that_does_not_tell_places_nobody() {
        let mut unknown = climb("c", &[(400.0, 1.3), (4_000.0, 1.4)]);
        unknown.steps[1].standing = Standing::Invalid;
        let two = [climb("a", &[(400.0, 1.3), (4_000.0, 1.4)]), climb("b", &[(400.0, 1.3), (4_000.0, 0.0)])];
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
        let wide = [climb("a", &[(400.0, 1.3), (4_000.0, 4.96)]), climb("b", &[(400.0, 1.3), (4_000.0, 30.0)])];
        assert!(said(&wide, 20).unwrap().contains("under 10 ms up to 4,000/s or more, b up to 400/s"));
    }
}
