//! One benchmark at a time: two would measure each other.

use std::env;
use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::PathBuf;

/// Held for as long as a run lasts; the kernel gives it up when the process ends, however it ends.
#[derive(Debug)]
pub struct MachineLock {
    _file: File,
}

/// Why the lock can't be had.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Someone else has it.
    #[error("another benchmark is running on this machine (it holds {}); wait for it to end", path.display())]
    Held {
        /// The locked file.
        path: PathBuf,
    },
    /// The file can't be opened or locked.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

impl MachineLock {
    /// Takes the lock, or says who has it.
    ///
    /// # Errors
    /// Where another benchmark holds it, or the file can't be made.
    pub fn take() -> Result<MachineLock, LockError> {
        let path = env::temp_dir().join("tokio-or-threads.lock");
        let io_error = |source| LockError::Io { path: path.clone(), source };
        // Where the file is another user's it can't be written, and need not be: reading is enough to lock it.
        let made = OpenOptions::new().create(true).truncate(false).write(true).open(&path);
        let file = made.or_else(|_| File::open(&path)).map_err(io_error)?;
        match file.try_lock() {
            Ok(()) => Ok(MachineLock { _file: file }),
            Err(TryLockError::WouldBlock) => Err(LockError::Held { path }),
            Err(TryLockError::Error(source)) => Err(LockError::Io { path, source }),
        }
    }
}
