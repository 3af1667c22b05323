//! The example servers keep to the protocol, and take part in a comparison.

use std::fs;

use crate::commands::at_root;
use crate::common::home::Home;
use crate::common::{has, root, source};

/// Each with the program that runs it.
const EXAMPLES: [(&str, &str); 3] =
    [("python3", "python_threads.py"), ("python3", "python_asyncio.py"), ("node", "javascript.js")];

#[test]
fn every_example_passes_all_of_the_check() {
    let home = Home::new();
    for (program, file) in EXAMPLES {
        if !has(program, "--version") {
            continue;
        }
        // Once with the port as an argument, once in the environment.
        for port in [" {port}", ""] {
            let command = format!("{program} docs/examples/{file}{port}");
            let said = at_root(&home, &["check", "--server", &command, "--patience", "10s"]).with_code(0).stdout;
            assert!(!said.contains("does not"), "{said}");
        }
    }
}

#[test]
fn every_file_among_the_examples_is_checked() {
    let files = fs::read_dir(root().join("docs/examples")).unwrap();
    let mut files: Vec<String> = files.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    files.sort();
    let mut known = EXAMPLES.map(|(_, file)| file.to_owned());
    known.sort();
    assert_eq!(files, known);
}

#[test]
fn an_example_beside_a_model_is_a_report_of_both() {
    if !has("python3", "--version") {
        return;
    }
    let home = Home::new();
    let out = home.out();
    let server = "py@v3=python3 docs/examples/python_threads.py {port}";
    let arguments = ["compare", "--preset", "smoke", "--experiments", "latency-curve,mutex", "--models", "threaded"];
    let ended = at_root(&home, &[&arguments[..], &["--server", server, "--out", out.to_str().unwrap()]].concat());
    ended.measured().telling("left out: py in mutex: ");
    let run = home.run();
    let labels: Vec<&str> = run.manifest.contenders.iter().map(|contender| contender.label.as_str()).collect();
    assert_eq!(labels, ["threaded", "py"]);
    let command = run.manifest.contenders[1].command.as_ref().unwrap();
    assert_eq!(command.version.as_deref(), Some("v3"));
    assert_eq!(command.command, "python3 docs/examples/python_threads.py {port}");
    let of_py: Vec<_> = run.cells.iter().filter(|cell| cell.contender == "py").collect();
    assert!(of_py.len() >= 4 && of_py.iter().all(|cell| cell.experiment == "latency-curve"), "{}", of_py.len());
    for cell in &of_py {
        assert_eq!(cell.server.counters, None, "{}: nobody could ask it", cell.id);
        assert_eq!(cell.inside, None, "{}", cell.id);
        assert!(cell.server.user_cpu_ns.unwrap() > 0 && cell.server.voluntary_switches.unwrap() > 0, "{}", cell.id);
        assert!(cell.samples.iter().all(|sample| sample.threads >= 1), "{}", cell.id);
        let ledger = &cell.traffic.as_ref().unwrap().ledger;
        assert!(ledger.malformed == 0 && ledger.error == 0, "{}: {ledger:?}", cell.id);
    }
    assert!(of_py.iter().any(|cell| cell.traffic.as_ref().is_some_and(|traffic| traffic.ledger.ok > 0)));
    let report = fs::read_to_string(out.join("report.html")).unwrap();
    assert!(report.contains("python3 docs/examples/python_threads.py {port}"));
    assert!(report.contains("In mutex, py was not run: "));
}

#[test]
fn a_server_that_lacks_work_is_refused_with_the_experiments_that_do_without() {
    if !has("python3", "--version") {
        return;
    }
    let home = Home::new();
    let whole = source("docs/examples/python_threads.py");
    // One does not know a kind of work, the other ends with it.
    let lacking = whole.replace("if kind == \"call\"", "if kind == \"ring\"");
    let ending = whole.replace("if kind == \"call\":", "if kind == \"call\":\n        os._exit(7)");
    let server = ["--server", "py=python3 lacking.py {port}"];
    let refused = |text: &str, experiments: &str, words: &str| {
        assert_ne!(text, whole);
        fs::write(home.path().join("lacking.py"), text).unwrap();
        home.compared(&[&server[..], &["--experiments", experiments]].concat()).refused(words);
        assert!(!home.out().exists(), "something was written");
    };
    let left =
        "in latency-curve: its reply to call 5ms is not right; it can be in a new run with --experiments memory;";
    for text in [&ending, &lacking] {
        refused(text, "latency-curve,memory", left);
    }
    let none_left =
        "not right; ask for other work; harness check --server 'python3 lacking.py {port}' says what is wrong";
    refused(&lacking, "latency-curve", none_left);
    let map = ["map", "--models", "threaded", "--work", "call 5ms,sleep 1ms", "--budget", "1min"];
    let words = "can't be in map: its reply to call 5ms is not right; ask for other work";
    home.ended(&[&map[..], &server].concat()).refused(words);
    home.compared(&[&server[..], &["--experiments", "memory"]].concat()).measured();
}
