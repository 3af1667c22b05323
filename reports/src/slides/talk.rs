//! The talk on a run, in the order in which a speaker tells it: the question, who ran what, a vote and its reveal for each row
//! of the scorecard, then for each claim that no row stands for, the map, the answer, what to do on Monday, how it was
//! measured.
//!
//! At most fifteen slides, and those that a speaker named beside them. Must not know: tags. Beside it: `votes.rs`,
//! `closing.rs`; `deck.rs`, every figure.

use super::{Slide, SlideKind, SlidePicture, closing, deck, figures, votes};
use crate::charts;
use crate::mechanism::lanes;
use crate::page::card;
use crate::record::store::Run;
use crate::record::{Demand, PictureKind};
use crate::scorecard::Scorecard;
use crate::study::groups;
use crate::summary::{self, ClaimVerdict};
use crate::words::advice::{advice, monday};
use crate::words::windows::lanes_seen;

/// More than these nobody listens to.
pub(super) const MOST_SLIDES: usize = 15;
const MOST_MAPS: usize = 1;

/// `named` are the anchors of figures that are shown beside the talk.
pub(super) fn slides(run: &Run, named: &[String]) -> Vec<Slide> {
    let groups = groups(run);
    let summary = summary::of_groups(run, &groups);
    let all_figures = charts::with_workloads(run, &groups);
    let card = Scorecard::of_groups(run, &groups).filter(|card| !card.rows.is_empty());
    let first = card.iter().flat_map(|card| [Some(question(run, card, &summary)), who_ran_what(run, card)]);
    let mut slides: Vec<Slide> = first.flatten().collect();
    if card.is_none() {
        slides.push(deck::what_was_run(run, &summary));
    }
    let last: Vec<Slide> =
        maps(&all_figures).chain(card.iter().filter(|card| card.decided() > 0).flat_map(closing_of)).collect();
    let room = MOST_SLIDES - 1 - last.len();
    let has_seen_lanes = slides.len() > 1;
    let votes = card
        .iter()
        .flat_map(|card| card.rows.iter().filter_map(|row| votes::of_row(run, &groups, card, row, has_seen_lanes)));
    slides.extend(votes);
    let is_told = |name: &str| card.iter().flat_map(|card| &card.rows).any(|row| row.experiment == name);
    let is_ruled = |name: &str| {
        let claim = summary.claims.iter().find(|claim| claim.experiment == name);
        claim.is_some_and(|claim| claim.verdict != ClaimVerdict::CannotTell)
    };
    // A vote that nobody can answer is none, unless there is no other.
    let is_all_there_is = card.as_ref().is_none_or(|card| card.decided() == 0);
    let is_wanted = |name: &str| !is_told(name) && is_ruled(name) || is_all_there_is;
    let others = run.manifest.experiments.iter().filter(|experiment| is_wanted(&experiment.name));
    slides.extend(others.map(|it| votes::of_experiment(run, &all_figures, it, &summary)));
    slides.truncate(room);
    let wanted = all_figures.iter().filter(|(figure, _)| named.contains(&figure.id));
    slides.extend(wanted.flat_map(|(figure, _)| figures::of_none(figure)));
    slides.extend(last);
    slides.push(closing::how_it_was_measured(run, &summary));
    slides
}

/// The scorecard with its questions and without an answer, so that nobody's vote is given away.
fn question(run: &Run, card: &Scorecard, summary: &summary::Summary) -> Slide {
    let what = deck::what_was_run(run, summary);
    Slide {
        notes: what.rows.iter().cloned().chain(what.notes).collect(),
        rows: Vec::new(),
        card: Some(card::questions(card)),
        ..deck::title(run)
    }
}

/// Many threads beside few: what everything else follows from.
fn who_ran_what(run: &Run, card: &Scorecard) -> Option<Slide> {
    let timelines = lanes(run, card, |demand| matches!(demand, Demand::Waiting { .. }))?;
    let figure = charts::why::of_lanes(run, card, timelines)?;
    Some(Slide {
        kind: SlideKind::Figure,
        kicker: figure.subtitle,
        heading: lanes_seen(timelines, card.shorts()),
        picture: Some(SlidePicture {
            figure: "who-ran-what".into(),
            panels: figure.panels,
            parts: Vec::new(),
            faint: false,
        }),
        notes: figure.notes.into_iter().map(|note| ("How to read it".to_owned(), note)).collect(),
        numbers: Some(figure.table),
        ..Slide::default()
    })
}

fn maps(all: &[(charts::Figure, Option<&str>)]) -> impl Iterator<Item = Slide> {
    let maps = all.iter().filter(|(figure, _)| figure.kind == PictureKind::Crossover);
    maps.flat_map(|(figure, _)| figures::of_none(figure)).take(MOST_MAPS)
}

/// The answer, and what follows from it.
fn closing_of(card: &Scorecard) -> [Slide; 2] {
    let answer = Slide {
        kind: SlideKind::Words,
        heading: "The answer".into(),
        card: Some(card::html(card, |_| None)),
        answer: Some(advice(card).join(" ")).filter(|said| !said.is_empty()),
        ..Slide::default()
    };
    let what_to_do = Slide {
        kind: SlideKind::Words,
        heading: "What to do on Monday".into(),
        rows: monday(card),
        ..Slide::default()
    };
    [answer, what_to_do]
}
