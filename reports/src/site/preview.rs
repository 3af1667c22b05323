//! The picture that a link to a run is shown with: what the run says, and one of its figures as bars.
//!
//! Must not know: pages. Beside it: `raster.rs`, which draws, and `summary/headlines.rs`, which has the figures.

use super::entry::Entry;
use super::raster::{Colour, Raster};
use crate::charts::server_cpus;
use crate::format::{self, Unit};
use crate::record::store::Run;
use crate::summary::Headline;

/// What most sites crop to.
const SIZE: (u32, u32) = (1200, 630);
const MARGIN: f64 = 60.0;
const PAPER: Colour = [255, 255, 255];
const INK: Colour = [26, 26, 26];
const SOFT: Colour = [92, 92, 92];
const BAR: Colour = [0, 114, 178];
const MOST_BARS: usize = 6;
const BARS_TOP: f64 = 308.0;
const ROW: f64 = 40.0;

/// Draws the picture, a PNG.
pub(super) fn draw(run: &Run, entry: &Entry) -> Vec<u8> {
    let (width, height) = (f64::from(SIZE.0), f64::from(SIZE.1));
    let mut sheet = Raster::new(SIZE.0, SIZE.1, PAPER);
    sheet.fill((0.0, 0.0), (width, 10.0), INK);
    sheet.text((MARGIN, 78.0), 30.0, SOFT, "tokio or OS threads?");
    for (place, line) in sheet.lines(38.0, width - 2.0 * MARGIN, 3, &entry.headline).iter().enumerate() {
        sheet.text((MARGIN, 140.0 + 48.0 * place as f64), 38.0, INK, line);
    }
    bars(&mut sheet, &shown(&entry.figures), &server_cpus(run));
    let day = entry.started_at.get(..10).unwrap_or(&entry.started_at);
    let foot = format!("{day}, preset {}, {}", entry.preset, entry.machine.label);
    for line in sheet.lines(21.0, width - 2.0 * MARGIN, 1, &foot) {
        sheet.text((MARGIN, height - 28.0), 21.0, SOFT, &line);
    }
    sheet.png()
}

/// The figures of the first subject that has the most contenders.
fn shown(figures: &[Headline]) -> Vec<&Headline> {
    let alike = |one: &Headline| -> Vec<&Headline> {
        let same = |other: &&Headline| {
            (&other.experiment, &other.workload, &other.metric) == (&one.experiment, &one.workload, &one.metric)
        };
        figures.iter().filter(same).collect()
    };
    let groups = figures.iter().map(alike);
    groups.reduce(|most, group| if group.len() > most.len() { group } else { most }).unwrap_or_default()
}

fn bars(sheet: &mut Raster, figures: &[&Headline], place: &str) {
    let Some(first) = figures.first() else { return };
    let width = f64::from(SIZE.0);
    let load = first.offered_load_rps.map_or(String::new(), |load| format!(" at {}", Unit::PerSecond.show(load)));
    let title = format!("{}, {}{load}, {place}", format::capitalised(&first.label), first.workload_label);
    for line in sheet.lines(23.0, width - 2.0 * MARGIN, 1, &title) {
        sheet.text((MARGIN, BARS_TOP - 16.0), 23.0, INK, &line);
    }
    let figures = &figures[..figures.len().min(MOST_BARS)];
    let greatest = figures.iter().map(|figure| figure.value).fold(0.0, f64::max);
    let from = MARGIN + 260.0;
    let most = width - from - MARGIN - 170.0;
    for (row, figure) in figures.iter().enumerate() {
        let y = BARS_TOP + ROW * row as f64;
        for name in sheet.lines(22.0, 245.0, 1, &figure.contender) {
            sheet.text((MARGIN, y + 25.0), 22.0, INK, &name);
        }
        // A bar begins at zero and is as long as its value; what is too short to be seen still gets a line.
        let length = if greatest > 0.0 { (figure.value.max(0.0) / greatest * most).max(2.0) } else { 2.0 };
        sheet.fill((from, y + 4.0), (length, ROW - 12.0), BAR);
        sheet.text((from + length + 12.0, y + 25.0), 22.0, INK, &figure.unit.show(figure.value));
    }
}
