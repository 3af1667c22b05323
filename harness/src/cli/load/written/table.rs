//! The findings for a terminal.
//!
//! Must not know: how any of them was found. Beside it: `csv.rs`, the same for a spreadsheet.

use std::fmt::Write;

use comfy_table::presets::NOTHING;
use instruments::load::{LoadSpec, Pacing, Shape};
use reports::format::{self, Unit};
use reports::metrics::TIME_PARTS;
use reports::record::{ConnectionLedger, Ledger, ReplyBytes};

use crate::cli::load::findings::percentiles::{Bounded, Percentiles, TimeParts, TimePartsOf};
use crate::cli::load::findings::workers::WorkerFindings;
use crate::cli::load::findings::{GeneratorFindings, LoadFindings, ReplySizes};
use crate::cli::load::judgement::gates::HeldGate;
use crate::cli::output::{aligned, per_second};

/// All of it.
pub(in crate::cli::load) fn drawn(findings: &LoadFindings, spec: &LoadSpec) -> String {
    let mut text = String::new();
    let mut line = |what: &str, value: &str| {
        // Writing to a string does not fail.
        let _ = writeln!(text, "{what:<12} {value}");
    };
    line("target", &target(findings));
    line("load", &load(findings, spec));
    line("rate", &rate(findings));
    line("requests", &requests(findings));
    if let Some(replies) = replies(findings) {
        line("replies", &replies);
    }
    line("connections", &connections(findings));
    line("generator", &generator(&findings.generator, findings));
    for worker in &findings.workers {
        line(&format!("worker {}", worker.number), &of_worker(worker));
    }
    text.push('\n');
    if findings.ledger.ok > 0 {
        let _ = writeln!(text, "{}", times(findings));
    }
    if let Some(parts) = &findings.where_the_time_went_ns {
        let _ = write!(text, "{}\n\n", where_it_went(parts));
    }
    text + &judgement(findings)
}

/// The verdict with what must be known before all figures, then the doubts and the gates. Where the figures are not to be
/// used, that comes first.
fn judgement(findings: &LoadFindings) -> String {
    let LoadFindings { valid, verdict, notices, warnings, gates, .. } = findings;
    let warnings = warnings.iter().map(|warning| format!("  {warning}"));
    let verdict: Vec<String> = std::iter::once((*verdict).to_owned()).chain(warnings).collect();
    let (first, second) = if *valid { (notices, &verdict) } else { (&verdict, notices) };
    let gates: Vec<String> = gates.iter().map(HeldGate::line).collect();
    [first, second, &gates].into_iter().flatten().map(|line| format!("{line}\n")).collect()
}

/// Why there is nothing to show: what became of most requests, and what to look at.
pub(in crate::cli::load) fn nothing_right(findings: &LoadFindings) -> String {
    let LoadFindings { ledger, malformed: replies, offered_rps, achieved_rps, .. } = findings;
    if ledger.scheduled == 0 {
        let why = match offered_rps {
            Some(_) => "error: no request was due: give a higher --rate or a longer --duration",
            // In closed loop.
            None if *achieved_rps > 0.0 => "no times: no session began in the window; give a longer --duration",
            None => "error: nobody was answered, so nobody asked again: check that the server answers (--wire, --path)",
        };
        return why.to_owned();
    }
    let Ledger { error, timeout, malformed, refused, reset, dropped, in_flight, .. } = *ledger;
    let reason = replies.iter().max_by_key(|reply| reply.count).map(|reply| reply.reason.remedy());
    let reason = reason.unwrap_or("check that the server speaks what was asked (--wire, --path)");
    let ends = [
        (error, "answered with an error", "ask for something that the server has (--path, --work)"),
        (timeout, "not answered in time", "check that it answers at all, or give a longer --timeout"),
        (malformed, "answered with something else", reason),
        (refused, "refused a connection", "check that the server is still running"),
        (reset, "lost with their connection", "check that the server is still running"),
        (dropped.max(in_flight), "never sent or answered", "give a longer --duration or more --connections"),
    ];
    let (_, end, remedy) = ends.into_iter().max_by_key(|(count, ..)| *count).expect("there are six");
    format!("error: no request of {} got a right reply; most were {end}: {remedy}", format::count(ledger.scheduled))
}

fn time(ns: u64) -> String {
    Unit::Nanoseconds.show(ns as f64)
}

