//! Servers are asked about their inside while they serve, hang and end.

use std::io::{BufRead, BufReader};
use std::net::TcpStream;
use std::process::Stdio;
use std::sync::mpsc::channel;
use std::thread;
use std::time::{Duration, Instant};

use harness::process::{Channel, ServerProcess};
use instruments::clock::now_ns;
use instruments::observe::{Observed, Observer};
use reports::record::{InsideAnswer, InsideRecord};
use servers::MODELS;

use crate::common::clients::{ask_for, asked, connected};
use crate::common::home::harness;
use crate::common::started::Killed;
use crate::common::{LONGEST_WAIT, within};
use crate::supervision::launch;
use crate::supervision::observation::watch_of;

/// A connection on which so many requests were answered one after the other.
fn client(server: &ServerProcess, requests: usize) -> TcpStream {
    let mut stream = connected(server.address());
    for _ in 0..requests {
        let reply = asked(&mut stream, "echo", "hi");
        assert!(reply.contains("WorkDone"), "{reply}");
    }
    stream
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
    let mut channel = server.channel().unwrap();
    Observer::start_asking(watch_of(server.pid(), Duration::from_millis(10)), Box::new(move || channel.ask()))
}

/// What an observer sees while something goes on, as soon as that shows: a machine that others use may hide it once, and
/// not again and again.
fn observed(server: &ServerProcess, goes_on: impl Fn(), shows: impl Fn(&Observed) -> bool) -> Observed {
    let mut seen = None;
    let is_seen = within(LONGEST_WAIT, || {
        let begun = Instant::now();
        let observer = watch(server);
        goes_on();
        let observed = seen.insert(observer.stop());
        let last_ns = observed.inside.iter().flat_map(|inside| &inside.answers).map(|answer| answer.at_ns).max();
        assert!(u128::from(last_ns.unwrap_or(0)) <= begun.elapsed().as_nanos(), "an answer of the future: {last_ns:?}");
        shows(observed)
    });
    assert!(is_seen, "{seen:?}");
    seen.unwrap()
}

fn wait_ms(ms: u64) {
    thread::sleep(Duration::from_millis(ms));
}

fn inside(observed: &Observed) -> &InsideRecord {
    observed.inside.as_ref().unwrap()
}

#[test]
fn an_observer_sees_the_inside_over_time() {
    let server = launch("threaded").unwrap();
    let _clients: Vec<TcpStream> = (0..4).map(|_| client(&server, 1)).collect();
    let several = |observed: &Observed| inside(observed).answers.len() >= 2 && inside(observed).threads.len() >= 2;
    let observed = observed(&server, || wait_ms(900), several);
    let InsideRecord { answers, unanswered, threads } = inside(&observed);
    assert!(answers.is_sorted_by(|a, b| a.at_ns < b.at_ns), "{answers:?}, {unanswered}");
    assert!(answers.iter().all(|answer| answer.open_connections == 4 && answer.requests_ended == 4));
    // The main thread, the one that answers, and one for each connection.
    assert!(threads.iter().all(|times| times.threads == 6), "{threads:?}");
    assert!(threads.is_sorted_by(|a, b| a.ran_ns <= b.ran_ns && a.times_run <= b.times_run));
    assert!(observed.noise.channel_cpu_share.is_some_and(|share| share > 0.0 && share < 1.0));
    assert!(server.stop().counters.is_some());
}

#[test]
fn a_server_that_is_stopped_holds_nobody_up() {
    let server = launch("async-multi").unwrap();
    let hangs_meanwhile = || {
        wait_ms(350);
        server.pause().unwrap();
        wait_ms(700);
        server.resume();
        wait_ms(450);
    };
    // Samples went on all the while, and so did the answers afterwards.
    let gap = |at: Vec<u64>| at.windows(2).map(|pair| pair[1] - pair[0]).max().unwrap_or(0);
    observed(&server, hangs_meanwhile, |observed| {
        let answers_gap = gap(inside(observed).answers.iter().map(|answer| answer.at_ns).collect());
        let samples_gap = gap(observed.samples.iter().map(|sample| sample.at_ns).collect());
        inside(observed).unanswered >= 2 && answers_gap > 500_000_000 && samples_gap < answers_gap
    });
    // It is stopped for as long as the end of an observer may take: one that waited for an answer would not get it.
    let observer = watch(&server);
    server.pause().unwrap();
    wait_ms(50);
    let (tell, told) = channel();
    thread::spawn(move || tell.send(observer.stop()).is_ok());
    let has_ended = told.recv_timeout(LONGEST_WAIT).is_ok();
    server.resume();
    assert!(has_ended, "the observer waits for a server that is stopped");
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
    let mut command = harness(&["serve", "async-single", "--spin-rate", "1", "--inside"]);
    let mut server = Killed(command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap());
    // The first look may come before the runtime is there.
    let lines = BufReader::new(server.0.stderr.take().unwrap()).lines();
    let told: Vec<String> = lines.take(2).map(Result::unwrap).collect();
    let expected = "0 connections open, 0 waiting; 0 requests ended, 0 under way; 0 tasks";
    assert!(told[1].starts_with(expected), "{told:?}");
}
