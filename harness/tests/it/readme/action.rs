//! `action.yml`, `scripts/gate` and the page about pull requests say the same: inputs, options, exit codes. What only a forge can
//! try is the forge's part; a name that one of them has and another has not is seen here.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use saphyr::{LoadableYamlNode, Yaml};
use tempfile::TempDir;

use crate::common::{root, source, write_executable};
use crate::readme::markdown::{Block, blocks};
use crate::readme::pages::section;
use crate::readme::supply_chain::workflows;

const ACTION: &str = "action.yml";
const PAGE: &str = "docs/guide/pull-requests.md";

/// What a runner puts into the environment itself.
const OF_THE_RUNNER: [&str; 4] = ["RUNNER_TEMP", "GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY", "ImageOS"];

fn names<'a>(names: impl IntoIterator<Item = &'a str>) -> BTreeSet<String> {
    names.into_iter().map(str::to_owned).collect()
}

/// The words behind each `start`, up to the first character that is part of no name.
fn named_behind(text: &str, start: &str) -> BTreeSet<String> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || ['-', '_'].contains(&c);
    let ends = |rest: &str| rest.find(|c| !is_part(c)).unwrap_or(rest.len());
    text.split(start).skip(1).map(|rest| rest[..ends(rest)].to_owned()).filter(|name| !name.is_empty()).collect()
}

/// Without what is quoted, which is for others.
fn unquoted(call: &str) -> String {
    call.split(['\'', '"']).step_by(2).collect()
}

/// The options of the gate that a text gives it. What stands behind a lone `--` is for somebody else.
fn options(text: &str) -> BTreeSet<String> {
    let own = text.split(" -- ").next().unwrap();
    let words = own.split_whitespace().map(|word| word.trim_matches(['[', ']', ',', '`', '(', ')']));
    names(words.filter(|word| word.starts_with("--") && word.len() > 2))
}

fn parsed(path: &str, yaml: &str) -> Yaml<'static> {
    let mut all = Yaml::load_from_str(yaml).unwrap_or_else(|error| panic!("{path}: {error}"));
    assert_eq!(all.len(), 1, "{path}");
    all.remove(0)
}

fn keys(yaml: &Yaml<'_>) -> BTreeSet<String> {
    yaml.as_mapping().unwrap().keys().map(|key| key.as_str().unwrap().to_owned()).collect()
}

/// The action, as a runner reads it.
fn action() -> Yaml<'static> {
    parsed(ACTION, &source(ACTION))
}

fn help() -> String {
    let said = Command::new(root().join("scripts/gate")).arg("--help").output().unwrap();
    assert!(said.status.success());
    String::from_utf8(said.stdout).unwrap()
}

/// The lines of the help that explain an option.
fn explained() -> BTreeSet<String> {
    let help = help();
    let lines = help.lines().filter_map(|line| line.strip_prefix("  ")).filter(|line| line.starts_with('-'));
    lines.flat_map(|line| options(line.split("  ").next().unwrap())).collect()
}

#[test]
fn workflows_and_the_action_are_yaml() {
    for (path, workflow) in workflows() {
        let yaml = parsed(&path, &workflow);
        assert!(yaml.as_mapping().is_some_and(|map| !map.is_empty()), "{path}");
    }
}

#[test]
fn the_script_takes_the_options_that_it_explains() {
    let script = source("scripts/gate");
    let (_, cases) = script.split_once("while [ $# -gt 0 ]").unwrap();
    let (cases, _) = cases.split_once("\ndone\n").unwrap();
    let taken: BTreeSet<String> =
        cases.lines().take_while(|line| !line.contains("$# -ge 2")).flat_map(options).collect();
    let taken: BTreeSet<String> = taken.into_iter().filter(|option| option != "--)").collect();
    assert_eq!(taken, explained());
    assert!(taken.len() > 10, "{taken:?}");
}

#[test]
fn the_action_uses_every_input_and_declares_it() {
    let action = action();
    let declared = keys(&action["inputs"]);
    let (_, steps) = source(ACTION).split_once("\nruns:\n").map(|(a, b)| (a.to_owned(), b.to_owned())).unwrap();
    assert_eq!(named_behind(&steps, "inputs."), declared);
    for input in &declared {
        assert!(action["inputs"][input.as_str()]["description"].as_str().is_some(), "{input}");
    }
}

#[test]
fn each_step_of_the_action_has_what_it_names() {
    let action = action();
    let steps = action["runs"]["steps"].as_sequence().unwrap();
    let ids = names(steps.iter().filter_map(|step| step.as_mapping_get("id")?.as_str()));
    assert!(named_behind(&source(ACTION), "steps.").is_subset(&ids), "{ids:?}");
    for step in steps {
        let Some(run) = step.as_mapping_get("run").and_then(Yaml::as_str) else { continue };
        assert_eq!(step["shell"].as_str(), Some("bash"), "a composite step without a shell is refused");
        assert!(!run.contains("${{"), "what somebody writes into a pull request would be executed:\n{run}");
        let given = step.as_mapping_get("env").map(keys).unwrap_or_default();
        let is_variable = |name: &String| name.bytes().next().is_some_and(|byte| byte.is_ascii_uppercase());
        let read: BTreeSet<String> = named_behind(run, "$").into_iter().filter(is_variable).collect();
        let known: BTreeSet<String> = given.iter().cloned().chain(names(OF_THE_RUNNER)).collect();
        assert!(read.is_subset(&known), "{read:?} of {known:?}");
        // The token is for gh, which finds it by its name.
        assert!(given.iter().all(|name| read.contains(name) || name == "GH_TOKEN"), "{given:?} of {read:?}");
    }
}

