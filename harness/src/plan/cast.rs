//! Who takes part in what: the contenders of a run, each once, and which of them each experiment measures.
//!
//! `compare --models threaded --server 'python=python3 x.py' --experiments latency-curve,mutex --blocks 10` has this cast:
//!
//! ```text
//! contenders      0 threaded   1 python   2 python@twin
//! latency-curve   0, 1, 2
//! mutex           0
//! left out        python in mutex, which compares an option that other programs do not have
//! ```
//!
//! `threaded` is one contender, however often it is measured. A contender has a label, `threaded:workers=4` is another one.
//! The twin is `python` once more: two servers that are alike, to see how far apart their figures are. It comes where there
//! are blocks enough for a verdict, and is in experiments that compare the contenders of the run. One that has contenders of its own has no twin, and without `--models` and
//! `--server` it measures its own.
//!
//! A cast is no plan: loads, blocks and CPUs come with [`super::RunPlan`]. Beside it: `participant.rs`, what a contender is.

use reports::record::Warning;
use servers::{Contender, ContenderError};

use super::{BASE, Contenders, Experiment, PROTAGONISTS, Participant, TWIN, is_twin};

/// Where the contenders of a run come from.
#[derive(Debug, Clone)]
pub enum Choice {
    /// Every model that needs no naming, with its defaults. An experiment that has contenders of its own runs those.
    Usual(Vec<Participant>),
    /// These were named, and play in every experiment. A claim that is decided by others can't be told then.
    Named(Vec<Participant>),
}

/// The contenders of a run, each once, and who of them is in which experiment.
#[derive(Debug, Default)]
pub struct Cast<'a> {
    /// Those in which anybody plays.
    pub experiments: Vec<&'a Experiment>,
    /// In the order in which a report shows them; labels are unique.
    pub contenders: Vec<Participant>,
    /// For each experiment the places of its contenders in the list.
    pub parts: Vec<Vec<usize>>,
    /// Who was named and plays no part in an experiment, and why.
    pub left_out: Vec<Warning>,
}

impl<'a> Cast<'a> {
    /// Casts the experiments.
    ///
    /// # Errors
    /// Where an experiment's own contender can't be.
    pub fn new(experiments: &[&'a Experiment], choice: &Choice) -> Result<Cast<'a>, ContenderError> {
        let mut cast = Cast::default();
        // In the order of the models, or in which they were named, whichever experiment comes first.
        let is_for_all =
            |it: &&&Experiment| it.recipe.contenders == Contenders::OfTheRun && it.recipe.own_options.is_none();
        if let Some(experiment) = experiments.iter().find(is_for_all) {
            cast.contenders = playing(experiment, choice)?;
        }
        for experiment in experiments {
            let (able, unable): (Vec<_>, Vec<_>) =
                playing(experiment, choice)?.into_iter().partition(|contender| can_play(experiment, contender));
            let reason = experiment.recipe.own_options.unwrap_or_default();
            cast.left_out.extend(unable.iter().map(|contender| left_out_of(experiment, contender, reason)));
            cast.play(experiment, able);
        }
        Ok(cast)
    }

    /// Without the experiments that have no part for a page, which `takes_pages` tells.
    #[must_use]
    pub fn with_pages(self, takes_pages: impl Fn(&Experiment) -> bool) -> Cast<'a> {
        self.keeping(takes_pages, "it needs work of our own protocol, and a page can't take its place")
    }

    /// Without the experiments that are not to be kept. Whoever would play in one is said to be left out, and why: a clause.
    #[must_use]
    pub fn keeping(self, is_kept: impl Fn(&Experiment) -> bool, reason: &str) -> Cast<'a> {
        let (experiments, parts) = (self.experiments, self.parts);
        let stays = |place: &usize| {
            let mut parts = experiments.iter().zip(&parts);
            parts.any(|(experiment, part)| is_kept(experiment) && part.contains(place))
        };
        let contenders = self.contenders.iter().enumerate().filter(|(place, _)| stays(place));
        let contenders = contenders.map(|(_, contender)| contender.clone()).collect();
        let mut cast = Cast { contenders, left_out: self.left_out, ..Cast::default() };
        for (experiment, part) in experiments.into_iter().zip(parts) {
            let playing: Vec<Participant> = part.iter().map(|place| self.contenders[*place].clone()).collect();
            if is_kept(experiment) {
                cast.play(experiment, playing);
            } else {
                cast.left_out.extend(playing.iter().map(|contender| left_out_of(experiment, contender, reason)));
            }
        }
        cast
    }

