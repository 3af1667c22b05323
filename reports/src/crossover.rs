//! Which of two contenders serves more, for every workload and number of connections that a run has tried: a grid of
//! paired ratios, each with what may be said of it.
//!
//! Must not know: how a grid is drawn. Beside it: `crossover/square.rs`, one square by itself; `verdict/mod.rs`, which judges
//! a ratio; `charts/crossover.rs`.

mod square;

use itertools::Itertools;

use crate::format;
use crate::metrics::{Metric, metric};
use crate::record::{ContenderRecord, ExperimentRecord, Picture, PictureKind};
use crate::study::{Group, ascending};
use crate::verdict::{Floor, judge_each};
use crate::words::{DisplayedName, Title};

pub use square::{ServedRate, Square, SquareFinding, served};

/// Pairs that a square's verdict takes. Fewer than a latency takes, since a server that is busy all the time serves steadily:
/// six is the least at which all pairs pointing one way is rarer than one in twenty by chance, whatever their distribution.
pub const PAIRS_FOR_WINNER: usize = 6;

/// A grid over connections and workloads.
#[derive(Debug)]
pub struct Grid<'a> {
    /// The two, in the order of the run.
    pub contenders: [&'a ContenderRecord; 2],
    /// What they are compared by: the more, the better.
    pub metric: &'static Metric,
    /// Labels of the workloads.
    pub workloads: Vec<&'a str>,
    /// Numbers of connections, ascending.
    pub connections: Vec<f64>,
    /// A row for each number of connections, in it a square for each workload.
    pub rows: Vec<Vec<Square>>,
}

impl<'a> Grid<'a> {
    /// The grid that a picture of an experiment declares; absent where the picture is no grid, where the experiment has
    /// fewer than two contenders, and where nothing was measured.
    pub fn of(experiment: &ExperimentRecord, picture: &Picture, groups: &'a [Group<'a>]) -> Option<Grid<'a>> {
        if picture.kind != PictureKind::Crossover {
            return None;
        }
        let metric = metric(picture.metrics.first()?)?;
        let groups: Vec<&Group<'a>> = groups.iter().filter(|group| group.experiment.name == experiment.name).collect();
        let contenders = contenders(&groups)?;
        let trials = groups.iter().flat_map(|group| group.trials());
        let connections = ascending(trials.filter_map(|(_, trial)| trial.variation));
        let square = |group: &Group<'a>, connections: f64| {
            let trial = |contender: &ContenderRecord| group.series_of(&contender.label)?.trial(Some(connections));
            let [a, b] = contenders.map(trial);
            Square::of(metric, a, b)
        };
        let row = |connections: &f64| groups.iter().map(|group| square(group, *connections)).collect();
        let mut rows: Vec<Vec<Square>> = connections.iter().map(row).collect();
        judge_together(&mut rows);
        Some(Grid {
            contenders,
            metric,
            workloads: groups.iter().map(|group| group.workload.label.as_str()).collect(),
            rows,
            connections,
        })
    }

    /// All squares, each with its connections and the label of its workload.
    pub fn squares(&self) -> impl Iterator<Item = (f64, &'a str, &Square)> {
        self.connections.iter().zip(&self.rows).flat_map(move |(connections, row)| {
            self.workloads.iter().zip(row).map(move |(workload, square)| (*connections, *workload, square))
        })
    }

    /// What the grid says, in a sentence without its stop.
    pub fn sentence(&self) -> String {
        self.title().sentence()
    }

    /// What readers call the two.
    pub fn names(&self) -> [String; 2] {
        self.contenders.map(ContenderRecord::name)
    }

    pub(crate) fn title(&self) -> Title {
        let count =
            |finding: SquareFinding| self.squares().filter(|(_, _, square)| square.finding() == finding).count();
        let [first, second] = [SquareFinding::First, SquareFinding::Second].map(count);
        let all = self.squares().count();
        let [a, b] = self.contenders.map(DisplayedName::of);
        let (more, less, wins, losses) = if first > second { (a, b, first, second) } else { (b, a, second, first) };
        let reasons = [
            (SquareFinding::TooFewBlocks, "for want of pairs"),
            (SquareFinding::GeneratorsLimit, "at the generator's limit"),
        ];
        let reasons = reasons.map(|(finding, why)| (count(finding), why)).into_iter().filter(|(count, _)| *count > 0);
        let reasons: Vec<String> = reasons.map(|(count, why)| format!("{count} of them {why}")).collect();
        let open = all - wins - losses - count(SquareFinding::Alike);
        let open = match (open, reasons.as_slice()) {
            (0, _) => String::new(),
            (open, []) => format!("{open} undecided"),
            (open, reasons) => format!("{open} undecided, {}", format::list(reasons)),
        };
        if wins == 0 {
            let alike = count(SquareFinding::Alike);
            let title = if alike == all {
                Title::of(format!("{} and {less} serve alike in all {all} squares", more.first()))
            } else {
                Title::of(format!("Cannot tell {less} and {more} apart in {} of {all} squares", all - alike))
            };
            return title.and(open);
        }
        let counter = if losses > 0 { format!(", {less} in {losses}") } else { String::new() };
        let said = format!("{} served more in {wins} of {all} squares{counter}", more.first());
        Title::of(said).and(self.greatest().unwrap_or_default()).and(open)
    }

    /// Where the difference is greatest, of those that a verdict carries.
    fn greatest(&self) -> Option<String> {
        let decided = self.squares().filter(|(_, _, square)| square.winner().is_some());
        let (connections, workload, square) = decided.max_by(|a, b| a.2.factor().total_cmp(&b.2.factor()))?;
        let winner = self.contenders[square.winner()?].name();
        let times = format::ratio(square.factor());
        let connections = format::counted(connections as u64, "connection");
        let bound = if square.at_least.is_some() { "at least " } else { "" };
        Some(format!("most at {connections}, {workload}: {winner}, {bound}{times} times"))
    }
}

/// Squares are looked at together, so each has to be the clearer the more there are. No contender is run twice for a map:
/// its squares are measured again and again instead, until the time is over.
fn judge_together(rows: &mut [Vec<Square>]) {
    let squares = rows.iter().flatten();
    let ratios = squares.map(|square| Some((square.ratio?, Floor::default(), PAIRS_FOR_WINNER))).collect_vec();
    for (square, judged) in rows.iter_mut().flatten().zip(judge_each(&ratios)) {
        square.verdict = judged.map(|judged| judged.verdict);
    }
}

/// The two that have a series, in the order of the run.
fn contenders<'a>(groups: &[&Group<'a>]) -> Option<[&'a ContenderRecord; 2]> {
    let series = groups.iter().flat_map(|group| &group.series);
    let in_order = series.map(|series| (series.index, series.contender)).sorted_by_key(|(index, _)| *index);
    let (a, b) = in_order.dedup_by(|(a, _), (b, _)| a == b).map(|(_, contender)| contender).next_tuple()?;
    Some([a, b])
}
