//! A run while it goes on, in pieces: each picture by itself, and what can be said so far. Whoever shows them replaces
//! theirs by these, and may stop between two.
//!
//! The same pictures and sentences as in the report, and as pure. Must not know: how often, or for whom. Beside it:
//! `mod.rs` (the whole report), `so_far.html.jinja` (the sentences).

use std::collections::BTreeMap;
use std::sync::LazyLock;

use minijinja::value::{Serde, Value};
use minijinja::{Environment, context};

use super::{LAYOUT, downloads};
use crate::charts::moments::{MomentPicture, pictures};
use crate::charts::{self, Figure};
use crate::record::Timeline;
use crate::record::store::Run;
use crate::study::{Group, groups};
use crate::summary::{self, Rank};

/// The report's own way to draw a figure: the layout begins with its macros, and ends them with the document.
static FIGURE: LazyLock<String> = LazyLock::new(|| {
    let (macros, _) = LAYOUT.split_once("<!doctype html>").expect("the layout has a document after its macros");
    format!("{macros}{{{{ draw(figure) }}}}")
});
const SENTENCES: &str = include_str!("so_far.html.jinja");

/// A run as far as it has come.
#[derive(Debug)]
pub struct SoFar<'a> {
    run: &'a Run,
    groups: Vec<Group<'a>>,
    templates: Environment<'static>,
}

impl<'a> SoFar<'a> {
    /// Gathers the cells that there are.
    pub fn of(run: &'a Run) -> SoFar<'a> {
        let mut templates = super::templates();
        for (name, source) in [("figure", FIGURE.as_str()), ("sentences", SENTENCES)] {
            templates.add_template(name, source).expect("all are part of the program and tested");
        }
        SoFar { run, groups: groups(run), templates }
    }

    /// The anchors of the pictures that the cells so far may fill, in the order of the report, each with the name of its
    /// experiment. A picture's anchor may change while its experiment has cells of one workload only.
    pub fn pictures(&self) -> Vec<(String, String)> {
        charts::anchors(self.run, &self.groups)
    }

    /// The picture with this anchor as HTML; absent where there is nothing to draw yet.
    pub fn picture(&self, anchor: &str) -> Option<String> {
        charts::figure_at(self.run, &self.groups, anchor).map(|figure| self.drawn(&figure))
    }

    /// The pictures of traced windows as HTML. A run has them when it is over.
    pub fn traced(&self) -> Vec<String> {
        charts::traced(self.run).iter().map(|figure| self.drawn(figure)).collect()
    }

    /// The recorded moments of each traced window, to be stepped through, side by side, as HTML. A run has them
    /// when it is over; absent where nothing was traced, or nothing changes.
    pub fn moments(&self) -> Option<String> {
        let timelines: Vec<&Timeline> = self.run.timelines.iter().collect();
        let pictures = pictures(self.run, &timelines, "all");
        let one = |one: &MomentPicture| self.filled("moments", context! { one => Value::from(Serde(one.clone())) });
        let all: String = pictures.iter().map(one).collect();
        (!all.is_empty()).then(|| format!("<div class=\"panels n2\">{all}</div>"))
    }

    fn drawn(&self, figure: &Figure) -> String {
        let anchor = figure.id.as_str();
        let page = context! {
            figures_csv => BTreeMap::from([(anchor, downloads::figure_csv(&figure.table))]),
            other_scales => charts::on_other_scale_at(self.run, &self.groups, anchor)
                .map(|other| BTreeMap::from([(anchor, Value::from(Serde(other)))]))
                .unwrap_or_default(),
        };
        self.filled("figure", context! { page, figure => Value::from(Serde(figure.clone())) })
    }

    /// What the cells so far say to the claims and questions, as HTML.
    pub fn sentences(&self) -> String {
        let summary = summary::of_groups(self.run, &self.groups);
        let leads: Vec<_> = summary.answers.into_iter().filter(|answer| answer.rank == Rank::Lead).collect();
        let claims: Vec<_> = summary.claims.into_iter().filter(|claim| self.has_begun(&claim.experiment)).collect();
        let values = context! {
            claims => Value::from(Serde(claims)),
            leads => Value::from(Serde(leads)),
            invalid => summary.validity.invalid_cells,
            cells => summary.validity.cells,
        };
        self.filled("sentences", values)
    }

    fn has_begun(&self, experiment: &str) -> bool {
        self.groups.iter().any(|group| group.experiment.name == experiment && !group.series.is_empty())
    }

    fn filled(&self, template: &str, values: Value) -> String {
        let template = self.templates.get_template(template).expect("all were added when this was made");
        template.render(values).expect("the template names only what it is given, and is tested")
    }
}
