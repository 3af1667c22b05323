//! Everything of which there is a schema keeps to it, and has no field that the schema does not know.
//!
//! What is published lets further fields pass, so that who validates with it can read what a later version writes. Here they are
//! not let pass: a field that is written and not described is a fault.

use std::fs;
use std::path::Path;

use jsonschema::Validator;
use serde_json::Value;

use crate::common::home::{AS_WORKER, Home};
use crate::common::{copy_run, root};
use crate::formats::{serve, written};

fn schema(name: &str) -> Value {
    let path = root().join("docs/schemas").join(format!("{name}.json"));
    serde_json::from_slice(&fs::read(&path).unwrap_or_else(|error| panic!("{path:?}: {error}"))).unwrap()
}

/// The schema with nothing let pass that it does not name.
fn strict(name: &str) -> Validator {
    let mut schema = schema(name);
    close(&mut schema);
    jsonschema::draft202012::new(&schema).unwrap()
}

fn close(schema: &mut Value) {
    match schema {
        Value::Object(fields) => {
            if fields.get("properties").is_some_and(Value::is_object) && fields.get("type") == Some(&"object".into()) {
                fields.entry("additionalProperties").or_insert(false.into());
            }
            fields.values_mut().for_each(close);
        }
        Value::Array(entries) => entries.iter_mut().for_each(close),
        _ => {}
    }
}

fn assert_keeps(validator: &Validator, json: &str, what: &str) {
    let value: Value = serde_json::from_str(json).unwrap_or_else(|error| panic!("{what}: {error}\n{json}"));
    let faults: Vec<String> =
        validator.iter_errors(&value).map(|error| format!("{}: {error}", error.instance_path())).take(5).collect();
    assert!(faults.is_empty(), "{what}: {faults:#?}");
}

/// Every file of a saved run.
fn assert_run_keeps(run: &Path) -> usize {
    let folders = [("cells", "cell"), ("timelines", "timeline"), ("workshop", "prediction")];
    let manifest = fs::read_to_string(run.join("manifest.json")).unwrap();
    assert_keeps(&strict("manifest"), &manifest, &format!("manifest of {run:?}"));
    let mut files = 1;
    for (folder, name) in folders.into_iter().filter(|(folder, _)| run.join(folder).is_dir()) {
        let validator = strict(name);
        for entry in fs::read_dir(run.join(folder)).unwrap() {
            let path = entry.unwrap().path();
            assert_keeps(&validator, &fs::read_to_string(&path).unwrap(), &format!("{path:?}"));
            files += 1;
        }
    }
    files
}

#[test]
fn saved_runs_of_this_schema_keep_to_it() {
    let runs = [
        "reports/samples/default-run",
        "reports/samples/quick-failures",
        "reports/samples/smoke",
        "reports/tests/fixtures/schema-2",
    ];
    let is_of_today = |run: &&str| {
        let manifest: Value =
            serde_json::from_slice(&fs::read(root().join(run).join("manifest.json")).unwrap()).unwrap();
        manifest["schema_version"] == reports::record::SCHEMA_VERSION
    };
    let files: usize = runs.into_iter().filter(is_of_today).map(|run| assert_run_keeps(&root().join(run))).sum();
    assert!(files > 10, "only {files} files");
}

#[test]
fn a_run_of_today_keeps_to_the_schemas_and_so_does_its_summary() {
    let home = Home::new();
    let experiments = "memory,blocking-sleep,slowloris";
    let models = "threaded,async-single";
    let plan = ["compare", "--preset", "smoke", "--experiments", experiments, "--models", models];
    let summary = written(&home, &[&plan[..], &["--out", "run", "--format", "json"]].concat());
    assert_keeps(&strict("summary"), &summary, "compare --format json");
    assert!(assert_run_keeps(&home.join("run")) > 5);
    let several = written(&home, &["report", "run", "run", "--format", "json"]);
    assert_keeps(&strict("summaries"), &several, "report of two runs");
}

#[test]
fn a_summary_with_every_row_keeps_to_its_schema() {
    let home = Home::new();
    copy_run("reports/samples/default-run", &home.join("run"));
    let summary = written(&home, &["report", "run", "--format", "json"]);
    let rows = serde_json::from_str::<Value>(&summary).unwrap()["scorecard"].as_array().unwrap().len();
    assert!(rows > 3, "{rows} rows");
    assert_keeps(&strict("summary"), &summary, "report --format json");
}

#[test]
fn a_load_keeps_to_its_schema_whatever_becomes_of_it() {
    let home = Home::new();
    let (_server, address) = serve();
    let worker = [AS_WORKER[0], AS_WORKER[1], "--load-from", "sh -c 'exec \"$0\" \"$@\"'"];
    let gates = ["--fail-on", "p99>1h", "--fail-on", "errors>100%"];
    let ways: [&[&str]; 5] = [
        &["--rate", "500", "--work", "echo hi"],
        &["--work", "sleep 1ms"],
        &["--rate", "200", "--arrivals", "sessions", "--requests-per-session", "4"],
        // Nothing of it is answered in time.
        &["--rate", "200", "--work", "sleep 1s", "--timeout", "50ms"],
        &worker,
    ];
    let validator = strict("load");
    for way in ways {
        let brief = ["load", &address, "--format", "json", "--duration", "300ms", "--warm-up", "50ms", "-c", "4"];
        let output = home.ended(&[&brief, way, &gates].concat());
        assert_keeps(&validator, &output.stdout, &format!("{way:?}: {}", output.stderr));
    }
}

/// What the schemas are worth: a field that nobody described, one that is lost, and a number that is a text are found.
#[test]
fn what_does_not_keep_to_a_schema_is_found() {
    let file = fs::read_to_string(root().join("reports/tests/fixtures/schema-2/manifest.json")).unwrap();
    let sound: Value = serde_json::from_str(&file).unwrap();
    let validator = strict("manifest");
    assert!(validator.is_valid(&sound));
    let changed = |change: fn(&mut Value)| {
        let mut value = sound.clone();
        change(&mut value);
        validator.is_valid(&value)
    };
    assert!(!changed(|value| value["machine"]["mood"] = "fine".into()));
    assert!(!changed(|value| value["seed"] = "7".into()));
    assert!(!changed(|value| drop(value.as_object_mut().unwrap().remove("run"))));
}
