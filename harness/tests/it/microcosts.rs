//! `harness microcosts` from the command line, at its smallest.

use std::process::{Command, Output};

use serde_json::Value;

fn microcosts(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_harness")).arg("microcosts").args(arguments).output().unwrap()
}

#[test]
fn every_figure_is_measured() {
    let output = microcosts(&["--rounds", "2", "--round-time", "1us", "--format", "json"]);
    let messages = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success() && messages.contains("2 of 2 rounds"), "{messages}");
    let found: Value = serde_json::from_slice(&output.stdout).unwrap();
    let rows = found["rows"].as_array().unwrap();
    let placements = rows.iter().map(|row| row["placement"].as_str().unwrap()).filter(|name| !name.is_empty());
    assert!(placements.clone().all(|name| name.starts_with("CPU")) && placements.count() >= 15);
    for row in rows {
        let rounds = |side: &Value| side["spread_ns"]["rounds"].as_array().unwrap().len();
        assert_eq!(rounds(&row["first"]), 2, "{row}");
        assert!(row["second"].is_null() || rounds(&row["second"]) == 2, "{row}");
        // What is left of a subtraction may be anything; a time that was taken is one.
        let least = row["first"]["spread_ns"]["least"].as_f64().unwrap();
        assert!(least > 0.0 || row["operation"].as_str().unwrap().contains("less"), "{row}");
    }
    assert_eq!(found["amortised"].as_array().unwrap().len() % 3, 0);
}

#[test]
fn no_rounds_are_refused() {
    let output = microcosts(&["--rounds", "0"]);
    assert_eq!((output.status.code(), output.stdout.len()), (Some(2), 0));
}
