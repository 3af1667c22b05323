//! The experiments: one file each, and one line in the table below. An experiment is data and pure functions; it does
//! no I/O and does not know how it is carried out.

mod idle_flood;
mod latency_curve;
mod memory;

use crate::plan::Experiment;

/// All experiments, in the order in which a report shows them.
pub const EXPERIMENTS: &[Experiment] = &[latency_curve::EXPERIMENT, memory::EXPERIMENT, idle_flood::EXPERIMENT];

/// The experiment of that name.
pub fn find(name: &str) -> Option<&'static Experiment> {
    EXPERIMENTS.iter().find(|experiment| experiment.name == name)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use servers::Contender;

    use crate::plan::{Capacities, Contenders, Preset};

    #[test]
    fn every_file_is_in_the_table() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/experiments");
        let files: BTreeSet<String> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().path().file_stem().unwrap().to_str().unwrap().replace('_', "-"))
            .filter(|name| name != "mod")
            .collect();
        let names: BTreeSet<String> = EXPERIMENTS.iter().map(|experiment| experiment.name.to_owned()).collect();
        assert_eq!(files, names);
    }

    #[test]
    fn contenders_of_their_own_are_named_as_labels_name_them() {
        for experiment in EXPERIMENTS {
            let Contenders::Own(labels) = experiment.contenders else { continue };
            for label in labels {
                assert_eq!(Contender::parse(label).unwrap().label(), *label, "{}", experiment.name);
            }
        }
    }

    #[test]
    fn every_experiment_is_whole() {
        let mut capacities = Capacities::default();
        for experiment in EXPERIMENTS {
            for workload in experiment.workloads {
                capacities.insert(workload.key, "threaded", 1_000.0);
            }
            let sizes = Preset::Quick.sizes();
            let tasks = (experiment.tasks)(&sizes, &capacities, "threaded");
            for workload in experiment.workloads {
                assert!(tasks.iter().any(|task| task.workload == workload.key), "{}", experiment.name);
            }
            let points: BTreeSet<_> = tasks.iter().map(|task| (task.workload, &task.point)).collect();
            assert_eq!(points.len(), tasks.len(), "{}: two tasks share a point", experiment.name);
            let record = experiment.to_record();
            assert!(!record.pictures.is_empty() && record.possible_answers.len() >= 2, "{}", experiment.name);
            for text in [experiment.claim, experiment.claimed_in, experiment.question, experiment.look_at] {
                assert!(!text.is_empty());
            }
        }
    }
}
