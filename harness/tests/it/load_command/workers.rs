//! `harness load --load-from`: several workers are one generator, whatever their clocks say, and a part that is lost is
//! never hidden.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex};

use instruments::load::Arrivals;
use rustix::process::Signal;
use serde_json::{Value, json};
use servers::protocol::Wire;

use crate::common::home::{AS_WORKER, Ended, harness};
use crate::common::own_server::serve;
use crate::common::started::Started;
use crate::common::{LONGEST_WAIT, is_alive, listen, nobody, send, within};
use crate::load_command::{Findings, load, loaded, wait_for_requests};

const SECOND_NS: u64 = 1_000_000_000;

/// A command that runs a worker here, with more words behind.
fn with(words: &str) -> String {
    format!("sh -c 'exec \"$0\" \"$@\" {words}'")
}

/// A command that runs a worker here and says in a file which process that is.
fn noting(file: &Path) -> String {
    format!("sh -c 'echo $$ > {}; exec \"$0\" \"$@\"'", file.display())
}

/// What workers with these commands come to.
fn from(target: SocketAddr, workers: &[&str], arguments: &[&str]) -> Findings {
    let workers = workers.iter().flat_map(|command| ["--load-from", command]);
    let all: Vec<&str> = arguments.iter().copied().chain(AS_WORKER).chain(workers).collect();
    Findings::of(target, &all)
}

fn worker(found: &Findings, number: usize) -> &Value {
    &found.json["workers"][number - 1]
}

/// The process that a command noted.
pub(crate) fn noted(file: &Path) -> u32 {
    let read = || fs::read_to_string(file).ok()?.trim().parse().ok();
    assert!(within(LONGEST_WAIT, || read().is_some()), "no worker was started");
    read().unwrap()
}

/// A server in JSON lines that notes when each request was due, as its sender says.
fn noting_server() -> (SocketAddr, Arc<Mutex<Vec<u64>>>) {
    let due: Arc<Mutex<Vec<u64>>> = Arc::default();
    let noted = Arc::clone(&due);
    let address = listen(move |connection| {
        let mut answers = connection.try_clone().unwrap();
        for line in BufReader::new(connection).lines().map_while(Result::ok) {
            let request: Value = serde_json::from_str(&line).unwrap();
            let Some(stamp) = request["RequestWork"]["sender_timestamp"].as_str() else { return };
            noted.lock().unwrap().push(stamp.parse().unwrap());
            let done = json!({"WorkDone": {"sender_timestamp": stamp, "result": "hi"}});
            if answers.write_all(format!("{done}\n").as_bytes()).is_err() {
                return;
            }
        }
    });
    (address, due)
}

/// Arrivals of a seed within so many nanoseconds.
pub(crate) fn arrivals(rate_rps: f64, seed: u64, within_ns: u64) -> Vec<u64> {
    Arrivals::poisson(rate_rps, seed).take_while(|due_ns| *due_ns < within_ns).collect()
}

#[test]
fn two_workers_send_the_arrivals_of_one_generator() {
    let asked = ["--rate", "400", "--duration", "1s", "--warm-up", "0s", "--seed", "5", "-c", "8"];
    let planned = arrivals(400.0, 5, SECOND_NS);
    for workers in [&[][..], &["env", "env"], &["env", "env", "env"]] {
        let (server, due) = noting_server();
        let found = if workers.is_empty() { Findings::of(server, &asked) } else { from(server, workers, &asked) };
        assert_eq!(found.ledger("scheduled"), planned.len() as u64, "{workers:?}");
        assert_eq!(found.ledger("ok"), planned.len() as u64, "{workers:?}: {}", found.json["ledger"]);
        assert_eq!(found.json["response_time_ns"]["count"], planned.len());
        let mut due = due.lock().unwrap().clone();
        due.sort_unstable();
        assert_eq!(due.len(), planned.len(), "{workers:?}");
        // Every worker's clock is this machine's, so that its start is off by no more than it says.
        let bounds = found.json["workers"].as_array().into_iter().flatten();
        let bound_ns = bounds.map(|worker| worker["clock_bound_ns"].as_u64().unwrap()).max().unwrap_or(0);
        let origins: Vec<u64> = due.iter().zip(&planned).map(|(due, planned)| due - planned).collect();
        let (first, last) = (origins.iter().min().unwrap(), origins.iter().max().unwrap());
        assert!(last - first <= 2 * bound_ns + 2, "{workers:?}: {} ns apart, {bound_ns} allowed", last - first);
        for (index, _) in workers.iter().enumerate() {
            let share = planned.iter().skip(index).step_by(workers.len()).count();
            assert_eq!(worker(&found, index + 1)["ledger"]["scheduled"], share);
        }
    }
}

