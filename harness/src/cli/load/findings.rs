//! What a load came to, in figures: the JSON object, and all that the table shows.
//!
//! Read `findings/times.rs` (the times, ranked), then `percentiles.rs` (what is shown of them) and `workers.rs` (what other
//! machines that send say each). Beside it: `judgement/`, the sentences.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::{Duration, SystemTime};

use instruments::allocator::VERSION;
use instruments::clock::nanoseconds;
use instruments::load::{ArrivalProcess, Generator, LoadOutcome, LoadSpec, Pacing, Shape, Work};
use instruments::observe::MachineSeen;
use reports::record::{ConnectionLedger, GeneratorUsage, Ledger, Malformed, ReplyBytes, Traffic, Warning, WorkerDoubt};
use serde::Serialize;

use self::percentiles::{Percentiles, TimeParts};
use self::times::LoadTimes;
use self::workers::{WorkerFindings, findings_of_each};
use super::judgement::doubts::{Sending, capacity_of_the_generator, doubts, is_of_the_generator, sentence, stopped};
use super::judgement::gates::{Figures, HeldGate, LoadGate};
use super::judgement::notices::{SentAgain, hung, notices, sent_again};
use crate::machines::FleetOutcome;
use crate::run::worker_doubts;

pub(super) mod percentiles;
pub(super) mod times;
pub(super) mod workers;

/// What was asked for, and of whom.
#[derive(Debug)]
pub(super) struct LoadSetup<'a> {
    pub(super) spec: &'a LoadSpec,
    pub(super) generator: Generator,
    /// As it was typed.
    pub(super) target: &'a str,
    pub(super) address: SocketAddr,
    pub(super) started_at: SystemTime,
    /// How many requests there were to be, where that bounds the load and not a time.
    pub(super) requests: Option<u64>,
    pub(super) gates: &'a [LoadGate],
    /// Who used the machine before.
    pub(super) busy: Option<&'a Warning>,
    /// What went on on this machine meanwhile.
    pub(super) machine: &'a MachineSeen,
    /// CPUs that this process may use, or those of all workers.
    pub(super) cpus: usize,
    /// What workers on other machines say each, where they sent it.
    pub(super) fleet: Option<&'a FleetOutcome>,
}

impl LoadSetup<'_> {
    /// What speaks against the figures, and what does because several machines sent them.
    fn doubts(&self, outcome: &LoadOutcome) -> (Vec<Warning>, Vec<WorkerDoubt>) {
        let mut doubts = doubts(self.spec, outcome, self.machine);
        doubts.extend(self.busy.cloned());
        let of_workers = self.fleet.map_or_else(Vec::new, |fleet| worker_doubts(fleet, self.spec));
        if of_workers.iter().any(WorkerDoubt::is_a_loss) {
            // What fell behind is the part that was lost, which is said, and no generator that had too much to do.
            doubts.retain(|doubt| !matches!(doubt, Warning::GeneratorFellBehind { .. }));
        }
        (doubts, of_workers)
    }
}

/// What a load came to. All that has a place in time was counted in the window alone.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct LoadFindings {
    harness_version: &'static str,
    /// In UTC, as in RFC 3339.
    started_at: String,
    pub(super) target: String,
    pub(super) address: SocketAddr,
    pub(super) wire: String,
    /// Of a page.
    method: Option<String>,
    /// Of a page.
    path: Option<String>,
    pub(super) work: String,
    pub(super) arrivals: &'static str,
    pub(super) connections: u32,
    pub(super) threads: u32,
    #[cfg_attr(test, schemars(with = "String"))]
    pub(super) pacing: Pacing,
    pub(super) seed: u64,
    pub(super) warm_up_ns: u64,
    pub(super) timeout_ns: u64,
    /// How long was measured: less than planned where the load was stopped.
    pub(super) duration_ns: u64,
    pub(super) offered_rps: Option<f64>,
    /// What the generator took up of what it was to offer.
    pub(super) scheduled_rps: Option<f64>,
    pub(super) achieved_rps: f64,
    pub(super) ledger: Ledger,
    pub(super) hung_since_warm_up: u64,
    pub(super) statuses: BTreeMap<u16, u64>,
    pub(super) malformed: Vec<Malformed>,
    delayed_in_the_middle: u64,
    pub(super) reply_bytes: Option<ReplySizes>,
    pub(super) connections_ledger: ConnectionLedger,
    pub(super) response_time_ns: Option<Percentiles>,
    pub(super) service_time_ns: Option<Percentiles>,
    pub(super) schedule_lag_ns: Option<Percentiles>,
    pub(super) where_the_time_went_ns: Option<TimeParts>,
    pub(super) generator: GeneratorFindings,
    pub(super) opening_ns: Option<u64>,
    /// The most by which the workers' starts lie apart, where there are some.
    #[serde(skip_serializing_if = "Option::is_none")]
    start_skew_ns: Option<u64>,
    /// What each worker says; none where the load was sent from here.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) workers: Vec<WorkerFindings>,
    /// Whether the figures may be believed.
    pub(super) valid: bool,
    /// The same in words.
    pub(super) verdict: &'static str,
    /// What must be known before all figures.
    pub(super) notices: Vec<String>,
    /// What speaks against the figures, or must be known besides; each with what to do.
    pub(super) warnings: Vec<String>,
    pub(super) gates: Vec<HeldGate>,
}

