//! The crossover map: two contenders over connections and work, measured in pairs, the most telling square next.
//!
//! Measured in closed loop: one figure then serves few and many connections, and no offered load has to be chosen that suits
//! every square and both contenders. CPU time per request at an equal load would be inflated by waiting wherever the load is
//! far from the most that a server can do. Where the generator's CPU is used up the figure is a lower bound, which can show
//! that its contender has more and nothing else. No pair is left out for it: the fastest would be.
//!
//! Must not know: clocks, how a cell is run, what is made of the cells afterwards (`reports::crossover`). Beside it:
//! `refinement.rs` decides which square is next, `forecast.rs` whether there is time for it.

use std::collections::VecDeque;
use std::time::Duration;

use instruments::load::{ArrivalProcess, LoadSpec, Shape};
use rand::SeedableRng;
use rand::rngs::ChaCha8Rng;
use rand::seq::SliceRandom;
use reports::crossover::{PAIRS_FOR_WINNER, ServedRate, served};
use reports::metrics::metric;
use reports::record::{Cell, Picture, PictureKind, Swept};
use reports::study::Pool;

use super::Steering;
use super::forecast::Forecast;
use super::refinement::{COARSE, SquareSoFar, Squares};
use crate::experiments::declare::{over_log, picture};
use crate::plan::{Experiment, ONE_MACHINE, Recipe, Story, Task, TaskKind, Turn, Workload, arrival_seed, block_order};

/// What the experiment is called.
pub const NAME: &str = "map";

/// What decides who serves more.
const METRIC: &str = "achieved_rps";

/// Sent and not counted: at the least this ...
const WARM_UP: Duration = Duration::from_millis(100);

/// ... and this for each connection, since thousands that all begin at once take a while to settle.
const WARM_UP_PER_CONNECTION: Duration = Duration::from_micros(100);

/// Short, so that there are many pairs: what differs from server to server outweighs what differs within one.
const WINDOW: Duration = Duration::from_millis(250);

/// Work that takes a millisecond makes thousands of connections wait for longer than the window; waiting for the last of
/// them would be for nothing.
const TIMEOUT: Duration = Duration::from_secs(1);

/// What a workload of the map does.
pub const DESCRIPTION: &str =
    "Connections are opened before the load and stay. Each asks again as soon as it is answered.";

/// The experiment for these workloads.
pub fn experiment(workloads: Vec<Workload>) -> Experiment {
    Experiment {
        name: NAME,
        story: Story {
            title: "The crossover map",
            claim: "Threads are for few connections, async is for many.",
            claimed_in: "most advice on choosing between the two",
            question: "From how many connections on, and for what work, does one of the two serve more than the other?",
            finds_out: "who serves more, with so many connections?",
            possible_answers: &[
                "Async serves more everywhere.",
                "Threads serve more up to some hundreds of connections, async beyond.",
                "They serve equally many wherever the work costs more than being served.",
            ],
            look_at: "The border between the colours, and how large the numbers are on either side of it. Grey is an \
                      answer: there the choice does not matter for throughput, or this run can't tell.",
            conditions: &[
                "Every connection is busy all the time. Connections that mostly idle cost memory, which is another question.",
                "With the server on few CPUs, a runtime with several workers has nothing to gain from them.",
                ONE_MACHINE,
            ],
            pictures,
        },
        workloads: workloads.into(),
        recipe: Recipe::PLAIN,
    }
}

fn pictures() -> Vec<Picture> {
    let over_connections = |id, kind, metrics: &[&str]| over_log(picture(id, kind, metrics, Swept::Connections));
    vec![
        over_connections("grid", PictureKind::Crossover, &[METRIC]),
        over_connections("curve", PictureKind::Curve, &[METRIC, "cpu_per_request"]),
    ]
}

/// What is measured of a workload with so many connections.
pub fn task(workload: &Workload, connections: u32) -> Task {
    // In closed loop one figure says what clients get, with few connections as with many, and no rate has to be chosen that
    // would suit both contenders and every square.
    let closed = LoadSpec::new(ArrivalProcess::Closed, Shape::Connections { connections }, workload.work());
    let warm_up = WARM_UP + WARM_UP_PER_CONNECTION * connections;
    let load = LoadSpec { warm_up, window: WINDOW, timeout: TIMEOUT, ..closed };
    workload.task(format!("{connections}-connections"), TaskKind::Load(load)).varied(f64::from(connections))
}

