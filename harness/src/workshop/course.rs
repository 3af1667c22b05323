//! A lesson as a run: its experiment, and its cells block by block, in an order of their own in each.
//!
//! A lesson's run is steered, as a map is: it is told how much time is left, and begins nothing that would take longer. Must
//! not know: how a cell is run. Beside it: `lesson.rs`, `../search/mod.rs`.

use std::collections::VecDeque;
use std::time::Duration;

use reports::record::Cell;

use super::lesson::{Lesson, LessonSetup};
use crate::plan::{Experiment, Recipe, Sizes, Task, Turn, block_order};
use crate::search::Steering;

/// The longest that a run of a lesson may take: nobody waits for more than a minute.
pub const LONGEST_RUN: Duration = Duration::from_secs(60);

/// Besides its task, a cell takes about this to start and to stop its server.
const CELL_OVERHEAD: Duration = Duration::from_millis(300);

/// The experiment that a lesson's run has.
pub fn experiment(lesson: &Lesson, setup: &LessonSetup) -> Experiment {
    let workloads = setup.workloads.clone().into();
    Experiment { name: lesson.name, story: lesson.story, workloads, recipe: Recipe::PLAIN }
}

/// How much of everything: of a preset's sizes, only how often a cell may be run again is looked at.
pub fn sizes(usual: Sizes, setup: &LessonSetup) -> Sizes {
    let cells = setup.blocks * (setup.contenders.len() * setup.tasks.len()) as u32;
    Sizes { retries: cells / 2, ..usual.with_blocks(setup.blocks) }
}

/// Chooses the cells of a lesson.
#[derive(Debug)]
pub struct LessonCells {
    waiting: VecDeque<Turn>,
}

impl LessonCells {
    /// Of a lesson as it is set. Contenders are told apart by their places in the setup. A task is run `as_allowed` on this
    /// machine, and not at all where there is no place for it.
    pub fn new(setup: &LessonSetup, seed: u64, as_allowed: impl Fn(&Task) -> Option<Task>) -> LessonCells {
        let tasks: Vec<Task> = setup.tasks.iter().filter_map(as_allowed).collect();
        let block = |block: u32| {
            let of_contender = |contender: usize| {
                tasks.iter().cloned().map(move |task| Turn { experiment: 0, contender, block, task })
            };
            block_order((0..setup.contenders.len()).flat_map(of_contender).collect(), seed, block)
        };
        LessonCells { waiting: (0..setup.blocks).flat_map(block).collect() }
    }

    /// About how long a cell takes, on average.
    pub fn time_of_a_cell(&self) -> Duration {
        let all: Duration = self.waiting.iter().map(|turn| turn.task.kind.usual_duration() + CELL_OVERHEAD).sum();
        all.checked_div(self.waiting.len() as u32).unwrap_or(Duration::ZERO)
    }

    /// Cells that are still to be run.
    pub fn len(&self) -> usize {
        self.waiting.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }
}

impl Steering for LessonCells {
    fn next(&mut self, left: Duration) -> Option<Turn> {
        let next = self.waiting.front()?;
        (next.task.kind.usual_duration() + CELL_OVERHEAD < left).then(|| self.waiting.pop_front()).flatten()
    }

    fn found(&mut self, _: &Cell) {}
}
