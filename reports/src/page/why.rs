//! Why the scorecard says what it says: for each row in which the two differ one picture, and who waited for what.
//!
//! Must not know: tags. Beside it: `page.html.jinja`, which lays it out; `../mechanism.rs`, `../charts/why.rs`.

use serde::Serialize;

use crate::charts::moments::{MomentPicture, pictures};
use crate::charts::{self, Figure};
use crate::mechanism::Mechanism;
use crate::record::store::Run;
use crate::scorecard::{RowVerdict, Scorecard, ScorecardRow};
use crate::study::Group;
use crate::words::scorecard::{question, verdict};
use crate::words::why::sentences;

/// One row, explained.
#[derive(Debug, Serialize)]
pub(super) struct WhyArticle {
    asked: String,
    verdict: String,
    /// Number of the better one's colour.
    colour: usize,
    sentences: [String; 2],
    figure: Figure,
    /// Recorded moments of either's window, where it is lanes.
    moments: Vec<MomentPicture>,
    /// Anchor of the figure that shows it of all contenders; absent where there is none.
    all: Option<String>,
}

/// An article for each row in which the two differ and whose reason was recorded. `groups` are those of the same run.
pub(super) fn articles(run: &Run, groups: &[Group<'_>], card: &Scorecard) -> Vec<WhyArticle> {
    card.rows.iter().filter_map(|row| article(run, groups, card, row)).collect()
}

fn article(run: &Run, groups: &[Group<'_>], card: &Scorecard, row: &ScorecardRow) -> Option<WhyArticle> {
    let RowVerdict::Better { who, .. } = row.verdict else { return None };
    let mechanism = Mechanism::of(run, groups, card, row)?;
    Some(WhyArticle {
        asked: question(&row.topic),
        verdict: verdict(row, card.shorts()),
        colour: card.protagonists[who].colour,
        sentences: sentences(&mechanism, row, card.shorts()),
        figure: charts::why::figure(run, card, row, &mechanism)?,
        moments: match &mechanism {
            Mechanism::Lanes { timelines, .. } => pictures(run, timelines, row.topic.key()),
            _ => Vec::new(),
        },
        all: charts::anchor(run, groups, &row.experiment, row.metric),
    })
}

impl WhyArticle {
    /// Its picture.
    pub(super) fn figure(&self) -> &Figure {
        &self.figure
    }

    /// Whether it explains this row.
    pub(super) fn is_of(&self, row: &ScorecardRow) -> bool {
        self.figure.id == charts::why::anchor(row)
    }
}
