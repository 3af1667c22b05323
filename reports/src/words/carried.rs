//! The title of a search under an objective: who carries how much.
//!
//! Two are called different only where their intervals over blocks have nothing in common. Beside it: `objective.rs`, which
//! finds the loads.

use crate::format::{self, Unit};

/// What a contender carries.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Carried<'a> {
    pub(crate) label: &'a str,
    /// As words: `at least 9,000/s`.
    pub(crate) shown: String,
    /// Requests per second; absent where no load was carried, or no search came to its end.
    pub(crate) load: Option<f64>,
    /// Over blocks; absent with one.
    pub(crate) interval: Option<(f64, f64)>,
    /// Whose search came to its end.
    pub(crate) blocks: usize,
    /// Whether some block could not tell what is above.
    pub(crate) is_open: bool,
}

pub(crate) fn carried(objective: &str, contenders: &[Carried<'_>]) -> String {
    let mut with_load: Vec<(f64, &Carried<'_>)> = contenders.iter().filter_map(|c| Some((c.load?, c))).collect();
    with_load.sort_by(|a, b| b.0.total_cmp(&a.0));
    match with_load.as_slice() {
        [] => format!("With {objective}: no search tells what is carried"),
        [(_, only)] => format!("With {objective}, {} carries {}", only.label, only.shown),
        [(_, most), .., (_, least)] => {
            let blocks = most.blocks.min(least.blocks);
            let two = format!("{} carries {}, {} {}", most.label, most.shown, least.label, least.shown);
            let clear = most.interval.zip(least.interval).map(|(most, least)| most.0 > least.1);
            match clear {
                // What is open above may be more than the other.
                Some(true) if !least.is_open => format!("With {objective}, {two}{}", between(with_load.len())),
                None if blocks < 2 => {
                    format!("With {objective}, {two} ({}, no verdict)", format::counted(blocks as u64, "block"))
                }
                _ => {
                    let range = Unit::PerSecond.range(least.load.unwrap_or(0.0), most.load.unwrap_or(0.0));
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

    fn one(label: &str, load: f64, half: f64) -> Carried<'_> {
        let interval = (half > 0.0).then_some((load - half, load + half));
        let blocks = if half > 0.0 { 10 } else { 1 };
        let shown = Unit::PerSecond.show(load);
        Carried { label, shown, load: Some(load), interval, blocks, is_open: false }
    }

    fn said(contenders: &[Carried<'_>]) -> String {
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
        let open = Carried { is_open: true, ..one("a", 900.0, 10.0) };
        assert!(said(&[open, one("b", 1_200.0, 10.0)]).contains("cannot tell"));
        assert!(said(&[one("a", 900.0, 0.0), one("b", 1_200.0, 0.0)]).ends_with("a 900/s (1 block, no verdict)"));
    }

    #[test]
    fn one_alone_or_nobody_is_not_compared() {
        assert_eq!(said(&[one("a", 900.0, 10.0)]), "With p99 below 20 ms, a carries 900/s");
        assert_eq!(said(&[]), "With p99 below 20 ms: no search tells what is carried");
    }
}
