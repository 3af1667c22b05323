//! One point of this run, read aloud: the example with which the report teaches its words.
//!
//! Must not know: HTML.

use crate::format::{Unit, count, share};
use crate::metrics::{Reading, metric};
use crate::study::{Group, Standing};

/// Sentences on one sound point with the greatest distance between response and service time, so that the
/// difference between the two can be seen; absent where no point is sound.
pub(super) fn read_aloud(groups: &[Group<'_>]) -> Option<String> {
    let response = metric("response_time_p99")?;
    let service = metric("service_time_p99")?;
    let mut best: Option<(f64, String)> = None;
    for group in groups {
        for series in &group.series {
            for point in series.points.iter().filter(|point| point.standing == Standing::Sound) {
                let readings = (response.of_pool(&point.pool), service.of_pool(&point.pool));
                let (Reading::Measured(response, _), Reading::Measured(service, _)) = readings else { continue };
                if best.as_ref().is_some_and(|(distance, _)| *distance >= response / service) {
                    continue;
                }
                let (scheduled, ok) = point.pool.scheduled_and_ok()?;
                let sentence = format!(
                    "At {} of {}, {} had {} requests scheduled and answered {} of them in time ({}). 99 of 100 \
                     were answered within {} of the moment at which they were due: that is the p99 of the response \
                     time. Counted only from the moment at which they were sent it was {}: that is the service time, \
                     and it leaves out what had to wait before.",
                    Unit::PerSecond.show(point.offered_load_rps),
                    group.workload.label,
                    series.contender.label,
                    count(scheduled),
                    count(ok),
                    share(ok as f64 / scheduled.max(1) as f64),
                    Unit::Nanoseconds.show(response),
                    Unit::Nanoseconds.show(service),
                );
                best = Some((response / service, sentence));
            }
        }
    }
    best.map(|(_, sentence)| sentence)
}
