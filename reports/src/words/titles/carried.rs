//! The title of a search under an objective: who carries how much.
//!
//! Two are called different only where their intervals over blocks have nothing in common. Beside it: `objective.rs`, which
//! finds the loads.

use itertools::Itertools;

use super::name::DisplayedName;
use super::title::Title;
use crate::format::{Unit, often};
use crate::objective::Carries;

/// What one contender carries.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct LoadCarried {
    pub(crate) name: DisplayedName,
    pub(crate) carries: Carries,
}

pub(crate) fn carried(objective: &str, contenders: &[LoadCarried]) -> Title {
    let with_load = contenders.iter().filter_map(|one| Some((one.carries.load?, one)));
    match with_load.sorted_by(|(a, _), (b, _)| b.value.total_cmp(&a.value)).collect_vec().as_slice() {
        [] => Title::of("No search tells what is carried").and(format!("with {objective}")),
        [(_, only)] => {
            Title::of(format!("With {objective}, {} carried {}", only.name, only.carries.show())).and(searched(only))
        }
        all @ [(most, more), .., (least, less)] => {
            match most.interval.zip(least.interval).map(|(most, least)| most.0 > least.1) {
                // What is open above may be more than the other.
                Some(true) if !less.carries.may_be_more() => two(objective, more, less).and(between(all.len())),
                None if more.carries.finished().min(less.carries.finished()) < 2 => {
                    two(objective, more, less).and(between(all.len()))
                }
                _ => Title::of("Cannot tell who carries more")
                    .and(format!("with {objective}"))
                    .and(Unit::PerSecond.range(least.value, most.value)),
            }
        }
    }
}

fn two(objective: &str, more: &LoadCarried, less: &LoadCarried) -> Title {
    let [of_more, of_less] = [more, less].map(|one| one.carries.show());
    let plain = format!("{} carried {of_more}, {} {of_less}", more.name.first(), less.name);
    let whole = format!("With {objective}, {} carried {of_more}, {} {of_less}", more.name, less.name);
    let fewest = if more.carries.finished() < less.carries.finished() { more } else { less };
    Title::fitting([whole, plain]).and(format!("with {objective}")).and(searched(fewest))
}

fn searched(one: &LoadCarried) -> String {
    format!("searched {}", often(one.carries.finished()))
}

fn between(count: usize) -> String {
    if count > 2 { format!("{} in between", crate::format::counted(count as u64 - 2, "other")) } else { String::new() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::objective::BlockResult;
    use crate::stats::Ratio;

    fn one(name: &str, load: f64, half: f64) -> LoadCarried {
        let interval = (half > 0.0).then_some((load - half, load + half));
        let blocks = if half > 0.0 { 10 } else { 1 };
        let ratio = Ratio { value: load, interval, blocks, spread: None };
        let carries = Carries { blocks: vec![BlockResult::Carried(load); blocks], load: Some(ratio), step: 1.05 };
        LoadCarried { name: DisplayedName::plain(name), carries }
    }

    fn title(contenders: &[LoadCarried]) -> Title {
        carried("p99 below 20 ms", contenders)
    }

    #[test]
    fn a_difference_is_said_in_either_direction() {
        let expected = title(&[one("threads", 900.0, 10.0), one("tasks", 1_200.0, 10.0)]);
        assert_eq!(expected.said, "With p99 below 20 ms, tasks carried 1,200/s, threads 900/s");
        let opposite = title(&[one("threads", 1_200.0, 10.0), one("tasks", 900.0, 10.0)]);
        assert_eq!(opposite.said, "With p99 below 20 ms, threads carried 1,200/s, tasks 900/s");
        assert_eq!(opposite.beside.last().unwrap(), "searched 10 times");
    }

    #[test]
    fn what_overlaps_or_is_open_is_not_told_apart() {
        let overlap = title(&[one("a", 900.0, 100.0), one("b", 950.0, 100.0)]);
        assert_eq!(overlap.said, "Cannot tell who carries more");
        assert_eq!(overlap.beside, ["with p99 below 20 ms", "900/s to 950/s"]);
        let mut open = one("a", 900.0, 10.0);
        open.carries.blocks[0] = BlockResult::AtLeast(900.0);
        assert!(title(&[open, one("b", 1_200.0, 10.0)]).said.starts_with("Cannot tell"));
        let once = title(&[one("a", 900.0, 0.0), one("b", 1_200.0, 0.0)]);
        assert!(once.said.ends_with("a 900/s") && once.beside.last().unwrap() == "searched once", "{once:?}");
    }

    #[test]
    fn one_alone_or_nobody_is_not_compared() {
        assert_eq!(title(&[one("a", 900.0, 10.0)]).said, "With p99 below 20 ms, a carried 900/s");
        assert_eq!(title(&[]).said, "No search tells what is carried");
    }
}
