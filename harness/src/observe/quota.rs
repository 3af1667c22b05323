//! CPU quotas: what the control groups around a process allow it, and how often they stopped it. In a period, usually a
//! tenth of a second, a group may use so much CPU time; once it is used up, all of it stands still until the next.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use reports::record::Throttled;

use super::cgroups::{CgroupFolder, groups_of};

/// The statistics of the groups that a process is in, with a quota or without.
#[derive(Debug)]
pub(crate) struct QuotaReader(Vec<PathBuf>);

impl QuotaReader {
    /// # Errors
    /// Where there is no such process.
    pub(crate) fn of(pid: u32) -> io::Result<QuotaReader> {
        let groups = groups_of(pid, "cpu")?;
        Ok(Self::in_folders(groups.iter().flat_map(CgroupFolder::with_ancestors)))
    }

    /// Of the groups in these folders.
    pub(crate) fn in_folders<'a>(folders: impl IntoIterator<Item = &'a Path>) -> QuotaReader {
        let files = folders.into_iter().map(|folder| folder.join("cpu.stat"));
        // A group without the controller has no such file, or one that counts no periods: it stops nobody.
        let counts = |file: &PathBuf| fs::read_to_string(file).is_ok_and(|text| parse(&text).is_some());
        QuotaReader(files.filter(counts).collect())
    }

    /// What all of them have stopped so far.
    ///
    /// # Errors
    /// Where a group is gone.
    pub(crate) fn so_far(&self) -> io::Result<Throttled> {
        let mut sum = Throttled::default();
        for file in &self.0 {
            let one = parse(&fs::read_to_string(file)?).ok_or(io::ErrorKind::InvalidData)?;
            sum = Throttled { periods: sum.periods + one.periods, stopped_ns: sum.stopped_ns + one.stopped_ns };
        }
        Ok(sum)
    }
}

/// Version 1 tells the time in nanoseconds, version 2 in microseconds, under another name.
fn parse(text: &str) -> Option<Throttled> {
    let field = |name: &str| text.lines().find_map(|line| line.strip_prefix(name)?.trim().parse::<u64>().ok());
    let stopped_ns = field("throttled_time ").or_else(|| field("throttled_usec ")?.checked_mul(1_000))?;
    Some(Throttled { periods: field("nr_throttled ")?, stopped_ns })
}

/// The CPUs that the tightest quota around this process allows, with the file that says so; none where none binds.
pub fn cpu_quota() -> Option<(f64, PathBuf)> {
    let groups = groups_of(std::process::id(), "cpu").unwrap_or_default();
    let quotas = groups.iter().flat_map(|group| group.with_ancestors().filter_map(in_folder));
    quotas.min_by(|(a, _), (b, _)| a.total_cmp(b))
}

fn in_folder(folder: &Path) -> Option<(f64, PathBuf)> {
    let read = |name: &str| fs::read_to_string(folder.join(name)).ok();
    let of_two = || Some((quota(&read("cpu.max")?)?, folder.join("cpu.max")));
    let of_one = || {
        let both = format!("{} {}", read("cpu.cfs_quota_us")?.trim(), read("cpu.cfs_period_us")?.trim());
        Some((quota(&both)?, folder.join("cpu.cfs_quota_us")))
    };
    of_two().or_else(of_one)
}

/// CPUs from the time allowed in a period and the period, both in microseconds. Nothing is allowed without a bound where
/// the first is `max` or negative.
fn quota(text: &str) -> Option<f64> {
    let (allowed, period) = text.trim().split_once(' ')?;
    let (allowed, period): (i64, i64) = (allowed.parse().ok()?, period.parse().ok()?);
    (allowed > 0 && period > 0).then(|| allowed as f64 / period as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_versions_tell_how_often_and_for_how_long() {
        let one = "nr_periods 60\nnr_throttled 57\nthrottled_time 4200000000\nnr_bursts 0\nburst_time 0\n";
        let two = "usage_usec 9\nuser_usec 5\nsystem_usec 4\nnr_periods 60\nnr_throttled 57\nthrottled_usec 4200000\n";
        let truth = Some(Throttled { periods: 57, stopped_ns: 4_200_000_000 });
        assert_eq!(parse(one), truth);
        assert_eq!(parse(two), truth);
        // A group of version 2 without the controller tells what it used and no more.
        assert_eq!(parse("usage_usec 9\nuser_usec 5\nsystem_usec 4\n"), None);
    }

    #[test]
    fn a_quota_is_a_number_of_cpus() {
        for (text, cpus) in [("50000 100000", 0.5), ("250000 100000\n", 2.5), ("20000 100000", 0.2)] {
            assert_eq!(quota(text), Some(cpus));
        }
        for text in ["max 100000", "-1 100000", "", "50000"] {
            assert_eq!(quota(text), None, "{text}");
        }
    }

    #[test]
    fn quotas_are_read_from_the_files_of_either_version() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(in_folder(folder.path()), None);
        let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
        write("cpu.cfs_quota_us", "-1\n");
        write("cpu.cfs_period_us", "100000\n");
        assert_eq!(in_folder(folder.path()), None);
        write("cpu.cfs_quota_us", "150000\n");
        assert_eq!(in_folder(folder.path()), Some((1.5, folder.path().join("cpu.cfs_quota_us"))));
        write("cpu.max", "50000 100000\n");
        assert_eq!(in_folder(folder.path()), Some((0.5, folder.path().join("cpu.max"))));
    }

    #[test]
    fn this_process_can_be_asked() {
        assert!(QuotaReader::of(std::process::id()).unwrap().so_far().is_ok());
    }
}
