//! One run held against another: what became more, what became less, and where that can't be told.
//!
//! Compared is what both runs have, the same contender at the same load; what only one has is listed. Blocks are pairs
//! where they were run under the same arrivals, else two samples. Must not know: how it is shown. Beside it: `places.rs`
//! takes a run apart, `rows.rs` compares, `words.rs` says what came of it,
//! `gate.rs` decides whether a change is too much.

mod gate;
mod outcome;
mod places;
mod rows;
mod words;

use serde::Serialize;

use crate::format;
use crate::machine::{Difference, differences};
use crate::record::Ending;
use crate::record::store::Run;
use crate::stats::{NoRatio, Ratio};
use crate::verdict::{Judged, Verdict, ratio_or_why};

pub use crate::metrics::Measured;
pub use gate::{Gate, GateError};
pub use outcome::{DecidedBy, DiffOutcome, GateResult};
pub use places::ComparedFigure;

use places::{MeasuredPlace, places};

/// Two runs, or two builds within one, compared.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Diff {
    /// The run or build that the other is held against.
    pub base: String,
    /// The other.
    pub new: String,
    /// How blocks were put together.
    pub method: Method,
    /// What differs between the two machines; figures of different machines say little about a change.
    pub machines_differ: Vec<Difference>,
    /// Which of the two did not come to its end, and how it ended.
    pub cut_short: Vec<String>,
    /// Whether a contender was run twice in either, to see how far it is from itself.
    pub has_twin: bool,
    /// Figures of the base that the other lacks, so that nobody can say what became of them.
    pub missing: Vec<Missing>,
    /// A row per figure of a contender at a place that both have, in the order of the base.
    pub rows: Vec<DiffRow>,
    /// What only the base has, `threaded, echo at 8,000/s`.
    pub only_in_base: Vec<String>,
    /// What only the other has.
    pub only_in_new: Vec<String>,
}

/// How the blocks of two runs were put together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Method {
    /// The two took turns in each block of one run: a drift of the machine is in both.
    Alternated,
    /// Two runs of the same seed: block by block, both had the same arrivals.
    PairedBySeed,
    /// Two runs of other seeds: all blocks of one against all of the other.
    Unpaired,
}

/// One figure of one contender at one place.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DiffRow {
    /// Label of the contender.
    pub contender: String,
    /// Where it was measured.
    #[serde(flatten)]
    pub place: PlaceName,
    /// The name that a gate knows it by.
    pub name: &'static str,
    /// What it is.
    pub label: &'static str,
    /// All blocks of the base together.
    pub base: String,
    /// All blocks of the other together.
    pub new: String,
    /// How many times the base's the other's is, or why that can't be said.
    #[serde(serialize_with = "ratio_or_why")]
    pub ratio: Result<Ratio, NotCompared>,
    /// Whether each of the two has blocks enough for a verdict that all agree on whether it kept up.
    pub blocks_agree: bool,
    /// What may be said of it; absent without a ratio.
    pub judged: Option<Judged>,
}

/// A figure that only the base has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Missing {
    /// The name that a gate knows it by.
    pub name: &'static str,
    /// What it is.
    pub label: &'static str,
    /// Label of the contender.
    pub contender: String,
    /// Where it was measured.
    #[serde(flatten)]
    pub place: PlaceName,
}

/// Where something was measured, the contender left out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PlaceName {
    /// Name of the experiment.
    pub experiment: String,
    /// Key of the workload.
    pub workload: String,
    /// Label of the workload.
    #[serde(skip)]
    pub workload_label: String,
    /// Workload and load: `echo at 8,000/s`.
    pub at: String,
}

/// Why two figures are not compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum NotCompared {
    /// No valid cell in one of the two.
    Invalid,
    /// Neither kept up with the load, so the figures say how long it lasted.
    NeitherKeptUp,
    /// The base kept up with the load and the other did not.
    FellBehind,
    /// The other kept up with the load and the base did not.
    CaughtUp,
    /// A block of one of the two has no positive number.
    NoRatio(NoRatio),
}

