//! A terminal with `harness watch` on it: a pseudo-terminal, what was written to it, and what its settings are.

use std::fs::File;
use std::io::{Read, Write};
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use rustix::process::Signal;
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{LocalModes, Termios, Winsize, tcgetattr, tcsetwinsize};

use crate::common::home::Home;
use crate::common::started::Killed;
use crate::common::{LONGEST_WAIT, send, within};

/// What puts a terminal back on the screen that it had before.
const LEAVES: &str = "\u{1b}[?1049l";

/// What shows the cursor.
const SHOWS_CURSOR: &str = "\u{1b}[?25h";

/// Written to the terminal after the command has ended: what was written before has been read once this has.
const END: &str = "the command has ended";

/// The command, and the terminal that it runs on.
pub(crate) struct Screen {
    child: Killed,
    keyboard: File,
    /// Keeps the terminal, and tells its settings.
    terminal: File,
    before: Termios,
    written: Arc<Mutex<String>>,
}

impl Screen {
    /// Starts `harness` with these arguments on a terminal of 80 columns and 24 rows.
    pub(crate) fn start(home: &Home, arguments: &[&str]) -> Screen {
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&master).unwrap();
        unlockpt(&master).unwrap();
        tcsetwinsize(&master, Winsize { ws_row: 24, ws_col: 80, ws_xpixel: 0, ws_ypixel: 0 }).unwrap();
        let name = ptsname(&master, Vec::new()).unwrap();
        let terminal = File::options().read(true).write(true).open(Path::new(name.to_str().unwrap())).unwrap();
        let stream = || Stdio::from(terminal.try_clone().unwrap());
        let before = tcgetattr(&terminal).unwrap();
        let mut command = home.command(arguments);
        command.env("TERM", "xterm").env("NO_COLOR", "1").stdin(stream()).stdout(stream()).stderr(stream());
        let child = Killed(command.spawn().unwrap());
        let keyboard = File::from(master);
        let written = Arc::new(Mutex::new(String::new()));
        let (mut shown, all) = (keyboard.try_clone().unwrap(), Arc::clone(&written));
        thread::spawn(move || {
            let mut bytes = [0; 4096];
            // Ends when the last who has the terminal open closes it.
            while let Ok(count @ 1..) = shown.read(&mut bytes) {
                all.lock().unwrap_or_else(PoisonError::into_inner).push_str(&String::from_utf8_lossy(&bytes[..count]));
            }
        });
        Screen { child, keyboard, terminal, before, written }
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.0.id()
    }

    /// Waits until something has been written from a place on; returns where that ended.
    pub(crate) fn shows(&self, from: usize, text: &str) -> usize {
        let place = || {
            let written = self.written();
            written.get(from..).and_then(|rest| rest.find(text)).map(|at| from + at + text.len())
        };
        assert!(within(LONGEST_WAIT, || place().is_some()), "no {text:?} in {:?}", self.written());
        place().unwrap()
    }

    pub(crate) fn types(&mut self, keys: &str) {
        self.keyboard.write_all(keys.as_bytes()).unwrap();
    }

    pub(crate) fn signal(&self, signal: Signal) {
        send(self.pid(), signal);
    }

    /// Waits for the end of the command, and sees that the terminal is as it was. Returns what was said after that.
    pub(crate) fn ends(mut self) -> (ExitStatus, String) {
        assert!(within(LONGEST_WAIT, || self.child.0.try_wait().unwrap().is_some()), "it did not end");
        let status = self.child.0.wait().unwrap();
        self.terminal.write_all(END.as_bytes()).unwrap();
        let end = self.shows(0, END) - END.len();
        let written = &self.written()[..end];
        assert!(written.contains(SHOWS_CURSOR), "{written:?}");
        let (_, after) = written.rsplit_once(LEAVES).unwrap_or_else(|| panic!("it stays on its screen: {written:?}"));
        let now = tcgetattr(&self.terminal).unwrap();
        let is_as_it_was = now.local_modes == self.before.local_modes && now.input_modes == self.before.input_modes;
        assert!(is_as_it_was && now.local_modes.contains(LocalModes::ECHO | LocalModes::ICANON), "{now:?}");
        (status, after.to_owned())
    }

    fn written(&self) -> String {
        self.written.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
