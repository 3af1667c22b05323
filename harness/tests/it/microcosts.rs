//! `harness microcosts` from the command line, at its smallest.

use serde_json::Value;

use crate::common::home::Home;

#[test]
fn every_figure_is_measured() {
    let small = ["microcosts", "--rounds", "2", "--round-time", "1us", "--format", "json"];
    let found = Home::new().ended(&small).with_code(0).telling("2 of 2 rounds").json();
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
    assert_eq!(Home::new().ended(&["microcosts", "--rounds", "0"]).with_code(2).stdout, "");
}