/// Steers the run of a map.
#[derive(Debug)]
pub struct Map {
    tasks: Vec<Task>,
    forecasts: Vec<Forecast>,
    squares: Squares,
    seed: u64,
    /// The rest of the pair under way.
    pending: VecDeque<Turn>,
    /// Where that pair belongs.
    at: usize,
    /// The values of that pair, as far as they are known.
    values: [Option<ServedRate>; 2],
}

impl Map {
    /// A map over connections, ascending, and the experiment's workloads.
    pub fn new(experiment: &Experiment, connections: &[u32], seed: u64) -> Map {
        let row = |connections: &u32| {
            let connections = *connections;
            experiment.workloads.iter().map(move |workload| task(workload, connections))
        };
        let tasks: Vec<Task> = connections.iter().flat_map(row).collect();
        Map {
            forecasts: tasks.iter().map(|task| Forecast::of(&task.kind)).collect(),
            squares: Squares {
                known: vec![SquareSoFar::default(); tasks.len()],
                columns: experiment.workloads.len().max(1),
                enough: PAIRS_FOR_WINNER as u32,
            },
            tasks,
            seed,
            pending: VecDeque::new(),
            at: 0,
            values: [None; 2],
        }
    }

    /// About how long it takes to measure every square once.
    pub fn time_of_a_block(&self) -> Duration {
        self.forecasts.iter().map(|forecast| 2 * forecast.time()).sum()
    }

    /// About how long it takes until every square has been seen coarsely.
    pub fn time_of_the_coarse_map(&self) -> Duration {
        self.time_of_a_block() * COARSE
    }

    /// The most connections at once.
    pub fn peak_connections(&self) -> u32 {
        self.tasks.iter().map(|task| task.kind.peak_connections()).max().unwrap_or(0)
    }

    /// Squares of the map.
    pub fn len(&self) -> usize {
        self.tasks.len()
    }

    /// Whether there is nothing to measure.
    pub fn is_empty(&self) -> bool {
        self.tasks.is_empty()
    }

    /// Begins a pair in the most urgent square that there is time for.
    fn begin_pair(&mut self, left: Duration) -> Option<()> {
        let round: u32 = self.squares.known.iter().map(|known| known.tried).sum();
        let mut places: Vec<usize> = (0..self.tasks.len()).collect();
        places.shuffle(&mut ChaCha8Rng::seed_from_u64(self.seed ^ u64::from(round)));
        let in_time = |place: &usize| 2 * self.forecasts[*place].time() <= left;
        self.at = self.squares.urgent(&places).into_iter().find(in_time)?;
        let (block, task) = (self.squares.known[self.at].tried, &self.tasks[self.at]);
        let turn = |contender| Turn { experiment: 0, contender, block, task: task.clone() };
        let seed = arrival_seed(self.seed, NAME, &task.workload, &task.point, block);
        self.pending = block_order(vec![turn(0), turn(1)], seed, block).into();
        self.values = [None; 2];
        self.squares.known[self.at].tried += 1;
        Some(())
    }
}

impl Steering for Map {
    fn next(&mut self, left: Duration) -> Option<Turn> {
        if self.pending.is_empty() {
            self.begin_pair(left)?;
        }
        self.pending.front().cloned()
    }

    fn found(&mut self, cell: &Cell) {
        let Some(turn) = self.pending.pop_front() else { return };
        self.forecasts[self.at].seen(Duration::from_nanos(cell.elapsed_ns));
        self.values[turn.contender] = value(cell);
        if let ([Some(a), Some(b)], true) = (self.values, self.pending.is_empty())
            && !matches!((a, b), (ServedRate::AtLeast(_), ServedRate::AtLeast(_)))
        {
            self.squares.known[self.at].pairs.push((a.value(), b.value()));
        }
    }
}

