//! `harness trace` as a person meets it: the file holds to the trace event format, and the models look as they are.

use std::collections::{BTreeMap, BTreeSet};

use reports::record::Demand;
use serde_json::Value;

use crate::common::home::Home;

/// A written trace.
struct Traced {
    said: String,
    events: Vec<Value>,
}

impl Traced {
    fn of(contender: &str, work: &str, connections: &str) -> Traced {
        let home = Home::new();
        // As long as a window can be, so that even on a busy machine every connection gets its turn in it.
        let words = ["trace", contender, "--work", work, "--connections", connections, "--window", "100ms"];
        let said = home.ended(&[&words[..], &["--out", "trace.json"]].concat()).with_code(0).stdout;
        let text = std::fs::read_to_string(home.join("trace.json")).unwrap();
        let trace: Value = serde_json::from_str(&text).unwrap();
        let traced = Traced { said, events: trace["traceEvents"].as_array().unwrap().clone() };
        traced.assert_valid();
        traced
    }

    /// What the format's description asks of complete and metadata events, and that rows nest trivially.
    fn assert_valid(&self) {
        let mut rows: BTreeMap<(u64, u64), Vec<(f64, f64)>> = BTreeMap::new();
        for event in &self.events {
            assert!(event["name"].is_string(), "{event}");
            let row = (event["pid"].as_u64().unwrap(), event["tid"].as_u64().unwrap());
            match event["ph"].as_str().unwrap() {
                "X" => {
                    let (ts, dur) = (event["ts"].as_f64().unwrap(), event["dur"].as_f64().unwrap());
                    assert!(event["cat"].is_string() && ts >= 0.0 && dur >= 0.0, "{event}");
                    rows.entry(row).or_default().push((ts, ts + dur));
                }
                "M" => assert!(event["args"]["name"].is_string(), "{event}"),
                other => panic!("an event of the kind {other:?}"),
            }
        }
        assert!(!rows.is_empty(), "nothing was traced");
        for (row, mut times) in rows {
            times.sort_by(|a, b| a.partial_cmp(b).unwrap());
            // A thousandth of a microsecond is the rounding of a nanosecond.
            assert!(times.windows(2).all(|pair| pair[0].1 <= pair[1].0 + 0.001), "{row:?} overlaps");
        }
    }

    /// The rows of a process that have an event of a category, or any event.
    fn rows(&self, pid: u64, category: Option<&str>) -> BTreeSet<u64> {
        let complete = self.events.iter().filter(|event| event["ph"] == "X" && event["pid"] == pid);
        let of_it = complete.filter(|event| category.is_none_or(|category| event["cat"] == category));
        of_it.map(|event| event["tid"].as_u64().unwrap()).collect()
    }

    fn threads(&self) -> usize {
        self.rows(1, None).len()
    }

    fn parked_threads(&self) -> usize {
        self.rows(1, Some("parked")).len()
    }

    fn connections(&self) -> usize {
        self.rows(2, None).len()
    }
}

#[test]
fn four_workers_serve_four_of_eight_connections() {
    let traced = Traced::of("thread-pool:workers=4", "sleep 5ms", "8");
    assert_eq!((traced.threads(), traced.parked_threads(), traced.connections()), (4, 4, 4));
    assert!(traced.said.contains("8 connections, 4 of them waiting, on 4 threads"), "{}", traced.said);
}

#[test]
fn threads_are_parked_for_a_sleep_and_tasks_are_not() {
    let shape = |contender: &str| {
        let traced = Traced::of(contender, "sleep 5ms", "12");
        (traced.threads(), traced.parked_threads(), traced.connections())
    };
    assert_eq!(shape("sequential"), (1, 1, 1));
    assert_eq!(shape("threaded"), (12, 12, 12));
    assert_eq!(shape("rayon-pool:workers=3"), (3, 3, 3));
    assert_eq!(shape("async-single"), (1, 0, 12));
    let (threads, parked, connections) = shape("async-multi:workers=2");
    assert!((1..=2).contains(&threads) && parked == 0 && connections == 12, "{threads} {parked} {connections}");
}

#[test]
fn a_task_that_blocks_parks_the_thread_of_all() {
    let inline = Traced::of("async-single", "block 5ms", "6");
    assert_eq!((inline.threads(), inline.parked_threads()), (1, 1));
    let elsewhere = Traced::of("async-single:placement=spawn-blocking", "block 5ms", "6");
    assert!(elsewhere.parked_threads() > 1 && elsewhere.threads() == elsewhere.parked_threads() + 1);
}

#[test]
fn what_tracing_costs_is_said() {
    let traced = Traced::of("threaded", "echo hi", "2");
    let cost = traced.said.lines().find(|line| line.starts_with("CPU time of a request: ")).unwrap();
    assert!(cost.contains(" traced, ") && cost.ends_with(" not"), "{cost}");
}

#[test]
fn a_run_has_a_picture_of_it_where_it_is_asked_for() {
    let home = Home::new();
    let words = ["compare", "--preset", "smoke", "--experiments", "memory", "--models", "async-single", "--quiet"];
    home.ended(&[&words[..], &["--timelines", "on", "--out", "run"]].concat()).measured();
    assert_eq!(std::fs::read_dir(home.join("run/timelines")).unwrap().count(), 2);
    let page = std::fs::read_to_string(home.join("run/report.html")).unwrap();
    assert!(
        page.contains("<h2>Who ran what</h2>")
            && page.contains(">Tokio (one thread): ")
            && page.contains(" on 1 thread</a>")
    );
}

#[test]
fn the_two_that_a_report_is_about_are_traced_under_a_wait_and_a_block() {
    let home = Home::new();
    let words =
        ["compare", "--preset", "smoke", "--experiments", "memory", "--models", "threaded,async-multi", "--quiet"];
    home.ended(&[&words[..], &["--timelines", "protagonists", "--out", "run"]].concat()).measured();
    let run = home.run_in("run");
    let traced: Vec<_> = run.timelines.iter().map(|one| (one.contender.as_str(), one.demand.unwrap())).collect();
    let (waiting, blocking) = (Demand::Waiting { for_ns: 5_000_000 }, Demand::Blocking { for_ns: 5_000_000 });
    assert_eq!(
        traced,
        [("threaded", waiting), ("async-multi", waiting), ("threaded", blocking), ("async-multi", blocking)]
    );
    assert!(run.timelines.iter().all(|one| one.cost.is_none() && !one.lanes.is_empty()));
    // A thread for each that waits; a few that leave all of them.
    let [threads, tasks] = [0, 1].map(|place| run.timelines[place].lanes.len());
    assert!(threads > tasks, "{threads} {tasks}");
}

#[test]
fn what_cannot_be_traced_is_refused_with_the_reason() {
    let home = Home::new();
    for (arguments, code, reason) in [
        (&["trace", "threaded", "--work", "slep 5ms", "--out", "x.json"][..], 2, "no work is called \"slep\""),
        (&["trace", "thredded", "--out", "x.json"], 2, "models: sequential"),
        (&["serve", "threaded", "--trace", "nowhere/x.json"], 1, "nowhere/x.json can't be written to"),
    ] {
        home.ended(arguments).with_code(code).telling(reason);
    }
}
