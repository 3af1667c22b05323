//! One benchmark at a time on a machine: two would measure each other.
//!
//! The lock is a file at a fixed path, whatever TMPDIR says, that is locked with `flock`: the kernel gives it up when the
//! process ends, however it ends, and `/proc/locks` names who has it. A socket with an abstract name would do as well, but
//! its holder is named only as long as it answers, and a benchmark in a network namespace of its own would not see it; such
//! namespaces are usual for benchmarks, while those that have a `/tmp` of their own are containers, which can share nothing
//! unless somebody mounts it for them. What runs there is still seen as others' CPU time.
//!
//! `/tmp` is everybody's, so what lies at the path may be anybody's. It is opened without following links, without waiting
//! and without making another user's file ours (the kernel may refuse `O_CREAT` on one, so a file that is there is
//! opened without). Nothing is ever written to it. Whoever stands in the way is named, with what to do about it.

use std::ffi::OsString;
use std::fs::{self, File, TryLockError};
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::{env, fmt, io};

use instruments::observe::{ProcessIdentity, user_name};
use rustix::fs::{Mode, OFlags, fchmod, open};
use rustix::io::Errno;

/// Names another file for the lock: for tests, which run beside a person's benchmark, and for whoever has to share a
/// machine with a file that somebody else will not give up.
pub const LOCK_VARIABLE: &str = "HARNESS_LOCK";

const USUAL_PLACE: &str = "/tmp/tokio-or-threads.lock";

/// A file that is removed while it is being opened is opened anew, so often at most.
const TRIES: usize = 8;

/// Held for as long as a run lasts.
#[derive(Debug)]
pub struct MachineLock {
    _file: File,
}

/// Why the lock can't be had.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Someone else has it.
    #[error("another benchmark is running on this machine: {holder}; wait until it ends, or end it (it has locked {})",
            path.display())]
    Held {
        /// The locked file.
        path: PathBuf,
        /// Who has locked it.
        holder: LockHolder,
    },
    /// What lies there can't serve as the lock.
    #[error("{} is {what} of {owner}, and should be a file that everybody may read, the lock of all benchmarks on this machine: \
             remove it (`sudo rm -r {}`), or name another file in {LOCK_VARIABLE}", path.display(), path.display())]
    InTheWay {
        /// Where the lock should be.
        path: PathBuf,
        /// What is there.
        what: &'static str,
        /// Whose it is.
        owner: String,
    },
    /// The file can't be made or locked.
    #[error("the lock {} can't be taken: {source}; name another file in {LOCK_VARIABLE}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// Who has locked the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LockHolder {
    /// A process that can be seen.
    Process(ProcessIdentity),
    /// One that can't, as in a container or of a user whose processes are hidden.
    Hidden,
}

impl fmt::Display for LockHolder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LockHolder::Process(process) => process.fmt(f),
            LockHolder::Hidden => {
                f.write_str("a process that can't be seen from here, in a container or of another user")
            }
        }
    }
}

impl MachineLock {
    /// Takes the lock, or says who has it.
    ///
    /// # Errors
    /// Where another benchmark holds it, something else is in its place, or the file can't be made.
    pub fn take() -> Result<MachineLock, LockError> {
        take_at(place(env::var_os(LOCK_VARIABLE)))
    }
}

fn place(chosen: Option<OsString>) -> PathBuf {
    chosen.filter(|path| !path.is_empty()).map_or_else(|| USUAL_PLACE.into(), PathBuf::from)
}

fn take_at(path: PathBuf) -> Result<MachineLock, LockError> {
    for _ in 0..TRIES {
        let Some(file) = opened(&path)? else { continue };
        if let Some(lock) = locked(&path, file)? {
            return Ok(lock);
        }
    }
    Err(LockError::Io { path, source: io::Error::other("it is removed again and again") })
}

/// Locks a file that was opened at this path; none where it has been removed since: whoever locks the next one would begin
/// beside us.
fn locked(path: &Path, file: File) -> Result<Option<MachineLock>, LockError> {
    match file.try_lock() {
        Ok(()) => Ok(is_at(path, &file).then_some(MachineLock { _file: file })),
        Err(TryLockError::WouldBlock) => Err(LockError::Held { path: path.to_owned(), holder: holder_of(&file) }),
        Err(TryLockError::Error(source)) => Err(LockError::Io { path: path.to_owned(), source }),
    }
}

/// The file, made if need be; none where somebody was quicker, and it is to be tried again.
fn opened(path: &Path) -> Result<Option<File>, LockError> {
    const SAFELY: OFlags = OFlags::RDONLY.union(OFlags::NOFOLLOW).union(OFlags::NONBLOCK).union(OFlags::CLOEXEC);
    let io_error = |error: Errno| LockError::Io { path: path.to_owned(), source: error.into() };
    match open(path, SAFELY, Mode::empty()) {
        Ok(file) => {
            let file = File::from(file);
            let is_fit = file.metadata().is_ok_and(|found| found.is_file() && found.nlink() <= 1);
            if is_fit { Ok(Some(file)) } else { Err(in_the_way(path).unwrap_or_else(|| io_error(Errno::INVAL))) }
        }
        Err(Errno::NOENT) => match open(path, SAFELY | OFlags::CREATE | OFlags::EXCL, Mode::from_raw_mode(0o644)) {
            Ok(file) => {
                // Others are to lock it too, whatever this user's umask. Where that fails, they are told whose file it is.
                let _ = fchmod(&file, Mode::from_raw_mode(0o644));
                Ok(Some(File::from(file)))
            }
            Err(Errno::EXIST) => Ok(None),
            Err(error) => Err(io_error(error)),
        },
        Err(error) => Err(in_the_way(path).unwrap_or_else(|| io_error(error))),
    }
}

