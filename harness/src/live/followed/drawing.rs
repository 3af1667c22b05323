//! The pictures of a run that goes on, drawn from the cells so far, some at a time.
//!
//! A picture is drawn anew when its experiment has a new cell, and the sentences when any has; what was drawn longest ago
//! comes first. Must not know: who looks. Beside it: `pace.rs` says when there is time.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use reports::page::SoFar;
use reports::record::store::Run;
use reports::record::{Cell, Manifest, Purpose};

use super::pace::Pace;
use crate::live::web::Drawn;

/// What has been drawn of which cells.
#[derive(Debug)]
pub struct Drawing {
    run: Run,
    pace: Pace,
    done: BTreeMap<Piece, Done>,
}

/// A picture by its anchor, or what can be said.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Piece {
    Sentences,
    Picture(String),
}

/// What a piece shows.
#[derive(Debug, Clone, Copy, Default)]
struct Done {
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

/// How much is drawn in a turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Patience {
    /// As much as the pace allows.
    Short,
    /// Everything that is not up to date.
    Endless,
}

impl Drawing {
    /// Of a run with this manifest, and the cells that it has already.
    pub fn new(manifest: Manifest, cells: Vec<Cell>) -> Drawing {
        let run = Run { manifest, cells, timelines: Vec::new() };
        Drawing { run, pace: Pace::default(), done: BTreeMap::new() }
    }

    /// Takes in a cell that has ended; draws some of what it changes, where it is time to.
    pub fn ended(&mut self, cell: &Cell) -> Option<Drawn> {
        self.run.cells.push(cell.clone());
        self.pace.is_due(Instant::now()).then(|| self.draw(Patience::Short))
    }

    /// Draws everything that is not up to date: for when no more cell is measured.
    pub fn rest(&mut self) -> Drawn {
        self.draw(Patience::Endless)
    }

    /// What the drawing between cells has taken.
    pub fn cost(&self) -> DrawingCost {
        DrawingCost { spent: self.pace.spent(), longest: self.pace.longest(), turns: self.pace.turns() }
    }

    fn draw(&mut self, patience: Patience) -> Drawn {
        let begun = Instant::now();
        let so_far = SoFar::of(&self.run);
        let pictures = so_far.pictures();
        let there = pieces(&pictures, &measured(&self.run));
        self.done.retain(|piece, _| there.contains_key(piece));
        let turn = self.pace.turns() + 1;
        let mut drawn = Drawn::default();
        for piece in stale(&there, &self.done) {
            if patience == Patience::Short && !Pace::goes_on(begun, Instant::now()) {
                break;
            }
            match &piece {
                Piece::Sentences => drawn.sentences = Some(so_far.sentences()),
                // One that has nothing to show yet is looked at again when there are more cells.
                Piece::Picture(anchor) => {
                    drawn.anew.extend(so_far.picture(anchor).map(|html| (anchor.clone(), html)));
                }
            }
            self.done.insert(piece.clone(), Done { cells: there[&piece], turn });
        }
        drawn.pictures = pictures.into_iter().map(|(anchor, _)| anchor).collect();
        drawn.took = begun.elapsed();
        if patience == Patience::Short {
            self.pace.took(begun, Instant::now());
        }
        drawn
    }
}

/// Measured cells of each experiment. Probes are in no picture.
fn measured(run: &Run) -> BTreeMap<&str, usize> {
    let mut counts = BTreeMap::new();
    for cell in run.cells.iter().filter(|cell| cell.purpose == Purpose::Measure) {
        *counts.entry(cell.experiment.as_str()).or_default() += 1;
    }
    counts
}

/// Every piece there is, with the number of cells that it would show.
fn pieces(pictures: &[(String, String)], measured: &BTreeMap<&str, usize>) -> BTreeMap<Piece, usize> {
    let cells = |experiment: &str| measured.get(experiment).copied().unwrap_or(0);
    let pictures = pictures.iter().map(|(anchor, experiment)| (Piece::Picture(anchor.clone()), cells(experiment)));
    pictures.chain([(Piece::Sentences, measured.values().sum())]).collect()
}

/// The pieces that lack a cell, in the order in which they are to be drawn.
fn stale(there: &BTreeMap<Piece, usize>, done: &BTreeMap<Piece, Done>) -> Vec<Piece> {
    let last = |piece: &Piece| done.get(piece).copied().unwrap_or_default();
    let lacking = there.iter().filter(|(piece, cells)| last(piece).cells < **cells);
    let mut stale: Vec<Piece> = lacking.map(|(piece, _)| piece.clone()).collect();
    stale.sort_by_key(|piece| last(piece).turn);
    stale
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picture(anchor: &str) -> Piece {
        Piece::Picture(anchor.to_owned())
    }

    #[test]
    fn what_was_drawn_longest_ago_comes_first_and_what_lacks_nothing_not_at_all() {
        let pictures = [("a", "x"), ("b", "x"), ("c", "y"), ("d", "z")];
        let pictures = pictures.map(|(anchor, experiment)| (anchor.to_owned(), experiment.to_owned()));
        let there = pieces(&pictures, &BTreeMap::from([("x", 5), ("y", 9)]));
        assert_eq!(stale(&there, &BTreeMap::new()).len(), 4, "d has no cell, and there are sentences");
        let done = [("a", 5, 3), ("b", 2, 2), ("c", 1, 1)];
        let done = done.map(|(anchor, cells, turn)| (picture(anchor), Done { cells, turn }));
        let sentences = (Piece::Sentences, Done { cells: 13, turn: 4 });
        let done = done.into_iter().chain([sentences]).collect();
        assert_eq!(stale(&there, &done), [picture("c"), picture("b"), Piece::Sentences]);
    }
}
