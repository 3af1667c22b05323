//! The bars of a scorecard: how many times better the second is, on one logarithmic axis that all rows share.
//!
//! To the right the second is better, to the left the first: the place tells as much as the colour, for whoever sees none. An
//! end that is open, or lies beyond the axis, is an arrow. Must not know: tables, HTML. Beside it: `../page/card.rs`.

use crate::format;
use crate::scorecard::{RowVerdict, Scorecard, ScorecardRow};
use crate::words::scorecard::verdict;

use super::backend::Canvas;

const WIDTH: f64 = 340.0;
const MARGIN: f64 = 14.0;
const HEIGHT: f64 = 26.0;
const AXIS_HEIGHT: f64 = 18.0;
/// Half the height of a bar, and half the size of an arrow's head.
const HALF_BAR: f64 = 3.5;
const HEAD: f64 = 7.0;
const KNOB: f64 = 5.5;

/// The axis that all rows of a scorecard share.
pub(crate) struct RatioAxis {
    /// What is more times better lies at the end.
    farthest: f64,
    /// The numbers on it: how many times better, either way.
    pub(crate) ticks: [(f64, &'static str); 5],
}

/// To sixteen times either way, as most differences are.
const NEAR: RatioAxis = RatioAxis {
    farthest: 64.0,
    ticks: [(1.0 / 16.0, "16×"), (0.25, "4×"), (1.0, "1×"), (4.0, "4×"), (16.0, "16×")],
};
/// Where some ratio lies beyond that.
const FAR: RatioAxis = RatioAxis {
    farthest: 4_096.0,
    ticks: [(1.0 / 256.0, "256×"), (1.0 / 16.0, "16×"), (1.0, "1×"), (16.0, "16×"), (256.0, "256×")],
};

impl RatioAxis {
    /// Wide enough for every ratio of the card.
    pub(crate) fn of(card: &Scorecard) -> RatioAxis {
        let is_near = |ratio: f64| (1.0 / NEAR.farthest..=NEAR.farthest).contains(&ratio);
        if card.rows.iter().filter_map(|row| row.ratio).all(is_near) { NEAR } else { FAR }
    }

    /// Where a ratio lies on the axis, 0 to 1.
    pub(crate) fn place(&self, ratio: f64) -> f64 {
        (0.5 + ratio.ln() / self.farthest.ln() / 2.0).clamp(0.0, 1.0)
    }

    /// The ends of a row's bar on the axis, each with whether it is an arrow; absent where there is no ratio.
    pub(crate) fn ends(&self, row: &ScorecardRow) -> Option<[(f64, bool); 2]> {
        let ratio = row.ratio?;
        let [may_be_less, may_be_more] = row.open_ends();
        let low = if may_be_less { 0.0 } else { row.low.unwrap_or(ratio) };
        let high = if may_be_more { f64::INFINITY } else { row.high.unwrap_or(ratio) };
        let low_place = if low > 0.0 { self.place(low) } else { 0.0 };
        Some([(low_place, low < 1.0 / self.farthest), (self.place(high), high > self.farthest)])
    }

    /// The axis with its numbers, without a row.
    pub(crate) fn drawn(&self) -> String {
        let canvas = Canvas::new(WIDTH as u32, AXIS_HEIGHT as u32);
        for (ratio, text) in self.ticks {
            canvas.text((pixel(self.place(ratio)), 13.0), "tick", "middle", text);
        }
        canvas.finish("How many times better, on a logarithmic axis")
    }
}

/// The bar of a row.
pub(crate) fn bar(card: &Scorecard, row: &ScorecardRow) -> String {
    let axis = RatioAxis::of(card);
    let canvas = ruled(&axis);
    let class = match row.verdict {
        RowVerdict::Better { who, .. } => format!("k k{}", card.protagonists[who].colour),
        RowVerdict::Alike { .. } | RowVerdict::CannotTell(_) => "open".into(),
    };
    canvas.open(&[("class", &class)], "");
    if let (Some(ratio), Some([low, high])) = (row.ratio, axis.ends(row)) {
        let middle = HEIGHT / 2.0;
        let at = pixel(axis.place(ratio));
        let stem = pixel(0.5) - at;
        canvas.glyphs(&[(at, middle)], &format!("h{stem:.1}"), "stem");
        let (from, to) = (pixel(low.0), pixel(high.0));
        if to > from {
            canvas.rectangle((from, middle - HALF_BAR), (to - from, 2.0 * HALF_BAR), "bar");
        }
        // Heads of arrows, outwards from the end of the axis.
        for (is_arrow, x, out) in [(low.1, from, -HEAD), (high.1, to, HEAD)] {
            if is_arrow {
                canvas.glyphs(&[(x, middle - HEAD)], &format!("v{}l{out} -{HEAD}z", 2.0 * HEAD), "bar");
            }
        }
        let knob = format!("m-{KNOB} 0a{KNOB} {KNOB} 0 1 0 {0} 0a{KNOB} {KNOB} 0 1 0 -{0} 0z", 2.0 * KNOB);
        let is_open = matches!(row.verdict, RowVerdict::CannotTell(_));
        canvas.glyphs(&[(at, middle)], &knob, if is_open { "knob hollow" } else { "knob" });
    }
    canvas.close();
    canvas.finish(&label(card, row))
}

/// The place of a bar that is not known yet.
pub(crate) fn no_bar() -> String {
    ruled(&NEAR).finish("Not known yet")
}

/// The lines of the axis, over the height of a row.
fn ruled(axis: &RatioAxis) -> Canvas {
    let canvas = Canvas::new(WIDTH as u32, HEIGHT as u32);
    for (ratio, _) in axis.ticks {
        let class = if ratio == 1.0 { "middle" } else { "tenth" };
        canvas.glyphs(&[(pixel(axis.place(ratio)), 0.0)], &format!("v{HEIGHT}"), class);
    }
    canvas
}

/// The axis that gives no ratio away.
pub(crate) fn near_axis() -> String {
    NEAR.drawn()
}

/// What is seen, for who does not see it: `tokio 16×; ratio 16, 95% interval 15 to 17`.
fn label(card: &Scorecard, row: &ScorecardRow) -> String {
    let said = verdict(row, card.shorts());
    let Some(ratio) = row.ratio else { return said };
    let interval = match (row.low, row.high) {
        (Some(low), Some(high)) => format!(", 95% interval {} to {}", format::ratio(low), format::ratio(high)),
        (Some(low), None) => format!(", 95% interval from {} on", format::ratio(low)),
        (None, Some(high)) => format!(", 95% interval up to {}", format::ratio(high)),
        (None, None) => String::new(),
    };
    format!("{said}; ratio {}{interval}", format::ratio(ratio))
}

fn pixel(place: f64) -> f64 {
    MARGIN + (WIDTH - 2.0 * MARGIN) * place
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scorecard::Undecided;
    use crate::words::scorecard::tests::{CPU, better, card, row};

    #[test]
    fn one_is_in_the_middle_and_what_is_too_far_is_at_the_end() {
        assert_eq!([1.0, 64.0, 1.0 / 64.0, 1e9].map(|ratio| NEAR.place(ratio)), [0.5, 1.0, 0.0, 1.0]);
        assert!((NEAR.place(8.0) + NEAR.place(1.0 / 8.0) - 1.0).abs() < 1e-12);
        let farthest = |ratio: f64| {
            RatioAxis::of(&card(vec![ScorecardRow { ratio: Some(ratio), ..row(CPU, better(1, 2.0)) }])).farthest
        };
        assert_eq!([1.0 / 464.0, 1.0 / 60.0, 15.0, 80.0].map(farthest), [4_096.0, 64.0, 64.0, 4_096.0]);
    }

    #[test]
    fn only_an_open_end_or_one_beyond_the_axis_is_an_arrow() {
        let arrows = |ratio, low, high, open| {
            let mut row = row(CPU, better(1, 2.0));
            (row.ratio, row.low, row.high) = (Some(ratio), low, high);
            row.values.iter_mut().flatten().for_each(|value| value.at_least = false);
            row.values[0].as_mut().unwrap().at_least = open;
            NEAR.ends(&row).unwrap().map(|(_, is_arrow)| is_arrow)
        };
        assert_eq!(arrows(2.0, Some(1.5), Some(3.0), false), [false, false]);
        assert_eq!(arrows(2.0, Some(1.5), None, true), [false, true]);
        assert_eq!(arrows(80.0, Some(60.0), Some(90.0), false), [false, true]);
        assert_eq!(arrows(2.0, None, None, false), [false, false], "one block has no interval, and is a dot");
    }

    #[test]
    fn what_is_not_decided_is_hollow_and_takes_no_side() {
        let drawn = |verdict| {
            let rows = vec![row(CPU, verdict)];
            let card = card(rows);
            bar(&card, &card.rows[0])
        };
        assert!(drawn(better(1, 2.0)).contains("class=\"k k1\"") && !drawn(better(1, 2.0)).contains("hollow"));
        let open = drawn(RowVerdict::CannotTell(Undecided::NoLimit));
        assert!(
            open.contains("knob hollow") && open.contains("class=\"open\"") && open.contains("cannot tell"),
            "{open}"
        );
    }
}
