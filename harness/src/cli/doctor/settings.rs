//! Settings of the machine that make figures vary: how fast its CPUs run, whether they sleep, which of them share a core, whether
//! memory was moved to disk. None of them spoils a run, and none is ever changed here.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::Path;

use instruments::observe::{allowed_cpus, cpu_latency_limit, idle_driver, swapped_bytes};
use reports::format::count;
use reports::machine::sleep_in_words;
use reports::record::PlacementKind;

use super::row::{DoctorRow, RowKind, RowState};
use crate::plan::place;

const KIND: RowKind = RowKind::Settings;

/// Where the kernel keeps the settings of CPUs.
const CPUS: &str = "/sys/devices/system/cpu";

/// Where a virtual machine says nothing of it.
const OF_THE_HOST: &str = "not told here; on a virtual machine the host decides";

pub(super) fn rows() -> Vec<DoctorRow> {
    let (folder, cpus) = (Path::new(CPUS), allowed_cpus().unwrap_or_default());
    let placement = place(PlacementKind::Isolated, &cpus);
    let sides = [&placement.server_cpus[..], &placement.generator_cpus[..]];
    vec![
        governor(folder, &cpus),
        turbo(folder),
        sleep(idle_driver().as_deref(), cpu_latency_limit()),
        siblings(folder, sides, placement.kind),
        swap(swapped_bytes(Path::new("/proc"))),
    ]
}

fn read(path: &Path) -> Option<String> {
    fs::read_to_string(path).ok().map(|text| text.trim().to_owned())
}

fn governor(folder: &Path, cpus: &[u32]) -> DoctorRow {
    const NAME: &str = "CPU governor";
    const BEST: &str = "performance";
    let of_cpu = |cpu: &u32| read(&folder.join(format!("cpu{cpu}/cpufreq/scaling_governor")));
    let governors: BTreeSet<String> = cpus.iter().filter_map(of_cpu).collect();
    if governors.is_empty() {
        return DoctorRow::unknown(KIND, NAME, OF_THE_HOST);
    }
    let row = DoctorRow::fine(KIND, NAME, governors.iter().cloned().collect::<Vec<_>>().join(", "));
    if governors.iter().all(|governor| governor == BEST) {
        return row;
    }
    row.but(
        RowState::WorthKnowing,
        "a CPU that was idle starts slowly, so small loads look slower than they are",
        format!("`echo {BEST} | sudo tee {CPUS}/cpu*/cpufreq/scaling_governor`"),
    )
}

/// Intel's driver has a file that says it is off, others one that says it is on.
fn turbo(folder: &Path) -> DoctorRow {
    const NAME: &str = "turbo";
    let of_intel = || Some((read(&folder.join("intel_pstate/no_turbo"))? == "0", "intel_pstate/no_turbo", 1));
    let of_others = || Some((read(&folder.join("cpufreq/boost"))? == "1", "cpufreq/boost", 0));
    match of_intel().or_else(of_others) {
        None => DoctorRow::unknown(KIND, NAME, OF_THE_HOST),
        Some((false, ..)) => DoctorRow::fine(KIND, NAME, "off"),
        Some((true, file, off)) => DoctorRow::fine(KIND, NAME, "on").but(
            RowState::WorthKnowing,
            "how fast a CPU runs depends on its heat and on the other CPUs, so figures vary more between repetitions",
            format!("`echo {off} | sudo tee {CPUS}/{file}`"),
        ),
    }
}

/// Whether CPUs that have nothing to do sleep; `limit_us` is what a program asks for, where that could be read.
fn sleep(driver: Option<&str>, limit_us: io::Result<Option<u32>>) -> DoctorRow {
    const NAME: &str = "CPUs sleep";
    let Some(driver) = driver else { return DoctorRow::unknown(KIND, NAME, OF_THE_HOST) };
    let value = match &limit_us {
        Ok(Some(0)) => return DoctorRow::fine(KIND, NAME, sleep_in_words(Some(0))),
        Ok(Some(limit)) => sleep_in_words(Some(*limit)),
        Ok(None) => format!("whenever idle ({driver})"),
        Err(_) => format!(
            "whenever idle ({driver}), as far as is known: only root may read whether a program keeps them awake"
        ),
    };
    DoctorRow::fine(KIND, NAME, value).but(
        RowState::WorthKnowing,
        "a CPU that slept takes up its next request late, so response times and CPU time per request are larger and vary \
         more, above all on a virtual machine",
        "during the run, in another terminal: `sudo sh -c 'exec 3>/dev/cpu_dma_latency; echo 0 >&3; sleep 1h'`",
    )
}

