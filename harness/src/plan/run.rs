//! A whole run, resolved: which experiments, which contenders, how much, from which seed, on which CPUs.

use std::collections::BTreeMap;

use clap::ValueEnum;
use instruments::load::{PageRequest, Work};
use reports::record::{self, OtherBuild, PlacementRecord};

use super::{
    Capacities, Cast, Experiment, PROTAGONISTS, Participant, Preset, Sizes, Task, TaskKind, Turn, is_base, is_twin,
    place_task,
};

/// Everything a run was asked for.
#[derive(Debug)]
pub struct RunPlan<'a> {
    /// Labels of the two that the run is about; absent where nobody chose them and one of the usual two takes no part.
    pub protagonists: Option<[String; 2]>,
    /// In the order in which a report shows them.
    pub experiments: Vec<&'a Experiment>,
    /// All that take part in something; labels are unique.
    pub contenders: Vec<Participant>,
    /// For each experiment, the places of its contenders in that list.
    pub parts: Vec<Vec<usize>>,
    /// Which preset the sizes came from.
    pub preset: Preset,
    /// How much of everything.
    pub sizes: Sizes,
    /// Everything random follows from this.
    pub seed: u64,
    /// Which CPUs are whose.
    pub placement: PlacementRecord,
    /// The most connections that the machine's limits allow at once.
    pub connection_ceiling: u32,
    /// The other build of the harness that serves the contenders called base.
    pub against: Option<OtherBuild>,
    /// The page that is asked for in place of work. Our own models speak HTTP then.
    pub page: Option<PageRequest>,
    /// Whether servers are looked at from inside while they are measured.
    pub inside: Inside,
}

/// Whether servers are asked about their inside, and their threads read one by one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Inside {
    /// With every sample.
    On,
    /// Not at all.
    Off,
}

/// What a contender is asked for in an experiment.
#[derive(Debug)]
pub struct AskedFor {
    /// The experiment's name.
    pub experiment: &'static str,
    /// The kinds of work by name, each with one of its requests.
    pub kinds: BTreeMap<String, Work>,
}

/// Why a plan can't be made.
#[derive(Debug, thiserror::Error)]
pub enum PlanError {
    /// An option was given what it can't use.
    #[error("{0}")]
    Usage(String),
    /// A contender that can't be.
    #[error(transparent)]
    Contender(#[from] servers::ContenderError),
}

impl<'a> RunPlan<'a> {
    /// Of so much as the preset has, with any number of connections, and with nothing asked for besides.
    pub fn of(cast: Cast<'a>, preset: Preset, seed: u64, placement: PlacementRecord) -> RunPlan<'a> {
        let Cast { experiments, contenders, parts, .. } = cast;
        RunPlan {
            protagonists: None,
            experiments,
            contenders,
            parts,
            preset,
            sizes: preset.sizes(),
            seed,
            placement,
            connection_ceiling: u32::MAX,
            against: None,
            page: None,
            inside: Inside::Off,
        }
    }
}

impl RunPlan<'_> {
    /// Index of each contender with each of its probing tasks, in order.
    pub fn probes(&self) -> Vec<Turn> {
        let of =
            |(index, experiment): (usize, &&Experiment)| self.turns_of(index, 0, &|_| experiment.probes(&self.sizes));
        self.experiments.iter().enumerate().flat_map(of).collect()
    }

    /// How many blocks an experiment has.
    pub fn blocks_of(&self, experiment: &Experiment) -> u32 {
        self.sizes.blocks_of(experiment)
    }

    /// How many blocks the experiment with the most of them has.
    pub fn most_blocks(&self) -> u32 {
        self.experiments.iter().map(|experiment| self.blocks_of(experiment)).max().unwrap_or(0)
    }

