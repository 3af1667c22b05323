//! Programs of another hand against each other, over a page, and runs of them that go on or are made again.

use reports::record::{Cell, Purpose};

use crate::common::home::{Ended, HARNESS, Home};

/// Two programs that speak HTTP, both of them ours for want of another that is on every machine.
fn servers() -> [String; 2] {
    ["threaded", "async-single"]
        .map(|model| format!("my-{model}={HARNESS} serve {model} --wire http --listen {{address}}"))
}

/// With these arguments besides.
fn compare(home: &Home, more: &[&str]) -> Ended {
    home.compared(&[&["--experiments", "latency-curve"], more].concat())
}

#[test]
fn two_programs_are_compared_over_a_page_and_the_run_can_be_made_again() {
    let home = Home::new();
    let [a, b] = &servers();
    compare(&home, &["--server", a, "--server", b, "--wire", "http", "--path", "/echo/page"]).measured();
    let run = home.run();
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
    let like = |more: &[&str]| home.ended(&[&["compare", "--like", "the-run", "--out", "again"], more].concat());
    like(&[]).refused("type it again, with --server");
    like(&["--server", a]).refused("its server my-async-single");
    like(&["--server", a, "--server", &b.replace("async-single --wire", "async-multi --wire")]).refused("as it was");
    like(&["--server", a, "--server", b, "--server", "c=sh"]).refused("has no server c");
    like(&["--server", a, "--server", b, "--path", "/"]).refused("leave out --wire and --path");
    assert!(!home.join("again").exists());
    like(&["--server", a, "--server", b]).measured();
    let same = home.run_in("again");
    assert_eq!(same.manifest.contenders, run.manifest.contenders);
    assert!(same.cells.iter().all(|cell| cell.load.work == "GET /echo/page"));

    let resume = |more: &[&str]| home.ended(&[&["compare", "--resume", "the-run", "--blocks", "2"], more].concat());
    resume(&[]).refused("type it again, with --server");
    let resumed = resume(&["--server", a, "--server", b]).measured();
    let more = home.run();
    assert_eq!(more.manifest.blocks, 2);
    // On a machine so busy that no probe had an answer, no load follows from them.
    let is_probe = |cell: &Cell| cell.purpose == Purpose::CapacityProbe;
    assert!(more.cells.len() > run.cells.len() || run.cells.iter().all(is_probe), "{}", resumed.stderr);
}

#[test]
fn a_run_like_another_has_the_contenders_that_are_named_and_leaves_out_no_others() {
    let home = Home::new();
    let [_, server] = &servers();
    let arguments = ["--experiments", "churn,mutex", "--blocks", "1", "--models", "threaded", "--server", server];
    let ended = home.compared(&[&arguments[..], &["--path", "/echo/page"]].concat());
    ended.measured().telling("left out: threaded in mutex: ");
    let like = |more: &[&str]| {
        let arguments = ["compare", "--dry-run", "--like", "the-run", "--server", server];
        home.ended(&[&arguments[..], more].concat()).with_code(0).stdout
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
    let home = Home::new();
    let json = format!("a={HARNESS} serve threaded --listen {{address}}");
    let [http, _] = &servers();
    let table: [(&[&str], &str); 6] = [
        (&["--server", "threaded=sh"], "is the name of a model"),
        (&["--server", "a=no-such-program"], "no program \"no-such-program\" is in the PATH"),
        (
            &["--server", "a=sh -c 'echo sorry >&2; exit 9'"],
            "status 9 before it listened; its standard error ends with: sorry",
        ),
        (&["--server", &json, "--path", "/"], "its reply to GET / is not right; see what it says to curl"),
        (&["--server", http], "its reply to echo hi is not right; harness check --server"),
        (&["--server", &json, "--against", HARNESS], "no model takes part; name some with --models"),
    ];
    for (more, words) in table {
        compare(&home, more).refused(words);
        assert!(!home.out().exists(), "{more:?}: nothing is written");
    }
    let options = home.ended(&["compare", "--dry-run", "--experiments", "mutex", "--server", &json]);
    options.refused("nothing is left to run: in mutex, a was not run: ");
}

#[test]
fn a_dry_run_says_who_is_left_out_and_starts_nothing() {
    let home = Home::new();
    let arguments = ["compare", "--dry-run", "--experiments", "memory,mutex", "--models", "threaded", "--blocks", "10"];
    let said = home.ended(&[&arguments[..], &["--server", "a@v1=sh -c 'exit 9'"]].concat()).with_code(0).stdout;
    assert!(said.contains("servers      threaded, a, a@twin"), "{said}");
    assert!(said.contains("command      a: sh -c 'exit 9'"), "{said}");
    assert!(said.contains("left out     a in mutex: it compares values of the option mutex"), "{said}");
}

#[test]
fn searches_take_programs_of_another_hand() {
    let home = Home::new();
    let server = format!("a={HARNESS} serve async-single --wire http --listen {{address}}");
    let of = |what: &str, more: &[&str]| {
        let page = [what, "--server", &server, "--path", "/echo/hi", "--models", "threaded", "--quiet", "--out", what];
        home.ended(&[&page[..], more].concat()).measured();
        let run = home.run_in(what);
        assert_eq!(run.manifest.experiments[0].workloads[0].label, "GET /echo/hi");
        assert!(run.cells.iter().any(|cell| cell.contender == "a"), "{what}");
        assert!(run.cells.iter().all(|cell| cell.load.work == "GET /echo/hi"), "{what}");
    };
    of("map", &["--connections", "2", "--budget", "12s"]);
    of("capacity", &["--blocks", "1", "--budget", "8s"]);
}
