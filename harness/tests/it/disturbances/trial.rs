//! One task put to one contender, by the code that runs a comparison, and the cell that came of it.

use std::time::Duration;

use harness::plan::{
    Bounds, Cast, Choice, DisturbedSpec, Experiment, Inside, Participant, Preset, Recipe, RunPlan, Story, Task,
    TaskKind, Workload, place,
};
use harness::run::{Execution, Interrupt, RunEnd, RunProgress, utc_now};
use instruments::load::{ArrivalProcess, Disturbance, DisturbanceKind, LoadSpec, Shape, Work};
use instruments::observe::{allowed_cpus, machine};
use reports::record::store::RunFolder;
use reports::record::{Cell, DisturbanceRecord, Manifest, PlacementKind};
use servers::Contender;
use tempfile::TempDir;

use crate::common::home::HARNESS;
use crate::common::{LONGEST_WAIT, within};

pub(crate) const MS: u64 = 1_000_000;

/// New clients, one every ten milliseconds for 1,100 ms; something is done from 200 ms to 800 ms.
pub(crate) fn task(kind: DisturbanceKind, bounds: Bounds) -> Task {
    let arrivals = ArrivalProcess::Constant { rate_rps: 100.0 };
    let shape = Shape::Sessions { requests: 1, think_time: Duration::ZERO, concurrent: 200 };
    let probe = LoadSpec {
        window: Duration::from_millis(1_100),
        timeout: Duration::from_secs(2),
        ..LoadSpec::new(arrivals, shape, Work::new("echo", "hi"))
    };
    let (from, lasting) = (Duration::from_millis(200), Duration::from_millis(600));
    let disturbance = Disturbance { name: "test", kind, from, lasting };
    Task::new("probe", "only", TaskKind::Disturbed(DisturbedSpec { probe, disturbance, bounds })).varied(1.5)
}

/// Runs the one task that `tasks` makes, as a comparison would. Whoever does something to the server gives way to all others
/// on the machine: what began late has another try.
pub(crate) fn run(contender: &str, tasks: fn() -> Task) -> (Cell, RunEnd) {
    let mut last = None;
    let began_in_time = within(LONGEST_WAIT, || began_in_time(&last.insert(run_once(contender, tasks)).0));
    let (cell, end) = last.expect("it has run once");
    assert!(began_in_time, "something was done to the server, and late: {:?}", cell.disturbance);
    (cell, end)
}

/// It was to begin at 200 ms and to last to 800 ms; half of that is enough to see what comes of it.
fn began_in_time(cell: &Cell) -> bool {
    let begun_ns = |it: &DisturbanceRecord| it.course.first().map_or(it.from_ns, |progress| progress.at_ns);
    cell.disturbance.as_ref().is_none_or(|it| begun_ns(it) < 500 * MS)
}

fn run_once(contender: &str, tasks: fn() -> Task) -> (Cell, RunEnd) {
    let experiment = &experiment(tasks);
    let choice = Choice::Named(vec![Participant::Model(Contender::parse(contender).unwrap())]);
    let cast = Cast::new(&[experiment], &choice).unwrap();
    let placement = place(PlacementKind::Isolated, &allowed_cpus().unwrap());
    let plan =
        RunPlan { connection_ceiling: 1_000, inside: Inside::On, ..RunPlan::of(cast, Preset::Smoke, 1, placement) };
    let home = TempDir::new().unwrap();
    let folder = RunFolder::create(home.path().join("run")).unwrap();
    let (manifest, interrupt) = (manifest(&plan), Interrupt::default());
    let execution = Execution {
        plan: &plan,
        folder: &folder,
        manifest,
        interrupt: &interrupt,
        program: Some(HARNESS.as_ref()),
        elsewhere: None,
    };
    let end = execution.run(&mut Silent).unwrap();
    let mut cells = folder.read().unwrap().cells;
    assert_eq!(cells.len(), 1);
    (cells.remove(0), end)
}

const WORKLOADS: &[Workload] = &[Workload::new("probe", "probe", "A probe.", ("echo", "hi"))];

fn experiment(tasks: fn() -> Task) -> Experiment {
    thread_local! {
        static TASKS: std::cell::Cell<Option<fn() -> Task>> = const { std::cell::Cell::new(None) };
    }
    TASKS.set(Some(tasks));
    Experiment {
        name: "trial",
        story: Story {
            title: "Trial",
            claim: "None.",
            claimed_in: "nowhere",
            question: "None?",
            finds_out: "none?",
            possible_answers: &["Yes.", "No."],
            look_at: "Nothing.",
            conditions: &[],
            pictures: Vec::new,
        },
        workloads: WORKLOADS.into(),
        recipe: Recipe {
            // Planned on the thread that asked for it: trials beside each other have a task each.
            tasks: |_, _, _| vec![TASKS.get().unwrap()()],
            ..Recipe::PLAIN
        },
    }
}

fn manifest(plan: &RunPlan<'_>) -> Manifest {
    Manifest {
        run: "run".to_owned(),
        harness_version: "test".to_owned(),
        preset: plan.preset.name().to_owned(),
        seed: plan.seed,
        started_at: utc_now(),
        experiments: plan.experiment_records(),
        contenders: plan.contender_records(),
        planned_cells: 1,
        ..Manifest::new(machine().unwrap(), plan.placement.clone())
    }
}

struct Silent;

impl RunProgress for Silent {
    fn planned(&mut self, _: usize, _: Duration) {}
    fn begins(&mut self, _: u32, _: &str, _: &str) {}
    fn ended(&mut self, _: &Cell) {}
}
