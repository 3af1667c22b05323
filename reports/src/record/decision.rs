//! How a claim is decided: comparisons of measured values, declared with the experiment and evaluated from the records.
//!
//! Must not know: how values are measured. Beside it: `experiment.rs`, which holds these.

use serde::{Deserialize, Serialize};

/// The conditions under which a claim holds. All hold: the claim holds. Some do: it holds only under those. None does:
/// it does not hold. Where one of them can't be decided, neither can the claim.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Decision {
    /// At least one.
    pub conditions: Vec<Condition>,
}

/// One comparison.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Condition {
    /// Completes the sentence "The claim holds for ...": `a deadline on the whole frame`.
    pub holds_for: String,
    /// What is looked at.
    pub value: ValueOf,
    /// How it must lie to the bound.
    pub relation: Relation,
    /// What it is held against.
    pub bound: BoundValue,
}

/// A metric of a contender.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ValueOf {
    /// Name in the report's metric table.
    pub metric: String,
    /// Label of the contender.
    pub contender: String,
    /// Key of the workload; absent where the experiment has one only.
    #[serde(default)]
    pub workload: Option<String>,
    /// The value of the swept variable; absent where nothing is swept.
    #[serde(default)]
    pub variation: Option<f64>,
}

/// How a value must lie to its bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Relation {
    /// Not below it.
    AtLeast,
    /// Not above it.
    AtMost,
}

/// What a value is held against.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BoundValue {
    /// A number in the metric's unit.
    Number(f64),
    /// So many times another measured value.
    Times {
        /// The factor.
        factor: f64,
        /// The other value.
        of: ValueOf,
    },
}
