//! Who takes part in what: the contenders of a run, and which of them each experiment puts to the test.

use servers::{Contender, ContenderError};

use super::{Contenders, Experiment};

/// The name of a contender that is run a second time. Nobody else may have it.
pub const TWIN: &str = "twin";

/// Whether a contender is another one's second self.
pub fn is_twin(contender: &Contender) -> bool {
    contender.name() == Some(TWIN)
}

/// The name of a contender that another build of the harness serves. Nobody else may have it.
pub const BASE: &str = "base";

/// Whether another build of the harness serves this contender.
pub fn is_base(contender: &Contender) -> bool {
    contender.name() == Some(BASE)
}

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

    /// Adds to each experiment that compares the contenders of the run the last of them once more, as its own twin: how
    /// far apart these two are is what a difference between others has to exceed.
    ///
    /// # Errors
    /// None that is known of: a twin's name is one.
    pub fn with_twins(mut self, experiments: &[&'static Experiment]) -> Result<Cast, ContenderError> {
        for (place, experiment) in experiments.iter().enumerate() {
            let Some(last) = self.parts[place].last().filter(|_| matches!(experiment.contenders, Contenders::OfTheRun))
            else {
                continue;
            };
            let twin = self.contenders[*last].named(TWIN)?;
            let twin = self.place_of(twin);
            self.parts[place].push(twin);
        }
        Ok(self)
    }

    /// Adds to each contender of each experiment the same as another build serves it, right behind it.
    ///
    /// # Errors
    /// None that is known of: a base's name is one.
    pub fn with_bases(mut self) -> Result<Cast, ContenderError> {
        for part in std::mem::take(&mut self.parts) {
            let mut doubled = Vec::new();
            for place in part {
                doubled.push(place);
                if !is_twin(&self.contenders[place]) {
                    let base = self.contenders[place].named(BASE)?;
                    doubled.push(self.place_of(base));
                }
            }
            self.parts.push(doubled);
        }
        Ok(self)
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
    fn a_twin_plays_where_contenders_of_the_run_are_compared() {
        let cast = Cast::new(&experiments(), &Choice::Usual(contenders(&["threaded", "async-multi"]))).unwrap();
        let alone = labels(&cast, 1).join(" ");
        let cast = cast.with_twins(&experiments()).unwrap();
        assert_eq!(labels(&cast, 0), ["threaded", "async-multi", "async-multi@twin"]);
        assert_eq!(labels(&cast, 1).join(" "), alone);
    }

    #[test]
    fn every_contender_but_a_twin_has_a_base() {
        let cast = Cast::new(&experiments(), &Choice::Named(contenders(&["threaded", "async-multi"]))).unwrap();
        let cast = cast.with_twins(&experiments()).unwrap().with_bases().unwrap();
        let all = ["threaded", "threaded@base", "async-multi", "async-multi@base"];
        assert_eq!(labels(&cast, 0), [&all[..], &["async-multi@twin"]].concat());
        assert_eq!(labels(&cast, 1), all);
    }

    #[test]
    fn those_that_are_named_play_everywhere() {
        let named = contenders(&["threaded:stack=64KiB", "rayon-pool"]);
        let cast = Cast::new(&experiments(), &Choice::Named(named)).unwrap();
        assert_eq!(cast.parts, [[0, 1], [0, 1]]);
        assert_eq!(labels(&cast, 1), ["threaded:stack=64KiB", "rayon-pool"]);
    }
}
