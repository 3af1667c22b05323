//! Parses what `/proc/PID/status` and `smaps_rollup` say. Pure functions.

/// What `status` says of a process as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Status {
    pub(crate) resident_bytes: u64,
    pub(crate) page_table_bytes: u64,
    pub(crate) virtual_bytes: u64,
    pub(crate) threads: u64,
}

/// Parses `status`. `None` where a field is missing: a zombie has no memory, and its absence is not zero.
pub(crate) fn parse(text: &str) -> Option<Status> {
    let (mut resident, mut page_tables, mut size, mut threads) = (None, None, None, None);
    // The kernel escapes line ends in the program's name, so a name can't forge a line.
    for line in text.lines() {
        match line.split_once(':') {
            Some(("VmRSS", value)) => resident = kilobytes(value),
            Some(("VmPTE", value)) => page_tables = kilobytes(value),
            Some(("VmSize", value)) => size = kilobytes(value),
            Some(("Threads", value)) => {
                threads = value.trim().parse().ok();
                // Nothing of interest stands below it.
                break;
            }
            _ => {}
        }
    }
    Some(Status { resident_bytes: resident?, page_table_bytes: page_tables?, virtual_bytes: size?, threads: threads? })
}

/// Bytes of the line `key:   123 kB`, of any file in this form; `None` where there is no such line.
pub(crate) fn bytes_of(text: &str, key: &str) -> Option<u64> {
    text.lines().find_map(|line| kilobytes(line.strip_prefix(key)?.strip_prefix(':')?))
}

fn kilobytes(value: &str) -> Option<u64> {
    value.trim().strip_suffix("kB")?.trim_end().parse::<u64>().ok()?.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    const STATUS: &str = "Name:\ta (b) VmRSS: 9 kB)\\nThreads:\t7\nState:\tS (sleeping)\nVmPeak:\t    3060 kB\n\
        VmSize:\t    3060 kB\nVmHWM:\t    1700 kB\nVmRSS:\t    1632 kB\nVmPTE:\t      44 kB\nThreads:\t12\n\
        voluntary_ctxt_switches:\t150\n";

    #[test]
    fn a_hostile_name_does_not_disturb() {
        let expected = Status {
            resident_bytes: 1632 * 1024,
            page_table_bytes: 44 * 1024,
            virtual_bytes: 3060 * 1024,
            threads: 12,
        };
        assert_eq!(parse(STATUS), Some(expected));
        assert_eq!(bytes_of(STATUS, "VmHWM"), Some(1700 * 1024));
    }

    #[test]
    fn what_is_missing_is_absent() {
        for field in ["VmRSS", "VmPTE", "VmSize", "Threads"] {
            let line = STATUS.lines().find(|line| line.starts_with(field)).unwrap();
            assert_eq!(parse(&STATUS.replace(&format!("{line}\n"), "")), None, "{field}");
        }
        assert_eq!(bytes_of(STATUS, "VmSwap"), None);
        assert_eq!(bytes_of("VmHWM:\t 5 pages\n", "VmHWM"), None);
    }

    #[test]
    fn a_key_is_the_whole_word() {
        let rollup = "55d0-7fff ---p 00000000 00:00 0    [rollup]\nRss:                1732 kB\nRssX:   1 kB\n";
        assert_eq!(bytes_of(rollup, "Rss"), Some(1732 * 1024));
        assert_eq!(bytes_of("RssX:   1 kB\n", "Rss"), None);
    }
}
