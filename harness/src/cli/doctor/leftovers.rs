//! What a harness that was killed has left behind, and one that is still running.
//!
//! Whatever is in use by a run that goes on is none. Beside it: `process/`, which sees to it that little is left; the next run
//! removes control groups by itself.

use std::fs;
use std::path::{Path, PathBuf};

use instruments::observe::{ProcessIdentity, fields_after_name};
use reports::record::store::UNFINISHED;

use super::row::{DoctorRow, RowKind, RowState};
use crate::cli::publish::UNFINISHED_RUN;
use crate::process::left_groups;
use crate::run::MachineLock;

const KIND: RowKind = RowKind::Leftovers;

/// How deep files are looked for, from the folder that holds the runs: a run's cells lie two below it.
const DEPTH: usize = 3;

/// A folder with more entries than any run has is not looked through to its end.
const MOST_ENTRIES: usize = 100_000;

pub(super) fn rows(runs: &Path) -> Vec<DoctorRow> {
    let other = other_benchmark();
    let is_alone = other.state == RowState::Fine;
    let mut rows = vec![other, processes(&orphans())];
    if is_alone {
        // What another run is writing would look like what it has left.
        rows.extend([groups(&left_groups()), files(&cut_off_files(runs))]);
    }
    rows
}

fn other_benchmark() -> DoctorRow {
    const NAME: &str = "another benchmark";
    match MachineLock::take() {
        Ok(_) => DoctorRow::fine(KIND, NAME, "none"),
        Err(error) => DoctorRow::fine(KIND, NAME, "this machine is not free").but(
            RowState::Spoils,
            "a run can't begin",
            error.to_string(),
        ),
    }
}

/// Processes that the harness started and that it should have taken along.
fn orphans() -> Vec<ProcessIdentity> {
    let pids = fs::read_dir("/proc").into_iter().flatten();
    let pids = pids.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<u32>().ok());
    pids.filter(|pid| is_orphan(*pid) == Some(true)).filter_map(ProcessIdentity::of).collect()
}

fn is_orphan(pid: u32) -> Option<bool> {
    let command = fs::read(format!("/proc/{pid}/cmdline")).ok()?;
    let awaited = awaited(&command)?;
    Some(match awaited {
        AwaitedEnd::Parent(expected) => parent_in(&fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)? != expected,
        AwaitedEnd::Leader(leader) => !Path::new(&format!("/proc/{leader}")).exists(),
    })
}

/// Whose end a process of ours waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum AwaitedEnd {
    /// Of its parent, with which it ends.
    Parent(u32),
    /// Of the server that it guards.
    Leader(u32),
}

/// As its command line says: these are commands that only the harness gives.
fn awaited(command: &[u8]) -> Option<AwaitedEnd> {
    let words: Vec<&str> =
        command.split(|byte| *byte == 0).map(|word| std::str::from_utf8(word).unwrap_or("")).collect();
    let number_after =
        |option| words.iter().position(|word| *word == option).and_then(|at| words.get(at + 1)?.parse().ok());
    match *words.get(1)? {
        "serve" | "subject" if words.contains(&"--supervised") => number_after("--parent").map(AwaitedEnd::Parent),
        "become" => number_after("--parent").map(AwaitedEnd::Parent),
        "guard" => number_after("guard").map(AwaitedEnd::Leader),
        _ => None,
    }
}

fn parent_in(stat: &str) -> Option<u32> {
    fields_after_name(stat)?.nth(1)?.parse().ok()
}

fn processes(orphans: &[ProcessIdentity]) -> DoctorRow {
    const NAME: &str = "servers without a harness";
    if orphans.is_empty() {
        return DoctorRow::fine(KIND, NAME, "none");
    }
    let named: Vec<String> = orphans.iter().map(ToString::to_string).collect();
    let pids: Vec<String> = orphans.iter().map(|orphan| orphan.pid.to_string()).collect();
    DoctorRow::fine(KIND, NAME, named.join("; ")).but(
        RowState::Spoils,
        "they keep their CPU time, memory and ports",
        format!("`kill -9 {}`", pids.join(" ")),
    )
}

fn groups(left: &[PathBuf]) -> DoctorRow {
    paths("control groups", left, "none; the next run that makes one removes them", "sudo rmdir")
}

