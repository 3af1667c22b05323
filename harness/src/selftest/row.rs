//! A row of the self-test: its attempts, and the word for what came of them.

use std::time::Duration;

use serde::Serialize;

use super::bench::Bench;
use super::figure::{Fit, SelftestFigure};
use super::lateness::Obstacle;

/// One known answer.
#[derive(Debug)]
pub struct SelftestRow {
    /// One word, as `--only` takes it.
    pub name: &'static str,
    /// What is known, in a few words.
    pub claim: &'static str,
    /// About how long it takes undisturbed.
    pub usual: Duration,
    /// Whether the machine can disturb it.
    pub kind: SelftestKind,
    pub(crate) attempt: fn(&Bench) -> Result<Attempt, Obstacle>,
}

/// Whether a row depends on the machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum SelftestKind {
    /// Numbers from numbers: the same everywhere.
    Calculated,
    /// Measured on this machine, which may be too busy.
    Measured,
}

/// What came of one try.
#[derive(Debug)]
pub(crate) struct Attempt {
    pub(crate) figures: Vec<SelftestFigure>,
    /// What was seen to disturb the truth, in words; for rows that nothing can disturb, nothing.
    pub(crate) seen: String,
}

/// Whether the harness found what is known. What is worse is greater.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum SelftestVerdict {
    /// Every figure is within its tolerance.
    Right,
    /// The machine disturbed the truth at every try, or would not let it be measured.
    CannotTell,
    /// A figure is beyond its tolerance, and nothing explains it: do not believe this harness here.
    Wrong,
}

/// What a row found at its last try.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SelftestFinding {
    /// Name of the row.
    pub row: &'static str,
    /// What is known.
    pub claim: &'static str,
    /// Whether it was found.
    pub verdict: SelftestVerdict,
    /// Why it cannot be told; absent where it can.
    pub reason: Option<String>,
    /// How often it was tried.
    pub attempts: u32,
    /// The figures of the last try.
    pub figures: Vec<SelftestFigure>,
}

/// The most tries of a row that the machine disturbs.
const MOST_ATTEMPTS: u32 = 3;

impl SelftestRow {
    /// Tries the row until it is right or wrong, a few times at most. It is tried again only for what the machine did,
    /// never for what was measured.
    pub fn find(&self, bench: &Bench) -> SelftestFinding {
        let mut attempts = 0;
        loop {
            attempts += 1;
            let (figures, reason) = match (self.attempt)(bench) {
                Ok(Attempt { figures, seen }) => (figures, seen),
                Err(obstacle) => (Vec::new(), obstacle.to_string()),
            };
            let verdict = verdict(&figures);
            if verdict != SelftestVerdict::CannotTell || attempts == MOST_ATTEMPTS {
                let reason = (verdict == SelftestVerdict::CannotTell).then_some(reason);
                return SelftestFinding { row: self.name, claim: self.claim, verdict, reason, attempts, figures };
            }
        }
    }
}

fn verdict(figures: &[SelftestFigure]) -> SelftestVerdict {
    match figures.iter().map(|figure| figure.fit).max() {
        Some(Fit::Right) => SelftestVerdict::Right,
        Some(Fit::Disturbed) | None => SelftestVerdict::CannotTell,
        Some(Fit::Wrong) => SelftestVerdict::Wrong,
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    thread_local! {
        static TRIES: Cell<u64> = const { Cell::new(0) };
    }

    /// Disturbed until the given try, which is right.
    fn row(attempt: fn(&Bench) -> Result<Attempt, Obstacle>) -> (SelftestFinding, u64) {
        TRIES.set(0);
        let row =
            SelftestRow { name: "row", claim: "", usual: Duration::ZERO, kind: SelftestKind::Calculated, attempt };
        (row.find(&Bench::new().unwrap()), TRIES.get())
    }

    fn counted(right_at: u64) -> Attempt {
        TRIES.set(TRIES.get() + 1);
        let figure = SelftestFigure::exact("tries", right_at, TRIES.get()).or_anything_if(true);
        Attempt { figures: vec![figure], seen: "a storm".to_owned() }
    }

    #[test]
    fn a_disturbed_row_is_tried_again_and_never_passes_in_silence() {
        let (second, tries) = row(|_| Ok(counted(2)));
        assert_eq!((second.verdict, second.reason, tries), (SelftestVerdict::Right, None, 2));
        let (never, tries) = row(|_| Ok(counted(9)));
        assert_eq!((never.verdict, never.reason.as_deref(), tries), (SelftestVerdict::CannotTell, Some("a storm"), 3));
    }

    #[test]
    fn a_wrong_row_is_wrong_at_once() {
        let wrong = |_: &Bench| {
            TRIES.set(TRIES.get() + 1);
            Ok(Attempt {
                figures: vec![SelftestFigure::exact("a", 1, 1), SelftestFigure::exact("b", 1, 2)],
                seen: String::new(),
            })
        };
        let (finding, tries) = row(wrong);
        assert_eq!((finding.verdict, tries), (SelftestVerdict::Wrong, 1));
    }

    #[test]
    fn what_can_not_be_tried_can_not_be_told() {
        let (finding, _) = row(|_| Err(Obstacle::Other("no sockets here".to_owned())));
        assert_eq!(
            (finding.verdict, finding.reason.as_deref()),
            (SelftestVerdict::CannotTell, Some("no sockets here"))
        );
    }
}
