//! `kill -9` at any moment of a run, also of one that goes on after the last: what is left is a run that can be completed,
//! and nothing shows in it how often it was cut off.
//!
//! The moments follow from a seed. A few of them are tried each time; many with
//! `cargo test -p harness --test it compare::killed -- --ignored`.

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;
use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};
use reports::record::Ending;
use rustix::process::Signal;

use crate::common::home::{Ended, Home};
use crate::common::started::{Started, servers_of};
use crate::common::{LONGEST_WAIT, within};

const SMALL: [&str; 6] = ["--models", "sequential", "--experiments", "memory", "--blocks", "3"];

/// How often a run is killed before it is let go on to its end.
const KILLS: usize = 2;

#[test]
fn a_run_that_was_killed_at_any_moment_is_completed() {
    killed(5, 1);
}

#[test]
#[ignore = "ten minutes"]
fn a_run_that_was_killed_at_any_of_many_moments_is_completed() {
    killed(50, 2);
}

/// How many rounds go on beside each other: most of a run is waiting.
const AT_A_TIME: usize = 5;

fn killed(rounds: usize, seed: u64) {
    let home = Home::new();
    let begun = Instant::now();
    home.compared(&SMALL).measured();
    let (usual, cells) = (begun.elapsed(), home.cell_files());
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    // Any moment of it, and some past the end, where there is nothing left to kill.
    let mut moment = || usual.mul_f64(random.random_range(0.0..1.1));
    let plan: Vec<[Duration; KILLS]> = (0..rounds).map(|_| [(); KILLS].map(|()| moment())).collect();
    let moments = Mutex::new(Moments::default());
    for beside_each_other in plan.chunks(AT_A_TIME) {
        thread::scope(|scope| {
            for kills in beside_each_other {
                let (moments, cells) = (&moments, &cells);
                scope.spawn(move || {
                    let home = Home::new();
                    for moment in kills {
                        kill_after(&home, *moment);
                        moments.lock().unwrap().note(&home);
                    }
                    Ended::of(&mut next(&home)).measured();
                    is_complete(&home, cells);
                });
            }
        });
    }
    // What a round shows depends on where it was killed.
    eprintln!("{rounds} rounds of {KILLS} kills within {usual:?}, seed {seed}: {moments:?}");
}

/// In which state runs were left.
#[derive(Debug, Default)]
struct Moments {
    without_a_manifest: u32,
    without_a_cell: u32,
    with_cells: u32,
}

impl Moments {
    fn note(&mut self, home: &Home) {
        match (home.out().join("manifest.json").exists(), home.cell_files().len()) {
            (false, _) => self.without_a_manifest += 1,
            (true, 0) => self.without_a_cell += 1,
            (true, _) => self.with_cells += 1,
        }
    }
}

/// What a person types next: to go on where there is a run, and the same again where there is none yet.
fn next(home: &Home) -> Command {
    if home.out().join("manifest.json").exists() {
        home.command(&["compare", "--resume", home.out().to_str().unwrap()])
    } else {
        home.compare(&SMALL)
    }
}

fn kill_after(home: &Home, time: Duration) {
    let mut subject = Started::of(&mut next(home));
    thread::sleep(time);
    if !subject.has_ended() {
        subject.signal(Signal::KILL);
        subject.status_within(LONGEST_WAIT).expect("it was killed and has not ended");
    }
    assert!(within(LONGEST_WAIT, || servers_of(subject.pid()).is_empty()), "a server outlived it");
}

fn is_complete(home: &Home, cells: &[String]) {
    let run = home.run();
    assert_eq!((home.cell_files(), run.manifest.ending), (cells.to_vec(), Ending::Completed));
    assert_eq!(run.manifest.planned_cells as usize, cells.len());
    let orders: BTreeSet<u32> = run.cells.iter().map(|cell| cell.order).collect();
    assert_eq!(orders, (0..cells.len() as u32).collect(), "each once, one after another");
    let unfinished = |folder: &str| {
        let entries = fs::read_dir(home.out().join(folder)).unwrap();
        entries.map(|entry| entry.unwrap().file_name()).filter(|name| name.to_str().unwrap().starts_with('.')).count()
    };
    assert_eq!((unfinished("."), unfinished("cells")), (0, 0), "half-written files were left");
    // The same records, and nothing else of the folder.
    let copy = home.path().join("copy");
    fs::create_dir_all(copy.join("cells")).unwrap();
    for name in home.cell_files().iter().map(|name| format!("cells/{name}")).chain(["manifest.json".to_owned()]) {
        fs::copy(home.out().join(&name), copy.join(&name)).unwrap();
    }
    home.ended(&["report", "copy"]).with_code(0);
    let page = |folder: &std::path::Path| fs::read(folder.join("report.html")).unwrap();
    assert!(page(&copy) == page(&home.out()), "a run that was cut off is rendered as any other");
}
