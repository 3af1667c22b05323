//! A plan as it is sent to a worker: the whole load, and which part of it is the worker's.
//!
//! The types of `plan/` are never serialised, so that they can change; these are what is spoken. What can't be carried out
//! is refused with a sentence: whoever sent it may be anybody. Beside it: `message.rs`.

use std::net::SocketAddr;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use instruments::load::{ArrivalProcess, Generator, LoadPart, LoadSpec, Pacing, PageRequest, Shape, Work};
use reports::record::{ArrivalsRecord, Load, ShapeRecord};
use serde::{Deserialize, Serialize};

/// What a worker is to send.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct PlanMessage {
    /// Where to.
    pub(super) target: SocketAddr,
    /// Whether that may be another machine than the worker's.
    pub(super) allow_remote: bool,
    /// Which part of the load.
    pub(super) part: LoadPart,
    /// Threads of each worker.
    threads: u32,
    pacing: Pacing,
    /// For so many requests in all, where that bounds the load.
    pub(super) requests: Option<u64>,
    /// Whether the window is wanted second by second too.
    pub(super) by_second: bool,
    /// Whether the time of the way to the server is wanted too.
    #[serde(default)]
    pub(super) way: bool,
    load: Load,
    /// The rate, to the last bit: decimal digits may be read as the number beside it, which has other arrivals.
    rate_bits: Option<u64>,
    work: WorkMessage,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum WorkMessage {
    Asked {
        wire: String,
        request_message: String,
        parameter: String,
    },
    Page {
        method: String,
        path: String,
        host: Option<String>,
        headers: Vec<String>,
        /// In base64.
        body: Option<String>,
    },
}

/// What all workers are to send together.
#[derive(Debug, Clone, Copy)]
pub struct FleetLoad<'a> {
    /// The load.
    pub spec: &'a LoadSpec,
    /// How the generator of each runs.
    pub generator: Generator,
    /// Where to, as the workers reach it.
    pub target: SocketAddr,
    /// Whether that may be another machine than theirs.
    pub allow_remote: bool,
    /// For so many requests in all, where that bounds the load.
    pub requests: Option<u64>,
    /// Whether the window is wanted second by second too.
    pub by_second: bool,
    /// Whether the time of the way to the server is wanted too.
    pub way: bool,
    /// Ends the load early.
    pub stop: &'a AtomicBool,
    /// Ends all before the load has begun.
    pub give_up: &'a AtomicBool,
}

/// The most workers of one load.
pub(super) const MOST_WORKERS: u32 = 1_000;

const LONGEST_NS: u64 = 3_600_000_000_000;
const MOST_RPS: f64 = 10_000_000.0;

impl PlanMessage {
    /// The part `part` of a load.
    pub(super) fn new(load: &FleetLoad<'_>, part: LoadPart) -> PlanMessage {
        let FleetLoad { spec, generator, target, allow_remote, requests, by_second, way, .. } = *load;
        let Generator { threads, pacing } = generator;
        PlanMessage {
            target,
            allow_remote,
            part,
            threads,
            pacing,
            requests,
            by_second,
            way,
            load: Load { offered_load_rps: None, ..spec.to_record() },
            rate_bits: spec.offered_load_rps().map(f64::to_bits),
            work: WorkMessage::new(&spec.work),
        }
    }

    /// How its generator runs.
    pub(super) fn generator(&self) -> Generator {
        Generator { threads: self.threads, pacing: self.pacing }
    }

    /// The whole load, if it can be carried out and may be.
    ///
    /// # Errors
    /// A sentence that says what is wrong with it.
    pub(super) fn spec(&self) -> Result<LoadSpec, String> {
        if !self.allow_remote && !self.target.ip().to_canonical().is_loopback() {
            let target = self.target;
            return Err(format!("{target} is not its machine's loopback; give --allow-remote if that server is yours"));
        }
        let LoadPart { index, of } = self.part;
        let Load { seed, warm_up_ns, window_ns, timeout_ns, .. } = self.load;
        let spec = LoadSpec {
            arrivals: self.arrivals()?,
            shape: match self.load.shape {
                ShapeRecord::Connections { connections } => Shape::Connections { connections },
                ShapeRecord::Sessions { requests, think_time_ns, concurrent } => {
                    Shape::Sessions { requests, think_time: Duration::from_nanos(think_time_ns), concurrent }
                }
            },
            work: self.work.read()?,
            seed,
            warm_up: Duration::from_nanos(warm_up_ns),
            window: Duration::from_nanos(window_ns),
            timeout: Duration::from_nanos(timeout_ns),
        };
        let (connections, requests) = match spec.shape {
            Shape::Connections { connections } => (connections, 1),
            Shape::Sessions { requests, concurrent, .. } => (concurrent, requests),
        };
        let is_within = index < of
            && (1..=MOST_WORKERS).contains(&of)
            && (1..=1_024).contains(&self.threads)
            && (of..=1_000_000).contains(&connections)
            && (1..=1_000_000).contains(&requests)
            && window_ns > 0
            && [warm_up_ns, window_ns, timeout_ns].into_iter().all(|ns| ns <= LONGEST_NS);
        if is_within { Ok(spec) } else { Err("the plan asks for more or less than can be".to_owned()) }
    }

    /// Whether equal plans are told apart by nothing but how a number was read.
    #[cfg(any(test, fuzzing))]
    pub(super) fn has_decimals(&self) -> bool {
        self.load.offered_load_rps.is_some()
    }

