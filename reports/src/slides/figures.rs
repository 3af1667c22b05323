//! Slides with a picture: what is seen as the heading, what follows under it, and for the speaker where to look and the
//! numbers.
//!
//! A figure is on one slide, or on several where its panels would be too small to read from the last row. Must not
//! know: tags, what is drawn in a panel. Beside it: `deck.rs`.

use super::{Slide, SlideKind, SlidePicture};
use crate::charts::{Figure, PanelPicture};
use crate::record::{ExperimentRecord, PictureKind};
use crate::summary::{Rank, Statement, Summary};

/// Room for a picture on a slide of 1280 by 720, in pixels.
const ROOM: (f64, f64) = (1_200.0, 420.0);
const GAP: f64 = 24.0;
/// For what stands over and under a panel of small multiples.
const WORDS: f64 = 64.0;
/// Drawn smaller than in the report, a panel can't be read from afar.
const LEAST_SCALE: f64 = 0.98;
const MOST_ABREAST: usize = 4;

/// The slides of a figure, the `place`-th of its experiment.
pub(super) fn of_experiment(
    figure: &Figure,
    place: usize,
    workload: Option<&str>,
    experiment: &ExperimentRecord,
    summary: &Summary,
) -> Vec<Slide> {
    let of_it =
        |answer: &&Statement| answer.experiment == experiment.name && Some(answer.workload.as_str()) == workload;
    let answers: Vec<&Statement> = summary.answers.iter().filter(of_it).collect();
    let claim = summary.claims.iter().find(|claim| claim.experiment == experiment.name);
    let answer = match claim {
        Some(claim) => Some(claim.line()),
        None => answer(figure, place, &answers),
    };
    let mut notes = vec![
        ("Asked".to_owned(), format!("{} {}", experiment.question, lettered(&experiment.possible_answers))),
        ("Look".into(), experiment.look_at.clone()),
    ];
    notes.extend(claim.into_iter().flat_map(|claim| &claim.values).map(|value| ("Decides".into(), value.clone())));
    notes.extend(answers.iter().map(|answer| (answer.topic.clone(), answer.sentence.clone())));
    notes.extend(experiment.conditions.iter().map(|condition| ("Does not say".into(), condition.clone())));
    drawn(figure, answer, &notes)
}

/// The slides of a figure that no experiment declares.
pub(super) fn of_none(figure: &Figure) -> Vec<Slide> {
    drawn(figure, None, &[])
}

/// Under the first picture the answer to the question; under others what is said of just what they show.
fn answer(figure: &Figure, place: usize, answers: &[&Statement]) -> Option<String> {
    // A grid of who serves more is the answer.
    if figure.kind == PictureKind::Crossover {
        return None;
    }
    let first = answers.iter().find(|answer| answer.rank == Rank::Lead).filter(|_| place == 0);
    let seen = figure.subtitle.to_lowercase();
    let own =
        answers.iter().find(|answer| answer.rank == Rank::Detail && seen.starts_with(&answer.topic.to_lowercase()));
    first.or(own).map(|answer| answer.sentence.clone())
}

/// `A: tasks; B: threads`.
fn lettered(choices: &[String]) -> String {
    let lettered = ('A'..).zip(choices).map(|(letter, choice)| format!("{letter}: {choice}"));
    lettered.collect::<Vec<_>>().join(" ")
}

pub(super) fn drawn(figure: &Figure, answer: Option<String>, notes: &[(String, String)]) -> Vec<Slide> {
    let sizes: Vec<(f64, f64)> = figure.panels.iter().map(|panel| size(&panel.svg)).collect();
    let each = abreast(&sizes, if figure.panels.len() > 1 { WORDS } else { 0.0 });
    let slides = figure.panels.len().div_ceil(each).max(1);
    let how_to_read = figure.notes.iter().map(|note| ("How to read it".to_owned(), note.clone()));
    let notes: Vec<(String, String)> = notes.iter().cloned().chain(how_to_read).collect();
    let slide = |number: usize| {
        let of = if slides > 1 { format!(" · {} of {slides}", number + 1) } else { String::new() };
        Slide {
            kind: SlideKind::Figure,
            kicker: format!("{}{of}", figure.subtitle),
            heading: figure.title.clone(),
            picture: Some(SlidePicture {
                figure: figure.id.clone(),
                panels: named_first(figure).into_iter().skip(number * each).take(each).cloned().collect(),
                parts: figure.parts.clone(),
                faint: figure.kind == PictureKind::Crossover,
            }),
            answer: answer.clone(),
            notes: notes.clone(),
            numbers: (number == 0).then(|| figure.table.clone()),
            ..Slide::default()
        }
    };
    (0..slides).map(slide).collect()
}

/// Small multiples of contenders that the title names come first, so that they stand side by side.
fn named_first(figure: &Figure) -> Vec<&PanelPicture> {
    let is_named = |heading: &str| {
        let words = figure.title.split([' ', ',']);
        !heading.is_empty() && words.into_iter().any(|word| word.eq_ignore_ascii_case(heading))
    };
    let (named, others): (Vec<_>, Vec<_>) = figure.panels.iter().partition(|panel| is_named(&panel.heading));
    named.into_iter().chain(others).collect()
}

/// How many panels stand side by side: as many as can be read, or else as few as makes them largest.
fn abreast(sizes: &[(f64, f64)], words: f64) -> usize {
    let scale = |count: usize| {
        let width = (ROOM.0 - GAP * (count as f64 - 1.0)) / count as f64;
        let of_panel = sizes.iter().map(|(w, h)| (width / w).min((ROOM.1 - words) / h));
        of_panel.fold(f64::INFINITY, f64::min)
    };
    let counts = 1..=sizes.len().clamp(1, MOST_ABREAST);
    let enough = counts.clone().rev().find(|count| scale(*count) >= LEAST_SCALE);
    // Where even one is small for its height, those that are no smaller stand beside it.
    enough.or_else(|| counts.rev().find(|count| scale(*count) >= scale(1))).unwrap_or(1)
}

/// Width and height of a drawing, in pixels; of one that does not say, those of a usual panel.
fn size(svg: &str) -> (f64, f64) {
    let numbers = svg.split_once("viewBox=\"0 0 ").and_then(|(_, rest)| rest.split_once('"'));
    let numbers = numbers.and_then(|(numbers, _)| numbers.split_once(' '));
    let size = numbers.and_then(|(width, height)| Some((width.parse().ok()?, height.parse().ok()?)));
    size.filter(|(width, height)| *width > 0.0 && *height > 0.0).unwrap_or((600.0, 400.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn panels_stand_side_by_side_as_far_as_they_can_be_read() {
        assert_eq!(abreast(&[(570.0, 360.0)], 0.0), 1);
        assert_eq!(abreast(&[(570.0, 356.0); 2], WORDS), 2);
        assert_eq!(abreast(&[(332.0, 268.0); 6], WORDS), 3);
        assert_eq!(abreast(&[(332.0, 268.0); 2], WORDS), 2);
        assert_eq!(abreast(&[(380.0, 900.0); 3], WORDS), 3, "none would be larger alone");
        assert_eq!(abreast(&[], 0.0), 1);
    }

    #[test]
    fn a_drawing_says_its_size() {
        assert_eq!(size("<svg viewBox=\"0 0 332 268\" width=\"332\">"), (332.0, 268.0));
        assert_eq!(size("<svg>"), (600.0, 400.0));
    }
}