    /// Puts these two, if any, to the test wherever the protagonists are. Nobody plays a part that he is not cast for.
    #[must_use]
    pub fn about(mut self, two: Option<&[String; 2]>) -> Cast<'a> {
        let Some(two) = two else { return self };
        let places: Vec<usize> =
            two.iter().filter_map(|label| self.contenders.iter().position(|it| it.label() == *label)).collect();
        for (experiment, part) in self.experiments.iter().zip(&mut self.parts) {
            if experiment.recipe.contenders == Contenders::Protagonists && places.len() == two.len() {
                part.clone_from(&places);
            }
        }
        self
    }

    /// Adds an experiment with those who play in it, where there is anybody.
    fn play(&mut self, experiment: &'a Experiment, playing: Vec<Participant>) {
        if !playing.is_empty() {
            let part = playing.into_iter().map(|contender| self.place_of(contender)).collect();
            self.experiments.push(experiment);
            self.parts.push(part);
        }
    }

    /// Adds to each experiment that compares the contenders of the run, and of which `repeats` is true, the last of them once
    /// more, as its own twin: how far apart these two are is what a difference between others has to exceed.
    ///
    /// # Errors
    /// None that is known of: a twin's name is one.
    pub fn with_twins(mut self, repeats: impl Fn(&Experiment) -> bool) -> Result<Cast<'a>, ContenderError> {
        for (place, experiment) in self.experiments.clone().into_iter().enumerate() {
            let compares = !matches!(experiment.recipe.contenders, Contenders::Own(_)) && repeats(experiment);
            let Some(last) = self.parts[place].last().filter(|_| compares) else { continue };
            let twin = self.contenders[*last].named(TWIN)?;
            let twin = self.place_of(twin);
            self.parts[place].push(twin);
        }
        Ok(self)
    }

    /// Adds to each model of each experiment the same as another build serves it, right behind it.
    ///
    /// # Errors
    /// None that is known of: a base's name is one.
    pub fn with_bases(mut self) -> Result<Cast<'a>, ContenderError> {
        for part in std::mem::take(&mut self.parts) {
            let mut doubled = Vec::new();
            for place in part {
                doubled.push(place);
                if !is_twin(&self.contenders[place]) && self.contenders[place].model().is_some() {
                    let base = self.contenders[place].named(BASE)?;
                    doubled.push(self.place_of(base));
                }
            }
            self.parts.push(doubled);
        }
        Ok(self)
    }

    fn place_of(&mut self, contender: Participant) -> usize {
        let known = self.contenders.iter().position(|other| other.label() == contender.label());
        known.unwrap_or_else(|| {
            self.contenders.push(contender);
            self.contenders.len() - 1
        })
    }
}

fn can_play(experiment: &Experiment, contender: &Participant) -> bool {
    contender.model().is_some() || experiment.recipe.own_options.is_none()
}

fn left_out_of(experiment: &Experiment, contender: &Participant, reason: &str) -> Warning {
    Warning::LeftOut {
        contender: contender.label().to_owned(),
        experiment: experiment.name.to_owned(),
        reason: reason.to_owned(),
    }
}

fn playing(experiment: &Experiment, choice: &Choice) -> Result<Vec<Participant>, ContenderError> {
    let (Choice::Usual(of_the_run) | Choice::Named(of_the_run)) = choice;
    match (experiment.recipe.contenders, choice) {
        (Contenders::Own(labels), Choice::Usual(_)) => {
            labels.iter().map(|label| Contender::parse(label).map(Participant::Model)).collect()
        }
        (Contenders::Protagonists, _) => Ok(protagonists(of_the_run)),
        (Contenders::Own(_) | Contenders::OfTheRun, _) => Ok(of_the_run.clone()),
    }
}

