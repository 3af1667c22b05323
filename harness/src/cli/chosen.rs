//! Which experiments a comparison runs: those that were named, all of them, or the few that answer the question first.

use crate::experiments::{self, EXPERIMENTS};
use crate::plan::{Experiment, PlanError};

/// Runs without being named, as far as it exists: some three minutes in all.
const DEFAULTS: &[&str] = &["latency-curve", "memory", "idle-flood", "blocking-sleep"];

/// Names every experiment.
const ALL: &str = "all";

/// Experiments in the order in which they were named, each once; the defaults where none was.
///
/// # Errors
/// Where there is no experiment of a name.
pub(super) fn experiments(names: &[String]) -> Result<Vec<&'static Experiment>, PlanError> {
    if names.is_empty() {
        return Ok(EXPERIMENTS.iter().filter(|experiment| DEFAULTS.contains(&experiment.name)).collect());
    }
    if names.iter().any(|name| name == ALL) {
        return Ok(EXPERIMENTS.iter().collect());
    }
    let mut found: Vec<&'static Experiment> = Vec::new();
    for name in names {
        let experiment = experiments::find(name).ok_or_else(|| {
            let all: Vec<&str> = EXPERIMENTS.iter().map(|experiment| experiment.name).collect();
            PlanError::Usage(format!("no experiment is called \"{name}\"; experiments: {ALL}, {}", all.join(", ")))
        })?;
        if !found.iter().any(|other| other.name == experiment.name) {
            found.push(experiment);
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(typed: &[&str]) -> Vec<&'static str> {
        let typed: Vec<String> = typed.iter().map(|name| (*name).to_owned()).collect();
        experiments(&typed).unwrap().iter().map(|experiment| experiment.name).collect()
    }

    #[test]
    fn all_means_all_and_nothing_the_defaults() {
        assert_eq!(names(&["all"]).len(), EXPERIMENTS.len());
        assert!(names(&[]).starts_with(&["latency-curve", "memory"]));
        assert_eq!(names(&["memory", "latency-curve", "memory"]), ["memory", "latency-curve"]);
    }
}
