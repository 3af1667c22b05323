//! `harness load --load-from`: several workers are one generator, whatever their clocks say, and a part that is lost is
//! never hidden.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;

use harness::load::Arrivals;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use servers::protocol::Wire;

use crate::common::own_server::serve;
use crate::common::{LONGEST_WAIT, is_alive, send, text, within};
use crate::load_command::{Findings, load};

const PROGRAM: [&str; 2] = ["--worker-program", env!("CARGO_BIN_EXE_harness")];
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
    let all: Vec<&str> = arguments.iter().copied().chain(PROGRAM).chain(workers).collect();
    Findings::of(target, &all)
}

fn worker(found: &Findings, number: usize) -> &Value {
    &found.json["workers"][number - 1]
}

fn warning(found: &Findings, words: &str) -> bool {
    found.warns_of(words)
}

/// The process that a command noted.
pub(crate) fn noted(file: &Path) -> u32 {
    let read = || fs::read_to_string(file).ok()?.trim().parse().ok();
    assert!(within(LONGEST_WAIT, || read().is_some()), "no worker was started");
    read().unwrap()
}

/// A server in JSON lines that notes when each request was due, as its sender says.
fn noting_server() -> (SocketAddr, Arc<Mutex<Vec<u64>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let due: Arc<Mutex<Vec<u64>>> = Arc::default();
    let noted = Arc::clone(&due);
    thread::spawn(move || {
        for connection in listener.incoming().map_while(Result::ok) {
            let noted = Arc::clone(&noted);
            thread::spawn(move || {
                let mut answers = connection.try_clone().unwrap();
                for line in BufReader::new(connection).lines().map_while(Result::ok) {
                    let request: Value = serde_json::from_str(&line).unwrap();
                    let Some(stamp) = request["RequestWork"]["sender_timestamp"].as_str() else { return };
                    noted.lock().unwrap().push(stamp.parse().unwrap());
                    let done = json!({"WorkDone": {"sender_timestamp": stamp, "result": "hi"}});
                    let reply = format!("{done}\n");
                    if answers.write_all(reply.as_bytes()).is_err() {
                        return;
                    }
                }
            });
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
    assert!(!warning(&found, "parts per million"), "{}", found.json["warnings"]);
    assert_eq!(found.json["timestamps_out_of_order"], Value::Null);
    assert!(!warning(&found, "timestamps nest"), "{}", found.json["warnings"]);
}

#[test]
fn a_clock_that_runs_at_another_speed_voids_the_result() {
    let server = serve("async-single", Wire::JsonLines);
    let fast = with("--test-clock-drift 20000");
    let found = from(server.address, &["env", &fast], &["--rate", "100", "--duration", "1s", "--warm-up", "0s"]);
    assert!(
        warning(&found, "the clock of worker 2") && !warning(&found, "the clock of worker 1"),
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
    assert!(warning(&found, "may have begun") && warning(&found, "1 ms is allowed"), "{}", found.json["warnings"]);
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
    let mut command = load(&[&[target.as_str()][..], &asked, &["--load-from", &doomed], &PROGRAM].concat());
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let pid = noted(&pid);
    assert!(within(LONGEST_WAIT, || server.server.counters().requests_served > 200), "nothing was sent");
    send(pid, Signal::KILL);
    let found = Findings::read(child.wait_with_output().unwrap());
    let planned = arrivals(500.0, 1, 3 * SECOND_NS).len() as u64;
    assert_eq!(
        (found.ledger("scheduled"), found.ledger("dropped")),
        (planned, planned / 2),
        "{}",
        found.json["ledger"]
    );
    assert_eq!(found.ledger("ok"), planned - planned / 2);
    assert_eq!((found.code, &found.json["valid"]), (4, &Value::Bool(false)), "{}", found.stderr);
    assert!(warning(&found, "worker 2") && warning(&found, "count as never sent"), "{}", found.json["warnings"]);
    assert!(!warning(&found, "of its schedule"), "nothing fell behind: {}", found.json["warnings"]);
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
    assert!(found.code == 4 && warning(&found, "long after the load should have ended"), "{}", found.json["warnings"]);
}

#[test]
fn ctrl_c_stops_all_workers_and_keeps_what_there_is() {
    let server = serve("async-single", Wire::JsonLines);
    let target = server.address.to_string();
    let asked =
        [&target, "--rate", "500", "--duration", "60s", "--format", "json", "--load-from", "env", "--load-from", "env"];
    let child = load(&[&asked[..], &PROGRAM].concat()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    assert!(within(LONGEST_WAIT, || server.server.counters().requests_served > 700), "nothing was sent");
    kill_process(Pid::from_child(&child), Signal::INT).unwrap();
    let found = Findings::read(child.wait_with_output().unwrap());
    assert_eq!(found.code, 130, "{}", found.stderr);
    assert!(found.ledger("ok") > 0 && found.ledger("dropped") < 100, "{}", found.json["ledger"]);
    assert!(warning(&found, "stopped after") && !warning(&found, "was lost"), "{}", found.json["warnings"]);
}

#[test]
fn no_worker_outlives_whoever_started_it() {
    let server = serve("async-single", Wire::JsonLines);
    let folder = tempfile::tempdir().unwrap();
    let (pid, target) = (folder.path().join("pid"), server.address.to_string());
    let command = noting(&pid);
    let asked = [&target, "--rate", "500", "--duration", "60s", "--load-from", &command];
    let mut child = load(&[&asked[..], &PROGRAM].concat()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let pid = noted(&pid);
    assert!(within(LONGEST_WAIT, || server.server.counters().requests_served > 100), "nothing was sent");
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(within(LONGEST_WAIT, || !is_alive(pid)), "the worker goes on");
}

/// What it says, and its exit code.
fn refused(arguments: &[&str]) -> (i32, String) {
    let output = load(arguments).output().unwrap();
    (output.status.code().unwrap(), text(&output.stderr).to_owned())
}

#[test]
fn what_can_not_begin_says_why_and_what_to_do() {
    let server = serve("async-single", Wire::JsonLines);
    let target = server.address.to_string();
    let rate = ["--rate", "100", "--load-from"];
    let said = |target: &str, more: &[&str]| refused(&[&[target][..], &rate, more].concat());
    let table: &[(&[&str], i32, &str)] = &[
        (&["env", "--worker-program", "no-such-harness"], 3, "--worker-program PATH"),
        (&["echo good morning"], 3, "print nothing of its own on stdout"),
        (&["no-such-command"], 2, "--load-from"),
        (&["'"], 2, "ends within a quote"),
        (&["env", "-c", "1", "--load-from", "env"], 2, "--connections"),
    ];
    for (more, code, words) in table {
        let (found, error) = said(&target, more);
        assert!(found == *code && error.contains(words), "{more:?}: {found}: {error}");
    }
    let (code, error) = said("192.0.2.1:80", &["env"]);
    assert!(code == 2 && error.contains("--allow-remote"), "{error}");
    let gone = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let (code, error) = said(&gone, &["env", PROGRAM[0], PROGRAM[1]]);
    assert!(code == 6 && error.contains("worker 1 (env): only 0 of"), "{error}");
    let output = Command::new(env!("CARGO_BIN_EXE_harness")).args(["worker", "--help"]).output().unwrap();
    assert!(text(&output.stdout).contains("--load-from") && !text(&output.stdout).contains("--test-"));
}

#[test]
fn a_clock_that_can_not_be_read_after_the_load_makes_the_result_invalid() {
    let server = serve("threaded", Wire::JsonLines);
    let cut = r#"sh -c '"$0" "$@" | sed -u /result/q'"#;
    let found = from(server.address, &["env", cut], &["--rate", "100", "--duration", "1s"]);
    assert!(warning(&found, "could not be read after the load"), "{}", found.json);
    assert!(
        worker(&found, 2)["ledger"].is_object() && worker(&found, 2)["clock_drift_ppm"].is_null(),
        "{}",
        found.json
    );
    assert_eq!(found.code, 4, "{}", found.json);
}
