//! A run in figures for Prometheus: counters, gauges and one histogram, named and measured as its conventions say (base
//! units, `_total` for what only grows).
//!
//! A figure changes when a cell ends and never in between, or with each frame of servers that are watched. What was not
//! measured has no sample, rather than a zero. Must not know: who asks. Beside it: `exposition.rs` (the two text formats),
//! `event.rs` (what a cell is).

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric, MetricEncoder, NoLabelSet};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Unit;

use super::event::{Buckets, CellLabels, CellSummary};
use crate::live::Frame;

/// Everything that is counted, over all cells that have ended.
#[derive(Debug, Clone, Default)]
pub(super) struct MetricTotals {
    /// Cells there will be; absent where nothing is run.
    pub(super) planned: Option<usize>,
    /// Time that drawing has taken between cells; absent where nothing was drawn.
    pub(super) drawing: Option<Duration>,
    cells: BTreeMap<(CellLabels, &'static str), u64>,
    requests: BTreeMap<(CellLabels, &'static str), u64>,
    response_times: BTreeMap<CellLabels, Buckets>,
    resident_bytes: BTreeMap<CellLabels, u64>,
    threads: BTreeMap<CellLabels, u64>,
    cpu_seconds: BTreeMap<(CellLabels, &'static str), f64>,
    switches: BTreeMap<(CellLabels, &'static str), u64>,
}

impl MetricTotals {
    /// Adds a cell.
    pub(super) fn add(&mut self, cell: &CellSummary) {
        let CellSummary { labels, outcome, requests, response_times, server } = cell;
        let with = |kind: &'static str| (labels.clone(), kind);
        *self.cells.entry(with(outcome)).or_default() += 1;
        for (end, count) in requests {
            *self.requests.entry(with(end)).or_default() += count;
        }
        if let Some(times) = response_times {
            self.response_times.entry(labels.clone()).or_default().add(times);
        }
        self.resident_bytes.extend(server.resident_bytes.map(|bytes| (labels.clone(), bytes)));
        self.threads.extend(server.threads.map(|threads| (labels.clone(), threads)));
        for (mode, time) in [("user", server.user_cpu), ("system", server.system_cpu)] {
            if let Some(time) = time {
                *self.cpu_seconds.entry(with(mode)).or_default() += time.as_secs_f64();
            }
        }
        let switches = [("voluntary", server.voluntary_switches), ("involuntary", server.involuntary_switches)];
        for (kind, count) in switches {
            if let Some(count) = count {
                *self.switches.entry(with(kind)).or_default() += count;
            }
        }
    }

    /// Takes in servers that run, and what became of requests since the frame before.
    pub(super) fn see(&mut self, frame: &Frame) {
        for model in &frame.models {
            let labels = CellLabels {
                contender: model.contender.clone(),
                experiment: "watch".to_owned(),
                workload: frame.asked.work.clone(),
            };
            for (end, count) in [("ok", model.replies), ("failed", model.failures)] {
                if let Some(count) = count {
                    *self.requests.entry((labels.clone(), end)).or_default() += count;
                }
            }
            if let Some(times) = model.response_times.as_ref().filter(|times| !times.is_empty()) {
                // Replies are many, and none is far from what stands for it: so is their sum.
                let sum_ns = (times.mean() * times.len() as f64) as u64;
                self.response_times.entry(labels.clone()).or_default().add(&Buckets::of(times, sum_ns));
            }
            // A server has one load at a time.
            self.resident_bytes.retain(|known, _| known.contender != labels.contender);
            self.threads.retain(|known, _| known.contender != labels.contender);
            self.resident_bytes.extend(model.memory.map(|memory| (labels.clone(), memory.resident_bytes)));
            self.threads.extend(model.threads.map(|threads| (labels, threads)));
        }
    }

    fn encode_run(&self, out: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let planned =
            out.encode_descriptor("cells_planned", "Measurements of the whole run.", None, MetricType::Gauge)?;
        self.planned.map_or(Ok(()), |cells| ConstGauge::new(cells as u64).encode(planned))?;
        let help = "Time that drawing for the live page took between measurements.";
        let drawing = out.encode_descriptor("live_drawing", help, Some(&Unit::Seconds), MetricType::Counter)?;
        self.drawing.map_or(Ok(()), |time| ConstCounter::new(time.as_secs_f64()).encode(drawing))?;
        let help = "Measurements that have ended, those that find the capacity included.";
        let cells = out.encode_descriptor("cells", help, None, MetricType::Counter)?;
        counters(cells, "outcome", &self.cells)
    }

    fn encode_traffic(&self, out: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let help = "Requests due in the windows of measurements that have ended, or at servers that are watched, by what \
                    became of them.";
        let requests = out.encode_descriptor("requests", help, None, MetricType::Counter)?;
        counters(requests, "outcome", &self.requests)?;
        let help = "From when a request was due to the last byte of its reply, at all offered loads together; \
                    a request without a reply counts as its timeout, and as nothing where servers are watched. \
                    Closed loops have none.";
        let unit = Some(&Unit::Seconds);
        let mut times = out.encode_descriptor("response_time", help, unit, MetricType::Histogram)?;
        for (labels, buckets) in &self.response_times {
            let (sum, count) = (buckets.sum_seconds(), buckets.count());
            let labels = labelled(labels, None);
            times.encode_family(&labels)?.encode_histogram::<NoLabelSet>(sum, count, &buckets.by_bound(), None)?;
        }
        Ok(())
    }

    fn encode_servers(&self, out: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let help = "Memory of the last server, when it was last looked at.";
        let unit = Some(&Unit::Bytes);
        let bytes = out.encode_descriptor("server_resident_memory", help, unit, MetricType::Gauge)?;
        gauges(bytes, &self.resident_bytes)?;
        let help = "Threads of the last server, when it was last looked at.";
        let threads = out.encode_descriptor("server_threads", help, None, MetricType::Gauge)?;
        gauges(threads, &self.threads)?;
        let help = "CPU time of servers that have ended, from start to end.";
        let cpu = out.encode_descriptor("server_cpu", help, Some(&Unit::Seconds), MetricType::Counter)?;
        counters(cpu, "mode", &self.cpu_seconds)?;
        let help = "Context switches of servers that have ended, all threads, from start to end.";
        let switches = out.encode_descriptor("server_context_switches", help, None, MetricType::Counter)?;
        counters(switches, "kind", &self.switches)
    }
}

impl Collector for MetricTotals {
    fn encode(&self, mut out: DescriptorEncoder<'_>) -> fmt::Result {
        self.encode_run(&mut out)?;
        self.encode_traffic(&mut out)?;
        self.encode_servers(&mut out)
    }
}

/// A sample per set of labels, the last label called `last`.
fn counters<N>(
    mut family: MetricEncoder<'_>,
    last: &'static str,
    counts: &BTreeMap<(CellLabels, &'static str), N>,
) -> fmt::Result
where
    N: Copy,
    ConstCounter<N>: EncodeMetric,
{
    for ((labels, kind), count) in counts {
        let labels = labelled(labels, Some((last, *kind)));
        ConstCounter::new(*count).encode(family.encode_family(&labels)?)?;
    }
    Ok(())
}

fn gauges(mut family: MetricEncoder<'_>, values: &BTreeMap<CellLabels, u64>) -> fmt::Result {
    for (labels, value) in values {
        ConstGauge::new(*value).encode(family.encode_family(&labelled(labels, None))?)?;
    }
    Ok(())
}

fn labelled<'a>(labels: &'a CellLabels, last: Option<(&'static str, &'a str)>) -> Vec<(&'static str, &'a str)> {
    let CellLabels { contender, experiment, workload } = labels;
    let own = [("contender", contender.as_str()), ("experiment", experiment), ("workload", workload)];
    own.into_iter().chain(last).collect()
}
