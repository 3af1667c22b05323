//! Servers are asked about their inside while they serve, hang and end.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use harness::clock::now_ns;
use harness::observe::{Extent, Observer, Watch};
use harness::process::{Channel, ServerProcess};
use reports::record::{InsideAnswer, InsideRecord};
use servers::MODELS;

use crate::common::within;
use crate::supervision::{launch, program};

const LONGEST_WAIT: Duration = Duration::from_secs(10);

/// A connection on which so many requests were answered one after the other.
fn client(server: &ServerProcess, requests: usize) -> TcpStream {
    let mut stream = TcpStream::connect(server.address()).unwrap();
    stream.set_read_timeout(Some(LONGEST_WAIT)).unwrap();
    for _ in 0..requests {
        ask_for(&mut stream, "echo", "hi");
        let mut reply = String::new();
        BufReader::new(&stream).read_line(&mut reply).unwrap();
        assert!(reply.contains("WorkDone"), "{reply}");
    }
    stream
}

fn ask_for(stream: &mut TcpStream, work: &str, parameter: &str) {
    let fields = format!("\"request_message\":\"{work}\",\"parameter\":\"{parameter}\",\"sender_timestamp\":\"1\"");
    stream.write_all(format!("{{\"RequestWork\":{{{fields}}}}}\n").as_bytes()).unwrap();
}

/// Asks until an answer is as expected.
fn answer(channel: &mut Channel, expected: impl Fn(&InsideAnswer) -> bool) -> InsideAnswer {
    let mut seen = None;
    assert!(within(LONGEST_WAIT, || {
        seen = channel.ask().or(seen.take());
        seen.as_ref().is_some_and(&expected)
    }));
    seen.unwrap()
}

#[test]
fn every_model_tells_what_is_open_and_done_and_says_farewell_after_it() {
    for model in MODELS {
        let server = launch(model.name).unwrap();
        let mut channel = server.channel().unwrap();
        let first = client(&server, 3);
        let seen = answer(&mut channel, |seen| seen.requests_ended == 3);
        assert_eq!((seen.open_connections, seen.requests_begun, seen.accept_errors), (1, 3, 0), "{}", model.name);
        assert_eq!(seen.waiting_connections, 0, "{}", model.name);
        let tasks = seen.runtime.map(|runtime| runtime.alive_tasks);
        assert_eq!(tasks, model.name.starts_with("async").then_some(1), "{}", model.name);
        assert!(seen.at_ns <= now_ns() && seen.own_cpu_ns > 0);
        drop(first);
        answer(&mut channel, |seen| seen.open_connections == 0);
        // A question may be under way; its answer must not be taken for the last line.
        drop(channel);
        let counters = server.stop().counters.expect("a farewell");
        assert_eq!((counters.accepted, counters.requests_served), (1, 3), "{}", model.name);
    }
}

#[test]
fn a_server_whose_only_thread_blocks_answers_and_tells_so() {
    for contender in ["sequential", "async-single"] {
        let server = launch(contender).unwrap();
        let mut channel = server.channel().unwrap();
        let mut stream = client(&server, 1);
        ask_for(&mut stream, "block", "600ms");
        let begun = Instant::now();
        let seen = answer(&mut channel, |seen| {
            let workers = seen.runtime.iter().flat_map(|runtime| &runtime.workers);
            let still_ns = workers.map(|worker| worker.still_ns).max();
            seen.requests_begun == 2 && still_ns.is_none_or(|still_ns| still_ns > 50_000_000)
        });
        assert_eq!(seen.requests_ended, 1, "{contender} answered only after {:?}", begun.elapsed());
    }
}

fn watch(server: &ServerProcess) -> Observer {
    let watch = Watch {
        pid: server.pid(),
        extent: Extent::Alone,
        origin_ns: now_ns(),
        interval: Duration::from_millis(10),
        kernel_stack_bytes_per_thread: 16 * 1024,
        cpus: Vec::new(),
        beside: Vec::new(),
        watched_cpus: Vec::new(),
    };
    let mut channel = server.channel().unwrap();
    Observer::start_asking(watch, Box::new(move || channel.ask()))
}

#[test]
fn an_observer_sees_the_inside_over_time() {
    let server = launch("threaded").unwrap();
    let _clients: Vec<TcpStream> = (0..4).map(|_| client(&server, 1)).collect();
    let observer = watch(&server);
    let begun = Instant::now();
    within(Duration::from_millis(900), || false);
    let observed = observer.stop();
    let InsideRecord { answers, unanswered, threads } = observed.inside.unwrap();
    assert!(answers.len() >= 2 && answers.is_sorted_by(|a, b| a.at_ns < b.at_ns), "{answers:?}, {unanswered}");
    assert!(answers.iter().all(|answer| answer.open_connections == 4 && answer.requests_ended == 4));
    assert!(u128::from(answers.last().unwrap().at_ns) <= begun.elapsed().as_nanos());
    // The main thread, the one that answers, and one for each connection.
    assert!(threads.len() >= 2 && threads.iter().all(|times| times.threads == 6), "{threads:?}");
    assert!(threads.is_sorted_by(|a, b| a.ran_ns <= b.ran_ns && a.times_run <= b.times_run));
    assert!(observed.noise.channel_cpu_share.is_some_and(|share| share > 0.0 && share < 1.0));
    assert!(server.stop().counters.is_some());
}

#[test]
fn a_server_that_is_stopped_holds_nobody_up() {
    let server = launch("async-multi").unwrap();
    let observer = watch(&server);
    within(Duration::from_millis(350), || false);
    server.pause();
    within(Duration::from_millis(700), || false);
    server.resume();
    within(Duration::from_millis(450), || false);
    let begun = Instant::now();
    let observed = observer.stop();
    assert!(begun.elapsed() < Duration::from_secs(2));
    let inside = observed.inside.unwrap();
    assert!(inside.unanswered >= 2, "{inside:?}");
    // Samples went on all the while, and so did the answers afterwards.
    let gap = |at: Vec<u64>| at.windows(2).map(|pair| pair[1] - pair[0]).max().unwrap_or(0);
    let (answers, samples) = (inside.answers.iter(), observed.samples.iter());
    let answers_gap = gap(answers.map(|answer| answer.at_ns).collect());
    let samples_gap = gap(samples.map(|sample| sample.at_ns).collect());
    assert!(answers_gap > 500_000_000 && samples_gap < answers_gap, "{answers_gap} {samples_gap}");
    assert!(server.stop().counters.is_some());
}

#[test]
fn a_server_that_dies_is_no_longer_asked() {
    let server = launch("threaded").unwrap();
    let mut channel = server.channel().unwrap();
    answer(&mut channel, |seen| seen.open_connections == 0);
    drop(server);
    assert!(within(LONGEST_WAIT, || channel.ask().is_none() && channel.ask().is_none()));
}

#[test]
fn a_person_is_told_on_stderr() {
    let mut child = Command::new(program())
        .args(["serve", "async-single", "--spin-rate", "1", "--inside"])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // The first look may come before the runtime is there.
    let told: Vec<String> = BufReader::new(child.stderr.take().unwrap()).lines().take(2).map(Result::unwrap).collect();
    child.kill().unwrap();
    child.wait().unwrap();
    let expected = "0 connections open, 0 waiting; 0 requests ended, 0 under way; 0 tasks";
    assert!(told[1].starts_with(expected), "{told:?}");
}