#[test]
fn clocks_that_are_hours_apart_and_drift_change_nothing() {
    let server = serve("async-single", Wire::JsonLines);
    let [ahead, behind] = ["7200000000000", "-10800000000000"].map(|ns| ns.parse::<i64>().unwrap());
    let lies = [
        with(&format!("--test-clock-ahead {ahead}")),
        with(&format!("--test-clock-ahead={behind} --test-clock-drift 200")),
    ];
    let asked = ["--rate", "300", "--duration", "2s", "--warm-up", "0s", "-c", "4"];
    let found = from(server.address, &[&lies[0], &lies[1]], &asked);
    let planned = arrivals(300.0, 1, 2 * SECOND_NS).len() as u64;
    assert_eq!((found.ledger("scheduled"), found.ledger("ok")), (planned, planned), "{}", found.json["ledger"]);
    let number = |worker: &Value, key: &str| worker[key].as_f64().unwrap();
    let first = worker(&found, 1);
    let off = number(first, "clock_offset_ns") - ahead as f64;
    assert!(off.abs() <= number(first, "clock_bound_ns"), "{first}");
    let second = worker(&found, 2);
    // It has gained some hundred microseconds by the time that it is asked.
    let off = number(second, "clock_offset_ns") - behind as f64;
    assert!((0.0..10_000_000.0).contains(&(off + number(second, "clock_bound_ns"))), "{second}");
    for (worker, drift) in [(first, 0.0), (second, 200.0)] {
        let off = number(worker, "clock_drift_ppm") - drift;
        assert!(off.abs() <= number(worker, "clock_drift_bound_ppm") + 1.0, "{worker}");
    }
    assert!(!found.warns_of("parts per million"), "{}", found.json["warnings"]);
    assert_eq!(found.json["timestamps_out_of_order"], Value::Null);
    assert!(!found.warns_of("timestamps nest"), "{}", found.json["warnings"]);
}

#[test]
fn a_clock_that_runs_at_another_speed_voids_the_result() {
    let server = serve("async-single", Wire::JsonLines);
    let fast = with("--test-clock-drift 20000");
    let found = from(server.address, &["env", &fast], &["--rate", "100", "--duration", "1s", "--warm-up", "0s"]);
    assert!(
        found.warns_of("the clock of worker 2") && !found.warns_of("the clock of worker 1"),
        "{}",
        found.json["warnings"]
    );
    assert_eq!((found.code, &found.json["valid"]), (4, &Value::Bool(false)));
}

#[test]
fn starts_that_lie_apart_void_the_result() {
    let server = serve("async-single", Wire::JsonLines);
    let late = with("--test-begin-late 20ms");
    let asked = ["--rate", "500", "--duration", "500ms", "--warm-up", "0s"];
    let found = from(server.address, &["env", &late], &asked);
    assert!(found.json["start_skew_ns"].as_u64().unwrap() >= 20_000_000, "{}", found.json["start_skew_ns"]);
    assert!(found.warns_of("may have begun") && found.warns_of("1 ms is allowed"), "{}", found.json["warnings"]);
    assert_eq!((found.code, &found.json["valid"]), (4, &Value::Bool(false)));
    let by_itself = from(server.address, &[&late], &asked);
    assert_eq!(by_itself.json["start_skew_ns"], 0, "one alone is apart from nobody");
}

#[test]
fn the_part_of_a_worker_that_is_killed_counts_as_never_sent() {
    let server = serve("async-single", Wire::JsonLines);
    let folder = tempfile::tempdir().unwrap();
    let (pid, target) = (folder.path().join("pid"), server.address.to_string());
    let doomed = noting(&pid);
    let asked = ["--rate", "500", "--duration", "3s", "--warm-up", "0s", "--format", "json", "--load-from", "env"];
    let load = [&[target.as_str()][..], &asked, &["--load-from", &doomed], &AS_WORKER].concat();
    let load = Started::of(&mut self::load(&load));
    let pid = noted(&pid);
    wait_for_requests(&server, 200);
    send(pid, Signal::KILL);
    let found = Findings::read(load.ended());
    let planned = arrivals(500.0, 1, 3 * SECOND_NS).len() as u64;
    assert_eq!(
        (found.ledger("scheduled"), found.ledger("dropped")),
        (planned, planned / 2),
        "{}",
        found.json["ledger"]
    );
    assert_eq!(found.ledger("ok"), planned - planned / 2);
    assert_eq!((found.code, &found.json["valid"]), (4, &Value::Bool(false)), "{}", found.stderr);
    assert!(found.warns_of("worker 2") && found.warns_of("count as never sent"), "{}", found.json["warnings"]);
    assert!(!found.warns_of("of its schedule"), "nothing fell behind: {}", found.json["warnings"]);
    assert_eq!(
        (&worker(&found, 2)["never_sent"], &worker(&found, 1)["lost"]),
        (&Value::from(planned / 2), &Value::Null)
    );
}

