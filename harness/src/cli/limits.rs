//! What this machine, or who takes part, keeps a run from doing, and how that is said: which limits bind it, and who is left out
//! of what, in as many sentences as there are reasons.
//!
//! Beside it: `run/preflight.rs`, which finds most of it; `doctor/limits.rs`, which says all of it.

use instruments::observe::{allowed_cpus, cpu_quota};
use reports::format;
use reports::record::{PlacementKind, Warning};

use super::progress::QuietArg;

/// Says which limits bind what is about to begin, and what to do about each, unless it is to be quiet.
pub(super) fn tell_limits<'a>(warnings: impl IntoIterator<Item = &'a Warning>, quiet: QuietArg) {
    let warnings: Vec<&Warning> = warnings.into_iter().collect();
    for said in left_out(warnings.iter().copied()) {
        quiet.tell(&format!("note: left out: {said}"));
    }
    for warning in warnings.iter().filter(|warning| !matches!(warning, Warning::LeftOut { .. })) {
        quiet.tell(&format!("note: {}; {}", warning.describe(), warning.remedy()));
    }
    if !warnings.is_empty() {
        quiet.tell(&format!("note: {MORE_IS_SAID}"));
    }
}

/// Where all of what a run finds of its machine is said.
pub(super) const MORE_IS_SAID: &str = "`harness doctor` says more about this machine";

/// Says it where there are not CPUs enough: for the placement that was asked for, or all the time.
pub(super) fn too_few_cpus(asked: PlacementKind, got: PlacementKind) -> Vec<Warning> {
    let shared = (asked != got).then(|| Warning::MachineLimit {
        limit: "CPUs of this process".to_owned(),
        consequence: "server and generator share one CPU and slow each other down".to_owned(),
        remedy: "run on a machine with two CPUs or more".to_owned(),
    });
    shared.into_iter().chain(too_small_a_quota()).collect()
}

/// A CPU quota below what this process could use otherwise.
pub(super) fn too_small_a_quota() -> Option<Warning> {
    let (cpus, file) = cpu_quota()?;
    let could_use = allowed_cpus().map_or(f64::INFINITY, |allowed| allowed.len() as f64);
    (cpus < could_use).then(|| Warning::MachineLimit {
        limit: "the CPU quota".to_owned(),
        consequence: format!(
            "{} allows {} of one CPU; a process that has used that up stands still, and then no figure is valid",
            file.display(),
            format::share(cpus)
        ),
        remedy: "write max (-1 in version 1) into that file, or run outside of that control group".to_owned(),
    })
}

/// Who is left out in each experiment.
type ByExperiment<'a> = Vec<(&'a str, Vec<&'a str>)>;

/// `a, b in memory; a in idle-flood: the reason`, one for each reason.
pub(super) fn left_out<'a>(warnings: impl IntoIterator<Item = &'a Warning>) -> Vec<String> {
    let mut by_reason: Vec<(&str, ByExperiment<'_>)> = Vec::new();
    for warning in warnings {
        let Warning::LeftOut { contender, experiment, reason } = warning else { continue };
        let experiments = entry(&mut by_reason, reason);
        entry(experiments, experiment).push(contender);
    }
    let said = by_reason.into_iter().map(|(reason, experiments)| {
        let who = experiments.into_iter().map(|(experiment, who)| format!("{} in {experiment}", who.join(", ")));
        format!("{}: {reason}", who.collect::<Vec<_>>().join("; "))
    });
    said.collect()
}

/// What stands under a key, in the order in which keys came.
fn entry<'a, 'b, T: Default>(list: &'b mut Vec<(&'a str, T)>, key: &'a str) -> &'b mut T {
    let place = list.iter().position(|(known, _)| *known == key).unwrap_or_else(|| {
        list.push((key, T::default()));
        list.len() - 1
    });
    &mut list[place].1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_is_said_once() {
        let out = |contender: &str, experiment: &str, reason: &str| Warning::LeftOut {
            contender: contender.into(),
            experiment: experiment.into(),
            reason: reason.into(),
        };
        let warnings = [
            out("a", "memory", "it is far away"),
            out("b", "memory", "it is far away"),
            out("a", "timers", "it has none"),
            out("b", "fairness", "it is far away"),
        ];
        let said = ["a, b in memory; b in fairness: it is far away", "a in timers: it has none"];
        assert_eq!(left_out(&warnings), said);
    }
}
