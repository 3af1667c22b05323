//! Whether a change is too much: a bound on a ratio, on which side of it the measured interval lies, and what comes of it.
//!
//! Regressed is said only where all gated rows together would be wrong in 5% of cases, or where a server stopped keeping
//! up in every block; passed only where each interval ends within the bound and nothing is missing. Beside it:
//! `places.rs`, which has the names.

use itertools::Itertools;
use std::str::FromStr;

use super::{ComparedFigure, DecidedBy, Diff, DiffOutcome, DiffRow, GateResult, Missing, NotCompared, PlaceName};
use crate::format::{self, counted};
use crate::stats::Ratio;
use crate::verdict::{MOST_BLOCKS, Verdict, fewest};

/// How likely a regression may be mere chance, over all rows of a gate together.
const LEVEL: f64 = 0.05;

/// `p99>+10%`: fails where the p99 has become more than a tenth larger; `p99>+10%@sleep 5 ms` looks at that workload only.
#[derive(Debug, Clone)]
pub struct Gate {
    text: String,
    of: ComparedFigure,
    bound: RatioBound,
    /// An experiment, a workload, or a workload at a load.
    scope: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum RatioBound {
    /// More times the base than this is too much.
    Above(f64),
    /// Less is too little.
    Below(f64),
}

/// An expression that is not a gate.
#[derive(Debug, thiserror::Error)]
#[error(
    "{text:?} is not a gate: {why}; write one such as 'p99>+10%', 'throughput<-5%' or 'p99>+10%@sleep 5 ms', with one of the names \
     {names}"
)]
pub struct GateError {
    text: String,
    why: String,
    names: String,
}

impl FromStr for Gate {
    type Err = GateError;

    fn from_str(text: &str) -> Result<Gate, GateError> {
        let names = || ComparedFigure::all().map(|compared| compared.name).collect::<Vec<_>>().join(", ");
        let refuse = |why: String| GateError { text: text.to_owned(), why, names: names() };
        let at = text.find(['>', '<']).ok_or_else(|| refuse("it has neither > nor <".to_owned()))?;
        let (name, sign, rest) = (text[..at].trim(), &text[at..=at], &text[at + 1..]);
        let (change, scope) = rest.split_once('@').map_or((rest, None), |(change, scope)| (change, Some(scope.trim())));
        let change = change.trim();
        if scope.is_some_and(str::is_empty) {
            return Err(refuse("nothing stands behind the @, where an experiment or a workload is named".to_owned()));
        }
        let compared =
            ComparedFigure::named(name).ok_or_else(|| refuse(format!("nothing compared is called {name:?}")))?;
        let percent = change.strip_suffix('%').and_then(|number| number.trim().parse::<f64>().ok());
        let percent = percent.filter(|percent| percent.is_finite() && *percent > -100.0);
        let times = 1.0 + percent.ok_or_else(|| refuse(format!("{change:?} is not a change in percent")))? / 100.0;
        let bound = if sign == ">" { RatioBound::Above(times) } else { RatioBound::Below(times) };
        Ok(Gate { text: text.to_owned(), of: compared, bound, scope: scope.map(str::to_owned) })
    }
}

impl Gate {
    /// Holds the gate against every row of its figure within its scope. Loads that neither of the two keeps up with are no
    /// part of it.
    pub fn hold(&self, diff: &Diff) -> GateResult {
        let all = diff.rows.iter().filter(|row| row.name == self.of.name && self.covers(&row.place)).collect_vec();
        let missing = diff.missing.iter().filter(|missing| missing.name == self.of.name && self.covers(&missing.place));
        let missing = missing.collect_vec();
        if all.is_empty() && missing.is_empty() {
            return GateResult::without_rows(&self.text, self.nothing_there(diff));
        }
        let rows: Vec<&DiffRow> =
            all.iter().copied().filter(|row| row.ratio != Err(NotCompared::NeitherKeptUp)).collect();
        if rows.is_empty() && missing.is_empty() {
            return GateResult::without_rows(&self.text, "neither kept up with any load that it is about".to_owned());
        }
        let found = rows.iter().map(|row| (self.row(row, rows.len()), *row));
        let found = found.sorted_by(|(_, a), (_, b)| self.distance(b).total_cmp(&self.distance(a))).collect_vec();
        let of_rows = found.iter().map(|(outcome, _)| *outcome).max().unwrap_or(DiffOutcome::Passed);
        let lacking = lacking(&missing);
        let outcome = if lacking.is_some() { of_rows.max(DiffOutcome::Inconclusive) } else { of_rows };
        let deciding = || found.iter().filter(|(of_row, _)| *of_row == outcome && outcome != DiffOutcome::Passed);
        let reasons = deciding().map(|(outcome, row)| self.reason(row, *outcome));
        let lacking = lacking.filter(|_| outcome == DiffOutcome::Inconclusive);
        let is_lacking = lacking.is_some();
        let reasons = lacking.into_iter().chain(reasons).collect();
        let open = deciding().map(|(_, row)| self.decided_by(row, rows.len()));
        let open = open.chain(is_lacking.then_some(DecidedBy::MeasuringAgain));
        let decided_by = open.max().filter(|_| outcome == DiffOutcome::Inconclusive);
        GateResult { gate: self.text.clone(), outcome, rows: rows.len(), reasons, decided_by }
    }