/// What lies at a path, where something does that can't be the lock.
fn in_the_way(path: &Path) -> Option<LockError> {
    let found = fs::symlink_metadata(path).ok()?;
    let kind = found.file_type();
    let what = match () {
        () if kind.is_symlink() => "a symbolic link",
        () if kind.is_dir() => "a folder",
        () if kind.is_fifo() => "a pipe",
        () if kind.is_socket() => "a socket",
        () if kind.is_file() && found.nlink() > 1 => "a file with two names",
        () if kind.is_file() => "a private file",
        () => "a device",
    };
    Some(LockError::InTheWay { path: path.to_owned(), what, owner: user_name(found.uid()) })
}

fn is_at(path: &Path, file: &File) -> bool {
    let both = fs::symlink_metadata(path).ok().zip(file.metadata().ok());
    both.is_some_and(|(there, ours)| (there.dev(), there.ino()) == (ours.dev(), ours.ino()))
}

fn holder_of(file: &File) -> LockHolder {
    let holder = || {
        let locks = fs::read_to_string("/proc/locks").ok()?;
        ProcessIdentity::of(flock_pid(&locks, file.metadata().ok()?.ino())?)
    };
    holder().map_or(LockHolder::Hidden, LockHolder::Process)
}

/// Who has a file locked, as `/proc/locks` has it. File systems in layers number their devices otherwise there, so that only
/// the inode is compared.
fn flock_pid(locks: &str, inode: u64) -> Option<u32> {
    locks.lines().find_map(|line| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        // One that only waits has an arrow in the second field.
        let [_, "FLOCK", _, _, pid, file, ..] = fields[..] else { return None };
        (file.rsplit(':').next()?.parse() == Ok(inode)).then(|| pid.parse().ok())?
    })
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};
    use std::os::unix::net::UnixListener;
    use std::process;

    use tempfile::TempDir;

    use super::*;

    fn home() -> (TempDir, PathBuf) {
        let home = TempDir::new().unwrap();
        let path = home.path().join("lock");
        (home, path)
    }

    #[test]
    fn it_is_one_place_whatever_the_temporary_folder() {
        assert_eq!(place(None), Path::new(USUAL_PLACE));
        assert_eq!(place(Some("".into())), Path::new(USUAL_PLACE));
        assert_eq!(place(Some("/elsewhere".into())), Path::new("/elsewhere"));
    }

    #[test]
    fn the_second_is_told_who_is_the_first() {
        let (_home, path) = home();
        let first = take_at(path.clone()).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o644, "others may lock it");
        let Err(LockError::Held { holder: LockHolder::Process(holder), .. }) = take_at(path.clone()) else { panic!() };
        assert_eq!(holder.pid, process::id());
        let said = take_at(path.clone()).unwrap_err().to_string();
        for part in
            ["another benchmark", &format!("process {}", process::id()), &holder.user, &holder.command, "ago", "wait"]
        {
            assert!(said.contains(part), "{part}: {said}");
        }
        drop(first);
        take_at(path).unwrap();
    }

    #[test]
    fn what_lies_in_the_way_is_named_and_stays_as_it_is() {
        let (home, path) = home();
        let target = home.path().join("precious");
        let refused = |what: &str| {
            let error = take_at(path.clone()).unwrap_err().to_string();
            let owner = user_name(rustix::process::getuid().as_raw());
            assert!(error.contains(&format!("is {what} of {owner}")) && error.contains("sudo rm"), "{error}");
            if path.is_dir() { fs::remove_dir(&path) } else { fs::remove_file(&path) }.unwrap();
        };
        symlink(&target, &path).unwrap();
        refused("a symbolic link");
        assert!(!target.exists(), "nothing is made where a link leads");
        fs::create_dir(&path).unwrap();
        refused("a folder");
        rustix::fs::mknodat(rustix::fs::CWD, &path, rustix::fs::FileType::Fifo, Mode::RUSR, 0).unwrap();
        refused("a pipe");
        let _listener = UnixListener::bind(&path).unwrap();
        refused("a socket");
        fs::write(&target, "precious").unwrap();
        fs::hard_link(&target, &path).unwrap();
        refused("a file with two names");
        fs::write(&path, "of another").unwrap();
        let private = in_the_way(&path).unwrap().to_string();
        assert!(private.contains("is a private file of "), "what the user of this test may not open: {private}");
        drop(take_at(path.clone()).unwrap());
        assert_eq!(fs::read(&path).unwrap(), b"of another", "nothing is written");
    }

    #[test]
    fn a_file_that_is_gone_from_its_path_locks_nobody_out() {
        let (_home, path) = home();
        let [file, same] = [(); 2].map(|()| opened(&path).unwrap().unwrap());
        drop(locked(&path, same).unwrap().expect("it is there"));
        fs::remove_file(&path).unwrap();
        let _held = take_at(path.clone()).unwrap();
        assert!(locked(&path, file).unwrap().is_none(), "two would have a lock");
    }

    #[test]
    fn the_kernels_list_names_who_holds_and_not_who_waits() {
        let locks = "1: POSIX  ADVISORY  WRITE 5 fe:00:77 0 EOF\n2: -> FLOCK  ADVISORY  WRITE 6 fe:00:77 0 EOF\n\
                     3: FLOCK  ADVISORY  WRITE 7 fe:00:77 0 EOF\n4: FLOCK  ADVISORY  WRITE -1 fe:00:78 0 EOF\n";
        assert_eq!((flock_pid(locks, 77), flock_pid(locks, 78), flock_pid(locks, 7)), (Some(7), None, None));
    }
}
