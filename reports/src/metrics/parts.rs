//! The parts that a response time can be taken into, since the generator and our servers note when they did what; and
//! the parts of the median beside those of the slowest hundredth: what a slow request waited for that a usual one did not.
//!
//! Of several cells the buckets are added up first. Must not know: contenders, charts. Beside it: `record/histogram.rs`,
//! where they are saved.

use std::collections::BTreeMap;

use super::reading::per;
use crate::record::{HistogramRecord, PartSums, TimeSplit};
use crate::stats::samples_needed;
use crate::study::Pool;

/// The parts of a response time in the order in which a request passes through them, with a name and what each is. No
/// record has them all: servers that send no timestamps have `answering` for the three before it, and earlier versions
/// `before_send` for the first two.
pub const TIME_PARTS: &[TimePart] = &[
    TimePart {
        name: "before_send",
        label: "before sending",
        meaning: "due, but not sent: connecting, being accepted, and earlier requests of the session",
        colour: 0,
    },
    TimePart {
        name: "schedule_lag",
        label: "schedule lag",
        meaning: "due, but the generator was late to take it up, which is no doing of the server",
        colour: 4,
    },
    TimePart {
        name: "connection",
        label: "waiting for a connection",
        meaning: "until a connection was established, or had answered its earlier requests",
        colour: 0,
    },
    TimePart {
        name: "waiting",
        label: "waiting to be read",
        meaning: "sent, but the server has not taken it up; on a new connection it may not have accepted it",
        colour: 1,
    },
    TimePart {
        name: "backend_queue",
        label: "waiting for a backend connection",
        meaning: "in the hands of the server, which has no connection to its backend free",
        colour: 5,
    },
    TimePart { name: "service", label: "service", meaning: "in the hands of the server", colour: 2 },
    TimePart { name: "returning", label: "returning", meaning: "replied, but not yet received", colour: 3 },
    TimePart {
        name: "answering",
        label: "waiting to be read, service and returning",
        meaning: "sent, and not yet answered, by a server that does not say when it did what",
        colour: 2,
    },
];

/// A part of the response time.
#[derive(Debug, PartialEq, Eq)]
pub struct TimePart {
    /// What pictures and records call it.
    pub name: &'static str,
    /// For the legend.
    pub label: &'static str,
    /// One phrase.
    pub meaning: &'static str,
    /// Number of its colour among the parts of a stack. Beyond those that have one it is drawn in ink.
    pub colour: usize,
}

impl TimePart {
    /// The mean over a pool in nanoseconds; absent where a cell lacks the part or nothing was answered.
    pub fn mean_ns(&self, pool: &Pool<'_>) -> Option<f64> {
        let sum = |of: fn(&HistogramRecord) -> u64| {
            pool.sum(|cell| cell.traffic.as_ref()?.split.as_ref()?.part(self.name).map(of))
        };
        per(sum(|part| part.sum_ns), sum(|part| part.count))
    }
}

/// How far the replies that stand for the median may be from it. With the width of a bucket it is less than the
/// twentieth by which their parts may miss the median when they are added up.
const AROUND: f64 = 0.03;

/// Correct replies that took about equally long, and how long each part of that took.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Band {
    /// How many they are.
    pub replies: u64,
    sums_ns: BTreeMap<String, f64>,
}

impl Band {
    /// Mean of a part in nanoseconds; absent where it is not known.
    pub fn mean_ns(&self, part: &TimePart) -> Option<f64> {
        self.sums_ns.get(part.name).map(|sum_ns| sum_ns / self.replies as f64)
    }

    /// Mean response time of these replies in nanoseconds: all parts together.
    pub fn response_time_ns(&self) -> f64 {
        self.sums_ns.values().sum::<f64>() / self.replies as f64
    }

    fn add<'a>(&mut self, replies: u64, sums_ns: impl IntoIterator<Item = (&'a String, f64)>) {
        self.replies = self.replies.saturating_add(replies);
        for (name, sum_ns) in sums_ns {
            *self.sums_ns.entry(name.clone()).or_default() += sum_ns;
        }
    }

    fn together<'a>(bands: impl IntoIterator<Item = &'a Band>) -> Band {
        bands.into_iter().fold(Band::default(), |mut all, band| {
            all.add(band.replies, band.sums_ns.iter().map(|(name, sum_ns)| (name, *sum_ns)));
            all
        })
    }
}

/// The usual and the slowest of some correct replies.
#[derive(Debug, Clone, PartialEq)]
pub struct Bands {
    /// Replies that took about as long as the median one.
    pub median: Band,
    /// The slowest hundredth, to a whole bucket; absent where too few replies carry a p99.
    pub slowest: Option<Band>,
}

impl Bands {
    /// Of all cells of a pool; absent where one of them does not say how its slow and its quick requests spent their
    /// time.
    pub fn of_pool(pool: &Pool<'_>) -> Option<Bands> {
        let splits = pool.cells.iter().map(|cell| cell.traffic.as_ref()?.split.as_ref());
        Bands::of(&splits.collect::<Option<Vec<&TimeSplit>>>()?)
    }

