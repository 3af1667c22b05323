//! What a speaker chooses: which figures beside the talk, or all of them, and of whom.
//!
//! Whoever is left out is taken from the run before anything is drawn, and keeps his colour. Must not know: slides.

use crate::charts::figures;
use crate::record::store::Run;
use crate::study::groups;

/// What is to be shown.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DeckChoice {
    /// Which figures.
    pub figures: FigureChoice,
    /// Labels of the contenders in them; empty for all.
    pub contenders: Vec<String>,
}

/// Which figures of the report are slides.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum FigureChoice {
    /// Those of the talk.
    #[default]
    Talk,
    /// Every one, in place of the talk.
    All,
    /// Those of the talk and these, by their anchors.
    Named(Vec<String>),
}

/// A name that the run does not know.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UnknownChoice {
    /// Of a figure.
    #[error("no figure of this run is called {name}; its figures: {known}", known = .known.join(", "))]
    Figure {
        /// As it was typed.
        name: String,
        /// What there is.
        known: Vec<String>,
    },
    /// Of a contender.
    #[error("{name} took no part in this run; its contenders: {known}", known = .known.join(", "))]
    Contender {
        /// As it was typed.
        name: String,
        /// Who did.
        known: Vec<String>,
    },
}

impl DeckChoice {
    /// The run with none but those who are to be shown.
    pub(super) fn of_models(&self, run: &Run) -> Result<Run, UnknownChoice> {
        let mut run = run.clone();
        if self.contenders.is_empty() {
            return Ok(run);
        }
        let known: Vec<String> = run.manifest.contenders.iter().map(|contender| contender.label.clone()).collect();
        if let Some(name) = self.contenders.iter().find(|name| !known.contains(name)) {
            return Err(UnknownChoice::Contender { name: name.clone(), known });
        }
        // A twin says what the one differs by from itself.
        let twins = run
            .manifest
            .contenders
            .iter()
            .filter(|it| it.twin_of.as_ref().is_some_and(|of| self.contenders.contains(of)));
        let shown: Vec<String> = self.contenders.iter().cloned().chain(twins.map(|twin| twin.label.clone())).collect();
        run.cells.retain(|cell| shown.contains(&cell.contender));
        run.timelines.retain(|timeline| shown.contains(&timeline.contender));
        for experiment in &mut run.manifest.experiments {
            let plays = |label: &&String| experiment.contenders.is_empty() || experiment.contenders.contains(label);
            experiment.contenders = shown.iter().filter(plays).cloned().collect();
        }
        // Where none of its contenders is shown, there would be nothing to see.
        run.manifest.experiments.retain(|experiment| !experiment.contenders.is_empty());
        Ok(run)
    }

    /// The anchors of what is shown beside the talk; absent where everything is shown in place of it.
    pub(super) fn figures(&self, run: &Run) -> Result<Option<Vec<String>>, UnknownChoice> {
        let named = match &self.figures {
            FigureChoice::Talk => return Ok(Some(Vec::new())),
            FigureChoice::All => return Ok(None),
            FigureChoice::Named(named) => named,
        };
        let known: Vec<String> = figures(run, &groups(run)).into_iter().map(|figure| figure.id).collect();
        match named.iter().find(|name| !known.contains(name)) {
            Some(name) => Err(UnknownChoice::Figure { name: name.clone(), known }),
            None => Ok(Some(named.clone())),
        }
    }
}
