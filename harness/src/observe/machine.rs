//! The machine of a run: what it is, as far as it bears on the numbers, and its limits that may stop a run, both looked at
//! before any load. Nothing is changed but this process's own soft limit of descriptors: the remedies are for the person to
//! decide on.

use std::io;

use reports::record::{Limit, Machine};
use rustix::process::{Resource, getrlimit, setrlimit};
use rustix::system::uname;
use rustix::thread::sched_getaffinity;

use super::cgroups::{CgroupFolder, groups_of};
use super::proc_file::{bytes_of, number, text};
use crate::allocator::chosen;

/// What this machine is. Some milliseconds; to be read while nothing runs.
///
/// # Errors
/// Where `/proc` is not there, without which nothing can be observed.
pub fn machine() -> io::Result<Machine> {
    let cpuinfo = std::fs::read_to_string("/proc/cpuinfo")?;
    let meminfo = std::fs::read_to_string("/proc/meminfo")?;
    let loadavg = std::fs::read_to_string("/proc/loadavg")?;
    let missing = |what| io::Error::new(io::ErrorKind::InvalidData, format!("/proc does not tell {what}"));
    let name = uname();
    let unknown = || "unknown".to_owned();
    Ok(Machine {
        cpu_model: cpu_model(&cpuinfo).unwrap_or_else(|| name.machine().to_string_lossy().into_owned()),
        cpus: sched_getaffinity(None)?.count(),
        memory_bytes: bytes_of(&meminfo, "MemTotal").ok_or_else(|| missing("the memory"))?,
        kernel: format!("{} {}", name.release().to_string_lossy(), name.version().to_string_lossy()),
        clock_source: text("/sys/devices/system/clocksource/clocksource0/current_clocksource").unwrap_or_else(unknown),
        congestion_control: text("/proc/sys/net/ipv4/tcp_congestion_control").unwrap_or_else(unknown),
        virtualised: virtualised(&cpuinfo),
        governor: text("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"),
        allocator: allocator(),
        kernel_stack_bytes_per_thread: kernel_stack(&meminfo, &loadavg).ok_or_else(|| missing("the kernel stacks"))?,
    })
}

pub(super) fn cpu_model(cpuinfo: &str) -> Option<String> {
    cpuinfo.lines().find_map(|line| Some(line.strip_prefix("model name")?.split_once(':')?.1.trim().to_owned()))
}

/// Whether the CPU says that a hypervisor is beneath; `None` on processors that list no flags.
pub(super) fn virtualised(cpuinfo: &str) -> Option<bool> {
    let flags = cpuinfo.lines().find_map(|line| line.strip_prefix("flags")?.split_once(':'))?.1;
    Some(flags.split_ascii_whitespace().any(|flag| flag == "hypervisor"))
}

/// Bytes of kernel stack of one thread: the kernel's total over all threads of the machine, rounded to the power of two
/// that a stack has to be. The total lags a little behind threads that come and go, so it is never divided evenly.
pub(super) fn kernel_stack(meminfo: &str, loadavg: &str) -> Option<u64> {
    let total = bytes_of(meminfo, "KernelStack")?;
    let threads: u64 = loadavg.split_ascii_whitespace().nth(3)?.split_once('/')?.1.parse().ok()?;
    let mean = total.checked_div(threads).filter(|mean| *mean > 0)?;
    let below = 1 << mean.ilog2();
    Some(if mean - below < 2 * below - mean { below } else { 2 * below })
}

/// The allocator of this program, which is also every server's.
fn allocator() -> String {
    if let Some(chosen) = chosen() {
        return chosen;
    }
    if cfg!(target_env = "musl") {
        return "system (musl)".to_owned();
    }
    match std::fs::read_to_string("/proc/self/maps").ok().and_then(|maps| glibc_version(&maps)) {
        Some(version) => format!("system (glibc {version})"),
        None => "system".to_owned(),
    }
}

/// The version that the mapped C library says of itself. Asking it by a call needs foreign code, and `ldd` may speak of
/// another one.
fn glibc_version(maps: &str) -> Option<String> {
    let path = maps.lines().filter_map(|line| line.split_ascii_whitespace().nth(5)).find(|path| {
        path.rsplit('/').next().is_some_and(|file| file.starts_with("libc.so") || file.starts_with("libc-"))
    })?;
    version_in(&std::fs::read(path).ok()?)
}

pub(super) fn version_in(library: &[u8]) -> Option<String> {
    const BEFORE: &[u8] = b"stable release version ";
    let at = library.windows(BEFORE.len()).position(|window| window == BEFORE)? + BEFORE.len();
    let version: String =
        library[at..].iter().map(|byte| char::from(*byte)).take_while(|c| c.is_ascii_digit() || *c == '.').collect();
    // The sentence in the library ends with a full stop.
    Some(version.trim_end_matches('.').to_owned())
}

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
    let value = number(&format!("/proc/sys/{}", key.replace('.', "/")));
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
    folders.filter_map(|folder| number(folder.join("pids.max").to_str()?)).min()
}

/// Number of ports in a range as the kernel writes it, ends included.
pub(super) fn ports_in(range: &str) -> Option<u64> {
    let (low, high) = range.split_once(char::is_whitespace)?;
    let (low, high): (u64, u64) = (low.parse().ok()?, high.trim().parse().ok()?);
    high.checked_add(1)?.checked_sub(low)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cpuinfo_tells_model_and_hypervisor() {
        let cpuinfo = "processor\t: 0\nmodel name\t: Some: CPU @ 2.5GHz\nflags\t\t: fpu hypervisor sse\n";
        assert_eq!(cpu_model(cpuinfo).as_deref(), Some("Some: CPU @ 2.5GHz"));
        assert_eq!(virtualised(cpuinfo), Some(true));
        assert_eq!(virtualised("flags\t: fpu nohypervisor\n"), Some(false));
        assert_eq!(virtualised("Features\t: fp asimd\n"), None);
    }

    #[test]
    fn a_kernel_stack_is_the_nearest_power_of_two() {
        let meminfo = |kilobytes| format!("MemTotal: 5 kB\nKernelStack:        {kilobytes} kB\n");
        assert_eq!(kernel_stack(&meminfo(1380), "0.05 0.09 0.11 1/85 8060\n"), Some(16_384));
        assert_eq!(kernel_stack(&meminfo(1200), "0.05 0.09 0.11 1/85 8060\n"), Some(16_384));
        assert_eq!(kernel_stack(&meminfo(820), "0.05 0.09 0.11 1/100 8060\n"), Some(8192));
        assert_eq!(kernel_stack(&meminfo(1380), "0.05 0.09 0.11 1/0 8060\n"), None);
        assert_eq!(kernel_stack("MemTotal: 5 kB\n", "0.05 0.09 0.11 1/85 8060\n"), None);
    }

    #[test]
    fn the_library_says_its_version() {
        let library = b"\0GNU C Library (Debian GLIBC 2.36-9) stable release version 2.36.\nCopyright";
        assert_eq!(version_in(library).as_deref(), Some("2.36"));
        assert_eq!(version_in(b"another library"), None);
    }

    #[test]
    fn this_machine_can_be_told() {
        let machine = machine().unwrap();
        assert!(machine.cpus >= 1 && machine.memory_bytes > 1 << 20);
        assert!(machine.kernel_stack_bytes_per_thread.is_power_of_two());
    }

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
}
