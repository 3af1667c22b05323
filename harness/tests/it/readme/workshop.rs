//! What a trainer prints: a page for each lesson and the handout, written from the lessons themselves, and the guide, whose
//! timetables add up. `UPDATE_GOLDEN=1 cargo test -p harness --test it readme::workshop` writes the pages anew.
//!
//! Beside it: `handout.rs`, the two pages for learners; `../exercises.rs`, which sees to the exercises.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;

use harness::workshop::LESSONS;
use harness::workshop::lesson::{Control, Lesson};

use crate::common::{root, source};
use crate::readme::handout;
use crate::readme::markdown::{links, sections};

const FOLDER: &str = "docs/workshop/lessons";
const GUIDE: &str = "docs/workshop/README.md";

/// Which exercises practise what a lesson shows.
const EXERCISES: [(&str, &[&str]); 5] = [
    ("connection-cost", &["bounded-connections"]),
    ("pool-and-fifth", &["thread-pool", "worker-panic"]),
    ("blocking-a-task", &["hidden-sleep", "lock-across-await"]),
    ("computing-in-a-task", &["long-computation"]),
    ("silent-clients", &["frame-deadline", "bounded-connections"]),
];

/// The file is what it should be, or is written so.
fn hold(path: &str, now: &str) {
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        fs::write(root().join(path), now).unwrap();
    }
    assert!(source(path) == now, "{path} is not of these lessons; UPDATE_GOLDEN=1 writes it anew");
}

#[test]
fn every_lesson_has_its_page_for_the_trainer() {
    for (at, lesson) in LESSONS.iter().enumerate() {
        hold(&format!("{FOLDER}/{}.md", lesson.name), &page(at, lesson));
    }
    let entries = fs::read_dir(root().join(FOLDER)).unwrap().map(|entry| entry.unwrap().file_name());
    let there: BTreeSet<String> = entries.map(|name| name.into_string().unwrap()).collect();
    assert_eq!(there, LESSONS.iter().map(|lesson| format!("{}.md", lesson.name)).collect());
}

#[test]
fn the_handout_asks_what_the_lessons_ask() {
    hold("docs/workshop/handout.html", &handout::page());
}

#[test]
fn the_guide_leads_to_every_lesson_and_says_how_long_it_takes() {
    let guide = source(GUIDE);
    let links = links(&guide);
    for Lesson { name, script, is_core, .. } in LESSONS {
        assert!(links.contains(&format!("lessons/{name}.md")), "{GUIDE} does not lead to {name}");
        let extra = if *is_core { "" } else { ", extra" };
        let row = format!("| [{name}](lessons/{name}.md) | {}{extra} |", script.minutes);
        assert!(guide.contains(&row), "{GUIDE} has no row {row}");
    }
}

/// The minutes of a table's rows, which begin with the time at which each begins.
#[test]
fn timetables_add_up() {
    for (heading, minutes) in [("Two hours", 120), ("Forty-five minutes", 45)] {
        let all = sections(&source(GUIDE));
        let table = &all.iter().find(|section| section.heading == heading).unwrap().text;
        let rows = table.lines().filter(|line| line.starts_with("| 0:") || line.starts_with("| 1:"));
        let mut now = 0;
        for row in rows {
            let cells: Vec<&str> = row.split('|').map(str::trim).collect();
            assert_eq!(cells[1], format!("{}:{:02}", now / 60, now % 60), "{heading}: {row}");
            now += cells[2].parse::<u32>().unwrap();
        }
        assert_eq!(now, minutes, "{heading}");
    }
}

/// What a trainer reads of a lesson the evening before.
fn page(at: usize, lesson: &Lesson) -> String {
    let Lesson { name, script, .. } = lesson;
    let story = lesson.story;
    let core = if lesson.is_core { "One of the seven for two hours." } else { "Extra, for questions." };
    let mut page = format!(
        "# {}\n\n`harness lesson {name}`, or the page of `harness workshop --trainer --lesson {name}`. {} minutes. {core}\n\n\
         ## The question\n\n{}\n\n",
        story.title, script.minutes, story.question
    );
    for (at, (answer, belief)) in story.possible_answers.iter().zip(lesson.beliefs).enumerate() {
        let letter = char::from(b'A' + u8::try_from(at).unwrap());
        _ = writeln!(page, "- **{letter}. {answer}** Who says so believes: {belief}");
    }
    _ = write!(page, "\nIt is about what people say: *{}* They say it in {}.\n\n", story.claim, story.claimed_in);
    page += "## Wrong ideas, and where they come from\n\n";
    script.wrong_ideas.iter().for_each(|(idea, from)| _ = writeln!(page, "- **{idea}** {from}"));
    page += "\n## What to ask\n\n";
    script.ask.iter().for_each(|question| _ = writeln!(page, "- {question}"));
    page += "\n## What to press\n\n";
    script.press.iter().enumerate().for_each(|(at, step)| _ = writeln!(page, "{}. {step}", at + 1));
    _ = write!(page, "\n{}\n", controls(lesson.controls));
    _ = write!(page, "\n## What to look at\n\n{}\n", story.look_at);
    if !lesson.look.is_empty() {
        page += "\nWith `--look` the servers stay, and these commands are printed with the number of a process:\n\n";
        lesson.look.iter().for_each(|look| _ = writeln!(page, "- `{}`: {}", look.command, look.shows));
    }
    page += "\n## What goes wrong\n\n";
    script.goes_wrong.iter().for_each(|(what, remedy)| _ = writeln!(page, "- **{what}** {remedy}"));
    story.conditions.iter().for_each(|condition| _ = writeln!(page, "- **To say beside the result:** {condition}"));
    page + &way_on(at, name)
}

fn controls(controls: &[Control]) -> String {
    if controls.is_empty() {
        return "There is nothing to change here.".to_owned();
    }
    let each = |it: &Control| {
        format!("{} (`--set {}=N`, {} to {}, usually {})", it.label, it.kind.name(), it.least, it.most, it.usual)
    };
    format!("To change, and to predict anew: {}.", controls.iter().map(each).collect::<Vec<_>>().join("; "))
}

/// Exercises, and the lessons before and behind.
fn way_on(at: usize, name: &str) -> String {
    let mut way = "\n---\n\n".to_owned();
    if let Some((_, exercises)) = EXERCISES.iter().find(|(lesson, _)| *lesson == name) {
        let link = |exercise: &&str| format!("[{exercise}](../exercises/{exercise}/src/main.rs)");
        _ = writeln!(way, "Exercises: {}.", exercises.iter().map(link).collect::<Vec<_>>().join(", "));
    }
    let link = |lesson: &&Lesson| format!("[{0}]({0}.md)", lesson.name);
    let before = at.checked_sub(1).map(|at| format!("Before: {}. ", link(&LESSONS[at]))).unwrap_or_default();
    let behind = LESSONS.get(at + 1).map(|lesson| format!("Next: {}. ", link(lesson))).unwrap_or_default();
    way + &format!("{before}{behind}[All of them](../README.md#the-lessons).\n")
}
