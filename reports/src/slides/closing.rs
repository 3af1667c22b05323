//! The slides after the pictures: all answers together, who differs from whom, what people say, and how to run it again.
//!
//! Must not know: tags, styles. Beside it: `deck.rs`.

use super::deck::{Kind, Slide};
use crate::format;
use crate::record::store::Run;
use crate::summary::{Answer, Rank, Summary};
use crate::verdict::{Matrix, Verdict};

const ANSWERS_EACH: usize = 3;
const CLAIMS_EACH: usize = 5;
/// Of verdicts on one slide.
const MOST_CHARACTERS: usize = 750;

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
    paged("What this run says", &rows, ANSWERS_EACH, &details.collect::<Vec<_>>())
}

/// Who differs from whom, of all with all; or that nothing decides.
pub(super) fn verdicts(summary: &Summary) -> Vec<Slide> {
    let decided: Vec<&Matrix> = summary.matrices.iter().filter(|matrix| matrix.has_verdicts()).collect();
    if !decided.is_empty() {
        return packed(&decided);
    }
    let certainty = summary.answers.iter().find(|answer| answer.topic == "certainty");
    let slide = |answer: &Answer| Slide {
        kind: Kind::Words,
        kicker: "Who differs from whom".into(),
        heading: "Estimates: no difference here is a verdict".into(),
        rows: vec![("Why".into(), answer.sentence.clone())],
        ..Slide::default()
    };
    certainty.map(slide).into_iter().collect()
}

/// As many comparisons to a slide as can be read.
fn packed(matrices: &[&Matrix]) -> Vec<Slide> {
    let mut slides: Vec<Slide> = Vec::new();
    let mut written = MOST_CHARACTERS;
    for matrix in matrices {
        let words = differing(matrix);
        written += words.chars().count();
        if written > MOST_CHARACTERS {
            written = words.chars().count();
            slides.push(Slide {
                kind: Kind::Words,
                kicker: "All pairs of a comparison considered together".into(),
                heading: "Who differs from whom".into(),
                ..Slide::default()
            });
        }
        let Some(slide) = slides.last_mut() else { continue };
        slide.rows.push((format::capitalised(&matrix.title), words));
        slide.notes.push((matrix.title.clone(), matrix.floor_words()));
        slide.notes.extend(matrix.pairs.iter().map(|pair| {
            let of = format!("{} / {}", label(matrix, pair.a), label(matrix, pair.b));
            (of, format!("{}: {}", pair.times(), pair.detail()))
        }));
    }
    slides
}

fn label(matrix: &Matrix, index: usize) -> &str {
    let found = matrix.contenders.iter().find(|contender| contender.index == index);
    found.map_or("-", |contender| &contender.label)
}

/// A comparison in words: which pairs are different, which are equivalent, and of which it can't be told.
fn differing(matrix: &Matrix) -> String {
    let name = |index: usize| label(matrix, index);
    let (mut different, mut alike, mut unknown) = (Vec::new(), Vec::new(), Vec::new());
    for pair in &matrix.pairs {
        let both = || format!("{} and {}", name(pair.a), name(pair.b));
        match (pair.judged.map(|judged| judged.verdict), pair.ratio) {
            (Some(Verdict::Different), Some(ratio)) => {
                let (more, less) = if ratio.value > 1.0 { (pair.a, pair.b) } else { (pair.b, pair.a) };
                let times = format::number(ratio.value.max(1.0 / ratio.value));
                different.push(format!("{} {times} times {}", name(more), name(less)));
            }
            (Some(Verdict::Equivalent { .. }), _) => alike.push(both()),
            _ => unknown.push(both()),
        }
    }
    let said = [("Different", different), ("Equivalent", alike), ("Cannot tell", unknown)];
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
    paged("What people say, put to the test", &rows.collect::<Vec<_>>(), CLAIMS_EACH, &values.collect::<Vec<_>>())
}

fn paged(heading: &str, rows: &[(String, String)], each: usize, notes: &[(String, String)]) -> Vec<Slide> {
    let pages = rows.len().div_ceil(each);
    let slide = |(number, rows): (usize, &[(String, String)])| Slide {
        kind: Kind::Words,
        kicker: if pages > 1 { format!("{} of {pages}", number + 1) } else { String::new() },
        heading: heading.to_owned(),
        rows: rows.to_vec(),
        notes: if number == 0 { notes.to_vec() } else { Vec::new() },
        ..Slide::default()
    };
    rows.chunks(each).enumerate().map(slide).collect()
}

/// The last: how somebody else gets numbers of their own.
pub(super) fn reproduce(run: &Run) -> Slide {
    let manifest = &run.manifest;
    let commit = manifest.commit.as_deref().unwrap_or("unknown");
    let took = manifest.elapsed_s.map(|s| format::Unit::Nanoseconds.show(s * 1e9));
    let rows = [
        ("Command", manifest.argv.join(" ")),
        ("Seed", manifest.seed.to_string()),
        ("Version", format!("{}, commit {commit}", manifest.harness_version)),
        ("Takes", took.unwrap_or_else(|| "not known, since the run did not end".into())),
        ("Plan", format!("{}, {} cells", format::counted(u64::from(manifest.blocks), "block"), manifest.planned_cells)),
    ];
    Slide {
        kind: Kind::End,
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
