//! Work as it is typed, `sleep 5ms`, as a workload of an experiment; and experiments with a page of any HTTP server in place of
//! their work: which of their tasks can be asked that way, and how they are saved then.
//!
//! A page stands for an echo, a request that costs next to nothing. What needs other work, or bytes of our own protocol,
//! has no page that could stand for it.

use std::borrow::Cow;
use std::collections::BTreeSet;

use reports::record::{ExperimentRecord, ValueOf};
use servers::service::decide;

use super::{
    Capacities, DisturbanceKind, Experiment, LoadSpec, PageRequest, PlanError, Sizes, Task, TaskKind, Work, Workload,
};

/// What an echo without a text says.
const ECHOED: &str = "hi";

impl Workload {
    /// The workload of `echo`, `echo hi`, `sleep 5ms` and so on, as it was typed.
    ///
    /// # Errors
    /// Where no server knows such work.
    pub fn named(text: &str, description: &'static str) -> Result<Workload, PlanError> {
        let (name, parameter) = text.trim().split_once(' ').unwrap_or((text.trim(), ""));
        let parameter = if (name, parameter) == ("echo", "") { ECHOED } else { parameter.trim() };
        decide(name, Cow::Borrowed(parameter)).map_err(|refusal| PlanError::Usage(refusal.to_string()))?;
        let label = if name == "echo" { name.to_owned() } else { format!("{name} {}", spaced(parameter)) };
        let safe = |c: char| if c.is_ascii_alphanumeric() { c } else { '-' };
        let key: String = format!("{name}-{parameter}").chars().map(safe).take(LONGEST_KEY).collect();
        Ok(Workload {
            key: key.into(),
            label: label.into(),
            description,
            work: (name.to_owned().into(), parameter.to_owned().into()),
        })
    }

    /// Whether its requests have the server ask its backend.
    pub fn calls_backend(&self) -> bool {
        self.work().calls_backend()
    }

    /// The workload of a page, which stands for an echo in a run that asks for it.
    pub fn of_page(page: &PageRequest, description: &'static str) -> Workload {
        let label = Work::Page(page.clone()).to_string();
        Workload { label: label.into(), ..Workload::new("page", "", description, ("echo", ECHOED)) }
    }
}

/// As long as a part of a file's name may be.
const LONGEST_KEY: usize = 40;

/// `5ms` as a reader writes it, `5 ms`.
fn spaced(parameter: &str) -> String {
    let digits = parameter.chars().take_while(char::is_ascii_digit).count();
    let (number, unit) = parameter.split_at(digits);
    if unit.is_empty() { number.to_owned() } else { format!("{number} {}", unit.trim_start()) }
}

/// The work that a page can stand for.
const ECHO: &str = "echo";

impl PageRequest {
    /// The task with this page in place of its work; none where a page can't stand for it.
    pub fn in_place_of_work(&self, mut task: Task) -> Option<Task> {
        match &mut task.kind {
            TaskKind::Load(spec) => self.replace(&mut spec.work)?,
            TaskKind::Hold(spec) => self.replace(&mut spec.work)?,
            TaskKind::Disturbed(spec) => {
                self.replace(&mut spec.probe.work)?;
                match &mut spec.disturbance.kind {
                    DisturbanceKind::Load(LoadSpec { work, .. }) | DisturbanceKind::Burst { work, .. } => {
                        self.replace(work)?;
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
        Some(task)
    }

    fn replace(&self, work: &mut Work) -> Option<()> {
        match work {
            Work::Asked { request_message, .. } if request_message != ECHO => None,
            Work::Asked { .. } | Work::Page(_) => {
                *work = Work::Page(self.clone());
                Some(())
            }
        }
    }
}

impl Experiment {
    /// Everything that it would do with some contender that can do as much as any.
    pub fn all_tasks(&self, sizes: &Sizes) -> Vec<Task> {
        const ANYBODY: &str = "anybody";
        let mut capacities = Capacities::default();
        for workload in self.workloads() {
            capacities.insert(&workload.key, ANYBODY, 1_000.0);
        }
        [self.probes(sizes), self.tasks(sizes, &capacities, ANYBODY)].concat()
    }

    /// Keys of the workloads in all of whose tasks a page can stand for the work. Where a search chooses the tasks, it can
    /// in all.
    pub fn paged_workloads(&self, sizes: &Sizes, page: &PageRequest) -> BTreeSet<Cow<'static, str>> {
        let tasks = self.all_tasks(sizes);
        let mut keys: BTreeSet<Cow<'static, str>> =
            self.workloads().iter().map(|workload| workload.key.clone()).collect();
        for task in tasks {
            let key = task.workload.clone();
            if page.in_place_of_work(task).is_none() {
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
                self.workloads().iter().any(|of| of.label == workload.label && of.label == of.work.0);
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

    #[test]
    fn work_is_named_for_files_and_for_readers() {
        let of = |text: &str| {
            let Workload { key, label, work: (name, parameter), .. } = Workload::named(text, "").unwrap();
            [key, label, name, parameter].map(Cow::into_owned)
        };
        assert_eq!(of("echo"), ["echo-hi", "echo", "echo", "hi"]);
        assert_eq!(of(" sleep 5ms "), ["sleep-5ms", "sleep 5 ms", "sleep", "5ms"]);
        assert_eq!(of("reply 1000"), ["reply-1000", "reply 1000", "reply", "1000"]);
    }

    #[test]
    fn work_that_no_server_knows_is_refused_with_what_there_is() {
        let said = |text: &str| Workload::named(text, "").unwrap_err().to_string();
        assert!(said("dance").contains("work: echo, call, sleep"), "{}", said("dance"));
        assert!(said("sleep").contains("write it as in"), "{}", said("sleep"));
    }

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
            assert_eq!(page().in_place_of_work(task).is_some(), is_echo);
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
