//! Every lesson is whole, fits a minute and a laptop, and says the right thing of literal records.

use std::collections::BTreeSet;

use reports::record::Warning;
use servers::Contender;

use self::records::{amid, measured, saved};
use super::*;
use crate::plan::{Preset, TaskKind};
use crate::workshop::course::{LONGEST_RUN, sizes};
use crate::workshop::lesson::{LessonSettings, LessonSetup};
use crate::workshop::settle::{LessonFindings, settle};
use crate::workshop::source::side_by_side;

#[path = "../../../tests/it/workshop/records.rs"]
mod records;

fn usual(lesson: &Lesson) -> (LessonSettings, LessonSetup) {
    let settings = LessonSettings::usual(lesson.controls);
    let setup = (lesson.setup)(&settings);
    (settings, setup)
}

/// All that a lesson may be set to at the ends of its controls.
fn extremes(lesson: &Lesson) -> Vec<LessonSettings> {
    let ends = |end: fn(&crate::workshop::lesson::Control) -> u32| {
        let changed: Vec<(String, u32)> =
            lesson.controls.iter().map(|control| (control.kind.name().to_owned(), end(control))).collect();
        LessonSettings::with(lesson.controls, &changed).unwrap()
    };
    vec![ends(|control| control.least), ends(|control| control.usual), ends(|control| control.most)]
}

#[test]
fn every_file_is_in_the_table_under_its_name() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/workshop/lessons");
    let files: BTreeSet<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path().file_stem().unwrap().to_str().unwrap().replace('_', "-"))
        .filter(|name| name != "mod" && name != "tests")
        .collect();
    let names: BTreeSet<String> = LESSONS.iter().map(|lesson| lesson.name.to_owned()).collect();
    assert_eq!(files, names);
    assert!(LESSONS.len() >= 12);
    assert_eq!(LESSONS.iter().filter(|lesson| lesson.is_core).count(), 7);
    let minutes: u32 = LESSONS.iter().filter(|lesson| lesson.is_core).map(|lesson| lesson.script.minutes).sum();
    assert!((90..=110).contains(&minutes), "{minutes} of 120 minutes, with a break and an end");
}

#[test]
fn every_lesson_is_whole() {
    for lesson in LESSONS {
        let story = lesson.story;
        let answers = story.possible_answers.len();
        let name = lesson.name;
        assert!((3..=4).contains(&answers) && lesson.beliefs.len() == answers, "{name}");
        assert!(story.finds_out.ends_with('?') && story.question.ends_with('?'), "{name}");
        assert!((story.pictures)().iter().all(|picture| !picture.metrics.is_empty()), "{name}");
        assert!(side_by_side(lesson.models).is_some(), "{name}: no source of {:?}", lesson.models);
        assert!(!lesson.look.is_empty() && (1..=2).contains(&lesson.controls.len()), "{name}");
        let script = &lesson.script;
        assert!(!script.ask.is_empty() && !script.press.is_empty() && !script.goes_wrong.is_empty(), "{name}");
        assert!(script.wrong_ideas.iter().all(|(idea, from)| idea.ends_with('.') && from.ends_with('.')), "{name}");
        for settings in extremes(lesson) {
            let setup = (lesson.setup)(&settings);
            assert_eq!(setup.bounds.len() + 1, answers, "{name}");
            assert!(setup.bounds.is_sorted() && setup.bounds[0] > 0.0, "{name}: {:?}", setup.bounds);
            assert!(setup.question.ends_with('?') && setup.blocks >= 3, "{name}");
            for label in &setup.contenders {
                assert_eq!(Contender::parse(label).unwrap().label(), label, "{name}");
            }
            for value in [Some(&setup.quantity.value), setup.quantity.over.as_ref()].into_iter().flatten() {
                assert!(reports::metrics::metric(&value.metric).is_some(), "{name}: {value:?}");
                assert!(setup.contenders.contains(&value.contender), "{name}: {value:?}");
                let is_run = |task: &crate::plan::Task| {
                    let is_held = matches!(task.kind, TaskKind::Hold(_));
                    (is_held || task.variation == value.variation)
                        && value.workload.as_ref().is_none_or(|key| task.workload == *key)
                };
                assert!(setup.tasks.iter().any(is_run), "{name}: nothing measures {value:?}");
            }
        }
        assert_eq!((lesson.setup)(&LessonSettings::usual(lesson.controls)).question, story.question, "{name}");
    }
}

#[test]
fn a_lesson_ends_within_a_minute_and_fits_a_laptop() {
    for lesson in LESSONS {
        for settings in extremes(lesson) {
            let setup = (lesson.setup)(&settings);
            let each: Duration = setup.tasks.iter().map(|task| task.kind.usual_duration() + OVERHEAD).sum();
            let all = each * setup.contenders.len() as u32 * setup.blocks;
            assert!(all < LONGEST_RUN * 9 / 10, "{}: {all:?} with {settings:?}", lesson.name);
            let most = setup.tasks.iter().map(|task| task.kind.peak_connections()).max().unwrap();
            assert!(most <= 4_000, "{}: {most} connections", lesson.name);
            assert!(sizes(Preset::Quick.sizes(), &setup).retries > 0);
        }
    }
}

/// Besides its task a cell takes about this.
const OVERHEAD: Duration = Duration::from_millis(250);