/// Sizes of right replies in bytes, head and body.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct ReplySizes {
    #[serde(flatten)]
    pub(super) bytes: ReplyBytes,
    pub(super) mean: f64,
    pub(super) per_second: f64,
}

/// What the generator used itself.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct GeneratorFindings {
    #[serde(flatten)]
    pub(super) usage: GeneratorUsage,
    /// Polling left out; absent where no reply was right.
    pub(super) cpu_ns_per_request: Option<f64>,
}

impl LoadFindings {
    pub(super) fn new(asking: &LoadSetup<'_>, outcome: &LoadOutcome, times: &LoadTimes) -> LoadFindings {
        let LoadSetup { spec, .. } = *asking;
        let LoadOutcome { ref traffic, generator: ref usage, opening, measured, .. } = *outcome;
        let seconds = measured.as_secs_f64();
        let per_second = |count: f64| if seconds > 0.0 { count / seconds } else { 0.0 };
        let ledger = traffic.ledger;
        let (doubts, worker_doubts) = asking.doubts(outcome);
        let is_spoilt = doubts.iter().any(Warning::invalidates) || worker_doubts.iter().any(WorkerDoubt::invalidates);
        let valid = !is_spoilt && seconds > 0.0;
        let page = match &spec.work {
            Work::Page(page) => Some(page),
            Work::Asked { .. } => None,
        };
        let mut findings = LoadFindings {
            harness_version: VERSION,
            started_at: humantime::format_rfc3339_millis(asking.started_at).to_string(),
            target: asking.target.to_owned(),
            address: asking.address,
            wire: spec.work.wire().to_string(),
            method: page.map(|page| page.method.clone()),
            path: page.map(|page| page.path.clone()),
            work: spec.work.to_string(),
            arrivals: arrivals(spec),
            connections: spec.peak_connections(),
            threads: usage.threads,
            pacing: asking.generator.pacing,
            seed: spec.seed,
            warm_up_ns: nanoseconds(spec.warm_up),
            timeout_ns: nanoseconds(spec.timeout),
            duration_ns: nanoseconds(measured),
            offered_rps: spec.offered_load_rps(),
            scheduled_rps: spec.offered_load_rps().map(|_| per_second(ledger.scheduled as f64 * usage.kept_pace)),
            achieved_rps: per_second(traffic.ok_within_window as f64),
            ledger,
            hung_since_warm_up: traffic.hung_since_warm_up,
            statuses: traffic.statuses.clone(),
            malformed: traffic.malformed.clone(),
            delayed_in_the_middle: traffic.delayed_in_the_middle,
            reply_bytes: traffic.reply_bytes.map(|bytes| ReplySizes::new(bytes, traffic, measured)),
            connections_ledger: traffic.connections,
            response_time_ns: times.response_time.as_ref().and_then(Percentiles::of),
            service_time_ns: Percentiles::of(&times.service_time),
            schedule_lag_ns: times.schedule_lag.as_ref().and_then(Percentiles::of),
            where_the_time_went_ns: TimeParts::of(traffic.split.as_ref()),
            generator: GeneratorFindings::new(*usage, traffic.ok_within_window),
            opening_ns: opening.map(nanoseconds),
            start_skew_ns: asking.fleet.map(|fleet| fleet.start_skew_ns),
            workers: asking.fleet.map_or_else(Vec::new, |fleet| findings_of_each(fleet, spec)),
            valid,
            verdict: verdict(spec, valid),
            notices: Vec::new(),
            warnings: worker_doubts.iter().map(|doubt| format!("{}; {}", doubt.describe(), doubt.remedy())).collect(),
            gates: Vec::new(),
        };
        findings.judge(asking, outcome, &doubts);
        findings
    }

