//! A stretch of a session in which one load went on unchanged, and what came of it at each model.
//!
//! Must not know: how it is saved. Beside it: `engine.rs`, which tells of it when the load changes or ends.

use reports::record::Sample;

use super::frame::Asked;
use super::watched::Ended;
use crate::clock::now_ns;
use crate::load::LoadOutcome;
use crate::plan::LoadSpec;

/// One load from its beginning to its end.
#[derive(Debug, Clone, PartialEq)]
pub struct Stretch {
    /// What was asked for.
    pub asked: Asked,
    /// The load, with the window that it might have had; [`LoadOutcome::measured`] says how much of it passed. Absent
    /// while the session is paused.
    pub spec: Option<LoadSpec>,
    /// When it began, in nanoseconds since the session did.
    pub begun_ns: u64,
    /// Whether nothing else was begun or ended meanwhile: no flood, no server.
    pub is_steady: bool,
    /// What came of it, for each model whose load was carried out to the end.
    pub models: Vec<(String, LoadOutcome)>,
    /// The servers meanwhile, in the same order; `at_ns` counts from the start of the load.
    pub samples: Vec<Vec<Sample>>,
    /// When it began, on the monotonic clock.
    pub(crate) origin_ns: u64,
}

impl Stretch {
    pub(super) fn begin(asked: &Asked, spec: Option<LoadSpec>, session_origin_ns: u64) -> Stretch {
        let now = now_ns();
        Stretch {
            asked: asked.clone(),
            spec,
            begun_ns: now - session_origin_ns,
            is_steady: asked.flood == 0,
            models: Vec::new(),
            samples: Vec::new(),
            origin_ns: now,
        }
    }

    /// Something else was begun or ended.
    pub(super) fn note_disturbance(&mut self) {
        self.is_steady = false;
    }

    /// What came of it at a model. A load that could not be carried out came to nothing.
    pub(super) fn add(&mut self, ended: Ended) {
        let Ok(outcome) = ended.outcome else { return };
        let rebased = |sample: Sample| Some(Sample { at_ns: sample.at_ns.checked_sub(self.origin_ns)?, ..sample });
        self.samples.push(ended.samples.into_iter().filter_map(rebased).collect());
        self.models.push((ended.contender, outcome));
    }
}
