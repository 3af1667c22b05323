//! A stretch of one load as cells of a run, so that a report can be made of it. Pure functions.
//!
//! Such cells say less than those of a comparison: the models ran side by side on the same CPUs, and each but the first load
//! met servers that had served another. Every cell says so. Beside it: `recording.rs`, which writes them.

use std::time::Duration;

use instruments::clock::nanoseconds;
use instruments::load::{LoadOutcome, LoadSpec};
use reports::format::{self, counted};
use reports::metrics::TIME_PARTS;
use reports::record::{
    Cell, ExperimentRecord, Load, Picture, PictureKind, PlacementKind, Sample, Scale, ServerUsage, Swept, Traffic,
    Warning, WorkloadRecord,
};

use super::clock;
use crate::live::Stretch;
use crate::run;

/// A load that went on for less is looked at and not saved.
const SHORTEST: Duration = Duration::from_secs(5);

/// The name of the experiment.
const WATCHED: &str = "watched";

/// The experiment, with no workload yet.
pub(super) fn experiment() -> ExperimentRecord {
    ExperimentRecord {
        name: WATCHED.to_owned(),
        title: "What was watched".to_owned(),
        claim: "None: this shows what happened.".to_owned(),
        claimed_in: "a session of harness watch".to_owned(),
        question: "What did each model do under the loads that were put on it?".to_owned(),
        look_at: "Each heading is one load that went on unchanged, in the order of the session.".to_owned(),
        conditions: vec![
            "The models ran side by side on the same CPUs, and slowed each other down.".to_owned(),
            "There is one repetition of everything, on servers that had served other loads before.".to_owned(),
        ],
        ..ExperimentRecord::default()
    }
}

/// Adds a stretch to the experiment, as its `number`-th workload.
pub(super) fn workload(experiment: &mut ExperimentRecord, stretch: &Stretch, number: u32) {
    let key = key(number);
    let begun = clock(stretch.begun_ns / 1_000_000);
    let asked = &stretch.asked;
    let rate = asked.rate_rps.map_or("closed loop".to_owned(), |rate| format!("{}/s", format::number(rate)));
    let label = format!("{}, {}, {rate}, from {begun}", asked.work, counted(asked.connections, "connection"));
    let description = "Connections are held, and requests take turns on them at random times.".to_owned();
    let picture = |id: &str, kind, metrics: &[&str], x, scale| Picture {
        id: format!("{key}-{id}"),
        kind,
        workload: Some(key.clone()),
        metrics: metrics.iter().map(|metric| (*metric).to_owned()).collect(),
        x,
        x_label: None,
        x_scale: scale,
        y_scale: scale,
    };
    experiment.pictures.push(picture(
        "percentiles",
        PictureKind::PercentileSpectrum,
        &["response_time"],
        Swept::Percentile,
        Scale::Log,
    ));
    let parts: Vec<&str> = TIME_PARTS.iter().map(|part| part.name).collect();
    experiment.pictures.push(picture("split", PictureKind::TimeSplit, &parts, Swept::OfferedLoadRps, Scale::Linear));
    experiment.workloads.push(WorkloadRecord { key: key.clone(), label, description, demand: None });
}

/// A cell for each model; none where the load was too short, or something else happened meanwhile.
pub(super) fn cells(stretch: &Stretch, number: u32, first_order: u32) -> Vec<Cell> {
    let Some(spec) = stretch.spec.as_ref().filter(|_| stretch.is_steady) else { return Vec::new() };
    let models = stretch.models.iter().zip(&stretch.samples);
    let long_enough = models.filter(|((_, outcome), _)| outcome.measured >= SHORTEST);
    let cell = |(place, ((contender, outcome), samples)): (u32, (&(String, LoadOutcome), &Vec<Sample>))| {
        let order = first_order + place;
        cell(stretch, spec, (contender, outcome), samples, (number, order))
    };
    (0..).zip(long_enough).map(cell).collect()
}