/// Compares two runs. Figures of different machines are compared like any: who calls this has looked at
/// [`Diff::machines_differ`] or [`differences`].
pub fn between(base: &Run, new: &Run) -> Diff {
    let same_seed = base.manifest.seed == new.manifest.seed;
    let method = if same_seed { Method::PairedBySeed } else { Method::Unpaired };
    let by_label = |contender: &str| contender.to_owned();
    let mut diff = rows::compare((&places(base), &places(new)), &by_label, method);
    (diff.base, diff.new) = (base.manifest.run.clone(), new.manifest.run.clone());
    diff.machines_differ = differences(&base.manifest, &new.manifest);
    diff.cut_short = [base, new].into_iter().filter_map(cut_short).collect();
    diff
}

/// Compares the two builds whose servers took turns in one run; absent where there was one only.
pub fn within(run: &Run) -> Option<Diff> {
    let other = run.manifest.against.as_ref()?;
    let is_base = |place: &MeasuredPlace| place.contender.ends_with(BASE);
    let (base, new): (Vec<MeasuredPlace>, Vec<MeasuredPlace>) = places(run).into_iter().partition(is_base);
    let by_server = |contender: &str| contender.split('@').next().unwrap_or_default().to_owned();
    let mut diff = rows::compare((&base, &new), &by_server, Method::Alternated);
    let commit = run.manifest.commit.as_deref().unwrap_or("no commit known");
    diff.base = format!("{}, {}", other.path, other.version);
    diff.new = format!("{}, {} ({commit})", run.manifest.run, run.manifest.harness_version);
    diff.cut_short.extend(cut_short(run));
    Some(diff)
}

/// Compares two contenders of one run, which took turns in each block; absent where one of them is not in the run.
pub fn of_contenders(run: &Run, base: &str, new: &str) -> Option<Diff> {
    let is_there = |label: &str| run.manifest.contenders.iter().any(|contender| contender.label == label);
    let all = places(run);
    let of = |label: &str| -> Vec<MeasuredPlace> {
        let is_its = |place: &&MeasuredPlace| place.contender == label || place.twin_of.as_deref() == Some(label);
        all.iter().filter(is_its).cloned().collect()
    };
    let mut diff = rows::compare((&of(base), &of(new)), &|_| String::new(), Method::Alternated);
    (diff.base, diff.new) = (format!("{base} of {}", run.manifest.run), format!("{new} of {}", run.manifest.run));
    diff.cut_short.extend(cut_short(run));
    (is_there(base) && is_there(new)).then_some(diff)
}

/// `NAME was interrupted after 3 of 40 cells`; nothing for a run that came to its end.
fn cut_short(run: &Run) -> Option<String> {
    let manifest = &run.manifest;
    let cells = format!(
        "{} of {} measurements",
        format::count(run.cells.len() as u64),
        format::count(manifest.planned_cells.into())
    );
    (manifest.ending != Ending::Completed).then(|| format!("{} did not come to its end, and has {cells}", manifest.run))
}

/// What the label of a contender ends with that the other build serves.
const BASE: &str = "@base";

impl DiffRow {
    /// Whether something has changed for sure: the two are different, or one of them does what the other does not.
    pub fn has_changed(&self) -> bool {
        self.is_different()
            || match self.ratio {
                Err(NotCompared::FellBehind | NotCompared::CaughtUp) => true,
                Err(NotCompared::NoRatio(why)) => why.first_has_more().is_some(),
                _ => false,
            }
    }

    /// Whether the two are the same for sure, but for what does not matter.
    pub fn is_alike(&self) -> bool {
        self.judged.is_some_and(|judged| matches!(judged.verdict, Verdict::Equivalent { .. }))
    }

    /// Whether the two are different, with blocks enough to say so.
    pub fn is_different(&self) -> bool {
        self.judged.is_some_and(|judged| judged.verdict == Verdict::Different)
    }
}

impl Diff {
    /// The rows, those that matter most first: differences, the largest first, then what can't be told, then the rest.
    pub fn ranked(&self) -> Vec<&DiffRow> {
        let rank = |row: &&DiffRow| match (row.has_changed(), row.ratio) {
            (true, _) => 0,
            (false, Ok(_)) => 1,
            (false, Err(_)) => 2,
        };
        let size = |row: &&DiffRow| row.ratio.map_or(0.0, |ratio| ratio.value.ln().abs());
        let mut rows: Vec<&DiffRow> = self.rows.iter().collect();
        rows.sort_by(|a, b| rank(a).cmp(&rank(b)).then(size(b).total_cmp(&size(a))));
        rows
    }
}