    /// Whether a place is within the scope: the name of its experiment, its workload by key or by label, or all of it.
    fn covers(&self, place: &PlaceName) -> bool {
        let names = [&place.experiment, &place.workload, &place.workload_label, &place.at];
        self.scope.as_ref().is_none_or(|scope| names.iter().any(|name| name.eq_ignore_ascii_case(scope)))
    }

    /// Why no row is held against the gate, with what there is.
    fn nothing_there(&self, diff: &Diff) -> String {
        let of_missing = diff.missing.iter().map(|missing| &missing.place);
        let places: Vec<&PlaceName> = diff.rows.iter().map(|row| &row.place).chain(of_missing).collect();
        let carried = diff.rows.iter().filter(|row| self.covers(&row.place));
        match &self.scope {
            Some(scope) if !places.iter().any(|place| self.covers(place)) => {
                let names = places.iter().flat_map(|place| [place.experiment.as_str(), place.workload_label.as_str()]);
                format!("no experiment or workload is called {scope:?}; there are {}", listed(names.unique()))
            }
            _ => {
                let carries = listed(carried.map(|row| row.name).sorted_unstable().dedup());
                format!("nothing that it is about was measured in both; what both have is {carries}")
            }
        }
    }

    fn row(&self, row: &DiffRow, rows: usize) -> DiffOutcome {
        match row.ratio {
            Ok(ratio) if verdict(row).is_some() => {
                // What a contender differs from itself is no regression, however sure.
                let is_told = !matches!(verdict(row), Some(Verdict::Indistinguishable { .. }));
                match self.ratio(&ratio, rows) {
                    DiffOutcome::Regressed if !is_told => DiffOutcome::Inconclusive,
                    outcome => outcome,
                }
            }
            Ok(_) => DiffOutcome::Inconclusive,
            // Times of a server that can't keep up grow as long as the load lasts, beyond any bound.
            Err(doubt @ (NotCompared::FellBehind | NotCompared::CaughtUp)) if row.blocks_agree => {
                self.beyond_any(doubt == NotCompared::FellBehind)
            }
            // Something instead of nothing in every block is beyond any bound too.
            Err(NotCompared::NoRatio(why)) if why.of.iter().all(|blocks| *blocks >= self.of.blocks_needed()) => {
                why.first_has_more().map_or(DiffOutcome::Inconclusive, |is_more| self.beyond_any(is_more))
            }
            Err(_) => DiffOutcome::Inconclusive,
        }
    }

    fn beyond_any(&self, is_more: bool) -> DiffOutcome {
        let is_too_much = is_more == matches!(self.bound, RatioBound::Above(_));
        if is_too_much { DiffOutcome::Regressed } else { DiffOutcome::Passed }
    }

    fn ratio(&self, ratio: &Ratio, rows: usize) -> DiffOutcome {
        // Of many rows some would lie beyond by chance; that all lie within asks nothing more of each.
        let (Some(wide), Some(usual)) = (ratio.interval_at(1.0 - LEVEL / rows as f64), ratio.interval) else {
            return DiffOutcome::Inconclusive;
        };
        let is_within = match self.bound {
            RatioBound::Above(times) => usual.1 <= times,
            RatioBound::Below(times) => usual.0 >= times,
        };
        match (self.is_beyond(wide), is_within) {
            (true, _) => DiffOutcome::Regressed,
            (false, true) => DiffOutcome::Passed,
            (false, false) => DiffOutcome::Inconclusive,
        }
    }

    fn is_beyond(&self, (lo, hi): (f64, f64)) -> bool {
        match self.bound {
            RatioBound::Above(times) => lo > times,
            RatioBound::Below(times) => hi < times,
        }
    }