fn target(findings: &LoadFindings) -> String {
    let LoadFindings { target, address, wire, work, .. } = findings;
    let at = if target.contains(&address.to_string()) { String::new() } else { format!(" at {address}") };
    format!("{target}{at}, {wire}, {work}")
}

fn load(findings: &LoadFindings, spec: &LoadSpec) -> String {
    let offered = findings.offered_rps.map_or_else(|| "as much as is answered".to_owned(), per_second);
    let shape = match spec.shape {
        Shape::Connections { connections } => format!("held {}", format::counted(connections.into(), "connection")),
        Shape::Sessions { requests, concurrent, .. } => {
            format!("sessions of {}, {concurrent} at once at most", format::counted(requests.into(), "request"))
        }
    };
    let (measured, warm_up) = (time(findings.duration_ns), time(findings.warm_up_ns));
    format!("{}, {offered}, {shape}; {measured} after {warm_up} of warm-up, seed {}", findings.arrivals, findings.seed)
}

fn rate(findings: &LoadFindings) -> String {
    let achieved = per_second(findings.achieved_rps);
    match (findings.offered_rps, findings.scheduled_rps) {
        (Some(offered), Some(scheduled)) => {
            format!("offered {}, started {}, achieved {achieved}", per_second(offered), per_second(scheduled))
        }
        _ => format!("achieved {achieved}"),
    }
}

/// All ends that requests had, the sum first.
fn requests(findings: &LoadFindings) -> String {
    let ledger = &findings.ledger;
    let had = ledger.ends().into_iter().skip(1).filter(|(_, count)| *count > 0);
    let others: String = had.map(|(end, count)| format!(" + {} {end}", format::count(count))).collect();
    let hung = match findings.hung_since_warm_up {
        0 => String::new(),
        hung => format!("; besides, {} of the warm-up never ended", format::count(hung)),
    };
    format!("{} scheduled = {} ok{others}{hung}", format::count(ledger.scheduled), format::count(ledger.ok))
}

/// Statuses and sizes, as far as they are known.
fn replies(findings: &LoadFindings) -> Option<String> {
    let counts =
        findings.statuses.iter().map(|(status, count)| format!("{} of status {status}", format::count(*count)));
    let statuses = counts.collect::<Vec<_>>().join(", ");
    let sizes = findings.reply_bytes.map(|sizes| {
        let ReplySizes { bytes: ReplyBytes { least, most, .. }, mean, per_second } = sizes;
        let bytes = |bytes: f64| Unit::Bytes.show(bytes);
        let size = if least == most {
            format!("{} each", bytes(mean))
        } else {
            format!("{}, {} on average", Unit::Bytes.range(least as f64, most as f64), bytes(mean))
        };
        format!("{size}, {}/s", bytes(per_second))
    });
    let known: Vec<String> =
        [Some(statuses).filter(|statuses| !statuses.is_empty()), sizes].into_iter().flatten().collect();
    (!known.is_empty()).then(|| known.join("; "))
}

fn connections(findings: &LoadFindings) -> String {
    let ConnectionLedger { established, failed, closed_in_disagreement, never_answered, closed_by_server, .. } =
        findings.connections_ledger;
    let opened = match findings.opening_ns {
        Some(ns) => format!("{} held, established in {}", format::count(findings.connections.into()), time(ns)),
        None => format!("{} established", format::count(established)),
    };
    let counts = [
        ("failed", failed),
        ("closed in disagreement", closed_in_disagreement),
        ("never answered", never_answered),
        ("closed by the server and opened again", closed_by_server),
    ];
    let counts = counts.into_iter().filter(|(_, count)| *count > 0);
    let others: String = counts.map(|(what, count)| format!(", {} {what}", format::count(count))).collect();
    format!("{opened}{others}")
}

fn generator(used: &GeneratorFindings, findings: &LoadFindings) -> String {
    let threads = format::counted(used.usage.threads.into(), "thread");
    let busy = format::share(used.usage.busiest_worker);
    let requests = findings.achieved_rps * findings.duration_ns as f64 / 1e9;
    let per_request = |ns: u64| Unit::Nanoseconds.show(ns as f64 / requests);
    match used.cpu_ns_per_request {
        Some(ns) => format!(
            "{threads}, the busiest {busy} of its CPU; {} a request without polling (user {}, system {}, polling {})",
            Unit::Nanoseconds.show(ns),
            per_request(used.usage.user_cpu_ns),
            per_request(used.usage.system_cpu_ns),
            per_request(used.usage.polling_ns),
        ),
        None => format!("{threads}, the busiest {busy} of its CPU"),
    }
}

