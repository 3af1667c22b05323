//! Scales: where a value lies along an axis, which round values are named on it, and how labels that would lie on top of
//! each other are moved apart.
//!
//! Must not know: what is drawn, other than how much room letters take. Beside it: `plot.rs` draws what this decides.

use crate::format::Unit;
use crate::record::Scale;

/// An axis from its least to its greatest value.
#[derive(Debug, Clone)]
pub(crate) struct Axis {
    pub(crate) title: String,
    pub(crate) scale: Scale,
    pub(crate) from: f64,
    pub(crate) to: f64,
    pub(crate) ticks: Vec<(f64, String)>,
}

impl Axis {
    /// An axis over the values: from zero, or over whole decades, so that no value touches the frame.
    pub(crate) fn over(title: &str, unit: Unit, scale: Scale, values: &[f64]) -> Axis {
        let greatest = values.iter().copied().fold(0.0, f64::max);
        let least = values.iter().copied().filter(|&value| value > 0.0).fold(f64::INFINITY, f64::min);
        let title = title.to_owned();
        if scale == Scale::Log && least.is_finite() {
            let (from, to) = (round_down(least * 0.9), round_up(greatest * 1.1));
            let ticks = log_ticks(from, to).into_iter().map(|value| (value, unit.show(value))).collect();
            return Axis { title, scale, from, to, ticks };
        }
        let step = linear_step(unit, if greatest > 0.0 { greatest } else { 1.0 });
        let count = (greatest / step).ceil().max(1.0) as u32;
        let ticks = (0..=count).map(|n| f64::from(n) * step);
        let ticks = ticks.map(|value| (value, if value == 0.0 { "0".into() } else { unit.show(value) }));
        Axis { title, scale: Scale::Linear, from: 0.0, to: f64::from(count) * step, ticks: ticks.collect() }
    }

    /// An axis whose named values are the given ones, in ascending order, with a little room at both ends. No decade has a
    /// zero, so with one it is linear.
    pub(crate) fn at(title: &str, scale: Scale, ticks: Vec<(f64, String)>) -> Axis {
        let first = ticks.first().map_or(1.0, |tick| tick.0);
        let scale = if first > 0.0 { scale } else { Scale::Linear };
        let last = ticks.last().map_or(1.0, |tick| tick.0);
        let (from, to) = match scale {
            Scale::Log => (first / 1.25, last * 1.25),
            Scale::Linear => (0.0, if last > 0.0 { last * 1.03 } else { 1.0 }),
        };
        Axis { title: title.to_owned(), scale, from, to, ticks }
    }

    /// An axis over times from zero to just this one.
    pub(crate) fn of_time(title: &str, to: f64) -> Axis {
        let mut axis = Axis { to, ..Axis::over(title, Unit::Nanoseconds, Scale::Linear, &[to]) };
        axis.ticks.retain(|(value, _)| *value <= to);
        axis
    }

    /// Rows of equal height, so many and without a name.
    pub(crate) fn of_rows(rows: f64) -> Axis {
        Axis { title: String::new(), scale: Scale::Linear, from: 0.0, to: rows, ticks: Vec::new() }
    }

    /// Place of a value, clamped to the axis: 0 at its start, 1 at its end.
    pub(crate) fn place(&self, value: f64) -> f64 {
        let value = value.clamp(self.from, self.to);
        match self.scale {
            Scale::Linear => (value - self.from) / (self.to - self.from),
            Scale::Log => (value / self.from).ln() / (self.to / self.from).ln(),
        }
    }

    /// The ticks that can be named without touching each other on this many pixels, at so many pixels a character.
    /// The last is always among them.
    pub(crate) fn ticks_with_room(&self, pixels: f64, per_character: f64) -> Vec<(f64, &str)> {
        let mut kept: Vec<(f64, f64, &str)> = Vec::new();
        for (value, text) in self.ticks.iter().rev() {
            let middle = self.place(*value) * pixels;
            let half = per_character * text.chars().count() as f64 / 2.0 + 5.0;
            if kept.last().is_none_or(|&(_, left, _)| middle + half <= left) {
                kept.push((*value, middle - half, text));
            }
        }
        kept.into_iter().rev().map(|(value, _, text)| (value, text)).collect()
    }
}

fn round_down(value: f64) -> f64 {
    let decade = 10f64.powf(value.log10().floor());
    [5.0, 2.0].into_iter().map(|step| step * decade).find(|&step| step <= value).unwrap_or(decade)
}

fn round_up(value: f64) -> f64 {
    let decade = 10f64.powf(value.log10().floor());
    let steps = [1.0, 2.0, 5.0].into_iter().map(|step| step * decade);
    steps.into_iter().find(|&step| step >= value).unwrap_or(decade * 10.0)
}

fn log_ticks(from: f64, to: f64) -> Vec<f64> {
    let steps: &[f64] = if to / from > 150.0 { &[1.0] } else { &[1.0, 2.0, 5.0] };
    let first = from.log10().floor() as i32;
    let last = to.log10().ceil() as i32;
    let decades = (first..=last).flat_map(|power| steps.iter().map(move |step| step * 10f64.powi(power)));
    decades.filter(|&value| value >= from * 0.999 && value <= to * 1.001).collect()
}