fn cell(
    stretch: &Stretch,
    spec: &LoadSpec,
    (contender, outcome): (&str, &LoadOutcome),
    samples: &[Sample],
    (number, order): (u32, u32),
) -> Cell {
    let window_ns = nanoseconds(outcome.measured);
    let load = Load { window_ns, ..spec.to_record() };
    let cell = Cell {
        id: format!("{WATCHED}.{}.{order}.{}", key(number), run::in_a_name(contender)),
        experiment: WATCHED.to_owned(),
        workload: key(number),
        contender: contender.to_owned(),
        order,
        elapsed_ns: load.warm_up_ns + window_ns,
        started_at_ns: stretch.begun_ns,
        traffic: Some(traffic(outcome, spec)),
        generator: Some(outcome.generator),
        server: ServerUsage {
            peak_threads: samples.iter().map(|sample| sample.threads).max(),
            ..ServerUsage::default()
        },
        samples: samples.to_vec(),
        ..Cell::new(load)
    };
    let warnings = std::iter::once(side_by_side()).chain(run::warnings(&cell, PlacementKind::Shared)).collect();
    Cell { warnings, ..cell }
}

/// Of the time that passed instead of the time that might have. Its intervals are parts of the latter, and mean nothing.
fn traffic(outcome: &LoadOutcome, spec: &LoadSpec) -> Traffic {
    let passed = outcome.measured.as_secs_f64() / spec.window.as_secs_f64();
    let traffic = outcome.traffic.clone();
    let mean_in_system = traffic.mean_in_system.map(|mean| mean / passed);
    Traffic { mean_in_system, intervals: Vec::new(), ..traffic }
}

fn side_by_side() -> Warning {
    Warning::MachineLimit {
        limit: "CPUs".to_owned(),
        consequence: "all models of a session ran side by side on the same ones, and this is one repetition".to_owned(),
        remedy: "to compare them, run harness compare".to_owned(),
    }
}

fn key(number: u32) -> String {
    format!("load-{}", number + 1)
}

#[cfg(test)]
mod tests {
    use hdrhistogram::Histogram;
    use reports::record::store::LONGEST_ID;
    use reports::record::{GeneratorUsage, HistogramRecord, Ledger, TimeSplit, Unobserved};
    use reports::study::Pool;

    use super::*;
    use crate::live::LiveLoad;
    use instruments::load::{ArrivalProcess, Shape, Work};

    fn histogram(value_ns: u64, count: u64) -> HistogramRecord {
        let mut histogram = Histogram::new(3).unwrap();
        histogram.record_n(value_ns, count).unwrap();
        HistogramRecord::from_histogram(&histogram, value_ns * count)
    }

    /// A thousand requests of 6 ms in `measured` of a minute.
    fn outcome(measured: Duration) -> LoadOutcome {
        let traffic = Traffic {
            ledger: Ledger { scheduled: 1_000, ok: 1_000, ..Ledger::default() },
            ok_within_window: 1_000,
            ok_in_all: 1_010,
            response_time: Some(histogram(6_000_000, 1_000)),
            schedule_lag: Some(histogram(1_000, 1_000)),
            // Six seconds of request time in a minute.
            mean_in_system: Some(0.1),
            ..Traffic::new(histogram(6_000_000, 1_000))
        };
        let nothing = LoadOutcome::join(&spec(), &[], 0).unwrap();
        let generator =
            GeneratorUsage { threads: 1, user_cpu_ns: 1, system_cpu_ns: 1, busiest_worker: 0.1, ..nothing.generator };
        LoadOutcome { measured, traffic, generator, ..nothing }
    }

    fn spec() -> LoadSpec {
        LoadSpec {
            shape: Shape::Connections { connections: 64 },
            work: Work::new("sleep", "5ms"),
            warm_up: Duration::from_millis(500),
            window: Duration::from_secs(60),
            ..LoadSpec::of_a_second(ArrivalProcess::Poisson { rate_rps: 100.0 })
        }
    }

    fn stretch(measured: Duration) -> Stretch {
        let asked =
            LiveLoad { connections: 64, rate_rps: Some(100.0), work: "sleep 5ms".into(), flood: 0, is_paused: false };
        let sample = Sample { at_ns: 5, threads: 66, ..Sample::default() };
        let models = ["threaded", "thread-pool:workers=4"].map(|label| (label.to_owned(), outcome(measured)));
        Stretch {
            asked,
            spec: Some(spec()),
            begun_ns: 65_000_000_000,
            is_steady: true,
            models: models.to_vec(),
            samples: vec![vec![sample]; 2],
            origin_ns: 0,
        }
    }

