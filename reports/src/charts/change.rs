//! How a figure of one run stands to that of another: a ratio and its interval on a short logarithmic axis, for a row of a
//! table.
//!
//! One is in the middle. The numbers stand beside it in the table, so that the drawing is for the eye alone. Must not know:
//! tables, which run is which. Beside it: `scorecard.rs`, whose axis goes farther.

use super::backend::Canvas;
use crate::stats::Ratio;

const WIDTH: f64 = 170.0;
const MARGIN: f64 = 8.0;
const HEIGHT: f64 = 18.0;
const HALF_BAR: f64 = 2.5;
const HEAD: f64 = 5.0;
const KNOB: f64 = 4.0;
/// What is more times more lies at the end, with an arrow.
const FARTHEST: f64 = 4.0;
/// The numbers on the axis.
const TICKS: [(f64, &str); 3] = [(0.5, "1/2×"), (1.0, "1×"), (2.0, "2×")];

/// Where a ratio lies on the axis, in pixels, and whether it lies beyond.
fn place(ratio: f64) -> (f64, bool) {
    let at = (0.5 + ratio.ln() / FARTHEST.ln() / 2.0).clamp(0.0, 1.0);
    (MARGIN + (WIDTH - 2.0 * MARGIN) * at, !(1.0 / FARTHEST..=FARTHEST).contains(&ratio))
}

/// The drawing of a ratio; filled where the two are different for sure, else hollow.
pub(crate) fn change(ratio: Ratio, is_different: bool) -> String {
    let canvas = Canvas::new(WIDTH as u32, HEIGHT as u32);
    for (tick, _) in TICKS {
        let class = if tick == 1.0 { "middle" } else { "tenth" };
        canvas.glyphs(&[(place(tick).0, 0.0)], &format!("v{HEIGHT}"), class);
    }
    let middle = HEIGHT / 2.0;
    canvas.open(&[("class", if is_different { "sure" } else { "open" })], "");
    let (low, high) = ratio.interval.unwrap_or((ratio.value, ratio.value));
    let [(from, _), (to, _)] = [low, high].map(place);
    if to > from {
        canvas.rectangle((from, middle - HALF_BAR), (to - from, 2.0 * HALF_BAR), "bar");
    }
    let (at, is_beyond) = place(ratio.value);
    let out = if ratio.value < 1.0 { -HEAD } else { HEAD };
    let glyph = if is_beyond {
        format!("v-{HEAD}l{out} {HEAD}l{} {HEAD}z", -out)
    } else {
        format!("m-{KNOB} 0a{KNOB} {KNOB} 0 1 0 {0} 0a{KNOB} {KNOB} 0 1 0 -{0} 0z", 2.0 * KNOB)
    };
    canvas.glyphs(&[(at, middle)], &glyph, if is_different { "knob" } else { "knob hollow" });
    canvas.close();
    canvas.finish(&format!("{} times", crate::format::ratio(ratio.value)))
}

/// The axis with its numbers.
pub(crate) fn axis() -> String {
    let canvas = Canvas::new(WIDTH as u32, HEIGHT as u32);
    for (ratio, text) in TICKS {
        canvas.text((place(ratio).0, 13.0), "tick", "middle", text);
    }
    canvas.finish("Times, on a logarithmic axis")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ratio(value: f64, interval: Option<(f64, f64)>) -> Ratio {
        Ratio { value, interval, blocks: 3, spread: None }
    }

    #[test]
    fn one_is_in_the_middle_and_what_is_beyond_is_an_arrow_at_the_end() {
        assert_eq!([1.0, 4.0, 0.25].map(place), [(85.0, false), (162.0, false), (8.0, false)]);
        assert_eq!([1e9, 1e-9].map(place), [(162.0, true), (8.0, true)]);
        assert!(change(ratio(1e9, None), true).contains("M162 9v-5l5 5l-5 5z"));
        assert!(change(ratio(0.1, None), true).contains("M8 9v-5l-5 5l5 5z"));
    }

    #[test]
    fn what_is_not_sure_is_hollow_and_without_an_interval_there_is_no_bar() {
        let sure = change(ratio(1.5, Some((1.4, 1.6))), true);
        assert!(sure.contains("class=\"bar\"") && !sure.contains("hollow") && sure.contains("1.50 times"), "{sure}");
        let open = change(ratio(1.5, None), false);
        assert!(!open.contains("class=\"bar\"") && open.contains("knob hollow"), "{open}");
    }
}
