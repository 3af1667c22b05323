//! Control groups around a process: where they are, in the trees of version 1, one for each controller, and in the one of
//! version 2.
//!
//! Within: `cgroups/quota.rs`, what CPU they allow.

pub(super) mod quota;

use std::path::{Component, Path, PathBuf};
use std::{fs, io};

pub use quota::QuotaReader;
pub(crate) use quota::QuotaWatch;
pub use quota::cpu_quota;

/// The two kinds of tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CgroupVersion {
    /// A tree for each controller.
    One,
    /// One tree for all.
    Two,
}

/// The folder of a control group, and where its tree is mounted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CgroupFolder {
    /// Of the tree that it is in.
    pub version: CgroupVersion,
    /// Where its files are.
    pub folder: PathBuf,
    mount: PathBuf,
}

impl CgroupFolder {
    /// The group and those that it is in, the nearest first, as far up as this process can see: the limits of each of
    /// them hold.
    pub fn with_ancestors(&self) -> impl Iterator<Item = &Path> {
        self.folder.ancestors().take_while(|folder| folder.starts_with(&self.mount))
    }

    /// The group that this one is in, if it can be seen.
    pub fn parent(&self) -> Option<CgroupFolder> {
        let folder = self.folder.parent().filter(|parent| parent.starts_with(&self.mount))?;
        Some(CgroupFolder { folder: folder.to_owned(), ..self.clone() })
    }
}

/// The groups of a process in which a controller may be: that of version 2 first, then that of version 1. None where no
/// control groups are mounted.
///
/// # Errors
/// Where there is no such process.
pub fn groups_of(pid: u32, controller: &str) -> io::Result<Vec<CgroupFolder>> {
    let (groups, mounts) = groups_and_mounts(pid)?;
    Ok(folders(&groups, &mounts, controller))
}

/// What the kernel says of the groups of a process, and of all that is mounted as this process sees it, whose files it will
/// read.
fn groups_and_mounts(pid: u32) -> io::Result<(String, String)> {
    Ok((fs::read_to_string(format!("/proc/{pid}/cgroup"))?, fs::read_to_string("/proc/self/mountinfo")?))
}

/// As [`groups_of`], from the text of both files. A group that cannot be seen from here is left out.
pub fn folders(groups: &str, mounts: &str, controller: &str) -> Vec<CgroupFolder> {
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
    fn the_way_up_ends_where_the_tree_is_mounted() {
        let group = folders("0::/a/b\n", MOUNTS_V2, "pids").remove(0);
        let way: Vec<&str> = group.with_ancestors().map(|folder| folder.to_str().unwrap()).collect();
        assert_eq!(way, ["/sys/fs/cgroup/a/b", "/sys/fs/cgroup/a", "/sys/fs/cgroup"]);
        let top = group.parent().unwrap().parent().unwrap();
        assert_eq!((top.folder.to_str(), top.parent()), (Some("/sys/fs/cgroup"), None));
    }
}
