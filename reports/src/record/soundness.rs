//! What must hold in a record beyond the types of its fields, whoever wrote it: histograms that can be read, columns that
//! belong together, counts that add up to no more than can be counted, and no more of anything than a report can show.
//!
//! Must not know: files. Beside it: `shape.rs`, what holds for any JSON of a run; `versions.rs`, which asks both.

use super::error::RecordError;
use super::store::LONGEST_ID;
use super::{Cell, HistogramRecord, Ledger, Manifest, PredictionRecord, Timeline, Traffic};

/// Beyond this, counts are no longer exact as floating-point numbers.
const MOST_REQUESTS: u128 = 1 << 53;
/// Each against each is judged.
const MOST_CONTENDERS: usize = 128;
/// Several times those that there are.
const MOST_EXPERIMENTS: usize = 128;
/// Of all experiments; what somebody tries out in some hours before `watch` has five for each load.
const MOST_PICTURES: usize = 10_000;
/// Of an experiment; likewise.
const MOST_WORKLOADS: usize = 2_000;
/// A contender with all its options set has half of it.
const LONGEST_NAME: usize = 1_024;
/// More threads than a traced window can have that did anything.
const MOST_LANES: usize = 10_000;

/// More than one load may have, and the server's.
const MOST_HOSTS: usize = 1_001;

/// To one question; several times those that a lesson has.
const MOST_ANSWERS: usize = 32;

/// A record that can be held against what must hold.
pub(crate) trait Sound {
    /// # Errors
    /// What does not hold, the field first.
    fn check(&self) -> Result<(), String>;
}

impl Sound for Manifest {
    fn check(&self) -> Result<(), String> {
        let pictures = self.experiments.iter().map(|experiment| experiment.pictures.len()).sum();
        at_most("contenders", self.contenders.len(), MOST_CONTENDERS)?;
        at_most("experiments", self.experiments.len(), MOST_EXPERIMENTS)?;
        at_most("experiments: pictures", pictures, MOST_PICTURES)?;
        name("run", &self.run)?;
        at_most("hosts", self.hosts.len(), MOST_HOSTS)?;
        for host in &self.hosts {
            name("hosts: host", &host.host)?;
        }
        for contender in &self.contenders {
            name("contenders: label", &contender.label)?;
            if let Some(display) = &contender.display {
                name("contenders: display", &display.name)?;
                name("contenders: display", &display.short)?;
            }
        }
        for experiment in &self.experiments {
            at_most("experiments: workloads", experiment.workloads.len(), MOST_WORKLOADS)?;
            name("experiments: name", &experiment.name)?;
            for workload in &experiment.workloads {
                name("experiments: workloads: key", &workload.key)?;
                name("experiments: workloads: label", &workload.label)?;
            }
        }
        Ok(())
    }
}

impl Sound for Cell {
    fn check(&self) -> Result<(), String> {
        for (field, text) in
            [("experiment", &self.experiment), ("workload", &self.workload), ("contender", &self.contender)]
        {
            name(field, text)?;
        }
        at_most("workers", self.workers.len(), MOST_HOSTS)?;
        for worker in &self.workers {
            name("workers: host", &worker.host)?;
            if worker.ledger.as_ref().map_or(0, requests) > MOST_REQUESTS {
                return Err("workers: ledger: it counts more requests than any run has".to_owned());
            }
        }
        if let Some(traffic) = &self.traffic {
            check_traffic("traffic", traffic)?;
        }
        if let Some(traffic) = self.disturbance.as_ref().and_then(|disturbance| disturbance.traffic.as_ref()) {
            check_traffic("disturbance.traffic", traffic)?;
        }
        if let Some(backend) = &self.backend {
            check_histogram("backend.lag", &backend.lag)?;
        }
        check_name(&self.id).map_err(|error| format!("id: {error}"))
    }
}

impl Sound for Timeline {
    fn check(&self) -> Result<(), String> {
        name("contender", &self.contender)?;
        at_most("lanes", self.lanes.len(), MOST_LANES)
    }
}

impl Sound for PredictionRecord {
    fn check(&self) -> Result<(), String> {
        name("lesson", &self.lesson)?;
        at_most("answers", self.answers.len(), MOST_ANSWERS)?;
        let result = self.result.as_ref();
        let places = [
            ("chosen", Some(self.chosen)),
            ("result.right", result.and_then(|result| result.right)),
            ("result.points_to", result.and_then(|result| result.points_to)),
        ];
        for (field, place) in places {
            if place.is_some_and(|place| place >= self.answers.len()) {
                return Err(format!("{field}: there is no answer of this number"));
            }
        }
        Ok(())
    }
}

/// Whether a file can be called so.
pub(super) fn check_name(id: &str) -> Result<(), RecordError> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if id.is_empty() || id.len() > LONGEST_ID || id.starts_with('.') || !id.chars().all(allowed) {
        return Err(RecordError::Name(id.to_owned()));
    }
    Ok(())
}

fn check_traffic(field: &str, traffic: &Traffic) -> Result<(), String> {
    if requests(&traffic.ledger) > MOST_REQUESTS {
        return Err(format!("{field}.ledger: its ledger counts more requests than any run has"));
    }
    let sums = traffic.split.as_ref().and_then(|split| split.by_response_time.as_ref());
    if sums.is_some_and(|sums| !sums.is_whole()) {
        return Err(format!("{field}.split.by_response_time: its columns do not belong together"));
    }
    for (of, histogram) in histograms(traffic) {
        check_histogram(&format!("{field}.{of}"), histogram)?;
    }
    Ok(())
}

/// All counts of a ledger together, in a number that holds the sum of any.
fn requests(ledger: &Ledger) -> u128 {
    ledger.ends().iter().map(|(_, count)| u128::from(*count)).sum::<u128>() + u128::from(ledger.scheduled)
}

fn histograms(traffic: &Traffic) -> Vec<(String, &HistogramRecord)> {
    let mut found = vec![("service_time".to_owned(), &traffic.service_time)];
    let optional = [
        ("response_time", &traffic.response_time),
        ("schedule_lag", &traffic.schedule_lag),
        ("connect_time", &traffic.connect_time),
    ];
    found.extend(optional.into_iter().filter_map(|(of, record)| Some((of.to_owned(), record.as_ref()?))));
    if let Some(split) = &traffic.split {
        found.extend(split.parts().map(|(part, record)| (format!("split.{part}"), record)));
    }
    found
}

fn check_histogram(field: &str, histogram: &HistogramRecord) -> Result<(), String> {
    histogram.to_histogram().map(|_| ()).map_err(|error| format!("{field}: {error}"))
}

fn name(field: &str, text: &str) -> Result<(), String> {
    if text.len() > LONGEST_NAME {
        return Err(format!("{field}: a name of {} bytes, more than {LONGEST_NAME}", text.len()));
    }
    if text.contains(char::is_control) {
        return Err(format!("{field}: {text:?} has control characters, and a name has none"));
    }
    Ok(())
}

fn at_most(field: &str, found: usize, most: usize) -> Result<(), String> {
    if found > most { Err(format!("{field}: {found} of them, more than {most}")) } else { Ok(()) }
}
