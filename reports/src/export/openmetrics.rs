//! All figures of a finished run as OpenMetrics text: gauges for a textfile collector, a push gateway, or a script.
//!
//! Base units, as monitoring wants them: seconds, bytes, ratios. Must not know: files. Beside it: `figures.rs`, which it writes.

use std::collections::BTreeMap;
use std::fmt;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric, text::encode};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::{Registry, Unit as Suffix};

use super::figures::{RunFigure, run_figures};
use crate::format::Unit;
use crate::machine::MachineIdentity;
use crate::record::store::Run;
use crate::study::groups;
use crate::summary::{self, ContenderFigure};

/// What every name begins with.
const PREFIX: &str = "harness";
const INTERVAL_LOW: &str = "lower end of the 95% interval";
const INTERVAL_HIGH: &str = "upper end of the 95% interval";

type Labels = Vec<(&'static str, String)>;

/// The figures of a run.
pub fn openmetrics(run: &Run) -> String {
    let mut registry = Registry::with_prefix(PREFIX);
    registry.register_collector(Box::new(Exposition::of(run)));
    let mut text = String::new();
    encode(&mut text, &registry).expect("a String takes everything, and there is no histogram");
    text
}

/// A gauge family: what it is called without prefix and unit, what it means, and its samples.
#[derive(Debug)]
struct Family {
    help: String,
    unit: Option<Suffix>,
    samples: Vec<(Labels, f64)>,
}

#[derive(Debug)]
struct Exposition {
    about: Labels,
    /// By name, which is also their order.
    families: BTreeMap<String, Family>,
}

impl Exposition {
    fn of(run: &Run) -> Exposition {
        let groups = groups(run);
        let mut exposition = Exposition { about: about(run), families: BTreeMap::new() };
        for figure in run_figures(&groups) {
            exposition.figure(&figure);
        }
        let validity = summary::of_groups(run, &groups).validity;
        let mut count = |name: &str, help: &str, cells: usize| exposition.add(name, help, None, (vec![], cells as f64));
        count("cells", "Cells of the measurement, probes left out", validity.cells);
        count("invalid_cells", "Of these, the ones that no figure is made of", validity.invalid_cells);
        exposition
    }

    /// A figure with the ends of its interval, where it has them.
    fn figure(&mut self, figure: &RunFigure) {
        let ContenderFigure { metric, label, unit, value, lo, hi, .. } = &figure.of;
        let (factor, suffix) = based(*unit);
        // The unit says it already.
        let name = metric.strip_suffix("_rps").unwrap_or(metric);
        let at = labels(figure);
        self.add(name, label, suffix.clone(), (at.clone(), value * factor));
        for (end, what, value) in [("_low", INTERVAL_LOW, lo), ("_high", INTERVAL_HIGH, hi)] {
            let Some(value) = value else { continue };
            let help = format!("{label}, {what}");
            self.add(&format!("{name}{end}"), &help, suffix.clone(), (at.clone(), value * factor));
        }
    }

    fn add(&mut self, name: &str, help: &str, unit: Option<Suffix>, sample: (Labels, f64)) {
        let family = self.families.entry(format!("run_{name}"));
        family.or_insert_with(|| Family { help: help.to_owned(), unit, samples: Vec::new() }).samples.push(sample);
    }
}

impl Collector for Exposition {
    fn encode(&self, mut out: DescriptorEncoder<'_>) -> fmt::Result {
        let mut about = out.encode_descriptor("run", "The run that these figures are of.", None, MetricType::Info)?;
        about.encode_info(&self.about)?;
        for (name, Family { help, unit, samples }) in &self.families {
            let help = format!("{}.", crate::format::capitalised(help));
            let mut family = out.encode_descriptor(name, &help, unit.as_ref(), MetricType::Gauge)?;
            for (labels, value) in samples {
                ConstGauge::new(*value).encode(family.encode_family(labels)?)?;
            }
        }
        Ok(())
    }
}

fn about(run: &Run) -> Labels {
    let manifest = &run.manifest;
    let known = [
        ("run", manifest.run.clone()),
        ("started_at", manifest.started_at.clone()),
        ("preset", manifest.preset.clone()),
        ("machine", MachineIdentity::of(manifest).label),
        ("harness_version", manifest.harness_version.clone()),
    ];
    known.into_iter().chain(manifest.commit.clone().map(|commit| ("commit", commit))).collect()
}

fn labels(RunFigure { of, variation }: &RunFigure) -> Labels {
    let known = [("contender", &of.contender), ("experiment", &of.experiment), ("workload", &of.workload)];
    let known = known.map(|(key, value)| (key, value.clone()));
    let at = [("load", of.offered_load_rps), ("variation", *variation)];
    let at = at.into_iter().filter_map(|(key, value)| Some((key, value?.to_string())));
    known.into_iter().chain(at).collect()
}

/// The base unit, and what a number is multiplied by to be in it.
fn based(unit: Unit) -> (f64, Option<Suffix>) {
    match unit {
        Unit::Nanoseconds => (1e-9, Some(Suffix::Seconds)),
        Unit::Bytes => (1.0, Some(Suffix::Bytes)),
        Unit::PerSecond => (1.0, Some(Suffix::Other("per_second".to_owned()))),
        Unit::Share => (1.0, Some(Suffix::Other("ratio".to_owned()))),
        Unit::Count => (1.0, None),
    }
}
