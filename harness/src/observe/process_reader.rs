//! Samples of one process.

use std::io;

use reports::record::Sample;

use super::clocks::process_cpu;
use super::proc_file::ProcFile;
use super::status;

/// Reads one process again and again, at a few microseconds a sample.
#[derive(Debug)]
pub struct ProcessReader {
    pid: u32,
    status: ProcFile,
}

impl ProcessReader {
    /// # Errors
    /// Where there is no such process.
    pub fn open(pid: u32) -> io::Result<Self> {
        Ok(Self { pid, status: ProcFile::open(&format!("/proc/{pid}/status"))? })
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
        Ok(Sample {
            at_ns,
            resident_bytes: status.resident_bytes,
            page_table_bytes: status.page_table_bytes,
            kernel_stack_bytes: status.threads * kernel_stack_bytes_per_thread,
            virtual_bytes: status.virtual_bytes,
            threads: status.threads,
            // Below 2^64 ns, which are 584 years.
            cpu_ns: process_cpu(self.pid)?.as_nanos() as u64,
        })
    }

    /// Resident bytes by walking the page tables: exact, and milliseconds where much is mapped.
    pub(super) fn exact_resident_bytes(&self) -> io::Result<u64> {
        let rollup = std::fs::read_to_string(format!("/proc/{}/smaps_rollup", self.pid))?;
        status::bytes_of(&rollup, "Rss").ok_or_else(|| ended(self.pid))
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
