//! What a run has to do with the world around it: it is stopped by Ctrl-C and TERM, and it says which program ran, from which
//! commit it was built, and at what time of day it was run.
//!
//! Of signals the first stops the load and keeps what there is, the second ends the process at once. Beside it: `lock.rs`,
//! which keeps two runs apart.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::SystemTime;

use reports::record::BuildRecord;
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;

use crate::process::sha256_of_own_image;

/// What stops a run.
const SIGNALS: [i32; 2] = [SIGINT, SIGTERM];

/// Whether the run is to be stopped, and by which signal.
#[derive(Debug, Default)]
pub struct Interrupt {
    stop: Arc<AtomicBool>,
    signal: Arc<AtomicUsize>,
}

impl Interrupt {
    /// Listens for both signals from now on. The children of a process that ends at once die with it.
    ///
    /// # Errors
    /// Where the kernel refuses the handler.
    pub fn listen() -> io::Result<Interrupt> {
        let interrupt = Interrupt::default();
        // Before the flag can be set by the same signal: at the first signal it is not set yet, at the second it is.
        end_at(&interrupt.stop)?;
        interrupt.note_signals()
    }

    /// As [`Interrupt::listen`], but that a second signal changes nothing until [`Interrupt::end_at_the_next`]: for whoever
    /// has something to put in order first.
    ///
    /// # Errors
    /// As [`Interrupt::listen`].
    pub fn listen_patiently() -> io::Result<Interrupt> {
        Interrupt::default().note_signals()
    }

    fn note_signals(self) -> io::Result<Interrupt> {
        for signal in SIGNALS {
            flag::register_usize(signal, Arc::clone(&self.signal), signal as usize)?;
            flag::register(signal, Arc::clone(&self.stop))?;
        }
        Ok(self)
    }

    /// From now on the next signal ends the process at once.
    ///
    /// # Errors
    /// As [`Interrupt::listen`].
    pub fn end_at_the_next(&self) -> io::Result<()> {
        end_at(&Arc::new(AtomicBool::new(true)))
    }

    /// As if Ctrl-C had been pressed: for a terminal that hands it on as a key.
    pub fn raise(&self) {
        self.signal.store(SIGINT as usize, Ordering::Relaxed);
        self.stop.store(true, Ordering::Relaxed);
    }

    /// Whether a signal has come.
    pub fn is_set(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    /// The flag itself, for those who poll it.
    pub fn flag(&self) -> &AtomicBool {
        &self.stop
    }

    /// The exit code by custom: 130 for Ctrl-C, 143 for TERM; nothing where no signal has come.
    pub fn exit_code(&self) -> Option<u8> {
        match self.signal.load(Ordering::Relaxed) {
            0 => None,
            signal => Some(128 + signal as u8),
        }
    }
}

/// Ends the process at a signal that comes while the flag is set.
fn end_at(is_set: &Arc<AtomicBool>) -> io::Result<()> {
    for signal in SIGNALS {
        flag::register_conditional_shutdown(signal, 128 + signal, Arc::clone(is_set))?;
    }
    Ok(())
}

/// The commit that this program was built from, with `-dirty` where its sources had changed since; nothing where it was
/// built outside a checkout or without git. Commits that were made afterwards do not matter.
pub fn commit() -> Option<String> {
    option_env!("HARNESS_COMMIT").filter(|commit| !commit.is_empty()).map(str::to_owned)
}

/// What tells this program apart from any other, whatever lies at its path by now; nothing where it can't be read.
pub fn build() -> Option<BuildRecord> {
    let sha256 = sha256_of_own_image().ok()?.to_owned();
    let (commit, dirty) = match commit() {
        Some(commit) => match commit.strip_suffix("-dirty") {
            Some(clean) => (Some(clean.to_owned()), true),
            None => (Some(commit), false),
        },
        None => (None, false),
    };
    Some(BuildRecord { commit, dirty, sha256 })
}

/// The time of day in UTC, as RFC 3339 to the second.
pub fn utc_now() -> String {
    humantime::format_rfc3339_seconds(SystemTime::now()).to_string()
}
