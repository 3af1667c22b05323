//! One number held against its truth.
//!
//! A disturbance of the machine is no excuse for just anything: it explains an error of a size and in a direction, and
//! whoever makes a figure says which. Must not know: how disturbances are seen.

use reports::format::Unit;
use serde::Serialize;

/// A number as a reader sees it, and as it is.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Shown {
    /// With its unit.
    pub text: String,
    /// In nanoseconds, bytes or counts; absent where the answer is no number.
    pub number: Option<f64>,
}

/// How a measured number stands to its truth.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fit {
    /// Within the tolerance.
    Right,
    /// Beyond it, and what disturbed the machine explains it.
    Disturbed,
    /// Beyond it, and nothing explains it.
    Wrong,
}

/// A measured number and its truth.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Figure {
    /// What was measured, `p99`.
    pub name: String,
    /// What it should be.
    pub truth: Shown,
    /// What it is.
    pub measured: Shown,
    /// How far the two may be apart.
    pub tolerance: String,
    /// How they stand to each other.
    pub fit: Fit,
    /// How far the measured number is beyond the tolerance, upwards positive.
    #[serde(skip)]
    excess: f64,
}

impl Figure {
    /// A number that may be off by a share of the truth.
    pub(crate) fn within(name: &str, unit: Unit, truth: f64, measured: f64, share: f64) -> Figure {
        let tolerance = match share {
            0.0 => "exact".to_owned(),
            // Two digits of a percentage, without zeros at its end.
            share => format!("{}%", (share * 1e4).round() / 100.0),
        };
        figure(name, |number| unit.show(number), (truth, measured), (share * truth.abs(), tolerance))
    }

    /// A count without any tolerance.
    pub(crate) fn exact(name: &str, truth: u64, measured: u64) -> Figure {
        Figure::within(name, Unit::Count, truth as f64, measured as f64, 0.0)
    }

    /// A share from 0 to 1 that may be off by so many hundredths.
    pub(crate) fn share(name: &str, truth: f64, measured: f64, points: f64) -> Figure {
        let percent = |share: f64| format!("{:.1}%", share * 100.0);
        figure(name, percent, (truth, measured), (points / 100.0, format!("{points} points")))
    }

    /// A ratio whose truth must lie in its interval.
    pub(crate) fn interval(name: &str, truth: f64, measured: f64, interval: Option<(f64, f64)>) -> Figure {
        let (lo, hi) = interval.unwrap_or((f64::NAN, f64::NAN));
        let reach = if measured < truth { hi - measured } else { measured - lo };
        figure(name, |ratio| format!("{ratio:.3}"), (truth, measured), (reach, format!("{lo:.2} - {hi:.2}")))
    }

    /// Something that is so or is not.
    pub(crate) fn said(name: &str, measured: bool, truth: bool) -> Figure {
        let word = |is_so: bool| if is_so { "yes" } else { "no" };
        Figure::holds(name, word(truth), word(measured), measured == truth)
    }

    /// A truth that is a sentence, and either holds or does not.
    pub(crate) fn holds(name: &str, truth: &str, measured: impl Into<String>, holds: bool) -> Figure {
        let said = |text: String| Shown { text, number: None };
        let (fit, excess) = if holds { (Fit::Right, 0.0) } else { (Fit::Wrong, f64::INFINITY) };
        let (truth, measured) = (said(truth.to_owned()), said(measured.into()));
        Figure { name: name.to_owned(), truth, measured, tolerance: "must hold".to_owned(), fit, excess }
    }

    /// What was seen of the machine explains that the number is too high by so much.
    pub(crate) fn or_higher_by(self, explained: f64) -> Figure {
        self.explained(|excess| excess > 0.0 && excess <= explained)
    }

    /// What was seen of the machine explains that the number is too low by so much.
    pub(crate) fn or_lower_by(self, explained: f64) -> Figure {
        self.explained(|excess| excess < 0.0 && -excess <= explained)
    }

    /// What was seen of the machine would explain anything.
    pub(crate) fn or_anything_if(self, is_disturbed: bool) -> Figure {
        self.explained(|_| is_disturbed)
    }

    fn explained(self, explains: impl Fn(f64) -> bool) -> Figure {
        let fit = if self.fit == Fit::Wrong && explains(self.excess) { Fit::Disturbed } else { self.fit };
        Figure { fit, ..self }
    }
}

fn figure(
    name: &str,
    show: impl Fn(f64) -> String,
    (truth, measured): (f64, f64),
    (allowed, tolerance): (f64, String),
) -> Figure {
    let off = measured - truth;
    let excess = if off.abs() <= allowed { 0.0 } else { off - allowed.copysign(off) };
    // What is not a number is within no tolerance.
    let fit = if excess == 0.0 { Fit::Right } else { Fit::Wrong };
    let shown = |number: f64| Shown { text: show(number), number: Some(number) };
    Figure { name: name.to_owned(), truth: shown(truth), measured: shown(measured), tolerance, fit, excess }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn p99(measured: f64) -> Figure {
        Figure::within("p99", Unit::Nanoseconds, 100e6, measured, 0.03)
    }

    #[test]
    fn the_edge_of_the_tolerance_is_right() {
        assert_eq!([97e6, 103e6].map(|measured| p99(measured).fit), [Fit::Right; 2]);
        assert_eq!([96.9e6, 103.1e6, f64::NAN].map(|measured| p99(measured).fit), [Fit::Wrong; 3]);
        assert_eq!(Figure::exact("ok", 10, 10).fit, Fit::Right);
        assert_eq!(Figure::exact("ok", 10, 9).fit, Fit::Wrong);
        assert_eq!(Figure::share("CPU", 0.3, 0.319, 2.0).fit, Fit::Right);
        assert_eq!(Figure::share("CPU", 0.3, 0.321, 2.0).fit, Fit::Wrong);
        assert_eq!(Figure::interval("ratio", 1.2, 1.1, Some((1.0, 1.21))).fit, Fit::Right);
        assert_eq!(Figure::interval("ratio", 1.2, 1.1, Some((1.0, 1.19))).fit, Fit::Wrong);
        assert_eq!(Figure::interval("ratio", 1.2, 1.3, Some((1.21, 1.4))).fit, Fit::Wrong);
        assert_eq!(Figure::interval("ratio", 1.2, 1.3, None).fit, Fit::Wrong);
    }

    #[test]
    fn an_excuse_has_a_size_and_a_direction() {
        assert_eq!(p99(110e6).or_higher_by(7e6).fit, Fit::Disturbed);
        assert_eq!(p99(110e6).or_higher_by(6e6).fit, Fit::Wrong);
        assert_eq!(p99(90e6).or_higher_by(50e6).fit, Fit::Wrong);
        assert_eq!(p99(90e6).or_lower_by(7e6).fit, Fit::Disturbed);
        assert_eq!(p99(100e6).or_anything_if(true).fit, Fit::Right, "nothing to excuse");
        assert_eq!(Figure::holds("sign", "higher", "lower", false).or_anything_if(true).fit, Fit::Disturbed);
        assert_eq!(Figure::holds("sign", "higher", "lower", false).or_higher_by(1.0).fit, Fit::Wrong);
    }
}
