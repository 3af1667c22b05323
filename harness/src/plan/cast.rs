//! Who takes part in what: the contenders of a run, and which of them each experiment puts to the test.

use servers::{Contender, ContenderError};

use super::{Contenders, Experiment};

/// Where the contenders of a run come from.
#[derive(Debug, Clone)]
pub enum Choice {
    /// Every model with its defaults. An experiment that has contenders of its own runs those.
    Usual(Vec<Contender>),
    /// These were named, and play in every experiment. A claim that is decided by others can't be told then.
    Named(Vec<Contender>),
}

/// The contenders of a run, each once, and who of them is in which experiment.
#[derive(Debug)]
pub struct Cast {
    /// In the order in which a report shows them; labels are unique.
    pub contenders: Vec<Contender>,
    /// For each experiment the places of its contenders in the list.
    pub parts: Vec<Vec<usize>>,
}

impl Cast {
    /// Casts the experiments.
    ///
    /// # Errors
    /// Where an experiment's own contender can't be.
    pub fn new(experiments: &[&'static Experiment], choice: &Choice) -> Result<Cast, ContenderError> {
        let mut cast = Cast { contenders: Vec::new(), parts: Vec::new() };
        for experiment in experiments {
            let playing = playing(experiment, choice)?;
            let part = playing.into_iter().map(|contender| cast.place_of(contender)).collect();
            cast.parts.push(part);
        }
        Ok(cast)
    }

    fn place_of(&mut self, contender: Contender) -> usize {
        let known = self.contenders.iter().position(|other| other.label() == contender.label());
        known.unwrap_or_else(|| {
            self.contenders.push(contender);
            self.contenders.len() - 1
        })
    }
}

fn playing(experiment: &Experiment, choice: &Choice) -> Result<Vec<Contender>, ContenderError> {
    match (experiment.contenders, choice) {
        (Contenders::Own(labels), Choice::Usual(_)) => labels.iter().map(|label| Contender::parse(label)).collect(),
        (_, Choice::Usual(contenders) | Choice::Named(contenders)) => Ok(contenders.clone()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiments::EXPERIMENTS;

    fn contenders(labels: &[&str]) -> Vec<Contender> {
        labels.iter().map(|label| Contender::parse(label).unwrap()).collect()
    }

    /// One experiment of each kind.
    fn experiments() -> Vec<&'static Experiment> {
        let with_own = EXPERIMENTS.iter().find(|experiment| experiment.name == "idle-flood").unwrap();
        vec![&EXPERIMENTS[0], with_own]
    }

    fn labels(cast: &Cast, experiment: usize) -> Vec<&str> {
        cast.parts[experiment].iter().map(|place| cast.contenders[*place].label()).collect()
    }

    #[test]
    fn an_experiment_with_contenders_of_its_own_runs_those_and_all_are_listed_once() {
        let cast = Cast::new(&experiments(), &Choice::Usual(contenders(&["threaded", "rayon-pool"]))).unwrap();
        assert_eq!(labels(&cast, 0), ["threaded", "rayon-pool"]);
        let Contenders::Own(own) = experiments()[1].contenders else { panic!() };
        assert_eq!(labels(&cast, 1), own);
        let mut all: Vec<&str> = cast.contenders.iter().map(Contender::label).collect();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), cast.contenders.len());
    }

    #[test]
    fn those_that_are_named_play_everywhere() {
        let named = contenders(&["threaded:stack=64KiB", "rayon-pool"]);
        let cast = Cast::new(&experiments(), &Choice::Named(named)).unwrap();
        assert_eq!(cast.parts, [[0, 1], [0, 1]]);
        assert_eq!(labels(&cast, 1), ["threaded:stack=64KiB", "rayon-pool"]);
    }
}