fn linear_step(unit: Unit, greatest: f64) -> f64 {
    let base = match unit {
        Unit::Bytes => 1_024f64.powf((greatest.ln() / 1_024f64.ln()).floor().max(0.0)),
        _ => 1.0,
    };
    let rough = greatest / base / 4.0;
    let decade = 10f64.powf(rough.log10().floor());
    let steps = [1.0, 2.0, 5.0, 10.0].map(|step| step * decade);
    steps.into_iter().find(|&step| step >= rough).unwrap_or(10.0 * decade) * base
}

/// Pixels of a usual character.
pub(crate) const CHARACTER: f64 = 7.4;

/// Moves centres apart until neighbours are at least `height` away, each as near to where it wants to be as the
/// others allow, and all between `top` and `bottom`. The result is in the order of the input.
pub(crate) fn spread(wanted: &[f64], height: f64, top: f64, bottom: f64) -> Vec<f64> {
    let mut order: Vec<usize> = (0..wanted.len()).collect();
    order.sort_by(|&a, &b| wanted[a].total_cmp(&wanted[b]).then(a.cmp(&b)));
    // Clusters of touching labels: the sum of where their first label wants to be, and how many they are.
    let mut clusters: Vec<(f64, usize)> = Vec::new();
    for &index in &order {
        clusters.push((wanted[index], 1));
        while let [.., (above, a), (below, b)] = clusters[..] {
            let first = start(above, a, height, top, bottom);
            if first + height * a as f64 <= start(below, b, height, top, bottom) {
                break;
            }
            clusters.pop();
            clusters.pop();
            clusters.push((above + below - height * (a * b) as f64, a + b));
        }
    }
    let mut placed = vec![0.0; wanted.len()];
    let mut next = order.into_iter();
    for (sum, count) in clusters {
        let first = start(sum, count, height, top, bottom);
        for (place, index) in next.by_ref().take(count).enumerate() {
            placed[index] = first + height * place as f64;
        }
    }
    placed
}

fn start(sum: f64, count: usize, height: f64, top: f64, bottom: f64) -> f64 {
    let last_start = bottom - height * (count - 1) as f64;
    (sum / count as f64).min(last_start).max(top)
}

/// A label short enough for the margin; what is cut off is in the title of its line.
pub(crate) fn shortened(label: &str, most: usize) -> String {
    if label.chars().count() <= most {
        return label.to_owned();
    }
    let kept: String = label.chars().take(most - 1).collect();
    format!("{kept}…")
}

/// Pixels that a label takes, on the generous side: nobody knows the reader's font.
pub(crate) fn width(label: &str) -> f64 {
    let wide = |c: char| match c {
        'm' | 'M' | 'W' | '@' | '%' | '…' => 13.0,
        'w' | '<' | '>' | '=' | '+' | '~' => 11.0,
        c if c.is_ascii_lowercase() || c.is_ascii_digit() || " -:.,'/|".contains(c) => CHARACTER,
        c if c.is_ascii() => 9.5,
        _ => 14.0,
    };
    label.chars().map(wide).sum()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn round_values_are_named() {
        let axis = Axis::over("t", Unit::Nanoseconds, Scale::Log, &[210e3, 80e6]);
        let names: Vec<_> = axis.ticks.iter().map(|tick| tick.1.as_str()).collect();
        assert_eq!(names, ["100 µs", "1 ms", "10 ms", "100 ms"]);
        assert_eq!((axis.from, axis.to), (100e3, 100e6));
    }

    #[test]
    fn a_zero_has_a_place_where_decades_were_asked_for() {
        let ticks = [0.0, 8.0].map(|value| (value, format!("{value}")));
        let axis = Axis::at("x", Scale::Log, ticks.to_vec());
        assert!(axis.place(0.0) == 0.0 && axis.place(8.0) > 0.9, "{axis:?}");
    }

    #[test]
    fn bytes_step_in_binary_units() {
        let axis = Axis::over("m", Unit::Bytes, Scale::Linear, &[0.0, 264.0 * 1_048_576.0]);
        let names: Vec<_> = axis.ticks.iter().map(|tick| tick.1.as_str()).collect();
        assert_eq!(names, ["0", "100 MiB", "200 MiB", "300 MiB"]);
    }

    #[test]
    fn values_outside_are_clamped_and_labels_keep_apart() {
        let axis = Axis::at("x", Scale::Linear, (0..=100).map(|n| (f64::from(n), n.to_string())).collect());
        assert_eq!((axis.place(-5.0), axis.place(1e9)), (0.0, 1.0));
        let kept = axis.ticks_with_room(200.0, 7.0);
        assert!(kept.len() < 12 && kept.last().unwrap().1 == "100", "{kept:?}");
    }

    #[test]
    fn labels_with_room_stay_and_others_share_the_shift() {
        assert_eq!(spread(&[100.0, 10.0, 104.0], 14.0, 0.0, 300.0), [95.0, 10.0, 109.0]);
        assert_eq!(shortened("threaded:stack=64KiB", 9), "threaded…");
        assert!(width("wwww") > width("iiii"));
    }

    proptest! {
        #[test]
        fn no_two_overlap_and_none_leaves(wanted in prop::collection::vec(0.0..300.0f64, 1..15)) {
            let placed = spread(&wanted, 14.0, 10.0, 290.0);
            let mut sorted = placed.clone();
            sorted.sort_by(f64::total_cmp);
            prop_assert!(sorted.windows(2).all(|pair| pair[1] - pair[0] > 13.999), "{sorted:?}");
            prop_assert!(sorted[0] >= 9.999 && sorted[sorted.len() - 1] <= 290.001);
        }
    }
}
