//! Limits of the machine that may stop a run, and the memory that a run could have, looked at before any load. Nothing is
//! changed but this process's own soft limit of descriptors: the remedies are for the person to decide on.
//!
//! Beside it: `../machine.rs`, what the machine is; `../cgroups.rs`, where the groups are that limit it.

use std::path::Path;
use std::{fs, io};

use reports::record::Limit;
use rustix::process::{Resource, getrlimit, setrlimit};

use crate::observe::cgroups::{CgroupFolder, groups_of};
use crate::observe::proc_file::{bytes_of, number, text};

/// The most that a plan needs at any moment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Needs {
    /// Open files of one process, server or generator, whichever has more.
    pub descriptors: u64,
    /// Threads of one server.
    pub threads: u64,
    /// Connections from one source address to the server, those in TIME_WAIT included.
    pub connections: u64,
    /// Accept queue of the server.
    pub backlog: u64,
}

/// A limit of the machine with its value and what is needed of it, and what follows where it is too low.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MachineLimit {
    /// What follows.
    pub kind: LimitKind,
    /// As it is saved.
    pub limit: Limit,
}

/// What follows where a limit is too low.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LimitKind {
    /// There can be fewer connections.
    Connections,
    /// The same as of the hard limit, to which it is raised.
    SoftLimit,
    /// Connections are delayed, and none is prevented.
    AcceptQueue,
}

/// Every limit with its value and what is needed of it.
pub fn limits(needs: &Needs) -> Vec<MachineLimit> {
    [of_files(needs.descriptors), of_threads(needs.threads), of_connections(needs.connections, needs.backlog)].concat()
}

fn limit(name: &str, value: Option<u64>, needed: impl Into<Option<u64>>, remedy: String) -> MachineLimit {
    let limit = Limit { name: name.to_owned(), value, needed: needed.into(), remedy };
    MachineLimit { kind: LimitKind::Connections, limit }
}

impl MachineLimit {
    fn of_kind(self, kind: LimitKind) -> MachineLimit {
        MachineLimit { kind, ..self }
    }

    fn is_too_low(&self) -> bool {
        matches!((self.limit.value, self.limit.needed), (Some(value), Some(needed)) if value < needed)
    }
}

/// A limit that is a file below `/proc/sys`, and is raised by writing it.
fn sysctl(what: &str, key: &str, needed: impl Into<Option<u64>>, raise_to: u64) -> MachineLimit {
    let value = number(format!("/proc/sys/{}", key.replace('.', "/")));
    // A remedy never lowers what is there.
    let raised = value.map_or(raise_to, |value| value.max(raise_to));
    limit(&format!("{what} ({key})"), value, needed, format!("sudo sysctl -w {key}={raised}"))
}

fn of_files(needed: u64) -> Vec<MachineLimit> {
    let files = getrlimit(Resource::Nofile);
    let raise_hard = format!("sudo prlimit --pid $$ --nofile={needed}:{needed}");
    vec![
        limit("open files, soft (RLIMIT_NOFILE)", files.current, needed, format!("ulimit -n {needed}"))
            .of_kind(LimitKind::SoftLimit),
        limit("open files, hard (RLIMIT_NOFILE)", files.maximum, needed, raise_hard),
    ]
}

fn of_threads(needed: u64) -> Vec<MachineLimit> {
    // Each thread has four mappings: its stack, the stack of its signal handlers, and a guard page below each.
    let maps = 4 * needed + OTHER_MAPS;
    // The machine runs other threads too.
    let ample = 2 * needed;
    let group = lowest_pids_max();
    let raise_group = format!("run the container with --pids-limit={ample}, or the systemd unit with TasksMax={ample}");
    let of_user = getrlimit(Resource::Nproc).current;
    vec![
        sysctl("memory mappings", "vm.max_map_count", maps, maps),
        sysctl("threads of the machine", "kernel.threads-max", needed, ample),
        sysctl("process ids", "kernel.pid_max", needed, ample),
        limit("threads of the user (RLIMIT_NPROC)", of_user, needed, format!("ulimit -u {ample}")),
        limit("threads of the control group (pids.max)", group, needed, raise_group),
    ]
}

fn of_connections(needed: u64, backlog: u64) -> Vec<MachineLimit> {
    let ports = text("/proc/sys/net/ipv4/ip_local_port_range").and_then(|range| ports_in(&range));
    let raise_ports = "sudo sysctl -w net.ipv4.ip_local_port_range=\"1024 65535\"".to_owned();
    vec![
        limit("local ports of one address (net.ipv4.ip_local_port_range)", ports, needed, raise_ports),
        sysctl("accept queue", "net.core.somaxconn", backlog, backlog).of_kind(LimitKind::AcceptQueue),
        // Nothing is needed of it: connections beyond it are forgotten early, which costs the kernel's log a line.
        sysctl("connections in TIME_WAIT", "net.ipv4.tcp_max_tw_buckets", None, 2 * needed),
    ]
}

/// The mappings of a program without threads: its segments, libraries, heap, and the allocator's arenas.
const OTHER_MAPS: u64 = 200;

/// Those limits that are below what is needed.
pub fn shortfalls(limits: &[MachineLimit]) -> Vec<&MachineLimit> {
    limits.iter().filter(|limit| limit.is_too_low()).collect()
}

/// Raises this process's soft limit of open files to the hard limit, which anyone may; children inherit it. Returns
/// the limit now in force, `None` where there is none.
///
/// # Errors
/// Where the kernel refuses, as it may a hard limit above `fs.nr_open`.
pub fn raise_soft_descriptor_limit() -> io::Result<Option<u64>> {
    let mut files = getrlimit(Resource::Nofile);
    files.current = files.maximum;
    setrlimit(Resource::Nofile, files)?;
    Ok(getrlimit(Resource::Nofile).current)
}

