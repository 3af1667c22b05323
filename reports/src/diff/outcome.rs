//! What comes of a gate: passed, regressed, or what it would take to tell.
//!
//! Must not know: bounds, rows. Beside it: `gate.rs`, which decides.

use serde::Serialize;

/// What came of a gate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum DiffOutcome {
    /// Every row is within the bound for sure.
    Passed,
    /// Some row could be on either side, or is missing or invalid.
    Inconclusive,
    /// Some row is beyond the bound for sure.
    Regressed,
}

impl DiffOutcome {
    /// The one word for it, in output and documentation.
    pub fn word(self) -> &'static str {
        match self {
            DiffOutcome::Passed => "passed",
            DiffOutcome::Inconclusive => "inconclusive",
            DiffOutcome::Regressed => "regressed",
        }
    }
}

/// A gate, held against a comparison.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct GateResult {
    /// As it was written.
    pub gate: String,
    /// What came of it.
    pub outcome: DiffOutcome,
    /// How many rows it was held against.
    pub rows: usize,
    /// The rows that decided, in words, those farthest from the bound first; empty where it passed. Where it regressed
    /// these are the rows beyond the bound and no others.
    pub reasons: Vec<String>,
    /// What it would take where it is inconclusive.
    pub decided_by: Option<DecidedBy>,
}

/// What it would take for a gate to be decided. In the order of how much that is: what decides several rows is the last of
/// what decides each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum DecidedBy {
    /// So many blocks in all, if ratios and spreads stay as they are.
    Blocks(usize),
    /// Measuring again what is missing, invalid or without a ratio.
    MeasuringAgain,
    /// No number of blocks that is thought of: a value lies too close to the bound, or no farther from it than a contender
    /// is from itself.
    NoBlocks,
}

impl GateResult {
    /// A gate that nothing was held against.
    pub(super) fn without_rows(gate: &str, reason: String) -> GateResult {
        GateResult {
            gate: gate.to_owned(),
            outcome: DiffOutcome::Inconclusive,
            rows: 0,
            reasons: vec![reason],
            decided_by: Some(DecidedBy::MeasuringAgain),
        }
    }
}
