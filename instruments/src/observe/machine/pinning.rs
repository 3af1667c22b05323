//! Which CPUs a thread may run on.

use std::io;

use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

/// Restricts the calling thread, and every thread and process that it will make, to `cpus`. An empty set leaves it as
/// it is.
///
/// # Errors
/// Where this process may use none of them, or a number is beyond what the kernel's set can hold.
pub fn restrict_this_thread(cpus: &[u32]) -> io::Result<()> {
    if cpus.is_empty() {
        return Ok(());
    }
    let mut set = CpuSet::new();
    for &cpu in cpus {
        if cpu as usize >= CpuSet::MAX_CPU {
            return Err(io::Error::other(format!("there can't be a CPU {cpu}")));
        }
        set.set(cpu as usize);
    }
    Ok(sched_setaffinity(None, &set)?)
}

/// CPUs that the calling thread may run on, ascending.
///
/// # Errors
/// Where the kernel does not tell.
pub fn allowed_cpus() -> io::Result<Vec<u32>> {
    let set = sched_getaffinity(None)?;
    Ok((0..CpuSet::MAX_CPU).filter(|cpu| set.is_set(*cpu)).map(|cpu| cpu as u32).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn impossible_cpus_are_refused_and_none_changes_nothing() {
        let before = sched_getaffinity(None).unwrap();
        assert!(restrict_this_thread(&[u32::MAX]).is_err());
        assert!(restrict_this_thread(&[CpuSet::MAX_CPU as u32 - 1]).is_err());
        restrict_this_thread(&[]).unwrap();
        assert_eq!(sched_getaffinity(None).unwrap(), before);
    }
}
