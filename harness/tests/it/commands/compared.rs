//! Programs of another hand against each other, over a page, and runs of them that go on or are made again.

use std::path::Path;
use std::process::Output;

use reports::record::store::RunFolder;
use reports::record::{Cell, Purpose};
use tempfile::TempDir;

use crate::commands::{HARNESS, harness};
use crate::common::text;

/// Two programs that speak HTTP, both of them ours for want of another that is on every machine.
fn servers() -> [String; 2] {
    ["threaded", "async-single"]
        .map(|model| format!("my-{model}={HARNESS} serve {model} --wire http --listen {{address}}"))
}

fn compare(out: &Path, home: &Path, more: &[&str]) -> Output {
    let arguments = ["compare", "--preset", "smoke", "--experiments", "latency-curve", "--out", out.to_str().unwrap()];
    harness(&[&arguments[..], more].concat(), home)
}

#[test]
fn two_programs_are_compared_over_a_page_and_the_run_can_be_made_again() {
    let home = TempDir::new().unwrap();
    let out = home.path().join("run");
    let [a, b] = &servers();
    let output = compare(&out, home.path(), &["--server", a, "--server", b, "--wire", "http", "--path", "/echo/page"]);
    assert!(matches!(output.status.code(), Some(0 | 4)), "{}", text(&output.stderr));
    let run = RunFolder::open(&out).unwrap().read().unwrap();
    assert_eq!(run.manifest.page.as_deref(), Some("/echo/page"));
    let [experiment] = &run.manifest.experiments[..] else { panic!() };
    assert_eq!(experiment.contenders, ["my-threaded", "my-async-single"]);
    let labels: Vec<&str> = experiment.workloads.iter().map(|workload| workload.label.as_str()).collect();
    assert_eq!(labels, ["GET /echo/page"], "a page stands for an echo and not for a sleep");
    for cell in &run.cells {
        assert_eq!(cell.load.work, "GET /echo/page", "{}", cell.id);
        assert_eq!(cell.traffic.as_ref().unwrap().ledger.malformed, 0, "{}", cell.id);
    }

    // What stands in a run is never executed.
    let again = home.path().join("again");
    let like = |more: &[&str]| {
        let arguments = ["compare", "--like", out.to_str().unwrap(), "--out", again.to_str().unwrap()];
        harness(&[&arguments[..], more].concat(), home.path())
    };
    let refused = |output: Output, why: &str| {
        assert_eq!(output.status.code(), Some(2), "{}", text(&output.stderr));
        assert!(text(&output.stderr).contains(why), "{}", text(&output.stderr));
    };
    refused(like(&[]), "type it again, with --server");
    refused(like(&["--server", a]), "its server my-async-single");
    refused(like(&["--server", a, "--server", &b.replace("async-single --wire", "async-multi --wire")]), "as it was");
    refused(like(&["--server", a, "--server", b, "--server", "c=sh"]), "has no server c");
    refused(like(&["--server", a, "--server", b, "--path", "/"]), "leave out --wire and --path");
    assert!(!again.exists());
    let output = like(&["--server", a, "--server", b]);
    assert!(matches!(output.status.code(), Some(0 | 4)), "{}", text(&output.stderr));
    let same = RunFolder::open(&again).unwrap().read().unwrap();
    assert_eq!(same.manifest.contenders, run.manifest.contenders);
    assert!(same.cells.iter().all(|cell| cell.load.work == "GET /echo/page"));

    let resume = |more: &[&str]| {
        harness(&[&["compare", "--resume", out.to_str().unwrap(), "--blocks", "2"], more].concat(), home.path())
    };
    refused(resume(&[]), "type it again, with --server");
    let output = resume(&["--server", a, "--server", b]);
    assert!(matches!(output.status.code(), Some(0 | 4)), "{}", text(&output.stderr));
    let more = RunFolder::open(&out).unwrap().read().unwrap();
    assert_eq!(more.manifest.blocks, 2);
    // On a machine so busy that no probe had an answer, no load follows from them.
    let is_probe = |cell: &Cell| cell.purpose == Purpose::CapacityProbe;
    assert!(more.cells.len() > run.cells.len() || run.cells.iter().all(is_probe), "{}", text(&output.stderr));
}