    /// All that is said of the figures, which are there by now.
    fn judge(&mut self, asking: &LoadSetup<'_>, outcome: &LoadOutcome, doubts: &[Warning]) {
        let LoadSetup { spec, generator, cpus, .. } = *asking;
        let LoadOutcome { ref traffic, generator: ref usage, .. } = *outcome;
        let sending = Sending {
            generator,
            usage,
            cpu_ns_per_request: self.generator.cpu_ns_per_request,
            mean_reply_bytes: self.reply_bytes.map(|sizes| sizes.mean),
            cpus,
            workers: asking.fleet.map_or(0, |fleet| fleet.workers.len()),
        };
        let kept_pace = !doubts.iter().any(is_of_the_generator);
        self.notices = notices(spec, traffic, kept_pace.then_some(self.achieved_rps));
        let was_stopped = outcome.was_stopped;
        self.notices.extend(hung(traffic).filter(|_| !was_stopped));
        let slowest = self.response_time_ns.as_ref().or(self.service_time_ns.as_ref()).map(|times| times.max);
        self.notices.extend(sent_again(&sent_again_by_machine(asking), slowest));
        self.warnings.extend(doubts.iter().map(|doubt| sentence(doubt, sending)));
        self.warnings.extend(was_stopped.then(|| stopped(outcome, spec, asking.requests)));
        self.warnings.extend(capacity_of_the_generator(spec, sending));
        if doubts.iter().any(|doubt| matches!(doubt, Warning::TailLag { .. })) {
            self.response_time_ns = self.response_time_ns.take().map(Percentiles::with_doubtful_tail);
        }
        let (times, times_are) = match spec.arrivals {
            ArrivalProcess::Closed => (self.service_time_ns.as_ref(), "service times"),
            _ => (self.response_time_ns.as_ref(), "response times"),
        };
        let LoadFindings { ref ledger, achieved_rps, valid: is_valid, .. } = *self;
        let figures = Figures { times, times_are, ledger, achieved_rps, is_valid };
        self.gates = asking.gates.iter().map(|gate| gate.hold(figures)).collect();
    }
}

impl ReplySizes {
    fn new(bytes: ReplyBytes, traffic: &Traffic, measured: Duration) -> ReplySizes {
        let over = |parts: f64| if parts > 0.0 { bytes.total as f64 / parts } else { 0.0 };
        ReplySizes { bytes, mean: over(traffic.ok_within_window as f64), per_second: over(measured.as_secs_f64()) }
    }
}

impl GeneratorFindings {
    fn new(usage: GeneratorUsage, requests: u64) -> GeneratorFindings {
        let worked_ns = (usage.user_cpu_ns + usage.system_cpu_ns).saturating_sub(usage.polling_ns);
        let cpu_ns_per_request = (requests > 0).then(|| worked_ns as f64 / requests as f64);
        GeneratorFindings { usage, cpu_ns_per_request }
    }
}

/// What TCP sent again on each machine that sent the load, where its kernel tells.
fn sent_again_by_machine<'a>(asking: &LoadSetup<'a>) -> Vec<SentAgain<'a>> {
    let here = SentAgain { host: None, segments: asking.machine.noise.segments_sent_again.unwrap_or(0) };
    let of_workers = asking.fleet.into_iter().flat_map(|fleet| &fleet.workers).filter_map(|worker| {
        let segments = worker.end.as_ref().ok()?.machine.noise.segments_sent_again?;
        Some(SentAgain { host: Some(&worker.hello.host), segments })
    });
    std::iter::once(here).chain(of_workers).collect()
}

fn arrivals(spec: &LoadSpec) -> &'static str {
    match (spec.shape, spec.arrivals) {
        (_, ArrivalProcess::Closed) => "closed",
        (Shape::Sessions { .. }, _) => "sessions",
        (_, ArrivalProcess::Poisson { .. }) => "poisson",
        (_, ArrivalProcess::Constant { .. }) => "constant",
    }
}

fn verdict(spec: &LoadSpec, valid: bool) -> &'static str {
    match (valid, spec.arrivals) {
        (false, _) => "INVALID: do not use these figures",
        (true, ArrivalProcess::Closed) => "valid: the figures add up",
        (true, _) => "valid: the generator kept to its schedule, and the figures add up",
    }
}
