//! In which experiments a server can take part that keeps to so much of the protocol.
//!
//! What an experiment needs follows from its tasks: the kinds of work that they ask for, and whether clients say goodbye.

use std::collections::BTreeSet;

use instruments::load::{DisturbanceKind, LoadSpec, Shape, Work};

use super::CheckFinding;
use super::transcript::CheckItem;
use crate::experiments::EXPERIMENTS;
use crate::plan::{Experiment, Preset, Task, TaskKind};

/// Whether a server can take part in an experiment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// The experiment's name.
    pub experiment: &'static str,
    /// Why it can't, as a clause; none where it can.
    pub obstacle: Option<String>,
}

/// What follows from the findings for every experiment.
pub fn parts(findings: &[CheckFinding]) -> Vec<Part> {
    let broken = findings.iter().filter(|finding| finding.broken.is_some());
    let missing: BTreeSet<CheckItem> = broken.map(|finding| finding.transcript.item).collect();
    EXPERIMENTS.iter().map(|experiment| part(experiment, &missing)).collect()
}

fn part(experiment: &Experiment, missing: &BTreeSet<CheckItem>) -> Part {
    let lacking = || needs(experiment).into_iter().find(|(item, _)| missing.contains(item));
    let of_own = experiment.recipe.own_options.map(str::to_owned);
    let obstacle = of_own.or_else(|| lacking().map(|(_, what)| format!("it needs {what}")));
    Part { experiment: experiment.name, obstacle }
}

/// What it needs of a server, each with a word for it.
fn needs(experiment: &Experiment) -> Vec<(CheckItem, String)> {
    let tasks = experiment.all_tasks(&Preset::Quick.sizes());
    let of_every_load =
        [CheckItem::OneRequest, CheckItem::InTurn].map(|item| (item, "a right reply to each request".to_owned()));
    let mut needs: Vec<(CheckItem, String)> = of_every_load.into();
    for Task { kind, .. } in &tasks {
        match kind {
            TaskKind::Load(spec) => needs.extend(of_load(spec)),
            TaskKind::Hold(spec) => needs.extend(of_work(&spec.work)),
            TaskKind::Disturbed(spec) => {
                needs.extend(of_load(&spec.probe));
                match &spec.disturbance.kind {
                    DisturbanceKind::Load(load) => needs.extend(of_load(load)),
                    DisturbanceKind::Burst { work, .. } | DisturbanceKind::Shutdown { work, .. } => {
                        needs.extend(of_work(work));
                    }
                    DisturbanceKind::Pipelining { work, .. } | DisturbanceKind::SlowReaders { work, .. } => {
                        needs.push((CheckItem::Pipelined, "replies to requests that are sent ahead".to_owned()));
                        needs.extend(of_work(work));
                    }
                    DisturbanceKind::Nothing
                    | DisturbanceKind::IdleFlood { .. }
                    | DisturbanceKind::HalfRequests { .. }
                    | DisturbanceKind::KeepAlive { .. }
                    | DisturbanceKind::Stall => {}
                }
            }
        }
    }
    needs
}

fn of_load(spec: &LoadSpec) -> Vec<(CheckItem, String)> {
    let goodbye =
        matches!(spec.shape, Shape::Sessions { .. }).then(|| (CheckItem::Closing, "CloseConnection".to_owned()));
    goodbye.into_iter().chain(of_work(&spec.work)).collect()
}

fn of_work(work: &Work) -> Option<(CheckItem, String)> {
    let Work::Asked { request_message, .. } = work else { return None };
    let item = match request_message.as_str() {
        "call" => CheckItem::Call,
        "sleep" => CheckItem::Sleep,
        "block" => CheckItem::Block,
        "spin" => CheckItem::Spin,
        "lock" => CheckItem::Lock,
        "reply" => CheckItem::Reply,
        _ => CheckItem::OneRequest,
    };
    Some((item, format!("the work {request_message}")))
}

#[cfg(test)]
mod tests {
    use super::super::dialogue::Came;
    use super::super::{Broken, transcripts};
    use super::*;

    fn findings(missing: &[CheckItem]) -> Vec<CheckFinding> {
        let broken = |item: CheckItem| {
            let broken = Broken { sent: Vec::new(), expected: String::new(), came: Came::Bytes(Vec::new()) };
            missing.contains(&item).then_some(broken)
        };
        let all = transcripts().into_iter();
        all.map(|transcript| CheckFinding { broken: broken(transcript.item), transcript }).collect()
    }

    fn obstacle(missing: &[CheckItem], experiment: &str) -> Option<String> {
        let parts = parts(&findings(missing));
        parts.into_iter().find(|part| part.experiment == experiment).unwrap().obstacle
    }

    #[test]
    fn who_keeps_to_all_of_it_takes_part_wherever_our_options_are_not_compared() {
        for part in parts(&findings(&[])) {
            let experiment = EXPERIMENTS.iter().find(|experiment| experiment.name == part.experiment).unwrap();
            assert_eq!(part.obstacle.as_deref(), experiment.recipe.own_options, "{}", part.experiment);
        }
    }

    #[test]
    fn what_is_missing_costs_those_experiments_that_need_it() {
        assert_eq!(obstacle(&[CheckItem::Call], "latency-curve").as_deref(), Some("it needs the work call"));
        assert_eq!(obstacle(&[CheckItem::Call], "memory"), None);
        assert_eq!(obstacle(&[CheckItem::Block], "blocking-sleep").as_deref(), Some("it needs the work block"));
        assert_eq!(obstacle(&[CheckItem::Closing], "latency-curve").as_deref(), Some("it needs CloseConnection"));
        assert_eq!(obstacle(&[CheckItem::Closing], "memory"), None);
        assert_eq!(obstacle(&[CheckItem::Times, CheckItem::Pipelined, CheckItem::Oversize], "latency-curve"), None);
        let needs_ahead = Some("it needs replies to requests that are sent ahead");
        assert_eq!(obstacle(&[CheckItem::Pipelined], "fairness").as_deref(), needs_ahead);
        assert_eq!(obstacle(&[CheckItem::Spin], "fairness").as_deref(), Some("it needs the work spin"));
        assert_eq!(obstacle(&[CheckItem::InTurn], "memory").as_deref(), Some("it needs a right reply to each request"));
    }
}
