//! Student's t, for intervals and tests of a mean of few values. The distribution itself is statrs'.

use statrs::distribution::{ContinuousCDF, StudentsT};

/// How many standard errors to either side a two-sided interval of this confidence (0 to 1) reaches.
pub(super) fn two_sided_t(freedom: f64, confidence: f64) -> f64 {
    of(freedom).inverse_cdf(0.5 + confidence / 2.0)
}

/// How likely it is that a mean which is zero is seen at least so many standard errors away, on either side.
pub(super) fn two_sided_p(t: f64, freedom: f64) -> f64 {
    (2.0 * of(freedom).sf(t.abs())).min(1.0)
}

fn of(freedom: f64) -> StudentsT {
    StudentsT::new(0.0, 1.0, freedom).expect("freedom is positive")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_those_of_the_table() {
        assert!((two_sided_t(9.0, 0.95) - 2.262_157).abs() < 1e-5);
        assert!((two_sided_t(9.0, 0.90) - 1.833_113).abs() < 1e-5);
        assert!((two_sided_p(2.262_157, 9.0) - 0.05).abs() < 1e-5);
        assert!((two_sided_p(-3.249_836, 9.0) - 0.01).abs() < 1e-5);
        assert!(two_sided_p(f64::INFINITY, 9.0) == 0.0 && two_sided_p(0.0, 9.0) == 1.0);
    }
}
