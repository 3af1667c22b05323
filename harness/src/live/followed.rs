//! A run that is followed while it goes on: its pictures so far, and each of its cells in the few figures that a scraper
//! wants.
//!
//! Following may cost a measurement nothing: what has to be computed is computed between two cells, seldom, shortly, and for
//! a fortieth of the run at most, and what is served is ready by then. Must not know: how runs are carried out; it is given
//! cells. Beside it: `web/mod.rs`, which serves what comes out.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use reports::page::SoFar;
use reports::record::store::Run;
use reports::record::{Cell, Manifest, Outcome, Purpose, Traffic};

use super::web::{Buckets, CellLabels, CellSummary, DrawnPieces, ServerFigures};

/// What has been drawn of which cells.
#[derive(Debug)]
pub struct Drawing {
    run: Run,
    pace: DrawingPace,
    done: BTreeMap<PagePiece, DrawnWhen>,
}

/// A picture by its anchor, or what can be said; in the order in which they are drawn where none has been.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum PagePiece {
    Picture(String),
    Sentences,
}

/// What a piece shows.
#[derive(Debug, Clone, Copy, Default)]
struct DrawnWhen {
    /// So many measured cells.
    cells: usize,
    /// In which turn it was drawn, from 1.
    turn: u32,
}

/// What drawing has taken of a run's time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DrawingCost {
    /// In all, between two cells.
    pub spent: Duration,
    /// At most, between two cells.
    pub longest: Duration,
    /// How often.
    pub turns: u32,
}

impl Drawing {
    /// Of a run with this manifest, and the cells that it has already.
    pub fn new(manifest: Manifest, cells: Vec<Cell>) -> Drawing {
        let run = Run { manifest, cells, timelines: Vec::new(), predictions: Vec::new() };
        Drawing { run, pace: DrawingPace::default(), done: BTreeMap::new() }
    }

    /// Takes in a cell that has ended; draws some of what it changes, where it is time to.
    pub fn ended(&mut self, cell: &Cell) -> Option<DrawnPieces> {
        self.run.cells.push(cell.clone());
        let is_due = self.pace.is_due(Instant::now()) && self.run.cells.iter().any(is_measured);
        is_due.then(|| {
            let drawn = self.draw(TURN);
            self.pace.took(drawn.took, Instant::now());
            drawn
        })
    }

    /// Draws everything that is not up to date: for when no more cell is measured.
    pub fn rest(&mut self) -> DrawnPieces {
        self.draw(Duration::MAX)
    }

    /// What the drawing between cells has taken.
    pub fn cost(&self) -> DrawingCost {
        self.pace.cost
    }

    /// Draws what is not up to date: one piece however long it takes, and then others until `allowed` has passed.
    fn draw(&mut self, allowed: Duration) -> DrawnPieces {
        let begun = Instant::now();
        let so_far = SoFar::of(&self.run);
        let pictures = so_far.pictures();
        let there = pieces(&pictures, &measured(&self.run));
        self.done.retain(|piece, _| there.contains_key(piece));
        let turn = self.pace.cost.turns + 1;
        let mut drawn = DrawnPieces::default();
        for piece in stale(&there, &self.done) {
            match &piece {
                PagePiece::Sentences => drawn.sentences = Some(so_far.sentences()),
                // One that has nothing to show yet is looked at again when there are more cells.
                PagePiece::Picture(anchor) => {
                    drawn.anew.extend(so_far.picture(anchor).map(|html| (anchor.clone(), html)));
                }
            }
            self.done.insert(piece.clone(), DrawnWhen { cells: there[&piece], turn });
            let has_drawn = drawn.sentences.is_some() || !drawn.anew.is_empty();
            if has_drawn && begun.elapsed() >= allowed {
                break;
            }
        }
        drawn.pictures = pictures.into_iter().map(|(anchor, _)| anchor).collect();
        drawn.took = begun.elapsed();
        drawn
    }
}

/// Probes are in no picture.
fn is_measured(cell: &Cell) -> bool {
    cell.purpose == Purpose::Measure
}

