//! Every figure of the report one to a slide: what was run, then each experiment as a question and its pictures, then what
//! follows from all of them.
//!
//! Nothing before a question gives its answer away. Must not know: tags, styles. Beside it: `talk.rs`, what a speaker
//! tells of it; `figures.rs`, `closing.rs`.

use super::{Slide, SlideKind, closing, figures, lettered};
use crate::charts;
use crate::format::{self, Unit};
use crate::page::card;
use crate::placement::placement;
use crate::record::store::Run;
use crate::record::{ContenderRecord, ExperimentRecord};
use crate::scorecard::{Scorecard, run_question};
use crate::study::{Group, groups};
use crate::summary::{self, Badge, BadgeState, Summary};
use crate::words::advice::advice;
use crate::words::answer::answer;
use crate::words::scorecard as words;

pub(super) fn slides(run: &Run) -> Vec<Slide> {
    let groups = groups(run);
    let summary = summary::of_groups(run, &groups);
    let figures = charts::with_workloads(run, &groups);
    let mut slides = vec![with_the_answer(run, &groups, &summary)];
    for experiment in &run.manifest.experiments {
        slides.push(question(experiment));
        let before = slides.len();
        let own = figures.iter().filter(|(figure, _)| figure.experiment == experiment.name);
        for (place, (figure, workload)) in own.enumerate() {
            slides.extend(figures::of_experiment(figure, place, *workload, experiment, &summary));
        }
        if slides.len() == before {
            slides.push(unmeasured(experiment));
        }
    }
    let declared = |name: &str| run.manifest.experiments.iter().any(|experiment| experiment.name == name);
    let others = figures.iter().filter(|(figure, _)| !declared(&figure.experiment));
    slides.extend(others.flat_map(|(figure, _)| figures::of_none(figure)));
    slides.extend(closing::answers(run, &summary));
    slides.extend(closing::verdicts(&summary));
    slides.extend(closing::claims(&summary));
    slides.push(closing::reproduce(run));
    slides
}

/// The question with its answer in one picture or, where nobody is held against anybody, with what was run.
fn with_the_answer(run: &Run, groups: &[Group<'_>], summary: &Summary) -> Slide {
    let what = what_was_run(run, summary);
    let Some(card) = Scorecard::of_groups(run, groups).filter(|card| !card.rows.is_empty()) else { return what };
    let said = answer(&card).into_iter().chain(advice(&card)).map(|sentence| ("Say".to_owned(), sentence));
    let under = card.rows.iter().filter_map(|row| {
        let beside = words::would_take(row).or_else(|| words::remedy(row, card.shorts()))?;
        Some((words::question(&row.topic), beside))
    });
    Slide {
        notes: said.chain(under).chain(what.rows).chain(what.notes).collect(),
        rows: Vec::new(),
        card: Some(card::html(&card, |_| None)),
        ..what
    }
}

/// The question.
pub(super) fn title(run: &Run) -> Slide {
    Slide {
        kind: SlideKind::Title,
        kicker: format!("Run {}", run.manifest.run),
        heading: run_question(&run.manifest),
        ..Slide::default()
    }
}

/// The question, and what was run to answer it.
pub(super) fn what_was_run(run: &Run, summary: &Summary) -> Slide {
    let manifest = &run.manifest;
    let contenders = manifest.contenders.iter().filter(|contender| contender.twin_of.is_none());
    let blocks = manifest.blocks_in_words();
    let rows = [
        ("Who", format::list(contenders.map(ContenderRecord::name))),
        ("What", format::list(manifest.experiments.iter().map(|experiment| &experiment.title))),
        ("When", format!("{}, preset {}, {blocks}", manifest.started_at, manifest.preset)),
    ];
    let rows = rows.map(|(term, said)| (term.to_owned(), said)).into_iter().chain(where_and_how(run, summary));
    Slide { rows: rows.collect(), notes: summary.validity.badges.iter().map(badge).collect(), ..title(run) }
}

/// The machine, who had which of its CPUs, and what is to be doubted.
pub(super) fn where_and_how(run: &Run, summary: &Summary) -> Vec<(String, String)> {
    let (machine, validity) = (&run.manifest.machine, &summary.validity);
    let valid = validity.cells - validity.invalid_cells;
    let place = format!(
        "{}, {}, {}, Linux {}",
        machine.cpu_model,
        format::counted(u64::from(machine.cpus), "CPU"),
        Unit::Bytes.show(machine.memory_bytes as f64),
        machine.kernel
    );
    let valid = format!("{valid} of {}", format::counted(validity.cells as u64, "measurement"));
    let rows = [("Where", place), ("How", placement(run)), ("Valid", valid)];
    let rows = rows.map(|(term, said)| (term.to_owned(), said)).into_iter();
    rows.chain(validity.badges.iter().filter(|badge| badge.state == BadgeState::Doubt).map(badge)).collect()
}

fn badge(badge: &Badge) -> (String, String) {
    let sign = if badge.state == BadgeState::Doubt { "⚠" } else { "✓" };
    (format!("{sign} {}", badge.label), badge.detail.clone())
}

/// Before any picture: the room has not seen yet how it comes out.
fn question(experiment: &ExperimentRecord) -> Slide {
    let mut notes = vec![
        ("Ask".to_owned(), "Let the room vote on the answers before you go on.".to_owned()),
        ("People say".into(), format!("\u{201c}{}\u{201d} ({})", experiment.claim, experiment.claimed_in)),
    ];
    let workloads = experiment.workloads.iter();
    notes.extend(workloads.map(|workload| (workload.label.clone(), workload.description.clone())));
    Slide {
        kind: SlideKind::Question,
        kicker: format!("{}. People say: \u{201c}{}\u{201d}", experiment.title, experiment.claim),
        heading: experiment.question.clone(),
        choices: lettered(&experiment.possible_answers),
        notes,
        ..Slide::default()
    }
}

fn unmeasured(experiment: &ExperimentRecord) -> Slide {
    Slide {
        kind: SlideKind::Words,
        kicker: experiment.title.clone(),
        heading: "Nothing of it has been measured yet.".into(),
        ..Slide::default()
    }
}
