//! An experiment as it was declared when the run was made: its claim, its question, its pictures as data, how its claim is
//! decided, and what the loads of a search are held against.
//!
//! Must not know: how values are measured. Beside it: `../verdict/claim.rs` and `../objective.rs`, which evaluate it.

use serde::{Deserialize, Serialize};

use super::ContenderRecord;

/// One experiment of a run.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ExperimentRecord {
    /// `latency-curve`.
    pub name: String,
    /// A few words for a heading.
    pub title: String,
    /// The claim under test, as people say it.
    pub claim: String,
    /// Where people say it.
    pub claimed_in: String,
    /// The question a reader answers before looking.
    pub question: String,
    /// Plausible answers, of which at most one turns out right.
    pub possible_answers: Vec<String>,
    /// What to look at in the pictures.
    pub look_at: String,
    /// Conditions under which the result does not hold.
    pub conditions: Vec<String>,
    /// What requests ask for, a variant each; at least one.
    pub workloads: Vec<WorkloadRecord>,
    /// The pictures, in the order shown.
    pub pictures: Vec<Picture>,
    /// How the claim is decided; absent where no rule can.
    #[serde(default)]
    pub decision: Option<Decision>,
    /// What the loads of a search were held against; absent where none was searched for.
    #[serde(default)]
    pub objective: Option<Objective>,
    /// Labels of the contenders that it puts to the test; empty where it is all of the run.
    #[serde(default)]
    pub contenders: Vec<String>,
    /// How many times each of its cells was planned; absent where that is the run's number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub blocks: Option<u32>,
}

impl ExperimentRecord {
    /// Whether it puts a contender of the run to the test.
    pub fn has(&self, contender: &ContenderRecord) -> bool {
        self.contenders.is_empty() || self.contenders.contains(&contender.label)
    }
}

/// One variant of what requests ask for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct WorkloadRecord {
    /// Unique within the experiment and safe in a file name, `sleep-5ms`.
    pub key: String,
    /// For a heading, `sleep 5 ms`.
    pub label: String,
    /// One sentence on what a connection does.
    pub description: String,
    /// What its work asks of a server; absent in records of earlier versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub demand: Option<Demand>,
}

/// What a request asks of a server beyond its reply. Times are those that were asked for, in nanoseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Demand {
    /// Nothing: it can be answered at once.
    Nothing,
    /// To wait for so long for something else, without a CPU.
    Waiting {
        /// For how long.
        for_ns: u64,
    },
    /// To block the thread that does the work.
    Blocking {
        /// For how long.
        for_ns: u64,
    },
    /// To compute.
    Computing {
        /// For how long, on an idle CPU.
        for_ns: u64,
    },
    /// To hold the lock that all connections share.
    Locking {
        /// For how long.
        for_ns: u64,
    },
}

/// A picture, declared. The report draws it from the cells of its experiment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Picture {
    /// Unique within the experiment; the figure's anchor.
    pub id: String,
    /// How it is drawn.
    pub kind: PictureKind,
    /// Restricts the picture to one workload; absent where the experiment has one workload only.
    #[serde(default)]
    pub workload: Option<String>,
    /// Names in the report's metric table: the y axis, or the parts of a stack from the bottom up.
    pub metrics: Vec<String>,
    /// What the x axis shows.
    pub x: Swept,
    /// What the x axis is called, where the swept variable does not say it.
    #[serde(default)]
    pub x_label: Option<String>,
    /// Scale of the x axis.
    pub x_scale: Scale,
    /// Scale of the y axis.
    pub y_scale: Scale,
}

/// How a picture is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum PictureKind {
    /// A line per contender over the swept variable, the first metric on y; one panel per metric.
    Curve,
    /// A line per contender over the percentile axis, at one chosen load.
    PercentileSpectrum,
    /// Small multiples per contender: stacked parts over the swept variable, with fitted slopes.
    StackedParts,
    /// A stacked bar per contender and load: where the time went.
    TimeSplit,
    /// Small multiples per contender: every request of the probe over time, the disturbance shaded behind it.
    ProbeOverTime,
    /// A bar per contender and variation, a panel per metric.
    Bars,
    /// A grid of all workloads over connections: which of two contenders has more of the metric, and by how much.
    Crossover,
    /// Small multiples per contender: what a server said of its inside over the window, and what the system keeps of its
    /// threads. Drawn wherever someone looked; no experiment declares it.
    Inside,
    /// Small multiples per contender: a lane per thread of a traced window. Drawn wherever one was traced; no
    /// experiment declares it.
    Lanes,
}

/// The variable an experiment sweeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Swept {
    /// Requests scheduled per second.
    OfferedLoadRps,
    /// Connections held open.
    Connections,
    /// The percentile axis, drawn as 1/(1-p).
    Percentile,
    /// The experiment's own variable, [`super::Cell::variation`], named by [`Picture::x_label`].
    Variation,
    /// Time since the start of the load.
    Time,
    /// Nothing: a value per contender.
    Nothing,
}

/// Scale of an axis.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Scale {
    /// From zero.
    Linear,
    /// Decades.
    Log,
}

/// The conditions under which a claim holds. All hold: the claim holds. Some do: it holds only under those. None does:
/// it does not hold. Where one of them can't be decided, neither can the claim.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Decision {
    /// At least one.
    pub conditions: Vec<Condition>,
}

impl Decision {
    /// Labels of those whose values it looks at.
    pub fn contenders(&self) -> impl Iterator<Item = &str> {
        self.values().map(|value| value.contender.as_str())
    }

    /// Whether it looks at the loads of a sweep.
    pub fn is_at_loads(&self) -> bool {
        self.values().any(|value| value.load.is_some())
    }

    /// The values that it looks at.
    pub fn values(&self) -> impl Iterator<Item = &ValueOf> {
        self.conditions.iter().flat_map(|condition| {
            let other = match &condition.bound {
                BoundValue::Times { of, .. } => Some(of),
                BoundValue::Number(_) => None,
            };
            [Some(&condition.value), other].into_iter().flatten()
        })
    }
}

/// One comparison.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
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
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
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
    /// Which of the offered loads, where these are swept: the run finds out which there are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub load: Option<CommonLoad>,
}

/// One of the loads of a sweep with which all contenders that a claim is decided by have kept up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum CommonLoad {
    /// The lowest of these.
    Lowest,
    /// The highest.
    Highest,
}

/// How a value must lie to its bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Relation {
    /// Not below it.
    AtLeast,
    /// Not above it.
    AtMost,
}

/// What a value is held against.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
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

/// A bound on a percentile of the response time. That no request fails is a part of it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Objective {
    /// Which percentile, 0 to 1.
    pub percentile: f64,
    /// It must be less than this.
    pub below_ns: u64,
    /// Each load of the search over the next lower one: as finely as a result is known.
    pub step: f64,
    /// The lowest load that the search would try, in requests per second; absent in records of older versions.
    #[serde(default)]
    pub lowest_rps: Option<f64>,
}
