//! The far side: a worker that hears on its stdin what to send, sends it, and says on its stdout what came of it. Or it is told
//! to start a server, looks at it while a load runs, and stops it at the cell's end.
//!
//! One thread reads what comes and answers for the clock at once, whatever the rest is doing. It also ends the process where
//! stdin ends: whoever asked is gone, and nobody wants a load that nobody asked for; a server is gone at once then too. Must
//! not know: how it was started, and how a server is started and watched; whoever made the worker does. Beside it: `hand.rs`
//! and `server_host.rs`, the other side.

use std::io::{self, Read, Write};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use instruments::clock::now_ns;
use instruments::load::{LoadError, LoadMoments, Order, Signs};
use instruments::observe::{MachineWatch, ServerCpu, allowed_cpus};
use reports::record::WayTimes;

use super::clocks::ToldClock;
use super::hello::{Hello, PROTOCOL};
use super::lines::{MessageLines, MessageRead, say};
use super::message::{FromWorker, ResultMessage, ToWorker, Trouble};
use super::plan_message::PlanMessage;
use super::serve_message::{ServeOrder, ServedMessage};
use super::way::way_ns;

/// What a worker is, beside what it is told.
pub struct WorkerSetup {
    /// Who it says it is; the reading of its clock is made when it says so.
    pub hello: Hello,
    /// The clock that it tells.
    pub clock: ToldClock,
    /// By how much it begins later than it is told to: nothing but in a test.
    pub late: Duration,
    /// Whether this machine has what so many connections need; else a sentence with the remedy.
    pub preflight: fn(u32) -> Result<(), String>,
    /// Who starts servers here.
    pub starter: Box<dyn ServerStarter>,
    /// What happens where the other side is gone: the end of the process.
    pub at_end: fn(),
}

/// Whoever can start a server here.
pub trait ServerStarter {
    /// Starts one and begins to watch it.
    ///
    /// # Errors
    /// What there is to say of one that does not serve.
    fn start(&mut self, order: &ServeOrder) -> Result<Box<dyn HostedServer>, Box<ServedMessage>>;
}

/// A server that runs. Dropped, it is gone.
pub trait HostedServer {
    /// Where it listens.
    fn address(&self) -> SocketAddr;
    /// Looks at it, again and again, while a load with these moments runs; says whether it has died.
    fn look(&mut self, moments: LoadMoments) -> bool;
    /// Stops it, and says all that is known.
    fn end(self: Box<Self>) -> ServedMessage;
}

/// How often it says that it is still there, in nanoseconds.
const SIGNS_EVERY_NS: u64 = 500_000_000;

/// How often a wait looks whether it is to go on.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// Works until it is told good-bye.
///
/// # Errors
/// Where nobody listens any more, or no thread can be had.
pub fn work_for(
    input: impl Read + Send + 'static,
    output: impl Write + Send + 'static,
    mut setup: WorkerSetup,
) -> io::Result<()> {
    let (tell, told) = channel();
    let told = Mutex::new(told);
    let desk = Arc::new(WorkerShared {
        output: Mutex::new(Box::new(output)),
        stop: AtomicBool::new(false),
        clock: setup.clock,
    });
    desk.say(&FromWorker::Hello(Box::new(Hello { clock_ns: desk.reading(), ..setup.hello })))?;
    let (reading, at_end) = (Arc::clone(&desk), setup.at_end);
    thread::Builder::new().name("worker-reader".into()).spawn(move || {
        reading.read(input, &tell);
        // Nobody is there who could be told anything.
        drop(tell);
        if !reading.stop.swap(true, Ordering::Relaxed) {
            at_end();
        }
    })?;
    loop {
        // The lock is given back with the end of the line: the load hears through it too.
        let message = hear(&told).recv();
        let Ok(message) = message else { return Ok(()) };
        let outcome = match message {
            Ok(ToWorker::Hello(hello)) => check(&hello),
            Ok(ToWorker::Plan(plan)) => desk.carry_out(&plan, &told, setup.preflight, setup.late),
            Ok(ToWorker::Serve(order)) => desk.serve(&order, &told, setup.starter.as_mut()),
            Ok(ToWorker::Bye) => return desk.say(&FromWorker::Bye),
            // What comes before a plan or behind its end is too late.
            Ok(ToWorker::Go { .. } | ToWorker::Window(_) | ToWorker::End | ToWorker::Stop | ToWorker::Ping { .. }) => {
                Ok(())
            }
            Err(reason) => Err(Trouble::own(reason)),
        };
        if let Err(trouble) = outcome {
            desk.say(&FromWorker::Error(trouble))?;
        }
    }
}

fn check(hello: &Hello) -> Result<(), Trouble> {
    let Hello { protocol, version, .. } = hello;
    if *protocol == PROTOCOL {
        return Ok(());
    }
    Err(Trouble::own(format!(
        "it speaks version {PROTOCOL} of the workers' protocol and was greeted in version {protocol} by harness {version}; \
         put the same build on both machines"
    )))
}

/// What both threads use.
struct WorkerShared {
    output: Mutex<Box<dyn Write + Send>>,
    stop: AtomicBool,
    clock: ToldClock,
}

type Told = Result<ToWorker, String>;

/// Only one thread hears at a time: this lock is never waited for.
fn hear(told: &Mutex<Receiver<Told>>) -> MutexGuard<'_, Receiver<Told>> {
    told.lock().unwrap_or_else(PoisonError::into_inner)
}

impl WorkerShared {
    fn say(&self, message: &FromWorker) -> io::Result<()> {
        say(&mut *self.output.lock().unwrap_or_else(PoisonError::into_inner), message)
    }

    fn reading(&self) -> i64 {
        self.clock.told(now_ns())
    }

