//! A vote and its reveal: a question with its answers, then which of them was right, a sentence to say aloud, one picture and
//! who waited for what.
//!
//! Must not know: tags. Beside it: `talk.rs`, which puts them in order; `../words/card/answer.rs`, `../mechanism.rs`.

use super::{PossibleAnswer, Slide, SlideKind, SlidePicture, figures, lettered};
use crate::charts::{self, Figure};
use crate::mechanism::Mechanism;
use crate::record::store::Run;
use crate::record::{ExperimentRecord, PictureKind};
use crate::scorecard::{Scorecard, ScorecardRow, differing};
use crate::study::Group;
use crate::summary::{Claim, Rank, Statement, Summary};
use crate::words::answer::said;
use crate::words::scorecard::{question, remedy, stand_ins, value, verdict};
use crate::words::{answer, why};

/// For the speaker, of a question with one right answer.
const ASK: &str = "Let the room vote before you go on. The next key shows which answer was right.";

/// The same where nobody has said which of the answers is right.
const ASK_WITHOUT_ANSWER: &str = "Let the room vote before you go on. The next key shows what came out.";

/// A row of the scorecard; absent where it has no verdict. `lanes` says whether the picture may be one of lanes, or the room
/// has seen that already.
pub(super) fn of_row(
    run: &Run,
    groups: &[Group<'_>],
    card: &Scorecard,
    row: &ScorecardRow,
    has_seen_lanes: bool,
) -> Option<Slide> {
    let shorts = card.shorts();
    let said = said(row, shorts)?;
    let experiment = run.manifest.experiments.iter().find(|experiment| experiment.name == row.experiment);
    let mechanism = Mechanism::of(run, groups, card, row);
    let mechanism = if has_seen_lanes { mechanism.and_then(|it| it.without_waiting_lanes(row)) } else { mechanism };
    let figure = mechanism.as_ref().and_then(|it| charts::why::figure(run, card, row, it));
    let sentences = mechanism.as_ref().map(|it| why::sentences(it, row, shorts));
    let answers = ('A'..).zip(answer::choices(shorts)).zip(answer::right(row));
    let values = [0, 1].map(|side| format!("{} {}", shorts[side], value(row.values[side], row.unit)));
    let mut notes = vec![
        ("Ask".to_owned(), ASK.to_owned()),
        ("Came out".into(), format!("{}: {}", verdict(row, shorts), values.join(", "))),
    ];
    notes.extend(experiment.map(people_say));
    notes.extend(experiment.map(|it| ("Asked there".to_owned(), it.question.clone())));
    notes.extend(remedy(row, shorts).map(|remedy| ("Helps".to_owned(), remedy)));
    notes.extend(stand_ins(row, shorts).map(|who| ("Measured".to_owned(), who)));
    notes.extend(experiment.into_iter().flat_map(does_not_say));
    let helps = remedy(row, shorts).map(|remedy| format!("But {remedy}."));
    Some(Slide {
        kind: SlideKind::Vote,
        kicker: "Who is better, and by how much?".into(),
        heading: question(&row.topic),
        choices: answers.map(|((letter, text), is_right)| PossibleAnswer { letter, text, is_right }).collect(),
        answer: Some([Some(said), helps].into_iter().flatten().collect::<Vec<_>>().join(" ")),
        why: sentences.into_iter().flatten().collect(),
        numbers: figure.as_ref().map(|figure| figure.table.clone()),
        picture: figure.map(|figure| SlidePicture {
            figure: figure.id,
            panels: figure.panels,
            parts: figure.parts,
            faint: false,
        }),
        notes,
        ..Slide::default()
    })
}

/// An experiment whose claim is put to the test: its own answers, its verdict and its first picture.
pub(super) fn of_experiment(
    run: &Run,
    figures: &[(Figure, Option<&str>)],
    experiment: &ExperimentRecord,
    summary: &Summary,
) -> Slide {
    let claim = summary.claims.iter().find(|claim| claim.experiment == experiment.name);
    let own = figures.iter().filter(|(figure, _)| figure.experiment == experiment.name);
    // The first of those that are easiest to read from afar.
    let first = own.min_by_key(|(figure, _)| is_hard_to_read(figure.kind));
    let drawn = first.and_then(|(figure, _)| figures::drawn(&of_the_two(run, figure), None, &[]).into_iter().next());
    let of_it = |answer: &&Statement| answer.experiment == experiment.name && answer.rank == Rank::Lead;
    let lead = summary.answers.iter().find(of_it).map(|answer| answer.sentence.clone());
    let mut notes =
        vec![("Ask".to_owned(), ASK_WITHOUT_ANSWER.to_owned()), ("Look".into(), experiment.look_at.clone())];
    notes.extend(claim.into_iter().flat_map(|claim| &claim.values).map(|value| ("Decides".into(), value.clone())));
    notes.extend(does_not_say(experiment));
    let (picture, numbers) = drawn.map_or((None, None), |slide| (slide.picture, slide.numbers));
    let unmeasured = || "Nothing of it has been measured yet.".to_owned();
    let answer = claim.map(Claim::line).or(lead).or_else(|| first.map(|(figure, _)| figure.title.clone()));
    Slide {
        kind: SlideKind::Vote,
        kicker: format!("{}. People say: \u{201c}{}\u{201d}", experiment.title, experiment.claim),
        heading: experiment.question.clone(),
        choices: lettered(&experiment.possible_answers),
        answer: answer.or_else(|| Some(unmeasured())),
        picture,
        numbers,
        notes,
        ..Slide::default()
    }
}

/// A figure with one panel for each of the two that the run is about: its last, which is where most was asked of it. As it is
/// where it has no panel for each.
fn of_the_two(run: &Run, figure: &Figure) -> Figure {
    let contenders = &run.manifest.contenders;
    let last = |label: &String| {
        let protagonist = contenders.iter().find(|it| it.label == *label)?;
        let panels = figure.panels.iter().rev().filter_map(|panel| Some((panel, contenders.get(panel.contender?)?)));
        let of_model = panels.filter(|(_, contender)| contender.model == protagonist.model);
        // Of several as far from it the first, which is the last panel.
        let nearest =
            of_model.min_by_key(|(_, contender)| (contender.label != *label, differing(contender, protagonist).len()));
        nearest.map(|(panel, _)| panel.clone())
    };
    let two = run.manifest.protagonists.as_ref().and_then(|[first, second]| Some(vec![last(first)?, last(second)?]));
    Figure { panels: two.unwrap_or_else(|| figure.panels.clone()), ..figure.clone() }
}

/// Lines with their names beside them, or rare percentiles.
fn is_hard_to_read(kind: PictureKind) -> bool {
    match kind {
        PictureKind::Curve | PictureKind::PercentileSpectrum | PictureKind::Inside => true,
        PictureKind::StackedParts
        | PictureKind::TimeSplit
        | PictureKind::ProbeOverTime
        | PictureKind::Bars
        | PictureKind::Crossover
        | PictureKind::Lanes => false,
    }
}

fn people_say(experiment: &ExperimentRecord) -> (String, String) {
    ("People say".into(), format!("\u{201c}{}\u{201d} ({})", experiment.claim, experiment.claimed_in))
}

fn does_not_say(experiment: &ExperimentRecord) -> impl Iterator<Item = (String, String)> {
    experiment.conditions.iter().map(|condition| ("Does not say".into(), condition.clone()))
}
