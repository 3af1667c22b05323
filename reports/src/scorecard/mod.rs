//! The scorecard: what a run says of its two protagonists, a row per thing that people want to know.
//!
//! Computed from the blocks alone, with the statistics of every other verdict: paired ratios on the logarithm, all rows
//! judged together after Holm, and no difference below what a server differs by from itself. A row that nothing was tried
//! for is left out; one that has no valid block of both can't tell. Must not know: sentences (`../words/card/scorecard.rs`),
//! pixels, HTML. Beside it: `cast.rs` (whom it is about), `rows.rs` and `trials.rs` (where each row finds its figures),
//! `duel.rs` (what becomes of them).

mod cast;
mod duel;
mod rows;
mod trials;

pub(crate) use cast::differing;
pub use cast::{Protagonist, run_question};
pub use duel::{Direction, RowVerdict, SideValue, Undecided};

use std::collections::BTreeSet;

use crate::format::Unit;
use crate::placement::cpus_of_cell;
use crate::record::store::Run;
use crate::study::{Group, groups};
use cast::protagonists;
use duel::judged;

/// Nobody is told to measure something more often than this.
const MOST_BLOCKS_ADVISED: usize = 100;

/// What a run says of its two protagonists.
#[derive(Debug, Clone, PartialEq)]
pub struct Scorecard {
    /// Those that are held against each other.
    pub protagonists: [Protagonist; 2],
    /// In the order in which they are shown.
    pub rows: Vec<ScorecardRow>,
    /// CPUs that a server had; absent where not all had as many, or nobody noted how many.
    pub server_cpus: Option<usize>,
}

/// One thing that people want to know of the two.
#[derive(Debug, Clone, PartialEq)]
pub struct ScorecardRow {
    /// What is asked.
    pub topic: Topic,
    /// What the values count.
    pub unit: Unit,
    /// What is better.
    pub better: Direction,
    /// Of either protagonist, the mean over the blocks that both have; absent where a block has no number.
    pub values: [Option<SideValue>; 2],
    /// How many times better the second is, less than 1 where the first is; absent where there is no such number.
    pub ratio: Option<f64>,
    /// Lower end of its 95% interval; absent where it is open, and with one block.
    pub low: Option<f64>,
    /// Upper end, likewise.
    pub high: Option<f64>,
    /// What may be said.
    pub verdict: RowVerdict,
    /// Blocks that have both.
    pub blocks: usize,
    /// In so many of them something disturbed the machine, or nobody could see whether.
    pub disturbed: usize,
    /// Who stood for a protagonist that was not measured here itself: another contender of the same model, by the options
    /// that it differs in.
    pub stand_ins: [Option<String>; 2],
    /// What helps the worse of the two, where the run has measured that.
    pub remedy: Option<Remedy>,
    /// Name of the experiment that it is from.
    pub experiment: String,
    /// Name of the metric that is compared, where it is in a picture of that experiment.
    pub metric: Option<&'static str>,
    /// Which measurements of that experiment its figures are from.
    pub source: RowSource,
}

/// Which measurements of an experiment a row's figures are from.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RowSource {
    /// Key of the workload.
    pub workload: String,
    /// At which point of it.
    pub at: MeasuredAt,
    /// Who played the two parts: their places in the run.
    pub players: [usize; 2],
}

/// At which point of a workload something was measured.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub enum MeasuredAt {
    /// With connections held, over all counts; or over the loads of a search.
    #[default]
    Everywhere,
    /// At this offered load, in requests per second.
    Load(f64),
    /// At this value of what is swept; absent where nothing is.
    Trial(Option<f64>),
}

/// What is asked. Times are in nanoseconds, loads in requests per second.
#[derive(Debug, Clone, PartialEq)]
pub enum Topic {
    /// What one more idle connection takes.
    MemoryPerConnection,
    /// CPU time of a request under the same load.
    CpuPerRequest {
        /// The load.
        load: f64,
        /// On so many connections, where they stay open.
        connections: Option<u32>,
    },
    /// How many requests are carried that wait.
    Waiting {
        /// For how long each waits.
        for_ns: u64,
        /// Whether a backend is what they wait for, and not only time that passes.
        at_backend: bool,
        /// Of so many offered; absent where a search found what is carried.
        offered: Option<f64>,
    },
    /// The median response time where there is little to do.
    FewClients {
        /// The load.
        load: f64,
        /// How long each request waits, where it does.
        waits_ns: Option<u64>,
    },
    /// The p99 at the highest load that both keep up with.
    TailUnderLoad {
        /// The load; absent where they don't both keep up with two, so that there is no highest of several.
        load: Option<f64>,
    },
    /// The p99 of what others wait while requests block.
    HeldUp {
        /// So many at a time.
        blocking: u32,
        /// For how long each blocks.
        for_ns: u64,
    },
    /// Connections held until a newcomer gets no answer.
    Held {
        /// What holds them: `idle connections`.
        what: String,
        /// In so many bytes of memory, where those are bounded.
        memory_bytes: Option<u64>,
    },
    /// Computation done per second.
    Computation {
        /// At which value of what is swept: `CPUs: 4`.
        at: String,
    },
}

