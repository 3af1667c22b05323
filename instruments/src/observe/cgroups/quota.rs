//! What CPU the control groups around a process allow it, and how often they stopped it. In a period, usually a tenth of a
//! second, a group may use so much CPU time; once it is used up, all of it stands still until the next.
//!
//! Beside it: `../cgroups.rs`, where the groups are.

use std::path::{Path, PathBuf};
use std::{fs, io};

use reports::record::Throttled;

use super::{CgroupFolder, CgroupVersion, folders, group_of, groups_and_mounts, groups_of};

/// The statistics of the groups that a process is in, with a quota or without.
#[derive(Debug)]
pub struct QuotaReader(Vec<PathBuf>);

impl QuotaReader {
    /// # Errors
    /// Where there is no such process, or its groups cannot be seen from here.
    pub(crate) fn of(pid: u32) -> io::Result<QuotaReader> {
        let (groups, mounts) = groups_and_mounts(pid)?;
        Self::around(&groups, &mounts)
    }

    /// Around a process with these groups, which are mounted so.
    pub fn around(groups: &str, mounts: &str) -> io::Result<QuotaReader> {
        const CONTROLLER: &str = "cpu";
        let folders = folders(groups, mounts, CONTROLLER);
        if let Some(deciding) = deciding(groups, &folders, CONTROLLER).map_err(io::Error::other)? {
            // Where there are groups, there is at least its own.
            fs::read_to_string(deciding.folder.join("cpu.stat"))?;
        }
        let mut statistics = Vec::new();
        for file in folders.iter().flat_map(CgroupFolder::with_ancestors).map(|folder| folder.join("cpu.stat")) {
            match fs::read_to_string(&file) {
                Ok(text) if throttled_in(&text).is_some() => statistics.push(file),
                // One that counts no periods has no quota, and stops nobody.
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
        Ok(QuotaReader(statistics))
    }

    /// What all of them have stopped so far.
    ///
    /// # Errors
    /// Where a group is gone.
    pub fn so_far(&self) -> io::Result<Throttled> {
        let mut sum = Throttled::default();
        for file in &self.0 {
            let one = throttled_in(&fs::read_to_string(file)?).ok_or(io::ErrorKind::InvalidData)?;
            sum = Throttled { periods: sum.periods + one.periods, stopped_ns: sum.stopped_ns + one.stopped_ns };
        }
        Ok(sum)
    }
}

/// Version 1 tells the time in nanoseconds, version 2 in microseconds, under another name.
pub(crate) fn throttled_in(text: &str) -> Option<Throttled> {
    let field = |name: &str| text.lines().find_map(|line| line.strip_prefix(name)?.trim().parse::<u64>().ok());
    let stopped_ns = field("throttled_time ").or_else(|| field("throttled_usec ")?.checked_mul(1_000))?;
    Some(Throttled { periods: field("nr_throttled ")?, stopped_ns })
}

/// What quotas do to one process from now on.
#[derive(Debug)]
pub(crate) struct QuotaWatch(io::Result<(QuotaReader, Throttled)>);

impl QuotaWatch {
    pub(crate) fn of(pid: u32) -> Self {
        let begin = || {
            let reader = QuotaReader::of(pid)?;
            let before = reader.so_far()?;
            Ok((reader, before))
        };
        Self(begin())
    }

    /// What they did since then, or why that is not known.
    pub(crate) fn since_start(self) -> Result<Throttled, String> {
        let (reader, before) = self.0.map_err(|error| format!("its control groups can't be read: {error}"))?;
        let after = reader.so_far().map_err(|error| format!("its control group is gone: {error}"))?;
        Ok(after.since(before))
    }
}

/// The CPUs that the tightest quota around this process allows, with the file that says so; none where none binds.
pub fn cpu_quota() -> Option<(f64, PathBuf)> {
    let groups = groups_of(std::process::id(), "cpu").unwrap_or_default();
    let quotas = groups.iter().flat_map(|group| group.with_ancestors().filter_map(quota_in));
    quotas.min_by(|(a, _), (b, _)| a.total_cmp(b))
}

fn quota_in(folder: &Path) -> Option<(f64, PathBuf)> {
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
pub(crate) fn quota(text: &str) -> Option<f64> {
    let (allowed, period) = text.trim().split_once(' ')?;
    let (allowed, period): (i64, i64) = (allowed.parse().ok()?, period.parse().ok()?);
    (allowed > 0 && period > 0).then(|| allowed as f64 / period as f64)
}

/// The group that decides on a controller: that of version 1 where there is one, else that of version 2; none where the
/// kernel has no control groups.
///
/// # Errors
/// The group where it cannot be seen from here.
fn deciding<'f>(
    groups: &str,
    folders: &'f [CgroupFolder],
    controller: &str,
) -> Result<Option<&'f CgroupFolder>, String> {
    let named = group_of(groups, Some(controller)).map(|group| (CgroupVersion::One, group));
    let Some((version, group)) = named.or_else(|| Some((CgroupVersion::Two, group_of(groups, None)?))) else {
        return Ok(None);
    };
    let seen = folders.iter().find(|folder| folder.version == version);
    seen.map(Some).ok_or_else(|| format!("its control group {group} is not mounted here"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quota_that_can_not_be_seen_is_not_one_that_stopped_nobody() {
        let root = tempfile::tempdir().unwrap();
        let folder = |version: &str| root.path().join(version);
        let mount = |version: &str, kind: &str, options: &str| {
            format!("30 23 0:26 / {} rw - {kind} {kind} {options}\n", folder(version).display())
        };
        let (one, two) = (mount("one", "cgroup", "rw,cpu"), mount("two", "cgroup2", "rw"));
        let files = |groups: &str, mounts: &str| Ok::<_, io::Error>(QuotaReader::around(groups, mounts)?.0.len());
        for (version, counts) in [("one", "throttled_time 0"), ("two", "throttled_usec 0")] {
            fs::create_dir_all(folder(version).join("a")).unwrap();
            fs::write(folder(version).join("cpu.stat"), "usage_usec 1\n").unwrap();
            fs::write(folder(version).join("a/cpu.stat"), format!("nr_throttled 0\n{counts}\n")).unwrap();
        }
        assert_eq!(files("2:cpu:/a\n0::/\n", &one).unwrap(), 1, "version 2 has no say where version 1 has it");
        assert_eq!(files("0::/a\n", &two).unwrap(), 1);
        assert_eq!(files("", "").unwrap(), 0, "a kernel without control groups");
        for (groups, mounts) in [("2:cpu:/a\n", ""), ("0::/a\n", ""), ("0::/../a\n", &two), ("2:cpu:/b\n", &one)] {
            assert!(files(groups, mounts).is_err(), "{groups}{mounts}");
        }
    }

    #[test]
    fn both_versions_tell_how_often_and_for_how_long() {
        let one = "nr_periods 60\nnr_throttled 57\nthrottled_time 4200000000\nnr_bursts 0\nburst_time 0\n";
        let two = "usage_usec 9\nuser_usec 5\nsystem_usec 4\nnr_periods 60\nnr_throttled 57\nthrottled_usec 4200000\n";
        let truth = Some(Throttled { periods: 57, stopped_ns: 4_200_000_000 });
        assert_eq!(throttled_in(one), truth);
        assert_eq!(throttled_in(two), truth);
        // A group of version 2 without the controller tells what it used and no more.
        assert_eq!(throttled_in("usage_usec 9\nuser_usec 5\nsystem_usec 4\n"), None);
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
        assert_eq!(quota_in(folder.path()), None);
        let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
        write("cpu.cfs_quota_us", "-1\n");
        write("cpu.cfs_period_us", "100000\n");
        assert_eq!(quota_in(folder.path()), None);
        write("cpu.cfs_quota_us", "150000\n");
        assert_eq!(quota_in(folder.path()), Some((1.5, folder.path().join("cpu.cfs_quota_us"))));
        write("cpu.max", "50000 100000\n");
        assert_eq!(quota_in(folder.path()), Some((0.5, folder.path().join("cpu.max"))));
    }
}
