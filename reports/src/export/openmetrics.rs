//! All figures of a finished run as OpenMetrics text: gauges for a textfile collector, a push gateway, or a script.
//!
//! Base units, as monitoring wants them: seconds, bytes, ratios. What was not measured, or is not valid, has no sample; the
//! response times of a server that did not keep up say how long the load lasted, and have none either. Must not know:
//! files. Beside it: `../metrics/table.rs`, whose names these are; `../summary/headlines.rs`, for what has no load.

use std::collections::BTreeMap;
use std::fmt;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric, text::encode};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::{Registry, Unit as Suffix};

use crate::format::Unit;
use crate::machine::MachineIdentity;
use crate::metrics::{METRICS, Metric, Of};
use crate::record::store::Run;
use crate::study::{Group, Pool, Series, Standing, groups};
use crate::summary::{self, headlines};

/// What every name begins with.
const PREFIX: &str = "harness";
const INTERVAL_LOW: &str = "lower end of the 95% interval";
const INTERVAL_HIGH: &str = "upper end of the 95% interval";
const KEPT_UP: &str = "1 where the contender kept up with the offered load, 0 where it did not";

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
        for group in &groups {
            for series in &group.series {
                exposition.series(group, series);
            }
        }
        let of_pools = |name: &str| METRICS.iter().any(|metric| metric.name == name && is_of_pools(metric));
        for figure in headlines(&groups).iter().filter(|figure| !of_pools(&figure.metric)) {
            let labels = labels(&figure.experiment, &figure.workload, &figure.contender);
            exposition.figure(
                (&figure.metric, &figure.label, figure.unit),
                &labels,
                figure.value,
                figure.lo,
                figure.hi,
            );
        }
        let validity = summary::of_groups(run, &groups).validity;
        let mut count = |name: &str, help: &str, cells: usize| exposition.add(name, help, None, (vec![], cells as f64));
        count("cells", "Cells of the measurement, probes left out", validity.cells);
        count("invalid_cells", "Of these, the ones that no figure is made of", validity.invalid_cells);
        exposition
    }

    /// What was measured at each load, and at each value of what an experiment sweeps.
    fn series(&mut self, group: &Group<'_>, series: &Series<'_>) {
        let own = || labels(&group.experiment.name, &group.workload.key, &series.contender.label);
        for point in series.points.iter().filter(|point| point.standing != Standing::Invalid) {
            let at = [own(), vec![("load", point.offered_load_rps.to_string())]].concat();
            let has_kept_up = point.standing == Standing::Sound;
            self.add("kept_up", KEPT_UP, None, (at.clone(), f64::from(u8::from(has_kept_up))));
            self.pool(&point.pool, &at, has_kept_up);
        }
        for trial in series.trials.iter().filter(|trial| trial.standing != Standing::Invalid) {
            let at = trial.variation.map(|value| ("variation", value.to_string()));
            self.pool(&trial.pool, &own().into_iter().chain(at).collect(), trial.standing == Standing::Sound);
        }
    }

    fn pool(&mut self, pool: &Pool<'_>, at: &Labels, has_kept_up: bool) {
        let told = METRICS.iter().filter(|metric| has_kept_up || !matches!(metric.of, Of::ResponseTime(_)));
        for metric in told {
            let reading = metric.of_pool(pool);
            let Some(value) = reading.value() else { continue };
            let interval = reading.certainty().interval();
            let (low, high) = (interval.map(|(low, _)| low), interval.and_then(|(_, high)| high));
            self.figure((metric.name, metric.label, metric.unit), at, value, low, high);
        }
    }

    /// A figure with the ends of its interval, where it has them.
    fn figure(&mut self, metric: (&str, &str, Unit), at: &Labels, value: f64, low: Option<f64>, high: Option<f64>) {
        let (name, label, unit) = metric;
        let (factor, suffix) = based(unit);
        // The unit says it already.
        let name = name.strip_suffix("_rps").unwrap_or(name);
        let ends = [("_low", INTERVAL_LOW, low), ("_high", INTERVAL_HIGH, high)];
        self.add(name, label, suffix.clone(), (at.clone(), value * factor));
        for (end, what, value) in ends.into_iter().filter_map(|(end, what, value)| Some((end, what, value?))) {
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

fn labels(experiment: &str, workload: &str, contender: &str) -> Labels {
    [("contender", contender), ("experiment", experiment), ("workload", workload)]
        .map(|(key, value)| (key, value.to_owned()))
        .to_vec()
}

/// Whether it is read from cells under load.
fn is_of_pools(metric: &Metric) -> bool {
    matches!(metric.of, Of::Load(_) | Of::ResponseTime(_))
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
