//! A recording on the terminal, at its speed or another.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use crossterm::event;

use super::draw::{View, draw};
use super::keys::{self, Action};
use super::live::pressed;
use super::playback::Playback;
use super::terminal::{self, Terminal};
use crate::live::{FRAMES, read_frames};
use crate::run::Interrupt;

/// Time between two looks at the keys and the clock.
const INTERVAL: Duration = Duration::from_millis(50);

/// Plays a recording until it is left.
pub(super) fn run(recording: &Path) -> anyhow::Result<ExitCode> {
    let playback = Playback::new(read_frames(&file_of(recording))?);
    terminal::check()?;
    let interrupt = Interrupt::listen_patiently()?;
    show(playback, &interrupt)?;
    Ok(interrupt.exit_code().map_or(ExitCode::SUCCESS, ExitCode::from))
}

/// The file of frames: the one that was given, or that of the folder.
fn file_of(recording: &Path) -> PathBuf {
    if recording.is_dir() { recording.join(FRAMES) } else { recording.to_owned() }
}

fn show(mut playback: Playback, interrupt: &Interrupt) -> anyhow::Result<()> {
    let mut terminal = Terminal::enter()?;
    let (colours, mut explains) = (super::colours(), false);
    let mut last = Instant::now();
    while !interrupt.is_set() {
        let now = Instant::now();
        playback.pass(now - last);
        last = now;
        let status = playback.place();
        let frames = playback.seen();
        let view = View { frames, status: &status, keys: keys::PLAYED, message: None, colours, explains };
        terminal.draw(|canvas| draw(canvas, &view))?;
        if !event::poll(INTERVAL)? {
            continue;
        }
        match pressed(event::read()?).and_then(keys::played) {
            Some(Action::Play(step)) => playback.take(step),
            Some(Action::Explain) => explains = !explains,
            Some(Action::Quit) => break,
            Some(Action::Interrupt) => interrupt.raise(),
            Some(Action::Tell(_) | Action::Record) | None => {}
        }
    }
    Ok(())
}
