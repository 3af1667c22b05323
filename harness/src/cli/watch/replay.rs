//! A recording on the terminal, at its speed or another. Which frames are seen at which time knows no clock; it is told how
//! much time has passed.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use crossterm::event;

use super::draw::{Colours, ScreenView, draw};
use super::keys::{self, Action, PlaybackStep};
use super::live::pressed;
use super::terminal::{self, Terminal};
use crate::live::{FRAMES, Frame, read_frames};
use crate::run::Interrupt;

/// Time between two looks at the keys and the clock.
const INTERVAL: Duration = Duration::from_millis(50);

/// Plays a recording until it is left.
pub(super) fn run(recording: &Path, colours: Colours) -> anyhow::Result<ExitCode> {
    let playback = Playback::new(read_frames(&file_of(recording))?);
    terminal::check()?;
    let interrupt = Interrupt::listen_patiently()?;
    show(playback, colours, &interrupt)?;
    Ok(interrupt.exit_code().map_or(ExitCode::SUCCESS, ExitCode::from))
}

/// The file of frames: the one that was given, or that of the folder.
fn file_of(recording: &Path) -> PathBuf {
    if recording.is_dir() { recording.join(FRAMES) } else { recording.to_owned() }
}

fn show(mut playback: Playback, colours: Colours, interrupt: &Interrupt) -> anyhow::Result<()> {
    let mut terminal = Terminal::enter()?;
    let mut explains = false;
    let mut last = Instant::now();
    while !interrupt.is_set() {
        let now = Instant::now();
        playback.pass(now - last);
        last = now;
        let status = playback.place();
        let frames = playback.seen();
        let view = ScreenView { frames, status: &status, keys: keys::PLAYED, message: None, colours, explains };
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

/// Speeds that a key steps through; 1 is as it was.
const SPEEDS: &[f64] = &[0.25, 0.5, 1.0, 2.0, 4.0, 8.0];

const SEEK_MS: f64 = 5_000.0;

/// Frames that are played, and how far.
#[derive(Debug)]
pub(super) struct Playback {
    frames: Vec<Frame>,
    at_ms: f64,
    speed: usize,
    is_paused: bool,
}

impl Playback {
    /// From the first of `frames`, which are in the order of their time and at least one.
    pub(super) fn new(frames: Vec<Frame>) -> Playback {
        let at_ms = frames.first().map_or(0.0, |frame| frame.at_ms as f64);
        let as_it_was = SPEEDS.iter().position(|speed| *speed == 1.0).unwrap_or(0);
        Playback { frames, at_ms, speed: as_it_was, is_paused: false }
    }

    /// So much time has passed for whoever looks on.
    pub(super) fn pass(&mut self, time: Duration) {
        if !self.is_paused {
            self.go_to(self.at_ms + time.as_secs_f64() * 1e3 * self.speed());
        }
    }

    pub(super) fn take(&mut self, step: PlaybackStep) {
        match step {
            PlaybackStep::PauseOrGoOn => self.is_paused = !self.is_paused,
            PlaybackStep::Faster => self.speed = (self.speed + 1).min(SPEEDS.len() - 1),
            PlaybackStep::Slower => self.speed = self.speed.saturating_sub(1),
            PlaybackStep::Forward => self.go_to(self.at_ms + SEEK_MS),
            PlaybackStep::Back => self.go_to(self.at_ms - SEEK_MS),
        }
    }

    /// All that has been seen so far, the frame of this moment last.
    pub(super) fn seen(&self) -> &[Frame] {
        let count = self.frames.partition_point(|frame| frame.at_ms as f64 <= self.at_ms);
        &self.frames[..count.max(1).min(self.frames.len())]
    }

    /// `0:12 of 1:30, 2x`.
    pub(super) fn place(&self) -> String {
        let of = |ms: f64| super::clock(ms as u64);
        let paused = if self.is_paused { ", paused" } else { "" };
        let ended = if self.at_ms >= self.last_ms() { ", the end" } else { "" };
        format!("replay {} of {}, {}x{paused}{ended}", of(self.at_ms), of(self.last_ms()), self.speed())
    }

    fn speed(&self) -> f64 {
        SPEEDS[self.speed]
    }

    fn last_ms(&self) -> f64 {
        self.frames.last().map_or(0.0, |frame| frame.at_ms as f64)
    }

    fn go_to(&mut self, at_ms: f64) {
        let first_ms = self.frames.first().map_or(0.0, |frame| frame.at_ms as f64);
        self.at_ms = at_ms.clamp(first_ms, self.last_ms().max(first_ms));
    }
}

/// Shows moments of a recording, the last one included, on a screen that nobody sees.
///
/// # Panics
/// Where a text of the recording would give the terminal an order.
#[cfg(any(test, fuzzing))]
pub(in crate::cli) fn played_through(frames: Vec<Frame>, (width, height): (u16, u16)) {
    use ratatui::backend::TestBackend;

    let mut playback = Playback::new(frames);
    let mut screen = ratatui::Terminal::new(TestBackend::new(width, height)).expect("nothing is opened for it");
    for steps in 0..16 {
        let status = playback.place();
        let (frames, keys, colours) = (playback.seen(), keys::PLAYED, super::Colours::Many);
        let view = ScreenView { frames, status: &status, keys, message: None, colours, explains: steps == 1 };
        screen.draw(|canvas| draw(canvas, &view)).expect("writing to memory does not fail");
        let orders = screen.backend().buffer().content().iter().any(|cell| cell.symbol().contains(char::is_control));
        assert!(!orders, "a text of a recording gives the terminal an order");
        match steps {
            0..8 => playback.pass(Duration::from_millis(250)),
            8..14 => playback.take(PlaybackStep::Forward),
            _ => playback.pass(Duration::MAX),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::live::LiveLoad;

    fn playback() -> Playback {
        let asked = LiveLoad { connections: 1, rate_rps: None, work: String::new(), flood: 0, is_paused: false };
        let frame = |at_ms| Frame { at_ms, asked: asked.clone(), models: Vec::new() };
        Playback::new((1..=80).map(|number| frame(number * 250)).collect())
    }

    #[test]
    fn frames_are_seen_at_their_times() {
        let mut playback = playback();
        let latest = |playback: &Playback| playback.seen().last().unwrap().at_ms;
        assert_eq!(latest(&playback), 250);
        playback.pass(Duration::from_millis(600));
        assert_eq!((latest(&playback), playback.seen().len()), (750, 3));
        playback.take(PlaybackStep::Faster);
        playback.pass(Duration::from_millis(500));
        assert_eq!((latest(&playback), playback.place().as_str()), (1_750, "replay 0:01 of 0:20, 2x"));
    }

    #[test]
    fn a_pause_holds_and_seeking_goes_on_in_it() {
        let mut playback = playback();
        playback.take(PlaybackStep::PauseOrGoOn);
        playback.pass(Duration::from_secs(5));
        assert_eq!(playback.seen().len(), 1);
        playback.take(PlaybackStep::Forward);
        assert_eq!(playback.seen().len(), 21);
        playback.take(PlaybackStep::Back);
        playback.take(PlaybackStep::Back);
        assert_eq!(playback.seen().len(), 1, "not before the beginning");
        (0..9).for_each(|_| playback.take(PlaybackStep::Forward));
        assert_eq!(
            (playback.seen().len(), playback.place().as_str()),
            (80, "replay 0:20 of 0:20, 1x, paused, the end")
        );
    }

    #[test]
    fn speeds_have_ends() {
        let mut playback = playback();
        (0..20).for_each(|_| playback.take(PlaybackStep::Faster));
        assert_eq!(playback.speed(), 8.0);
        (0..20).for_each(|_| playback.take(PlaybackStep::Slower));
        assert_eq!(playback.speed(), 0.25);
    }
}
