//! All figures of a finished run as CSV: a line each, so that every number of a column that has the same `figure` has the same
//! unit, and tables of several runs can be put one below the other.
//!
//! Beside it: `figures.rs`, which it writes.

use super::figures::{RunFigure, run_figures};
use super::unit;
use crate::plain::csv_field;
use crate::record::store::Run;
use crate::study::groups;

const HEADER: &str = "run,experiment,workload,contender,load_rps,variation,figure,unit,value,low,high\n";

/// The figures of a run under a header. `low` and `high` are the ends of 95% intervals; what there is none of is empty.
pub fn csv(run: &Run) -> String {
    let figures = run_figures(&groups(run));
    HEADER.to_owned() + &figures.iter().map(|figure| line(&run.manifest.run, figure)).collect::<String>()
}

fn line(run: &str, figure: &RunFigure) -> String {
    let number = |value: Option<f64>| value.map_or_else(String::new, |value| value.to_string());
    let known = |text: &Option<String>| text.clone().unwrap_or_default();
    let of = &figure.of;
    let names = [run, &of.experiment, &of.workload, &of.contender].map(csv_field);
    let figures = [
        known(&of.load),
        known(&of.variation),
        figure.name.clone(),
        unit(figure.unit).to_owned(),
        number(Some(figure.value)),
        number(figure.low),
        number(figure.high),
    ];
    format!("{},{}\n", names.join(","), figures.join(","))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::export::figures::FigurePlace;
    use crate::format::Unit;

    #[test]
    fn a_figure_is_a_line_and_no_name_is_a_formula() {
        let figure = RunFigure {
            of: FigurePlace {
                contender: "=cmd|a,b".into(),
                experiment: "latency-curve".into(),
                workload: "echo".into(),
                load: Some("500".into()),
                variation: None,
            },
            name: "response_time_p99".into(),
            label: "p99".into(),
            unit: Unit::Nanoseconds,
            value: 1_250_000.5,
            low: Some(1e6),
            high: None,
        };
        assert_eq!(
            line("one", &figure),
            "one,latency-curve,echo,\"'=cmd|a,b\",500,,response_time_p99,ns,1250000.5,1000000,\n"
        );
        assert_eq!(HEADER.matches(',').count(), 10);
    }
}
