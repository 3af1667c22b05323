//! The title of a curve of response times over the load: who keeps them under a bound, and up to which load.
//!
//! The bound is a round number that the data choose: of those on which every contender's points lie clearly on one side
//! or the other, the lowest under which the highest load is carried. Who kept it at one load and did not at the next is
//! placed between the two; where these are far apart, between says next to nothing, and nothing is said. Beside it:
//! `compared.rs`, for what is said otherwise.

use super::name::{DisplayedName, told_of};
use super::title::Title;
use crate::format::{Unit, list, often};
use crate::metrics::Metric;
use crate::study::Standing;

/// One contender over the loads, ascending.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct LoadCurve {
    pub(crate) name: DisplayedName,
    /// Whether the run is about it and one other. Where both are there, the title is about these two.
    pub(crate) leads: bool,
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
    /// Not even at this, the lowest load tried.
    Below(f64),
    UpTo(f64),
    /// No higher load was tried.
    AtLeast(f64),
}

/// A load that was not kept, and is more than so many times the last that was, leaves open what lies between.
const FAR_APART: f64 = 5.0;

impl HighestLoad {
    fn load(self) -> f64 {
        match self {
            HighestLoad::Below(_) => 0.0,
            HighestLoad::UpTo(load) | HighestLoad::AtLeast(load) => load,
        }
    }

    fn words(self) -> String {
        let show = |load| Unit::PerSecond.show(load);
        match self {
            HighestLoad::Below(load) => format!("not at {}", show(load)),
            HighestLoad::UpTo(load) => format!("to {}", show(load)),
            HighestLoad::AtLeast(load) => format!("even at {}", show(load)),
        }
    }
}

/// Nothing where fewer than two can be placed, or where all reach the same load: then another title says more. `blocks`
/// is how often each point was measured.
pub(crate) fn load_curve(metric: &Metric, curves: &[LoadCurve], blocks: usize) -> Option<Title> {
    let about = told_of(curves, |curve| curve.leads);
    let bound = bound(&about)?;
    let mut groups: Vec<(HighestLoad, Vec<&DisplayedName>)> = Vec::new();
    let mut unknown: Vec<&DisplayedName> = Vec::new();
    for curve in about {
        match highest_load(curve, bound) {
            Some(reached) => match groups.iter_mut().find(|(other, _)| *other == reached) {
                Some((_, names)) => names.push(&curve.name),
                None => groups.push((reached, vec![&curve.name])),
            },
            None => unknown.push(&curve.name),
        }
    }
    groups.sort_by(|(a, _), (b, _)| b.load().total_cmp(&a.load()));
    let [(most, leaders), between @ .., (least, last)] = groups.as_slice() else { return None };
    let kept = format!("kept {} under {} {}", metric.short_label(), metric.unit.show(bound), most.words());
    let counted = |names: &[&DisplayedName]| if names.len() > 1 { names.len().to_string() } else { list(names) };
    let wordings = [
        format!("{} {kept}, {} {}", DisplayedName::list(leaders), list(last), least.words()),
        format!("{} {kept}, {} {}", DisplayedName::list(leaders), counted(last), least.words()),
        format!("{} servers {kept}, {} {}", leaders.len(), counted(last), least.words()),
    ];
    // Nobody is "1 servers".
    let wordings = wordings.into_iter().take(if leaders.len() > 1 { 3 } else { 2 });
    let others: Vec<String> = between.iter().map(|(at, names)| format!("{} {}", list(names), at.words())).collect();
    let cannot = if unknown.is_empty() { String::new() } else { format!("cannot tell for {}", list(&unknown)) };
    let measured = if blocks == 0 { String::new() } else { format!("measured {}", often(blocks)) };
    Some(Title::fitting(wordings).and(others.join(", ")).and(cannot).and(measured))
}

/// 1, 2 and 5 of each power of ten, in nanoseconds: from 1 µs to 500 s.
fn round_numbers() -> impl Iterator<Item = f64> {
    (3..=11).flat_map(|power| [1.0, 2.0, 5.0].map(|digit| digit * 10f64.powi(power)))
}

/// Of the bounds that place most contenders, and under which the highest load is kept, the lowest.
fn bound(curves: &[&LoadCurve]) -> Option<f64> {
    let mut best: Option<(usize, f64, f64)> = None;
    for bound in round_numbers() {
        let reached: Vec<HighestLoad> = curves.iter().filter_map(|curve| highest_load(curve, bound)).collect();
        let highest = reached.iter().map(|reached| reached.load()).fold(0.0, f64::max);
        if reached.len() > 1 && highest > 0.0 && best.is_none_or(|(n, load, _)| (n, load) < (reached.len(), highest)) {
            best = Some((reached.len(), highest, bound));
        }
    }
    best.map(|(.., bound)| bound)
}

