//! The findings for a terminal.

use std::fmt::Write;

use comfy_table::presets::NOTHING;
use comfy_table::{CellAlignment, Table};
use reports::format::{self, Unit};
use reports::record::{ConnectionLedger, Ledger, Malformed, ReplyBytes};

use super::findings::{GeneratorFindings, LoadFindings, ReplySizes};
use super::gates::HeldGate;
use super::times::{Bounded, Percentiles};
use crate::cli::output::per_second;
use crate::plan::{LoadSpec, Pacing, Shape};

/// All of it.
pub(super) fn drawn(findings: &LoadFindings, spec: &LoadSpec) -> String {
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
        line(&format!("worker {}", worker.number), &worker.line());
    }
    text.push('\n');
    if findings.ledger.ok > 0 {
        let _ = writeln!(text, "{}", times(findings));
    }
    if let Some(parts) = &findings.where_the_time_went_ns {
        let _ = write!(text, "{}\n\n", parts.table());
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
pub(super) fn nothing_right(ledger: &Ledger, replies: &[Malformed]) -> String {
    if ledger.scheduled == 0 {
        return "error: no request was due: give a higher --rate or a longer --duration".to_owned();
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
    let mut table = Table::new();
    table.load_style(NOTHING);
    table.set_header(["", "p50", "p90", "p99", "p99.9", "max", "mean"]);
    for (name, percentiles) in rows {
        if let Some(percentiles) = percentiles {
            let cells = percentiles.each().map(|(_, bounded)| bounded.map_or_else(|| "-".to_owned(), shown));
            let mean = percentiles.mean.map_or_else(|| "-".to_owned(), |mean| Unit::Nanoseconds.show(mean));
            table.add_row([name.to_owned()].into_iter().chain(cells).chain([shown(percentiles.max), mean]));
        }
    }
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    format!("{}\n{}", table.trim_fmt(), legend(findings))
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