    /// The turns of one block, not yet in random order: of the experiments that have so many.
    pub fn block(&self, block: u32, capacities: &[Capacities]) -> Vec<Turn> {
        let mut turns = Vec::new();
        let with_it = |(_, experiment): &(usize, &&Experiment)| block < self.blocks_of(experiment);
        for (index, experiment) in self.experiments.iter().enumerate().filter(with_it) {
            let tasks = |contender: &str| experiment.tasks(&self.sizes, &capacities[index], contender);
            turns.extend(self.turns_of(index, block, &tasks));
        }
        turns
    }

    /// All blocks at their fullest, see [`RunPlan::at_its_fullest`].
    pub fn fullest(&self) -> Vec<Turn> {
        (0..self.most_blocks()).flat_map(|block| self.at_its_fullest(block)).collect()
    }

    /// A block at its fullest: what it comes to if every contender runs every load. Before the probes nothing more is
    /// known, and after them it can only be less.
    pub fn at_its_fullest(&self, block: u32) -> Vec<Turn> {
        let alike = |(experiment, part): (&&Experiment, &Vec<usize>)| {
            let labels = part.iter().map(|place| self.contenders[*place].label());
            experiment.equal_capacities(labels, 1.0)
        };
        self.block(block, &self.experiments.iter().zip(&self.parts).map(alike).collect::<Vec<_>>())
    }

    fn turns_of(&self, experiment: usize, block: u32, tasks: &dyn Fn(&str) -> Vec<Task>) -> Vec<Turn> {
        let paged = self.page.as_ref().map(|page| self.experiments[experiment].paged_workloads(&self.sizes, page));
        let mut turns = Vec::new();
        let playing = self.parts[experiment].iter().filter(|place| self.plays_in(block, experiment, **place));
        for contender in playing {
            for task in tasks(self.contenders[*contender].label()) {
                if paged.as_ref().is_some_and(|keys| !keys.contains(&task.workload)) {
                    continue;
                }
                let Some(task) = self.as_asked(task).filter(|task| self.placement_of(task).is_some()) else { continue };
                turns.push(Turn { experiment, contender: *contender, block, task: self.within_limits(task) });
            }
        }
        turns
    }

    /// Whether a contender plays in this block of an experiment. The blocks that a claim takes beyond those of all else are
    /// for those whom its decision looks at, and for those of the question; for all where the claim can't be decided.
    fn plays_in(&self, block: u32, experiment: usize, place: usize) -> bool {
        let Some(decision) = self.experiments[experiment].decision().filter(|_| block >= self.sizes.blocks) else {
            return true;
        };
        let label = |place: usize| self.contenders[place].bare_label();
        let is_cast = |decides: &str| self.parts[experiment].iter().any(|place| label(*place) == decides);
        let decides = |contender: &str| decision.contenders().any(|decides| decides == contender);
        let contender = label(place);
        let is_asked_for = match &self.protagonists {
            Some(two) => two.iter().any(|label| label == contender),
            None => PROTAGONISTS.contains(&contender),
        };
        !decision.contenders().all(is_cast) || decides(contender) || is_asked_for
    }

    /// What a contender is asked for; nothing where everybody is asked for one page.
    pub fn asked_for(&self, label: &str) -> Vec<AskedFor> {
        let plays = |part: &[usize]| part.iter().any(|place| self.contenders[*place].label() == label);
        let parts = self.experiments.iter().zip(&self.parts).filter(|(_, part)| self.page.is_none() && plays(part));
        let asked_for = |(experiment, _): (&&Experiment, _)| AskedFor {
            experiment: experiment.name,
            kinds: experiment.kinds_of_work(&self.sizes),
        };
        parts.map(asked_for).collect()
    }

    /// What our own models speak, where that is not JSON lines.
    pub fn wire(&self) -> Option<&'static str> {
        self.page.as_ref().map(|_| "http")
    }

    /// The task as this run asks for it; none where it asks for a page, which can't stand for this work.
    pub fn as_asked(&self, task: Task) -> Option<Task> {
        match &self.page {
            Some(page) => task.asking_for(page),
            None => Some(task),
        }
    }

    /// Which CPUs are whose in a task; none where its server needs more than the run has.
    pub fn placement_of(&self, task: &Task) -> Option<PlacementRecord> {
        place_task(&self.placement, task.server_cpus)
    }

