//! What is read from `/proc`, from texts as the kernel writes them, with a program whose name is meant to mislead.

use super::calculated;
use crate::observe::{cpus, proc_file};
use crate::selftest::bench::Bench;
use crate::selftest::figure::Figure;
use crate::selftest::row::{Attempt, Obstacle};

const STATUS: &str = "Name:\tx) VmRSS: 9 kB\\nThreads:\t7\nState:\tS (sleeping)\nVmPeak:\t  903060 kB\n\
    VmSize:\t  803060 kB\nVmHWM:\t   41700 kB\nVmRSS:\t   31632 kB\nVmPTE:\t     144 kB\nThreads:\t512\n\
    voluntary_ctxt_switches:\t150\n";

const BEFORE: &str = "cpu  1000 5 500 90000 80 2 8 30 9 0\ncpu0 500 5 250 45000 40 1 4 15 9 0\n\
    cpu1 500 0 250 45000 40 1 4 15 0 0\nintr 1234 0\n";
const AFTER: &str = "cpu  1600 5 700 90900 95 4 16 60 9 0\ncpu0 800 5 350 45450 47 2 8 30 9 0\n\
    cpu1 800 0 350 45450 48 2 8 30 0 0\nintr 5678 0\n";
const PRESSURE: &str = "some avg10=1.00 avg60=0.50 avg300=0.16 total=12369909\nfull avg10=0.00 total=7\n";

/// The numbers were read from the texts by hand.
pub(super) fn proc_files(_: &Bench) -> Result<Attempt, Obstacle> {
    calculated(figures().unwrap_or_else(|| vec![Figure::holds("the texts", "understood", "not understood", false)]))
}

fn figures() -> Option<Vec<Figure>> {
    let process = proc_file::parse_status(STATUS)?;
    let (before, after) = (cpus::parse_stat(BEFORE)?, cpus::parse_stat(AFTER)?);
    Some(vec![
        Figure::exact("resident bytes", 31_632 * 1024, process.resident_bytes),
        Figure::exact("page table bytes", 144 * 1024, process.page_table_bytes),
        Figure::exact("virtual bytes", 803_060 * 1024, process.virtual_bytes),
        Figure::exact("threads", 512, process.threads),
        Figure::exact("busy ticks", 600 + 200 + 2 + 8, after.busy - before.busy),
        Figure::exact("stolen ticks", 30, after.stolen - before.stolen),
        Figure::exact("CPUs", 2, after.cpus),
        Figure::exact("pressure, us", 12_369_909, cpus::parse_pressure(PRESSURE)?),
    ])
}
