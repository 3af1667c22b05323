//! A share with its interval, from counts.
//!
//! As with a percentile, the interval speaks of the requests of these runs only. Source: Wilson 1927, which holds near
//! 0 and 1 too, where a share times its own spread says nothing.

/// Two-sided 95% of the normal distribution.
const Z: f64 = 1.959_964;

/// The share of `hits` among `total` with its 95% interval; absent where there is nothing to take a share of.
pub fn proportion(hits: u64, total: u64) -> Option<(f64, (f64, f64))> {
    if total == 0 {
        return None;
    }
    let n = total as f64;
    let share = hits.min(total) as f64 / n;
    let scale = 1.0 + Z * Z / n;
    let middle = (share + Z * Z / (2.0 * n)) / scale;
    let half = Z * (share * (1.0 - share) / n + Z * Z / (4.0 * n * n)).sqrt() / scale;
    // At the ends the interval reaches the share itself; rounding must not leave it a hair outside.
    Some((share, ((middle - half).clamp(0.0, share), (middle + half).clamp(share, 1.0))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_interval_is_that_of_the_textbook() {
        // 81 of 263: 0.2553 to 0.3662 (Newcombe 1998, method 3).
        let (share, (lo, hi)) = proportion(81, 263).unwrap();
        assert!((share - 0.307_98).abs() < 1e-5 && (lo - 0.2553).abs() < 1e-4 && (hi - 0.3662).abs() < 1e-4);
    }

    #[test]
    fn all_and_none_are_not_certain() {
        let (none, (lo, hi)) = proportion(0, 20).unwrap();
        assert!(none == 0.0 && lo == 0.0 && (hi - 0.1611).abs() < 1e-4, "{hi}");
        let (all, (lo, hi)) = proportion(20, 20).unwrap();
        assert!(all == 1.0 && (lo - 0.8389).abs() < 1e-4 && hi == 1.0, "{lo}");
        assert_eq!(proportion(0, 0), None);
    }
}
