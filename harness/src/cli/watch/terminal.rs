//! The terminal while a view has it, and giving it back however the view ends: by a return, an error, a panic in any thread.
//! A signal is a return: whoever draws looks at its flag.

use std::io::{self, IsTerminal, Stdout, stdout};
use std::panic;
use std::sync::Once;
use std::sync::atomic::{AtomicBool, Ordering};

use crossterm::cursor::Show;
use crossterm::execute;
use crossterm::terminal::{
    Clear, ClearType, EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode,
};
use ratatui::backend::CrosstermBackend;

use crate::cli::output::usage;
use crate::plan::PlanError;

/// Whether the terminal is the view's. Cleared by whoever gives it back first.
static IS_OURS: AtomicBool = AtomicBool::new(false);

/// A terminal in raw mode, on a screen of its own. Dropping it gives the terminal back as it was.
pub(super) struct Terminal {
    drawn: ratatui::Terminal<CrosstermBackend<Stdout>>,
}

/// Whether there is a terminal that can be drawn on.
///
/// # Errors
/// Where there is none, with what to do instead.
pub(super) fn check() -> Result<(), PlanError> {
    if !stdout().is_terminal() || !io::stdin().is_terminal() {
        return usage(
            "watch draws on a terminal, and this is not a terminal; run it in one, or write a report with harness compare",
        );
    }
    match std::env::var("TERM").as_deref() {
        Ok("dumb") | Ok("") | Err(_) => usage(
            "this terminal says that it can't be drawn on (TERM=dumb); run watch in another, or with the right TERM",
        ),
        Ok(_) => Ok(()),
    }
}

impl Terminal {
    /// Takes the terminal.
    ///
    /// # Errors
    /// Where it can't be had; it is as it was then.
    pub(super) fn enter() -> io::Result<Terminal> {
        give_back_when_panicking();
        let drawn = ratatui::Terminal::new(CrosstermBackend::new(stdout()))?;
        // From here on dropping it undoes what has been done.
        let terminal = Terminal { drawn };
        IS_OURS.store(true, Ordering::SeqCst);
        enable_raw_mode()?;
        // Not by ratatui, which would first ask where the cursor is, and wait for an answer.
        execute!(stdout(), EnterAlternateScreen, Clear(ClearType::All))?;
        Ok(terminal)
    }

    /// Draws, unless the terminal has been given back meanwhile.
    pub(super) fn draw(&mut self, draw: impl FnOnce(&mut ratatui::Frame<'_>)) -> io::Result<()> {
        if IS_OURS.load(Ordering::SeqCst) {
            self.drawn.draw(draw)?;
        }
        Ok(())
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        give_back();
    }
}

/// Gives the terminal back, once. What fails here fails since there is no terminal any more.
fn give_back() {
    if IS_OURS.swap(false, Ordering::SeqCst) {
        let _ = disable_raw_mode();
        let _ = execute!(stdout(), LeaveAlternateScreen, Show);
    }
}

/// From now on a panic gives the terminal back first, so that its message can be read.
fn give_back_when_panicking() {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let usual = panic::take_hook();
        panic::set_hook(Box::new(move |panic| {
            give_back();
            usual(panic);
        }));
    });
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::io::Read;
    use std::process::{Command, Stdio};
    use std::sync::mpsc::channel;
    use std::thread;
    use std::time::Duration;

    use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
    use rustix::termios::{LocalModes, tcgetattr};

    use super::*;

    #[test]
    #[ignore = "is run by the test below, on a terminal of its own"]
    #[should_panic(expected = "on purpose")]
    fn panics_with_the_terminal() {
        let _terminal = Terminal::enter().unwrap();
        panic!("on purpose");
    }

    #[test]
    fn a_panic_is_told_on_the_terminal_as_it_was() {
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&master).unwrap();
        unlockpt(&master).unwrap();
        let name = ptsname(&master, Vec::new()).unwrap();
        let terminal = File::options().read(true).write(true).open(name.to_str().unwrap()).unwrap();
        let stream = || Stdio::from(terminal.try_clone().unwrap());
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--ignored", "--exact", "cli::watch::terminal::tests::panics_with_the_terminal", "--nocapture"])
            .env("TERM", "xterm")
            .stdin(stream())
            .stdout(stream())
            .stderr(stream())
            .spawn()
            .unwrap();
        let (tells, told) = channel();
        let mut shown = File::from(master);
        thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(count @ 1..) = shown.read(&mut bytes) {
                let _ = tells.send(String::from_utf8_lossy(&bytes[..count]).into_owned());
            }
        });
        let mut written = String::new();
        while !written.contains("1 passed") {
            written += &told.recv_timeout(Duration::from_secs(60)).unwrap_or_else(|_| panic!("{written:?}"));
        }
        assert!(child.wait().unwrap().success());
        let (_, after) = written.split_once("\u{1b}[?1049l").unwrap_or_else(|| panic!("{written:?}"));
        assert!(after.contains("on purpose") && !after.contains("\u{1b}[?1049l"), "{written:?}");
        assert!(tcgetattr(&terminal).unwrap().local_modes.contains(LocalModes::ECHO | LocalModes::ICANON));
    }
}