/// Absent where a point on the way does not tell.
fn highest_load(curve: &LoadCurve, bound: f64) -> Option<HighestLoad> {
    let mut reached = None;
    for step in &curve.steps {
        match (step.is_under(bound)?, reached) {
            (true, _) => reached = Some(step.load),
            (false, None) => return Some(HighestLoad::Below(step.load)),
            (false, Some(load)) => return (step.load <= FAR_APART * load).then_some(HighestLoad::UpTo(load)),
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

    fn curve(name: &str, steps: &[(f64, f64)]) -> LoadCurve {
        let step = |&(load, ms): &(f64, f64)| match ms {
            0.0 => LoadCurvePoint { load, standing: Standing::Saturated, lo: 0.0, hi: f64::INFINITY },
            ms => LoadCurvePoint { load, standing: Standing::Sound, lo: ms * 0.95 * MS, hi: ms * 1.05 * MS },
        };
        LoadCurve { name: DisplayedName::plain(name), leads: false, steps: steps.iter().map(step).collect() }
    }

    fn title(curves: &[LoadCurve]) -> Option<Title> {
        load_curve(metric("response_time_p99").unwrap(), curves, 20)
    }

    fn said(curves: &[LoadCurve]) -> String {
        title(curves).unwrap().said
    }

    const FAR: [(f64, f64); 3] = [(1_000.0, 1.3), (4_000.0, 1.4), (12_000.0, 3.9)];
    const NEAR: [(f64, f64); 3] = [(1_000.0, 1.2), (4_000.0, 0.0), (12_000.0, 0.0)];

    #[test]
    fn who_keeps_a_bound_is_said_in_either_direction() {
        let expected = said(&[curve("threads", &NEAR), curve("tokio", &FAR)]);
        assert_eq!(expected, "Tokio kept p99 under 5 ms even at 12,000/s, threads to 1,000/s");
        let opposite = said(&[curve("threads", &FAR), curve("tokio", &NEAR)]);
        assert_eq!(opposite, "Threads kept p99 under 5 ms even at 12,000/s, tokio to 1,000/s");
        let nowhere = said(&[curve("threads", &FAR), curve("tokio", &[(1_000.0, 0.0)])]);
        assert_eq!(nowhere, "Threads kept p99 under 5 ms even at 12,000/s, tokio not at 1,000/s");
        assert_eq!(title(&[curve("a", &FAR), curve("b", &NEAR)]).unwrap().beside, ["measured 20 times"]);
    }

    #[test]
    fn equals_and_one_alone_are_left_to_another_title() {
        assert_eq!(title(&[curve("a", &FAR), curve("b", &FAR)]), None);
        assert_eq!(title(&[curve("a", &FAR)]), None);
        assert_eq!(title(&[]), None);
    }

    #[test]
    fn loads_far_apart_rank_nobody() {
        // 92 was kept and 39,000 was not: nothing between them was tried.
        let far_apart = [(92.0, 1.3), (39_000.0, 0.0)];
        assert_eq!(title(&[curve("a", &far_apart), curve("b", &[(92.0, 1.3), (39_000.0, 1.4)])]), None);
    }

    #[test]
    fn a_point_that_does_not_tell_places_nobody() {
        let mut unknown = curve("c", &[(1_000.0, 1.3), (4_000.0, 1.4)]);
        unknown.steps[1].standing = Standing::Invalid;
        let two = [curve("a", &[(1_000.0, 1.3), (4_000.0, 1.4)]), curve("b", &[(1_000.0, 1.3), (4_000.0, 0.0)])];
        let three = title(&[two[0].clone(), two[1].clone(), unknown.clone()]).unwrap();
        assert_eq!(three.said, "A kept p99 under 2 ms even at 4,000/s, b to 1,000/s");
        assert_eq!(three.beside[0], "cannot tell for c");
        assert_eq!(title(&[two[0].clone(), unknown]), None);
    }

    #[test]
    fn many_are_counted_and_the_two_that_the_run_is_about_are_named() {
        let one = |name: &str, steps: &[(f64, f64)]| curve(&format!("{name} (one thread)"), steps);
        let middle = [(1_000.0, 1.2), (4_000.0, 1.3), (12_000.0, 0.0)];
        let mut curves = [one("a", &FAR), one("b", &FAR), one("c", &NEAR), one("d", &NEAR), one("e", &middle)];
        let all = title(&curves).unwrap();
        assert_eq!(all.said, "2 servers kept p99 under 5 ms even at 12,000/s, 2 to 1,000/s");
        assert_eq!(all.beside[0], "e (one thread) to 4,000/s");
        (curves[0].leads, curves[4].leads) = (true, true);
        assert!(
            said(&curves).starts_with("A (one thread) kept p99")
                && said(&curves).contains(", e (one thread) to 4,000/s")
        );
    }

    #[test]
    fn no_bound_is_laid_through_an_interval() {
        // 4.8 to 5.2 ms lies on both sides of 5 ms, so the bound is the next round number.
        let wide = [curve("a", &[(1_000.0, 1.3), (4_000.0, 4.96)]), curve("b", &[(1_000.0, 1.3), (4_000.0, 30.0)])];
        assert_eq!(said(&wide), "A kept p99 under 10 ms even at 4,000/s, b to 1,000/s");
    }
}
