//! The list of contenders as it is typed: names separated by commas, though options are too.

use std::thread;

use anyhow::Context;
use instruments::observe::restrict_this_thread;
use reports::record::{self, CommandRecord, Manifest, Warning};
use servers::{Contender, MODELS, default_models};

use super::output::usage;
use super::servers::Servers;
use crate::plan::{Cast, Choice, Experiment, Participant, PlanError, ServerCommand, Sizes, is_base, is_twin};

/// Who takes part in the experiments, at these sizes: those named in `list` and the programs of another hand, or the usual
/// where there are neither. For servers on `cpus`: defaults that follow the number of CPUs are those of the server's
/// share, not of the whole machine.
///
/// # Errors
/// As [`parse`], where the CPUs can't be had, and where nobody can take part in anything.
pub(super) fn cast_for<'a>(
    cpus: &[u32],
    list: Option<&str>,
    servers: &Servers,
    experiments: &[&'a Experiment],
    sizes: &Sizes,
) -> anyhow::Result<Cast<'a>> {
    let choice = choice(cpus, list, &servers.commands)?;
    let cast = on_cpus(cpus, || Ok(Cast::new(experiments, &choice)?))?;
    if servers.page.is_none() {
        check_speaks_json(&cast.contenders)?;
    }
    let cast = match &servers.page {
        Some(page) => cast.with_pages(|experiment| !experiment.paged_workloads(sizes, page).is_empty()),
        None => cast,
    };
    check_has_experiments(&cast)?;
    Ok(cast)
}

/// Somebody plays in something.
///
/// # Errors
/// Where nobody does, with the reasons.
pub(super) fn check_has_experiments(cast: &Cast<'_>) -> Result<(), PlanError> {
    if !cast.experiments.is_empty() {
        return Ok(());
    }
    let reasons: Vec<String> = cast.left_out.iter().map(Warning::describe).collect();
    usage(format!("nothing is left to run: {}; name others with --experiments", reasons.join("; ")))
}

/// Who speaks HTTP alone can be asked for pages, and not for our protocol's work.
///
/// # Errors
/// Where one does.
pub(super) fn check_speaks_json(contenders: &[Participant]) -> Result<(), PlanError> {
    let models = contenders.iter().filter_map(Participant::model);
    match models.map(|contender| contender.model).find(|model| model.is_http_only) {
        Some(model) => usage(format!(
            "{} speaks only HTTP; ask every server for a page instead of work, with --wire http --path /echo/hi",
            model.name
        )),
        None => Ok(()),
    }
}

fn choice(cpus: &[u32], list: Option<&str>, commands: &[ServerCommand]) -> anyhow::Result<Choice> {
    if list.is_none() && commands.is_empty() {
        return on_cpus(cpus, || Ok(Choice::Usual(models(parse(None)?))));
    }
    Ok(Choice::Named(listed(cpus, list, commands)?))
}

/// The contenders of a list, if there is one, and the programs of another hand, for servers on `cpus`.
///
/// # Errors
/// As [`parse`], and where the CPUs can't be had.
pub(super) fn listed(cpus: &[u32], list: Option<&str>, commands: &[ServerCommand]) -> anyhow::Result<Vec<Participant>> {
    let mut named = match list {
        Some(list) => on_cpus(cpus, || Ok(models(parse(Some(list))?)))?,
        None => Vec::new(),
    };
    named.extend(commands.iter().cloned().map(Participant::Command));
    Ok(named)
}

fn models(contenders: Vec<Contender>) -> Vec<Participant> {
    contenders.into_iter().map(Participant::Model).collect()
}

/// The contenders of a saved run, for servers on `cpus`. What started a program of another hand is taken from what was
/// typed now, and never from the run.
///
/// # Errors
/// Where this version has no such contender, a command was not typed again as it was, and where the CPUs can't be had.
pub(super) fn of_saved(cpus: &[u32], manifest: &Manifest, typed: &[ServerCommand]) -> anyhow::Result<Vec<Participant>> {
    let refuse = |why: String| PlanError::Usage(format!("{}: {why}", manifest.run));
    let is_saved = |command: &&ServerCommand| manifest.contenders.iter().any(|saved| saved.label == command.name);
    if let Some(other) = typed.iter().find(|command| !is_saved(command)) {
        return Err(refuse(format!("it has no server {}; leave that out, or make a new run", other.name)).into());
    }
    let again = |saved: &record::ContenderRecord, command: &CommandRecord| {
        let name = &saved.model;
        let Some(now) = typed.iter().find(|typed| typed.name == *name) else {
            return Err(refuse(format!(
                "its server {name} was started by a command, and none is ever taken from a saved run; \
                 type it again, with --server"
            )));
        };
        if now.text != command.command || now.version != command.version {
            return Err(refuse(format!("--server {name} is not what it was in that run; type it as it was")));
        }
        Ok(now.clone().labelled(&saved.label))
    };
    on_cpus(cpus, || {
        let contender = |saved: &record::ContenderRecord| -> Result<Participant, PlanError> {
            Ok(match &saved.command {
                Some(command) => Participant::Command(again(saved, command)?),
                None => Participant::Model(Contender::parse(&saved.label)?),
            })
        };
        Ok(manifest.contenders.iter().map(contender).collect::<Result<_, _>>()?)
    })
}

