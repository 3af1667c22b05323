//! What the generator costs per request, beside the least that any generator can cost.
//!
//! Both drive the same server in closed loop over the same number of connections, in turn; the bare loop waits, reads,
//! looks for the end of a line and writes constant bytes, and does nothing else. The generator besides checks every
//! reply, keeps the ledger and fills eight histograms. Run with `cargo bench -p harness --bench generator`.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use harness::load::{self, Generator};
use harness::observe::{allowed_cpus, restrict_this_thread};
use harness::plan::{ArrivalProcess, LoadSpec, Pacing, Shape, Work, nanoseconds};
use harness::process::{Launch, launch_program};
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike;
use rustix::buffer::spare_capacity;
use rustix::event::epoll::{self, EventData, EventFlags};
use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, sockopt};

const ROUNDS: usize = 5;
const WINDOW: Duration = Duration::from_secs(2);
const REQUEST: &[u8] =
    b"{\"RequestWork\":{\"request_message\":\"echo\",\"parameter\":\"hi\",\"sender_timestamp\":\"00000000000000000001\"}}\n";

/// CPU microseconds per request.
#[derive(Debug, Clone, Copy)]
struct Cost {
    user: f64,
    all: f64,
}

fn main() {
    let cpus = allowed_cpus().expect("the kernel tells which CPUs there are");
    let (server_cpus, own_cpus) = cpus.split_at(cpus.len() / 2);
    restrict_this_thread(own_cpus).expect("these CPUs are allowed");
    for connections in [64, 1_000, 10_000] {
        let launched = Launch {
            contender: "async-single",
            cpus: server_cpus,
            readiness_deadline: Duration::from_secs(5),
            spin_rate: Some(1),
        };
        let server = launch_program(Path::new(env!("CARGO_BIN_EXE_harness")), &launched).expect("the server starts");
        let (mut bare, mut ours) = (Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            bare.push(bare_loop(server.address(), connections));
            ours.push(generator(server.address(), connections));
        }
        drop(server.stop());
        println!("{connections} connections, {ROUNDS} rounds in turn, CPU us per request (median, least to most):");
        println!("  bare loop  {}", shown(&bare));
        println!("  generator  {}", shown(&ours));
        println!("  ratio of medians: user {:.2}, all {:.2}", ratio(&ours, &bare, user), ratio(&ours, &bare, all));
    }
}

fn user(cost: &Cost) -> f64 {
    cost.user
}

fn all(cost: &Cost) -> f64 {
    cost.all
}

fn shown(costs: &[Cost]) -> String {
    let range = |of: fn(&Cost) -> f64| {
        let sorted = sorted(costs, of);
        format!("{:.2} ({:.2} to {:.2})", sorted[ROUNDS / 2], sorted[0], sorted[ROUNDS - 1])
    };
    format!("user {}, all {}", range(user), range(all))
}

fn ratio(a: &[Cost], b: &[Cost], of: fn(&Cost) -> f64) -> f64 {
    sorted(a, of)[ROUNDS / 2] / sorted(b, of)[ROUNDS / 2]
}

fn sorted(costs: &[Cost], of: fn(&Cost) -> f64) -> Vec<f64> {
    let mut values: Vec<f64> = costs.iter().map(of).collect();
    values.sort_by(f64::total_cmp);
    values
}

fn generator(target: SocketAddr, connections: u32) -> Cost {
    let spec = LoadSpec {
        arrivals: ArrivalProcess::Closed,
        shape: Shape::Connections { connections },
        work: Work::new("echo", "hi"),
        seed: 1,
        warm_up: Duration::from_millis(200),
        window: WINDOW,
        timeout: Duration::from_secs(5),
    };
    let generator = Generator { threads: 1, pacing: Pacing::Sleeping };
    let outcome = load::run(&spec, target, generator, &AtomicBool::new(false), |_| {}).expect("the load runs");
    let usage = outcome.generator;
    let requests = outcome.traffic.ok_within_window as f64;
    let user = usage.user_cpu_ns as f64 / 1e3 / requests;
    Cost { user, all: user + usage.system_cpu_ns as f64 / 1e3 / requests }
}

/// On a thread of its own, as the generator is, so that both are measured alike.
fn bare_loop(target: SocketAddr, connections: u32) -> Cost {
    std::thread::spawn(move || bare(target, connections)).join().expect("the bare loop ends")
}

fn bare(target: SocketAddr, connections: u32) -> Cost {
    let poll = epoll::create(epoll::CreateFlags::CLOEXEC).expect("an epoll instance can be had");
    let mut sockets = Vec::new();
    for index in 0..connections {
        let socket = rustix::net::socket_with(AddressFamily::INET, SocketType::STREAM, SocketFlags::CLOEXEC, None)
            .expect("a socket can be had");
        sockopt::set_tcp_nodelay(&socket, true).expect("TCP has the option");
        rustix::net::connect(&socket, &target).expect("the server listens");
        epoll::add(&poll, &socket, EventData::new_u64(index.into()), EventFlags::IN | EventFlags::ET).expect("is open");
        rustix::net::send(&socket, REQUEST, SendFlags::NOSIGNAL).expect("the server is there");
        sockets.push(socket);
    }
    let mut buffer = vec![0; 64 * 1024];
    let mut events: Vec<epoll::Event> = Vec::with_capacity(64);
    let (mut before, mut requests) = (None, 0u64);
    let begun = Instant::now();
    loop {
        let elapsed = begun.elapsed();
        if before.is_none() && elapsed > Duration::from_millis(200) {
            before = Some(thread_cpu());
            requests = 0;
        }
        if elapsed > Duration::from_millis(200) + WINDOW {
            break;
        }
        events.clear();
        epoll::wait(&poll, spare_capacity(&mut events), None).expect("the wait is not interrupted");
        for event in &events {
            let socket = &sockets[event.data.u64() as usize];
            let (count, _) = rustix::net::recv(socket, &mut buffer[..], RecvFlags::empty()).expect("it is readable");
            if buffer[..count].ends_with(b"\n") {
                requests += 1;
                rustix::net::send(socket, REQUEST, SendFlags::NOSIGNAL).expect("the server is there");
            }
        }
    }
    let (before, after) = (before.expect("the warm-up has passed"), thread_cpu());
    let per_request = |time: Duration| nanoseconds(time) as f64 / 1e3 / requests as f64;
    let user = per_request(after.0 - before.0);
    Cost { user, all: user + per_request(after.1 - before.1) }
}

fn thread_cpu() -> (Duration, Duration) {
    let usage = getrusage(UsageWho::RUSAGE_THREAD).expect("a thread may ask for its own usage");
    let micros = |value: i64| Duration::from_micros(value.unsigned_abs());
    (micros(usage.user_time().num_microseconds()), micros(usage.system_time().num_microseconds()))
}
