//! One number held against its truth.
//!
//! A disturbance of the machine is no excuse for just anything: it explains an error of a size and in a direction, and
//! whoever makes a figure says which. Must not know: how disturbances are seen.

use reports::format::Unit;
use serde::Serialize;

/// A number as a reader sees it, and as it is.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ShownValue {
    /// With its unit.
    pub text: String,
    /// In nanoseconds, bytes or counts; absent where the answer is no number.
    pub number: Option<f64>,
}

/// How a measured number stands to its truth. What is worse is greater.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
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
pub struct SelftestFigure {
    /// What was measured, `p99`.
    pub name: String,
    /// What it should be.
    pub truth: ShownValue,
    /// What it is.
    pub measured: ShownValue,
    /// How far the two may be apart.
    pub tolerance: String,
    /// How they stand to each other.
    pub fit: Fit,
    /// How far the measured number is beyond the tolerance, upwards positive; absent where one of the two was not to be
    /// had.
    #[serde(skip)]
    excess: Option<f64>,
}

impl SelftestFigure {
    /// A number that may be off by a share of the truth.
    pub(crate) fn within(
        name: &str,
        unit: Unit,
        truth: f64,
        measured: impl Into<Option<f64>>,
        share: f64,
    ) -> SelftestFigure {
        let tolerance = match share {
            0.0 => "exact".to_owned(),
            // Two digits of a percentage, without zeros at its end.
            share => format!("{}%", (share * 1e4).round() / 100.0),
        };
        figure(name, |number| unit.show(number), (truth, measured.into()), (Some(share * truth.abs()), tolerance))
    }

    /// A count without any tolerance.
    pub(crate) fn exact(name: &str, truth: u64, measured: u64) -> SelftestFigure {
        SelftestFigure::within(name, Unit::Count, truth as f64, measured as f64, 0.0)
    }

    /// A share from 0 to 1 that may be off by so many hundredths.
    pub(crate) fn share(name: &str, truth: f64, measured: impl Into<Option<f64>>, points: f64) -> SelftestFigure {
        let percent = |share: f64| format!("{:.1}%", share * 100.0);
        figure(name, percent, (truth, measured.into()), (Some(points / 100.0), format!("{points} points")))
    }

    /// A ratio whose truth must lie in its interval.
    pub(crate) fn interval(name: &str, truth: f64, measured: f64, interval: Option<(f64, f64)>) -> SelftestFigure {
        let reach = interval.map(|(lo, hi)| if measured < truth { hi - measured } else { measured - lo });
        let tolerance = interval.map_or_else(|| "none".to_owned(), |(lo, hi)| format!("{lo:.2} - {hi:.2}"));
        figure(name, |ratio| format!("{ratio:.3}"), (truth, Some(measured)), (reach, tolerance))
    }

    /// Something that is so or is not.
    pub(crate) fn said(name: &str, measured: bool, truth: bool) -> SelftestFigure {
        let word = |is_so: bool| if is_so { "yes" } else { "no" };
        SelftestFigure::holds(name, word(truth), word(measured), measured == truth)
    }

    /// A truth that is a sentence, and either holds or does not.
    pub(crate) fn holds(name: &str, truth: &str, measured: impl Into<String>, holds: bool) -> SelftestFigure {
        let said = |text: String| ShownValue { text, number: None };
        let (fit, excess) = if holds { (Fit::Right, 0.0) } else { (Fit::Wrong, f64::INFINITY) };
        let (truth, measured) = (said(truth.to_owned()), said(measured.into()));
        let tolerance = "must hold".to_owned();
        SelftestFigure { name: name.to_owned(), truth, measured, tolerance, fit, excess: Some(excess) }
    }

    /// What was seen of the machine explains that the number is too high by so much.
    pub(crate) fn or_higher_by(self, explained: f64) -> SelftestFigure {
        self.explained(|excess| excess.is_some_and(|excess| excess > 0.0 && excess <= explained))
    }

    /// What was seen of the machine explains that the number is too low by so much.
    pub(crate) fn or_lower_by(self, explained: f64) -> SelftestFigure {
        self.explained(|excess| excess.is_some_and(|excess| excess < 0.0 && -excess <= explained))
    }

    /// What was seen of the machine would explain anything, also that there is no number.
    pub(crate) fn or_anything_if(self, is_disturbed: bool) -> SelftestFigure {
        self.explained(|_| is_disturbed)
    }