#[test]
fn a_worker_that_begins_hours_later_is_lost_and_not_waited_for() {
    let server = serve("async-single", Wire::JsonLines);
    let late = with("--test-begin-late 1h");
    let asked = ["--rate", "200", "--duration", "300ms", "--warm-up", "0s", "--timeout", "100ms"];
    let found = from(server.address, &["env", &late], &asked);
    let planned = arrivals(200.0, 1, 3 * SECOND_NS / 10).len() as u64;
    assert_eq!(
        (found.ledger("scheduled"), found.ledger("dropped")),
        (planned, planned / 2),
        "{}",
        found.json["ledger"]
    );
    assert!(found.code == 4 && found.warns_of("long after the load should have ended"), "{}", found.json["warnings"]);
}

#[test]
fn ctrl_c_stops_all_workers_and_keeps_what_there_is() {
    let server = serve("async-single", Wire::JsonLines);
    let target = server.address.to_string();
    let asked =
        [&target, "--rate", "500", "--duration", "60s", "--format", "json", "--load-from", "env", "--load-from", "env"];
    let load = Started::of(&mut load(&[&asked[..], &AS_WORKER].concat()));
    wait_for_requests(&server, 700);
    load.signal(Signal::INT);
    let found = Findings::read(load.ended());
    assert_eq!(found.code, 130, "{}", found.stderr);
    // As with one generator, what was due after it was stopped is not counted.
    assert!(found.ledger("ok") > 0 && found.ledger("dropped") < 10_000, "{}", found.json["ledger"]);
    assert!(found.warns_of("stopped after") && !found.warns_of("was lost"), "{}", found.json["warnings"]);
}

#[test]
fn no_worker_outlives_whoever_started_it() {
    let server = serve("async-single", Wire::JsonLines);
    let folder = tempfile::tempdir().unwrap();
    let (pid, target) = (folder.path().join("pid"), server.address.to_string());
    let command = noting(&pid);
    let asked = [&target, "--rate", "500", "--duration", "60s", "--load-from", &command];
    let load = Started::of(&mut load(&[&asked[..], &AS_WORKER].concat()));
    let pid = noted(&pid);
    wait_for_requests(&server, 100);
    drop(load);
    assert!(within(LONGEST_WAIT, || !is_alive(pid)), "the worker goes on");
}

#[test]
fn what_can_not_begin_says_why_and_what_to_do() {
    let server = serve("async-single", Wire::JsonLines);
    let target = server.address.to_string();
    let rate = ["--rate", "100", "--load-from"];
    let gone = nobody().to_string();
    let table: &[(&str, &[&str], i32, &str)] = &[
        (&target, &["env", "--worker-program", "no-such-harness"], 3, "--worker-program PATH"),
        (&target, &["echo good morning"], 3, "print nothing of its own on stdout"),
        (&target, &["no-such-command"], 2, "--load-from"),
        (&target, &["'"], 2, "ends within a quote"),
        (&target, &["env", "-c", "1", "--load-from", "env"], 2, "--connections"),
        ("192.0.2.1:80", &["env"], 2, "--allow-remote"),
        (&gone, &["env", AS_WORKER[0], AS_WORKER[1]], 6, "worker 1 (env): only 0 of"),
    ];
    for (target, more, code, words) in table {
        loaded(&[&[*target][..], &rate, *more].concat()).with_code(*code).telling(words);
    }
    let help = Ended::of(&mut harness(&["worker", "--help"])).stdout;
    assert!(help.contains("--load-from") && !help.contains("--test-"), "{help}");
}

#[test]
fn a_clock_that_can_not_be_read_after_the_load_makes_the_result_invalid() {
    let server = serve("threaded", Wire::JsonLines);
    let cut = r#"sh -c '"$0" "$@" | sed -u /result/q'"#;
    let found = from(server.address, &["env", cut], &["--rate", "100", "--duration", "1s"]);
    assert!(found.warns_of("could not be read after the load"), "{}", found.json);
    assert!(
        worker(&found, 2)["ledger"].is_object() && worker(&found, 2)["clock_drift_ppm"].is_null(),
        "{}",
        found.json
    );
    assert_eq!(found.code, 4, "{}", found.json);
}
