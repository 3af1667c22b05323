//! A disk that is full, a file that may not grow, a folder that can't be written or is gone: the file is named, what was
//! written before stays whole, and what was measured is said all the same.

use std::fs;
use std::path::Path;

use reports::record::Outcome;
use reports::record::store::Run;
use rustix::process::{Pid, Resource, Rlimit, prlimit};

use crate::common::confined::{in_own_mounts, unless_refused};
use crate::common::home::{Ended, Home};
use crate::common::started::Started;
use crate::common::{LONGEST_WAIT, within};

const SMALL: [&str; 4] = ["--models", "threaded,sequential", "--experiments", "memory"];

/// A run with a cell on disk, and enough before it that the fault comes in the middle.
fn begun(home: &Home) -> Started {
    let subject = Started::of(&mut home.compare(&[&SMALL[..], &["--blocks", "3"]].concat()));
    assert!(within(LONGEST_WAIT, || !home.cell_files().is_empty()));
    subject
}

/// It ended with an error that names a file below `folder`, and printed a table of what was measured.
fn ended_with_a_table(output: &Ended, folder: &Path, reason: &str) -> String {
    let said = output.stderr.clone();
    assert_eq!(output.code, Some(1), "{said}");
    let error = said.lines().find(|line| line.starts_with("error: ")).unwrap_or_else(|| panic!("{said}"));
    assert!(error.contains(folder.to_str().unwrap()) && error.contains(reason), "{error}");
    let table = &output.stdout;
    assert!(table.contains("threads") && table.contains("report: none was written"), "{table}");
    said
}

/// What is on disk can be read, and is of cells that came to their end.
fn is_whole(run: &Run) {
    assert!(!run.cells.is_empty());
    assert!(run.cells.iter().all(|cell| cell.outcome == Outcome::Completed));
}

#[test]
fn a_file_that_may_not_grow_ends_a_run_with_its_name_and_the_run_can_go_on() {
    let home = Home::new();
    let subject = begun(&home);
    // The kernel would end the process for it by a signal.
    let limit = Rlimit { current: Some(1_000), maximum: Some(1_000) };
    prlimit(Pid::from_raw(subject.pid().cast_signed()), Resource::Fsize, limit).unwrap();
    let output = subject.ended();
    let said = ended_with_a_table(&output, &home.out(), "File too large");
    assert!(said.contains(&format!("harness compare --resume {}", home.out().display())), "{said}");
    is_whole(&home.run());
    let whole = home.cell_files();
    home.ended(&["compare", "--resume", "the-run"]).measured();
    assert!(whole.iter().all(|name| home.cell_files().contains(name)));
    assert_eq!(home.run().cells.len(), 6);
}

#[test]
fn a_folder_that_is_removed_under_a_run_ends_it_with_what_was_measured() {
    let home = Home::new();
    let subject = begun(&home);
    // A temporary file can come and go while its folder is emptied.
    assert!(within(LONGEST_WAIT, || fs::remove_dir_all(home.out()).is_ok()));
    let output = subject.ended();
    let said = ended_with_a_table(&output, &home.out(), "No such file or directory");
    assert!(said.contains("make a new run"), "{said}");
    assert!(!home.out().exists());
}

#[test]
fn a_report_that_cannot_be_written_hides_no_figures() {
    let home = Home::new();
    let subject = begun(&home);
    fs::create_dir(home.out().join("report.html")).unwrap();
    let output = subject.ended();
    ended_with_a_table(&output, &home.out(), "report.html");
    is_whole(&home.run());
    assert_eq!(home.run().cells.len(), 6);
}

/// The comparison on a file system of its own, mounted with these options where its folder will be; what is on that in the
/// end is kept under another name.
fn on_a_disk(home: &Home, options: &str) -> Option<Ended> {
    let (disk, kept) = (home.path().join("disk"), home.path().join("kept"));
    fs::create_dir(&disk).unwrap();
    let mut command = home.command(&["compare", "--preset", "smoke", "--out", "disk/run"]);
    command.args(SMALL).args(["--blocks", "3"]);
    let mount = format!("mount -t tmpfs -o {options} tmpfs '{}'", disk.display());
    let after = format!("cp -r '{}' '{}'", disk.display(), kept.display());
    unless_refused(in_own_mounts(&mount, &after, &command))
}

#[test]
fn a_full_disk_ends_a_run_with_what_was_measured_and_keeps_what_is_whole() {
    let home = Home::new();
    // Room for the manifest and some three cells, and not for six.
    let Some(output) = on_a_disk(&home, "size=36k") else { return };
    ended_with_a_table(&output, Path::new("disk/run"), "No space left on device");
    let run = home.run_in("kept/run");
    is_whole(&run);
    assert!(run.cells.len() < 6);
}

#[test]
fn a_folder_that_may_only_be_read_is_named_before_anything_is_run() {
    let home = Home::new();
    let Some(output) = on_a_disk(&home, "ro") else { return };
    let said = &output.stderr;
    assert_eq!((output.code, output.stdout.as_str()), (Some(1), ""), "{said}");
    assert!(said.contains("error: disk/run") && said.contains("Read-only file system"), "{said}");
}
