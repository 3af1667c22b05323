//! The commands of README.md and the guide that measure, run as they are written.
//!
//! A block marked `sh run` must end well. Beside it: `pages.rs` (where a block stands, and that none is left out),
//! `servers.rs` (blocks that need a server).

use harness::experiments::EXPERIMENTS;
use serde_json::Value;

use crate::common::{has, root};
use crate::readme::pages::{marked, section};
use crate::readme::shell::Shell;

/// Runs the block under a heading, which has no other; the shell in which that was, and what the block wrote to stdout.
#[track_caller]
fn ran(heading: &str) -> (Shell, String) {
    let [block] = marked(heading, "sh run").try_into().unwrap();
    let shell = Shell::new();
    let output = shell.run(&block);
    (shell, output)
}

#[test]
fn the_first_command_writes_a_report() {
    let [block] = marked("tokio or OS threads?", "sh run").try_into().unwrap();
    assert_eq!(block, "cargo run --release -- compare\n");
    let shell = Shell::new();
    let output = shell.run(&block);
    let (_, report) = output.trim_end().rsplit_once("report: ").unwrap();
    let page = std::fs::read_to_string(shell.path(report)).unwrap();
    assert!(report.starts_with("runs/") && page.starts_with("<!doctype html>"), "{report}");
    for model in servers::default_models() {
        assert!(page.contains(model.name), "{} is not in the report", model.name);
    }
}

#[test]
fn the_second_says_whether_to_believe_it() {
    let [block, _] = marked("Three commands", "sh run").try_into().unwrap();
    let output = Shell::new().run(&block);
    assert!(output.contains("known answers are right"), "{output}");
}

#[test]
fn models_plans_and_saved_runs_are_shown() {
    let (shell, output) = ran("Choose what is run");
    for expected in ["async-multi", "experiment", "report: runs/mine/report.html"] {
        assert!(output.contains(expected), "no {expected:?} in\n{output}");
    }
    for file in ["manifest.json", "report.html", "slides.html"] {
        let text = std::fs::read_to_string(shell.path("runs/mine").join(file)).unwrap();
        assert!(text.contains("threaded:stack=64KiB"), "{file} does not say who took part");
    }
}

#[test]
fn settings_are_kept_in_a_file() {
    let (shell, output) = ran("Settings in a file");
    assert!(output.contains("settings: harness.toml") && output.contains("of them to find the capacity"), "{output}");
    let file = std::fs::read_to_string(shell.path("harness.toml")).unwrap();
    assert!(file.contains("\npreset = \"quick\"\n") && file.contains("\n# models = "), "{file}");
}

#[test]
fn a_program_of_another_hand_is_checked_and_compared() {
    if !has("python3", "--version") {
        return;
    }
    let [block] = marked("Bring your own server", "sh run").try_into().unwrap();
    // A reader is at the root of the repository.
    let examples = root().join("docs/examples");
    let output = Shell::new().run(&block.replace("docs/examples", examples.to_str().unwrap()));
    for expected in ["12 of 12 required hold", "it can take part in thread-or-task, latency-curve", "report: runs/"] {
        assert!(output.contains(expected), "no {expected:?} in\n{output}");
    }
}

#[test]
fn one_run_is_held_against_another() {
    let (_, output) = ran("Compare two runs");
    assert!(output.contains("same seed") && output.contains("\nmemory>+10% "), "{output}");
}

#[test]
fn the_map_is_drawn() {
    let [block] = marked("Where they change places", "sh run").try_into().unwrap();
    let [_, in_readme] = marked("Three commands", "sh run").try_into().unwrap();
    assert_eq!(block, in_readme, "a test for each, or one command");
    let output = Shell::new().run(&block);
    assert!(output.contains("connections") && output.contains("report: runs/"), "{output}");
}

#[test]
fn loads_are_found() {
    let (_, output) = ran("How much each carries");
    assert!(output.contains("With p99 below 20 ms and no request failed: "), "{output}");
}