#[test]
fn the_action_gives_the_script_options_that_it_has() {
    let action = source(ACTION);
    let (_, call) = action.split_once("\"$GATE\" ").unwrap();
    let given = options(call);
    let all = explained();
    assert!(given.is_subset(&all), "{given:?} of {all:?}");
    let missing: Vec<&String> = all.difference(&given).collect();
    assert_eq!(missing, ["--help"]);
}

#[test]
fn what_the_page_shows_is_taken() {
    let (explained, inputs) = (explained(), keys(&action()["inputs"]));
    let (mut calls, mut uses) = (0, 0);
    for Block { info, text: block } in blocks(&source(PAGE)) {
        if info == "yaml" {
            let yaml = parsed(PAGE, &block);
            let jobs = yaml.as_mapping_get("jobs").map(keys).unwrap_or_default();
            for step in jobs.iter().flat_map(|job| yaml["jobs"][job.as_str()]["steps"].as_sequence().unwrap()) {
                let is_ours = step["uses"].as_str().is_some_and(|action| action.starts_with("OWNER/"));
                if is_ours {
                    let given = keys(&step["with"]);
                    assert!(given.is_subset(&inputs), "{given:?} of {inputs:?}");
                    uses += 1;
                }
            }
        }
        for call in block.split("scripts/gate ").skip(1) {
            let call = call.split("\n\n").next().unwrap();
            let given = options(&unquoted(call));
            assert!(given.is_subset(&explained), "{given:?} of {explained:?}");
            calls += 1;
        }
    }
    assert!(calls >= 3 && uses >= 1, "{calls} calls of the script, {uses} of the action");
}

#[test]
fn exit_codes_of_the_gate_are_those_of_the_guide() {
    let help = help();
    let (_, of_help) = help.split_once("Exit codes:").unwrap();
    let digits = |text: &str| -> BTreeSet<String> {
        names(text.split(|c: char| !c.is_ascii_digit()).filter(|number| !number.is_empty()))
    };
    let guide = section("Exit codes");
    let rows = guide.lines().filter_map(|row| row.strip_prefix("| ")?.split_once(" |"));
    let of_guide = rows.flat_map(|(codes, _)| digits(codes)).collect();
    assert_eq!(digits(of_help), of_guide);
}

/// The script of the one step that reads a variable, as a runner has bash run it.
fn step(reading: &str, environment: &[(&str, &str)], folder: &Path) -> Option<i32> {
    let action = action();
    let steps = action["runs"]["steps"].as_sequence().unwrap();
    let mut scripts = steps.iter().filter_map(|step| step.as_mapping_get("run")?.as_str());
    let script = scripts.find(|script| named_behind(script, "$").contains(reading)).unwrap();
    let mut bash = Command::new("bash");
    bash.args(["--noprofile", "--norc", "-e", "-o", "pipefail", "-c", script]).current_dir(folder);
    bash.envs(environment.iter().copied()).stdout(Stdio::null());
    bash.status().unwrap().code()
}

#[test]
fn the_action_keeps_the_code_for_its_last_step() {
    let home = TempDir::new().unwrap();
    let gate = home.path().join("gate");
    let script = "#!/bin/sh\nprintf '[%s]' \"$HARNESS\" \"$@\" > asked\nwhile [ \"$1\" != --out ]; do shift; done\nmkdir \"$2\"\n\
                  echo worse > \"$2/summary.md\"\nexit 5\n";
    write_executable(&gate, script);
    let (gate, temporary) = (gate.display().to_string(), home.path().display().to_string());
    let names = ["BASE", "HEAD", "BUILD", "BASE_COMMAND", "HEAD_COMMAND", "PAGE", "EXPERIMENTS", "BLOCKS", "COMMENT"];
    let mut environment: Vec<(&str, &str)> = names.map(|name| (name, "")).to_vec();
    environment.extend([("GATE", gate.as_str()), ("RUNNER_TEMP", &temporary)]);
    environment.extend([("GITHUB_OUTPUT", "output"), ("GITHUB_STEP_SUMMARY", "page")]);
    environment.extend([("SERVER", "./a 'b c'"), ("FAIL_ON", "p50>+5%\np99>+9%\n"), ("OPTIONS", "--seed\n3")]);
    assert_eq!(step("GATE", &environment, home.path()), Some(0));
    let read = |name: &str| fs::read_to_string(home.path().join(name)).unwrap();
    let output = read("output");
    let (results, code) = output.trim().split_once('\n').unwrap();
    assert!(Path::new(results.strip_prefix("results=").unwrap()).join("summary.md").exists(), "{output}");
    assert_eq!((code, read("page").as_str()), ("code=5", "worse\n"));
    let asked = read("asked");
    for part in ["/harness/harness][--base][]", "[--server][./a 'b c']", "[--fail-on][p50>+5%\np99>+9%\n]"] {
        assert!(asked.contains(part), "{part} in {asked}");
    }
    assert!(asked.ends_with("[--comment][][--][--seed][3]"), "{asked}");
    let last = |code, cannot_tell| step("CODE", &[("CODE", code), ("CANNOT_TELL", cannot_tell)], home.path());
    assert_eq!([last("0", "fail"), last("5", "pass"), last("6", "pass")], [Some(0), Some(5), Some(6)]);
    assert_eq!([last("4", "fail"), last("4", "pass")], [Some(4), Some(0)]);
}