    #[test]
    fn a_steady_load_is_a_cell_of_each_model_and_a_workload() {
        let stretch = stretch(Duration::from_secs(10));
        let cells = cells(&stretch, 1, 7);
        let ids: Vec<&str> = cells.iter().map(|cell| cell.id.as_str()).collect();
        assert_eq!(ids, ["watched.load-2.7.threaded", "watched.load-2.8.thread-pool-workers-4"]);
        let cell = &cells[0];
        assert_eq!((cell.order, cell.load.window_ns, cell.server.peak_threads), (7, 10_000_000_000, Some(66)));
        // The same six seconds of request time, in the ten that passed: Little's law holds.
        assert!((cell.traffic.as_ref().unwrap().mean_in_system.unwrap() - 0.6).abs() < 1e-9);
        let [first, Warning::NotObserved { what: Unobserved::Machine, .. }] = &cell.warnings[..] else { panic!() };
        assert_eq!(*first, side_by_side());
        let mut experiment = experiment();
        workload(&mut experiment, &stretch, 1);
        assert_eq!(experiment.workloads[0].key, cell.workload);
        assert_eq!(experiment.workloads[0].label, "sleep 5ms, 64 connections, 100/s, from 1:05");
        assert!(experiment.pictures.iter().all(|picture| picture.workload.as_ref() == Some(&cell.workload)));
    }

    #[test]
    fn every_part_of_a_response_time_is_recorded_and_in_the_picture() {
        let part = || Some(histogram(1_000, 1_000));
        // Field by field, so that a part that is new has to be written here too.
        let split = TimeSplit {
            schedule_lag: part(),
            connection: part(),
            before_send: part(),
            waiting: part(),
            backend_queue: part(),
            service: part(),
            returning: part(),
            answering: part(),
            by_response_time: None,
        };
        let mut stretch = stretch(Duration::from_secs(10));
        stretch.models.iter_mut().for_each(|(_, outcome)| outcome.traffic.split = Some(split.clone()));
        let mut experiment = experiment();
        workload(&mut experiment, &stretch, 0);
        let is_split = |picture: &&Picture| picture.kind == PictureKind::TimeSplit;
        let shown = &experiment.pictures.iter().find(is_split).unwrap().metrics;
        for cell in &cells(&stretch, 0, 0) {
            let recorded = cell.traffic.as_ref().unwrap().split.as_ref().unwrap();
            let missing: Vec<&str> = recorded
                .parts()
                .map(|(name, _)| name)
                .filter(|name| !shown.iter().any(|shown| shown == name))
                .collect();
            assert_eq!((missing, recorded.parts().count()), (Vec::new(), TIME_PARTS.len()), "{shown:?}");
            let pool = Pool::of(vec![cell]);
            assert!(TIME_PARTS.iter().all(|part| part.mean_ns(&pool).is_some()), "{}", cell.id);
        }
    }

    #[test]
    fn a_label_of_any_length_makes_a_name_that_a_file_can_have() {
        let mut stretch = stretch(Duration::from_secs(10));
        stretch.models.iter_mut().for_each(|(label, _)| *label = "async-multi:backend-pool=64,".repeat(20));
        let ids: Vec<String> = cells(&stretch, 999, 9_999).into_iter().map(|cell| cell.id).collect();
        assert!(ids.iter().all(|id| id.len() <= LONGEST_ID) && ids[0] != ids[1], "{ids:?}");
    }

    #[test]
    fn what_is_short_or_disturbed_or_paused_is_no_result() {
        let long = Duration::from_secs(10);
        assert_eq!(cells(&stretch(Duration::from_millis(4_999)), 0, 0), []);
        assert_eq!(cells(&Stretch { is_steady: false, ..stretch(long) }, 0, 0), []);
        assert_eq!(cells(&Stretch { spec: None, ..stretch(long) }, 0, 0), []);
    }
}
