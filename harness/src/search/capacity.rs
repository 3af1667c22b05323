//! The highest load that each contender carries under an objective: a search per contender and block, all searches of a
//! block side by side, so that a drifting machine drifts for all.
//!
//! Must not know: clocks, how a cell is run, what is concluded over blocks (`reports::objective`). Beside it: `ladder.rs`,
//! one search.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::time::Duration;

use instruments::load::{ArrivalProcess, LoadSpec, Shape, Work};
use rand::SeedableRng;
use rand::rngs::ChaCha8Rng;
use rand::seq::SliceRandom;
use reports::objective::{Kept, kept};
use reports::record::{Cell, Objective, Picture, PictureKind, Swept};
use reports::stats::samples_needed;

use super::Steering;
use super::forecast::Forecast;
use super::ladder::{Ladder, RungRange, RungResult, STEP, load_rps, rung_at};
use crate::experiments::declare::{over_log, picture};
use crate::plan::{Experiment, ONE_MACHINE, Pictures, Recipe, Story, Task, TaskKind, Turn, Workload};

/// Requests of one session, as in the experiments of `compare`.
const REQUESTS: u32 = 10;

/// The most sessions under way at once.
pub const CONCURRENT: u32 = 8_000;

const WARM_UP: Duration = Duration::from_millis(150);

/// A window, unless the percentile takes more requests than come in it ...
const WINDOW: Duration = Duration::from_millis(650);

/// ... and the longest there is.
const LONGEST_WINDOW: Duration = Duration::from_secs(4);

/// Requests planned over those that the percentile takes: sessions come at random, and some windows hold fewer.
const SPARE: f64 = 1.6;

/// Where the first search begins.
const START_RPS: f64 = 500.0;

/// Where the ladder ends; no server of this kind gets there on one machine.
const MOST_RPS: f64 = 1e6;

/// The first search strides by factors of about two, those of later blocks by a fifth: they begin near what was found.
const FIRST_STRIDE: i32 = 16;
const LATER_STRIDE: i32 = 4;

/// How often a load is tried at which nothing valid is measured.
const TRIES: u32 = 3;

/// An objective with the step of this search.
pub fn objective(percentile: f64, below: Duration) -> Objective {
    let lowest_rps = Some(load_rps(lowest_rung(percentile)));
    Objective { percentile, below_ns: instruments::clock::nanoseconds(below), step: STEP, lowest_rps }
}

/// In the longest window a lower load would have too few requests for the percentile.
fn lowest_rung(percentile: f64) -> i32 {
    rung_at(requests_needed(percentile) / LONGEST_WINDOW.as_secs_f64())
}

fn requests_needed(percentile: f64) -> f64 {
    samples_needed(percentile) as f64 * SPARE
}

/// What is asked of a search.
#[derive(Debug, Clone, Copy)]
pub struct CapacityGoal {
    /// The promise.
    pub objective: Objective,
    /// Searches of each contender.
    pub blocks: u32,
    /// The order of the searches follows from this.
    pub seed: u64,
    /// The most sessions at once.
    pub concurrent: u32,
}

/// Steers the searches.
#[derive(Debug)]
pub struct Capacity {
    /// Key of the workload.
    workload: Cow<'static, str>,
    work: Work,
    asked: CapacityGoal,
    reach: RungRange,
    block: u32,
    round: u32,
    ladders: Vec<Ladder>,
    /// Contenders that have yet to try a load in this round.
    waiting: VecDeque<usize>,
    /// The contender and the rung under way, and how often it was tried before.
    trying: Option<(usize, i32, u32)>,
}

impl Capacity {
    /// A search for each of so many contenders.
    pub fn new(experiment: &Experiment, contenders: usize, asked: CapacityGoal) -> Capacity {
        let reach = RungRange { lowest: lowest_rung(asked.objective.percentile), highest: rung_at(MOST_RPS) };
        let first = Ladder::new(reach, rung_at(START_RPS), FIRST_STRIDE);
        let workload = &experiment.workloads[0];
        Capacity {
            workload: workload.key.clone(),
            work: workload.work(),
            asked,
            reach,
            block: 0,
            round: 0,
            ladders: vec![first; contenders],
            waiting: VecDeque::new(),
            trying: None,
        }
    }

    /// About how long all of it takes, if capacities are as those of small servers usually are: ten loads in the first
    /// block, five in each further one.
    pub fn usual_time(&self) -> Duration {
        let loads = (10 + 5 * (self.asked.blocks - 1)) * self.ladders.len() as u32;
        Forecast::of(&self.task(rung_at(START_RPS * 4.0), 0).kind).time() * loads
    }

    /// Blocks in which every search came to its end.
    pub fn whole_blocks(&self) -> u32 {
        self.block
    }