#[test]
fn a_run_like_another_has_the_contenders_that_are_named_and_leaves_out_no_others() {
    let home = TempDir::new().unwrap();
    let out = home.path().join("run");
    let arguments = ["compare", "--preset", "smoke", "--experiments", "churn,mutex", "--blocks", "1", "--models"];
    let [_, server] = &servers();
    let page = ["threaded", "--server", server, "--path", "/echo/page", "--out", out.to_str().unwrap()];
    let output = harness(&[&arguments[..], &page].concat(), home.path());
    assert!(matches!(output.status.code(), Some(0 | 4)), "{}", text(&output.stderr));
    assert!(text(&output.stderr).contains("left out: threaded in mutex: "), "{}", text(&output.stderr));
    let like = |more: &[&str]| {
        let arguments = ["compare", "--dry-run", "--like", out.to_str().unwrap(), "--server", server];
        let output = harness(&[&arguments[..], more].concat(), home.path());
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
        text(&output.stdout).to_owned()
    };
    let all = like(&[]);
    assert!(all.contains("servers      threaded, my-async-single\n") && all.contains("threaded in mutex"), "{all}");
    let other = like(&["--models", "async-multi"]);
    assert!(other.contains("servers      async-multi, my-async-single\n"), "{other}");
    assert!(other.contains("my-async-single: ") && other.contains("GET /echo/page"), "{other}");
    assert!(!other.contains("threaded in mutex"), "{other}");
}

#[test]
fn what_can_not_be_compared_is_refused_before_anything_is_measured() {
    let home = TempDir::new().unwrap();
    let out = home.path().join("run");
    let said = |more: &[&str]| {
        let output = compare(&out, home.path(), more);
        assert_eq!(output.status.code(), Some(2), "{}", text(&output.stderr));
        assert!(!out.exists(), "nothing is written");
        text(&output.stderr).to_owned()
    };
    assert!(said(&["--server", "threaded=sh"]).contains("is the name of a model"));
    assert!(said(&["--server", "a=no-such-program"]).contains("no program \"no-such-program\" is in the PATH"));
    assert!(
        said(&["--server", "a=sh -c 'echo sorry >&2; exit 9'"])
            .contains("status 9 before it listened; its standard error ends with: sorry")
    );
    let json = format!("a={HARNESS} serve threaded --listen {{address}}");
    assert!(
        said(&["--server", &json, "--path", "/"]).contains("its reply to GET / is not right; see what it says to curl")
    );
    let [http, _] = &servers();
    assert!(said(&["--server", http]).contains("its reply to echo hi is not right; harness check --server"));
    let against = ["--server", &json, "--against", HARNESS];
    assert!(said(&against).contains("no model takes part; name some with --models"));
    let options = harness(&["compare", "--dry-run", "--experiments", "mutex", "--server", &json], home.path());
    assert_eq!(options.status.code(), Some(2));
    assert!(
        text(&options.stderr).contains("nothing is left to run: in mutex, a was not run: "),
        "{}",
        text(&options.stderr)
    );
}

#[test]
fn a_dry_run_says_who_is_left_out_and_starts_nothing() {
    let home = TempDir::new().unwrap();
    let arguments = ["compare", "--dry-run", "--experiments", "memory,mutex", "--models", "threaded", "--blocks", "10"];
    let output = harness(&[&arguments[..], &["--server", "a@v1=sh -c 'exit 9'"]].concat(), home.path());
    let said = text(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert!(said.contains("servers      threaded, a, a@twin"), "{said}");
    assert!(said.contains("command      a: sh -c 'exit 9'"), "{said}");
    assert!(said.contains("left out     a in mutex: it compares values of the option mutex"), "{said}");
}

#[test]
fn searches_take_programs_of_another_hand() {
    let home = TempDir::new().unwrap();
    let server = format!("a={HARNESS} serve async-single --wire http --listen {{address}}");
    let of = |what: &str, more: &[&str]| {
        let out = home.path().join(what);
        let arguments = [
            what,
            "--server",
            &server,
            "--path",
            "/echo/hi",
            "--models",
            "threaded",
            "--quiet",
            "--out",
            out.to_str().unwrap(),
        ];
        let output = harness(&[&arguments[..], more].concat(), home.path());
        assert!(matches!(output.status.code(), Some(0 | 4)), "{what}: {}", text(&output.stderr));
        let run = RunFolder::open(&out).unwrap().read().unwrap();
        assert_eq!(run.manifest.experiments[0].workloads[0].label, "GET /echo/hi");
        assert!(run.cells.iter().any(|cell| cell.contender == "a"), "{what}");
        assert!(run.cells.iter().all(|cell| cell.load.work == "GET /echo/hi"), "{what}");
    };
    of("map", &["--connections", "2", "--budget", "12s"]);
    of("capacity", &["--blocks", "1", "--budget", "8s"]);
}
