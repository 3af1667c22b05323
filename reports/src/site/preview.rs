//! The picture that a link to a run is shown with, a PNG: what the run says, and its scorecard or else one of its figures.
//!
//! Sites that show a picture beside a link take no SVG. The font is a part of the program, so that the same records give
//! the same bytes on every machine. Must not know: pages. Beside it: `summary/headlines.rs`, which has the figures.

use ab_glyph::{Font, FontRef, ScaleFont, point};

use super::entry::Entry;
use super::preview_card;
use crate::format::{self, Unit};
use crate::placement::server_cpus;
use crate::record::store::Run;
use crate::scorecard::{Scorecard, run_question};
use crate::summary::ContenderFigure;

/// What most sites crop to.
pub(super) const SIZE: (u32, u32) = (1200, 630);
pub(super) const MARGIN: f64 = 60.0;
const PAPER: Colour = [255, 255, 255];
pub(super) const INK: Colour = [26, 26, 26];
pub(super) const SOFT: Colour = [92, 92, 92];
const BAR: Colour = [0, 114, 178];
const MOST_BARS: usize = 6;
const BARS_TOP: f64 = 308.0;
pub(super) const ROW: f64 = 40.0;

/// Draws the picture, a PNG.
pub(super) fn draw(run: &Run, entry: &Entry, card: Option<&Scorecard>) -> Vec<u8> {
    let (width, height) = (f64::from(SIZE.0), f64::from(SIZE.1));
    let mut sheet = Raster::new(SIZE.0, SIZE.1, PAPER);
    sheet.fill((0.0, 0.0), (width, 10.0), INK);
    for line in sheet.lines(30.0, width - 2.0 * MARGIN, 1, &run_question(&run.manifest)) {
        sheet.text((MARGIN, 78.0), 30.0, SOFT, &line);
    }
    match card {
        Some(card) => preview_card::draw(&mut sheet, card, &entry.headline),
        None => {
            for (place, line) in sheet.lines(38.0, width - 2.0 * MARGIN, 3, &entry.headline).iter().enumerate() {
                sheet.text((MARGIN, 140.0 + 48.0 * place as f64), 38.0, INK, line);
            }
            bars(&mut sheet, &shown(&entry.figures), &server_cpus(run));
        }
    }
    let day = entry.started_at.get(..10).unwrap_or(&entry.started_at);
    let foot = format!("{day}, preset {}, {}", entry.preset, entry.machine.label);
    for line in sheet.lines(21.0, width - 2.0 * MARGIN, 1, &foot) {
        sheet.text((MARGIN, height - 28.0), 21.0, SOFT, &line);
    }
    sheet.png()
}

/// The figures of the first subject that has the most contenders.
fn shown(figures: &[ContenderFigure]) -> Vec<&ContenderFigure> {
    let alike = |one: &ContenderFigure| -> Vec<&ContenderFigure> {
        let same = |other: &&ContenderFigure| {
            (&other.experiment, &other.workload, &other.metric) == (&one.experiment, &one.workload, &one.metric)
        };
        figures.iter().filter(same).collect()
    };
    let groups = figures.iter().map(alike);
    groups.reduce(|most, group| if group.len() > most.len() { group } else { most }).unwrap_or_default()
}