/// Whether server and generator get two halves of one core.
fn siblings(folder: &Path, [server, generator]: [&[u32]; 2], placement: PlacementKind) -> DoctorRow {
    const NAME: &str = "cores shared by two CPUs (SMT)";
    let core_of = |cpu: &u32| read(&folder.join(format!("cpu{cpu}/topology/thread_siblings_list")));
    let cores = |cpus: &[u32]| cpus.iter().map(core_of).collect::<Option<BTreeSet<String>>>();
    let Some((of_server, of_generator)) = cores(server).zip(cores(generator)) else {
        return DoctorRow::unknown(KIND, NAME, OF_THE_HOST);
    };
    let shared: Vec<&String> = of_server.intersection(&of_generator).collect();
    // On one CPU both are on all there is, and the preflight says so.
    if shared.is_empty() || placement == PlacementKind::Shared {
        return DoctorRow::fine(KIND, NAME, "none between server and generator");
    }
    let named: Vec<&str> = shared.iter().map(|core| core.as_str()).collect();
    DoctorRow::fine(KIND, NAME, format!("CPUs {} are one core each", named.join(" and "))).but(
        RowState::WorthKnowing,
        "server and generator slow each other down on it",
        format!(
            "`echo off | sudo tee {CPUS}/smt/control`, or `taskset -c` with one CPU of each core before the command"
        ),
    )
}

fn swap(swapped: Option<u64>) -> DoctorRow {
    const NAME: &str = "memory on disk (swap)";
    match swapped {
        None => DoctorRow::unknown(KIND, NAME, "the kernel does not say"),
        Some(0) => DoctorRow::fine(KIND, NAME, "none"),
        Some(bytes) => DoctorRow::fine(KIND, NAME, format!("{} MiB", count(bytes >> 20))).but(
            RowState::WorthKnowing,
            "a program that has to read its memory back from disk is late",
            "`sudo swapoff -a` before the run, `sudo swapon -a` after it",
        ),
    }
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    /// A machine with these files.
    fn machine(files: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, format!("{text}\n")).unwrap();
        }
        folder
    }

    #[test]
    fn a_governor_that_saves_power_is_named() {
        let [first, second] = ["cpu0/cpufreq/scaling_governor", "cpu1/cpufreq/scaling_governor"];
        for (files, state) in [
            (&[(first, "performance"), (second, "performance")][..], RowState::Fine),
            (&[(first, "performance"), (second, "powersave")], RowState::WorthKnowing),
            (&[], RowState::Unknown),
        ] {
            assert_eq!(governor(machine(files).path(), &[0, 1]).state, state);
        }
    }

    #[test]
    fn turbo_is_found_with_either_driver() {
        for (file, value, state) in [
            ("intel_pstate/no_turbo", "0", RowState::WorthKnowing),
            ("intel_pstate/no_turbo", "1", RowState::Fine),
            ("cpufreq/boost", "1", RowState::WorthKnowing),
            ("cpufreq/boost", "0", RowState::Fine),
            ("else", "0", RowState::Unknown),
        ] {
            assert_eq!(turbo(machine(&[(file, value)]).path()).state, state, "{file} {value}");
        }
    }

    #[test]
    fn cpus_that_sleep_are_named_unless_a_program_keeps_them_awake() {
        let refused = || Err(io::Error::from(io::ErrorKind::PermissionDenied));
        for (driver, limit_us, state, said) in [
            (Some("haltpoll"), Ok(Some(0)), RowState::Fine, "never"),
            (Some("haltpoll"), Ok(Some(1)), RowState::WorthKnowing, "within 1 µs"),
            (Some("intel_idle"), Ok(None), RowState::WorthKnowing, "whenever idle (intel_idle)"),
            (Some("intel_idle"), refused(), RowState::WorthKnowing, "only root may read"),
            (None, Ok(None), RowState::Unknown, ""),
        ] {
            let row = sleep(driver, limit_us);
            assert!(row.state == state && row.value.contains(said), "{driver:?}: {row:?}");
        }
    }

    #[test]
    fn what_keeps_cpus_awake_asks_for_no_latency_at_all() {
        let remedy = sleep(Some("haltpoll"), Ok(None)).remedy.unwrap();
        let (_, script) = remedy.split_once("`sudo sh -c '").unwrap();
        let folder = tempfile::tempdir().unwrap();
        let asked = folder.path().join("asked");
        let script = script.trim_end_matches("'`").replace("/dev/cpu_dma_latency", asked.to_str().unwrap());
        let here = script.replace("sleep 1h", "true");
        assert_ne!(script, here);
        assert!(Command::new("sh").args(["-c", &here]).status().unwrap().success());
        // The kernel takes a number in hexadecimal digits.
        assert_eq!(fs::read_to_string(asked).unwrap(), "0\n", "{script}");
    }

    #[test]
    fn a_core_of_both_sides_is_named() {
        let file = |cpu: u32| format!("cpu{cpu}/topology/thread_siblings_list");
        let paths = [file(0), file(1), file(2), file(3)];
        let folder = machine(&[(&paths[0], "0-1"), (&paths[1], "0-1"), (&paths[2], "2-3"), (&paths[3], "2-3")]);
        let state = |server: &[u32], generator: &[u32], kind| siblings(folder.path(), [server, generator], kind).state;
        assert_eq!(state(&[0], &[1], PlacementKind::Isolated), RowState::WorthKnowing);
        assert_eq!(state(&[0, 1], &[2, 3], PlacementKind::Isolated), RowState::Fine);
        assert_eq!(state(&[0], &[0], PlacementKind::Shared), RowState::Fine);
        assert_eq!(state(&[0], &[9], PlacementKind::Isolated), RowState::Unknown);
    }
}
