//! The list of contenders as it is typed: names separated by commas, though options are too.

use std::thread;

use servers::{Contender, MODELS};

use crate::observe::restrict_this_thread;
use crate::plan::{Cast, Choice, Experiment, PlanError, is_base, is_twin};

/// Who takes part in the experiments, those named in `list` or the usual, for servers on `cpus`: defaults that follow the
/// number of CPUs are those of the server's share, not of the whole machine.
///
/// # Errors
/// As [`parse`], and where the CPUs can't be had.
pub(super) fn cast_for(cpus: &[u32], list: Option<&str>, experiments: &[&'static Experiment]) -> anyhow::Result<Cast> {
    on_cpus(cpus, || {
        let contenders = parse(list)?;
        let choice = if list.is_some() { Choice::Named(contenders) } else { Choice::Usual(contenders) };
        Ok(Cast::new(experiments, &choice)?)
    })
}

/// The contenders of a list, for servers on `cpus`.
///
/// # Errors
/// As [`parse`], and where the CPUs can't be had.
pub(super) fn listed(cpus: &[u32], list: &str) -> anyhow::Result<Vec<Contender>> {
    on_cpus(cpus, || Ok(parse(Some(list))?))
}

/// The contenders of a saved run, by their labels, for servers on `cpus`.
///
/// # Errors
/// Where this version has no such contender, and where the CPUs can't be had.
pub(super) fn labelled(cpus: &[u32], labels: &[String]) -> anyhow::Result<Vec<Contender>> {
    on_cpus(cpus, || Ok(labels.iter().map(|label| Contender::parse(label)).collect::<Result<_, _>>()?))
}

fn on_cpus<T: Send>(cpus: &[u32], make: impl FnOnce() -> anyhow::Result<T> + Send) -> anyhow::Result<T> {
    thread::scope(|scope| {
        let on_the_servers_cpus = scope.spawn(|| {
            restrict_this_thread(cpus)?;
            make()
        });
        on_the_servers_cpus.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}

/// Reads `threaded,thread-pool:workers=8,stack=64KiB,async-multi`; without a list, every model with its defaults.
///
/// # Errors
/// Where the list is empty, a model or an option is unknown, or a contender is named twice.
fn parse(list: Option<&str>) -> Result<Vec<Contender>, PlanError> {
    let texts = match list {
        Some(list) => split(list),
        None => MODELS.iter().map(|model| model.name.to_owned()).collect(),
    };
    if texts.is_empty() {
        let all: Vec<&str> = MODELS.iter().map(|model| model.name).collect();
        return Err(PlanError::Usage(format!("the list names no contender; models: {}", all.join(", "))));
    }
    let mut contenders: Vec<Contender> = Vec::new();
    for text in &texts {
        let contender = Contender::parse(text)?;
        if contenders.iter().any(|other| other.label() == contender.label()) {
            let label = contender.label();
            return Err(PlanError::Usage(format!("{label} is named twice; give one a name of its own, {label}@again")));
        }
        if is_twin(&contender) || is_base(&contender) {
            let label = contender.label();
            return Err(PlanError::Usage(format!(
                "{label}: twins and bases are added by themselves; choose another name"
            )));
        }
        contenders.push(contender);
    }
    Ok(contenders)
}

/// A piece with a value and no model is one more option of the contender before it.
fn split(list: &str) -> Vec<String> {
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
        let cpu = crate::observe::allowed_cpus().unwrap()[0];
        let experiments = [&EXPERIMENTS[0]];
        let cast = cast_for(&[cpu], Some("async-multi,thread-pool"), &experiments).unwrap();
        let workers = |index: usize| cast.contenders[index].resolved_options()["workers"].clone();
        assert_eq!((workers(0).as_str(), workers(1).as_str()), ("1", "4"));
    }

    #[test]
    fn without_a_list_every_model_takes_part() {
        assert_eq!(parse(None).unwrap().len(), MODELS.len());
    }

    #[test]
    fn what_is_unknown_or_named_twice_is_refused() {
        let error = |list: &str| parse(Some(list)).unwrap_err().to_string();
        assert!(error("pool").contains("models: sequential"), "{}", error("pool"));
        assert!(error("threaded,threaded").contains("threaded@again"));
        assert!(error("threaded@twin").contains("choose another name"));
        assert!(error("workers=8").contains("models:"));
        assert!(error(" , ").contains("names no contender; models: sequential"));
    }
}
