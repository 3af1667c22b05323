//! A scorecard on the preview picture: a line per row, on the same axis as in the report.
//!
//! Must not know: pages, entries. Beside it: `preview.rs`, whose sheet is drawn on; `../charts/ratios.rs`.

use super::preview::{Colour, INK, MARGIN, ROW, Raster, SIZE, SOFT};
use crate::charts::ratios::RatioAxis;
use crate::format;
use crate::scorecard::{RowVerdict, Scorecard, ScorecardRow};
use crate::words::scorecard as words;

/// The colours of the two, as charts have them on paper, and of nobody.
const SIDES: [Colour; 2] = [[184, 122, 0], [0, 114, 178]];
const NOBODY: Colour = [120, 120, 120];
/// Where the columns of a scorecard begin or, of values, end.
const VALUES: [f64; 2] = [600.0, 745.0];
/// Where the axis begins, and how long it is.
const ROOM: (f64, f64) = (770.0, 190.0);
const VERDICT: f64 = 985.0;
const FIRST_ROW: f64 = 240.0;
const MOST_ROWS: usize = 8;

/// The answer, and a row for each thing that was asked: on the same axis as in the report.
pub(super) fn draw(sheet: &mut Raster, card: &Scorecard, answer: &str) {
    let width = f64::from(SIZE.0);
    for (place, line) in sheet.lines(28.0, width - 2.0 * MARGIN, 3, answer).iter().enumerate() {
        sheet.text((MARGIN, 122.0 + 36.0 * place as f64), 28.0, INK, line);
    }
    let (shorts, axis) = (card.shorts(), RatioAxis::of(card));
    for (end, short) in VALUES.into_iter().zip(shorts) {
        sheet.text_until((end, FIRST_ROW - 10.0), 20.0, SOFT, short);
    }
    for (row, place) in card.rows.iter().take(MOST_ROWS).zip(0..) {
        let y = FIRST_ROW + ROW * f64::from(place);
        let base = y + 26.0;
        for line in
            sheet.lines(21.0, VALUES[0] - MARGIN - 130.0, 1, &format::capitalised(&words::short_question(&row.topic)))
        {
            sheet.text((MARGIN, base), 21.0, INK, &line);
        }
        for (end, value) in VALUES.into_iter().zip(row.values) {
            sheet.text_until((end, base), 21.0, INK, &words::value(value, row.unit));
        }
        let colour = match row.verdict {
            RowVerdict::Better { who, .. } => SIDES[who],
            RowVerdict::Alike { .. } | RowVerdict::CannotTell(_) => NOBODY,
        };
        bar(sheet, &axis, row, (y + ROW / 2.0, colour));
        for line in sheet.lines(22.0, width - VERDICT - 20.0, 1, &words::verdict(row, shorts)) {
            sheet.text((VERDICT, base), 22.0, colour, &line);
        }
    }
    ticks(sheet, &axis, FIRST_ROW + ROW * card.rows.len().min(MOST_ROWS) as f64 + 16.0);
}

/// Under the rows, as far as there is room for the numbers.
fn ticks(sheet: &mut Raster, axis: &RatioAxis, y: f64) {
    for (ratio, text) in axis.ticks.iter().step_by(2) {
        let middle = ROOM.0 + ROOM.1 * axis.place(*ratio);
        sheet.text((middle - sheet.width_of(16.0, text) / 2.0, y), 16.0, SOFT, text);
    }
}

/// How many times better: from the middle to the value, with its interval. An open end reaches the end of the axis.
fn bar(sheet: &mut Raster, axis: &RatioAxis, row: &ScorecardRow, (y, colour): (f64, Colour)) {
    let at = |place: f64| ROOM.0 + ROOM.1 * place;
    sheet.fill((at(0.5) - 1.0, y - ROW / 2.0), (2.0, ROW), SOFT);
    let (Some(ratio), Some([low, high])) = (row.ratio, axis.ends(row)) else { return };
    let knob = at(axis.place(ratio));
    sheet.fill((knob.min(at(0.5)), y - 1.0), ((knob - at(0.5)).abs(), 2.0), colour);
    sheet.fill((at(low.0), y - 3.0), (at(high.0) - at(low.0), 6.0), colour);
    // An arrow's head, a column of pixels after the other.
    for (is_arrow, end, out) in [(low.1, at(low.0), -1.0), (high.1, at(high.0), 1.0)] {
        for step in (0..8).filter(|_| is_arrow).map(f64::from) {
            sheet.fill((end + out * step, y - 8.0 + step), (1.0, 16.0 - 2.0 * step), colour);
        }
    }
    sheet.fill((knob - 6.0, y - 6.0), (12.0, 12.0), colour);
}
