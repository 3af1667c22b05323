//! A drawing backend for plotters that writes SVG with classes instead of colours.
//!
//! plotters works on whole pixels, so the canvas is sixteen times as fine as the picture and coordinates are divided
//! again: lines come out smooth. Colours, dashes and fonts belong to the page's style sheet, so that one picture
//! follows the theme; a "colour" here is the number of an [`Ink`]. What plotters cannot say in such a picture is drawn
//! by hand: words that a style sheet sets, and areas and symbols with a class. Must not know: data, axes. Beside it:
//! `plot.rs`.

use std::cell::RefCell;
use std::convert::Infallible;
use std::fmt::Write;
use std::rc::Rc;

use plotters::style::{RGBAColor, ShapeStyle};
use plotters_backend::{BackendColor, BackendCoord, BackendStyle, DrawingBackend, DrawingErrorKind};

/// Steps of the canvas in one pixel of the picture.
pub(crate) const FINENESS: i32 = 16;

type DrawResult = Result<(), DrawingErrorKind<Infallible>>;

/// What a stroke or a surface is; the style sheet has a class of this name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ink {
    Grid,
    Axis,
    Line,
    Area,
    Band,
    Mark,
    Hollow,
    Strike,
    Dot,
    Whisker,
    Leader,
}

/// The class of each ink, in the order of [`Ink`].
const CLASSES: [&str; 11] =
    ["grid", "axis", "line", "area", "band", "mark", "hollow", "strike", "dot", "whisker", "leader"];

impl Ink {
    /// The style that plotters hands back to the backend.
    pub(crate) fn style(self) -> ShapeStyle {
        ShapeStyle { color: RGBAColor(self as u8, 0, 0, 1.0), filled: true, stroke_width: 1 }
    }
}

fn class(style: &impl BackendStyle) -> &'static str {
    CLASSES.get(usize::from(style.color().rgb.0)).copied().unwrap_or("line")
}

/// An SVG under construction. Clones write into the same picture.
#[derive(Debug, Clone)]
pub(crate) struct Canvas {
    body: Rc<RefCell<String>>,
    width: u32,
    height: u32,
}

impl Canvas {
    pub(crate) fn new(width: u32, height: u32) -> Canvas {
        Canvas { body: Rc::default(), width, height }
    }

    /// Opens a group. `attributes` are names and values; `title` is what a pointer shows and a reader hears.
    pub(crate) fn open(&self, attributes: &[(&str, &str)], title: &str) {
        let mut group = String::from("<g");
        for (name, value) in attributes {
            let _ = write!(group, " {name}=\"{}\"", escape(value));
        }
        group.push('>');
        if !title.is_empty() {
            let _ = write!(group, "<title>{}</title>", escape(title));
        }
        self.put(&group);
    }

    /// Opens the group of what is a contender's, so that the page can hide it: its number in the run and its class.
    pub(crate) fn open_of(&self, index: usize, class: &str, title: &str) {
        self.open(&[("class", class), ("data-c", &index.to_string())], title);
    }

    pub(crate) fn close(&self) {
        self.put("</g>\n");
    }

    /// Text at a point of the picture, in its pixels, with a class and `start`, `middle` or `end`.
    pub(crate) fn text(&self, at: (f64, f64), class: &str, anchor: &str, text: &str) {
        let (x, y) = (short(at.0), short(at.1));
        let text = escape(text);
        self.put(&format!("<text x=\"{x}\" y=\"{y}\" class=\"{class}\" text-anchor=\"{anchor}\">{text}</text>"));
    }

    /// A rectangle, by its left upper corner and its size in pixels of the picture.
    pub(crate) fn rectangle(&self, (x, y): (f64, f64), (width, height): (f64, f64), class: &str) {
        let [x, y, width, height] = [x, y, width, height].map(short);
        self.put(&format!("<rect class=\"{class}\" x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\"/>"));
    }

    /// The same mark at many points of the picture, in its pixels, as one element. `glyph` is path data from there on.
    pub(crate) fn glyphs(&self, points: &[(f64, f64)], glyph: &str, class: &str) {
        let places = points.iter().map(|&(x, y)| format!("M{} {}{glyph}", short(x), short(y)));
        let d: String = places.collect();
        self.put(&format!("<path class=\"{class}\" d=\"{d}\"/>"));
    }

