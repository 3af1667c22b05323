//! At which load of a sweep a claim is decided. The run chooses its loads by what its contenders can do, so that a claim can
//! but say whether it is about a quiet server or a busy one.
//!
//! A server that does not keep up has response times that say how long the load lasted, so only loads count with which all
//! have kept up that the claim is decided by. Beside it: `evidence.rs`.

use crate::format;
use crate::record::CommonLoad;
use crate::study::{Group, Series, Standing};

/// The load, in requests per second.
///
/// # Errors
/// Where there is none, in words.
pub(super) fn common_load(which: CommonLoad, group: &Group<'_>, deciding: &[&str]) -> Result<f64, String> {
    let series_of = |label: &&str| group.series_of(label).ok_or_else(|| format!("{label} was not run"));
    let series: Vec<&Series<'_>> = deciding.iter().map(series_of).collect::<Result<_, _>>()?;
    let keeps_up =
        |series: &&Series<'_>, load: f64| series.at(load).is_some_and(|point| point.standing == Standing::Sound);
    let mut common = group.loads().into_iter().filter(|load| series.iter().all(|series| keeps_up(series, *load)));
    let found = match which {
        CommonLoad::Lowest => common.next(),
        CommonLoad::Highest => common.next_back(),
    };
    found.ok_or_else(|| {
        let (names, label) = (format::list(deciding), &group.workload.label);
        format!("{names} kept up with no load of {label} in valid measurements together")
    })
}
