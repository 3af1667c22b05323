//! What the machine's CPUs did in all: parses `/proc/stat` and `/proc/pressure/cpu`. Pure functions.

/// Ticks of all CPUs since the start of the machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct CpuTicks {
    /// User, nice, system and both kinds of interrupt; guests are within user.
    pub(crate) busy: u64,
    /// What the hypervisor gave to others while this machine wanted to run.
    pub(crate) stolen: u64,
    /// CPUs that are there.
    pub(crate) cpus: u64,
}

/// Parses `/proc/stat`; a kernel too old to tell of stolen time tells of none.
pub(crate) fn parse_stat(text: &str) -> Option<CpuTicks> {
    let mut lines = text.lines();
    let mut totals = lines.next()?.strip_prefix("cpu ")?.split_ascii_whitespace().map(str::parse::<u64>);
    let mut next = || totals.next()?.ok();
    let (user, nice, system, _idle, _waiting) = (next()?, next()?, next()?, next()?, next()?);
    let (irq, softirq, stolen) = (next()?, next()?, next().unwrap_or(0));
    let cpus = lines.take_while(|line| line.starts_with("cpu")).count() as u64;
    Some(CpuTicks { busy: user + nice + system + irq + softirq, stolen, cpus })
}

/// Microseconds in which some task waited for a CPU, since the start of the machine.
pub(crate) fn parse_pressure(text: &str) -> Option<u64> {
    let some = text.lines().find(|line| line.starts_with("some "))?;
    some.split_ascii_whitespace().find_map(|word| word.strip_prefix("total="))?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const STAT: &str = "cpu  13744 5 4415 297783 885 2 71 31 9 0\ncpu0 6377 0 1811 150184 87 0 10 13 0 0\n\
        cpu1 7367 0 2603 147598 797 0 60 17 0 0\nintr 1234 0\nctxt 99\n";

    #[test]
    fn busy_is_all_but_idle_waiting_and_stolen() {
        let expected = CpuTicks { busy: 13744 + 5 + 4415 + 2 + 71, stolen: 31, cpus: 2 };
        assert_eq!(parse_stat(STAT), Some(expected));
    }

    #[test]
    fn what_is_cut_off_is_absent() {
        assert_eq!(parse_stat("cpu  1 2 3\n"), None);
        assert_eq!(parse_stat("intr 5\n"), None);
        assert_eq!(parse_stat(""), None);
    }

    #[test]
    fn pressure_is_that_of_some_tasks() {
        let text =
            "some avg10=0.00 avg60=0.00 avg300=0.16 total=12369909\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=7\n";
        assert_eq!(parse_pressure(text), Some(12_369_909));
        assert_eq!(parse_pressure("full avg10=0.00 total=7\n"), None);
    }
}