    fn task(&self, rung: i32, tries: u32) -> Task {
        let rate_rps = load_rps(rung);
        let needed = requests_needed(self.asked.objective.percentile);
        let below = Duration::from_nanos(self.asked.objective.below_ns);
        let again = if tries > 0 { format!("-again-{tries}") } else { String::new() };
        let concurrent = self.asked.concurrent;
        let shape = Shape::Sessions { requests: REQUESTS, think_time: Duration::ZERO, concurrent };
        let load = LoadSpec {
            warm_up: WARM_UP,
            window: Duration::from_secs_f64(needed / rate_rps).clamp(WINDOW, LONGEST_WINDOW),
            // A request that breaks the promise by this much need not be waited for any longer.
            timeout: (4 * below).clamp(Duration::from_secs(1), Duration::from_secs(60)),
            ..LoadSpec::new(ArrivalProcess::Poisson { rate_rps }, shape, self.work.clone())
        };
        Task::new(self.workload.clone(), format!("{rate_rps}rps{again}"), TaskKind::Load(load))
    }

    /// The next contender's next load; nothing where all blocks have ended.
    fn choose(&mut self) -> Option<(usize, i32, u32)> {
        loop {
            if let Some(contender) = self.waiting.pop_front() {
                if let Some(rung) = self.ladders[contender].next() {
                    return Some((contender, rung, 0));
                }
                continue;
            }
            let mut open: Vec<usize> =
                (0..self.ladders.len()).filter(|contender| self.ladders[*contender].next().is_some()).collect();
            if open.is_empty() {
                self.block += 1;
                if self.block >= self.asked.blocks {
                    return None;
                }
                self.begin_block();
                continue;
            }
            self.round += 1;
            open.shuffle(&mut ChaCha8Rng::seed_from_u64(self.asked.seed ^ u64::from(self.round)));
            self.waiting = open.into();
        }
    }

    /// Each search begins below what the contender's last one found, and has to find it again.
    fn begin_block(&mut self) {
        let reach = self.reach;
        let from = |ladder: &Ladder| ladder.carried().map_or(reach.lowest, |carried| carried - LATER_STRIDE);
        self.ladders = self.ladders.iter().map(|ladder| Ladder::new(reach, from(ladder), LATER_STRIDE)).collect();
    }
}

impl Steering for Capacity {
    fn next(&mut self, left: Duration) -> Option<Turn> {
        let (contender, rung, tries) = match self.trying {
            Some(again) => again,
            None => self.choose()?,
        };
        let task = self.task(rung, tries);
        if Forecast::of(&task.kind).time() > left {
            return None;
        }
        self.trying = Some((contender, rung, tries));
        Some(Turn { experiment: 0, contender, block: self.block, task })
    }

    fn found(&mut self, cell: &Cell) {
        let Some((contender, rung, tries)) = self.trying.take() else { return };
        let answer = match kept(&self.asked.objective, cell) {
            Kept::Yes => RungResult::Carried,
            Kept::No => RungResult::Missed,
            Kept::CannotTell if tries + 1 < TRIES => {
                self.trying = Some((contender, rung, tries + 1));
                return;
            }
            Kept::CannotTell => RungResult::CannotTell,
        };
        self.ladders[contender].answered(rung, answer);
    }
}

/// What the experiment is called.
pub const NAME: &str = "capacity";

/// What a client does.
pub const DESCRIPTION: &str = "Sessions arrive at random, each connects, asks ten times one after another, and closes.";

/// The experiment for a kind of work and a promise; `pictures` are those of the percentile that was promised.
pub fn experiment(workload: Workload, objective: Objective, pictures: Pictures) -> Experiment {
    Experiment {
        name: NAME,
        story: Story {
            title: "Capacity under an objective",
            claim: "Async carries more load than threads.",
            claimed_in: "most answers to \"tokio or OS threads?\"",
            question: "How many requests per second does a server carry before its response time breaks the limit?",
            finds_out: "how much load does it carry within the limit?",
            possible_answers: &[
                "Many times as many with async.",
                "About as many, until the work leaves the CPU idle and connections are many.",
            ],
            look_at: "How far right each line goes before it crosses the limit. The loads differ between servers, because \
                      each search goes its own way.",
            conditions: &[
                "Another objective has another answer: a looser one is bounded by capacity, a tighter one by stalls.",
                ONE_MACHINE,
            ],
            pictures,
        },
        workloads: vec![workload].into(),
        recipe: Recipe { objective: Some(objective), ..Recipe::PLAIN },
    }
}

/// The pictures of a search: the percentile that was promised, and what a request costs.
pub fn pictures(metric: &str) -> Vec<Picture> {
    let curve = |id, metric| over_log(picture(id, PictureKind::Curve, &[metric], Swept::OfferedLoadRps));
    vec![curve("response-time", metric), curve("cpu", "cpu_per_request")]
}

#[cfg(test)]
mod tests;
