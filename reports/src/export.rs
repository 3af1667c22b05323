//! A run for other tools: a table for a pull request, and the files of two services that keep figures over time.
//!
//! Must not know: files, command lines. Beside it: `summary/headlines.rs`, which has the figures.

mod bencher;
mod github_action_benchmark;
mod markdown;

pub use bencher::bencher;
pub use github_action_benchmark::github_action_benchmark;
pub use markdown::{MOST_ROWS, markdown};

use crate::summary::Headline;

/// What a figure is filed under. The load is not a part of it: it is chosen anew in every run, from what the contenders
/// can do, and stands beside the figure instead.
fn name(headline: &Headline) -> String {
    format!("{}/{}/{}", headline.experiment, headline.workload, headline.contender)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::format::Unit;

    fn figures() -> Vec<Headline> {
        let p99 = Headline {
            experiment: "latency-curve".into(),
            workload: "echo".into(),
            workload_label: "echo".into(),
            contender: "threaded".into(),
            metric: "response_time_p99".into(),
            label: "p99 response time".into(),
            unit: Unit::Nanoseconds,
            offered_load_rps: Some(3_300.0),
            value: 5.2e6,
            lo: Some(5.1e6),
            hi: None,
        };
        let memory = Headline {
            experiment: "memory".into(),
            workload: "held".into(),
            metric: "memory_per_connection".into(),
            label: "memory per idle connection".into(),
            unit: Unit::Bytes,
            offered_load_rps: None,
            value: 28_000.0,
            lo: Some(27_500.0),
            hi: Some(28_500.0),
            ..p99.clone()
        };
        vec![p99, memory]
    }

    #[test]
    fn bencher_has_a_measure_each_with_its_bounds() {
        let found: Value = serde_json::from_str(&bencher(&figures())).unwrap();
        let expected = json!({
            "latency-curve/echo/threaded": {
                "response-time-p99": { "value": 5.2e6, "lower_value": 5.1e6 },
                "offered-load": { "value": 3_300.0 },
            },
            "memory/held/threaded": {
                "memory-per-connection": { "value": 28_000.0, "lower_value": 27_500.0, "upper_value": 28_500.0 },
            },
        });
        assert_eq!(found, expected);
    }

    #[test]
    fn github_action_benchmark_has_a_figure_each_with_its_range() {
        let found: Value = serde_json::from_str(&github_action_benchmark(&figures(), "run x")).unwrap();
        let expected = json!([
            {
                "name": "latency-curve/echo/threaded: p99 response time", "unit": "ns", "value": 5.2e6,
                "range": "5100000 to beyond the timeout", "extra": "3,300/s offered\nrun x",
            },
            {
                "name": "memory/held/threaded: memory per idle connection", "unit": "bytes", "value": 28_000.0,
                "range": "27500 to 28500", "extra": "run x",
            },
        ]);
        assert_eq!(found, expected);
    }
}
