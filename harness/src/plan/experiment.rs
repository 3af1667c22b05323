//! What an experiment is: a claim, a question, and how each contender is put to it. Plain data and pure functions; the
//! experiments themselves are in `experiments/`, a file each.

use std::borrow::Cow;
use std::collections::BTreeMap;

use instruments::load::Work;
use reports::diff::ComparedFigure;
use reports::record::{Decision, ExperimentRecord, Objective, Picture};

use super::{Capacities, Preset, Sizes, Task, TaskKind, Workload};

/// One experiment: what is told of it, and how it is made.
#[derive(Debug)]
pub struct Experiment {
    /// As on the command line, `latency-curve`.
    pub name: &'static str,
    /// What readers are told.
    pub story: Story,
    /// What requests ask for, a variant each; at least one.
    pub workloads: Cow<'static, [Workload]>,
    /// What is run.
    pub recipe: Recipe,
}

/// What readers are told of an experiment, before they see what came out and beside it.
#[derive(Debug, Clone, Copy)]
pub struct Story {
    /// A few words for a heading.
    pub title: &'static str,
    /// The claim under test, as people say it.
    pub claim: &'static str,
    /// Where people say it.
    pub claimed_in: &'static str,
    /// The question a reader answers before looking.
    pub question: &'static str,
    /// The same in ten words or fewer, for whoever waits while it is found out: `do thousands of threads thrash?`
    pub finds_out: &'static str,
    /// Plausible answers.
    pub possible_answers: &'static [&'static str],
    /// What to look at in the pictures.
    pub look_at: &'static str,
    /// Conditions under which the result does not hold.
    pub conditions: &'static [&'static str],
    /// The pictures, in the order shown.
    pub pictures: Pictures,
}

/// The condition of experiments whose clients are usually on the server's machine. A run over several says another in place of
/// it.
pub const ONE_MACHINE: &str =
    "Clients and server share one machine, over loopback: a network adds the same to every model.";

/// What makes the pictures of an experiment.
pub type Pictures = fn() -> Vec<Picture>;

/// How an experiment is made. Its cells are known before it begins, but for loads that follow from what probes find; or a
/// search chooses each of them by what the last ones found, and then it has neither probes nor tasks.
#[derive(Debug, Clone, Copy)]
pub struct Recipe {
    /// Who is put to the test.
    pub contenders: Contenders,
    /// Why only our models can take part, as a clause; none where any server of the protocol can.
    pub own_options: Option<&'static str>,
    /// How the claim is decided; none where only a reader can.
    pub decision: fn() -> Option<Decision>,
    /// The promise that is searched for, where there is one.
    pub objective: Option<Objective>,
    /// What is run first, once per contender, to find out what it can do.
    pub probes: fn(&Sizes) -> Vec<Task>,
    /// What is run for a contender in each block, given what all contenders can do.
    pub tasks: fn(&Sizes, &Capacities, contender: &str) -> Vec<Task>,
}

impl Recipe {
    /// For the contenders of the run, without a rule that decides; a search chooses the cells, unless tasks are given.
    pub const PLAIN: Recipe = Recipe {
        contenders: Contenders::OfTheRun,
        own_options: None,
        decision: || None,
        objective: None,
        probes: |_| Vec::new(),
        tasks: |_, _, _| Vec::new(),
    };
}

impl Experiment {
    /// How the claim is decided; none where only a reader can.
    pub fn decision(&self) -> Option<Decision> {
        (self.recipe.decision)()
    }

    /// What is run first, once per contender; nothing where a search chooses.
    pub fn probes(&self, sizes: &Sizes) -> Vec<Task> {
        (self.recipe.probes)(sizes)
    }

    /// What is run for a contender in each block; nothing where a search chooses.
    pub fn tasks(&self, sizes: &Sizes, capacities: &Capacities, contender: &str) -> Vec<Task> {
        (self.recipe.tasks)(sizes, capacities, contender)
    }

