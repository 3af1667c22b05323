//! The README's commands, run as they are written.
//!
//! A block marked `sh run` must end well; one marked `sh serve` runs as long as the blocks behind it. `scripts/test` is
//! not marked: it would run itself. The port that a reader types is exchanged for a free one.

use std::net::TcpListener;
use std::process::Command;

use harness::experiments::EXPERIMENTS;
use serde_json::Value;

use crate::markdown::{Block, blocks};
use crate::shell::Shell;
use crate::{root, text};

const PORT: &str = "7878";

/// The README's blocks with this mark, by the heading that they stand under.
fn marked(heading: &str, mark: &str) -> Vec<String> {
    let readme = text("README.md");
    let (_, section) = readme.split_once(&format!("\n## {heading}\n")).unwrap_or_else(|| panic!("no {heading}"));
    let section = section.split("\n## ").next().unwrap();
    let found = blocks(section).into_iter().filter(|block| block.info == mark);
    found.map(|Block { text, .. }| text).collect()
}

#[test]
fn no_command_is_left_out() {
    for Block { info, text } in blocks(&text("README.md")) {
        let is_run = ["sh run", "sh serve"].contains(&info.as_str());
        assert!(is_run || !info.starts_with("sh") || text == "scripts/test\n", "not run by a test:\n{text}");
    }
}

#[test]
fn the_first_command_writes_a_report() {
    let [block, _] = marked("Three commands", "sh run").try_into().unwrap();
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
    let [_, block] = marked("Three commands", "sh run").try_into().unwrap();
    let output = Shell::new().run(&block);
    assert!(output.contains("known answers are right"), "{output}");
}

#[test]
fn models_plans_and_saved_runs_are_shown() {
    let [block] = marked("The models", "sh run").try_into().unwrap();
    let shell = Shell::new();
    let output = shell.run(&block);
    for expected in ["async-multi", "experiment", "threaded:stack=64KiB", "report: runs/mine/report.html"] {
        assert!(output.contains(expected), "no {expected:?} in\n{output}");
    }
    for file in ["manifest.json", "report.html", "slides.html"] {
        assert!(shell.path("runs/mine").join(file).exists(), "{file}");
    }
}

#[test]
fn a_program_of_another_hand_is_checked_and_compared() {
    if Command::new("python3").arg("--version").output().is_err() {
        assert!(std::env::var_os("CI").is_none(), "no python3 here: install it, in CI nothing is skipped");
        eprintln!("skipped: no python3");
        return;
    }
    let [block] = marked("Compare any servers", "sh run").try_into().unwrap();
    // A reader is at the root of the repository.
    let examples = root().join("docs/examples");
    let output = Shell::new().run(&block.replace("docs/examples", examples.to_str().unwrap()));
    for expected in ["12 of 12 required hold", "it can take part in thread-or-task, latency-curve", "report: runs/"] {
        assert!(output.contains(expected), "no {expected:?} in\n{output}");
    }
}

#[test]
fn one_run_is_held_against_another() {
    let [block] = marked("Has it become faster or slower?", "sh run").try_into().unwrap();
    let output = Shell::new().run(&block);
    assert!(output.contains("same seed") && output.contains("\nmemory>+10% "), "{output}");
}

#[test]
fn the_map_is_drawn_and_loads_are_found() {
    let [map, capacity] = marked("Where they change places, and how much each carries", "sh run").try_into().unwrap();
    let output = Shell::new().run(&map);
    assert!(output.contains("connections") && output.contains("report: runs/"), "{output}");
    let output = Shell::new().run(&capacity);
    assert!(output.contains("With p99 below 20 ms and no request failed: "), "{output}");
}

#[test]
fn runs_are_published() {
    let [block] = marked("Publish runs", "sh run").try_into().unwrap();
    let shell = Shell::new();
    let output = shell.run(&block);
    assert!(output.contains("site: site/index.html, 1 run\n") && output.contains("| contender |"), "{output}");
    assert!(shell.path("site/latest/index.html").exists() && shell.path("site/data/index.json").exists());
}

#[test]
fn claims_are_decided() {
    let [block] = marked("What people say, put to the test", "sh run").try_into().unwrap();
    let output = Shell::new().run(&block);
    for experiment in EXPERIMENTS.iter().filter(|experiment| block.contains(experiment.name)) {
        assert!(output.contains(experiment.claim.trim_end_matches('.')), "{}: not in\n{output}", experiment.name);
    }
}