fn on_cpus<T: Send>(cpus: &[u32], make: impl FnOnce() -> anyhow::Result<T> + Send) -> anyhow::Result<T> {
    thread::scope(|scope| {
        let on_the_servers_cpus = thread::Builder::new()
            .spawn_scoped(scope, || {
                // Those of another machine have other numbers, and what follows from them was said.
                restrict_this_thread(if servers::are_cpus_assumed() { &[] } else { cpus })?;
                make()
            })
            .context("a thread could not be started")?;
        on_the_servers_cpus.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}

/// Reads `threaded,thread-pool:workers=8,stack=64KiB,async-multi`; without a list, every model that needs no naming, with its
/// defaults.
///
/// # Errors
/// Where the list is empty, a model or an option is unknown, or a contender is named twice.
pub(super) fn parse(list: Option<&str>) -> Result<Vec<Contender>, PlanError> {
    let texts = match list {
        Some(list) => split(list),
        None => default_models().map(|model| model.name.to_owned()).collect(),
    };
    if texts.is_empty() {
        let all: Vec<&str> = MODELS.iter().map(|model| model.name).collect();
        return usage(format!("the list is empty; name a model: {}", all.join(", ")));
    }
    let mut contenders: Vec<Contender> = Vec::new();
    for text in &texts {
        let contender = Contender::parse(text)?;
        if contenders.iter().any(|other| other.label() == contender.label()) {
            let label = contender.label();
            return usage(format!("{label} is named twice; give one a name of its own, {label}@again"));
        }
        let named = Participant::Model(contender.clone());
        if is_twin(&named) || is_base(&named) {
            let label = contender.label();
            return usage(format!("{label}: the harness gives the names twin and base itself; choose another"));
        }
        contenders.push(contender);
    }
    Ok(contenders)
}

/// A piece with a value and no model is one more option of the contender before it.
pub(super) fn split(list: &str) -> Vec<String> {
    let mut texts: Vec<String> = Vec::new();
    for piece in list.split(',').map(str::trim).filter(|piece| !piece.is_empty()) {
        let is_option = piece.contains('=') && !piece.contains(':');
        match texts.last_mut() {
            Some(contender) if is_option => {
                contender.push(',');
                contender.push_str(piece);
            }
            _ => texts.push(piece.to_owned()),
        }
    }
    texts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiments::EXPERIMENTS;
    use crate::plan::Preset;

    fn labels(list: &str) -> Vec<String> {
        parse(Some(list)).unwrap().iter().map(|contender| contender.label().to_owned()).collect()
    }

    #[test]
    fn the_same_server_can_be_named_apart() {
        assert_eq!(
            labels("threaded,threaded@again,async-multi:workers=2,stretch=120%@slow"),
            ["threaded", "threaded@again", "async-multi:stretch=120%,workers=2@slow"]
        );
    }

    #[test]
    fn options_stay_with_their_contender() {
        assert_eq!(
            labels("threaded, thread-pool:workers=8,stack=64KiB ,async-multi"),
            ["threaded", "thread-pool:stack=64KiB,workers=8", "async-multi"]
        );
    }

    #[test]
    fn workers_of_a_runtime_are_as_many_as_the_servers_cpus() {
        let cpu = instruments::observe::allowed_cpus().unwrap()[0];
        let experiments = [EXPERIMENTS[0]];
        let (servers, sizes) = (Servers::default(), Preset::Smoke.sizes());
        let cast = cast_for(&[cpu], Some("async-multi,thread-pool"), &servers, &experiments, &sizes).unwrap();
        let workers = |index: usize| cast.contenders[index].model().unwrap().resolved_options()["workers"].clone();
        assert_eq!((workers(0).as_str(), workers(1).as_str()), ("1", "4"));
    }

    #[test]
    fn without_a_list_every_model_takes_part_that_needs_no_naming() {
        let parsed = parse(None).unwrap();
        let usual = ["sequential", "threaded", "thread-pool", "rayon-pool", "async-single", "async-multi"];
        assert!(parsed.iter().map(Contender::label).eq(usual), "{parsed:?}");
    }

    #[test]
    fn what_is_unknown_or_named_twice_is_refused() {
        let error = |list: &str| parse(Some(list)).unwrap_err().to_string();
        assert!(error("pool").contains("models: sequential"), "{}", error("pool"));
        assert!(error("threaded,threaded").contains("threaded@again"));
        assert!(error("threaded@twin").contains("choose another"));
        assert!(error("workers=8").contains("models:"));
        assert!(error(" , ").contains("the list is empty; name a model: sequential"));
    }
}
