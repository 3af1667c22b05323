//! Waiting until a process has come to rest, for figures that are to be compared byte by byte.

use std::io;
use std::thread;
use std::time::{Duration, Instant};

use reports::record::Sample;

use super::process_reader::ProcessReader;
use crate::clock::now_ns;

/// Time between two looks.
const STEP: Duration = Duration::from_millis(20);

/// A sample taken once threads and resident bytes have stopped changing for as long as `quiet`, and whether they had;
/// after `patience` it is taken anyhow. `at_ns` counts from `origin_ns`, both monotonic. Resident bytes are counted page by
/// page where the kernel lets us.
///
/// # Errors
/// Where the process has ended.
pub fn settled_sample(
    reader: &mut ProcessReader,
    origin_ns: u64,
    kernel_stack_bytes_per_thread: u64,
    quiet: Duration,
    patience: Duration,
) -> io::Result<(Sample, bool)> {
    let give_up = Instant::now() + patience;
    let mut rest = Rest::after(quiet.div_duration_f64(STEP).ceil() as u32);
    loop {
        let at_ns = now_ns().saturating_sub(origin_ns);
        let mut sample = reader.sample(at_ns, kernel_stack_bytes_per_thread)?;
        let settled = rest.look(sample.threads, sample.resident_bytes);
        if settled || Instant::now() >= give_up {
            // smaps_rollup may be closed to us (another user's process); the cheap count then has to do.
            sample.resident_bytes = reader.exact_resident_bytes().unwrap_or(sample.resident_bytes);
            return Ok((sample, settled));
        }
        thread::sleep(STEP);
    }
}

/// Counts looks in a row that saw the same.
#[derive(Debug)]
struct Rest {
    last: Option<(u64, u64)>,
    unchanged: u32,
    wanted: u32,
}

impl Rest {
    fn after(wanted: u32) -> Rest {
        Rest { last: None, unchanged: 0, wanted }
    }

    /// Whether this look is the last of enough in a row.
    fn look(&mut self, threads: u64, resident_bytes: u64) -> bool {
        let seen = Some((threads, resident_bytes));
        self.unchanged = if seen == self.last { self.unchanged + 1 } else { 0 };
        self.last = seen;
        self.unchanged >= self.wanted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rest_begins_anew_at_each_change() {
        let mut rest = Rest::after(5);
        let looks = [(2, 10), (2, 10), (2, 10), (2, 10), (2, 10), (3, 10), (3, 10), (3, 10), (3, 10), (3, 10)];
        assert!(looks.iter().all(|&(threads, bytes)| !rest.look(threads, bytes)));
        assert!(rest.look(3, 10));
        assert!(!rest.look(3, 11));
    }
}