fn times(findings: &LoadFindings) -> String {
    let service_time = if findings.pacing == Pacing::Ticking { "service time, on a 1 ms tick" } else { "service time" };
    let rows = [
        ("response time", &findings.response_time_ns),
        (service_time, &findings.service_time_ns),
        ("schedule lag", &findings.schedule_lag_ns),
    ];
    let rows = rows.into_iter().filter_map(|(name, percentiles)| {
        let percentiles = percentiles.as_ref()?;
        let cells = percentiles.each().map(|(_, bounded)| or_dash(bounded, shown));
        let mean = or_dash(percentiles.mean, |mean| Unit::Nanoseconds.show(mean));
        Some([name.to_owned()].into_iter().chain(cells).chain([shown(percentiles.max), mean]).collect())
    });
    let header = ["", "p50", "p90", "p99", "p99.9", "max", "mean"].map(str::to_owned).to_vec();
    format!("{}\n{}", aligned(header, rows, NOTHING).trim_fmt(), legend(findings))
}

fn or_dash<T>(value: Option<T>, shown: impl Fn(T) -> String) -> String {
    value.map_or_else(|| "-".to_owned(), shown)
}

/// A row for each part of a response time, in the order in which a request passes through them.
fn where_it_went(parts: &TimeParts) -> String {
    let TimeParts { median, slowest_1_percent } = parts;
    let cell = |of: Option<&TimePartsOf>, part| {
        or_dash(of.and_then(|of| of.parts.get(part)), |ns| Unit::Nanoseconds.show(*ns))
    };
    let known = TIME_PARTS.iter().filter(|part| median.parts.contains_key(part.name));
    let rows = known.map(|part| {
        vec![part.label.to_owned(), cell(Some(median), part.name), cell(slowest_1_percent.as_ref(), part.name)]
    });
    let header = ["where it went", "median", "slowest 1%"].map(str::to_owned).to_vec();
    aligned(header, rows, NOTHING).trim_fmt()
}

fn of_worker(worker: &WorkerFindings) -> String {
    let WorkerFindings { host, command, clock_bound_ns, never_sent, p50_ns, p99_ns, .. } = worker;
    let who = format!("{host} ({command})");
    let (Some(ledger), Some(busy)) = (&worker.ledger, worker.busiest_thread) else {
        return format!("{who}: LOST, {} never sent", format::counted(*never_sent, "request"));
    };
    let [p50, p99] = [p50_ns, p99_ns].map(|bounded| or_dash(bounded.and_then(|bounded| bounded.value), time));
    format!(
        "{who}: {} scheduled, {} ok; p50 {p50}, p99 {p99}; busiest thread {} of its CPU; clock known to {}",
        format::count(ledger.scheduled),
        format::count(ledger.ok),
        format::share(busy),
        time(*clock_bound_ns),
    )
}

/// What the table would not say by itself.
fn legend(findings: &LoadFindings) -> String {
    let all = || [&findings.response_time_ns, &findings.service_time_ns].into_iter().flatten();
    let mean = all().any(Percentiles::has_failures).then_some(match findings.response_time_ns {
        Some(_) => "service time and means are of right replies; in the response time all others rank behind these\n",
        None => "the mean is of right replies; all others rank behind these\n",
    });
    let is_doubtful = all().flat_map(Percentiles::each).any(|(_, bounded)| bounded.is_some_and(|one| one.doubtful));
    let doubtful = is_doubtful.then_some("? tells more of the generator than of the server\n");
    [mean, doubtful].into_iter().flatten().collect()
}

/// The value, and its interval below.
fn shown(bounded: Bounded) -> String {
    let Bounded { value, low, high, above, doubtful } = bounded;
    let mark = if doubtful { " ?" } else { "" };
    match (value, low, high, above) {
        (Some(value), Some(low), Some(high), _) => {
            format!("{}{mark}\n{}", time(value), Unit::Nanoseconds.range(low as f64, high as f64))
        }
        (Some(value), Some(low), None, _) => format!("{}{mark}\n{} or more", time(value), time(low)),
        (Some(value), None, ..) => format!("{}{mark}", time(value)),
        (None, .., Some(above)) => format!("> {}{mark}", time(above)),
        (None, .., None) => "-".to_owned(),
    }
}