/// Measured cells of each experiment.
fn measured(run: &Run) -> BTreeMap<&str, usize> {
    let mut counts = BTreeMap::new();
    for cell in run.cells.iter().filter(|cell| is_measured(cell)) {
        *counts.entry(cell.experiment.as_str()).or_default() += 1;
    }
    counts
}

/// Every piece there is, with the number of cells that it would show.
fn pieces(pictures: &[(String, String)], measured: &BTreeMap<&str, usize>) -> BTreeMap<PagePiece, usize> {
    let cells = |experiment: &str| measured.get(experiment).copied().unwrap_or(0);
    let pictures = pictures.iter().map(|(anchor, experiment)| (PagePiece::Picture(anchor.clone()), cells(experiment)));
    pictures.chain([(PagePiece::Sentences, measured.values().sum())]).collect()
}

/// The pieces that lack a cell, in the order in which they are to be drawn.
fn stale(there: &BTreeMap<PagePiece, usize>, done: &BTreeMap<PagePiece, DrawnWhen>) -> Vec<PagePiece> {
    let last = |piece: &PagePiece| done.get(piece).copied().unwrap_or_default();
    let lacking = there.iter().filter(|(piece, cells)| last(piece).cells < **cells);
    let mut stale: Vec<PagePiece> = lacking.map(|(piece, _)| piece.clone()).collect();
    stale.sort_by_key(|piece| last(piece).turn);
    stale
}

/// The figures of a cell.
pub fn summary_of(cell: &Cell) -> CellSummary {
    // One that was taken later saw a server whose clients had gone.
    let within_load = cell.samples.iter().rev().find(|sample| sample.at_ns <= cell.load.end_ns());
    let last = within_load.or(cell.samples.last());
    let server = &cell.server;
    CellSummary {
        labels: CellLabels {
            contender: cell.contender.clone(),
            experiment: cell.experiment.clone(),
            workload: cell.workload.clone(),
        },
        outcome: if cell.outcome == Outcome::Completed { "completed" } else { "failed" },
        requests: cell.traffic.as_ref().map_or_else(Vec::new, |traffic| traffic.ledger.ends().into()),
        response_times: cell.traffic.as_ref().and_then(response_times),
        server: ServerFigures {
            resident_bytes: last.map(|sample| sample.resident_bytes),
            threads: last.map(|sample| sample.threads),
            user_cpu: server.user_cpu_ns.map(Duration::from_nanos),
            system_cpu: server.system_cpu_ns.map(Duration::from_nanos),
            voluntary_switches: server.voluntary_switches,
            involuntary_switches: server.involuntary_switches,
        },
    }
}

fn response_times(traffic: &Traffic) -> Option<Buckets> {
    let record = traffic.response_time.as_ref()?;
    let histogram = record.to_histogram().expect("this process made it from a histogram");
    Some(Buckets::of(&histogram, record.sum_ns))
}

/// Time between two turns at the least.
const INTERVAL: Duration = Duration::from_secs(2);

/// A turn begins no further picture after this.
const TURN: Duration = Duration::from_millis(50);

/// A turn is followed by this many times as long without one. Every turn has to gather the cells and draws a picture at
/// least, which takes longer the more cells there are; so the run is never longer by more than this share.
const REST: u32 = 40;

/// The turns taken so far.
#[derive(Debug, Default)]
struct DrawingPace {
    next: Option<Instant>,
    cost: DrawingCost,
}

impl DrawingPace {
    /// Whether a turn may begin.
    fn is_due(&self, now: Instant) -> bool {
        self.next.is_none_or(|next| now >= next)
    }