/// The two that the question is about or, where one of them was not named, the first two that were.
fn protagonists(contenders: &[Participant]) -> Vec<Participant> {
    let find = |label: &str| contenders.iter().find(|contender| contender.label() == label).cloned();
    let usual: Vec<Participant> = PROTAGONISTS.iter().filter_map(|label| find(label)).collect();
    if usual.len() == PROTAGONISTS.len() {
        usual
    } else {
        contenders.iter().take(PROTAGONISTS.len()).cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiments::{self, EXPERIMENTS};
    use crate::plan::ServerCommand;

    fn contenders(labels: &[&str]) -> Vec<Participant> {
        labels.iter().map(|label| Participant::Model(Contender::parse(label).unwrap())).collect()
    }

    fn python() -> Participant {
        Participant::Command(ServerCommand::new("python", None, "python3 x.py", vec!["python3".to_owned()]))
    }

    fn cast(experiments: &[&'static Experiment], choice: Choice) -> Cast<'static> {
        Cast::new(experiments, &choice).unwrap()
    }

    /// One experiment of each kind.
    fn experiments() -> Vec<&'static Experiment> {
        ["latency-curve", "idle-flood"].map(|name| experiments::find(name).unwrap()).to_vec()
    }

    #[test]
    fn protagonists_are_the_usual_two_or_the_first_two_that_were_named() {
        let played = |choice: Choice| {
            let cast = cast(&[experiments::find("thread-or-task").unwrap()], choice);
            labels(&cast.with_twins(|_| true).unwrap(), 0).join(" ")
        };
        let usual = contenders(&["sequential", "threaded", "async-single", "async-multi"]);
        assert_eq!(played(Choice::Usual(usual)), "threaded async-multi async-multi@twin");
        let named = contenders(&["rayon-pool", "threaded", "sequential"]);
        assert_eq!(played(Choice::Named(named.clone())), "rayon-pool threaded threaded@twin");
        let cast = cast(&[experiments::find("thread-or-task").unwrap(), experiments()[0]], Choice::Named(named));
        let cast = cast.about(Some(&["sequential".to_owned(), "rayon-pool".to_owned()]));
        assert_eq!((labels(&cast, 0).join(" ").as_str(), labels(&cast, 1).len()), ("sequential rayon-pool", 3));
    }

    fn labels<'a>(cast: &'a Cast<'_>, experiment: usize) -> Vec<&'a str> {
        cast.parts[experiment].iter().map(|place| cast.contenders[*place].label()).collect()
    }

    #[test]
    fn an_experiment_with_contenders_of_its_own_runs_those_and_all_are_listed_once() {
        let cast = cast(&experiments(), Choice::Usual(contenders(&["threaded", "rayon-pool"])));
        assert_eq!(labels(&cast, 0), ["threaded", "rayon-pool"]);
        let Contenders::Own(own) = experiments()[1].recipe.contenders else { panic!() };
        assert_eq!(labels(&cast, 1), own);
        let mut all: Vec<&str> = cast.contenders.iter().map(Participant::label).collect();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), cast.contenders.len());
    }

    #[test]
    fn a_twin_plays_where_contenders_of_the_run_are_compared() {
        let cast = cast(&experiments(), Choice::Usual(contenders(&["threaded", "async-multi"])));
        let alone = labels(&cast, 1).join(" ");
        let cast = cast.with_twins(|_| true).unwrap();
        assert_eq!(labels(&cast, 0), ["threaded", "async-multi", "async-multi@twin"]);
        assert_eq!(labels(&cast, 1).join(" "), alone);
    }

    #[test]
    fn every_contender_but_a_twin_has_a_base() {
        let cast = cast(&experiments(), Choice::Named(contenders(&["threaded", "async-multi"])));
        let cast = cast.with_twins(|_| true).unwrap().with_bases().unwrap();
        let all = ["threaded", "threaded@base", "async-multi", "async-multi@base"];
        assert_eq!(labels(&cast, 0), [&all[..], &["async-multi@twin"]].concat());
        assert_eq!(labels(&cast, 1), all);
    }

    #[test]
    fn those_that_are_named_play_everywhere() {
        let named = contenders(&["threaded:stack=64KiB", "rayon-pool"]);
        let cast = cast(&experiments(), Choice::Named(named));
        assert_eq!(cast.parts, [[0, 1], [0, 1]]);
        assert_eq!(labels(&cast, 1), ["threaded:stack=64KiB", "rayon-pool"]);
    }

    #[test]
    fn a_program_of_another_hand_is_left_out_where_our_options_are_compared() {
        let mutex = EXPERIMENTS.iter().find(|experiment| experiment.recipe.own_options.is_some()).unwrap();
        let both = [&contenders(&["threaded"])[..], &[python()]].concat();
        let both = cast(&[experiments()[0], mutex], Choice::Named(both));
        assert_eq!([0, 1].map(|place| labels(&both, place).join(" ")), ["threaded python", "threaded"]);
        let [Warning::LeftOut { contender, experiment, reason }] = &both.left_out[..] else { panic!() };
        assert_eq!((contender.as_str(), experiment.as_str()), ("python", mutex.name));
        assert!(reason.contains("option"), "{reason}");
        let alone = cast(&[experiments()[0], mutex], Choice::Named(vec![python()]));
        assert_eq!((alone.experiments.len(), alone.parts.len()), (1, 1), "nobody is left to play in the other");
    }

    #[test]
    fn programs_have_twins_and_no_bases() {
        let named = [&[python()], &contenders(&["threaded"])[..]].concat();
        let both = cast(&experiments()[..1], Choice::Named(named)).with_bases().unwrap();
        assert_eq!(labels(&both, 0), ["python", "threaded", "threaded@base"]);
        let cast = cast(&experiments()[..1], Choice::Named(vec![python()])).with_twins(|_| true).unwrap();
        assert_eq!(labels(&cast, 0), ["python", "python@twin"]);
    }

    #[test]
    fn an_experiment_without_a_page_is_left_out_with_all_its_contenders() {
        let cast = cast(&experiments(), Choice::Named(vec![python()]));
        let cast = cast.with_pages(|experiment| experiment.name == experiments()[0].name);
        assert_eq!((cast.experiments.len(), cast.left_out.len()), (1, 1));
        assert_eq!(labels(&cast, 0), ["python"]);
    }
}
