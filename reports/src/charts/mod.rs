//! Pictures drawn from their declaration: a figure is one or more panels, what to know beside them, and the same
//! numbers as a table.
//!
//! A new experiment needs no code here: its pictures name a kind, a swept variable and metrics. Must not know: files,
//! the page around a figure. Beside it: `scenes.rs` (from a declaration to a figure),
//! `plot.rs` (what every kind is drawn with), one file per kind.

mod axes;
pub(crate) mod backend;
mod bars;
mod crossover;
mod curve;
mod inside;
mod lanes;
pub(crate) mod moments;
mod plot;
mod probe;
pub(crate) mod ratios;
mod scenes;
mod spectrum;
mod split;
mod stacked;
mod sweep;
mod titles;
pub(crate) mod trend;
pub(crate) mod why;

use serde::Serialize;

use crate::placement::server_cpus_of;
use crate::record::store::Run;
use crate::record::{Picture, PictureKind};
use crate::study::Group;
use crate::words::Title;

pub use scenes::figures;
pub(crate) use scenes::{
    OtherScale, anchor, anchors, figure_at, on_other_scale, on_other_scale_at, traced, with_workloads,
};

/// A picture with everything that belongs to it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Figure {
    /// Anchor, unique in the page.
    pub id: String,
    /// Name of its experiment.
    pub experiment: String,
    /// How it is drawn.
    pub kind: PictureKind,
    /// What is seen, in words that the data chose.
    pub title: String,
    /// What is on the axes, for which workload, on how many CPUs.
    pub subtitle: String,
    /// The drawings, left to right.
    pub panels: Vec<PanelPicture>,
    /// What parts of a stack are called: number of the colour and name, from the bottom up.
    pub parts: Vec<(usize, String)>,
    /// How to read it and what is left out; a paragraph each.
    pub notes: Vec<String>,
    /// The numbers.
    pub table: DataTable,
}

/// One drawing of a figure.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PanelPicture {
    /// Over the drawing; empty where the figure has one only.
    pub heading: String,
    /// The contender that the drawing is about, where it is one only.
    pub contender: Option<usize>,
    /// The SVG.
    pub svg: String,
    /// Under the drawing, a line each.
    pub lines: Vec<String>,
}

impl PanelPicture {
    /// The one drawing of a figure, or one that speaks for itself.
    fn unnamed(svg: String) -> PanelPicture {
        PanelPicture { heading: String::new(), contender: None, svg, lines: Vec::new() }
    }
}

/// The numbers of a figure.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct DataTable {
    /// Headings; the first is the contender.
    pub columns: Vec<String>,
    /// Rows.
    pub rows: Vec<DataRow>,
}

/// One row of a [`DataTable`].
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DataRow {
    /// The contender's number, for the filter.
    pub contender: usize,
    /// A text per column.
    pub cells: Vec<String>,
}

/// What a kind draws from.
struct Scene<'a> {
    run: &'a Run,
    picture: &'a Picture,
    group: &'a Group<'a>,
    /// All of the run.
    groups: &'a [Group<'a>],
    id: String,
}

impl Scene<'_> {
    /// A figure of it with nothing drawn.
    fn empty(&self) -> Figure {
        Figure {
            id: self.id.clone(),
            experiment: self.group.experiment.name.clone(),
            kind: self.picture.kind,
            title: "A picture that this version cannot draw".into(),
            subtitle: self.place(),
            panels: Vec::new(),
            parts: Vec::new(),
            notes: Vec::new(),
            table: DataTable::default(),
        }
    }

    /// The same with its title, and under it what belongs to that and what is on the axes.
    fn titled(&self, title: &Title, axes: &str) -> Figure {
        Figure { title: title.said.clone(), subtitle: title.subtitle(axes), ..self.empty() }
    }

    /// `sleep 5 ms, server on 1 CPU`.
    fn place(&self) -> String {
        format!("{}, {}", self.group.workload.label, server_cpus_of(self.run, self.group))
    }
}