    /// Reads to the end of what comes, or to a good-bye, after which nobody has to be missed.
    fn read(&self, input: impl Read, tell: &Sender<Told>) {
        let mut lines = MessageLines::new(input);
        loop {
            let message = match lines.next() {
                MessageRead::Line(line, _) => {
                    serde_json::from_str(&line).map_err(|error| format!("what it was told is not a message: {error}"))
                }
                MessageRead::TooLong => {
                    // Who does not listen is not missed.
                    let _ = self.say(&FromWorker::Error(Trouble::own("what it was told is longer than any message")));
                    return;
                }
                MessageRead::Ended => return,
            };
            match message {
                Ok(ToWorker::Ping { number }) => {
                    if self.say(&FromWorker::Pong { number, clock_ns: self.reading() }).is_err() {
                        return;
                    }
                }
                Ok(ToWorker::Stop) => self.stop.store(true, Ordering::Relaxed),
                message => {
                    // What was said before concerns the load before.
                    if matches!(message, Ok(ToWorker::Plan(_))) {
                        self.stop.store(false, Ordering::Relaxed);
                    }
                    let is_last = message == Ok(ToWorker::Bye);
                    if is_last {
                        self.stop.store(true, Ordering::Relaxed);
                    }
                    if tell.send(message).is_err() || is_last {
                        return;
                    }
                }
            }
        }
    }

    fn carry_out(
        &self,
        plan: &PlanMessage,
        told: &Mutex<Receiver<Told>>,
        preflight: fn(u32) -> Result<(), String>,
        late: Duration,
    ) -> Result<(), Trouble> {
        let spec = plan.spec().map_err(Trouble::own)?;
        preflight(spec.peak_connections().div_ceil(plan.part.of)).map_err(Trouble::own)?;
        let way = || if plan.way { way_ns(plan.target) } else { None };
        let before_ns = way();
        let began_ns = AtomicU64::new(0);
        let start = || {
            let told_ns = self.await_go(&hear(told))?;
            let start_ns = self.clock.real(told_ns) + instruments::clock::nanoseconds(late);
            began_ns.store(start_ns.max(now_ns()), Ordering::Relaxed);
            Some(start_ns)
        };
        let signs = Signs::default();
        let order = Order {
            signs: Some(&signs),
            most_requests: plan.requests,
            by_second: plan.by_second,
            part: plan.part,
            start: Some(&start),
            ..Order::new(&spec, plan.target, plan.generator(), &self.stop)
        };
        let machine = MachineWatch::start(allowed_cpus().unwrap_or_default(), Vec::new());
        let mut next_signs_ns = 0;
        let outcome = order.run(|_| {
            if now_ns() >= next_signs_ns {
                next_signs_ns = now_ns() + SIGNS_EVERY_NS;
                let of = |sign: &AtomicBool| sign.load(Ordering::Relaxed);
                let seen = FromWorker::Signs { answered: of(&signs.answered), given_up: of(&signs.given_up) };
                // Where nobody listens, reading ends too, and with it everything.
                let _ = self.say(&seen);
            }
        });
        let machine = machine.stop(ServerCpu::NotWatched);
        let outcome = outcome.map_err(|error| Trouble {
            is_the_servers: matches!(error, LoadError::NotConnected { .. }),
            reason: error.to_string(),
        })?;
        let began_ns = self.clock.told(began_ns.into_inner());
        let way = WayTimes { before_ns, after_ns: way() };
        let result = FromWorker::Result(Box::new(ResultMessage::new(outcome, machine, began_ns, way)));
        self.say(&result).map_err(|error| Trouble::own(format!("its result could not be sent: {error}")))
    }

    /// Starts a server, looks at it until the cell ends, and says what was seen.
    fn serve(
        &self,
        order: &ServeOrder,
        told: &Mutex<Receiver<Told>>,
        starter: &mut dyn ServerStarter,
    ) -> Result<(), Trouble> {
        /// The edges of a window are met as closely as where all is done on one machine.
        const LOOK_EVERY: Duration = Duration::from_millis(5);
        let unsaid = |error| Trouble::own(format!("what it saw of the server could not be sent: {error}"));
        order.check().map_err(Trouble::own)?;
        let mut server = match starter.start(order) {
            Ok(server) => server,
            Err(served) => return self.say(&FromWorker::Served(served)).map_err(unsaid),
        };
        self.say(&FromWorker::Listening { address: server.address() }).map_err(unsaid)?;
        let (mut moments, mut is_said) = (None, false);
        loop {
            match hear(told).recv_timeout(LOOK_EVERY) {
                Ok(Ok(ToWorker::Window(window))) => moments = Some(window.real(&self.clock)),
                Err(RecvTimeoutError::Timeout) => {}
                // Nobody wants to know; dropped, the server is gone.
                Err(RecvTimeoutError::Disconnected) => return Ok(()),
                Ok(_) => break,
            }
            if moments.is_some_and(|moments| server.look(moments)) && !is_said {
                is_said = true;
                self.say(&FromWorker::Died).map_err(unsaid)?;
            }
        }
        self.say(&FromWorker::Served(Box::new(server.end()))).map_err(unsaid)
    }

    /// Says that all connections are open, and waits to be told when to begin, on the clock that it tells; nothing where it is not to.
    fn await_go(&self, told: &Receiver<Told>) -> Option<i64> {
        self.say(&FromWorker::Ready).ok()?;
        loop {
            match told.recv_timeout(LOOK_EVERY) {
                Ok(Ok(ToWorker::Go { start_ns })) => return Some(start_ns),
                Err(RecvTimeoutError::Timeout) if !self.stop.load(Ordering::Relaxed) => {}
                Ok(_) | Err(_) => return None,
            }
        }
    }
}
