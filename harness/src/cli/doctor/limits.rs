//! The machine's limits, held against what a usual comparison needs. The preflight of `compare` finds them; memory is looked at
//! here, of which a run can't know beforehand how much it takes.

use std::path::Path;

use instruments::observe::{allowed_cpus, free_memory_bytes, machine};
use reports::format::{count, counted};
use reports::record::{Limit, Warning};

use super::row::{DoctorRow, RowKind, RowState};
use crate::cli::compare::usual_preflight;
use crate::cli::limits::too_small_a_quota;
use crate::run::Preflight;

const KIND: RowKind = RowKind::Limits;

/// What the stack of a thread that serves one connection has in memory, and both ends of its socket, in bytes.
const TOUCHED_BYTES_PER_THREAD: u64 = 32 * 1024;

pub(super) fn rows() -> anyhow::Result<Vec<DoctorRow>> {
    let quota = too_small_a_quota();
    let preflight = usual_preflight()?;
    let mut rows: Vec<DoctorRow> = preflight.limits.iter().map(|limit| row(limit, &preflight)).collect();
    let is_row = |warning: &Warning| matches!(warning, Warning::MachineLimit { limit, .. } if preflight.limits.iter().any(|row| row.name == *limit));
    // What no limit with a number stands for.
    let rest = preflight.warnings.iter().filter(|warning| !is_row(warning) && Some(*warning) != quota.as_ref());
    rows.extend(rest.map(|warning| {
        DoctorRow::fine(KIND, "what a usual run needs", "part of it is missing here").but(
            RowState::WorthKnowing,
            warning.describe(),
            warning.remedy(),
        )
    }));
    rows.push(of_quota(quota.as_ref()));
    let bytes_per_thread = TOUCHED_BYTES_PER_THREAD + machine()?.kernel_stack_bytes_per_thread;
    rows.push(of_memory(
        free_memory_bytes(Path::new("/proc")),
        u64::from(preflight.connections_wanted) * bytes_per_thread,
    ));
    Ok(rows)
}

fn row(limit: &Limit, preflight: &Preflight) -> DoctorRow {
    let value = limit.value.map_or_else(|| "no limit".to_owned(), count);
    let value = match limit.needed {
        Some(needed) => format!("{value}; a usual run needs {}", count(needed)),
        None => value,
    };
    let row = DoctorRow::fine(KIND, limit.name.as_str(), value);
    let binds = preflight.warnings.iter().find_map(|warning| match warning {
        Warning::MachineLimit { limit: name, consequence, remedy } if *name == limit.name => {
            Some((consequence, remedy))
        }
        _ => None,
    });
    let Some((consequence, remedy)) = binds else { return row };
    let state = if preflight.check().is_err() { RowState::Spoils } else { RowState::WorthKnowing };
    row.but(state, consequence.as_str(), format!("`{remedy}`"))
}

fn of_quota(quota: Option<&Warning>) -> DoctorRow {
    const NAME: &str = "CPU quota";
    match quota {
        Some(quota) => DoctorRow::fine(KIND, NAME, "below the CPUs that this process may use").but(
            RowState::Spoils,
            quota.describe(),
            quota.remedy(),
        ),
        None => {
            let cpus = allowed_cpus().map_or(0, |cpus| cpus.len() as u64);
            DoctorRow::fine(KIND, NAME, format!("none below the {} of this process", counted(cpus, "CPU")))
        }
    }
}

fn of_memory(free_bytes: Option<u64>, needed_bytes: u64) -> DoctorRow {
    const NAME: &str = "free memory";
    let mebibytes = |bytes: u64| format!("{} MiB", count(bytes >> 20));
    let Some(free_bytes) = free_bytes else { return DoctorRow::unknown(KIND, NAME, "the kernel does not say") };
    let value = format!("{}; a thread per connection needs about {}", mebibytes(free_bytes), mebibytes(needed_bytes));
    let row = DoctorRow::fine(KIND, NAME, value);
    if free_bytes >= needed_bytes {
        return row;
    }
    row.but(
        RowState::Spoils,
        "a server may be killed when memory runs out, or the whole machine may wait for its disk",
        "`ps -eo rss,pid,args --sort=-rss | head` shows who has it; end some of them, or raise the memory of this container",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(value: u64, connection_ceiling: u32) -> Preflight {
        let limit =
            |name: &str, value| Limit { name: name.into(), value, needed: Some(8_100), remedy: "raise it".into() };
        let binds = |name: &str| Warning::MachineLimit {
            limit: name.into(),
            consequence: "fewer connections".into(),
            remedy: "ulimit -n 8100".into(),
        };
        Preflight {
            limits: vec![limit("open files", Some(value)), limit("processes", None)],
            connections_wanted: 8_000,
            connection_ceiling,
            warnings: vec![binds("open files")],
        }
    }

    #[test]
    fn a_limit_that_binds_makes_a_run_smaller_and_spoils_it_where_too_little_is_left() {
        for (ceiling, state) in [(900, RowState::WorthKnowing), (10, RowState::Spoils)] {
            let found = found(1_000, ceiling);
            let [files, processes] = [0, 1].map(|at| row(&found.limits[at], &found));
            assert_eq!((files.state, processes.state), (state, RowState::Fine));
            assert_eq!(files.value, "1,000; a usual run needs 8,100");
            assert_eq!(
                (files.effect.as_deref(), files.remedy.as_deref()),
                (Some("fewer connections"), Some("`ulimit -n 8100`"))
            );
            assert!(processes.value.starts_with("no limit"));
        }
    }

    #[test]
    fn too_little_memory_spoils_a_run_and_none_that_is_told_is_unknown() {
        let states = [Some(10), Some(9), None].map(|free| of_memory(free.map(|free| free << 20), 10 << 20).state);
        assert_eq!(states, [RowState::Fine, RowState::Spoils, RowState::Unknown]);
    }

    #[test]
    fn a_usual_run_has_limits_here() {
        let rows = rows().unwrap();
        for name in ["RLIMIT_NOFILE", "max_map_count", "somaxconn", "ip_local_port_range", "CPU quota", "free memory"] {
            assert!(rows.iter().any(|row| row.name.contains(name)), "{name}");
        }
    }
}
