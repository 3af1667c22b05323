//! The machine of a run: what it is, as far as it bears on the numbers.
//!
//! Within: `machine/limits.rs`, what of it may stop a run; `machine/pinning.rs`, who may use which CPU; `machine/cpus.rs`,
//! what all CPUs did; `machine/busiest.rs`, who used them before a load; `machine/noise.rs`, what went on besides meanwhile.

pub(super) mod busiest;
pub mod cpus;
pub(super) mod limits;
pub(super) mod noise;
pub(super) mod pinning;

use std::io;

use reports::record::Machine;
use rustix::system::uname;
use rustix::thread::sched_getaffinity;

use super::proc_file::{bytes_of, text};
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
        cpu_latency_limit_us: cpu_latency_limit().ok().flatten(),
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

/// Microseconds that a CPU may take to wake up, where a program asks for that (`Documentation/power/pm_qos_interface.rst`).
/// Nothing where none does, and where the kernel has no idle driver, which alone heeds it.
///
/// # Errors
/// Where there is no such device, as in many containers, or only root may read it.
pub fn cpu_latency_limit() -> io::Result<Option<u32>> {
    let bytes = std::fs::read("/dev/cpu_dma_latency")?;
    Ok(latency_limit(&bytes).filter(|_| idle_driver().is_some()))
}

/// What puts a CPU to sleep that has nothing to do, such as `intel_idle`.
pub fn idle_driver() -> Option<String> {
    text("/sys/devices/system/cpu/cpuidle/current_driver").filter(|driver| driver != "none")
}

/// As the kernel says it: four bytes, and 2,000 seconds where nobody has asked.
fn latency_limit(bytes: &[u8]) -> Option<u32> {
    const NOBODY_ASKED: u32 = 2_000_000_000;
    let limit = u32::from_ne_bytes(bytes.try_into().ok()?);
    (limit < NOBODY_ASKED).then_some(limit)
}

/// Bytes of kernel stack of one thread: the kernel's total over all threads of the machine, rounded to the power of two
/// that a stack has to be. The total lags a little behind threads that come and go, so it is never divided evenly.
pub(super) fn kernel_stack(meminfo: &str, loadavg: &str) -> Option<u64> {
    let total = bytes_of(meminfo, "KernelStack")?;
    let threads: u64 = loadavg.split_ascii_whitespace().nth(3)?.split_once('/')?.1.parse().ok()?;
    let mean = total.checked_div(threads).filter(|mean| *mean > 0)?;
    let below: u64 = 1 << mean.ilog2();
    let (from_below, to_above) = (mean - below, below - (mean - below));
    if from_below < to_above { Some(below) } else { below.checked_mul(2) }
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
    fn a_latency_limit_is_one_that_somebody_asked_for() {
        let said = |limit: u32| latency_limit(&limit.to_ne_bytes());
        assert_eq!([said(0), said(20), said(2_000_000_000)], [Some(0), Some(20), None]);
        assert_eq!(latency_limit(b"20\n"), None);
    }

    #[test]
    fn a_kernel_stack_is_the_nearest_power_of_two() {
        let meminfo = |kilobytes: u64| format!("MemTotal: 5 kB\nKernelStack:        {kilobytes} kB\n");
        assert_eq!(kernel_stack(&meminfo(1380), "0.05 0.09 0.11 1/85 8060\n"), Some(16_384));
        assert_eq!(kernel_stack(&meminfo(1200), "0.05 0.09 0.11 1/85 8060\n"), Some(16_384));
        assert_eq!(kernel_stack(&meminfo(820), "0.05 0.09 0.11 1/100 8060\n"), Some(8192));
        assert_eq!(kernel_stack(&meminfo(1380), "0.05 0.09 0.11 1/0 8060\n"), None);
        // 2^63 bytes, and 3/2 of that, which is as near to 2^64.
        assert_eq!(kernel_stack(&meminfo(9_007_199_254_740_992), "0.05 0.09 0.11 1/1 8060\n"), Some(1 << 63));
        assert_eq!(kernel_stack(&meminfo(13_510_798_882_111_488), "0.05 0.09 0.11 1/1 8060\n"), None);
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
}
