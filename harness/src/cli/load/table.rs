//! The findings for a terminal.

use std::fmt::Write;

use comfy_table::presets::NOTHING;
use comfy_table::{CellAlignment, Table};
use reports::format::{self, Unit};
use reports::record::{ConnectionLedger, Ledger};

use super::findings::{Findings, GeneratorFindings};
use super::percentiles::{Bounded, Percentiles};
use crate::plan::{LoadSpec, Shape, nanoseconds};

/// All of it.
pub(super) fn drawn(findings: &Findings, spec: &LoadSpec) -> String {
    let mut text = String::new();
    let mut line = |what: &str, value: &str| {
        // Writing to a string does not fail.
        let _ = writeln!(text, "{what:<12} {value}");
    };
    line("target", &format!("{}, {}, {}", findings.target, findings.wire, spec.work));
    line("load", &load(findings, spec));
    line("rate", &rate(findings));
    line("requests", &requests(&findings.ledger));
    line("connections", &connections(findings));
    line("generator", &generator(&findings.generator, findings));
    if findings.ledger.ok > 0 {
        let _ = write!(text, "\n{}\n", times(findings));
    }
    if let Some(parts) = &findings.where_the_time_went_ns {
        let _ = write!(text, "{}\n\n", parts.table());
    }
    let _ = match (findings.valid, findings.offered_rps) {
        (true, Some(_)) => writeln!(text, "valid: the generator kept to its schedule, and the figures add up"),
        (true, None) => writeln!(text, "valid: the figures add up"),
        (false, _) => writeln!(text, "INVALID: do not use these figures"),
    };
    for warning in &findings.warnings {
        let _ = writeln!(text, "  {warning}");
    }
    text
}

/// Why there is nothing to show: what became of most requests, and what to look at.
pub(super) fn nothing_right(ledger: &Ledger) -> String {
    let most = ledger.ends().into_iter().max_by_key(|(_, count)| *count);
    let (end, remedy) = match most {
        Some(("error", _)) => ("answered with an error", "ask for something that the server has (--path, --work)"),
        Some(("malformed", _)) => ("answered with something else", "give the --wire that the server speaks"),
        Some(("timeout", _)) => ("not answered in time", "see whether it answers at all, or give a longer --timeout"),
        Some(("refused", _)) => ("refused a connection", "see whether the server is still there"),
        Some(("reset", _)) => ("lost with their connection", "see whether the server is still there"),
        _ => ("never sent or answered", "give a longer --duration or more --connections"),
    };
    format!("error: no request of {} got a right reply; most were {end}: {remedy}", format::count(ledger.scheduled))
}

fn time(ns: u64) -> String {
    Unit::Nanoseconds.show(ns as f64)
}

fn load(findings: &Findings, spec: &LoadSpec) -> String {
    let offered =
        findings.offered_rps.map_or_else(|| "as much as is answered".to_owned(), |rps| Unit::PerSecond.show(rps));
    let shape = match spec.shape {
        Shape::Connections { connections } => format!("held {}", format::counted(connections.into(), "connection")),
        Shape::Sessions { requests, concurrent, .. } => {
            format!("sessions of {}, {concurrent} at once at most", format::counted(requests.into(), "request"))
        }
    };
    let (measured, warm_up) = (time(findings.duration_ns), time(nanoseconds(spec.warm_up)));
    format!("{}, {offered}, {shape}; {measured} after {warm_up} of warm-up, seed {}", findings.arrivals, findings.seed)
}

fn rate(findings: &Findings) -> String {
    let shown = |rps: f64| format!("{}/s", format::count(rps.round() as u64));
    let achieved = shown(findings.achieved_rps);
    match (findings.offered_rps, findings.scheduled_rps) {
        (Some(offered), Some(scheduled)) => {
            format!("offered {}, taken up {}, achieved {achieved}", shown(offered), shown(scheduled))
        }
        _ => format!("achieved {achieved}"),
    }
}

/// All ends that requests had, the sum first.
fn requests(ledger: &Ledger) -> String {
    let had = ledger.ends().into_iter().skip(1).filter(|(_, count)| *count > 0);
    let others: String = had.map(|(end, count)| format!(" + {} {end}", format::count(count))).collect();
    format!("{} scheduled = {} ok{others}", format::count(ledger.scheduled), format::count(ledger.ok))
}

fn connections(findings: &Findings) -> String {
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

fn generator(used: &GeneratorFindings, findings: &Findings) -> String {
    let threads = format::counted(used.threads.into(), "thread");
    let busy = format::share(used.busiest_worker);
    let requests = findings.achieved_rps * findings.duration_ns as f64 / 1e9;
    let per_request = |ns: u64| Unit::Nanoseconds.show(ns as f64 / requests);
    match used.cpu_ns_per_request {
        Some(ns) => format!(
            "{threads}, the busiest {busy} of its CPU; {} a request without polling (user {}, system {}, polling {})",
            Unit::Nanoseconds.show(ns),
            per_request(used.user_cpu_ns),
            per_request(used.system_cpu_ns),
            per_request(used.polling_ns),
        ),
        None => format!("{threads}, the busiest {busy} of its CPU"),
    }
}

fn times(findings: &Findings) -> String {
    let rows = [
        ("response time", &findings.response_time_ns),
        ("service time", &findings.service_time_ns),
        ("schedule lag", &findings.schedule_lag_ns),
    ];
    let mut table = Table::new();
    table.load_style(NOTHING);
    table.set_header(["", "p50", "p90", "p99", "p99.9", "max", "mean"]);
    for (name, percentiles) in rows {
        if let Some(percentiles) = percentiles {
            let greatest = greatest(percentiles, name == "response time" && findings.ledger.timeout > 0);
            let cells = percentiles.each().map(|(_, bounded)| bounded.map_or_else(|| "-".to_owned(), shown));
            let mean = Unit::Nanoseconds.show(percentiles.mean);
            table.add_row([name.to_owned()].into_iter().chain(cells).chain([greatest, mean]));
        }
    }
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    format!("{}\n", table.trim_fmt())
}

fn greatest(percentiles: &Percentiles, timed_out: bool) -> String {
    let max = time(percentiles.max);
    if timed_out { format!("> {max}") } else { max }
}

/// The value, and its interval below.
fn shown(bounded: Bounded) -> String {
    match bounded {
        Bounded { value: Some(value), low: Some(low), high: Some(high), .. } => {
            format!("{}\n{}", time(value), Unit::Nanoseconds.range(low as f64, high as f64))
        }
        Bounded { value: Some(value), low: Some(low), .. } => format!("{}\n{} or more", time(value), time(low)),
        Bounded { above: Some(above), .. } => format!("> {}", time(above)),
        Bounded { .. } => "-".to_owned(),
    }
}
