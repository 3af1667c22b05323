//! The experiments: one file each, and one line in the table below. An experiment is data and pure functions; it does
//! no I/O and does not know how it is carried out.

mod accept;
mod blocking_pool;
mod blocking_sleep;
mod burst;
mod churn;
mod connections;
mod cores;
mod cpu_placement;
pub(crate) mod declare;
mod fairness;
mod honest_clock;
mod idle_flood;
mod keep_alive;
mod latency_curve;
mod memory;
mod mutex;
mod overload;
mod same_memory;
mod shutdown;
mod slow_reader;
mod slowloris;
mod thread_or_task;
mod timers;

use crate::plan::Experiment;

/// All experiments, in the order in which a report shows them.
pub static EXPERIMENTS: &[&Experiment] = &[
    &thread_or_task::EXPERIMENT,
    &latency_curve::EXPERIMENT,
    &memory::EXPERIMENT,
    &connections::EXPERIMENT,
    &cores::EXPERIMENT,
    &churn::EXPERIMENT,
    &accept::EXPERIMENT,
    &same_memory::EXPERIMENT,
    &idle_flood::EXPERIMENT,
    &slowloris::EXPERIMENT,
    &slow_reader::EXPERIMENT,
    &keep_alive::EXPERIMENT,
    &fairness::EXPERIMENT,
    &overload::EXPERIMENT,
    &burst::EXPERIMENT,
    &blocking_sleep::EXPERIMENT,
    &mutex::EXPERIMENT,
    &cpu_placement::EXPERIMENT,
    &blocking_pool::EXPERIMENT,
    &honest_clock::EXPERIMENT,
    &timers::EXPERIMENT,
    &shutdown::EXPERIMENT,
];