    /// The task, scaled down to what the machine allows: fewer connections in the same proportions.
    pub(crate) fn within_limits(&self, mut task: Task) -> Task {
        let ceiling = self.connection_ceiling;
        match &mut task.kind {
            TaskKind::Load(spec) => spec.limit_connections(ceiling),
            TaskKind::Disturbed(spec) => spec.limit_connections(ceiling),
            TaskKind::Hold(spec) => {
                let most = spec.counts.iter().copied().max().unwrap_or(0);
                if most > ceiling {
                    let scaled = |count: &u32| (u64::from(*count) * u64::from(ceiling) / u64::from(most)) as u32;
                    spec.counts = spec.counts.iter().map(scaled).collect();
                }
            }
        }
        task
    }

    /// The experiments, as they are saved.
    pub fn experiment_records(&self) -> Vec<record::ExperimentRecord> {
        let label = |place: &usize| self.contenders[*place].label().to_owned();
        let record = |(experiment, part): (&&Experiment, &Vec<usize>)| {
            let contenders = part.iter().map(label).collect();
            let record = match &self.page {
                Some(page) => experiment.to_paged_record(contenders, &self.sizes, page),
                None => experiment.to_record(contenders),
            };
            record::ExperimentRecord { blocks: Some(self.blocks_of(experiment)), ..record }
        };
        self.experiments.iter().zip(&self.parts).map(record).collect()
    }

    /// The label of the contender that this one is run beside to see how far apart the same server is from itself.
    fn twin_of(&self, contender: &Participant) -> Option<String> {
        let same = |other: &&Participant| other.bare_label() == contender.bare_label() && !is_twin(other);
        is_twin(contender).then(|| self.contenders.iter().find(same).map(|other| other.label().to_owned())).flatten()
    }

    /// The contenders, as they are saved.
    pub fn contender_records(&self) -> Vec<record::ContenderRecord> {
        let record = |contender: &Participant| {
            let mut record = contender.to_record();
            if let Some(other) = self.against.as_ref().filter(|_| is_base(contender)) {
                record.summary.push_str(&format!("; served by {}, {}", other.path, other.version));
            }
            record::ContenderRecord { twin_of: self.twin_of(contender), ..record }
        };
        self.contenders.iter().map(record).collect()
    }
}

#[cfg(test)]
mod tests {
    use servers::Contender;

    use super::*;
    use crate::experiments::{self, EXPERIMENTS};
    use crate::plan::{Choice, place};
    use reports::record::PlacementKind;

