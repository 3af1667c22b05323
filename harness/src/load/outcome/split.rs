//! Where the time went, as it is saved: what was measured, and nothing for what a server does not say.
//!
//! Beside it: `../recorder/split.rs`, which noted it down.

use std::collections::BTreeMap;

use reports::record::{HistogramRecord, PartSums, TimeSplit};

use super::histogram;
use crate::load::recorder::{SplitTally, Sums};
use crate::load::tally::Tally;

/// Absent where no reply was split, as in closed loop.
pub(super) fn saved(split: &SplitTally) -> Option<TimeSplit> {
    (split.connection.count() > 0).then(|| TimeSplit {
        schedule_lag: measured(&split.schedule_lag),
        connection: measured(&split.connection),
        before_send: None,
        waiting: measured(&split.waiting),
        service: measured(&split.service),
        returning: measured(&split.returning),
        answering: measured(&split.answering),
        by_response_time: Some(by_response_time(split)),
    })
}

fn measured(tally: &Tally) -> Option<HistogramRecord> {
    (tally.count() > 0).then(|| histogram(tally))
}

/// Takes one part out of the sums of a bucket.
type SumOf = fn(&Sums) -> u64;

fn by_response_time(split: &SplitTally) -> PartSums {
    let sum_of: [(&str, &Tally, SumOf); 6] = [
        ("schedule_lag", &split.schedule_lag, |sums| sums.schedule_lag_ns),
        ("connection", &split.connection, |sums| sums.connection_ns),
        ("waiting", &split.waiting, |sums| sums.waiting_ns),
        ("service", &split.service, |sums| sums.service_ns),
        ("returning", &split.returning, |sums| sums.returning_ns),
        ("answering", &split.answering, |sums| sums.answering_ns),
    ];
    let known = sum_of.into_iter().filter(|(_, tally, _)| tally.count() > 0);
    let buckets = || split.by_response_time();
    let sums_ns = known.map(|(name, _, of)| (name.to_owned(), buckets().map(|(_, sums)| of(sums)).collect()));
    PartSums {
        least_ns: buckets().map(|(least_ns, _)| least_ns).collect(),
        replies: buckets().map(|(_, sums)| sums.replies).collect(),
        sums_ns: sums_ns.collect::<BTreeMap<_, _>>(),
    }
}