#[test]
fn the_answer_that_holds_the_whole_interval_is_right() {
    for lesson in LESSONS {
        let (settings, setup) = usual(lesson);
        for answer in 0..=setup.bounds.len() {
            let value = amid(&setup, answer);
            let run = measured(lesson, &setup, &[value * 0.99, value, value * 1.01, value]);
            let findings = LessonFindings::of(&run, &settings);
            let (result, at) = settle(&findings, &setup);
            let of = format!("{}, {value}: {result:?}", lesson.name);
            assert_eq!((result.right, result.points_to), (Some(answer), Some(answer)), "{of}");
            assert!(result.undecided.is_none() && at.is_some(), "{of}");
            assert!(result.measured.starts_with(setup.quantity.says) && result.measured.ends_with('.'), "{of}");
        }
    }
}

#[test]
fn values_on_both_sides_of_an_edge_decide_nothing_and_say_what_to_do() {
    for lesson in LESSONS {
        let (settings, setup) = usual(lesson);
        let edge = setup.bounds[0];
        let run = measured(lesson, &setup, &[edge * 0.7, edge * 1.4, edge * 0.8, edge * 1.3]);
        let (result, _) = settle(&LessonFindings::of(&run, &settings), &setup);
        let why = result.undecided.unwrap();
        assert_eq!(result.right, None, "{}", lesson.name);
        assert!(result.points_to.is_some() && why.contains("again"), "{}: {why}", lesson.name);
    }
}

#[test]
fn a_noisy_machine_decides_nothing_and_still_points_somewhere() {
    for lesson in LESSONS {
        let (settings, setup) = usual(lesson);
        let answer = setup.bounds.len();
        let mut run = measured(lesson, &setup, &[amid(&setup, answer); 4]);
        let noise = Warning::NoisyMachine { what: "others used 90% of the CPUs".to_owned() };
        run.cells.iter_mut().for_each(|cell| cell.warnings.push(noise.clone()));
        let (result, at) = settle(&LessonFindings::of(&run, &settings), &setup);
        assert_eq!((result.right, result.points_to), (None, Some(answer)), "{}", lesson.name);
        let why = result.undecided.unwrap();
        let is_said = why.to_lowercase().contains("others used the machine") && why.contains("Close");
        let is_held = setup.tasks.iter().any(|task| matches!(task.kind, TaskKind::Hold(_)));
        assert_eq!(why.starts_with("Each of 4 repetitions says so, and still: "), !is_held, "{}: {why}", lesson.name);
        assert!(is_said, "{}: {why}", lesson.name);
        assert!(at.is_some());
    }
}

/// What its requests say of one server has an interval too, and was given as the reason.
#[test]
fn too_few_quiet_repetitions_are_the_reason_where_they_are() {
    for lesson in LESSONS {
        let (settings, setup) = usual(lesson);
        let value = amid(&setup, 1);
        let mut run = measured(lesson, &setup, &[value * 0.99, value, value * 1.01]);
        run.cells[0].warnings.push(Warning::NoisyMachine { what: "others used 90% of the CPUs".to_owned() });
        let (result, at) = settle(&LessonFindings::of(&run, &settings), &setup);
        let why = result.undecided.unwrap();
        assert!(why.contains("easured twice") && !why.contains("reaches over"), "{}: {why}", lesson.name);
        assert_eq!((result.right, at.unwrap().interval), (None, None), "{}", lesson.name);
    }
}

#[test]
fn nothing_measured_is_said_and_explained_all_the_same() {
    for lesson in LESSONS {
        let (settings, setup) = usual(lesson);
        let run = saved(lesson, &setup, Vec::new());
        let findings = LessonFindings::of(&run, &settings);
        let (result, at) = settle(&findings, &setup);
        assert_eq!((result.right, result.points_to, at), (None, None, None), "{}", lesson.name);
        assert!(result.measured.contains("not measured") && result.undecided.is_some(), "{}", lesson.name);
        let said = lesson.explained(&findings);
        assert!(said.len() >= 2 && said[0].contains("(not measured)"), "{}: {said:?}", lesson.name);
    }
}

#[test]
fn the_explanation_says_what_was_measured() {
    for lesson in LESSONS {
        let (settings, setup) = usual(lesson);
        let run = measured(lesson, &setup, &[amid(&setup, setup.bounds.len()); 4]);
        let findings = LessonFindings::of(&run, &settings);
        let quantity = &setup.quantity;
        let (alone, times) = (findings.say(&quantity.value), quantity.over.as_ref());
        let times = times.map(|over| findings.say_times(&quantity.value, over));
        let said = lesson.explained(&findings).join(" ");
        let is_said = said.contains(&alone) || times.is_some_and(|times| said.contains(&times));
        assert!(is_said, "{}: {alone} is not in {said}", lesson.name);
    }
}

#[test]
fn what_is_set_changes_the_question_and_has_bounds() {
    for lesson in LESSONS {
        let usual = LessonSettings::usual(lesson.controls);
        for control in lesson.controls {
            let name = control.kind.name().to_owned();
            let set = |value: u32| LessonSettings::with(lesson.controls, &[(name.clone(), value)]);
            assert!(set(control.most + 1).is_err() && set(control.least).is_ok(), "{}", lesson.name);
            let changed = set(if control.usual == control.least { control.most } else { control.least }).unwrap();
            let (before, after) = ((lesson.setup)(&usual), (lesson.setup)(&changed));
            let differs = before.tasks != after.tasks || before.contenders != after.contenders;
            assert!(differs, "{}: {name} changes nothing", lesson.name);
        }
        let unknown = LessonSettings::with(lesson.controls, &[("patience".to_owned(), 1)]);
        assert!(unknown.unwrap_err().to_string().contains("no patience to set"), "{}", lesson.name);
    }
}
