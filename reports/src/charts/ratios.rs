//! Ratios on a logarithmic axis with one in the middle: the bars of a scorecard, how many times better the second is, and in a
//! comparison how a figure of one run stands to that of another.
//!
//! In a scorecard the second is better to the right, the first to the left: the place tells as much as the colour, for whoever
//! sees none. What is open, or lies beyond the axis, is an arrow. The numbers stand beside each in the table. Drawn by hand, as
//! plotters has no arrow and no axis without a frame. Must not know: tables, HTML. Beside it: `../page/card.rs`.

use crate::format;
use crate::scorecard::{RowVerdict, Scorecard, ScorecardRow};
use crate::stats::Ratio;
use crate::words::scorecard::verdict;

use super::backend::Canvas;

/// What one drawing measures, in pixels.
struct RatioRow {
    width: f64,
    height: f64,
    margin: f64,
    half_bar: f64,
    /// Half the height of an arrow's head, which is as long.
    head: f64,
    knob: f64,
}

const CARD: RatioRow = RatioRow { width: 340.0, height: 26.0, margin: 14.0, half_bar: 3.5, head: 7.0, knob: 5.5 };
const CHANGE: RatioRow = RatioRow { width: 170.0, height: 18.0, margin: 8.0, half_bar: 2.5, head: 5.0, knob: 4.0 };
const AXIS_HEIGHT: f64 = 18.0;

/// An axis that all rows of a table share.
pub(crate) struct RatioAxis {
    /// What is more times more lies at the end.
    farthest: f64,
    /// The numbers on it: how many times, either way.
    pub(crate) ticks: &'static [(f64, &'static str)],
}

/// To sixteen times either way, as most differences are.
const NEAR: RatioAxis = RatioAxis {
    farthest: 64.0,
    ticks: &[(1.0 / 16.0, "16×"), (0.25, "4×"), (1.0, "1×"), (4.0, "4×"), (16.0, "16×")],
};
/// Where some ratio lies beyond that.
const FAR: RatioAxis = RatioAxis {
    farthest: 4_096.0,
    ticks: &[(1.0 / 256.0, "256×"), (1.0 / 16.0, "16×"), (1.0, "1×"), (16.0, "16×"), (256.0, "256×")],
};
/// Of two runs.
const CHANGE_AXIS: RatioAxis = RatioAxis { farthest: 4.0, ticks: &[(0.5, "1/2×"), (1.0, "1×"), (2.0, "2×")] };

impl RatioAxis {
    /// Wide enough for every ratio of the card.
    pub(crate) fn of(card: &Scorecard) -> RatioAxis {
        if card.rows.iter().filter_map(|row| row.ratio).all(|ratio| NEAR.has(ratio)) { NEAR } else { FAR }
    }

    fn has(&self, ratio: f64) -> bool {
        (1.0 / self.farthest..=self.farthest).contains(&ratio)
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
        CARD.axis(self, "How many times better, on a logarithmic axis")
    }
}

impl RatioRow {
    fn pixel(&self, place: f64) -> f64 {
        self.margin + (self.width - 2.0 * self.margin) * place
    }

    fn axis(&self, axis: &RatioAxis, label: &str) -> String {
        let canvas = Canvas::new(self.width as u32, AXIS_HEIGHT as u32);
        for (ratio, text) in axis.ticks {
            canvas.text((self.pixel(axis.place(*ratio)), 13.0), "tick", "middle", text);
        }
        canvas.finish(label)
    }

    /// The lines of the axis, over the height of a row.
    fn ruled(&self, axis: &RatioAxis) -> Canvas {
        let canvas = Canvas::new(self.width as u32, self.height as u32);
        for (ratio, _) in axis.ticks {
            let class = if *ratio == 1.0 { "middle" } else { "tenth" };
            canvas.glyphs(&[(self.pixel(axis.place(*ratio)), 0.0)], &format!("v{}", self.height), class);
        }
        canvas
    }

