//! Control groups around a process: where they are, in the trees of version 1, one for each controller, and in the one of
//! version 2; what CPU they allow it, and how often they stopped it. In a period, usually a tenth of a second, a group may
//! use so much CPU time; once it is used up, all of it stands still until the next.

use std::path::{Component, Path, PathBuf};
use std::{fs, io};

use reports::record::Throttled;

/// The two kinds of tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CgroupVersion {
    One,
    Two,
}

/// The folder of a control group, and where its tree is mounted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CgroupFolder {
    pub(crate) version: CgroupVersion,
    pub(crate) folder: PathBuf,
    mount: PathBuf,
}

impl CgroupFolder {
    /// The group and those that it is in, the nearest first, as far up as this process can see: the limits of each of
    /// them hold.
    pub(crate) fn with_ancestors(&self) -> impl Iterator<Item = &Path> {
        self.folder.ancestors().take_while(|folder| folder.starts_with(&self.mount))
    }

    /// The group that this one is in, if it can be seen.
    pub(crate) fn parent(&self) -> Option<CgroupFolder> {
        let folder = self.folder.parent().filter(|parent| parent.starts_with(&self.mount))?;
        Some(CgroupFolder { folder: folder.to_owned(), ..self.clone() })
    }
}

/// The groups of a process in which a controller may be: that of version 2 first, then that of version 1. None where no
/// control groups are mounted.
///
/// # Errors
/// Where there is no such process.
pub(crate) fn groups_of(pid: u32, controller: &str) -> io::Result<Vec<CgroupFolder>> {
    let (groups, mounts) = groups_and_mounts(pid)?;
    Ok(folders(&groups, &mounts, controller))
}

/// What the kernel says of the groups of a process, and of all that is mounted as this process sees it, whose files it will
/// read.
fn groups_and_mounts(pid: u32) -> io::Result<(String, String)> {
    Ok((fs::read_to_string(format!("/proc/{pid}/cgroup"))?, fs::read_to_string("/proc/self/mountinfo")?))
}

/// As [`groups_of`], from the text of both files. A group that cannot be seen from here is left out.
pub(crate) fn folders(groups: &str, mounts: &str, controller: &str) -> Vec<CgroupFolder> {
    let trees = [(CgroupVersion::Two, "cgroup2", None), (CgroupVersion::One, "cgroup", Some(controller))];
    let folder_in = |(version, kind, controller)| {
        let group = Path::new(group_of(groups, controller)?);
        // Of a tree several parts may be mounted, and the group may be in none of them.
        mounts_of(mounts, kind, controller).find_map(|(root, mount)| {
            let below = group.strip_prefix(&root).ok()?;
            let leads_out = |part| matches!(part, Component::ParentDir | Component::RootDir);
            let is_inside = !below.components().any(leads_out);
            // Joined with nothing, the path would end with a slash.
            let folder = if below.as_os_str().is_empty() { mount.clone() } else { mount.join(below) };
            is_inside.then_some(CgroupFolder { version, folder, mount })
        })
    };
    trees.into_iter().filter_map(folder_in).collect()
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

/// Which parts of the tree of a controller, or of version 2, are mounted, and where.
fn mounts_of<'a>(
    mounts: &'a str,
    kind: &'a str,
    controller: Option<&'a str>,
) -> impl Iterator<Item = (PathBuf, PathBuf)> + 'a {
    mounts.lines().filter_map(move |line| {
        let (place, what) = line.split_once(" - ")?;
        let mut words = what.split(' ');
        let is_kind = words.next() == Some(kind);
        let fits = is_kind && words.nth(1).is_some_and(|options| is_named(options, controller));
        let mut place = place.split(' ').skip(3);
        fits.then(|| Some((unescaped(place.next()?), unescaped(place.next()?)))).flatten()
    })
}

/// The kernel writes what would end a field as three octal digits.
fn unescaped(field: &str) -> PathBuf {
    let escapes = [("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")];
    escapes.into_iter().fold(field.to_owned(), |text, (escape, is)| text.replace(escape, is)).into()
}

/// The group of a process in the tree of a controller, or of version 2.
fn group_of<'a>(groups: &'a str, controller: Option<&str>) -> Option<&'a str> {
    groups.lines().find_map(|line| {
        let mut fields = line.splitn(3, ':');
        let (_, names, group) = (fields.next()?, fields.next()?, fields.next()?);
        let fits = controller.map_or(names.is_empty(), |_| is_named(names, controller));
        fits.then_some(group)
    })
}

fn is_named(list: &str, controller: Option<&str>) -> bool {
    controller.is_none_or(|name| list.split(',').any(|word| word == name))
}

/// The statistics of the groups that a process is in, with a quota or without.
#[derive(Debug)]
pub(crate) struct QuotaReader(Vec<PathBuf>);

impl QuotaReader {
    /// # Errors
    /// Where there is no such process, or its groups cannot be seen from here.
    pub(crate) fn of(pid: u32) -> io::Result<QuotaReader> {
        let (groups, mounts) = groups_and_mounts(pid)?;
        Self::around(&groups, &mounts)
    }