#[test]
fn the_list_of_claims_is_that_of_the_experiments() {
    let readme = text("README.md");
    for experiment in EXPERIMENTS.iter().filter(|experiment| (experiment.decision)().is_some()) {
        let row = format!("[{0}](docs/experiments/{0}.md) |", experiment.name);
        let row = readme.lines().find(|line| line.ends_with(&row)).unwrap_or_else(|| panic!("no {row}"));
        assert_eq!(row.replace('`', "").split('|').nth(1).unwrap().trim(), experiment.claim);
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
    let [block] = marked("Who ran what", "sh run").try_into().unwrap();
    let shell = Shell::new();
    let output = shell.run(&block);
    assert!(output.contains("threaded, sleep 5ms: 40 connections"), "{output}");
    for file in ["threaded.json", "async-single.json"] {
        let trace: Value = serde_json::from_str(&std::fs::read_to_string(shell.path(file)).unwrap()).unwrap();
        assert!(!trace["traceEvents"].as_array().unwrap().is_empty(), "{file}");
    }
}

#[test]
fn looking_inside_is_held_against_not_looking() {
    let [block] = marked("The server from inside", "sh run").try_into().unwrap();
    let shell = Shell::new();
    let output = shell.run(&block);
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
    let [block] = marked("What one of each costs", "sh run").try_into().unwrap();
    let output = Shell::new().run(&block);
    let last = output.lines().last().unwrap();
    assert!(output.contains("spawn and join") && last.starts_with("The least steady figure, "), "{output}");
}

#[test]
fn a_server_answers_by_hand() {
    if !has_netcat() {
        assert!(std::env::var_os("CI").is_none(), "no OpenBSD nc here: install it, in CI nothing is skipped");
        eprintln!("skipped: no OpenBSD nc");
        return;
    }
    let heading = "Try it by hand";
    let [serve, _] = marked(heading, "sh serve").try_into().unwrap();
    let [ask, _] = marked(heading, "sh run").try_into().unwrap();
    let [reply] = marked(heading, "json reply").try_into().unwrap();
    let port = free_port().to_string();
    assert!(serve.contains(PORT) && ask.contains(PORT));
    let shell = Shell::new();
    let mut server = shell.start(&serve.replace(PORT, &port));
    assert!(server.first_line().contains(&format!("127.0.0.1:{port}")), "{}", server.output());
    assert_eq!(in_common(&shell.run(&ask.replace(PORT, &port))), in_common(&reply));
    server.interrupt();
    assert!(server.output().lines().last().unwrap().contains("\"requests_served\":1"), "{}", server.output());
}

#[test]
fn any_server_takes_load() {
    let heading = "Put load on any server";
    let [serve] = marked(heading, "sh serve").try_into().unwrap();
    let [load] = marked(heading, "sh run").try_into().unwrap();
    let port = free_port().to_string();
    assert!(serve.contains(PORT) && load.contains(PORT));
    let shell = Shell::new();
    let mut server = shell.start(&serve.replace(PORT, &port));
    assert!(server.first_line().contains(&format!("127.0.0.1:{port}")), "{}", server.output());
    let output = shell.run(&load.replace(PORT, &port));
    for expected in ["offered 2,000/s", "response time", "GET /echo/hi", "service time"] {
        assert!(output.contains(expected), "no {expected:?} in\n{output}");
    }
    assert!(std::fs::read_to_string(shell.path("page.hgrm")).unwrap().contains("#[Max"));
    server.interrupt();
}

#[test]
fn a_server_answers_curl() {
    if Command::new("curl").arg("--version").output().is_err() {
        assert!(std::env::var_os("CI").is_none(), "no curl here: install it, in CI nothing is skipped");
        eprintln!("skipped: no curl");
        return;
    }
    let heading = "Try it by hand";
    let [_, serve] = marked(heading, "sh serve").try_into().unwrap();
    let [_, ask] = marked(heading, "sh run").try_into().unwrap();
    let port = free_port().to_string();
    assert!(serve.contains(PORT) && ask.contains(PORT));
    let shell = Shell::new();
    let mut server = shell.start(&serve.replace(PORT, &port));
    assert!(server.first_line().contains(&format!("127.0.0.1:{port}")), "{}", server.output());
    let output = shell.run(&ask.replace(PORT, &port));
    assert!(output.starts_with("HTTP/1.1 200 OK\r\n") && output.contains("Server-Sent-Ns: "), "{output}");
    assert!(output.ends_with("\r\n\r\nhiany text"), "{output}");
    server.interrupt();
    assert!(server.output().lines().last().unwrap().contains("\"requests_served\":2"), "{}", server.output());
}

/// A reply without its times, which differ each time and must be in order.
fn in_common(reply: &str) -> Value {
    let mut reply: Value = serde_json::from_str(reply).unwrap_or_else(|error| panic!("{error}: {reply:?}"));
    let work_done = reply["WorkDone"].as_object_mut().unwrap();
    let [received, sent] =
        ["server_received_ns", "server_sent_ns"].map(|name| work_done.remove(name).unwrap().as_u64().unwrap());
    assert!(0 < received && received <= sent, "received at {received}, sent at {sent}");
    reply
}

/// Only the OpenBSD netcat knows `-N`.
fn has_netcat() -> bool {
    let help = Command::new("nc").arg("-h").output();
    help.is_ok_and(|help| String::from_utf8_lossy(&[help.stdout, help.stderr].concat()).contains("OpenBSD"))
}

/// A port that is free now and that nobody else is likely to take in the next moment.
fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}
