//! The machine that has the servers of a run, as whoever started the run sees it.
//!
//! Its worker is started once and serves cell after cell; one that is lost is started anew for the next cell. Beside it:
//! `hand.rs`, the conversation; `worker.rs`, the other side.

use std::net::SocketAddr;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use instruments::load::LoadMoments;

use super::clocks::ClockOffset;
use super::fleet::MachinesError;
use super::hand::{Hand, SILENCE, WorkerCommand};
use super::hello::Hello;
use super::message::{FromWorker, ToWorker, Trouble};
use super::problem::WorkerProblem;
use super::serve_message::{ServeOrder, ServedMessage, Window};

/// The worker of that machine.
pub struct ServerHost {
    command: WorkerCommand,
    own: Hello,
    hand: Hand,
    hello: Hello,
    /// What it is doing is not known: it is started anew before it is asked for anything.
    is_spent: bool,
}

/// A server over there that listens.
pub struct FarServer<'h> {
    host: &'h mut ServerHost,
    address: SocketAddr,
    clock: ClockOffset,
    is_told: bool,
    has_died: bool,
    /// What it said out of turn: it is lost, or its end came early.
    early: Option<Result<Box<ServedMessage>, WorkerProblem>>,
}

/// From the order to listening: longer than a server may take.
const STARTING: Duration = Duration::from_secs(15);

impl ServerHost {
    /// Starts it and hears who it is. `own` is what this side says of itself.
    ///
    /// # Errors
    /// Where it can't be started, or says something else.
    pub fn start(command: WorkerCommand, own: Hello, stop: &AtomicBool) -> Result<ServerHost, MachinesError> {
        let greeted = Hand::start(&command, &own).and_then(|mut hand| Ok((hand.hello(stop)?, hand)));
        match greeted {
            Ok((hello, hand)) => Ok(ServerHost { command, own, hand, hello, is_spent: false }),
            Err(problem) => Err(MachinesError::of_host(&command, &problem)),
        }
    }

    /// What it says of itself.
    pub fn hello(&self) -> &Hello {
        &self.hello
    }

    /// What was typed to start it.
    pub fn command(&self) -> &str {
        &self.command.text
    }

    /// Has a server started. One that does not serve is what comes back in place of it.
    ///
    /// # Errors
    /// Where its machine is of no use.
    pub fn serve(
        &mut self,
        order: &ServeOrder,
        stop: &AtomicBool,
    ) -> Result<Result<FarServer<'_>, Box<ServedMessage>>, MachinesError> {
        if self.is_spent || self.hand.has_ended() {
            let greeted = self.hand.anew(&self.command, &self.own).and_then(|hand| {
                self.hand = hand;
                self.hand.hello(stop)
            });
            self.hello = greeted.map_err(|problem| MachinesError::of_host(&self.command, &problem))?;
        }
        self.is_spent = true;
        match self.begin(order, stop) {
            Ok(Ok((address, clock))) => {
                Ok(Ok(FarServer { host: self, address, clock, is_told: false, has_died: false, early: None }))
            }
            Ok(Err(served)) => {
                self.is_spent = false;
                Ok(Err(served))
            }
            Err(problem) => Err(MachinesError::of_host(&self.command, &problem)),
        }
    }

    fn begin(
        &mut self,
        order: &ServeOrder,
        stop: &AtomicBool,
    ) -> Result<Result<(SocketAddr, ClockOffset), Box<ServedMessage>>, WorkerProblem> {
        self.hand.say(&ToWorker::Serve(Box::new(order.clone())))?;
        match self.hand.hear(STARTING, stop)?.0 {
            FromWorker::Listening { address } => {
                let address = order.target(address).map_err(untrue)?;
                Ok(Ok((address, self.hand.clock(stop)?)))
            }
            FromWorker::Served(served) => Ok(Err(checked(served)?)),
            other => Err(self.hand.out_of_turn(&other)),
        }
    }

    /// Says good-bye to it.
    pub fn dismiss(self) {
        self.hand.dismiss();
    }
}

impl FarServer<'_> {
    /// Where it listens, as its own machine says it.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Tells it once of the load's moments, which are on this machine's clock, and says whether it is no more: to be called
    /// again and again.
    pub fn attend(&mut self, moments: LoadMoments) -> bool {
        if !self.is_told {
            self.is_told = true;
            let LoadMoments { origin_ns, window_start_ns, window_end_ns } = moments;
            let [origin_ns, start_ns, end_ns] =
                [origin_ns, window_start_ns, window_end_ns].map(|ns| self.clock.there(ns));
            if let Err(problem) = self.host.hand.say(&ToWorker::Window(Window { origin_ns, start_ns, end_ns })) {
                self.early = Some(Err(problem));
            }
        }
        while let (None, Some(heard)) = (&self.early, self.host.hand.has_heard()) {
            match heard {
                Ok(FromWorker::Died) => self.has_died = true,
                Ok(FromWorker::Served(served)) => self.early = Some(Ok(served)),
                Ok(other) => self.early = Some(Err(self.host.hand.out_of_turn(&other))),
                Err(problem) => self.early = Some(Err(problem)),
            }
        }
        self.has_died || self.early.is_some()
    }

    /// Has it stopped.
    ///
    /// # Errors
    /// Where its machine was lost, and with it all that it saw.
    pub fn end(mut self) -> Result<Box<ServedMessage>, MachinesError> {
        let ended = match self.early.take() {
            Some(early) => early,
            None => self.hear_the_end(),
        };
        let ended = ended.and_then(checked);
        self.host.is_spent = ended.is_err();
        ended.map_err(|problem| MachinesError::of_host(&self.host.command, &problem))
    }

    fn hear_the_end(&mut self) -> Result<Box<ServedMessage>, WorkerProblem> {
        let never = AtomicBool::new(false);
        let hand = &mut self.host.hand;
        hand.say(&ToWorker::End)?;
        loop {
            match hand.hear(SILENCE, &never)?.0 {
                FromWorker::Served(served) => return Ok(served),
                FromWorker::Died => {}
                other => return Err(hand.out_of_turn(&other)),
            }
        }
    }
}

fn checked(served: Box<ServedMessage>) -> Result<Box<ServedMessage>, WorkerProblem> {
    match served.check() {
        Ok(()) => Ok(served),
        Err(why) => Err(untrue(format!("what it says of the server is refused: {why}"))),
    }
}

fn untrue(reason: String) -> WorkerProblem {
    WorkerProblem::Trouble(Trouble::own(reason))
}
