//! A server of a given contender, on a port of its own, for as long as a test needs it.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use servers::protocol::Wire;
use servers::{Contender, MODELS, Server, StopHandle, bind};
use socket2::SockRef;

use crate::backend;
use crate::client::{self, Client};

/// Far more than anything here takes, even on a busy machine.
pub(crate) const DEADLINE: Duration = Duration::from_secs(20);

/// What a connection's kernel may hold of a reply, where a test wants that to be little.
pub(crate) const SMALL_BUFFER_BYTES: usize = 4096;

pub(crate) struct RunningServer {
    pub(crate) contender: Contender,
    pub(crate) wire: Wire,
    pub(crate) address: SocketAddr,
    pub(crate) server: Arc<Server>,
    stop: StopHandle,
    ended: mpsc::Receiver<io::Result<()>>,
}

impl RunningServer {
    pub(crate) fn start(contender: &str, wire: Wire) -> RunningServer {
        RunningServer::start_after(contender, wire, backend::address(), |_, _| {})
    }

    /// A server that calls the backend at this address.
    pub(crate) fn start_calling(contender: &str, wire: Wire, backend: SocketAddr) -> RunningServer {
        RunningServer::start_after(contender, wire, backend, |_, _| {})
    }

    /// A server that was stopped before its model ran.
    pub(crate) fn start_stopped(contender: &str) -> RunningServer {
        RunningServer::start_after(contender, Wire::JsonLines, backend::nobody(), |_, stop| stop.stop())
    }

    /// A server whose kernel takes little of a reply that its client does not read.
    pub(crate) fn start_with_small_buffers(contender: &str, wire: Wire) -> RunningServer {
        RunningServer::start_after(contender, wire, backend::nobody(), |listener, _| {
            SockRef::from(listener).set_send_buffer_size(SMALL_BUFFER_BYTES).unwrap();
        })
    }

    fn start_after(
        contender: &str,
        wire: Wire,
        backend: SocketAddr,
        before: fn(&TcpListener, &StopHandle),
    ) -> RunningServer {
        let contender = Contender::parse(contender).unwrap();
        let listener = bind((Ipv4Addr::LOCALHOST, 0).into(), &contender.options).unwrap();
        let address = listener.local_addr().unwrap();
        // Nothing here depends on how fast the machine computes.
        let server = Arc::new(Server::new(contender.options.clone(), wire, Some(100)).calling(backend));
        let stop = server.stop_handle();
        before(&listener, &stop);
        let (end, ended) = mpsc::channel();
        let (run, shared) = (contender.model.run, Arc::clone(&server));
        thread::spawn(move || end.send(run(listener, &shared)));
        RunningServer { contender, wire, address, server, stop, ended }
    }

    /// Tells the server to stop, and sees whether its model returns within this time.
    pub(crate) fn ends_within(&self, time: Duration) -> bool {
        self.stop.stop();
        self.ended.recv_timeout(time).is_ok()
    }

    /// Stops the server and waits for its model to return.
    pub(crate) fn stop(self) -> io::Result<()> {
        self.stop.stop();
        self.ended.recv_timeout(DEADLINE).expect("run() returns when the server is stopped")
    }

    /// A client that speaks what the server speaks.
    pub(crate) fn connect(&self) -> Client {
        Client::connect(self.address, self.wire)
    }

    pub(crate) fn request(&self, work: &str, parameter: &str, sent: &str) -> Vec<u8> {
        client::request(self.wire, work, parameter, sent)
    }

    /// How many connections it can serve at a time, where that is fewer than `wanted`.
    pub(crate) fn holds(&self, wanted: usize) -> usize {
        let limit = self.contender.model.concurrency.limit(&self.contender.options);
        limit.map_or(wanted, |limit| limit.min(wanted))
    }
}

/// Every model, over each wire that it speaks.
pub(crate) fn every_model_and_wire() -> impl Iterator<Item = (&'static str, Wire)> {
    let spoken = |wire: &Wire, is_http_only: bool| !is_http_only || *wire == Wire::Http;
    MODELS.iter().flat_map(move |model| {
        Wire::ALL.into_iter().filter(move |wire| spoken(wire, model.is_http_only)).map(|wire| (model.name, wire))
    })
}

/// Runs a test against all models side by side; over one wire, then over the other.
pub(crate) fn with_every_model(test: fn(&RunningServer)) {
    let contenders = MODELS.iter().map(|model| model.name).chain([
        "threaded:stack=64KiB",
        "threaded:accept=reuseport",
        "async-multi:accept=reuseport,workers=2",
    ]);
    Wire::ALL.into_iter().for_each(|wire| with_contenders(contenders.clone(), wire, test));
}

/// As [`with_every_model`], but without those whose connections are a library's: how it reads and refuses is its own.
pub(crate) fn with_every_model_of_our_loop(test: fn(&RunningServer)) {
    let contenders = MODELS.iter().filter(|model| !model.is_http_only).map(|model| model.name);
    Wire::ALL.into_iter().for_each(|wire| with_contenders(contenders.clone(), wire, test));
}

/// Runs a test side by side against every model that has all of `options`, with these.
pub(crate) fn with_every_model_that_takes(options: &str, test: fn(&RunningServer)) {
    let contenders = MODELS.iter().map(|model| format!("{}:{options}", model.name));
    with_contenders(contenders.filter(|contender| Contender::parse(contender).is_ok()), Wire::JsonLines, test);
}

/// Runs a test against some contenders side by side, each on a thread named after it, over this wire or the only one that
/// a contender speaks.
pub(crate) fn with_contenders<T>(contenders: impl IntoIterator<Item = T>, wire: Wire, test: fn(&RunningServer))
where
    T: Into<String>,
{
    let running: Vec<_> = contenders
        .into_iter()
        .map(|contender| {
            let contender: String = contender.into();
            let wire = if Contender::parse(&contender).unwrap().model.is_http_only { Wire::Http } else { wire };
            let name = contender.clone();
            let test = move || {
                let running = RunningServer::start(&contender, wire);
                test(&running);
                running.stop().expect("the model ended without an error");
            };
            thread::Builder::new().name(name).spawn(test).unwrap()
        })
        .collect();
    assert!(!running.is_empty(), "there is nothing to test");
    for thread in running {
        let contender = thread.thread().name().unwrap().to_owned();
        assert!(thread.join().is_ok(), "{contender} failed over {wire}");
    }
}

pub(crate) fn wait_until(what: &str, mut condition: impl FnMut() -> bool) {
    let begin = Instant::now();
    while !condition() {
        assert!(begin.elapsed() < DEADLINE, "waited in vain until {what}");
        thread::sleep(Duration::from_millis(2));
    }
}