/// What helps a protagonist.
#[derive(Debug, Clone, PartialEq)]
pub struct Remedy {
    /// Whom: the place among the protagonists.
    pub helps: usize,
    /// With which options: `placement=spawn-blocking`.
    pub options: String,
    /// What becomes of the value then.
    pub value: SideValue,
}

impl Topic {
    /// Tells the topics apart in anchors.
    pub fn key(&self) -> &'static str {
        match self {
            Topic::MemoryPerConnection => "memory",
            Topic::CpuPerRequest { .. } => "cpu",
            Topic::Waiting { .. } => "waiting",
            Topic::FewClients { .. } => "few-clients",
            Topic::TailUnderLoad { .. } => "limit",
            Topic::HeldUp { .. } => "blocking",
            Topic::Held { .. } => "held",
            Topic::Computation { .. } => "computation",
        }
    }
}

impl ScorecardRow {
    /// Whether the ratio may be less than it is, and whether it may be more, since a side is a bound.
    pub(crate) fn open_ends(&self) -> [bool; 2] {
        let bounds = self.values.map(|value| value.is_some_and(|value| value.at_least));
        match self.better {
            Direction::Less => [bounds[1], bounds[0]],
            Direction::More => bounds,
        }
    }
}

impl Scorecard {
    /// The scorecard of a run; absent where fewer than two contenders took part.
    pub fn of(run: &Run) -> Option<Scorecard> {
        Scorecard::of_groups(run, &groups(run))
    }

    /// As [`Scorecard::of`], from groups of the same run that are at hand already.
    pub fn of_groups(run: &Run, groups: &[Group<'_>]) -> Option<Scorecard> {
        let protagonists = protagonists(&run.manifest)?;
        let rows = judged(rows::found(groups, &run.manifest, &protagonists));
        let server_cpus = server_cpus(run, &rows);
        Some(Scorecard { protagonists, rows, server_cpus })
    }

    /// What verdicts call the two.
    pub fn shorts(&self) -> [&str; 2] {
        self.protagonists.each_ref().map(|protagonist| protagonist.short.as_str())
    }

    /// Rows that say who is better, or that the two are alike.
    pub fn decided(&self) -> usize {
        self.rows.iter().filter(|row| !matches!(row.verdict, RowVerdict::CannotTell(_))).count()
    }

    /// Blocks with which all rows would be decided for which it takes no more than a hundred; absent where there is none.
    /// `planned` says how many an experiment has, of which some may not be valid.
    pub fn blocks_to_decide(&self, planned: impl Fn(&str) -> usize) -> Option<usize> {
        let wanted = self.rows.iter().filter_map(|row| match row.verdict {
            RowVerdict::CannotTell(Undecided::TooFewBlocks { needed, .. }) => Some((row, needed)),
            RowVerdict::CannotTell(Undecided::TooClose { decided_by }) => Some((row, decided_by?)),
            _ => None,
        });
        // Those that it has and that are not valid are not valid with more of them either.
        let wanted = wanted.map(|(row, blocks)| blocks + planned(&row.experiment).saturating_sub(row.blocks));
        wanted.filter(|blocks| *blocks <= MOST_BLOCKS_ADVISED).max()
    }
}

/// CPUs that the servers had that the rows are of.
fn server_cpus(run: &Run, rows: &[ScorecardRow]) -> Option<usize> {
    let behind = run.cells.iter().filter(|cell| rows.iter().any(|row| row.experiment == cell.experiment));
    let counts: BTreeSet<usize> = behind.map(|cell| cpus_of_cell(run, cell)).collect();
    counts.first().copied().filter(|count| counts.len() == 1 && *count > 0)
}
