//! Whether a change is too much: a bound on a ratio, and on which side of it the measured interval lies.
//!
//! Regressed is said only where all gated rows together would be wrong in 5% of cases, or where a server stopped keeping
//! up in every block; passed only where each interval ends within the bound and nothing is missing. Beside it: `compared.rs`, which has the names.

use std::str::FromStr;

use serde::Serialize;

use super::{COMPARED, Diff, Doubt, Missing, Row};
use crate::format::{counted, number};
use crate::stats::Ratio;
use crate::verdict::Verdict;

/// How likely a regression may be mere chance, over all rows of a gate together.
const LEVEL: f64 = 0.05;

/// `p99>+10%`: fails where the p99 has become more than a tenth larger.
#[derive(Debug, Clone, PartialEq)]
pub struct Gate {
    text: String,
    name: &'static str,
    bound: Bound,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Bound {
    /// More times the base than this is too much.
    Above(f64),
    /// Less is too little.
    Below(f64),
}

/// An expression that is no gate.
#[derive(Debug, thiserror::Error)]
#[error("{text:?} is no gate: {why}; write one such as 'p99>+10%' or 'throughput<-5%', with one of the names {names}")]
pub struct GateError {
    text: String,
    why: String,
    names: String,
}

/// What came of a gate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// Every row is within the bound for sure.
    Passed,
    /// Some row could be on either side, or is invalid.
    Inconclusive,
    /// Some row is beyond the bound for sure.
    Regressed,
}

/// A gate, held against a comparison.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Held {
    /// As it was written.
    pub gate: String,
    /// What came of it.
    pub outcome: Outcome,
    /// The rows that decided, in words; empty where it passed.
    pub reasons: Vec<String>,
}

impl FromStr for Gate {
    type Err = GateError;

    fn from_str(text: &str) -> Result<Gate, GateError> {
        let names = || COMPARED.iter().map(|compared| compared.name).collect::<Vec<_>>().join(", ");
        let refuse = |why: String| GateError { text: text.to_owned(), why, names: names() };
        let at = text.find(['>', '<']).ok_or_else(|| refuse("it has neither > nor <".to_owned()))?;
        let (name, sign, change) = (text[..at].trim(), &text[at..=at], text[at + 1..].trim());
        let compared = COMPARED.iter().find(|compared| compared.name == name);
        let compared = compared.ok_or_else(|| refuse(format!("nothing compared is called {name:?}")))?;
        let percent = change.strip_suffix('%').and_then(|number| number.trim().parse::<f64>().ok());
        let percent = percent.filter(|percent| percent.is_finite() && *percent > -100.0);
        let times = 1.0 + percent.ok_or_else(|| refuse(format!("{change:?} is no change in percent")))? / 100.0;
        let bound = if sign == ">" { Bound::Above(times) } else { Bound::Below(times) };
        Ok(Gate { text: text.to_owned(), name: compared.name, bound })
    }
}

impl Gate {
    /// Holds the gate against every row of its figure. Loads that neither of the two keeps up with are no part of it.
    pub fn hold(&self, diff: &Diff) -> Held {
        let of_it = |row: &&Row| row.name == self.name && row.ratio != Err(Doubt::NeitherKeptUp);
        let rows: Vec<&Row> = diff.rows.iter().filter(of_it).collect();
        let mut held = Held { gate: self.text.clone(), outcome: Outcome::Passed, reasons: Vec::new() };
        let missing: Vec<&Missing> = diff.missing.iter().filter(|missing| missing.name == self.name).collect();
        if let Some(reason) = lacking(&missing) {
            held.outcome = Outcome::Inconclusive;
            held.reasons.push(reason);
        } else if rows.is_empty() {
            held.outcome = Outcome::Inconclusive;
            held.reasons.push("nothing that it is about was measured in both".to_owned());
        }
        for row in &rows {
            let outcome = self.row(row, rows.len());
            held.outcome = held.outcome.max(outcome);
            if let Some(reason) = self.reason(row, outcome) {
                held.reasons.push(reason);
            }
        }
        held
    }

