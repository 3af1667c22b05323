//! A machine that stops a comparison, or that can't be seen, is in no cell taken for a quiet one.

use std::process::{Command, Stdio};

use reports::record::{Cell, Outcome, Unobserved, Warning};

use crate::cpu_quota::CpuQuota;
use crate::subject::Home;
use crate::{text, turn};

const SMALL: [&str; 4] = ["--models", "threaded", "--experiments", "latency-curve"];

/// The comparison as words of a shell that first does something else.
fn after(first: &str, home: &Home) -> Command {
    let compare = home.compare(&SMALL);
    let mut command = Command::new("unshare");
    command.args(["--mount", "sh", "-c", &format!("{first} && exec \"$@\""), "sh"]);
    command.arg(compare.get_program()).args(compare.get_args());
    command.env("TMPDIR", home.path()).current_dir(home.path()).stdin(Stdio::null());
    command
}

/// The cells of a comparison that ended; nothing where this machine does not let it begin, which is said.
fn cells_of(home: &Home, mut command: Command, wants: &str) -> Option<Vec<Cell>> {
    let output = command.output().unwrap();
    let said = text(&output.stderr);
    if ["unshare:", "mount:", "sh:"].iter().any(|refused| said.starts_with(refused)) {
        eprintln!("skipped: {wants} can't be had here: {said}");
        return None;
    }
    assert!(matches!(output.status.code(), Some(0 | 4)), "{said}");
    let cells = home.run().cells;
    assert!(!cells.is_empty() && cells.iter().all(|cell| cell.outcome == Outcome::Completed), "{said}");
    Some(cells)
}

#[test]
fn a_quota_is_in_every_cell_that_it_stopped_and_said_at_the_start() {
    let _turn = turn();
    let Some(a_fifth_of_a_cpu) = CpuQuota::of_percent(20) else { return };
    let home = Home::new();
    let command = after(&a_fifth_of_a_cpu.enter(), &home);
    let Some(cells) = cells_of(&home, command, "a control group") else { return };
    let is_it = |warning: &Warning| matches!(warning, Warning::GeneratorThrottled(_));
    assert!(cells.iter().any(|cell| cell.warnings.iter().any(is_it)), "{:?}", cells[0].noise);
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

/// Over `/proc/stat` lies an empty file, in a namespace of mounts that ends with the run.
#[test]
fn a_machine_that_can_not_be_seen_is_quiet_in_no_cell() {
    let _turn = turn();
    let home = Home::new();
    let command = after("mount --bind /dev/null /proc/stat", &home);
    let Some(cells) = cells_of(&home, command, "a namespace of mounts") else { return };
    for cell in &cells {
        let is_it = |warning: &Warning| matches!(warning, Warning::NotObserved { what: Unobserved::OtherPrograms, .. });
        assert!(cell.warnings.iter().any(is_it), "{}: {:?}", cell.id, cell.warnings);
    }
}