    /// Of all these replies; absent where there are none, or a record is of an earlier version.
    pub fn of(splits: &[&TimeSplit]) -> Option<Bands> {
        let sums: Vec<&PartSums> = splits.iter().map(|split| split.by_response_time.as_ref()).collect::<Option<_>>()?;
        let buckets = added_up(&sums);
        let total: u64 = buckets.iter().map(|bucket| bucket.replies).sum();
        let median_ns = buckets[at_rank(&buckets, total.div_ceil(2))?].response_time_ns();
        let is_near = |bucket: &&Band| (bucket.response_time_ns() - median_ns).abs() <= AROUND * median_ns;
        let median = Band::together(buckets.iter().filter(is_near));
        // The first of the slowest hundredth is the one after the p99.
        let first = at_rank(&buckets, total - total / 100 + 1).filter(|_| total >= samples_needed(0.99));
        let slowest = first.map(|first| Band::together(&buckets[first..]));
        Some(Bands { median, slowest })
    }
}

/// The buckets of several records together, in ascending order of the response time.
fn added_up(all: &[&PartSums]) -> Vec<Band> {
    let mut buckets = BTreeMap::<u64, Band>::new();
    for sums in all {
        for (index, (&least_ns, &replies)) in sums.least_ns.iter().zip(&sums.replies).enumerate() {
            let of_bucket = |part: &[u64]| part.get(index).copied().unwrap_or(0) as f64;
            let sums_ns = sums.sums_ns.iter().map(|(name, part)| (name, of_bucket(part)));
            buckets.entry(least_ns).or_default().add(replies, sums_ns);
        }
    }
    buckets.into_values().collect()
}

/// Where the reply of this rank is, the quickest being the first.
fn at_rank(buckets: &[Band], rank: u64) -> Option<usize> {
    let mut replies = 0;
    buckets.iter().position(|bucket| {
        replies += bucket.replies;
        replies >= rank
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::TIME_PARTS;

    /// Buckets with so many replies each, and what one reply of it spent waiting and in service.
    fn split(buckets: &[(u64, u64, u64)]) -> TimeSplit {
        let sums = |of: fn(&(u64, u64, u64)) -> u64| buckets.iter().map(|bucket| of(bucket) * bucket.0).collect();
        TimeSplit {
            by_response_time: Some(PartSums {
                least_ns: buckets.iter().map(|(_, waiting, service)| waiting + service).collect(),
                replies: buckets.iter().map(|bucket| bucket.0).collect(),
                sums_ns: BTreeMap::from([("waiting".into(), sums(|b| b.1)), ("service".into(), sums(|b| b.2))]),
            }),
            ..TimeSplit::default()
        }
    }

    fn mean(band: &Band, name: &str) -> Option<f64> {
        band.mean_ns(TIME_PARTS.iter().find(|part| part.name == name).unwrap())
    }

    #[test]
    fn the_slowest_waited_and_the_others_did_not() {
        // Of a thousand replies ten waited long; around the median are those of 100 and 102, and not those of 110.
        let split = split(&[(400, 0, 100), (400, 2, 100), (190, 10, 100), (10, 5_000, 100)]);
        let Bands { median, slowest } = Bands::of(&[&split]).unwrap();
        assert_eq!((median.replies, median.response_time_ns()), (800, 101.0));
        assert_eq!((mean(&median, "waiting"), mean(&median, "service")), (Some(1.0), Some(100.0)));
        assert_eq!(mean(&median, "returning"), None);
        let slowest = slowest.unwrap();
        assert_eq!((slowest.replies, slowest.response_time_ns()), (10, 5_100.0));
        assert_eq!(mean(&slowest, "waiting"), Some(5_000.0));
    }

    #[test]
    fn cells_are_added_up_and_not_their_means() {
        let (many, few) = (split(&[(900, 0, 100)]), split(&[(100, 0, 1_000)]));
        let bands = Bands::of(&[&many, &few]).unwrap();
        assert_eq!(bands.median.response_time_ns(), 100.0);
        assert_eq!(bands.slowest.unwrap().response_time_ns(), 1_000.0);
    }

    #[test]
    fn what_is_not_known_is_absent() {
        assert_eq!(Bands::of(&[]), None);
        assert_eq!(Bands::of(&[&split(&[])]), None);
        let old = TimeSplit { by_response_time: None, ..split(&[]) };
        assert_eq!(Bands::of(&[&split(&[(400, 0, 100)]), &old]), None);
        assert_eq!(Bands::of(&[&split(&[(367, 0, 100)])]).unwrap().slowest, None, "too few for a p99");
        assert!(Bands::of(&[&split(&[(368, 0, 100)])]).unwrap().slowest.is_some());
    }
}
