//! What people say, and what this run says to it: a line per claim that an experiment says how to decide.
//!
//! Must not know: HTML. Beside it: `verdict/claim.rs`, which decides.

use serde::Serialize;

use crate::charts;
use crate::record::store::Run;
use crate::study::Group;
use crate::verdict::{self, Ruling};
use crate::words;

/// A claim with its verdict.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Claim {
    /// Name of the experiment.
    pub experiment: String,
    /// As people say it.
    pub claim: String,
    /// What the records say.
    pub verdict: ClaimVerdict,
    /// The verdict in words, with the cases on either side or why it can't be told: `True for echo; not for sleep`.
    pub sentence: String,
    /// The values that decided, each beside its bound.
    pub values: Vec<String>,
    /// Anchor of the figure that shows them, in the report; absent where there is none.
    pub figure: Option<String>,
}

/// One of four verdicts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum ClaimVerdict {
    /// Under all conditions of the experiment.
    Holds,
    /// Under some.
    HoldsOnlyFor,
    /// Under none.
    DoesNotHold,
    /// Not to be decided from this run.
    CannotTell,
}

impl Claim {
    /// The claim and its verdict in one line, for a terminal or a list.
    pub fn line(&self) -> String {
        format!("\u{201c}{}\u{201d}: {}", self.claim.trim_end_matches('.'), self.sentence)
    }
}

pub(super) fn of(run: &Run, groups: &[Group<'_>]) -> Vec<Claim> {
    let claims = run.manifest.experiments.iter().filter_map(|experiment| {
        let decision = experiment.decision.as_ref()?;
        let own: Vec<&Group<'_>> = groups.iter().filter(|group| group.experiment.name == experiment.name).collect();
        let decided = verdict::decide(decision, &own);
        let deciding = decision.conditions.first().map(|condition| condition.value.metric.as_str());
        Some(Claim {
            experiment: experiment.name.clone(),
            claim: experiment.claim.clone(),
            verdict: match decided.ruling {
                Ruling::Holds => ClaimVerdict::Holds,
                Ruling::HoldsOnlyFor { .. } => ClaimVerdict::HoldsOnlyFor,
                Ruling::DoesNotHold => ClaimVerdict::DoesNotHold,
                Ruling::CannotTell(_) => ClaimVerdict::CannotTell,
            },
            sentence: words::claim::ruled(&decided),
            values: decided.values.iter().map(words::claim::value).collect(),
            figure: charts::anchor(run, groups, &experiment.name, deciding),
        })
    });
    claims.collect()
}