    fn explained(self, explains: impl Fn(Option<f64>) -> bool) -> SelftestFigure {
        let fit = if self.fit == Fit::Wrong && explains(self.excess) { Fit::Disturbed } else { self.fit };
        SelftestFigure { fit, ..self }
    }
}

fn figure(
    name: &str,
    show: impl Fn(f64) -> String,
    (truth, measured): (f64, Option<f64>),
    (allowed, tolerance): (Option<f64>, String),
) -> SelftestFigure {
    let excess = measured.zip(allowed).map(|(measured, allowed)| beyond(measured - truth, allowed));
    // What is not a number is within no tolerance.
    let fit = if excess == Some(0.0) { Fit::Right } else { Fit::Wrong };
    let shown = |number: Option<f64>| ShownValue { text: number.map_or_else(|| "none".to_owned(), &show), number };
    let (truth, measured) = (shown(Some(truth)), shown(measured));
    SelftestFigure { name: name.to_owned(), truth, measured, tolerance, fit, excess }
}

fn beyond(off: f64, allowed: f64) -> f64 {
    if off.abs() <= allowed { 0.0 } else { off - allowed.copysign(off) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn p99(measured: impl Into<Option<f64>>) -> SelftestFigure {
        SelftestFigure::within("p99", Unit::Nanoseconds, 100e6, measured, 0.03)
    }

    #[test]
    fn the_edge_of_the_tolerance_is_right() {
        assert_eq!([97e6, 103e6].map(|measured| p99(measured).fit), [Fit::Right; 2]);
        assert_eq!([96.9e6, 103.1e6, f64::NAN].map(|measured| p99(measured).fit), [Fit::Wrong; 3]);
        assert_eq!(SelftestFigure::exact("ok", 10, 10).fit, Fit::Right);
        assert_eq!(SelftestFigure::exact("ok", 10, 9).fit, Fit::Wrong);
        assert_eq!(SelftestFigure::share("CPU", 0.3, 0.319, 2.0).fit, Fit::Right);
        assert_eq!(SelftestFigure::share("CPU", 0.3, 0.321, 2.0).fit, Fit::Wrong);
        assert_eq!(SelftestFigure::interval("ratio", 1.2, 1.1, Some((1.0, 1.21))).fit, Fit::Right);
        assert_eq!(SelftestFigure::interval("ratio", 1.2, 1.1, Some((1.0, 1.19))).fit, Fit::Wrong);
        assert_eq!(SelftestFigure::interval("ratio", 1.2, 1.3, Some((1.21, 1.4))).fit, Fit::Wrong);
        assert_eq!(SelftestFigure::interval("ratio", 1.2, 1.3, None).fit, Fit::Wrong);
    }

    #[test]
    fn an_excuse_has_a_size_and_a_direction() {
        assert_eq!(p99(110e6).or_higher_by(7e6).fit, Fit::Disturbed);
        assert_eq!(p99(110e6).or_higher_by(6e6).fit, Fit::Wrong);
        assert_eq!(p99(90e6).or_higher_by(50e6).fit, Fit::Wrong);
        assert_eq!(p99(90e6).or_lower_by(7e6).fit, Fit::Disturbed);
        assert_eq!(p99(100e6).or_anything_if(true).fit, Fit::Right, "nothing to excuse");
        assert_eq!(SelftestFigure::holds("sign", "higher", "lower", false).or_anything_if(true).fit, Fit::Disturbed);
        assert_eq!(SelftestFigure::holds("sign", "higher", "lower", false).or_higher_by(1.0).fit, Fit::Wrong);
    }

    #[test]
    fn a_number_that_was_not_to_be_had_is_not_too_high_or_too_low_by_any_size() {
        let ratio = |interval| SelftestFigure::interval("ratio", 1.2, 1.3, interval);
        for missing in [|| p99(None), || SelftestFigure::interval("ratio", 1.2, 1.3, None)] {
            assert_eq!([missing(), missing().or_higher_by(1e9), missing().or_lower_by(1e9)].map(fit), [Fit::Wrong; 3]);
            assert_eq!(missing().or_anything_if(true).fit, Fit::Disturbed);
        }
        assert_eq!(p99(None).measured, ShownValue { text: "none".to_owned(), number: None });
        assert_eq!([ratio(None).tolerance, ratio(Some((1.0, 1.4))).tolerance], ["none", "1.00 - 1.40"]);
    }

    fn fit(figure: SelftestFigure) -> Fit {
        figure.fit
    }
}
