//! `harness report --format` for pull requests and for services that keep figures.

use std::fs;

use serde_json::Value;

use crate::publish::subject::Place;

fn exported(format: &str) -> String {
    let home = Place::new();
    home.run("one", &[]);
    home.done(&["report", "one", "--format", format])
}

#[test]
fn a_pull_request_gets_a_table_of_few_rows() {
    let text = exported("md");
    let rows = text.lines().filter(|line| line.starts_with("| `")).count();
    assert!((1..=8).contains(&rows), "{text}");
    assert!(text.contains("\n| server | ") && text.contains("\n| --- | ---: |"), "{text}");
    assert!(text.lines().any(|line| line.starts_with("- Sleep 5 ms: ")), "{text}");
}

#[test]
fn github_action_benchmark_gets_an_array() {
    let all: Value = serde_json::from_str(&exported("github-action-benchmark")).unwrap();
    let all = all.as_array().unwrap();
    assert!(all.len() >= 4, "{all:?}");
    for entry in all {
        assert!(entry["name"].is_string() && entry["value"].is_f64(), "{entry}");
        assert!(["ns", "bytes"].contains(&entry["unit"].as_str().unwrap()), "{entry}");
        assert!(entry["extra"].as_str().unwrap().contains("run fixture of 2026-01-02"), "{entry}");
    }
    assert!(all.iter().any(|entry| entry["range"].as_str().is_some_and(|range| range.contains(" to "))));
}

#[test]
fn bencher_gets_measures_within_their_bounds() {
    let all: Value = serde_json::from_str(&exported("bencher")).unwrap();
    let mut bounded = 0;
    for (name, measures) in all.as_object().unwrap() {
        for (slug, metric) in measures.as_object().unwrap() {
            let value = metric["value"].as_f64().unwrap();
            assert!(slug.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-'), "{slug}");
            if let (Some(lo), Some(hi)) = (metric["lower_value"].as_f64(), metric["upper_value"].as_f64()) {
                assert!(lo <= value && value <= hi, "{name}, {slug}: {metric}");
                bounded += 1;
            }
        }
    }
    assert!(bounded >= 2);
}

#[test]
fn a_run_without_a_figure_exports_none() {
    let home = Place::new();
    home.run("empty", &[]);
    fs::remove_dir_all(home.path("empty/cells")).unwrap();
    fs::create_dir(home.path("empty/cells")).unwrap();
    for format in ["bencher", "github-action-benchmark"] {
        let output = home.harness(&["report", "empty", "--format", format]);
        assert_eq!(output.code, Some(4));
        assert_eq!(output.stdout, "");
        let said = &output.stderr;
        assert!(said.contains("no headline figure") && said.contains("latency-curve"), "{said}");
    }
    assert!(home.done(&["report", "empty", "--format", "md"]).contains("Run fixture of"));
}

/// The run, its name, machine and a contender called what would be a formula, a picture, code, HTML and further columns.
fn of_a_stranger(home: &Place, name: &str) {
    home.run(name, &[]);
    let called = "=cmd|![x](http://a)`<b>[y](z)";
    let files = fs::read_dir(home.path(name).join("cells")).unwrap().map(|entry| entry.unwrap().path());
    for file in files.chain([home.path(name).join("manifest.json")]) {
        let mut text = fs::read_to_string(&file).unwrap();
        for field in
            ["\"contender\":\"threaded\"", "\"label\":\"threaded\"", "\"run\":\"fixture\"", "\"preset\":\"quick\""]
        {
            let (key, _) = field.split_once(':').unwrap();
            text = text.replace(field, &format!("{key}:\"{called}\""));
        }
        text = text.replace("\"cpu_model\":\"", &format!("\"cpu_model\":\"{called}"));
        text = text.replace("\"started_at\":\"", "\"started_at\":\"\\u001b[2J![x](http://a)");
        fs::write(file, text).unwrap();
    }
}

#[test]
fn what_strangers_call_things_is_text_wherever_it_is_written() {
    let home = Place::new();
    of_a_stranger(&home, "one");
    of_a_stranger(&home, "two");
    let reports = [&["report", "one", "--format", "md"][..], &["report", "one", "two", "--format", "md"]];
    let diffs = [&["diff", "one", "two", "--format", "md", "--fail-on", "p99>+10%"][..]];
    for command in reports.into_iter().chain(diffs) {
        let output = home.harness(command);
        let text = &output.stdout;
        assert!(text.contains("=cmd"), "{command:?}: {}", output.stderr);
        for line in text.lines() {
            // In code nothing is live, and nothing ends it early.
            let (code, rest) = line.strip_prefix("| `").and_then(|line| line.split_once('`')).unwrap_or(("", line));
            assert!(code.is_empty() || code.ends_with("(z)") || !code.contains("cmd"), "{command:?}: {line}");
            assert!(["![x](", "[y](", "<b>"].iter().all(|live| !rest.contains(live)), "{command:?}: {line}");
        }
        assert!(!text.contains('\u{1b}'), "{command:?}");
        let columns = |line: &str| line.replace("\\\\", "").replace("\\|", "").matches('|').count();
        let mut rows = text.lines().filter(|line| line.starts_with('|')).map(columns).collect::<Vec<_>>();
        rows.dedup();
        assert!(rows.len() <= 3, "each row has the columns of its table: {text}");
    }
    let csv = home.done(&["report", "one", "--format", "csv"]);
    assert!(csv.contains(",'=cmd|") && !csv.contains("\n=") && !csv.contains(",="), "{csv}");
    let table = home.done(&["report", "one", "--format", "table"]);
    assert!(table.contains("=cmd|") && !table.contains('\u{1b}'), "{table}");
}