    /// How far beyond the bound a row is, as a logarithm; what has no ratio comes first.
    fn distance(&self, row: &DiffRow) -> f64 {
        let Ok(ratio) = row.ratio else { return f64::INFINITY };
        match self.bound {
            RatioBound::Above(times) => (ratio.value / times).ln(),
            RatioBound::Below(times) => (times / ratio.value).ln(),
        }
    }

    fn decided_by(&self, row: &DiffRow, rows: usize) -> DecidedBy {
        let Ok(ratio) = row.ratio else { return DecidedBy::MeasuringAgain };
        let needed = self.of.blocks_needed();
        if ratio.spread.is_none() {
            return DecidedBy::Blocks(needed);
        }
        let would = |blocks: usize| self.ratio(&ratio.with_blocks(blocks), rows) != DiffOutcome::Inconclusive;
        let least = ratio.blocks.max(needed);
        let blocks = if would(least) { Some(least) } else { fewest(least, MOST_BLOCKS, would) };
        // With as many as there are it is decided but for what a contender differs from itself.
        blocks.filter(|blocks| *blocks > ratio.blocks).map_or(DecidedBy::NoBlocks, DecidedBy::Blocks)
    }

    fn reason(&self, row: &DiffRow, outcome: DiffOutcome) -> String {
        let interval = row.ratio.ok().and_then(|ratio| ratio.interval);
        let times = match (row.ratio, interval) {
            (Ok(ratio), ends) => {
                let ends = format::bracketed(ends.map(format::interval));
                Some(format!("{} times the base's{ends}", format::ratio(ratio.value)))
            }
            (Err(_), _) => None,
        };
        let is_hidden = interval.is_some_and(|interval| self.is_beyond(interval)) && !row.is_different();
        let words = match (times, outcome) {
            (None, _) => row.words(),
            (Some(times), DiffOutcome::Regressed) => times,
            (Some(times), _) if verdict(row).is_none() || is_hidden => format!("{times}, but {}", row.words()),
            (Some(times), _) => format!("{times}, which is not clear of the bound"),
        };
        format!("{} of {}, {}: {words}", row.label, row.contender, row.place.at)
    }
}

/// The verdict on a row; absent with too few blocks for one.
fn verdict(row: &DiffRow) -> Option<Verdict> {
    row.judged.map(|judged| judged.verdict).filter(|verdict| verdict.is_one())
}

/// What nobody can say, in words; absent where there is all of it.
fn lacking(missing: &[&Missing]) -> Option<String> {
    let Missing { label, contender, place, .. } = missing.first()?;
    let more = match missing.len() as u64 - 1 {
        0 => String::new(),
        more => format!(" and {}", counted(more, "more place")),
    };
    Some(format!("only the base has {label} of {contender}, {}{more}", place.at))
}

fn listed<'n>(names: impl Iterator<Item = &'n str>) -> String {
    format::listed(names).unwrap_or_else(|| "nothing".to_owned())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parsed(text: &str) -> Result<(&'static str, RatioBound), String> {
        text.parse::<Gate>().map(|gate| (gate.of.name, gate.bound)).map_err(|error| error.to_string())
    }

    #[test]
    fn a_gate_is_a_name_a_sign_and_a_change() {
        assert_eq!(parsed("p99>+10%"), Ok(("p99", RatioBound::Above(1.1))));
        assert_eq!(parsed(" cpu-per-request > 5 % "), Ok(("cpu-per-request", RatioBound::Above(1.05))));
        assert_eq!(parsed("throughput<-50%"), Ok(("throughput", RatioBound::Below(0.5))));
    }

    #[test]
    fn anything_else_is_refused_with_an_example() {
        for text in ["", "p99", "p99>", "p99>10", "p98>+10%", "p99>+x%", "p99>nan%", "p99<-100%", ">+10%", "p99>+10%@ "]
        {
            let error = parsed(text).unwrap_err();
            assert!(error.contains("'p99>+10%'") && error.contains("cpu-per-request"), "{error}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_a_gate_with_a_bound_that_is_a_number_or_refused(
            text in "(p99|throughput|é|)[<>@]{0,2}[+-]?[0-9einfNa.]{0,9}%?(@.{0,5})?",
        ) {
            match parsed(&text) {
                Ok((_, RatioBound::Above(bound) | RatioBound::Below(bound))) => {
                    prop_assert!(bound.is_finite() && bound > 0.0, "{text}: {bound}");
                }
                Err(error) => prop_assert!(error.contains("'p99>+10%'"), "{text}: {error}"),
            }
        }
    }
}
