//! Samples of one process.

use std::io;

use reports::record::Sample;

use super::family::{Extent, cpu_time, descendants};
use super::proc_file::ProcFile;
use super::status;

/// Reads one process again and again, at a few microseconds a sample.
#[derive(Debug)]
pub struct ProcessReader {
    pid: u32,
    status: ProcFile,
    extent: Extent,
}

impl ProcessReader {
    /// # Errors
    /// Where there is no such process.
    pub fn open(pid: u32) -> io::Result<Self> {
        Self::of(pid, Extent::Alone)
    }

    /// As [`ProcessReader::open`], with what the process has started as far as `extent` says. Pages that several of them
    /// share are counted in each.
    ///
    /// # Errors
    /// As [`ProcessReader::open`].
    pub fn of(pid: u32, extent: Extent) -> io::Result<Self> {
        Ok(Self { pid, status: ProcFile::open(&format!("/proc/{pid}/status"))?, extent })
    }

    /// The process now. `at_ns` is written into the sample as it is; kernel stacks are threads times
    /// `kernel_stack_bytes_per_thread`, because the kernel tells their size only for the machine as a whole.
    ///
    /// `resident_bytes` is what the kernel keeps count of per CPU and adds up lazily: on a process with many CPUs it may
    /// be off by some pages a CPU. [`super::settled_sample`] counts pages instead.
    ///
    /// # Errors
    /// Where the process has ended.
    pub fn sample(&mut self, at_ns: u64, kernel_stack_bytes_per_thread: u64) -> io::Result<Sample> {
        let status = status::parse(self.status.read()?).ok_or_else(|| ended(self.pid))?;
        let mut sample = Sample {
            at_ns,
            resident_bytes: status.resident_bytes,
            page_table_bytes: status.page_table_bytes,
            kernel_stack_bytes: status.threads * kernel_stack_bytes_per_thread,
            virtual_bytes: status.virtual_bytes,
            threads: status.threads,
            // Below 2^64 ns, which are 584 years.
            cpu_ns: cpu_time(self.pid, self.extent)?.as_nanos() as u64,
        };
        for child in self.children() {
            // One that has just ended holds nothing.
            let Some(status) = ProcFile::open(&format!("/proc/{child}/status"))
                .ok()
                .and_then(|mut file| status::parse(file.read().ok()?))
            else {
                continue;
            };
            sample.resident_bytes += status.resident_bytes;
            sample.page_table_bytes += status.page_table_bytes;
            sample.kernel_stack_bytes += status.threads * kernel_stack_bytes_per_thread;
            sample.virtual_bytes += status.virtual_bytes;
            sample.threads += status.threads;
        }
        Ok(sample)
    }

    fn children(&self) -> Vec<u32> {
        match self.extent {
            Extent::Alone => Vec::new(),
            Extent::WithChildren => descendants(self.pid),
        }
    }

    /// Resident bytes by walking the page tables: exact, and milliseconds where much is mapped.
    pub(super) fn exact_resident_bytes(&self) -> io::Result<u64> {
        let of = |pid: u32| {
            let rollup = std::fs::read_to_string(format!("/proc/{pid}/smaps_rollup"))?;
            status::bytes_of(&rollup, "Rss").ok_or_else(|| ended(pid))
        };
        let of_children: u64 = self.children().into_iter().filter_map(|child| of(child).ok()).sum();
        Ok(of(self.pid)? + of_children)
    }
}

/// The greatest resident size that a process ever had (VmHWM), in bytes.
///
/// # Errors
/// Where it has ended: a zombie has no memory any more.
pub fn peak_resident_bytes(pid: u32) -> io::Result<u64> {
    let mut status = ProcFile::open(&format!("/proc/{pid}/status"))?;
    status::bytes_of(status.read()?, "VmHWM").ok_or_else(|| ended(pid))
}

fn ended(pid: u32) -> io::Error {
    io::Error::new(io::ErrorKind::NotFound, format!("process {pid} has ended"))
}