    fn arrivals(&self) -> Result<ArrivalProcess, String> {
        match (self.load.arrivals, self.rate_bits.map(f64::from_bits)) {
            (ArrivalsRecord::Closed, None) => Ok(ArrivalProcess::Closed),
            (ArrivalsRecord::Poisson, Some(rate_rps)) if rate_rps > 0.0 && rate_rps <= MOST_RPS => {
                Ok(ArrivalProcess::Poisson { rate_rps })
            }
            (ArrivalsRecord::Constant, Some(rate_rps)) if rate_rps > 0.0 && rate_rps <= MOST_RPS => {
                Ok(ArrivalProcess::Constant { rate_rps })
            }
            _ => Err("the plan has arrivals and a rate that do not fit".to_owned()),
        }
    }
}

impl WorkMessage {
    fn new(work: &Work) -> WorkMessage {
        match work.clone() {
            Work::Asked { wire, request_message, parameter } => {
                WorkMessage::Asked { wire: wire.to_string(), request_message, parameter }
            }
            Work::Page(PageRequest { method, path, host, headers, body }) => {
                let body = body.map(|body| BASE64_STANDARD.encode(body));
                WorkMessage::Page { method, path, host, headers, body }
            }
        }
    }

    fn read(&self) -> Result<Work, String> {
        match self.clone() {
            WorkMessage::Asked { wire, request_message, parameter } => {
                let wire = wire.parse().map_err(|_| format!("the plan speaks {wire:?}, which is not known here"))?;
                Ok(Work::Asked { wire, request_message, parameter })
            }
            WorkMessage::Page { method, path, host, headers, body } => {
                let mut texts = [&method, &path].into_iter().chain(&host).chain(&headers);
                let has_line_end =
                    texts.any(|text| text.chars().any(|character| character.is_control() && character != '\t'));
                drop(texts);
                if has_line_end {
                    return Err("the plan has a line end in a request; leave it out".to_owned());
                }
                let body = body.map(|body| BASE64_STANDARD.decode(body)).transpose();
                let body = body.map_err(|error| format!("the body in the plan is not base64: {error}"))?;
                Ok(Work::Page(PageRequest { method, path, host, headers, body }))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec(work: Work) -> LoadSpec {
        LoadSpec {
            arrivals: ArrivalProcess::Poisson { rate_rps: 1e4 / 3.0 },
            shape: Shape::Sessions { requests: 3, think_time: Duration::from_millis(2), concurrent: 8 },
            work,
            seed: u64::MAX,
            warm_up: Duration::from_millis(5),
            window: Duration::from_secs(2),
            timeout: Duration::from_secs(1),
        }
    }

    fn sent(spec: &LoadSpec, target: &str) -> PlanMessage {
        let never = AtomicBool::new(false);
        let load = FleetLoad {
            spec,
            generator: Generator { threads: 2, pacing: Pacing::Ticking },
            target: target.parse().unwrap(),
            allow_remote: false,
            requests: Some(7),
            by_second: true,
            way: true,
            stop: &never,
            give_up: &never,
        };
        let line = serde_json::to_string(&PlanMessage::new(&load, LoadPart { index: 1, of: 4 })).unwrap();
        serde_json::from_str(&line).unwrap()
    }

    #[test]
    fn a_plan_arrives_as_it_was_meant() {
        let body = Some(b"\0\xff\n".to_vec());
        let page = PageRequest { body, headers: vec!["Accept: a/b".to_owned()], ..PageRequest::get("/a?b") };
        for spec in [spec(Work::new("sleep", "5ms")), spec(Work::Page(page))] {
            let plan = sent(&spec, "127.0.0.1:80");
            assert_eq!(plan.spec(), Ok(spec));
            assert_eq!(plan.generator(), Generator { threads: 2, pacing: Pacing::Ticking });
        }
    }

    #[test]
    fn another_machine_needs_leave_on_the_workers_side_too() {
        let spec = spec(Work::new("echo", "hi"));
        assert!(sent(&spec, "192.0.2.1:80").spec().unwrap_err().contains("--allow-remote"));
        assert!(PlanMessage { allow_remote: true, ..sent(&spec, "192.0.2.1:80") }.spec().is_ok());
    }

    #[test]
    fn what_can_not_be_carried_out_is_refused() {
        let good = sent(&spec(Work::new("echo", "hi")), "127.0.0.1:80");
        let changed = |change: fn(&mut PlanMessage)| {
            let mut plan = good.clone();
            change(&mut plan);
            plan.spec().unwrap_err()
        };
        assert!(changed(|plan| plan.part.index = 4).contains("more or less"));
        assert!(changed(|plan| plan.part.of = 9).contains("more or less"), "more workers than connections");
        assert!(changed(|plan| plan.threads = 0).contains("more or less"));
        assert!(changed(|plan| plan.load.window_ns = u64::MAX).contains("more or less"));
        assert!(changed(|plan| plan.rate_bits = Some((-1.0_f64).to_bits())).contains("do not fit"));
        assert!(changed(|plan| plan.rate_bits = None).contains("do not fit"));
        let page = PageRequest { host: Some("a\r\nb: c".to_owned()), ..PageRequest::get("/") };
        assert!(sent(&spec(Work::Page(page)), "127.0.0.1:80").spec().unwrap_err().contains("line end"));
    }
}
