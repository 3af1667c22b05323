//! `harness workshop`: lessons on a page for browsers on this machine, with runs that are begun there.
//!
//! Read `desk.rs` (what the page asks and tells), `course.rs` (the lessons that it shows), `asked.rs` (a prediction and what
//! becomes of it), `classroom.rs` (the runs, one after another); for phones that vote `ballot.rs`, `room.rs` and
//! `invitation.rs`. Must not know: how a page looks. Beside it: `../lesson/`, the same in a terminal; `live/web/desk.rs`,
//! what is served.

mod asked;
mod ballot;
mod classroom;
mod course;
mod desk;
mod invitation;
mod room;

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::mpsc::channel;

use self::classroom::Classroom;
use self::desk::{DeskSetting, WorkshopDesk};
use self::invitation::Invitation;
use self::room::VotingRoom;
use super::lesson::{LessonStage, named};
use super::new_run;
use super::output::{print, tell};
use crate::live::web::{PhoneLimits, Web};

/// Teach the lessons in a browser: predict, run, and see what came out
#[derive(Debug, clap::Args)]
pub(super) struct WorkshopArgs {
    /// Port of the page; 0 takes any free one
    #[arg(long, default_value_t = 7979)]
    port: u16,

    /// Show the trainer's script and a clock too, and let you open any lesson
    #[arg(long)]
    trainer: bool,

    /// Offer what saved runs found, in case a run fails here: the run of a lesson, or a folder with several
    #[arg(long, value_name = "RUN")]
    replay: Option<PathBuf>,

    /// Lesson to begin with
    #[arg(long, value_name = "NAME")]
    lesson: Option<String>,

    /// Let phones vote on a page of their own; without --allow-remote only this machine can, to try it
    #[arg(long)]
    room: bool,

    /// Let other machines reach the page for phones, and nothing else
    #[arg(long, requires = "room")]
    allow_remote: bool,

    /// Address of this machine to send phones to [default: the one it uses to reach other machines]
    #[arg(long, value_name = "IP", requires = "room")]
    room_address: Option<IpAddr>,

    /// Port of the page for phones; 0 takes any free one
    #[arg(long, default_value_t = 7980, requires = "room")]
    room_port: u16,

    /// Phones that may vote from one address; give more where a router hides them all behind its own
    #[arg(long, default_value_t = 8, requires = "room", value_parser = clap::value_parser!(u32).range(1..=500))]
    phones_per_address: u32,

    /// Folder for the runs, each in one of its own [default: runs/TIME-workshop]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,

    /// Seed of everything random
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

pub(super) fn run(args: WorkshopArgs) -> anyhow::Result<ExitCode> {
    let first = args.lesson.as_deref().map(named).transpose()?;
    let recorded = args.replay.as_deref().map(course::recorded_in).transpose()?.unwrap_or_default();
    let (folder, _) = new_run::folder(args.out.as_deref(), "workshop")?;
    let room_address = args.room.then(|| invitation::address(args.room_address, args.allow_remote)).transpose()?;
    let stage = LessonStage::enter()?;
    let cpus = &stage.placement.generator_cpus;
    let (jobs, asked) = channel();
    let phones = PhoneLimits { of_one: args.phones_per_address, of_all: MOST_PHONES };
    let room = args.room.then(|| Arc::new(VotingRoom::new(phones)));
    let setting = DeskSetting { is_trainer: args.trainer, recorded, room: room.clone(), folder: folder.clone() };
    let desk = Arc::new(WorkshopDesk::new(setting, jobs));
    let (web, address) = Web::start_workshop(Arc::<WorkshopDesk>::clone(&desk), args.port, cpus)?;
    let at = first.map_or_else(String::new, |lesson| format!("#lesson/{}", lesson.name));
    print(&format!("{address}{at}\n"))?;
    tell("open it in a browser on this machine; Ctrl-C ends the workshop");
    // Served until the workshop ends.
    let _phones = match room.zip(room_address) {
        Some((room, address)) => Some(serve_room(&room, (address, args.room_port).into(), phones, cpus)?),
        None => None,
    };
    Classroom { desk: &desk, web: &web, stage: &stage, folder, seed: args.seed }.teach(&asked);
    Ok(stage.interrupt.exit_code().map_or(ExitCode::SUCCESS, ExitCode::from))
}

/// Phones of a room, in all.
const MOST_PHONES: u32 = 500;

/// Serves the page for phones, and says where.
fn serve_room(room: &Arc<VotingRoom>, address: SocketAddr, phones: PhoneLimits, cpus: &[u32]) -> anyhow::Result<Web> {
    let (web, address) = Web::start_room(Arc::<VotingRoom>::clone(room), address, phones, cpus)?;
    print(&format!("{address}\n"))?;
    let who = if web.address().ip().is_loopback() {
        "only this machine can open it; --allow-remote lets others in"
    } else {
        "anybody with this address can open it, it is not encrypted, and there is nothing else at that port"
    };
    tell(&format!("that is the page for phones: {who}"));
    room.invite(Invitation::to(address));
    Ok(web)
}