    /// Filled boxes in the colour of their group, as one element: left, top, width and height of each in pixels.
    pub(crate) fn boxes(&self, boxes: &[[f64; 4]], opacity: f64) {
        if boxes.is_empty() {
            return;
        }
        let outline = |[x, y, w, h]: &[f64; 4]| {
            format!("M{} {}h{}v{}h-{}z", short(*x), short(*y), short(*w), short(*h), short(*w))
        };
        let d: String = boxes.iter().map(outline).collect();
        self.put(&format!("<path fill=\"currentColor\" opacity=\"{opacity}\" d=\"{d}\"/>"));
    }

    /// The finished picture. `label` says in a sentence what is seen.
    pub(crate) fn finish(&self, label: &str) -> String {
        let (width, height, body) = (self.width, self.height, self.body.borrow());
        let label = escape(label);
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" \
             height=\"{height}\" role=\"img\" aria-label=\"{label}\">\n{body}</svg>"
        )
    }

    fn put(&self, text: &str) {
        self.body.borrow_mut().push_str(text);
    }

    fn path(&self, points: impl IntoIterator<Item = BackendCoord>, class: &str, end: &str) {
        let mut d = String::new();
        for (index, (x, y)) in points.into_iter().enumerate() {
            let step = if index == 0 { 'M' } else { 'L' };
            let _ = write!(d, "{step}{} {}", pixels(x), pixels(y));
        }
        self.put(&format!("<path class=\"{class}\" d=\"{d}{end}\"/>"));
    }
}

/// Paths, polygons and circles, which are all that is drawn by way of plotters.
impl DrawingBackend for Canvas {
    type ErrorType = Infallible;

    fn get_size(&self) -> (u32, u32) {
        (self.width * FINENESS as u32, self.height * FINENESS as u32)
    }

    fn ensure_prepared(&mut self) -> DrawResult {
        Ok(())
    }

    fn present(&mut self) -> DrawResult {
        Ok(())
    }

    fn draw_pixel(&mut self, point: BackendCoord, color: BackendColor) -> DrawResult {
        self.draw_circle(point, 1, &color, true)
    }

    fn draw_path<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(&mut self, path: I, style: &S) -> DrawResult {
        self.path(path, class(style), "");
        Ok(())
    }

    fn fill_polygon<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(
        &mut self,
        path: I,
        style: &S,
    ) -> DrawResult {
        self.path(path, class(style), "Z");
        Ok(())
    }

    fn draw_circle<S: BackendStyle>(&mut self, at: BackendCoord, radius: u32, style: &S, _fill: bool) -> DrawResult {
        let (x, y, r) = (pixels(at.0), pixels(at.1), pixels(radius as i32));
        self.put(&format!("<circle class=\"{}\" cx=\"{x}\" cy=\"{y}\" r=\"{r}\"/>", class(style)));
        Ok(())
    }
}

fn pixels(canvas: i32) -> String {
    short(f64::from(canvas) / f64::from(FINENESS))
}

/// At most one digit after the point: a tenth of a pixel is finer than any screen.
fn short(value: f64) -> String {
    let text = format!("{value:.1}");
    text.strip_suffix(".0").map_or(text.clone(), str::to_owned)
}

/// Text that stays text in XML and HTML.
pub(crate) fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            c if c.is_control() => safe.push('\u{fffd}'),
            c => safe.push(c),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fractions_of_a_pixel_survive_and_classes_replace_colours() {
        let mut canvas = Canvas::new(100, 50);
        canvas.draw_path([(8, 16), (24, 40)], &Ink::Line.style()).unwrap();
        assert_eq!(*canvas.body.borrow(), "<path class=\"line\" d=\"M0.5 1L1.5 2.5\"/>");
    }

    #[test]
    fn hostile_text_stays_text() {
        let canvas = Canvas::new(10, 10);
        canvas.open(&[("data-x", "\"><script>")], "<img onerror=1>");
        canvas.close();
        let svg = canvas.finish("'\"&");
        assert!(!svg.contains("<script") && !svg.contains("<img") && svg.contains("aria-label=\"&#39;&quot;&amp;\""));
    }
}
