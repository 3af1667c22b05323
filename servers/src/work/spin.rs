//! Computation as an amount of work. A deadline would let a server that shares its CPU compute less, so
//! that all models looked the same under load; here each request costs every model the same CPU time.

use std::hint::black_box;
use std::time::{Duration, Instant};

/// Computes what an undisturbed CPU takes `duration` for, given its speed from [`calibrate_spin`].
pub(crate) fn spin(duration: Duration, iterations_per_us: u64) {
    mix(iterations(duration, iterations_per_us));
}

/// How many iterations of the spin work this machine does in a microsecond of undisturbed CPU.
///
/// Takes about 20 ms. The best of several short runs counts: being interrupted can only make a run look
/// slower, and one run in twenty without an interruption is enough. Calibrate once and hand the number to every
/// server, so that all of them do exactly the same work.
pub fn calibrate_spin() -> u64 {
    best_speed(|count| {
        let begin = Instant::now();
        mix(count);
        begin.elapsed()
    })
}

/// Iterations per microsecond, by what `run` says how long so many of them took.
fn best_speed(mut run: impl FnMut(u64) -> Duration) -> u64 {
    const RUNS: u32 = 20;
    const TARGET: Duration = Duration::from_millis(1);
    let per_us = |count: u64, elapsed: Duration| (u128::from(count) * 1_000 / elapsed.as_nanos().max(1)) as u64;
    let mut count = 1_000;
    let mut best = 1;
    for _ in 0..RUNS {
        best = best.max(per_us(count, run(count)));
        count = iterations(TARGET, best).max(1);
    }
    best
}

fn iterations(duration: Duration, iterations_per_us: u64) -> u64 {
    let exact = duration.as_nanos().saturating_mul(u128::from(iterations_per_us)) / 1_000;
    u64::try_from(exact).unwrap_or(u64::MAX)
}

/// The steps of the splitmix64 generator, each needing the result of the one before it, so that neither
/// the compiler nor the CPU can take a short cut.
fn mix(iterations: u64) {
    let mut state = black_box(0x9e37_79b9_7f4a_7c15_u64);
    for _ in 0..iterations {
        state = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    }
    black_box(state);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_amount_of_work_is_exact() {
        assert_eq!(iterations(Duration::from_millis(5), 700), 3_500_000);
        assert_eq!(iterations(Duration::from_nanos(1), 999), 0);
        assert_eq!(iterations(Duration::ZERO, 700), 0);
        assert_eq!(iterations(Duration::MAX, u64::MAX), u64::MAX);
    }

    #[test]
    fn one_undisturbed_run_is_enough_to_find_the_speed() {
        let (mut runs, mut longest) = (0, 0);
        let speed = best_speed(|count| {
            runs += 1;
            longest = longest.max(count);
            // 700 iterations take a microsecond, and ten where others use the CPU.
            let disturbed = if runs == 13 { 1 } else { 10 };
            Duration::from_nanos(count * 1_000 / 700) * disturbed
        });
        assert_eq!((speed, runs), (700, 20));
        assert!(longest <= 700_000, "a run of {longest} iterations takes more than a millisecond");
    }

    #[test]
    fn this_machine_has_a_speed() {
        assert!(calibrate_spin() > 1);
    }
}
