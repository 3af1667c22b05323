//! What one run is held against another by: the table of it, with the names that a gate knows.
//!
//! More is worse in all of them but throughput, which only says something where clients ask as fast as they are answered.

use crate::metrics::{Metric, metric};
use crate::verdict::PER_CONNECTION;

/// A figure that is compared.
#[derive(Debug)]
pub struct Compared {
    /// What a gate calls it, `p99`.
    pub name: &'static str,
    /// For a column.
    pub label: &'static str,
    /// Where it comes from.
    pub(super) figure: Figure,
    /// How cells are measured that have it.
    pub(super) of: &'static [Measured],
    /// Whether a server that does not keep up still has one that can be compared.
    pub(super) when_saturated: WhenSaturated,
}

/// Where a figure comes from.
#[derive(Debug)]
pub(super) enum Figure {
    /// An entry of the table of metrics.
    Metric(&'static str),
    /// Slope of all memory over the connections held.
    MemoryPerConnection,
}

/// How a cell is measured, on which depends what can be compared of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Measured {
    /// Nothing is done to the server, and requests are due by a schedule.
    Scheduled,
    /// Nothing is done to the server, and each reply is followed by the next request.
    ClosedLoop,
    /// Something is done to the server.
    Disturbed,
    /// Connections are held.
    Held,
}

/// What becomes of a figure when a queue grows as long as the load lasts.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum WhenSaturated {
    /// It says how long the load lasted.
    Meaningless,
    /// It stays what it is.
    Holds,
}

/// Everything that is compared, in the order of the rows.
pub const COMPARED: &[Compared] = &[
    timed("p50", "median response time", "response_time_p50", &[Measured::Scheduled]),
    timed("p99", "p99 response time", "response_time_p99", &[Measured::Scheduled]),
    Compared {
        name: "cpu-per-request",
        label: "CPU time per request",
        figure: Figure::Metric("cpu_per_request"),
        of: &[Measured::Scheduled, Measured::ClosedLoop],
        when_saturated: WhenSaturated::Holds,
    },
    Compared {
        name: "throughput",
        label: "throughput",
        figure: Figure::Metric("achieved_rps"),
        of: &[Measured::ClosedLoop],
        when_saturated: WhenSaturated::Holds,
    },
    Compared {
        name: "memory",
        label: PER_CONNECTION,
        figure: Figure::MemoryPerConnection,
        of: &[Measured::Held],
        when_saturated: WhenSaturated::Holds,
    },
    timed("probe-p50", "median response time of the probe", "probe_p50", &[Measured::Disturbed]),
    timed("probe-p99", "p99 response time of the probe", "probe_p99", &[Measured::Disturbed]),
];

const fn timed(name: &'static str, label: &'static str, metric: &'static str, of: &'static [Measured]) -> Compared {
    Compared { name, label, figure: Figure::Metric(metric), of, when_saturated: WhenSaturated::Meaningless }
}

impl Compared {
    /// Its entry in the table of metrics; absent for what is fitted over connections.
    pub(super) fn metric(&self) -> Option<&'static Metric> {
        match self.figure {
            Figure::Metric(name) => metric(name),
            Figure::MemoryPerConnection => None,
        }
    }

    /// The figures of a cell that is measured so.
    pub fn of(measured: Measured) -> impl Iterator<Item = &'static Compared> {
        COMPARED.iter().filter(move |compared| compared.of.contains(&measured))
    }

    /// The figure that a gate calls so.
    pub(super) fn named(name: &str) -> Option<&'static Compared> {
        COMPARED.iter().find(|compared| compared.name == name)
    }

    /// Blocks that a verdict on it takes.
    pub fn blocks_needed(&self) -> usize {
        const OF_A_FIT: usize = 10;
        self.metric().map_or(OF_A_FIT, |metric| metric.blocks_for_verdict)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_figure_is_in_the_table_of_metrics() {
        for compared in COMPARED {
            let fitted = matches!(compared.figure, Figure::MemoryPerConnection);
            assert_eq!(compared.metric().is_none(), fitted, "{}", compared.name);
        }
    }
}
