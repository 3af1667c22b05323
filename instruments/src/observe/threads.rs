//! The threads of a process, one by one and by name: some ten microseconds a thread, for a process that is looked at. Of one
//! that is measured less is read, at a tenth of that: `observer/inside.rs`.

use std::{fs, io};

use super::proc_file::field;

/// One thread at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ThreadReading {
    /// The kernel's id of it.
    pub tid: u32,
    /// Its name; that of the process where it was given none.
    pub name: String,
    /// Whether it had a CPU or waited for one.
    pub is_runnable: bool,
    /// Context switches since it began, voluntary or not.
    pub switches: u64,
    /// CPU time since it began, in nanoseconds.
    pub cpu_ns: u64,
}

/// All threads of a process, by their ids. One that ends meanwhile is left out.
///
/// # Errors
/// Where the process has ended, or the kernel does not tell the CPU time of threads in nanoseconds.
pub fn threads(pid: u32) -> io::Result<Vec<ThreadReading>> {
    let mut readings = Vec::new();
    for entry in fs::read_dir(format!("/proc/{pid}/task"))? {
        let path = entry?.path();
        let Some(tid) = path.file_name().and_then(|name| name.to_str()?.parse().ok()) else { continue };
        let read = |file| fs::read_to_string(path.join(file));
        match (read("status"), read("schedstat")) {
            (Ok(status), Ok(schedstat)) => readings.extend(reading_of(tid, &status, &schedstat)),
            (Ok(_), Err(error)) if error.kind() == io::ErrorKind::NotFound && path.exists() => return Err(error),
            _ => {}
        }
    }
    readings.sort_by_key(|reading: &ThreadReading| reading.tid);
    Ok(readings)
}

/// What `status` and `schedstat` of a thread say.
pub(super) fn reading_of(tid: u32, status: &str, schedstat: &str) -> Option<ThreadReading> {
    let switches = |key: &str| field(status, key)?.parse::<u64>().ok();
    Some(ThreadReading {
        tid,
        name: field(status, "Name")?.to_owned(),
        is_runnable: field(status, "State")?.starts_with('R'),
        switches: switches("voluntary_ctxt_switches")?.checked_add(switches("nonvoluntary_ctxt_switches")?)?,
        cpu_ns: schedstat.split_ascii_whitespace().next()?.parse().ok()?,
    })
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;

    const STATUS: &str = "Name:\tconn\nUmask:\t0022\nState:\tS (sleeping)\nTgid:\t10\nPid:\t12\n\
        voluntary_ctxt_switches:\t176\nnonvoluntary_ctxt_switches:\t67\n";

    #[test]
    fn both_kinds_of_switches_count() {
        let expected =
            ThreadReading { tid: 12, name: "conn".to_owned(), is_runnable: false, switches: 243, cpu_ns: 73_111_747 };
        assert_eq!(reading_of(12, STATUS, "73111747 429249457 242\n"), Some(expected));
        let running = STATUS.replace("S (sleeping)", "R (running)");
        assert!(reading_of(12, &running, "1 2 3\n").unwrap().is_runnable);
    }

    #[test]
    fn what_is_cut_off_is_absent() {
        assert_eq!(reading_of(12, STATUS, ""), None);
        assert_eq!(reading_of(12, &STATUS.replace("nonvoluntary", "other"), "1 2 3\n"), None);
    }

    #[test]
    fn a_thread_of_this_process_is_found_by_its_name() {
        let (go_on, waits) = std::sync::mpsc::channel::<()>();
        let named = std::thread::Builder::new().name("a lane".to_owned());
        let thread = named.spawn(move || waits.recv()).unwrap();
        let deadline = Instant::now() + Duration::from_secs(10);
        // A thread names itself after it has begun.
        let found = || threads(std::process::id()).unwrap().into_iter().find(|reading| reading.name == "a lane");
        while found().is_none_or(|reading| reading.switches == 0) {
            assert!(Instant::now() < deadline, "no such thread");
            std::thread::yield_now();
        }
        drop(go_on);
        let _ = thread.join();
        assert!(threads(0).is_err());
    }
}
