//! Recording what is watched: every frame, for playing it back, in the folder of a run, for a report. Each load that went on
//! unchanged for a while is a workload of that run, with a cell for each model.
//!
//! Must not know: terminals. Beside it: `cells.rs`, how a stretch of one load becomes cells.

use std::path::Path;
use std::time::Instant;

use instruments::clock::nanoseconds;
use instruments::load::PageRequest;
use reports::record::store::RunFolder;
use reports::record::{Ending, Machine, Manifest, PlacementRecord};

use super::cells::{cells, experiment, workload};
use crate::cli::new_run;
use crate::live::{FRAMES, FramesFile, SessionEvent, Stretch};
use crate::plan::{Cast, Participant, Preset, RunPlan};
use crate::run::Preflight;

/// Records a session, or parts of it.
pub(super) struct SessionRecorder {
    machine: Machine,
    preflight: Preflight,
    plan: RunPlan<'static>,
    current: Option<Recording>,
}

/// When a recording begins: with the session, or in the midst of a load.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RecordFrom {
    WithTheSession,
    /// What was under way then is no part of it; the load is to begin anew.
    WithTheNextLoad,
}

/// One recording.
struct Recording {
    folder: RunFolder,
    frames: FramesFile,
    manifest: Manifest,
    begun: Instant,
    beginning: RecordFrom,
    /// Whether it ends with the load that is under way.
    is_ending: bool,
    has_frames: bool,
    stretches: u32,
}

impl SessionRecorder {
    /// Records nothing until it is told to.
    pub(super) fn new(
        machine: Machine,
        placement: PlacementRecord,
        preflight: Preflight,
        contenders: Vec<Participant>,
        page: Option<PageRequest>,
        seed: u64,
    ) -> SessionRecorder {
        let cast = Cast { contenders, ..Cast::default() };
        let connection_ceiling = preflight.connection_ceiling;
        let plan = RunPlan { connection_ceiling, page, ..RunPlan::of(cast, Preset::Smoke, seed, placement) };
        SessionRecorder { machine, preflight, plan, current: None }
    }

    pub(super) fn is_recording(&self) -> bool {
        self.current.is_some()
    }

    /// Begins a recording in a folder, or in one that is named after the time. Says where.
    ///
    /// # Errors
    /// Where the folder holds a run already, or can't be written.
    pub(super) fn begin(&mut self, folder: Option<&Path>, beginning: RecordFrom) -> anyhow::Result<String> {
        let (path, name) = new_run::folder(folder, "watch")?;
        let folder = RunFolder::create(&path)?;
        let mut manifest = new_run::manifest(&self.plan, &self.preflight, self.machine.clone(), (name, "watch"), 0);
        manifest.blocks = 1;
        manifest.experiments = vec![experiment()];
        folder.write_manifest(&manifest)?;
        let frames = FramesFile::create(path.join(FRAMES))?;
        let begun = Instant::now();
        self.current = Some(Recording {
            folder,
            frames,
            manifest,
            begun,
            beginning,
            is_ending: false,
            has_frames: false,
            stretches: 0,
        });
        Ok(format!("recording into {}", path.display()))
    }

    /// Ends the recording with the load that is under way.
    pub(super) fn end_with_the_load(&mut self) {
        self.current.iter_mut().for_each(|recording| recording.is_ending = true);
    }

    /// Records what is seen, where it is to be. Says what was recorded where this was the last.
    ///
    /// # Errors
    /// Where it can't be written.
    pub(super) fn take(&mut self, seen: &SessionEvent) -> anyhow::Result<Option<String>> {
        let Some(recording) = &mut self.current else { return Ok(None) };
        match seen {
            SessionEvent::Frame(frame) => {
                recording.frames.add(frame)?;
                recording.has_frames = true;
            }
            SessionEvent::Stretch(_) if recording.beginning == RecordFrom::WithTheNextLoad => {
                recording.beginning = RecordFrom::WithTheSession;
            }
            SessionEvent::Stretch(stretch) => {
                recording.add(stretch)?;
                if recording.is_ending {
                    return self.end();
                }
            }
        }
        Ok(None)
    }

    /// Ends the recording now. Says what was recorded, where anything was.
    ///
    /// # Errors
    /// Where the manifest can't be written.
    pub(super) fn end(&mut self) -> anyhow::Result<Option<String>> {
        self.current.take().map(Recording::end).transpose()
    }
}

impl Recording {
    fn add(&mut self, stretch: &Stretch) -> anyhow::Result<()> {
        let made = cells(stretch, self.stretches, self.manifest.planned_cells);
        if made.is_empty() {
            return Ok(());
        }
        for cell in &made {
            self.folder.write_cell(cell)?;
        }
        let experiment = self.manifest.experiments.iter_mut().next();
        experiment.into_iter().for_each(|experiment| workload(experiment, stretch, self.stretches));
        self.stretches += 1;
        self.manifest.planned_cells += made.len() as u32;
        // A recording that is cut off is a run up to here.
        self.folder.write_manifest(&self.manifest)?;
        Ok(())
    }

    fn end(mut self) -> anyhow::Result<String> {
        self.manifest.elapsed_ns = Some(nanoseconds(self.begun.elapsed()));
        self.manifest.ending = Ending::Completed;
        self.folder.write_manifest(&self.manifest)?;
        let path = self.folder.path().display();
        Ok(match self.stretches {
            0 if !self.has_frames => format!("nothing was recorded in {path}"),
            0 => format!("recorded: harness watch --replay {path}"),
            _ => format!("recorded: harness watch --replay {path}, or harness report {path}"),
        })
    }
}
