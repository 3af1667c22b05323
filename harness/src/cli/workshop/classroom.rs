//! The runs of a workshop, one after another, and the servers that are left running between them.
//!
//! Runs on the thread that began the command, since the kernel ends a server with the thread that started it. Must not know:
//! what a page asks. Beside it: `desk.rs`, which has the jobs.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use reports::record::store::RunFolder;
use reports::record::{Cell, Ending, Manifest, Outcome};
use serde_json::{Value, json};

use super::asked::{AskedState, folder_of, reveal};
use super::desk::{WorkshopDesk, WorkshopJob};
use crate::cli::busy::FirstLook;
use crate::cli::lesson::{LessonRun, LessonStage, StandingServers, StoodServer};
use crate::cli::output::tell;
use crate::cli::report;
use crate::live::followed::Drawing;
use crate::live::web::{PageEvent, Web};
use crate::run::RunProgress;

/// Time between two looks at whether a signal has come.
const LOOK: Duration = Duration::from_millis(200);

/// Everything that the runs of a workshop have in common.
pub(super) struct Classroom<'a> {
    pub(super) desk: &'a WorkshopDesk,
    pub(super) web: &'a Web,
    pub(super) stage: &'a LessonStage,
    /// Each run gets a folder of its own in it.
    pub(super) folder: PathBuf,
    pub(super) seed: u64,
}

impl Classroom<'_> {
    /// Does what the page wants until a signal comes. No server is left then.
    pub(super) fn teach(&self, jobs: &Receiver<WorkshopJob>) {
        let mut standing: Option<StandingServers> = None;
        while !self.stage.interrupt.is_set() {
            match jobs.recv_timeout(LOOK) {
                Ok(WorkshopJob::Run(id)) => {
                    // They would disturb the run.
                    standing = None;
                    self.tell_standing(0, None);
                    self.run(id);
                }
                Ok(WorkshopJob::Stand(id)) => {
                    drop(standing.take());
                    standing = match self.stand(id) {
                        Ok(servers) => {
                            self.tell_standing(id, servers.as_ref());
                            servers
                        }
                        Err(error) => {
                            let why = format!("{error:#}");
                            tell(&format!("note: the servers can't be left running: {why}"));
                            self.tell("standing", json!([{ "id": id, "why": why }]));
                            None
                        }
                    };
                }
                Ok(WorkshopJob::End) => {
                    standing = None;
                    self.tell_standing(0, None);
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
        drop(standing);
    }

    fn tell(&self, what: &'static str, now: Value) {
        self.web.tell(PageEvent::Desk { what, now });
    }

    fn tell_standing(&self, id: usize, standing: Option<&StandingServers>) {
        let servers = standing.map_or(&[][..], |standing| &standing.servers[..]);
        let server = |server: &StoodServer| json!({ "id": id, "contender": server.contender, "pid": server.pid });
        self.tell("standing", servers.iter().map(server).collect());
    }

    fn stand(&self, id: usize) -> anyhow::Result<Option<StandingServers>> {
        let setup = {
            let asked = self.desk.asked();
            asked.get(id).map(|one| (one.lesson.setup)(&one.settings))
        };
        setup.map(|setup| StandingServers::start(&setup, self.stage)).transpose()
    }

    /// Runs the lesson of a prediction, and says on the page what came out, or why nothing did.
    fn run(&self, id: usize) {
        match self.carry_out(id) {
            Ok(()) => self.tell("run", json!({ "id": id, "phase": "ended", "ended": 1, "cells": 1 })),
            Err(error) => {
                let why = format!("{error:#}");
                tell(&format!("note: {why}"));
                if let Some(one) = self.desk.asked().get_mut(id) {
                    one.state = AskedState::Predicted;
                }
                self.tell("run", json!({ "id": id, "phase": "failed", "ended": 0, "cells": 1, "why": why }));
            }
        }
    }

    fn carry_out(&self, id: usize) -> anyhow::Result<()> {
        let first_look = FirstLook::take();
        let (lesson, settings, predictions) = {
            let asked = self.desk.asked();
            let Some(one) = asked.get(id) else { return Ok(()) };
            (one.lesson, one.settings.clone(), one.predictions.clone())
        };
        let setup = (lesson.setup)(&settings);
        let folder = folder_of(&self.folder, id, lesson);
        let run = LessonRun { lesson, settings: &settings, setup: &setup, seed: self.seed, folder: &folder };
        let mut shown = Shown { room: self, id, drawing: None, pictures: BTreeMap::new(), state: RunShown::default() };
        self.tell("picture", Value::String(String::new()));
        shown.tell_state();
        let end = run.carry_out(self.stage, first_look, &predictions, &mut shown)?;
        if end.ending == Ending::Interrupted {
            anyhow::bail!("the run was interrupted");
        }
        let saved = RunFolder::open(&folder)?;
        report::write_page(&saved, &saved.read()?)?;
        if let Some(one) = self.desk.asked().get_mut(id) {
            reveal(id, one, &folder)?;
        }
        self.desk.keep()
    }
}

/// How far a run is, as it is shown.
#[derive(Debug, Default)]
struct RunShown {
    ended: usize,
    cells: usize,
    now: String,
    expected_end: Option<Instant>,
}

/// A run on the page.
struct Shown<'a> {
    room: &'a Classroom<'a>,
    id: usize,
    /// Made when the manifest is there.
    drawing: Option<Drawing>,
    /// As they were drawn last, by their anchors.
    pictures: BTreeMap<String, String>,
    state: RunShown,
}

impl Shown<'_> {
    fn tell_state(&self) {
        let RunShown { ended, cells, now, expected_end } = &self.state;
        let left = expected_end.map_or(Duration::ZERO, |end| end.saturating_duration_since(Instant::now()));
        self.room.tell(
            "run",
            json!({
                "id": self.id, "phase": "running", "ended": ended, "cells": cells, "left_s": left.as_secs(), "now": now,
            }),
        );
    }
}

impl RunProgress for Shown<'_> {
    fn run_begins(&mut self, manifest: &Manifest) {
        self.drawing = Some(Drawing::new(manifest.clone(), Vec::new()));
    }

    fn planned(&mut self, cells: usize, time: Duration) {
        self.state.cells = cells;
        self.state.expected_end = Some(Instant::now() + time);
    }

    fn begins(&mut self, order: u32, _: &str, contender: &str) {
        self.state.ended = order as usize;
        self.state.now = format!("Now: {contender}.");
        self.tell_state();
    }

    fn ended(&mut self, cell: &Cell) {
        self.state.ended += 1;
        if let Outcome::Failed { reason, .. } = &cell.outcome {
            self.state.now = format!("{}: {reason}.", cell.contender);
        }
        self.tell_state();
        let drawn = self.drawing.as_mut().and_then(|drawing| drawing.ended(cell));
        let Some(drawn) = drawn.filter(|drawn| !drawn.anew.is_empty()) else { return };
        self.pictures.extend(drawn.anew);
        let in_order = drawn.pictures.iter().filter_map(|anchor| self.pictures.get(anchor));
        let all: Vec<&str> = in_order.map(String::as_str).collect();
        self.room.tell("picture", Value::String(all.concat()));
    }
}
