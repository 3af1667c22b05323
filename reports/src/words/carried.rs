//! The title of a search under an objective: who carries how much.
//!
//! Two are called different only where their intervals over blocks have nothing in common. Beside it: `objective.rs`, which
//! finds the loads.

use itertools::Itertools;

use crate::format::{self, Unit};
use crate::objective::Carries;

/// `contenders` are labels, each with what it carries.
pub(crate) fn carried(objective: &str, contenders: &[(&str, Carries)]) -> String {
    let with_load = contenders.iter().filter_map(|(label, carries)| Some((carries.load?, *label, carries)));
    match with_load.sorted_by(|(a, ..), (b, ..)| b.value.total_cmp(&a.value)).collect_vec().as_slice() {
        [] => format!("With {objective}: no search tells what is carried"),
        [(_, only, carries)] => format!("With {objective}, {only} carries {}", carries.show()),
        all @ [(most, more, of_more), .., (least, less, of_less)] => {
            let blocks = of_more.finished().min(of_less.finished());
            let two = format!("{more} carries {}, {less} {}", of_more.show(), of_less.show());
            match most.interval.zip(least.interval).map(|(most, least)| most.0 > least.1) {
                // What is open above may be more than the other.
                Some(true) if !of_less.may_be_more() => format!("With {objective}, {two}{}", between(all.len())),
                None if blocks < 2 => {
                    format!("With {objective}, {two} ({}, no verdict)", format::counted(blocks as u64, "block"))
                }
                _ => {
                    let range = Unit::PerSecond.range(least.value, most.value);
                    format!("With {objective}, cannot tell who carries more: {range}")
                }
            }
        }
    }
}

fn between(count: usize) -> String {
    if count > 2 { format!(", {} between", format::counted(count as u64 - 2, "other")) } else { String::new() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::objective::BlockResult;
    use crate::stats::Ratio;

    fn one(label: &str, load: f64, half: f64) -> (&str, Carries) {
        let interval = (half > 0.0).then_some((load - half, load + half));
        let blocks = if half > 0.0 { 10 } else { 1 };
        let ratio = Ratio { value: load, interval, blocks, spread: None };
        (label, Carries { blocks: vec![BlockResult::Carried(load); blocks], load: Some(ratio), step: 1.05 })
    }

    fn said(contenders: &[(&str, Carries)]) -> String {
        carried("p99 below 20 ms", contenders)
    }

    #[test]
    fn a_difference_is_said_in_either_direction() {
        let expected = said(&[one("threads", 900.0, 10.0), one("tasks", 1_200.0, 10.0)]);
        assert_eq!(expected, "With p99 below 20 ms, tasks carries 1,200/s, threads 900/s");
        let opposite = said(&[one("threads", 1_200.0, 10.0), one("tasks", 900.0, 10.0)]);
        assert_eq!(opposite, "With p99 below 20 ms, threads carries 1,200/s, tasks 900/s");
    }

    #[test]
    fn what_overlaps_or_is_open_is_not_told_apart() {
        let overlap = said(&[one("a", 900.0, 100.0), one("b", 950.0, 100.0)]);
        assert_eq!(overlap, "With p99 below 20 ms, cannot tell who carries more: 900/s to 950/s");
        let mut open = one("a", 900.0, 10.0);
        open.1.blocks[0] = BlockResult::AtLeast(900.0);
        assert!(said(&[open, one("b", 1_200.0, 10.0)]).contains("cannot tell"));
        assert!(said(&[one("a", 900.0, 0.0), one("b", 1_200.0, 0.0)]).ends_with("a 900/s (1 block, no verdict)"));
    }

    #[test]
    fn one_alone_or_nobody_is_not_compared() {
        assert_eq!(said(&[one("a", 900.0, 10.0)]), "With p99 below 20 ms, a carries 900/s");
        assert_eq!(said(&[]), "With p99 below 20 ms: no search tells what is carried");
    }
}
