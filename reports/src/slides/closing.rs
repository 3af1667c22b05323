//! The slides after the pictures: all answers together, who differs from whom, what people say, and how to run it again.
//!
//! Must not know: tags, styles. Beside it: `deck.rs`.

use super::{Slide, SlideKind, deck};
use crate::format;
use crate::record::store::Run;
use crate::summary::{CERTAINTY, Rank, Statement, Summary};
use crate::verdict::{Matrix, Pair, Verdict};

/// On one slide.
const MOST_CHARACTERS: usize = 560;
const SHORTEST_ROW: usize = 110;

/// The answers to the questions, a few to a slide.
pub(super) fn answers(run: &Run, summary: &Summary) -> Vec<Slide> {
    let title = |name: &str| run.manifest.experiments.iter().find(|experiment| experiment.name == name);
    let leads = summary.answers.iter().filter(|answer| answer.rank == Rank::Lead);
    let rows = leads.map(|answer| {
        let title = title(&answer.experiment).map_or(answer.experiment.as_str(), |experiment| &experiment.title);
        (format!("{title}: {}", answer.label), answer.sentence.clone())
    });
    let rows: Vec<(String, String)> = rows.collect();
    let details = summary.answers.iter().filter(|answer| answer.rank == Rank::Detail);
    let details = details.map(|answer| (format!("{}, {}", answer.label, answer.topic), answer.sentence.clone()));
    paged("What this run says", &rows, &details.collect::<Vec<_>>())
}

/// Who differs from whom, of all with all; or that nothing decides.
pub(super) fn verdicts(summary: &Summary) -> Vec<Slide> {
    let decided: Vec<&Matrix> = summary.matrices.iter().filter(|matrix| matrix.has_verdicts()).collect();
    if !decided.is_empty() {
        let row = |matrix: &&Matrix| (format::capitalised(&matrix.title), differing(matrix));
        let notes: Vec<(String, String)> = decided.iter().flat_map(|matrix| details(matrix)).collect();
        return paged("Who differs from whom", &decided.iter().map(row).collect::<Vec<_>>(), &notes);
    }
    let certainty = summary.answers.iter().find(|answer| answer.topic == CERTAINTY);
    let slide = |answer: &Statement| Slide {
        kind: SlideKind::Words,
        kicker: "Who differs from whom".into(),
        heading: "Estimates: no difference here is a verdict".into(),
        rows: vec![("Why".into(), answer.sentence.clone())],
        ..Slide::default()
    };
    certainty.map(slide).into_iter().collect()
}

fn label(matrix: &Matrix, index: usize) -> &str {
    let found = matrix.contenders.iter().find(|contender| contender.index == index);
    found.map_or("-", |contender| &contender.name)
}

/// What a difference has to exceed, and every pair with its interval.
fn details(matrix: &Matrix) -> Vec<(String, String)> {
    let floor = (format::capitalised(&matrix.title), matrix.floor_words());
    let pair = |pair: &Pair| {
        let of = format!("{} / {}", label(matrix, pair.a), label(matrix, pair.b));
        (of, format!("{}: {}", pair.times(), pair.detail()))
    };
    [floor].into_iter().chain(matrix.pairs.iter().map(pair)).collect()
}

/// A comparison in words: which pairs are different, those of one contender together, which are equivalent, and of which
/// it can't be told.
fn differing(matrix: &Matrix) -> String {
    let name = |index: usize| label(matrix, index);
    let mut different: Vec<(usize, Vec<String>)> = Vec::new();
    let (mut alike, mut unknown) = (Vec::new(), Vec::new());
    for pair in &matrix.pairs {
        let both = || format!("{} and {}", name(pair.a), name(pair.b));
        match (pair.judged.map(|judged| judged.verdict), pair.ratio) {
            (Some(Verdict::Different), Ok(ratio)) => {
                let (more, less) = if ratio.value > 1.0 { (pair.a, pair.b) } else { (pair.b, pair.a) };
                let times = format::ratio(ratio.apart());
                let said = format!("{times} times {}", name(less));
                match different.iter_mut().find(|(who, _)| *who == more) {
                    Some((_, others)) => others.push(said),
                    None => different.push((more, vec![said])),
                }
            }
            (Some(Verdict::Equivalent { .. }), _) => alike.push(both()),
            _ => unknown.push(both()),
        }
    }
    let different = different.iter().map(|(who, others)| format!("{} has {}", name(*who), format::list(others)));
    let said: [(&str, Vec<String>); 3] =
        [("Different", different.collect()), ("Equivalent", alike), ("Cannot tell", unknown)];
    let said = said.iter().filter(|(_, pairs)| !pairs.is_empty());
    said.map(|(verdict, pairs)| format!("{verdict}: {}.", pairs.join("; "))).collect::<Vec<_>>().join(" ")
}

/// What people say and what the run says to it.
pub(super) fn claims(summary: &Summary) -> Vec<Slide> {
    let rows = summary.claims.iter().map(|claim| (claim.claim.clone(), claim.sentence.clone()));
    let values = summary.claims.iter().flat_map(|claim| {
        let said = |value: &String| (claim.claim.clone(), value.clone());
        claim.values.iter().map(said)
    });
    paged("What people say, put to the test", &rows.collect::<Vec<_>>(), &values.collect::<Vec<_>>())
}

/// As many rows to a slide as can be read, all notes with the first.
fn paged(heading: &str, rows: &[(String, String)], notes: &[(String, String)]) -> Vec<Slide> {
    let mut slides: Vec<Slide> = Vec::new();
    let mut written = MOST_CHARACTERS;
    for row in rows {
        // A row takes a line or two, however short.
        let own = SHORTEST_ROW.max(row.0.chars().count() + row.1.chars().count());
        written += own;
        if written > MOST_CHARACTERS {
            written = own;
            let notes = if slides.is_empty() { notes.to_vec() } else { Vec::new() };
            slides.push(Slide { kind: SlideKind::Words, heading: heading.to_owned(), notes, ..Slide::default() });
        }
        slides.last_mut().into_iter().for_each(|slide| slide.rows.push(row.clone()));
    }
    slides
}

/// The last of a talk: on what machine, how often, and how to do it again.
pub(super) fn how_it_was_measured(run: &Run, summary: &Summary) -> Slide {
    let again = reproduce(run);
    let rows = again.rows.into_iter().chain(deck::where_and_how(run, summary)).collect();
    Slide { heading: "How it was measured".into(), rows, ..again }
}

/// The last: how somebody else gets numbers of their own.
pub(super) fn reproduce(run: &Run) -> Slide {
    let manifest = &run.manifest;
    let commit = manifest.commit.as_deref().unwrap_or("unknown");
    let took = manifest.elapsed_ns.map(|ns| format::Unit::Nanoseconds.show(ns as f64));
    let rows = [
        ("Command", manifest.argv.join(" ")),
        ("Seed", manifest.seed.to_string()),
        ("Version", format!("{}, commit {commit}", manifest.harness_version)),
        ("Takes", took.unwrap_or_else(|| "not known, since the run did not end".into())),
        ("Plan", format!("{}, {} measurements", manifest.blocks_in_words(), manifest.planned_cells)),
    ];
    Slide {
        kind: SlideKind::End,
        kicker: format!("Run {} of {}", manifest.run, manifest.started_at),
        heading: "Run it yourself".into(),
        rows: rows.map(|(term, said)| (term.to_owned(), said)).into(),
        notes: vec![(
            "Same seed".into(),
            "It gives the same arrivals in the same order. What comes out depends on the machine.".into(),
        )],
        ..Slide::default()
    }
}
