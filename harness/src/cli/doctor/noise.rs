//! What went on on the machine while the doctor looked: who used it, and what kept a thread from its CPU.
//!
//! The limits are those by which a cell is doubted. Beside it: `cli/busy.rs`, `run/validity.rs`;
//! `instruments/src/observe/machine/noise.rs`.

use std::time::{Duration, Instant};
use std::{fs, thread};

use instruments::observe::{MachineSeen, MachineWatch, ServerCpu, allowed_cpus};
use reports::format::share;
use reports::record::{Noise, PlacementKind, Warning};

use super::row::{DoctorRow, RowKind, RowState};
use crate::cli::busy::FirstLook;
use crate::run::{NOISE, machine_doubts};

const KIND: RowKind = RowKind::Noise;

/// How long it looks at the least: what comes once a second is seen.
const SPAN: Duration = Duration::from_secs(3);

/// A look that has begun.
pub(super) struct NoiseWatch {
    begun: Instant,
    first: FirstLook,
    machine: MachineWatch,
}

impl NoiseWatch {
    pub(super) fn start() -> NoiseWatch {
        let cpus = allowed_cpus().unwrap_or_default();
        NoiseWatch { begun: Instant::now(), first: FirstLook::take(), machine: MachineWatch::start(cpus, Vec::new()) }
    }

    /// Looks on until the time is over, and says what was seen.
    pub(super) fn rows(self) -> Vec<DoctorRow> {
        thread::sleep(SPAN.saturating_sub(self.begun.elapsed()));
        let mut rows = vec![of_others(self.first)];
        let MachineSeen { noise, unobserved, .. } = self.machine.stop(ServerCpu::NotWatched);
        rows.extend(of_machine(&noise));
        rows.extend(unobserved.iter().map(|warning| unseen("what could not be seen", warning.describe())));
        rows.extend(["cpu", "memory", "io"].map(|resource| {
            let text = fs::read_to_string(format!("/proc/pressure/{resource}")).ok();
            of_pressure(resource, text.as_deref())
        }));
        rows
    }
}

fn of_others(first: FirstLook) -> DoctorRow {
    const NAME: &str = "other programs";
    const EFFECT: &str = "servers get less CPU time than they would have, and every measurement says so";
    match first.used() {
        Ok((used, true)) => DoctorRow::fine(KIND, NAME, used.words()).but(RowState::Spoils, EFFECT, used.remedy()),
        Ok((used, false)) => DoctorRow::fine(KIND, NAME, used.words()),
        Err(reason) => unseen(NAME, reason),
    }
}

/// What can't be seen is not quiet, and a run would say so of each cell.
fn unseen(name: &str, reason: String) -> DoctorRow {
    DoctorRow::fine(KIND, name, reason).but(
        RowState::Spoils,
        "nobody can say whether the machine was quiet, and every measurement says that",
        "run where /proc and the control groups can be read",
    )
}

fn of_machine(noise: &Noise) -> Vec<DoctorRow> {
    let doubts = machine_doubts(noise, PlacementKind::Isolated);
    let judged = |row: DoctorRow, is_it: fn(&Warning) -> bool| match doubts.iter().find(|doubt| is_it(doubt)) {
        Some(doubt) => row.but(RowState::Spoils, doubt.describe(), doubt.remedy()),
        None => row,
    };
    let mut rows = Vec::new();
    // What others used is known better from their processes; without it, this is about the hypervisor alone.
    if let Some(stolen) = noise.steal_share {
        let row = DoctorRow::fine(KIND, "taken by the hypervisor", format!("{} of the CPUs", share(stolen)));
        rows.push(judged(row, |doubt| matches!(doubt, Warning::NoisyMachine { .. })));
    }
    if let Some(late_ns) = noise.max_hiccup_ns {
        let value = format!("a thread woke {:.1} ms late at the most", late_ns as f64 / 1e6);
        rows.push(judged(DoctorRow::fine(KIND, "waking on time", value), |doubt| {
            matches!(doubt, Warning::Hiccup { .. })
        }));
    }
    if let Some(throttled) = noise.generator_throttled {
        let row = DoctorRow::fine(KIND, "stopped by a CPU quota", format!("{} times", throttled.periods));
        rows.push(judged(row, |doubt| matches!(doubt, Warning::GeneratorThrottled(_))));
    }
    rows
}

/// Time in which somebody waited for a resource (PSI), of the last ten seconds.
fn of_pressure(resource: &str, text: Option<&str>) -> DoctorRow {
    let name = format!("waiting for {resource}");
    let Some(waited) = text.and_then(waited_in) else {
        return DoctorRow::unknown(KIND, name, "this kernel does not count it (PSI)");
    };
    let row = DoctorRow::fine(KIND, name, format!("{} of the last 10 s", share(waited)));
    if waited <= NOISE {
        return row;
    }
    row.but(
        RowState::WorthKnowing,
        "a server that has to wait answers late, whoever is to blame",
        format!("`cat /proc/pressure/{resource}` again in a minute; begin when avg10 is near 0"),
    )
}

/// The share that `some` task waited, from the kernel's percent.
fn waited_in(text: &str) -> Option<f64> {
    let some = text.lines().find(|line| line.starts_with("some "))?;
    let percent: f64 = some.split_whitespace().find_map(|word| word.strip_prefix("avg10="))?.parse().ok()?;
    Some(percent / 100.0)
}

#[cfg(test)]
mod tests {
    use reports::record::Throttled;

    use super::*;

    fn states(noise: Noise) -> Vec<(String, RowState)> {
        of_machine(&noise).into_iter().map(|row| (row.name, row.state)).collect()
    }

    #[test]
    fn each_kind_of_noise_spoils_a_run_by_itself() {
        let quiet = Noise {
            steal_share: Some(0.0),
            max_hiccup_ns: Some(1_000_000),
            generator_throttled: Some(Throttled::default()),
            ..Noise::default()
        };
        let spoilt = |noise: Noise| -> Vec<String> {
            let rows = states(noise).into_iter();
            rows.filter(|(_, state)| *state == RowState::Spoils).map(|(name, _)| name).collect()
        };
        assert_eq!(spoilt(quiet), [] as [String; 0]);
        assert_eq!(spoilt(Noise { steal_share: Some(0.2), ..quiet }), ["taken by the hypervisor"]);
        assert_eq!(spoilt(Noise { max_hiccup_ns: Some(90_000_000), ..quiet }), ["waking on time"]);
        let throttled = Some(Throttled { periods: 3, stopped_ns: 1 });
        assert_eq!(spoilt(Noise { generator_throttled: throttled, ..quiet }), ["stopped by a CPU quota"]);
    }

    #[test]
    fn pressure_is_a_share_of_the_last_ten_seconds() {
        let text =
            "some avg10=97.87 avg60=96.32 avg300=77.65 total=1\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=0\n";
        let row = of_pressure("cpu", Some(text));
        assert_eq!((row.value.as_str(), row.state), ("98% of the last 10 s", RowState::WorthKnowing));
        assert_eq!(of_pressure("io", Some("some avg10=1.00 avg60=0 avg300=0 total=1")).state, RowState::Fine);
        assert_eq!(of_pressure("io", None).state, RowState::Unknown);
    }
}
