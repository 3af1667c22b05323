//! Servers that run out of descriptors or of threads: they count it, go on, and do not spin.
//!
//! Limits belong to a process, so each server runs in one of its own: this test binary, started once more with
//! [`CONTENDER`] set. The clients stay in the test's process, beyond the limit.

use std::io::{BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};
use std::{env, fs};

use rustix::process::{Resource, Rlimit, setrlimit};
use servers::protocol::Wire;
use servers::{Concurrency, Contender, MODELS, Server, bind};

use crate::client::Client;
use crate::running::{DEADLINE, wait_until};

/// Names the contender to the process that is to run it.
const CONTENDER: &str = "EXHAUSTION_CONTENDER";
/// Names the resource that shall run out there: `descriptors` or `threads`.
const RESOURCE: &str = "EXHAUSTION_RESOURCE";

const DESCRIPTORS: u64 = 64;
const CLIENTS: usize = 100;

#[test]
fn without_descriptors_servers_count_rest_and_recover() {
    // A sequential server holds one connection at a time and cannot run out.
    let models = MODELS.iter().filter(|model| model.concurrency != Concurrency::One);
    let contenders = models.map(|model| model.name).chain(["async-multi:accept=reuseport,workers=2"]);
    let tests: Vec<_> = contenders.map(|contender| thread::spawn(|| descriptors_run_out(contender))).collect();
    tests.into_iter().for_each(|test| test.join().unwrap());
}

fn descriptors_run_out(model: &str) {
    let mut server = LimitedServer::start(model, "descriptors");
    let contender = Contender::parse(model).unwrap();
    let loops = contender.options.accept_loops() as u64;
    let wire = if contender.model.is_http_only { Wire::Http } else { Wire::JsonLines };
    let address = server.address;
    let connect = || Client::connect(address, wire);
    // The first is served before there are others: one accept loop of several may take all descriptors for its own.
    let mut clients = vec![connect()];
    clients[0].work("echo", "hi");
    clients.extend((1..CLIENTS).map(|_| connect()));
    wait_until("accepting fails", || server.report().accept_errors > 0);

    // An accept loop that rests after each failure needs half a second for so many. One that spins needs a millisecond.
    let begin = Instant::now();
    let more = server.report().accept_errors + 20 * loops;
    wait_until("it tries to accept again and again", || server.report().accept_errors >= more);
    assert!(begin.elapsed() > Duration::from_millis(500), "{model} does not rest: {:?}", begin.elapsed());
    assert!(server.report().accepted < DESCRIPTORS);
    assert!(clients[0].is_answered(), "{model} forgot a connection it had");

    clients.clear();
    assert!(connect().is_answered(), "{model} did not recover");
}

#[test]
fn without_threads_the_server_counts_goes_on_and_recovers() {
    let mut server = LimitedServer::start("threaded:stack=16MiB", "threads");
    let mut clients: Vec<_> = (0..40).map(|_| Client::connect(server.address, Wire::JsonLines)).collect();
    wait_until("all have been accepted", || server.report().accepted == 40);

    let answered: Vec<bool> = clients.iter_mut().map(Client::is_answered).collect();
    let held = answered.iter().filter(|answered| **answered).count();
    assert!(held > 0, "the limit leaves no room for any thread");
    wait_until("the rest have been turned away", || server.report().spawn_errors == (40 - held) as u64);
    assert!(held < 40, "threads did not run out");
    assert!(answered.is_sorted_by(|earlier, later| earlier >= later), "the first to come are those that are held");
    assert!(clients[0].is_answered(), "an earlier connection was lost");

    clients.clear();
    wait_until("a thread can be had again", || Client::connect(server.address, Wire::JsonLines).is_answered());
}

/// A server in a process of its own.
struct LimitedServer {
    process: Child,
    commands: ChildStdin,
    reports: Receiver<String>,
    address: SocketAddr,
}

struct ResourceReport {
    accepted: u64,
    accept_errors: u64,
    spawn_errors: u64,
}

impl LimitedServer {
    fn start(contender: &str, resource: &str) -> LimitedServer {
        let mut process = Command::new(env::current_exe().unwrap())
            .args(["--exact", "exhaustion::the_limited_server", "--ignored", "--nocapture"])
            .envs([(CONTENDER, contender), (RESOURCE, resource)])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let commands = process.stdin.take().unwrap();
        let reports = lines_of(process.stdout.take().unwrap());
        let address = line_after("address ", &reports).parse().unwrap();
        LimitedServer { process, commands, reports, address }
    }

    fn report(&mut self) -> ResourceReport {
        self.commands.write_all(b"report\n").unwrap();
        let line = line_after("report ", &self.reports);
        let numbers: Vec<u64> = line.split(' ').map(|number| number.parse().unwrap()).collect();
        let [accepted, accept_errors, spawn_errors] = numbers[..] else { panic!("{line}") };
        ResourceReport { accepted, accept_errors, spawn_errors }
    }
}

impl Drop for LimitedServer {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// What a process says, line by line. The thread ends with the process.
fn lines_of(output: ChildStdout) -> Receiver<String> {
    let (send, lines) = channel();
    thread::spawn(move || BufReader::new(output).lines().map_while(Result::ok).try_for_each(|line| send.send(line)));
    lines
}

/// What follows `mark` in the next line that has it, past what the test harness prints by itself.
fn line_after(mark: &str, lines: &Receiver<String>) -> String {
    loop {
        let line = lines.recv_timeout(DEADLINE).expect("the limited server lives and answers");
        if let Some((_, rest)) = line.split_once(mark) {
            return rest.to_owned();
        }
    }
}

#[test]
#[ignore = "the other end of the tests in this file, which start it in a process of its own"]
fn the_limited_server() {
    let (Ok(contender), Ok(resource)) = (env::var(CONTENDER), env::var(RESOURCE)) else { return };
    let contender = Contender::parse(&contender).unwrap();
    let listener = bind("127.0.0.1:0".parse().unwrap(), &contender.options).unwrap();
    let address = listener.local_addr().unwrap();
    let server = Arc::new(Server::new(contender.options, Wire::JsonLines, Some(100)));
    let (run, shared) = (contender.model.run, Arc::clone(&server));
    thread::spawn(move || run(listener, &shared));
    match &*resource {
        "descriptors" => limit(Resource::Nofile, DESCRIPTORS),
        // Room for a few stacks beyond what the process has reserved so far.
        "threads" => limit(Resource::As, address_space_bytes() + 128 * 1024 * 1024),
        other => panic!("nobody can run out of {other}"),
    }
    println!("address {address}");
    for _ in std::io::stdin().lines() {
        let counters = server.counters();
        println!("report {} {} {}", counters.accepted, counters.accept_errors, counters.spawn_errors);
    }
}

fn limit(resource: Resource, amount: u64) {
    setrlimit(resource, Rlimit { current: Some(amount), maximum: Some(amount) }).unwrap();
}

fn address_space_bytes() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmSize:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() * 1024
}
