//! One model of a session: its server, the load and the flood on it, and what it is seen to use.
//!
//! Beside it: `engine.rs`, which has several of them.

use std::net::SocketAddr;
use std::time::Duration;

use instruments::load::{LoadError, LoadOutcome, LoadSpec, TapReading};
use reports::record::Sample;

use super::driver::{Driver, Flood, flood};
use super::frame::{ModelFrame, ServerState};
use super::usage::{ProcessUsage, Used};
use crate::process::{ProcessError, ServerProcess, Stopped};

/// A lag beyond which response times are partly the generator's own.
const LATE_NS: u64 = 1_000_000;

/// A model.
pub(super) struct WatchedModel {
    contender: String,
    state: ServerState,
    server: Option<Serving>,
}

/// A server that runs, and all that is done to it.
struct Serving {
    process: ServerProcess,
    usage: Option<ProcessUsage>,
    driver: Option<Driver>,
    flood: Option<Flood>,
    /// Why no load is on it, though one is asked for.
    trouble: Option<String>,
    /// Why it has more of the CPUs, or less, than its neighbours: where it has not the same share as each of them.
    unequal: Option<String>,
    samples: Vec<Sample>,
}

/// What came of a load that ended.
pub(super) struct Ended {
    pub(super) contender: String,
    pub(super) outcome: Result<LoadOutcome, LoadError>,
    /// The server since the load began, on the monotonic clock.
    pub(super) samples: Vec<Sample>,
}

impl WatchedModel {
    /// Watches a server that was started, and gives it as much of the CPUs as each of its neighbours has. One that did not
    /// start is a result.
    pub(super) fn start(
        contender: &str,
        launched: Result<ServerProcess, ProcessError>,
        kernel_stack_bytes_per_thread: u64,
    ) -> WatchedModel {
        let contender = contender.to_owned();
        match launched {
            Ok(mut process) => {
                let refused = process.share_cpus_equally().err();
                let unequal = refused.map(|error| format!("the more threads, the more of the CPUs it gets: {error}"));
                // One that is gone already is found dead at the first look.
                let usage = ProcessUsage::open(process.pid(), process.extent(), kernel_stack_bytes_per_thread).ok();
                let server =
                    Serving { process, usage, driver: None, flood: None, trouble: None, unequal, samples: Vec::new() };
                WatchedModel { contender, state: ServerState::Running, server: Some(server) }
            }
            Err(error) => WatchedModel {
                contender,
                state: ServerState::FailedToStart { why: error.failure.to_string() },
                server: None,
            },
        }
    }

    /// Puts a load on its server, where there is one.
    pub(super) fn begin_load(&mut self, spec: Option<LoadSpec>) {
        let Some(server) = &mut self.server else { return };
        server.samples.clear();
        server.trouble = None;
        let Some(spec) = spec else { return };
        match Driver::start(spec, server.address()) {
            Ok(driver) => server.driver = Some(driver),
            Err(error) => server.trouble = Some(format!("no thread for its load: {error}")),
        }
    }

    /// The first half of ending a load or a flood, so that those of all models end together.
    pub(super) fn tell_load_to_stop(&self) {
        self.server.iter().filter_map(|server| server.driver.as_ref()).for_each(Driver::tell_to_stop);
    }

    /// Ends its load, if there is one.
    pub(super) fn end_load(&mut self) -> Option<Ended> {
        let server = self.server.as_mut()?;
        let outcome = server.driver.take()?.end();
        Some(Ended { contender: self.contender.clone(), outcome, samples: std::mem::take(&mut server.samples) })
    }

    pub(super) fn tell_flood_to_stop(&self) {
        self.server.iter().filter_map(|server| server.flood.as_ref()).for_each(Flood::tell_to_stop);
    }

    /// Puts a flood of so many connections on its server in the place of the one there is; none for 0.
    pub(super) fn flood(&mut self, connections: u64, lasting: Duration) {
        let Some(server) = &mut self.server else { return };
        server.flood = None;
        if connections > 0 {
            match flood(connections, server.address(), lasting) {
                Ok(flood) => server.flood = Some(flood),
                Err(error) => server.trouble = Some(format!("no thread for the flood: {error}")),
            }
        }
    }

    /// Whether its server has died since. Then what was done to it has been ended: half a load is no result.
    pub(super) fn notice_death(&mut self, at_ms: u64) -> bool {
        let Some(death) = self.server.as_mut().and_then(|server| server.process.poll_death()) else { return false };
        let stopped = self.server.take().map(Serving::stop);
        // What was known at the end has the reason too.
        let how = stopped.and_then(|stopped| stopped.death).map_or(death.how, |death| death.how);
        self.state = ServerState::Died { how, at_ms };
        true
    }

    /// What it did and used since the frame before.
    pub(super) fn frame(&mut self) -> ModelFrame {
        let (look, used, doubt) = match &mut self.server {
            Some(server) => server.look(),
            None => (None, None, None),
        };
        let quantile = |quantile: f64| {
            let times = &look.as_ref()?.response_time;
            (!times.is_empty()).then(|| times.value_at_quantile(quantile))
        };
        let (memory, threads) = (used.as_ref().map(|used| used.memory), used.as_ref().map(|used| used.threads));
        let Used { cpu_share, switches_per_s, busy_threads, .. } = used.unwrap_or_default();
        ModelFrame {
            contender: self.contender.clone(),
            pid: self.server.as_ref().map(|server| server.process.pid()),
            state: self.state.clone(),
            requests_per_s: look.as_ref().map_or(0.0, |look| look.ok_per_s),
            failed_per_s: look.as_ref().map_or(0.0, |look| look.failed_per_s),
            replies: look.as_ref().map(|look| look.ok),
            failures: look.as_ref().map(|look| look.failed),
            response_time_p50_ns: quantile(0.5),
            response_time_p99_ns: quantile(0.99),
            response_time_max_ns: quantile(1.0),
            response_times: look.map(|look| look.response_time),
            memory,
            threads,
            switches_per_s,
            cpu_share,
            busy_threads,
            doubt,
        }
    }

    /// Stops its server, after [`WatchedModel::tell_load_to_stop`] and [`WatchedModel::tell_flood_to_stop`].
    pub(super) fn stop(self) {
        self.server.map(Serving::stop);
    }
}

impl Serving {
    fn address(&self) -> SocketAddr {
        self.process.address()
    }

    /// Ends what is done to it, then itself.
    fn stop(self) -> Stopped {
        let Serving { process, driver, flood, .. } = self;
        drop((driver, flood));
        process.stop()
    }

    fn look(&mut self) -> (Option<TapReading>, Option<Used>, Option<String>) {
        let look = self.driver.as_ref().and_then(Driver::look);
        // One that has just ended is noticed as dead at the next look.
        let used = self.usage.as_mut().and_then(|usage| usage.read().ok());
        self.samples.extend(used.as_ref().map(|used| used.sample));
        if let Some(driver) = self.driver.take_if(|driver| driver.has_ended())
            && let Err(error) = driver.end()
        {
            self.trouble = Some(error.to_string());
        }
        let late = look.as_ref().and_then(|look| look.mean_lag_ns).filter(|lag_ns| *lag_ns > LATE_NS);
        let late = late.map(|lag_ns| format!("generator {} ms late, which is in these times", lag_ns / 1_000_000));
        (look, used, self.trouble.clone().or(late).or_else(|| self.unequal.clone()))
    }
}
