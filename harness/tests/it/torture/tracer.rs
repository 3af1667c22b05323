//! Runs a program and lets one of its calls of the system fail: the kernel stops the program before each such call, and the
//! one that was chosen is skipped and its error returned in its place. Where none was chosen, it stops before all that can fail.
//!
//! A filter in the program (seccomp) names the calls, so that all others run at full speed. Its children are followed
//! too, since they inherit the filter, but nothing of theirs fails. Must not know: what the program is.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileExt;
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::libc;
use nix::sys::ptrace::{self, Options};
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;
use seccompiler::{BpfProgram, SeccompAction, SeccompFilter};

use crate::torture::calls::{FALLIBLE, Fallible, Site, Target, by_number, without_numbers};

/// How a program ended whose call failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    Code(i32),
    By(Signal),
    /// It had to be ended from here.
    Never,
}

/// What one run showed.
#[derive(Debug)]
pub(crate) struct Traced {
    pub(crate) pid: u32,
    pub(crate) ended: Ended,
    /// How often each call was made by the program itself, of those that were followed.
    pub(crate) calls: BTreeMap<Site, u32>,
    /// Whether the chosen call came and failed.
    pub(crate) failed: bool,
    /// Children that were still there long after the program had ended; they are ended from here.
    pub(crate) orphans: u32,
}

/// How long children may outlive the program.
const GRACE: Duration = Duration::from_secs(10);

/// The `nth` call of a site, from 1.
#[derive(Clone, Debug)]
pub(crate) struct Chosen {
    pub(crate) site: Site,
    pub(crate) nth: u32,
}

/// Runs a program to its end, at most `deadline`; the chosen call fails once.
///
/// # Errors
///
/// Where the program does not start, or processes may not be traced here.
pub(crate) fn run(mut command: Command, home: &str, chosen: Option<&Chosen>, deadline: Duration) -> io::Result<Traced> {
    let filter = filter(chosen);
    // SAFETY: between fork and exec the closure makes two system calls and allocates nothing.
    unsafe {
        command.pre_exec(move || {
            ptrace::traceme()?;
            seccompiler::apply_filter(&filter).map_err(|_| io::Error::last_os_error())
        });
    }
    let root = Pid::from_raw(command.spawn()?.id().cast_signed());
    let (ended, watched) = mpsc::channel::<()>();
    let watchdog = thread::spawn(move || {
        let late = watched.recv_timeout(deadline) == Err(RecvTimeoutError::Timeout);
        if late {
            let _ = kill(root, Signal::SIGKILL);
        }
        late
    });
    let mut tracer =
        Tracer { root, home, chosen, processes: HashMap::new(), calls: BTreeMap::new(), failed: false, orphans: 0 };
    let how = tracer.follow()?;
    drop(ended);
    let late = watchdog.join().unwrap();
    let Tracer { calls, failed, orphans, .. } = tracer;
    Ok(Traced {
        pid: root.as_raw().cast_unsigned(),
        ended: if late { Ended::Never } else { how },
        calls,
        failed,
        orphans,
    })
}

/// Stops at each fallible call, or at the chosen one wherever it is made, and lets all others through.
fn filter(chosen: Option<&Chosen>) -> BpfProgram {
    let is_followed = |call: &&Fallible| chosen.is_none_or(|chosen| chosen.site.call == call.name);
    let rules = FALLIBLE.iter().filter(is_followed).map(|call| (call.number, Vec::new())).collect();
    let arch = std::env::consts::ARCH.try_into().unwrap();
    let filter = SeccompFilter::new(rules, SeccompAction::Allow, SeccompAction::Trace(0), arch);
    filter.unwrap().try_into().unwrap()
}

struct Tracer<'a> {
    root: Pid,
    home: &'a str,
    chosen: Option<&'a Chosen>,
    /// The process of each thread that was seen.
    processes: HashMap<Pid, Pid>,
    calls: BTreeMap<Site, u32>,
    failed: bool,
    orphans: u32,
}

