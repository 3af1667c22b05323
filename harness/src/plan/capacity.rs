//! What each contender can do at most, as the probes found it, and the offered loads that follow.

use std::collections::BTreeMap;

use reports::format::two_digits;

/// Requests per second that each contender served in closed loop, per workload.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Capacities {
    rps: BTreeMap<(String, String), f64>,
    generator_rps: BTreeMap<String, f64>,
}

/// The greatest load offered, over the greatest capacity.
const PAST_SATURATION: f64 = 1.2;

/// So much less than the best is no chance, but a limit of the contender's own.
const FAR: f64 = 0.5;

/// How busy the generator may be planned to get, by what a request cost it in the probe. On schedule it finds fewer
/// replies waiting at a time than in closed loop, and a request costs it a third more; above 80% its cells are invalid.
const MOST_BUSY_PLANNED: f64 = 0.6;

impl Capacities {
    /// Notes a probe's finding. One that served nothing has no capacity and is left out.
    pub fn insert(&mut self, workload: &str, contender: &str, rps: f64) {
        if rps > 0.0 {
            self.rps.insert((workload.to_owned(), contender.to_owned()), rps);
        }
    }

    /// Notes what the generator itself could send of a workload: it was busy for this share of its CPU, 0 to 1, while
    /// it got `rps`. The best of all probes counts.
    pub fn insert_generator(&mut self, workload: &str, rps: f64, busy: f64) {
        if busy > 0.0 {
            let most = self.generator_rps.entry(workload.to_owned()).or_default();
            *most = most.max(rps / busy * MOST_BUSY_PLANNED);
        }
    }

    /// The load that the generator can offer, where that is less than it takes to saturate every contender.
    pub fn generator_bound(&self, workload: &str) -> Option<f64> {
        let greatest = self.of(workload).reduce(f64::max)?;
        self.generator_rps.get(workload).copied().filter(|most| *most < PAST_SATURATION * greatest)
    }

    /// What was found; absent where the probe failed.
    pub fn get(&self, workload: &str, contender: &str) -> Option<f64> {
        self.rps.get(&(workload.to_owned(), contender.to_owned())).copied()
    }

    /// What a contender can do of work whose limit is the CPUs: as much as the best of all, unless it is far from that. What
    /// keeps a probe from its CPUs makes it find too little, and never too much.
    pub fn alike(&self, workload: &str, contender: &str) -> Option<f64> {
        let own = self.get(workload, contender)?;
        self.of(workload).reduce(f64::max).filter(|greatest| own > FAR * greatest).or(Some(own))
    }

    /// Offered loads for a workload, the same for all contenders: `points` of them in equal ratios, from half the least
    /// capacity to a fifth past the greatest, at two digits. Where all capacities are within a factor of five, from a
    /// tenth of the greatest instead, so that a quiet server is seen too. None is beyond what the generator can offer.
    /// Empty where no probe found a capacity.
    pub fn offered_loads(&self, workload: &str, points: u32) -> Vec<f64> {
        let (least, greatest) = (self.of(workload).reduce(f64::min), self.of(workload).reduce(f64::max));
        let (Some(least), Some(greatest)) = (least, greatest) else { return Vec::new() };
        let high = self.generator_bound(workload).unwrap_or(PAST_SATURATION * greatest);
        let low = (0.5 * least).min(0.1 * greatest).min(0.5 * high);
        let last = f64::from(points.max(2) - 1);
        let point = |index| low * (high / low).powf(f64::from(index) / last);
        (0..points.max(2)).map(|index| two_digits(point(index))).collect()
    }

    fn of(&self, workload: &str) -> impl Iterator<Item = f64> {
        self.rps.iter().filter(move |((of, _), _)| of == workload).map(|(_, rps)| *rps)
    }

    /// Which of `loads`, which ascend, are worth running for a contender: those up to its capacity and one beyond, so
    /// that saturation shows once. All of them where its capacity is not known.
    pub fn worth_running<'a>(&self, workload: &str, contender: &str, loads: &'a [f64]) -> &'a [f64] {
        let Some(capacity) = self.get(workload, contender) else { return loads };
        let within = loads.iter().take_while(|load| **load <= 1.1 * capacity).count();
        &loads[..loads.len().min(within + 1)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn capacities() -> Capacities {
        let mut capacities = Capacities::default();
        for (contender, rps) in [("sequential", 195.0), ("thread-pool", 790.0), ("async-single", 21_300.0)] {
            capacities.insert("sleep", contender, rps);
        }
        capacities.insert("echo", "sequential", 30_000.0);
        capacities.insert("sleep", "broken", 0.0);
        capacities
    }

    #[test]
    fn loads_reach_from_well_below_the_least_to_past_the_greatest() {
        assert_eq!(capacities().offered_loads("sleep", 5), [98.0, 390.0, 1_600.0, 6_400.0, 26_000.0]);
        assert_eq!(capacities().offered_loads("echo", 2), [3_000.0, 36_000.0]);
        assert_eq!(capacities().offered_loads("spin", 5), [] as [f64; 0]);
    }

    #[test]
    fn loads_end_where_the_generator_would_be_too_busy() {
        let mut capacities = capacities();
        capacities.insert_generator("echo", 15_000.0, 0.36);
        assert!((capacities.generator_bound("echo").unwrap() - 25_000.0).abs() < 1e-6);
        assert_eq!(capacities.offered_loads("echo", 2), [3_000.0, 25_000.0]);
        capacities.insert_generator("echo", 30_000.0, 0.5);
        assert_eq!(capacities.generator_bound("echo"), None);
        assert_eq!(capacities.offered_loads("echo", 2), [3_000.0, 36_000.0]);
        assert_eq!(capacities.generator_bound("sleep"), None);
    }

    #[test]
    fn a_contender_is_run_up_to_one_load_beyond_its_capacity() {
        let capacities = capacities();
        let loads = capacities.offered_loads("sleep", 5);
        assert_eq!(capacities.worth_running("sleep", "sequential", &loads), [98.0, 390.0]);
        assert_eq!(capacities.worth_running("sleep", "thread-pool", &loads), [98.0, 390.0, 1_600.0]);
        assert_eq!(capacities.worth_running("sleep", "async-single", &loads).len(), 5);
        assert_eq!(capacities.worth_running("sleep", "broken", &loads).len(), 5);
    }

    #[test]
    fn a_probe_that_found_a_little_less_was_held_up() {
        let mut capacities = Capacities::default();
        for (contender, rps) in [("threaded", 480.0), ("async-multi", 300.0), ("limited", 120.0)] {
            capacities.insert("spin", contender, rps);
        }
        let of = |contender| capacities.alike("spin", contender);
        assert_eq!((of("threaded"), of("async-multi")), (Some(480.0), Some(480.0)));
        assert_eq!((of("limited"), of("broken")), (Some(120.0), None));
    }
}