/// The lowest `pids.max` on the way from this process's control groups to the root: each of them binds.
fn lowest_pids_max() -> Option<u64> {
    let groups = groups_of(std::process::id(), "pids").ok()?;
    let folders = groups.iter().flat_map(CgroupFolder::with_ancestors);
    folders.filter_map(|folder| number(folder.join("pids.max"))).min()
}

/// Number of ports in a range as the kernel writes it, ends included.
pub(in crate::observe) fn ports_in(range: &str) -> Option<u64> {
    let (low, high) = range.split_once(char::is_whitespace)?;
    let (low, high): (u64, u64) = (low.parse().ok()?, high.trim().parse().ok()?);
    high.checked_add(1)?.checked_sub(low)
}

/// Bytes that programs can have without anything being moved to disk, and without a control group's limit being reached. `proc`
/// is where the kernel's files are. Absent where the kernel does not say.
pub fn free_memory_bytes(proc: &Path) -> Option<u64> {
    let of_machine = bytes_of(&fs::read_to_string(proc.join("meminfo")).ok()?, "MemAvailable")?;
    let groups = groups_of(std::process::id(), "memory").unwrap_or_default();
    let of_groups = groups.iter().flat_map(CgroupFolder::with_ancestors).filter_map(room_in);
    Some(of_groups.fold(of_machine, u64::min))
}

/// Bytes that have been moved to disk.
pub fn swapped_bytes(proc: &Path) -> Option<u64> {
    let meminfo = fs::read_to_string(proc.join("meminfo")).ok()?;
    bytes_of(&meminfo, "SwapTotal")?.checked_sub(bytes_of(&meminfo, "SwapFree")?)
}

/// What a group has left. Files that were read lately count as its memory and are given up first.
fn room_in(folder: &Path) -> Option<u64> {
    let read = |name: &str| number(folder.join(name));
    let (limit, used, key) = match (read("memory.max"), read("memory.limit_in_bytes")) {
        (Some(limit), _) => (limit, read("memory.current")?, "inactive_file "),
        (None, Some(limit)) => (limit, read("memory.usage_in_bytes")?, "total_inactive_file "),
        (None, None) => return None,
    };
    let statistics = text(folder.join("memory.stat")).unwrap_or_default();
    let files = statistics.lines().find_map(|line| line.strip_prefix(key)?.parse::<u64>().ok()).unwrap_or(0);
    Some(limit.saturating_sub(used.saturating_sub(files)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shortfall_is_a_value_below_its_need() {
        let row = |value, needed| limit("x", value, needed, "y".into());
        let all = [row(Some(9), Some(10)), row(Some(10), Some(10)), row(None, Some(10)), row(Some(1), None)];
        assert_eq!(shortfalls(&all), [&all[0]]);
    }

    #[test]
    fn a_plan_too_big_for_any_machine_falls_short_of_maps() {
        let needs = Needs { threads: u64::from(u32::MAX), ..Needs::default() };
        let all = limits(&needs);
        assert!(shortfalls(&all).iter().any(|limit| limit.limit.name.contains("max_map_count")));
        assert_eq!(shortfalls(&limits(&Needs { threads: 1, ..Needs::default() })), Vec::<&MachineLimit>::new());
    }

    #[test]
    fn the_kernels_limits_are_found() {
        let all = limits(&Needs::default());
        for key in ["vm.max_map_count", "kernel.threads-max", "kernel.pid_max", "ip_local_port_range", "somaxconn"] {
            assert!(all.iter().any(|limit| limit.limit.name.contains(key) && limit.limit.value > Some(0)), "{key}");
        }
    }

    #[test]
    fn ranges_count_both_ends() {
        assert_eq!(ports_in("32768\t60999"), Some(28_232));
        assert_eq!(ports_in("60999 32768"), None);
        assert_eq!(ports_in("32768"), None);
    }

    #[test]
    fn the_soft_limit_reaches_the_hard_one() {
        assert_eq!(raise_soft_descriptor_limit().unwrap(), getrlimit(Resource::Nofile).maximum);
    }

    #[test]
    fn a_groups_room_is_its_limit_without_what_it_can_not_give_up() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
        assert_eq!(room_in(folder.path()), None);
        write("memory.limit_in_bytes", "1000\n");
        write("memory.usage_in_bytes", "700\n");
        write("memory.stat", "inactive_file 1\ntotal_inactive_file 100\n");
        assert_eq!(room_in(folder.path()), Some(400));
        write("memory.max", "500\n");
        write("memory.current", "700\n");
        assert_eq!(room_in(folder.path()), Some(0));
        write("memory.max", "max\n");
        assert_eq!(room_in(folder.path()), Some(400), "version 2 has no limit");
    }

    #[test]
    fn the_machine_says_what_is_free_and_what_is_on_disk() {
        let proc = tempfile::tempdir().unwrap();
        assert_eq!((free_memory_bytes(proc.path()), swapped_bytes(proc.path())), (None, None));
        fs::write(proc.path().join("meminfo"), "MemAvailable: 1 kB\nSwapTotal: 8 kB\nSwapFree: 5 kB\n").unwrap();
        assert_eq!((free_memory_bytes(proc.path()), swapped_bytes(proc.path())), (Some(1_024), Some(3_072)));
        assert!(free_memory_bytes(Path::new("/proc")).is_some());
    }
}