impl Tracer<'_> {
    /// Until nobody is left: the program, its threads and its children.
    fn follow(&mut self) -> io::Result<Ended> {
        let mut how = None;
        let mut ended_at: Option<Instant> = None;
        loop {
            // Only children of this thread: another test's are none of ours.
            let mut ours = WaitPidFlag::__WALL | WaitPidFlag::from_bits_retain(libc::__WNOTHREAD);
            ours.set(WaitPidFlag::WNOHANG, ended_at.is_some());
            let status = match waitpid(None, Some(ours)) {
                Err(Errno::ECHILD) => return Ok(how.unwrap_or(Ended::Never)),
                Err(Errno::EINTR) => continue,
                other => other?,
            };
            if status == WaitStatus::StillAlive {
                if ended_at.is_some_and(|at| at.elapsed() > GRACE) {
                    self.end_orphans();
                    ended_at = Some(Instant::now());
                }
                thread::sleep(Duration::from_millis(2));
            } else if let Some(ending) = self.meet(status) {
                how = Some(ending);
                ended_at = Some(Instant::now());
            }
        }
    }

    fn end_orphans(&mut self) {
        let left: BTreeSet<Pid> = self.processes.values().copied().collect();
        for process in left {
            self.orphans += 1;
            let _ = kill(process, Signal::SIGKILL);
        }
    }

    /// What one stop or end asks for; how the program itself ended, where it is that.
    fn meet(&mut self, status: WaitStatus) -> Option<Ended> {
        let pid = status.pid()?;
        let ended = match status {
            WaitStatus::Exited(_, code) => Ended::Code(code),
            WaitStatus::Signaled(_, signal, _) => Ended::By(signal),
            stopped => {
                // A thread that is killed meanwhile is gone, and so is what it asked for.
                let signal = match stopped {
                    WaitStatus::PtraceEvent(_, _, libc::PTRACE_EVENT_SECCOMP) => self.call(pid).map(|()| None),
                    WaitStatus::Stopped(_, signal) => Ok(self.passed_on(pid, signal)),
                    _ => Ok(None),
                };
                let _ = ptrace::cont(pid, signal.unwrap_or_default());
                return None;
            }
        };
        self.processes.remove(&pid);
        (pid == self.root).then_some(ended)
    }

    /// A signal goes on to its thread, but for the stops that only tracing brings.
    fn passed_on(&mut self, pid: Pid, signal: Signal) -> Option<Signal> {
        let is_new = self.processes.insert(pid, process_of(pid)).is_none();
        if is_new && pid == self.root {
            let follow = Options::PTRACE_O_TRACECLONE | Options::PTRACE_O_TRACEFORK | Options::PTRACE_O_TRACEVFORK;
            let stop = Options::PTRACE_O_TRACESECCOMP | Options::PTRACE_O_TRACEEXEC | Options::PTRACE_O_EXITKILL;
            ptrace::setoptions(pid, follow | stop).unwrap();
        }
        (!is_new).then_some(signal)
    }

    /// Counts a call that is about to be made, and lets it fail if it is the chosen one.
    fn call(&mut self, pid: Pid) -> nix::Result<()> {
        let process = *self.processes.entry(pid).or_insert_with(|| process_of(pid));
        if process != self.root {
            return Ok(());
        }
        let mut registers = ptrace::getregs(pid)?;
        let Some(call) = by_number(registers.orig_rax.cast_signed()) else { return Ok(()) };
        let target = match call.target {
            Target::Nothing => String::new(),
            Target::Path(argument) => path(pid, [registers.rdi, registers.rsi][argument]),
            Target::Descriptor => fs::read_link(format!("/proc/{pid}/fd/{}", registers.rdi))
                .map_or_else(|_| String::new(), |link| link.to_string_lossy().into_owned()),
        };
        if is_the_loaders(&target) || !call.can_fail([registers.rdi, registers.rsi, registers.rdx]) {
            return Ok(());
        }
        let site = Site { call: call.name, target: without_numbers(&target, self.home) };
        let count = self.calls.entry(site.clone()).or_default();
        *count += 1;
        if self.chosen.is_some_and(|chosen| chosen.site == site && chosen.nth == *count) {
            registers.orig_rax = u64::MAX;
            registers.rax = (-i64::from(call.error_on(&target) as i32)).cast_unsigned();
            ptrace::setregs(pid, registers)?;
            self.failed = true;
        }
        Ok(())
    }
}

/// The process that a thread belongs to.
fn process_of(thread: Pid) -> Pid {
    let status = fs::read_to_string(format!("/proc/{thread}/status")).unwrap_or_default();
    let group = status.lines().find_map(|line| line.strip_prefix("Tgid:")?.trim().parse().ok());
    group.map_or(thread, Pid::from_raw)
}

/// Whether a file is one that the loader looks at before the program's first line.
fn is_the_loaders(target: &str) -> bool {
    target.contains(".so.") || target.ends_with(".so")
}

/// The path at an address in the memory of a thread that stands still.
fn path(pid: Pid, address: u64) -> String {
    let mut bytes = vec![0; 4096];
    let read = File::open(format!("/proc/{pid}/mem")).and_then(|memory| memory.read_at(&mut bytes, address));
    let read = read.unwrap_or(0);
    let end = bytes[..read].iter().position(|byte| *byte == 0).unwrap_or(read);
    String::from_utf8_lossy(&bytes[..end]).into_owned()
}
