//! `harness workshop`: lessons on a page for browsers on this machine, with runs that are begun there.
//!
//! Read `desk.rs` (what the page asks and tells), `reveal.rs` (what it is given when a run is over), `classroom.rs` (the runs,
//! one after another). Must not know: how a page looks. Beside it: `../lesson/`, the same in a terminal; `live/web/desk.rs`,
//! what is served.

mod classroom;
mod desk;
mod recorded;
mod reveal;

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::mpsc::channel;

use self::classroom::Classroom;
use self::desk::WorkshopDesk;
use super::lesson::{LessonStage, lesson_folder, named};
use super::output::{print, tell};
use crate::live::web::Web;

/// Teach the lessons on a page for browsers on this machine: predict, run, and see what came out
#[derive(Debug, clap::Args)]
pub(super) struct WorkshopArgs {
    /// Port of the page; 0 for any free one
    #[arg(long, default_value_t = 7979)]
    port: u16,

    /// Show the trainer's script, a clock and the way to any lesson as well
    #[arg(long)]
    trainer: bool,

    /// Offer what recorded runs found, for when the machine says no: a run of a lesson, or a folder with several
    #[arg(long, value_name = "RUN")]
    replay: Option<PathBuf>,

    /// The lesson to begin with
    #[arg(long, value_name = "NAME")]
    lesson: Option<String>,

    /// Folder in which each run gets one of its own; `runs/TIME-workshop` without it
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,

    /// Everything random follows from this number
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

pub(super) fn run(args: WorkshopArgs) -> anyhow::Result<ExitCode> {
    let first = args.lesson.as_deref().map(named).transpose()?;
    let recorded = args.replay.as_deref().map(recorded::runs).transpose()?.unwrap_or_default();
    let folder = lesson_folder(args.out.as_deref(), "workshop")?;
    let stage = LessonStage::enter()?;
    let (jobs, asked) = channel();
    let desk = Arc::new(WorkshopDesk::new(args.trainer, recorded, jobs));
    let (web, address) =
        Web::start_workshop(Arc::<WorkshopDesk>::clone(&desk), args.port, &stage.placement().generator_cpus)?;
    let at = first.map_or_else(String::new, |lesson| format!("#lesson/{}", lesson.name));
    print(&format!("{address}{at}\n"))?;
    tell("open it in a browser on this machine; Ctrl-C ends the workshop");
    Classroom { desk: &desk, web: &web, stage: &stage, folder, seed: args.seed }.teach(&asked);
    Ok(stage.interrupt().exit_code().map_or(ExitCode::SUCCESS, ExitCode::from))
}