/// The experiment of that name.
pub fn find(name: &str) -> Option<&'static Experiment> {
    EXPERIMENTS.iter().copied().find(|experiment| experiment.name == name)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::time::Duration;

    use reports::metrics::{TIME_PARTS, metric};
    use reports::record::{Decision, Picture, PictureKind};
    use servers::{Contender, default_models};

    use super::*;
    use crate::plan::{Contenders, PROTAGONISTS, Preset, Sizes, Task};

    #[test]
    fn every_file_is_in_the_table() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/experiments");
        let files: BTreeSet<String> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().path().file_stem().unwrap().to_str().unwrap().replace('_', "-"))
            .filter(|name| name != "mod" && name != "declare")
            .collect();
        let names: BTreeSet<String> = EXPERIMENTS.iter().map(|experiment| experiment.name.to_owned()).collect();
        assert_eq!(files, names);
    }

    /// Labels of the contenders that an experiment has of its own, or else those of a run that names nobody.
    fn contenders(experiment: &Experiment) -> Vec<String> {
        match experiment.recipe.contenders {
            Contenders::Own(labels) => labels.iter().map(|label| (*label).to_owned()).collect(),
            Contenders::Protagonists => PROTAGONISTS.map(str::to_owned).to_vec(),
            Contenders::OfTheRun => default_models().map(|model| model.name.to_owned()).collect(),
        }
    }

    /// All tasks of a block at these sizes, if every contender can do as much as any.
    fn block(experiment: &Experiment, sizes: &Sizes) -> Vec<Task> {
        let contenders = contenders(experiment);
        let capacities = experiment.equal_capacities(contenders.iter().map(String::as_str), 1_000.0);
        contenders.iter().flat_map(|contender| experiment.tasks(sizes, &capacities, contender)).collect()
    }

    #[test]
    fn contenders_of_their_own_are_named_as_labels_name_them() {
        for experiment in EXPERIMENTS {
            let labels = contenders(experiment);
            for label in &labels {
                assert_eq!(Contender::parse(label).unwrap().label(), *label, "{}", experiment.name);
            }
            assert_eq!(labels.iter().collect::<BTreeSet<_>>().len(), labels.len(), "{}", experiment.name);
        }
    }

    #[test]
    fn every_experiment_is_whole() {
        for experiment in EXPERIMENTS {
            let capacities = experiment.equal_capacities(["threaded"], 1_000.0);
            let tasks = experiment.tasks(&Preset::Quick.sizes(), &capacities, "threaded");
            for workload in &*experiment.workloads {
                assert!(tasks.iter().any(|task| task.workload == workload.key), "{}", experiment.name);
            }
            let points: BTreeSet<_> = tasks.iter().map(|task| (&task.workload, &task.point)).collect();
            assert_eq!(points.len(), tasks.len(), "{}: two tasks share a point", experiment.name);
            let record = experiment.to_record(Vec::new());
            assert!(!record.pictures.is_empty() && record.possible_answers.len() >= 2, "{}", experiment.name);
            let page = format!("{}/../docs/experiments/{}.md", env!("CARGO_MANIFEST_DIR"), experiment.name);
            assert!(std::path::Path::new(&page).exists(), "{}: no page says why", experiment.name);
            let story = &experiment.story;
            assert!((3..=10).contains(&story.finds_out.split(' ').count()), "{}: {}", experiment.name, story.finds_out);
            assert!(story.finds_out.ends_with('?'), "{}: {}", experiment.name, story.finds_out);
            for text in [story.claim, story.claimed_in, story.question, story.look_at] {
                assert!(!text.is_empty());
            }
        }
    }

    #[test]
    fn pictures_name_metrics_and_workloads_that_there_are() {
        for experiment in EXPERIMENTS {
            let pictures = (experiment.story.pictures)();
            let ids: BTreeSet<_> = pictures.iter().map(|picture| &picture.id).collect();
            assert_eq!(ids.len(), pictures.len(), "{}: two pictures share an anchor", experiment.name);
            for Picture { kind, workload, metrics, .. } in &pictures {
                let known = |name: &String| match kind {
                    PictureKind::TimeSplit => TIME_PARTS.iter().any(|part| part.name == name),
                    PictureKind::PercentileSpectrum | PictureKind::ProbeOverTime => name == "response_time",
                    PictureKind::Curve | PictureKind::StackedParts | PictureKind::Bars | PictureKind::Crossover => {
                        metric(name).is_some()
                    }
                    PictureKind::Inside | PictureKind::Lanes => false,
                };
                assert!(!metrics.is_empty() && metrics.iter().all(known), "{}: {metrics:?}", experiment.name);
                let is_clear = match workload {
                    Some(key) => experiment.workloads.iter().any(|workload| workload.key == *key),
                    None => experiment.workloads.len() == 1,
                };
                assert!(is_clear, "{}: {workload:?}", experiment.name);
            }
        }
    }

    #[test]
    fn decisions_look_at_what_is_measured() {
        let sizes = Preset::Quick.sizes();
        for experiment in EXPERIMENTS {
            let tasks = block(experiment, &sizes);
            let decision = experiment.decision();
            for value in decision.iter().flat_map(Decision::values) {
                let of = format!("{}: {value:?}", experiment.name);
                assert!(metric(&value.metric).is_some(), "{of}");
                assert!(contenders(experiment).contains(&value.contender), "{of}");
                assert_eq!(value.workload.is_some(), experiment.workloads.len() > 1, "{of}");
                let is_its_task = |task: &&Task| value.workload.as_ref().is_none_or(|key| *key == task.workload);
                assert!(tasks.iter().filter(is_its_task).any(|task| task.variation == value.variation), "{of}");
            }
        }
    }

    /// One experiment is older than the limit, and sweeps the loads of all models: it is the headline.
    const LONGER: &str = "latency-curve";

    #[test]
    fn an_experiment_ends_within_a_minute_and_fits_the_machine() {
        for experiment in EXPERIMENTS.iter().filter(|experiment| experiment.name != LONGER) {
            let tasks = block(experiment, &Preset::Quick.sizes());
            let each: Duration = tasks.iter().map(|task| task.kind.usual_duration()).sum();
            let is_claim = experiment.decision().is_some();
            let time = each * if is_claim { Preset::Quick.sizes().claim_blocks } else { 1 };
            assert!(time < Duration::from_secs(52), "{}: {time:?}, starts and stops not counted", experiment.name);
            let most = tasks.iter().map(|task| task.kind.peak_connections()).max().unwrap();
            assert!(most <= 19_000, "{}: {most} connections, of 20,000 descriptors", experiment.name);
        }
    }
}
