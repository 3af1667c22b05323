//! One plotting area with its grid, axes and direct labels.
//!
//! Data goes through plotters, as its elements, in places from 0 to 1, so that linear and logarithmic axes are one type.
//! Axes and ticks do not: plotters' mesh measures its labels with a font, and an SVG is shown in the reader's, which nobody
//! knows here; it names ticks where they fall, and ours are round in the unit that is shown, 100 MiB and not 95.4. A line
//! breaks where a value is missing, which its series do not. Must not know: records, metrics. Beside it: `axes.rs`,
//! `backend.rs`.

use plotters::coord::cartesian::Cartesian2d;
use plotters::coord::types::RangedCoordf64;
use plotters::drawing::{DrawingArea, IntoDrawingArea};
use plotters::element::{Circle, Drawable, EmptyElement, PathElement, PointCollection, Polygon};

use super::axes::Axis;
use super::axes::{CHARACTER, shortened, spread, width};
use super::backend::{Canvas, FINENESS, Ink};
use crate::study::COLOURS;

const LINE_HEIGHT: f64 = 16.0;
const LONGEST_LABEL: usize = 34;

/// Room around the plotting area and its size, in pixels.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PlotFrame {
    pub(crate) left: f64,
    pub(crate) top: f64,
    pub(crate) width: f64,
    pub(crate) height: f64,
    pub(crate) right: f64,
    pub(crate) bottom: f64,
}

impl PlotFrame {
    /// Room to the right for direct labels, the longest of which decides.
    pub(crate) fn room_for<'a>(labels: impl IntoIterator<Item = &'a str>) -> f64 {
        let longest = labels.into_iter().map(|label| width(&shortened(label, LONGEST_LABEL))).fold(0.0, f64::max);
        longest + 34.0
    }
}

/// A place in a panel: 0 to 1 from left to right and from bottom to top. Above 1 is the room over the axis.
pub(crate) type Position = (f64, f64);

/// What is written beside the end of a line.
pub(crate) struct EndLabel<'a> {
    pub(crate) series: usize,
    pub(crate) colour: usize,
    pub(crate) text: &'a str,
    pub(crate) at: Position,
}

/// A picture under construction.
pub(crate) struct Plot {
    pub(crate) canvas: Canvas,
    area: DrawingArea<Canvas, Cartesian2d<RangedCoordf64, RangedCoordf64>>,
    frame: PlotFrame,
}

impl Plot {
    /// An empty panel with its grid and its axes named.
    pub(crate) fn new(frame: PlotFrame, x: &Axis, y: &Axis) -> Plot {
        let width = (frame.left + frame.width + frame.right).ceil() as u32;
        let height = (frame.top + frame.height + frame.bottom).ceil() as u32;
        let canvas = Canvas::new(width, height);
        let fine = |pixels: f64| (pixels * f64::from(FINENESS)).round() as i32;
        let across = fine(frame.left)..fine(frame.left + frame.width);
        let down = fine(frame.top + frame.height)..fine(frame.top);
        let places = Cartesian2d::new(0.0..1.0, 0.0..1.0, (across, down));
        let area = canvas.clone().into_drawing_area().apply_coord_spec(places);
        let panel = Plot { canvas, area, frame };
        panel.draw_axes(x, y);
        panel
    }

    fn draw_axes(&self, x: &Axis, y: &Axis) {
        let PlotFrame { left, top, width, height, .. } = self.frame;
        self.canvas.open(&[("class", "axes"), ("aria-hidden", "true")], "");
        for (value, text) in y.ticks_with_room(height, 2.0) {
            let place = y.place(value);
            let ink = if place == 0.0 { Ink::Axis } else { Ink::Grid };
            self.line(&[(0.0, place), (1.0, place)], ink);
            self.canvas.text((left - 8.0, top + height * (1.0 - place) + 4.0), "tick", "end", text);
        }
        for (value, text) in x.ticks_with_room(width, CHARACTER) {
            let at = left + width * x.place(value);
            self.canvas.text((at, top + height + 18.0), "tick", "middle", text);
            self.line(&[(x.place(value), 0.0), (x.place(value), -5.0 / height)], Ink::Axis);
        }
        self.line(&[(0.0, 0.0), (1.0, 0.0)], Ink::Axis);
        self.canvas.text((left + width / 2.0, top + height + 38.0), "title", "middle", &x.title);
        self.canvas.close();
    }

    /// The y axis is named above it, where it is read first and needs no turning of the head.
    pub(crate) fn heading(&self, text: &str) {
        self.canvas.text((0.0, 14.0), "head", "start", text);
    }