    fn interval(&self, canvas: &Canvas, [from, to]: [f64; 2]) {
        let [from, to] = [from, to].map(|place| self.pixel(place));
        if to > from {
            let top = self.height / 2.0 - self.half_bar;
            canvas.rectangle((from, top), (to - from, 2.0 * self.half_bar), "bar");
        }
    }

    fn knob(&self) -> String {
        let knob = self.knob;
        format!("m-{knob} 0a{knob} {knob} 0 1 0 {0} 0a{knob} {knob} 0 1 0 -{0} 0z", 2.0 * knob)
    }
}

/// The bar of a row of a scorecard.
pub(crate) fn bar(card: &Scorecard, row: &ScorecardRow) -> String {
    let axis = RatioAxis::of(card);
    let canvas = CARD.ruled(&axis);
    let class = match row.verdict {
        RowVerdict::Better { who, .. } => format!("k k{}", card.protagonists[who].colour),
        RowVerdict::Alike { .. } | RowVerdict::CannotTell(_) => "open".into(),
    };
    canvas.open(&[("class", &class)], "");
    if let (Some(ratio), Some([low, high])) = (row.ratio, axis.ends(row)) {
        let (at, middle, head) = (CARD.pixel(axis.place(ratio)), CARD.height / 2.0, CARD.head);
        let stem = CARD.pixel(0.5) - at;
        canvas.glyphs(&[(at, middle)], &format!("h{stem:.1}"), "stem");
        CARD.interval(&canvas, [low.0, high.0]);
        // Heads of arrows, outwards from the end of the axis.
        for ((place, is_arrow), out) in [(low, -head), (high, head)] {
            if is_arrow {
                let tip = format!("v{}l{out} -{head}z", 2.0 * head);
                canvas.glyphs(&[(CARD.pixel(place), middle - head)], &tip, "bar");
            }
        }
        let is_open = matches!(row.verdict, RowVerdict::CannotTell(_));
        canvas.glyphs(&[(at, middle)], &CARD.knob(), if is_open { "knob hollow" } else { "knob" });
    }
    canvas.close();
    canvas.finish(&label(card, row))
}

/// The place of a bar that is not known yet.
pub(crate) fn no_bar() -> String {
    CARD.ruled(&NEAR).finish("Not known yet")
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

/// How a figure of one run stands to that of another; filled where the two are different for sure, else hollow.
pub(crate) fn change(ratio: Ratio, is_different: bool) -> String {
    let canvas = CHANGE.ruled(&CHANGE_AXIS);
    canvas.open(&[("class", if is_different { "sure" } else { "open" })], "");
    let (low, high) = ratio.interval.unwrap_or((ratio.value, ratio.value));
    CHANGE.interval(&canvas, [low, high].map(|end| CHANGE_AXIS.place(end)));
    let head = CHANGE.head;
    let out = if ratio.value < 1.0 { -head } else { head };
    let glyph =
        if CHANGE_AXIS.has(ratio.value) { CHANGE.knob() } else { format!("v-{head}l{out} {head}l{} {head}z", -out) };
    let at = (CHANGE.pixel(CHANGE_AXIS.place(ratio.value)), CHANGE.height / 2.0);
    canvas.glyphs(&[at], &glyph, if is_different { "knob" } else { "knob hollow" });
    canvas.close();
    canvas.finish(&format!("{} times", format::ratio(ratio.value)))
}

/// The axis of changes.
pub(crate) fn change_axis() -> String {
    CHANGE.axis(&CHANGE_AXIS, "Times, on a logarithmic axis")
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

    fn ratio(value: f64, interval: Option<(f64, f64)>) -> Ratio {
        Ratio { value, interval, blocks: 3, spread: None }
    }

    #[test]
    fn a_change_that_is_beyond_the_axis_is_an_arrow_at_its_end() {
        assert_eq!([1.0, 4.0, 0.25].map(|ratio| CHANGE.pixel(CHANGE_AXIS.place(ratio))), [85.0, 162.0, 8.0]);
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
