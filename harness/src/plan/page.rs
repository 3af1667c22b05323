//! Experiments with a page of any HTTP server in place of their work: which of their tasks can be asked that way, and how they
//! are saved then.
//!
//! A page stands for an echo, a request that costs next to nothing. What needs other work, or bytes of our own protocol,
//! has no page that could stand for it.

use std::borrow::Cow;
use std::collections::BTreeSet;

use instruments::load::{DisturbanceKind, LoadSpec, PageRequest, Work};
use reports::record::{ExperimentRecord, ValueOf};

use super::{Experiment, Sizes, Task, TaskKind};

/// The work that a page can stand for.
const ECHO: &str = "echo";

impl Task {
    /// The task with a page in place of its work; none where a page can't stand for it.
    pub fn asking_for(mut self, page: &PageRequest) -> Option<Task> {
        let replace = |work: &mut Work| replace_echo(work, page);
        match &mut self.kind {
            TaskKind::Load(spec) => replace(&mut spec.work)?,
            TaskKind::Hold(spec) => replace(&mut spec.work)?,
            TaskKind::Disturbed(spec) => {
                replace(&mut spec.probe.work)?;
                match &mut spec.disturbance.kind {
                    DisturbanceKind::Load(LoadSpec { work, .. }) | DisturbanceKind::Burst { work, .. } => {
                        replace(work)?;
                    }
                    DisturbanceKind::Nothing | DisturbanceKind::Stall | DisturbanceKind::IdleFlood { .. } => {}
                    DisturbanceKind::HalfRequests { .. }
                    | DisturbanceKind::KeepAlive { .. }
                    | DisturbanceKind::Pipelining { .. }
                    | DisturbanceKind::SlowReaders { .. }
                    | DisturbanceKind::Shutdown { .. } => return None,
                }
            }
        }
        Some(self)
    }
}

fn replace_echo(work: &mut Work, page: &PageRequest) -> Option<()> {
    match work {
        Work::Asked { request_message, .. } if request_message != ECHO => None,
        Work::Asked { .. } | Work::Page(_) => {
            *work = Work::Page(page.clone());
            Some(())
        }
    }
}

impl Experiment {
    /// Keys of the workloads in all of whose tasks a page can stand for the work. Where a search chooses the tasks, it can
    /// in all.
    pub fn paged_workloads(&self, sizes: &Sizes, page: &PageRequest) -> BTreeSet<Cow<'static, str>> {
        let tasks = self.all_tasks(sizes);
        let mut keys: BTreeSet<Cow<'static, str>> =
            self.workloads.iter().map(|workload| workload.key.clone()).collect();
        for task in tasks {
            let key = task.workload.clone();
            if task.asking_for(page).is_none() {
                keys.remove(&key);
            }
        }
        keys
    }

    /// As it is saved where a page stands for its work: without the workloads that no page can stand for.
    pub(super) fn to_paged_record(
        &self,
        contenders: Vec<String>,
        sizes: &Sizes,
        page: &PageRequest,
    ) -> ExperimentRecord {
        let mut record = self.to_record(contenders);
        let kept = self.paged_workloads(sizes, page);
        record.workloads.retain(|workload| kept.contains(workload.key.as_str()));
        record.pictures.retain(|picture| picture.workload.as_deref().is_none_or(|key| kept.contains(key)));
        // Without some of its values a claim can't be decided.
        let is_kept = |value: &ValueOf| value.workload.as_deref().is_none_or(|key| kept.contains(key));
        record.decision = record.decision.filter(|decision| decision.values().all(is_kept));
        let asked = Work::Page(page.clone()).to_string();
        for workload in &mut record.workloads {
            let is_named_after_its_work =
                self.workloads.iter().any(|of| of.label == workload.label && of.label == of.work.0);
            if is_named_after_its_work {
                workload.label.clone_from(&asked);
            }
            workload.description.push_str(&format!(" In this run {asked} stands for each echo."));
        }
        record
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiments::{self, EXPERIMENTS};
    use crate::plan::Preset;

    fn page() -> PageRequest {
        PageRequest::get("/x")
    }

    #[test]
    fn a_page_stands_for_an_echo_and_for_nothing_else() {
        let sizes = Preset::Quick.sizes();
        let paged: Vec<&str> = EXPERIMENTS
            .iter()
            .filter(|experiment| !experiment.paged_workloads(&sizes, &page()).is_empty())
            .map(|experiment| experiment.name)
            .collect();
        for echoing in ["thread-or-task", "latency-curve", "memory", "cores", "churn", "accept", "same-memory"] {
            assert!(paged.contains(&echoing), "{paged:?}");
        }
        for other in ["slowloris", "mutex", "blocking-sleep"] {
            assert!(!paged.contains(&other), "{paged:?}");
        }
        for task in experiments::find("latency-curve").unwrap().all_tasks(&sizes) {
            let is_echo = task.workload == "echo";
            assert_eq!(task.asking_for(&page()).is_some(), is_echo);
        }
    }

    #[test]
    fn what_is_saved_says_that_a_page_was_asked_for() {
        let sizes = Preset::Quick.sizes();
        let record = experiments::find("latency-curve").unwrap().to_paged_record(Vec::new(), &sizes, &page());
        let [workload] = &record.workloads[..] else { panic!("{:?}", record.workloads) };
        assert_eq!((workload.key.as_str(), workload.label.as_str()), ("echo", "GET /x"));
        assert!(workload.description.contains("GET /x stands for each echo"));
        assert!(record.pictures.iter().all(|picture| picture.workload.as_deref() == Some("echo")));
        assert_eq!(record.decision, None, "it looks at calls too");
        let churn = experiments::find("churn").unwrap().to_paged_record(Vec::new(), &sizes, &page());
        assert!(churn.decision.is_some());
    }
}
