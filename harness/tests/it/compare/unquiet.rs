//! A machine that stops a comparison, or that can't be seen, is in no cell taken for a quiet one.

use std::process::Command;

use reports::record::{Cell, Outcome, Unobserved, Warning};

use crate::common::confined::{SmallGroup, unless_refused, without_proc_stat};
use crate::common::home::Home;

const SMALL: [&str; 4] = ["--models", "threaded", "--experiments", "latency-curve"];

/// The cells of a comparison that ended; nothing where this machine does not let it begin.
fn cells_of(home: &Home, command: Command) -> Option<Vec<Cell>> {
    let output = unless_refused(command)?.measured();
    let said = &output.stderr;
    let cells = home.run().cells;
    assert!(!cells.is_empty() && cells.iter().all(|cell| cell.outcome == Outcome::Completed), "{said}");
    Some(cells)
}

#[test]
fn a_quota_is_in_every_cell_that_it_stopped_and_said_at_the_start() {
    let Some(a_fifth_of_a_cpu) = SmallGroup::of_cpu_percent(20) else { return };
    let is_it = |warning: &Warning| matches!(warning, Warning::GeneratorThrottled(_));
    let is_told = |cells: &[Cell]| cells.iter().any(|cell| cell.warnings.iter().any(is_it));
    // Where other programs leave it less than its quota, the quota stops nothing.
    let mut tries_left = 3;
    let (home, cells) = loop {
        let home = Home::new();
        let Some(cells) = cells_of(&home, a_fifth_of_a_cpu.around(&home.compare(&SMALL))) else { return };
        tries_left -= 1;
        if is_told(&cells) || tries_left == 0 {
            break (home, cells);
        }
    };
    assert!(is_told(&cells), "{:?}", cells[0].noise);
    for cell in &cells {
        let was_stopped = cell.noise.generator_throttled.unwrap().periods > 0;
        assert_eq!(cell.warnings.iter().any(is_it), was_stopped, "{}: {:?}", cell.id, cell.warnings);
        assert!(cell.noise.server_throttled.is_some(), "{}", cell.id);
    }
    let manifest = home.run().manifest;
    let at_the_start =
        |warning: &Warning| matches!(warning, Warning::MachineLimit { limit, .. } if limit == "the CPU quota");
    assert!(manifest.warnings.iter().any(at_the_start), "{:?}", manifest.warnings);
}

#[test]
fn a_machine_that_can_not_be_seen_is_quiet_in_no_cell() {
    let home = Home::new();
    let Some(cells) = cells_of(&home, without_proc_stat(&home.compare(&SMALL))) else { return };
    for cell in &cells {
        let is_it = |warning: &Warning| matches!(warning, Warning::NotObserved { what: Unobserved::OtherPrograms, .. });
        assert!(cell.warnings.iter().any(is_it), "{}: {:?}", cell.id, cell.warnings);
    }
}

/// With one block there is no interval: a claim is decided by exact counts, which is said, or not at all.
#[test]
fn one_block_decides_no_claim_but_by_exact_counts() {
    let home = Home::new();
    let output = home.compared(&["--experiments", "keep-alive,blocking-pool", "--blocks", "1"]);
    let said = &output.stdout;
    let claims: Vec<&str> = said.lines().filter(|line| line.starts_with("  \u{201c}")).collect();
    assert_eq!(claims.len(), 2, "{said}{}", output.stderr);
    for claim in claims {
        assert!(claim.contains(" Cannot tell here: ") || claim.ends_with("(counted exactly)"), "{claim}");
    }
}