#[test]
fn runs_are_published() {
    let (shell, output) = ran("Publish runs");
    assert!(output.contains("site: site/index.html, 1 run\n") && output.contains("| server |"), "{output}");
    assert!(shell.path("site/latest/index.html").exists() && shell.path("site/data/index.json").exists());
}

#[test]
fn claims_are_decided() {
    let [block] = marked("Test a claim", "sh run").try_into().unwrap();
    let output = Shell::new().run(&block);
    for experiment in EXPERIMENTS.iter().filter(|experiment| block.contains(experiment.name)) {
        assert!(output.contains(experiment.story.claim.trim_end_matches('.')), "{}: not in\n{output}", experiment.name);
    }
}

#[test]
fn the_list_of_claims_is_that_of_the_experiments() {
    let list = section("Test a claim");
    for experiment in EXPERIMENTS.iter().filter(|experiment| experiment.decision().is_some()) {
        let row = format!("[{0}](../experiments/{0}.md) |", experiment.name);
        let row = list.lines().find(|line| line.ends_with(&row)).unwrap_or_else(|| panic!("no {row}"));
        assert_eq!(row.replace('`', "").split('|').nth(1).unwrap().trim(), experiment.story.claim);
    }
}

#[test]
fn a_run_that_is_followed_ends_as_any_other() {
    let [block] = marked("Follow a run while it goes on", "sh run").try_into().unwrap();
    assert!(block.ends_with(" --live\n"));
    // Its own port may be taken, by the run of whoever tests.
    let output = Shell::new().run(&block.replace("--live", "--live --live-port 0"));
    assert!(output.contains("report: runs/"), "{output}");
}

#[test]
fn two_models_are_traced() {
    let (shell, output) = ran("Who ran what");
    assert!(output.contains("threaded, sleep 5ms: 40 connections"), "{output}");
    for file in ["threaded.json", "async-single.json"] {
        let trace: Value = serde_json::from_str(&std::fs::read_to_string(shell.path(file)).unwrap()).unwrap();
        assert!(!trace["traceEvents"].as_array().unwrap().is_empty(), "{file}");
    }
}

#[test]
fn looking_inside_is_held_against_not_looking() {
    let (shell, output) = ran("The server from inside");
    assert!(output.contains("same seed"), "{output}");
    for (run, is_on) in [("on", true), ("off", false)] {
        let cells = std::fs::read_dir(shell.path(&format!("runs/{run}/cells"))).unwrap();
        let cells: Vec<String> = cells.map(|cell| std::fs::read_to_string(cell.unwrap().path()).unwrap()).collect();
        // The probes of the second run are those of the first.
        assert!(!cells.is_empty() && cells.iter().any(|cell| cell.contains("\"inside\":")) == is_on, "{run}");
    }
}

#[test]
fn microcosts_end_with_how_steady_they_were() {
    let (_, output) = ran("Micro-costs");
    let last = output.lines().last().unwrap();
    assert!(output.contains("spawn and join") && last.starts_with("The least steady figure, "), "{output}");
}

#[test]
fn a_lesson_is_listed_run_and_kept() {
    let (shell, output) = ran("In a terminal");
    assert!(output.contains("connection-cost  ") && output.contains("You said:  B. "), "{output}");
    let kept = std::fs::read_to_string(shell.path("runs/who-waits/workshop/000.json")).unwrap();
    assert!(kept.contains("\"confidence\":\"low\"") && kept.contains("\"measured\":"), "{kept}");
}

#[test]
fn a_lesson_is_recorded_and_shown_again() {
    let (shell, output) = ran("Record them the day before");
    let (first, second) = output.split_once("You said:  C. ").unwrap();
    assert!(!first.contains("You said:") && second.contains("You said:  B. "), "{output}");
    assert!(shell.path("recorded/pool-and-fifth/manifest.json").exists());
}