    fn row(&self, row: &Row, rows: usize) -> Outcome {
        match row.ratio {
            Ok(ratio) => self.ratio(row, &ratio, rows),
            // Times of a server that can't keep up grow as long as the load lasts, beyond any bound.
            Err(doubt @ (Doubt::FellBehind | Doubt::CaughtUp)) if row.blocks_agree => {
                match (doubt == Doubt::FellBehind) == matches!(self.bound, Bound::Above(_)) {
                    true => Outcome::Regressed,
                    false => Outcome::Passed,
                }
            }
            Err(_) => Outcome::Inconclusive,
        }
    }

    fn ratio(&self, row: &Row, ratio: &Ratio, rows: usize) -> Outcome {
        let Some(verdict) = verdict(row) else { return Outcome::Inconclusive };
        // Of many rows some would lie beyond by chance; that all lie within asks nothing more of each.
        let (Some(wide), Some(usual)) = (ratio.interval_at(1.0 - LEVEL / rows as f64), ratio.interval) else {
            return Outcome::Inconclusive;
        };
        let is_within = match self.bound {
            Bound::Above(times) => usual.1 <= times,
            Bound::Below(times) => usual.0 >= times,
        };
        // What a contender differs from itself is no regression, however sure.
        let is_told = !matches!(verdict, Verdict::Indistinguishable { .. });
        match (self.is_beyond(wide) && is_told, is_within) {
            (true, _) => Outcome::Regressed,
            (false, true) => Outcome::Passed,
            (false, false) => Outcome::Inconclusive,
        }
    }

    fn is_beyond(&self, (lo, hi): (f64, f64)) -> bool {
        match self.bound {
            Bound::Above(times) => lo > times,
            Bound::Below(times) => hi < times,
        }
    }

    fn reason(&self, row: &Row, outcome: Outcome) -> Option<String> {
        let interval = row.ratio.ok().and_then(|ratio| ratio.interval).filter(|_| verdict(row).is_some());
        let words = match (outcome, row.ratio, interval) {
            (Outcome::Passed, ..) => return None,
            (Outcome::Regressed, Ok(ratio), _) => format!("{} times the base's", number(ratio.value)),
            (_, _, Some((lo, hi))) => {
                let times = format!("{} to {} times the base's", number(lo), number(hi));
                let is_hidden = self.is_beyond((lo, hi)) && !row.is_different();
                if is_hidden {
                    format!("{times}, but {}", row.words())
                } else {
                    format!("{times}, which is not clear of the bound")
                }
            }
            _ => row.words(),
        };
        Some(format!("{} of {}, {}: {words}", row.label, row.contender, row.at))
    }
}

/// The verdict on a row; absent with too few blocks for one.
fn verdict(row: &Row) -> Option<Verdict> {
    row.judged.map(|judged| judged.verdict).filter(|verdict| verdict.is_one())
}

/// What nobody can say, in words; absent where there is all of it.
fn lacking(missing: &[&Missing]) -> Option<String> {
    let Missing { label, contender, at, .. } = missing.first()?;
    let more = match missing.len() as u64 - 1 {
        0 => String::new(),
        more => format!(" and {}", counted(more, "more place")),
    };
    Some(format!("only the base has {label} of {contender}, {at}{more}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Result<(&'static str, Bound), String> {
        text.parse::<Gate>().map(|gate| (gate.name, gate.bound)).map_err(|error| error.to_string())
    }

    #[test]
    fn a_gate_is_a_name_a_sign_and_a_change() {
        assert_eq!(parsed("p99>+10%"), Ok(("p99", Bound::Above(1.1))));
        assert_eq!(parsed(" cpu-per-request > 5 % "), Ok(("cpu-per-request", Bound::Above(1.05))));
        assert_eq!(parsed("throughput<-50%"), Ok(("throughput", Bound::Below(0.5))));
    }

    #[test]
    fn anything_else_is_refused_with_an_example() {
        for text in ["", "p99", "p99>", "p99>10", "p98>+10%", "p99>+x%", "p99>nan%", "p99<-100%", ">+10%"] {
            let error = parsed(text).unwrap_err();
            assert!(error.contains("'p99>+10%'") && error.contains("cpu-per-request"), "{error}");
        }
    }
}