fn files(left: &[PathBuf]) -> DoctorRow {
    let effect = "none but the space they take; they were being written when a command was killed";
    paths("files that were cut off", left, effect, "rm -r")
}

fn paths(name: &str, left: &[PathBuf], effect: &str, remove: &str) -> DoctorRow {
    if left.is_empty() {
        return DoctorRow::fine(KIND, name, "none");
    }
    let remedy = format!("`{remove} {}`", quoted(left));
    DoctorRow::fine(KIND, name, shown(left)).but(RowState::WorthKnowing, effect, remedy)
}

/// Temporary files of records and pages, and folders of a publication, below a folder.
fn cut_off_files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut entries_left = MOST_ENTRIES;
    look(folder, DEPTH, &mut entries_left, &mut found);
    found.sort();
    found
}

fn look(folder: &Path, depth: usize, entries_left: &mut usize, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        *entries_left = entries_left.saturating_sub(1);
        if *entries_left == 0 {
            return;
        }
        let (path, name) = (entry.path(), entry.file_name());
        let name = name.to_string_lossy();
        // A link is not followed: it leads out of the runs.
        let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
        if name.starts_with(if is_folder { UNFINISHED_RUN } else { UNFINISHED }) {
            found.push(path);
        } else if is_folder && depth > 1 {
            look(&path, depth - 1, entries_left, found);
        }
    }
}

/// How many are named.
const NAMED: usize = 5;

fn shown(paths: &[PathBuf]) -> String {
    let named: Vec<String> = paths.iter().take(NAMED).map(|path| path.display().to_string()).collect();
    let more = paths.len().saturating_sub(NAMED);
    let more = if more == 0 { String::new() } else { format!(" and {more} more") };
    format!("{}{more}", named.join(", "))
}

/// For a shell.
fn quoted(paths: &[PathBuf]) -> String {
    let words = paths.iter().take(NAMED).map(|path| path.to_string_lossy().into_owned());
    // Only a zero byte can't be quoted, and no path has one.
    let words: Vec<String> =
        words.map(|word| shlex::try_quote(&word).map_or(word.clone(), |quoted| quoted.into_owned())).collect();
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(words: &[&str]) -> Option<AwaitedEnd> {
        awaited(format!("{}\0", words.join("\0")).as_bytes())
    }

    #[test]
    fn only_what_the_harness_started_for_itself_can_be_left_by_it() {
        let supervised = ["harness", "serve", "threaded", "--supervised", "--parent", "41", "--nonce", "ab"];
        assert_eq!(of(&supervised), Some(AwaitedEnd::Parent(41)));
        assert_eq!(of(&["/x/harness", "become", "--parent", "7", "--port", "80"]), Some(AwaitedEnd::Parent(7)));
        assert_eq!(of(&["harness", "guard", "9"]), Some(AwaitedEnd::Leader(9)));
        for others in [&["harness", "serve", "threaded"][..], &["vi", "--parent", "4"], &["sleep"], &["", "serve"]] {
            assert_eq!(of(others), None, "{others:?}");
        }
        assert_eq!(parent_in("7 (a) b (c)) S 12 7 5"), Some(12));
        assert_eq!(is_orphan(std::process::id()), None, "a test is no server");
    }

    #[test]
    fn files_are_found_where_runs_and_sites_leave_them() {
        let home = tempfile::tempdir().unwrap();
        let inside = |path: &str| home.path().join(path);
        for folder in ["run/cells", "a/.new-x", "deep/er/than/runs"] {
            fs::create_dir_all(inside(folder)).unwrap();
        }
        for file in ["run/.tmpA", "run/cells/.tmpB", "run/cells/x.json", "deep/er/than/runs/.tmpC", "run/tmp"] {
            fs::write(inside(file), "").unwrap();
        }
        std::os::unix::fs::symlink(inside("deep/er/than"), inside("link")).unwrap();
        assert_eq!(cut_off_files(home.path()), ["a/.new-x", "run/.tmpA", "run/cells/.tmpB"].map(inside));
        assert_eq!(cut_off_files(&inside("nowhere")), [] as [PathBuf; 0]);
        let row = files(&[PathBuf::from("a b"), "c".into()]);
        assert_eq!(row.remedy.as_deref(), Some("`rm -r 'a b' c`"));
    }
}
