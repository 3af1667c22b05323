//! Colours, how a value becomes a character, and several values a bar.

use ratatui::style::{Color, Style};

/// Whether there are colours. Nothing is said by colour alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::cli::watch) enum Colours {
    Many,
    None,
}

impl Colours {
    pub(super) fn of(self, colour: Color) -> Style {
        match self {
            Colours::Many => Style::new().fg(colour),
            Colours::None => Style::new(),
        }
    }

    pub(super) fn faint(self) -> Style {
        self.of(Color::DarkGray)
    }
}

/// An eighth more from one to the next; a blank is nothing at all.
const LEVELS: [char; 9] = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// The least and the greatest of some values, between which bars are drawn on a logarithmic scale.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct BarScale {
    pub(super) least: u64,
    pub(super) greatest: u64,
}

impl BarScale {
    /// Nothing where there is no value.
    pub(super) fn of(values: impl Iterator<Item = u64>) -> Option<BarScale> {
        values.fold(None, |spread: Option<BarScale>, value| {
            let BarScale { least, greatest } = spread.unwrap_or(BarScale { least: value, greatest: value });
            Some(BarScale { least: least.min(value), greatest: greatest.max(value) })
        })
    }

    /// The bar of a value; values that differ by less than half all look alike.
    pub(super) fn sign(&self, value: u64) -> char {
        let [least, value, greatest] = [self.least, value, self.greatest].map(|value| (value.max(1) as f64).ln());
        let span = (greatest - least).max(0.5_f64);
        let level = 1 + ((value - least).max(0.0) / span * 7.0).round() as usize;
        LEVELS[level.min(8)]
    }
}

/// The bar of a share from 0 to 1. Small shares are told apart, and what did anything at all is seen to have done so.
pub(super) fn of_share(share: f64, has_done_anything: bool) -> char {
    let level = (share.clamp(0.0, 1.0).sqrt() * 8.0).ceil() as usize;
    LEVELS[level.max(usize::from(has_done_anything)).min(8)]
}

/// A bar of `width` characters for `most`, in which each part has its own. What is there at all has one at least, as long as
/// there is room.
pub(super) fn stacked(parts: &[(u64, char)], most: u64, width: usize) -> String {
    let total: u64 = parts.iter().map(|(value, _)| value).sum();
    let length = |value: u64| (value as f64 / most.max(1) as f64 * width as f64).round() as usize;
    let whole = length(total).clamp(usize::from(total > 0), width);
    let mut bar = String::new();
    // The small parts first, or the greatest would leave them no room.
    let small: usize = parts.iter().skip(1).map(|(value, _)| length(*value).max(usize::from(*value > 0))).sum();
    for (place, (value, sign)) in parts.iter().enumerate() {
        let left = whole - bar.chars().count();
        let wanted =
            if place == 0 { whole.saturating_sub(small).max(1) } else { length(*value).max(usize::from(*value > 0)) };
        bar.extend(std::iter::repeat_n(*sign, wanted.min(left)));
    }
    bar
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_are_logarithmic_between_the_ends() {
        let spread = BarScale::of([1_000, 1_000_000, 100_000].into_iter()).unwrap();
        assert_eq!(spread, BarScale { least: 1_000, greatest: 1_000_000 });
        let signs: String = [1_000, 10_000, 100_000, 1_000_000].map(|value| spread.sign(value)).iter().collect();
        assert_eq!(signs, "▁▃▆█");
        assert_eq!(BarScale::of(std::iter::empty()), None);
    }

    #[test]
    fn values_that_hardly_differ_look_alike() {
        let spread = BarScale::of([5_100_000, 5_200_000].into_iter()).unwrap();
        assert_eq!((spread.sign(5_100_000), spread.sign(5_200_000)), ('▁', '▁'));
    }

    #[test]
    fn what_only_woke_is_told_from_what_slept() {
        assert_eq!(
            [of_share(0.0, false), of_share(0.0, true), of_share(0.1, true), of_share(1.0, true)],
            [' ', '▁', '▃', '█']
        );
    }

    #[test]
    fn parts_of_a_bar_add_up_and_small_ones_are_seen() {
        let bar = |parts: &[(u64, char)]| stacked(parts, 100, 10);
        assert_eq!(bar(&[(60, '#'), (30, '='), (10, '-')]), "######===-");
        assert_eq!(bar(&[(48, '#'), (1, '='), (1, '-')]), "###=-");
        assert_eq!(bar(&[(0, '#'), (0, '=')]), "");
        assert_eq!(stacked(&[(5, '#'), (0, '=')], 0, 4), "####");
    }
}