    /// Notes a turn that has just ended.
    fn took(&mut self, time: Duration, now: Instant) {
        self.next = Some(now + INTERVAL.max(time * REST));
        let DrawingCost { spent, longest, turns } = self.cost;
        self.cost = DrawingCost { spent: spent + time, longest: longest.max(time), turns: turns + 1 };
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use reports::record::Sample;
    use reports::record::store::RunFolder;

    use super::*;

    fn picture(anchor: &str) -> PagePiece {
        PagePiece::Picture(anchor.to_owned())
    }

    fn sample() -> Run {
        let sample = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../reports/samples/smoke"));
        RunFolder::open(sample).unwrap().read().unwrap()
    }

    #[test]
    fn a_server_is_shown_as_it_was_under_load() {
        let mut cell = sample().cells.into_iter().find(|cell| cell.load.end_ns() > 0).unwrap();
        let under_load = *cell.samples.last().unwrap();
        let (within, after) = (cell.load.end_ns(), cell.load.end_ns() + 1);
        let at = |at_ns, threads| Sample { at_ns, threads, ..under_load };
        cell.samples = vec![at(within, 9), at(after, 1)];
        assert_eq!(summary_of(&cell).server.threads, Some(9));
        cell.samples = vec![at(after, 1)];
        assert_eq!(summary_of(&cell).server.threads, Some(1), "rather than nothing");
    }

    #[test]
    fn what_was_drawn_longest_ago_comes_first_and_what_lacks_nothing_not_at_all() {
        let pictures = [("a", "x"), ("b", "x"), ("c", "y"), ("d", "z")];
        let pictures = pictures.map(|(anchor, experiment)| (anchor.to_owned(), experiment.to_owned()));
        let there = pieces(&pictures, &BTreeMap::from([("x", 5), ("y", 9)]));
        assert_eq!(stale(&there, &BTreeMap::new()).len(), 4, "d has no cell, and there are sentences");
        let done = [("a", 5, 3), ("b", 2, 2), ("c", 1, 1)];
        let done = done.map(|(anchor, cells, turn)| (picture(anchor), DrawnWhen { cells, turn }));
        let sentences = (PagePiece::Sentences, DrawnWhen { cells: 13, turn: 4 });
        let done = done.into_iter().chain([sentences]).collect();
        assert_eq!(stale(&there, &done), [picture("c"), picture("b"), PagePiece::Sentences]);
    }

    #[test]
    fn a_turn_draws_one_piece_however_long_it_takes_and_pictures_first() {
        let Run { manifest, cells, .. } = sample();
        let mut drawing = Drawing::new(manifest, cells);
        let all = pieces(&SoFar::of(&drawing.run).pictures(), &measured(&drawing.run));
        let mut anchors = Vec::new();
        let sentences = loop {
            let drawn = drawing.draw(Duration::ZERO);
            assert_eq!(drawn.anew.len() + usize::from(drawn.sentences.is_some()), 1);
            anchors.extend(drawn.anew.into_iter().map(|(anchor, _)| anchor));
            if drawn.sentences.is_some() {
                break drawn.sentences;
            }
        };
        assert!(sentences.is_some_and(|html| !html.is_empty()));
        assert!(anchors.len() > 1 && anchors.len() < all.len(), "{anchors:?} of {all:?}");
        let rest = drawing.rest();
        assert!(rest.anew.is_empty() && rest.sentences.is_none(), "everything is up to date");
    }

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn turns_are_seldom() {
        let mut pace = DrawingPace::default();
        let begun = Instant::now();
        assert!(pace.is_due(begun), "the first may come at once");
        pace.took(30 * MS, begun + 30 * MS);
        assert!(!pace.is_due(begun + 2_029 * MS) && pace.is_due(begun + 2_030 * MS));
    }

    #[test]
    fn a_slow_picture_gets_a_small_share_of_the_time() {
        let mut pace = DrawingPace::default();
        let (mut now, begun) = (Instant::now(), Instant::now());
        for _ in 0..5 {
            now += 400 * MS;
            pace.took(400 * MS, now);
            assert!(!pace.is_due(now + 15_999 * MS) && pace.is_due(now + 16_000 * MS));
            now += 16_000 * MS;
        }
        assert!(pace.cost.spent * REST <= now - begun);
        assert_eq!((pace.cost.turns, pace.cost.longest), (5, 400 * MS));
    }
}