    /// A line through places.
    pub(crate) fn line(&self, places: &[Position], ink: Ink) {
        if places.len() > 1 {
            self.draw(&PathElement::new(places.to_vec(), ink.style()));
        }
    }

    /// A surface.
    pub(crate) fn surface(&self, places: &[Position], ink: Ink) {
        if places.len() > 2 {
            self.draw(&Polygon::new(places.to_vec(), ink.style()));
        }
    }

    /// A small dot: one block.
    pub(crate) fn dot(&self, at: Position) {
        self.draw(&Circle::new(at, 2 * FINENESS, Ink::Dot.style()));
    }

    /// The contender's marker: full, hollow, or hollow and struck through.
    pub(crate) fn marker(&self, colour: usize, at: Position, look: MarkerStyle) {
        let ink = if look == MarkerStyle::Full { Ink::Mark } else { Ink::Hollow };
        if colour == 0 {
            self.draw(&Circle::new(at, 4 * FINENESS, ink.style()));
        } else {
            let shape = SHAPES[colour].iter().map(|&(x, y)| fine(x, y)).collect::<Vec<_>>();
            self.draw(&(EmptyElement::at(at) + Polygon::new(shape, ink.style())));
        }
        if look == MarkerStyle::Struck {
            let stroke = [fine(-7.0, 7.0), fine(7.0, -7.0)];
            self.draw(&(EmptyElement::at(at) + PathElement::new(stroke, Ink::Strike.style())));
        }
    }

    /// The names of the lines in the right margin, moved apart, each tied to the end of its line.
    pub(crate) fn end_labels(&self, labels: &[EndLabel<'_>], top_place: f64) {
        let wanted: Vec<f64> = labels.iter().map(|label| self.pixel(label.at).1).collect();
        let top = self.pixel((0.0, top_place)).1;
        let placed = spread(&wanted, LINE_HEIGHT, top, self.frame.top + self.frame.height);
        let x = self.frame.left + self.frame.width + 24.0;
        for (label, y) in labels.iter().zip(placed) {
            self.canvas.open_of(label.series, &format!("k k{}", label.colour), label.text);
            let from = self.pixel(label.at);
            let bend = self.place((x - 10.0, y));
            self.line(&[self.place((from.0 + 7.0, from.1)), bend, self.place((x - 4.0, y))], Ink::Leader);
            self.canvas.text((x, y + 4.5), "label", "start", &shortened(label.text, LONGEST_LABEL));
            self.canvas.close();
        }
    }

    /// Pixels of a place.
    pub(crate) fn pixel(&self, place: Position) -> (f64, f64) {
        let PlotFrame { left, top, width, height, .. } = self.frame;
        (left + width * place.0, top + height * (1.0 - place.1))
    }

    fn place(&self, pixel: (f64, f64)) -> Position {
        let PlotFrame { left, top, width, height, .. } = self.frame;
        ((pixel.0 - left) / width, 1.0 - (pixel.1 - top) / height)
    }

    fn draw<'a, E>(&self, element: &'a E)
    where
        &'a E: PointCollection<'a, Position>,
        E: Drawable<Canvas>,
    {
        self.area.draw(element).expect("the backend writes to a String, which takes everything");
    }
}

/// How a marker is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum MarkerStyle {
    Full,
    Hollow,
    Struck,
}

fn fine(x: f64, y: f64) -> (i32, i32) {
    ((x * f64::from(FINENESS)) as i32, (y * f64::from(FINENESS)) as i32)
}

/// The markers, one for each colour: the first is a circle, which is drawn as one.
const SHAPES: [&[(f64, f64)]; COLOURS] = [
    &[],
    &[(-4.0, -4.0), (4.0, -4.0), (4.0, 4.0), (-4.0, 4.0)],
    &[(0.0, -5.0), (5.0, 4.0), (-5.0, 4.0)],
    &[(0.0, -5.5), (5.5, 0.0), (0.0, 5.5), (-5.5, 0.0)],
    &[(0.0, 5.0), (5.0, -4.0), (-5.0, -4.0)],
    &[
        (-2.0, -5.0),
        (2.0, -5.0),
        (2.0, -2.0),
        (5.0, -2.0),
        (5.0, 2.0),
        (2.0, 2.0),
        (2.0, 5.0),
        (-2.0, 5.0),
        (-2.0, 2.0),
        (-5.0, 2.0),
        (-5.0, -2.0),
        (-2.0, -2.0),
    ],
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_markers_are_alike() {
        for (index, shape) in SHAPES.iter().enumerate() {
            assert!(SHAPES[..index].iter().all(|other| other != shape), "marker {index}");
        }
    }
}