    fn plan(connection_ceiling: u32) -> RunPlan<'static> {
        let experiments: Vec<_> = EXPERIMENTS.to_vec();
        plan_of(&experiments, &["sequential", "async-single"], connection_ceiling)
    }

    fn plan_of(experiments: &[&'static Experiment], named: &[&str], connection_ceiling: u32) -> RunPlan<'static> {
        let named = named.iter().map(|label| Participant::Model(Contender::parse(label).unwrap())).collect();
        let cast = Cast::new(experiments, &Choice::Named(named)).unwrap();
        let placement = place(PlacementKind::Isolated, &[0, 1]);
        RunPlan { connection_ceiling, ..RunPlan::of(cast, Preset::Quick, 1, placement) }
    }

    #[test]
    fn a_low_ceiling_scales_every_task_down_in_proportion() {
        let plan = plan(500);
        let capacities = vec![Capacities::default(); plan.experiments.len()];
        let turns = plan.block(0, &capacities);
        assert!(turns.iter().chain(&plan.probes()).all(|turn| turn.task.kind.peak_connections() <= 500));
        let held = turns.iter().find_map(|turn| match &turn.task.kind {
            TaskKind::Hold(spec) => Some(spec.counts.clone()),
            TaskKind::Load(_) | TaskKind::Disturbed(_) => None,
        });
        assert_eq!(held.unwrap(), [124, 250, 500]);
    }

    #[test]
    fn what_needs_more_cpus_than_there_are_is_left_out() {
        let experiments = ["cores", "accept"].map(|name| experiments::find(name).unwrap());
        let mut plan = plan_of(&experiments, &["threaded"], 10_000);
        let played = |plan: &RunPlan<'_>| -> Vec<String> {
            let turns = plan.at_its_fullest(0);
            turns.iter().map(|turn| format!("{} {}", turn.task.workload, turn.task.point)).collect()
        };
        let on_two = ["spin-1ms 1-cpus", "echo 1-cpus", "spin-1ms 2-cpus", "echo 2-cpus", "come-and-go 64-clients"];
        assert_eq!(played(&plan), on_two);
        plan.placement = place(PlacementKind::Isolated, &[3]);
        assert_eq!(played(&plan), on_two[..2]);
        plan.placement = place(PlacementKind::Isolated, &[0, 1, 2, 3, 4, 5, 6, 7, 8]);
        assert_eq!(played(&plan).len(), 9, "1, 2, 4 and 8 of nine");
    }

    #[test]
    fn every_contender_is_probed_once_per_workload() {
        let probes = plan(10_000).probes();
        // Of two contenders, in the two workloads of latency-curve and the one of overload.
        assert_eq!(probes.len(), 6);
        assert!(probes.iter().all(|turn| turn.block == 0));
    }

    #[test]
    fn claims_get_three_blocks_by_default_the_scorecard_ten_and_all_the_same_number_where_it_was_typed() {
        let of_block = |plan: &RunPlan<'_>, block: u32| -> Vec<&str> {
            let mut names: Vec<&str> =
                plan.at_its_fullest(block).iter().map(|turn| plan.experiments[turn.experiment].name).collect();
            names.dedup();
            names
        };
        let mut plan = plan(10_000);
        assert_eq!(of_block(&plan, 0).len(), EXPERIMENTS.len());
        let claims = of_block(&plan, 2);
        assert!(claims.contains(&"churn") && claims.contains(&"memory") && !claims.contains(&"latency-curve"));
        assert_eq!((of_block(&plan, 3), of_block(&plan, 9)), (vec!["thread-or-task"], vec!["thread-or-task"]));
        assert!(of_block(&plan, 10).is_empty() && plan.most_blocks() == 10);
        let blocks: Vec<Option<u32>> = plan.experiment_records().iter().map(|experiment| experiment.blocks).collect();
        assert_eq!(blocks[..3], [Some(10), Some(1), Some(3)]);
        assert_eq!(plan.fullest().len(), (0..10).map(|block| plan.at_its_fullest(block).len()).sum::<usize>());
        plan.sizes = plan.sizes.with_blocks(1);
        assert_eq!((plan.most_blocks(), of_block(&plan, 1).len()), (1, 0));
    }

    #[test]
    fn further_blocks_of_a_claim_are_for_those_who_decide_it() {
        let memory = experiments::find("memory").unwrap();
        let played = |plan: &RunPlan<'_>, block: u32| -> Vec<String> {
            let turns = plan.at_its_fullest(block);
            turns.iter().map(|turn| plan.contenders[turn.contender].label().to_owned()).collect()
        };
        let mut plan = plan_of(&[memory], &["sequential", "threaded", "async-multi"], 10_000);
        assert_eq!((played(&plan, 0).len(), played(&plan, 1)), (3, vec!["threaded".into(), "async-multi".into()]));
        plan.sizes = plan.sizes.with_blocks(2);
        assert_eq!(played(&plan, 1).len(), 3, "as often as was typed");
        plan.sizes = Preset::Quick.sizes();
        plan.protagonists = Some(["sequential", "threaded"].map(str::to_owned));
        assert_eq!(played(&plan, 1).len(), 3, "and those whom the run is about");
        let undecided = plan_of(&[memory], &["sequential", "threaded"], 10_000);
        assert_eq!(played(&undecided, 1).len(), 2, "nobody decides it");
    }
}