fn bars(sheet: &mut Raster, figures: &[&ContenderFigure], place: &str) {
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

/// DejaVu Sans, reduced to Latin letters; its licence lies beside it.
const FONT: &[u8] = include_bytes!("font/DejaVuSans-latin.ttf");

/// Red, green and blue.
pub(super) type Colour = [u8; 3];

/// A picture under construction.
pub(super) struct Raster {
    width: u32,
    height: u32,
    pixels: Vec<u8>,
    font: FontRef<'static>,
}

impl Raster {
    /// A sheet of this colour.
    pub(super) fn new(width: u32, height: u32, paper: Colour) -> Raster {
        let font = FontRef::try_from_slice(FONT).expect("the font is part of the program and tested");
        Raster { width, height, pixels: paper.repeat((width * height) as usize), font }
    }

    /// Fills a rectangle, given by its left upper corner and its size; what lies outside of the sheet is left out.
    pub(super) fn fill(&mut self, (x, y): (f64, f64), (width, height): (f64, f64), colour: Colour) {
        let within = |value: f64, most: u32| value.round().clamp(0.0, f64::from(most)) as u32;
        for row in within(y, self.height)..within(y + height, self.height) {
            for column in within(x, self.width)..within(x + width, self.width) {
                self.blend((column, row), colour, 1.0);
            }
        }
    }

    /// Writes a line of text from a point on its baseline on.
    pub(super) fn text(&mut self, (x, y): (f64, f64), size: f64, colour: Colour, text: &str) {
        let font = self.font.clone();
        let scaled = font.as_scaled(size as f32);
        let mut at = x as f32;
        for c in text.chars() {
            let glyph = font.glyph_id(c);
            if let Some(outline) = font.outline_glyph(glyph.with_scale_and_position(size as f32, point(at, y as f32))) {
                let corner = outline.px_bounds().min;
                outline.draw(|column, row, coverage| {
                    let place = (corner.x + column as f32, corner.y + row as f32);
                    if place.0 >= 0.0 && place.1 >= 0.0 {
                        self.blend((place.0 as u32, place.1 as u32), colour, coverage);
                    }
                });
            }
            at += scaled.h_advance(glyph);
        }
    }

    /// Writes a line of text up to a point on its baseline.
    pub(super) fn text_until(&mut self, (x, y): (f64, f64), size: f64, colour: Colour, text: &str) {
        let width = self.width_of(size, text);
        self.text((x - width, y), size, colour, text);
    }

    /// Pixels that a line of text takes.
    pub(super) fn width_of(&self, size: f64, text: &str) -> f64 {
        let scaled = self.font.as_scaled(size as f32);
        text.chars().map(|c| f64::from(scaled.h_advance(self.font.glyph_id(c)))).sum()
    }

    /// Breaks a text between words into lines that fit; the last of as many as there may be ends in dots where more
    /// would follow.
    pub(super) fn lines(&self, size: f64, width: f64, most: usize, text: &str) -> Vec<String> {
        let mut lines: Vec<String> = Vec::new();
        for word in text.split_whitespace() {
            match lines.last_mut() {
                Some(line) if self.width_of(size, &format!("{line} {word}")) <= width => {
                    line.push(' ');
                    line.push_str(word);
                }
                _ => lines.push(word.to_owned()),
            }
        }
        let all = lines.len();
        lines.truncate(most);
        if let Some(last) = lines.last_mut() {
            let mut cut = all > most;
            while self.width_of(size, &format!("{last}{}", if cut { "…" } else { "" })) > width && last.pop().is_some()
            {
                cut = true;
            }
            if cut {
                last.push('…');
            }
        }
        lines
    }

    /// The picture as a PNG file.
    pub(super) fn png(&self) -> Vec<u8> {
        const TO_MEMORY: &str = "writing to memory does not fail, and there are as many pixels as the header says";
        let mut file = Vec::new();
        let mut encoder = png::Encoder::new(&mut file, self.width, self.height);
        encoder.set_color(png::ColorType::Rgb);
        encoder.set_depth(png::BitDepth::Eight);
        // Most of the picture is plain: so it is a seventh smaller than filtered, and sooner written.
        encoder.set_filter(png::Filter::NoFilter);
        let mut writer = encoder.write_header().expect(TO_MEMORY);
        writer.write_image_data(&self.pixels).expect(TO_MEMORY);
        writer.finish().expect(TO_MEMORY);
        file
    }

    fn blend(&mut self, (x, y): (u32, u32), colour: Colour, coverage: f32) {
        if x >= self.width || y >= self.height {
            return;
        }
        let at = ((y * self.width + x) * 3) as usize;
        for (pixel, ink) in self.pixels[at..at + 3].iter_mut().zip(colour) {
            *pixel =
                (f32::from(*pixel) + (f32::from(ink) - f32::from(*pixel)) * coverage.clamp(0.0, 1.0)).round() as u8;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const INK: Colour = [0, 0, 0];

    #[test]
    fn text_leaves_ink_and_what_is_outside_is_left_out() {
        let mut sheet = Raster::new(60, 30, [255; 3]);
        sheet.text((4.0, 22.0), 20.0, INK, "W");
        assert!(sheet.pixels.iter().any(|&value| value < 60));
        sheet.text((-50.0, 400.0), 20.0, INK, "far away");
        sheet.fill((50.0, 20.0), (1e6, 1e6), INK);
        assert_eq!(sheet.pixels[sheet.pixels.len() - 3..], INK);
    }

    #[test]
    fn lines_fit_and_what_is_cut_ends_in_dots() {
        let sheet = Raster::new(1, 1, [0; 3]);
        let lines = sheet.lines(20.0, 120.0, 2, "one two three four five six seven eight");
        assert!(lines.len() == 2 && lines[1].ends_with('…'), "{lines:?}");
        assert!(lines.iter().all(|line| sheet.width_of(20.0, line) <= 120.0), "{lines:?}");
        assert_eq!(sheet.lines(20.0, 500.0, 2, "one two"), ["one two"]);
        assert!(sheet.lines(20.0, 60.0, 1, "averyverylongwordindeed")[0].ends_with('…'));
    }

    #[test]
    fn the_font_has_what_reports_are_written_with() {
        let font = FontRef::try_from_slice(FONT).unwrap();
        for c in "aZ09 µ“”’…–-/%(),.:;<>=×é≥".chars() {
            assert_ne!(font.glyph_id(c).0, 0, "{c}");
        }
    }
}
