//! A program that is built anew while it measures: what runs is what was started, and what a run says of itself is true of
//! that.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use harness::process::HeldProgram;
use reports::record::store::Run;
use reports::record::{Outcome, Purpose};

use crate::common::home::{Ended, HARNESS, Home, at_home};
use crate::common::started::Started;
use crate::common::{LONGEST_WAIT, within, write_executable};

/// A copy of the program under another name. Made by a process of its own, as [`write_executable`] does and says why.
fn copy(home: &Home, name: &str) -> PathBuf {
    let path = home.path().join(name);
    assert!(Command::new("cp").arg(HARNESS).arg(&path).status().unwrap().success());
    path
}

/// What a compiler does: another file under the same name. This one would not serve.
fn build_anew(path: &Path) {
    let new = path.with_extension("new");
    write_executable(&new, "#!/bin/sh\nexit 7\n");
    fs::rename(&new, path).unwrap();
}

/// A comparison by the program at `path` with what home has besides.
fn compare(home: &Home, path: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(path);
    at_home(&mut command, home.path());
    command.args(["compare", "--preset", "smoke"]).args(arguments);
    command
}

#[test]
fn builds_that_change_under_a_run_change_nothing_in_it() {
    let home = Home::new();
    let (own, other) = (copy(&home, "own"), copy(&home, "other"));
    let against = other.display().to_string();
    let arguments = ["--models", "threaded", "--experiments", "memory", "--blocks", "2", "--against", &against];
    let subject = Started::of(&mut compare(&home, &own, &[&arguments[..], &["--out", "the-run"]].concat()));
    assert!(within(LONGEST_WAIT, || !home.cell_files().is_empty()));
    build_anew(&own);
    build_anew(&other);
    let output = subject.ended().measured();
    let run = home.run();
    assert_eq!(run.cells.len(), 4);
    assert!(run.cells.iter().all(|cell| cell.outcome == Outcome::Completed), "{}", output.stderr);
    let sha256 = HeldProgram::open(Path::new(HARNESS)).unwrap().sha256().to_owned();
    assert_eq!(run.manifest.build.as_ref().unwrap().sha256, sha256, "of the program that ran");
    assert_eq!(run.manifest.against.as_ref().unwrap().sha256, sha256);
    let commit = run.manifest.build.as_ref().unwrap();
    let written = commit.commit.as_ref().map(|name| format!("{name}{}", if commit.dirty { "-dirty" } else { "" }));
    assert_eq!(run.manifest.commit, written);
    assert_eq!(run.manifest.build, run_by(&home, HARNESS).manifest.build, "the same bytes are the same build");
}

/// The record of a run by another copy of the program.
fn run_by(home: &Home, program: &str) -> Run {
    let arguments = ["--models", "sequential", "--experiments", "memory", "--out", "again"];
    Ended::of(&mut compare(home, Path::new(program), &arguments));
    home.run_in("again")
}

/// The same sources can make another program, and so can other sources under the same version.
#[test]
fn a_run_goes_on_with_the_program_that_made_it_and_no_other() {
    let home = Home::new();
    home.compared(&["--models", "threaded", "--experiments", "memory"]);
    let longer = copy(&home, "longer");
    // What follows the last section of a program is not loaded, and belongs to its bytes all the same.
    let append = format!("printf x >> '{}'", longer.display());
    assert!(Command::new("sh").args(["-c", &append]).status().unwrap().success());
    let mut command = Command::new(&longer);
    at_home(&mut command, home.path());
    let said = Ended::of(command.args(["compare", "--resume", "the-run"])).with_code(2).stderr;
    assert!(said.contains("SHA-256") && said.contains("resume it with the build that made it"), "{said}");
}

#[test]
fn another_build_that_is_written_into_serves_no_more_and_is_named() {
    let home = Home::new();
    let other = home.path().join("other");
    write_executable(&other, &format!("#!/bin/sh\nexec {HARNESS} \"$@\"\n"));
    let against = other.display().to_string();
    let arguments = ["--models", "threaded", "--experiments", "memory", "--blocks", "3", "--against", &against];
    let subject = Started::of(&mut home.compare(&arguments));
    assert!(within(LONGEST_WAIT, || !home.cell_files().is_empty()));
    // In place: the same file with other bytes.
    write_executable(&other, &format!("#!/bin/sh\n# another\nexec {HARNESS} \"$@\"\n"));
    subject.ended().with_code(6);
    let run = home.run();
    let (ours, theirs): (Vec<_>, Vec<_>) = run.cells.iter().partition(|cell| cell.contender == "threaded");
    assert!(ours.iter().all(|cell| cell.outcome == Outcome::Completed && cell.purpose == Purpose::Measure));
    let last = theirs.iter().max_by_key(|cell| cell.order).unwrap();
    let Outcome::Failed { reason, .. } = &last.outcome else { panic!("{:?}", last.outcome) };
    assert!(reason.contains("written to since the run began"), "{reason}");
}
