//! Whom a run is about: the two that were named, or a thread and a task per connection; and for runs of earlier versions
//! what they did not save of names and of work.
//!
//! Must not know: what is said of them. Beside it: `reports/src/scorecard/`.

use instruments::load::Work;
use reports::record::store::{Run, RunFolder};
use reports::record::{Demand, Manifest};
use servers::Contender;

use super::contenders::split;
use super::output::usage;
use crate::experiments;
use crate::plan::{PROTAGONISTS, Participant, PlanError, is_twin};

/// The labels that `--protagonists` names; the usual two where nothing was typed and both took part.
///
/// # Errors
/// Where it does not name two contenders of the run.
pub(super) fn choose(typed: Option<&str>, labels: &[&str]) -> Result<Option<[String; 2]>, PlanError> {
    let Some(typed) = typed else {
        return Ok(PROTAGONISTS.iter().all(|usual| labels.contains(usual)).then(|| PROTAGONISTS.map(str::to_owned)));
    };
    let named = named(typed);
    let all = labels.join(", ");
    match <[String; 2]>::try_from(named) {
        Ok([first, second]) if first == second => {
            usage(format!("--protagonists names {first} twice; name two of the run's servers: {all}"))
        }
        Ok(two) => match two.iter().find(|label| !labels.contains(&label.as_str())) {
            Some(unknown) => {
                let meant = servers::did_you_mean(unknown, labels.iter().copied());
                usage(format!("--protagonists: {unknown} takes no part{meant} name two of the run's servers: {all}"))
            }
            None => Ok(Some(two)),
        },
        Err(named) => {
            let count = named.len();
            usage(format!("--protagonists takes two servers, A,B, and here are {count}; choose from {all}"))
        }
    }
}

/// The labels of contenders as they were typed; their options may be in any order.
pub(super) fn named(typed: &str) -> Vec<String> {
    let label = |text: String| Contender::parse(&text).map_or(text, |contender| contender.label().to_owned());
    split(typed).into_iter().map(label).collect()
}

/// As [`choose`], of those who take part in a run that is planned.
pub(super) fn of_plan(typed: Option<&str>, contenders: &[Participant]) -> Result<Option<[String; 2]>, PlanError> {
    let labels: Vec<&str> = contenders.iter().filter(|it| !is_twin(it)).map(Participant::label).collect();
    choose(typed, &labels)
}

/// The contenders that may be chosen: nobody's second self is.
pub(super) fn labels(manifest: &Manifest) -> Vec<&str> {
    let contenders = manifest.contenders.iter().filter(|contender| contender.twin_of.is_none());
    contenders.map(|contender| contender.label.as_str()).collect()
}

/// Reads a run, about the protagonists that it was made for or that are named now.
///
/// # Errors
/// Where the run can't be read, or the names are not of its contenders.
pub(super) fn read(folder: &RunFolder, typed: Option<&str>) -> anyhow::Result<Run> {
    let mut run = folder.read()?;
    if typed.is_some() || run.manifest.protagonists.is_none() {
        run.manifest.protagonists = choose(typed, &labels(&run.manifest))?;
    }
    complete(&mut run);
    Ok(run)
}

/// Adds what earlier versions did not save: what readers call a contender, and what work asks of a server.
fn complete(run: &mut Run) {
    for contender in run.manifest.contenders.iter_mut().filter(|contender| contender.command.is_none()) {
        let display = || Contender::parse(&contender.label).ok().map(|model| Participant::Model(model).display());
        let display = display();
        let colour = display.as_ref().and_then(|display| display.colour);
        contender.display = contender.display.take().or(display);
        contender.display.iter_mut().for_each(|display| display.colour = display.colour.or(colour));
    }
    for timeline in &mut run.timelines {
        timeline.demand = timeline.demand.or_else(|| Work::typed(&timeline.work).demand());
    }
    for experiment in &mut run.manifest.experiments {
        for workload in &mut experiment.workloads {
            let cells = run.cells.iter().filter(|cell| cell.experiment == experiment.name);
            let work = cells.filter(|cell| cell.workload == workload.key).map(|cell| cell.load.work.as_str()).next();
            let asked = || declared(&experiment.name, &workload.key).or_else(|| Work::typed(work?).demand());
            workload.demand = workload.demand.or_else(asked);
        }
    }
}

fn declared(experiment: &str, key: &str) -> Option<Demand> {
    experiments::find(experiment)?.workloads.iter().find(|workload| workload.key == key)?.work().demand()
}

#[cfg(test)]
mod tests {
    use super::*;

    const LABELS: [&str; 4] = ["sequential", "threaded", "async-multi", "threaded:idle-timeout=1s,stack=64KiB"];

    fn refused(typed: &str) -> String {
        choose(Some(typed), &LABELS).unwrap_err().to_string()
    }

    #[test]
    fn the_usual_two_play_where_both_took_part() {
        assert_eq!(choose(None, &LABELS).unwrap().unwrap(), PROTAGONISTS);
        assert_eq!(choose(None, &LABELS[..2]).unwrap(), None);
        assert_eq!(choose(Some("async-multi, sequential"), &LABELS).unwrap().unwrap(), ["async-multi", "sequential"]);
    }

    #[test]
    fn options_are_a_part_of_a_name_in_any_order() {
        let chosen = choose(Some("threaded:stack=64KiB,idle-timeout=1s,threaded"), &LABELS).unwrap().unwrap();
        assert_eq!(chosen, ["threaded:idle-timeout=1s,stack=64KiB", "threaded"]);
    }

    #[test]
    fn what_are_not_two_of_the_run_is_refused_with_who_there_is() {
        assert!(refused("threaded").contains("takes two servers") && refused("threaded").contains("async-multi"));
        assert!(refused("threaded,threaded").contains("threaded twice"));
        assert!(refused("threaded,python").contains("python takes no part"));
    }
}