    /// Around a process with these groups, which are mounted so.
    pub(crate) fn around(groups: &str, mounts: &str) -> io::Result<QuotaReader> {
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
    pub(crate) fn so_far(&self) -> io::Result<Throttled> {
        let mut sum = Throttled::default();
        for file in &self.0 {
            let one = throttled_in(&fs::read_to_string(file)?).ok_or(io::ErrorKind::InvalidData)?;
            sum = Throttled { periods: sum.periods + one.periods, stopped_ns: sum.stopped_ns + one.stopped_ns };
        }
        Ok(sum)
    }
}

/// Version 1 tells the time in nanoseconds, version 2 in microseconds, under another name.
pub(super) fn throttled_in(text: &str) -> Option<Throttled> {
    let field = |name: &str| text.lines().find_map(|line| line.strip_prefix(name)?.trim().parse::<u64>().ok());
    let stopped_ns = field("throttled_time ").or_else(|| field("throttled_usec ")?.checked_mul(1_000))?;
    Some(Throttled { periods: field("nr_throttled ")?, stopped_ns })
}

/// What quotas do to one process from now on.
#[derive(Debug)]
pub(super) struct QuotaWatch(io::Result<(QuotaReader, Throttled)>);

impl QuotaWatch {
    pub(super) fn of(pid: u32) -> Self {
        let begin = || {
            let reader = QuotaReader::of(pid)?;
            let before = reader.so_far()?;
            Ok((reader, before))
        };
        Self(begin())
    }

    /// Since the start, or why that is not known.
    pub(super) fn so_far(self) -> Result<Throttled, String> {
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
pub(super) fn quota(text: &str) -> Option<f64> {
    let (allowed, period) = text.trim().split_once(' ')?;
    let (allowed, period): (i64, i64) = (allowed.parse().ok()?, period.parse().ok()?);
    (allowed > 0 && period > 0).then(|| allowed as f64 / period as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOUNTS_V1: &str = "31 23 0:27 / /sys/fs/cgroup/pids rw,relatime - cgroup cgroup rw,pids\n\
        32 23 0:28 / /sys/fs/cgroup/cpu,cpuacct rw,relatime - cgroup cgroup rw,cpu,cpuacct\n";
    const MOUNTS_V2: &str = "30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n";

    fn found(groups: &str, mounts: &str, controller: &str) -> Vec<(CgroupVersion, String)> {
        let shown = |group: CgroupFolder| (group.version, group.folder.to_str().unwrap().to_owned());
        folders(groups, mounts, controller).into_iter().map(shown).collect()
    }

    #[test]
    fn each_version_has_its_tree_and_its_name() {
        let groups = "9:name=systemd:/\n8:pids:/box/inner\n2:cpu,cpuacct:/a\n0::/user.slice/x.scope\n";
        let (one, two) = (CgroupVersion::One, CgroupVersion::Two);
        assert_eq!(found(groups, MOUNTS_V1, "pids"), [(one, "/sys/fs/cgroup/pids/box/inner".to_owned())]);
        assert_eq!(found(groups, MOUNTS_V1, "cpu"), [(one, "/sys/fs/cgroup/cpu,cpuacct/a".to_owned())]);
        assert_eq!(found(groups, MOUNTS_V1, "memory"), []);
        assert_eq!(found(groups, MOUNTS_V2, "cpu"), [(two, "/sys/fs/cgroup/user.slice/x.scope".to_owned())]);
        let both = format!("{MOUNTS_V1}{MOUNTS_V2}");
        assert_eq!(found(groups, &both, "pids").len(), 2);
        assert_eq!(found("", "", "pids"), []);
    }

    /// As a container sees it whose own group is mounted as the whole tree, with or without a namespace of its own.
    #[test]
    fn a_part_of_a_tree_begins_where_it_is_mounted() {
        let mounts = MOUNTS_V1.replace("0:27 / ", "0:27 /docker/c1 ");
        let folder = |group: &str| found(&format!("8:pids:{group}\n"), &mounts, "pids").remove(0).1;
        assert_eq!(folder("/docker/c1/inner"), "/sys/fs/cgroup/pids/inner");
        assert_eq!(folder("/docker/c1"), "/sys/fs/cgroup/pids");
        // What lies outside of it is not the group with the nearest name.
        for outside in ["/elsewhere", "/docker/c10/x", "/docker", "/docker/c1/../x"] {
            assert_eq!(found(&format!("8:pids:{outside}\n"), &mounts, "pids"), [], "{outside}");
        }
        assert_eq!(found("0::/../outside\n", MOUNTS_V2, "pids"), []);
        // Of two parts that are mounted, the one that holds it.
        let two = format!("{}{}", mounts.replace("c1 ", "c2 "), mounts.replace("/pids ", "/my\\040pids "));
        assert_eq!(found("8:pids:/docker/c1/a\n", &two, "pids")[0].1, "/sys/fs/cgroup/my pids/a");
    }

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
    fn the_way_up_ends_where_the_tree_is_mounted() {
        let group = folders("0::/a/b\n", MOUNTS_V2, "pids").remove(0);
        let way: Vec<&str> = group.with_ancestors().map(|folder| folder.to_str().unwrap()).collect();
        assert_eq!(way, ["/sys/fs/cgroup/a/b", "/sys/fs/cgroup/a", "/sys/fs/cgroup"]);
        let top = group.parent().unwrap().parent().unwrap();
        assert_eq!((top.folder.to_str(), top.parent()), (Some("/sys/fs/cgroup"), None));
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