    /// As if each of these contenders could do so much of every workload, in requests per second.
    pub fn equal_capacities<'a>(&self, contenders: impl IntoIterator<Item = &'a str> + Clone, rps: f64) -> Capacities {
        let mut capacities = Capacities::default();
        for workload in &*self.workloads {
            contenders.clone().into_iter().for_each(|contender| capacities.insert(&workload.key, contender, rps));
        }
        capacities
    }

    /// Everything that it would do with some contender that can do as much as any.
    pub fn all_tasks(&self, sizes: &Sizes) -> Vec<Task> {
        let capacities = self.equal_capacities([ANYBODY], 1_000.0);
        [self.probes(sizes), self.tasks(sizes, &capacities, ANYBODY)].concat()
    }

    /// The kinds of work that its requests ask for, by name, each with one of these requests. Where a search chooses the tasks,
    /// they are those of its workloads.
    pub fn kinds_of_work(&self, sizes: &Sizes) -> BTreeMap<String, Work> {
        let tasks = self.all_tasks(sizes);
        let mut works: Vec<Work> = tasks.iter().flat_map(|task| task.kind.works()).cloned().collect();
        if works.is_empty() {
            works.extend(self.workloads.iter().map(Workload::work));
        }
        let named = works.into_iter().filter_map(|work| match &work {
            Work::Asked { request_message, .. } => Some((request_message.clone(), work)),
            Work::Page(_) => None,
        });
        named.collect()
    }

    /// Whether all of its cells are loads, and none holds connections or disturbs a server.
    pub fn is_plain_load(&self, sizes: &Sizes) -> bool {
        self.all_tasks(sizes).iter().all(|task| matches!(task.kind, TaskKind::Load(_)))
    }

    /// What a gate of `harness diff` can look at in it.
    pub fn gates(&self) -> Vec<ComparedFigure> {
        let contender = match self.recipe.contenders {
            Contenders::Own(labels) => labels.first().copied().unwrap_or_default(),
            Contenders::OfTheRun | Contenders::Protagonists => ANYBODY,
        };
        let tasks = self.tasks(&Preset::Quick.sizes(), &self.equal_capacities([contender], 1.0), contender);
        let shows = |task: &Task, name| ComparedFigure::of(task.kind.measured()).any(|of_task| of_task.name == name);
        let carries = |compared: &ComparedFigure| tasks.iter().any(|task| shows(task, compared.name));
        ComparedFigure::all().filter(carries).collect()
    }

    /// As it is saved, with the labels of those that it puts to the test.
    pub fn to_record(&self, contenders: Vec<String>) -> ExperimentRecord {
        let story = &self.story;
        ExperimentRecord {
            name: self.name.to_owned(),
            title: story.title.to_owned(),
            claim: story.claim.to_owned(),
            claimed_in: story.claimed_in.to_owned(),
            question: story.question.to_owned(),
            possible_answers: owned(story.possible_answers),
            look_at: story.look_at.to_owned(),
            conditions: owned(story.conditions),
            workloads: self.workloads.iter().map(Workload::to_record).collect(),
            pictures: (story.pictures)(),
            decision: self.decision(),
            objective: self.recipe.objective,
            contenders,
            blocks: None,
        }
    }
}

/// Where experiments compare the contenders of the run, it is the same for each of them.
const ANYBODY: &str = "threaded";

/// Who is put to the test in an experiment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Contenders {
    /// The contenders of the run.
    OfTheRun,
    /// The two that the run's scorecard is about.
    Protagonists,
    /// These, whatever the run compares elsewhere, unless the run names its contenders.
    Own(&'static [&'static str]),
}

fn owned(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use crate::experiments;

    #[test]
    fn what_a_gate_can_look_at_follows_from_what_is_done() {
        let gates = |name: &str| -> Vec<&str> {
            experiments::find(name).unwrap().gates().iter().map(|compared| compared.name).collect()
        };
        assert_eq!(gates("latency-curve"), ["p50", "p99", "cpu-per-request"]);
        assert_eq!(gates("memory"), ["memory"]);
        assert_eq!(gates("idle-flood"), ["probe-p50", "probe-p99"]);
        assert_eq!(gates("churn"), ["p50", "p99", "cpu-per-request"]);
    }
}
