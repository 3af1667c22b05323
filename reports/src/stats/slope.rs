//! Least-squares slope with a Student-t interval: what one more connection costs.

use super::student::two_sided_t;

const CONFIDENCE: f64 = 0.95;

/// A fitted line.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Slope {
    /// y per x.
    pub value: f64,
    /// Half the width of the 95% interval; absent with two points, which leave nothing to judge the fit by.
    pub half_width: Option<f64>,
    /// y at x = 0.
    pub intercept: f64,
}

/// Fits a line through the points; absent with fewer than two different x.
pub fn fit(points: &[(f64, f64)]) -> Option<Slope> {
    let n = points.len() as f64;
    let mean_x = points.iter().map(|p| p.0).sum::<f64>() / n;
    let mean_y = points.iter().map(|p| p.1).sum::<f64>() / n;
    let sxx: f64 = points.iter().map(|p| (p.0 - mean_x).powi(2)).sum();
    if points.len() < 2 || sxx <= 0.0 {
        return None;
    }
    let sxy: f64 = points.iter().map(|p| (p.0 - mean_x) * (p.1 - mean_y)).sum();
    let value = sxy / sxx;
    let intercept = mean_y - value * mean_x;
    let squares: f64 = points.iter().map(|p| (p.1 - intercept - value * p.0).powi(2)).sum();
    let half_width = (points.len() > 2).then(|| {
        let freedom = n - 2.0;
        two_sided_t(freedom, CONFIDENCE) * (squares / freedom / sxx).sqrt()
    });
    Some(Slope { value, half_width, intercept })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_found_exactly() {
        let points: Vec<_> = [0.0, 100.0, 500.0, 1_000.0, 5_000.0].map(|x| (x, 2_000.0 + 27.5 * x)).into();
        let slope = fit(&points).unwrap();
        assert!((slope.value - 27.5).abs() < 1e-9 && (slope.intercept - 2_000.0).abs() < 1e-6);
        assert!(slope.half_width.unwrap() < 1e-9);
    }

    #[test]
    fn the_interval_is_that_of_the_textbook() {
        // x = 1..5, y = 2, 4, 5, 4, 5: slope 0.6, standard error 0.28284, t(3) = 3.18245.
        let slope = fit(&[(1.0, 2.0), (2.0, 4.0), (3.0, 5.0), (4.0, 4.0), (5.0, 5.0)]).unwrap();
        assert!((slope.value - 0.6).abs() < 1e-12);
        assert!((slope.half_width.unwrap() - 0.900_13).abs() < 1e-4, "{slope:?}");
    }

    #[test]
    fn too_little_to_fit_is_no_slope() {
        assert_eq!(fit(&[]), None);
        assert_eq!(fit(&[(1.0, 2.0), (1.0, 3.0)]), None);
        assert_eq!(fit(&[(0.0, 1.0), (2.0, 5.0)]).unwrap().half_width, None);
    }
}
