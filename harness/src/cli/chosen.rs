//! Which experiments a comparison runs: those that were named, all of them, or the few that answer the question first.

use crate::experiments::{self, EXPERIMENTS};
use crate::plan::{Cast, Experiment, PlanError};

/// Runs without being named, as far as it exists: some 100 seconds in all.
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

/// Leaves out the experiments that know none of the contenders that were named.
///
/// # Errors
/// Where such an experiment was asked for by its name.
pub(super) fn with_contenders(
    cast: Cast,
    experiments: &mut Vec<&'static Experiment>,
    names: &[String],
) -> Result<Cast, PlanError> {
    let Cast { contenders, parts } = cast;
    let empty = experiments
        .iter()
        .zip(&parts)
        .find(|(experiment, part)| part.is_empty() && names.iter().any(|name| name == experiment.name));
    if let Some((experiment, _)) = empty {
        return Err(PlanError::Usage(format!(
            "{} is not made for any of the contenders named; leave --models out to see its own",
            experiment.name
        )));
    }
    let mut is_played = parts.iter().map(|part| !part.is_empty());
    experiments.retain(|_| is_played.next().unwrap_or(false));
    Ok(Cast { contenders, parts: parts.into_iter().filter(|part| !part.is_empty()).collect() })
}

#[cfg(test)]
mod tests {
    use servers::Contender;

    use super::*;
    use crate::plan::Choice;

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

    #[test]
    fn an_experiment_without_contenders_is_left_out_unless_it_was_named() {
        let rayon = Choice::Named(vec![Contender::parse("rayon-pool").unwrap()]);
        let mut chosen = experiments(&[]).unwrap();
        let cast = with_contenders(Cast::new(&chosen, &rayon).unwrap(), &mut chosen, &[]).unwrap();
        assert_eq!(chosen.len(), cast.parts.len());
        assert!(chosen.iter().all(|experiment| experiment.name != "idle-flood"));
        let named = ["idle-flood".to_owned()];
        let mut chosen = experiments(&named).unwrap();
        let error = with_contenders(Cast::new(&chosen, &rayon).unwrap(), &mut chosen, &named).unwrap_err();
        assert!(error.to_string().contains("idle-flood"), "{error}");
    }
}