/// What a cell came to; nothing where it tells nothing.
fn value(cell: &Cell) -> Option<ServedRate> {
    served(metric(METRIC)?, &Pool::of(vec![cell]))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::search::played::{Played, play};

    const SECOND: Duration = Duration::from_secs(1);

    fn map() -> Map {
        let workloads = ["echo", "sleep 5ms"].map(|work| Workload::named(work, DESCRIPTION).unwrap());
        Map::new(&experiment(workloads.into()), &[1, 64, 4_096], 7)
    }

    /// Threads serve more up to 64 connections, tasks beyond; each cell is off a little, by its block.
    fn server(turn: &Turn) -> Played {
        let is_few = turn.task.kind.peak_connections() <= 64;
        let rps = if (turn.contender == 0) == is_few { 10_000.0 } else { 8_000.0 };
        let off = if turn.block.is_multiple_of(2) == (turn.contender == 0) { 1.15 } else { 1.0 };
        Played { rps: rps * off, response: Duration::from_millis(1), is_valid: true, took: SECOND }
    }

    /// How many cells each square got.
    fn cells(chosen: &[Turn]) -> BTreeMap<(&str, &str), usize> {
        let mut cells = BTreeMap::new();
        chosen
            .iter()
            .for_each(|turn| *cells.entry((turn.task.workload.as_ref(), turn.task.point.as_str())).or_default() += 1);
        cells
    }

    #[test]
    fn squares_are_measured_in_pairs_that_share_a_block_and_take_turns() {
        let (chosen, _) = play(&mut map(), 200 * SECOND, server);
        let mut first = [0, 0];
        for pair in chosen.chunks_exact(2) {
            assert!(pair[0].task == pair[1].task && pair[0].block == pair[1].block, "{pair:?}");
            assert_ne!(pair[0].contender, pair[1].contender);
            first[pair[0].contender] += 1;
        }
        assert!(first.iter().all(|first| *first > 20), "{first:?}");
    }

    #[test]
    fn the_budget_is_used_and_never_exceeded() {
        for seconds in [0, 7, 36, 100] {
            let (chosen, left) = play(&mut map(), seconds * SECOND, server);
            assert!(
                chosen.len().is_multiple_of(2) && left < 5 * SECOND,
                "{seconds}: {} cells, {left:?} left",
                chosen.len()
            );
        }
    }

    #[test]
    fn all_squares_come_first_and_then_the_border() {
        let (chosen, _) = play(&mut map(), 42 * SECOND, server);
        assert!(cells(&chosen).values().all(|cells| *cells >= 2 * COARSE as usize), "{:?}", cells(&chosen));
        let (chosen, _) = play(&mut map(), 80 * SECOND, server);
        let cells = cells(&chosen);
        let (far, border) = (cells[&("echo-hi", "1-connections")], cells[&("echo-hi", "64-connections")]);
        assert!(border > far, "{cells:?}");
    }

    #[test]
    fn steady_squares_end_the_map_before_the_budget_does() {
        let steady = |turn: &Turn| Played { rps: if turn.contender == 0 { 10_000.0 } else { 9_000.0 }, ..server(turn) };
        let (chosen, left) = play(&mut map(), 1_000 * SECOND, steady);
        assert_eq!(chosen.len(), 6 * 2 * PAIRS_FOR_WINNER);
        assert!(left > 800 * SECOND);
    }

    #[test]
    fn a_lower_bound_makes_a_pair_with_what_is_known() {
        let bounded = |turn: &Turn| Played { is_valid: turn.contender == 0, ..server(turn) };
        let mut map = map();
        play(&mut map, 60 * SECOND, bounded);
        assert!(map.squares.known.iter().all(|known| known.pairs.len() == known.tried as usize));
    }

    #[test]
    fn invalid_cells_make_no_pair_and_do_not_go_on_for_ever() {
        let invalid = |turn: &Turn| Played { is_valid: false, ..server(turn) };
        let mut map = map();
        let (chosen, _) = play(&mut map, 1_000 * SECOND, invalid);
        assert!(chosen.len() < 100 && map.squares.known.iter().all(|known| known.pairs.is_empty()));
    }
}
