//! Memory that a run could have: of the machine, and of the control groups around this process.
//!
//! Beside it: `machine.rs`, what the machine has; `cgroups.rs`, where the groups are.

use std::fs;
use std::path::Path;

use super::cgroups::{CgroupFolder, groups_of};
use super::proc_file::{bytes_of, number, text};

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
    let read = |name: &str| number(folder.join(name).to_str()?);
    let (limit, used, key) = match (read("memory.max"), read("memory.limit_in_bytes")) {
        (Some(limit), _) => (limit, read("memory.current")?, "inactive_file "),
        (None, Some(limit)) => (limit, read("memory.usage_in_bytes")?, "total_inactive_file "),
        (None, None) => return None,
    };
    let statistics = text(folder.join("memory.stat").to_str()?).unwrap_or_default();
    let files = statistics.lines().find_map(|line| line.strip_prefix(key)?.parse::<u64>().ok()).unwrap_or(0);
    Some(limit.saturating_sub(used.saturating_sub(files)))
}

#[cfg(test)]
mod tests {
    use super::*;

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
