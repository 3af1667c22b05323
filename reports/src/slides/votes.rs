//! A vote and its reveal: a question with its answers, then which of them was right, a sentence to say aloud, one picture and
//! who waited for what.
//!
//! Must not know: tags. Beside it: `talk.rs`, which puts them in order; `../words/vote.rs`, `../mechanism.rs`.

use super::{Choice, Slide, SlideKind, SlidePicture, figures, lettered};
use crate::charts;
use crate::mechanism::Mechanism;
use crate::record::ExperimentRecord;
use crate::record::store::Run;
use crate::scorecard::{Scorecard, ScorecardRow};
use crate::study::Group;
use crate::summary::{Claim, Rank, Statement, Summary};
use crate::words::answer::said;
use crate::words::scorecard::{question, remedy, stand_ins, value, verdict};
use crate::words::{vote, why};

/// For the speaker.
const ASK: &str = "Let the room vote before you go on. The next key shows which answer was right.";

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
    let answers = ('A'..).zip(vote::choices(shorts)).zip(vote::right(row));
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
    let helps = remedy(row, shorts).map(|remedy| format!("{remedy}."));
    Some(Slide {
        kind: SlideKind::Vote,
        kicker: "Who is better, and by how much?".into(),
        heading: question(&row.topic),
        choices: answers.map(|((letter, text), is_right)| Choice { letter, text, is_right }).collect(),
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
    figures: &[(charts::Figure, Option<&str>)],
    experiment: &ExperimentRecord,
    summary: &Summary,
) -> Slide {
    let claim = summary.claims.iter().find(|claim| claim.experiment == experiment.name);
    let first = figures.iter().find(|(figure, _)| figure.experiment == experiment.name);
    let drawn = first.and_then(|(figure, _)| figures::drawn(figure, None, &[]).into_iter().next());
    let of_it = |answer: &&Statement| answer.experiment == experiment.name && answer.rank == Rank::Lead;
    let lead = summary.answers.iter().find(of_it).map(|answer| answer.sentence.clone());
    let mut notes = vec![("Ask".to_owned(), ASK.to_owned()), ("Look".into(), experiment.look_at.clone())];
    notes.extend(claim.into_iter().flat_map(|claim| &claim.values).map(|value| ("Decides".into(), value.clone())));
    notes.extend(does_not_say(experiment));
    let (picture, numbers) = drawn.map_or((None, None), |slide| (slide.picture, slide.numbers));
    let unmeasured = || "No cell of it has been measured.".to_owned();
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

fn people_say(experiment: &ExperimentRecord) -> (String, String) {
    ("People say".into(), format!("\u{201c}{}\u{201d} ({})", experiment.claim, experiment.claimed_in))
}

fn does_not_say(experiment: &ExperimentRecord) -> impl Iterator<Item = (String, String)> {
    experiment.conditions.iter().map(|condition| ("Does not say".into(), condition.clone()))
}
