//! Files of `/proc`: one that is read again and again through one descriptor into one buffer, and what `/proc/PID/status`
//! and `smaps_rollup` say.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

/// An open file of `/proc` with its buffer. Each read from offset 0 makes the kernel write the contents anew.
#[derive(Debug)]
pub(super) struct ProcFile {
    file: File,
    buffer: Vec<u8>,
}

impl ProcFile {
    pub(super) fn open(path: &str) -> io::Result<Self> {
        let file = File::open(path).map_err(|error| io::Error::new(error.kind(), format!("{path}: {error}")))?;
        Ok(Self { file, buffer: vec![0; 4096] })
    }

    /// The contents now. The buffer grows to what the file needs, once.
    pub(super) fn read(&mut self) -> io::Result<&str> {
        let mut length = 0;
        loop {
            if length == self.buffer.len() {
                self.buffer.resize(2 * length, 0);
            }
            match self.file.read_at(&mut self.buffer[length..], length as u64) {
                Ok(0) => break,
                Ok(count) => length += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        std::str::from_utf8(&self.buffer[..length]).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
    }
}

/// A file's text without white space at its ends; `None` where it can't be read.
pub(super) fn text(path: impl AsRef<Path>) -> Option<String> {
    std::fs::read_to_string(path).ok().map(|text| text.trim().to_owned())
}

/// A file's one number; `None` where it can't be read or holds something else, such as `max`.
pub(super) fn number(path: impl AsRef<Path>) -> Option<u64> {
    text(path)?.parse().ok()
}

/// What `status` says of a process as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Status {
    /// `VmRSS`.
    pub resident_bytes: u64,
    /// `VmPTE`.
    pub page_table_bytes: u64,
    /// `VmSize`.
    pub virtual_bytes: u64,
    /// `Threads`.
    pub threads: u64,
}

/// Parses `status`. `None` where a field is missing: a zombie has no memory, and its absence is not zero.
pub fn parse_status(text: &str) -> Option<Status> {
    Some(Status {
        resident_bytes: bytes_of(text, "VmRSS")?,
        page_table_bytes: bytes_of(text, "VmPTE")?,
        virtual_bytes: bytes_of(text, "VmSize")?,
        threads: field(text, "Threads")?.parse().ok()?,
    })
}

/// What stands behind `key:` on a line of its own. The kernel escapes line ends in names, so a name can't forge a line.
pub(super) fn field<'t>(text: &'t str, key: &str) -> Option<&'t str> {
    text.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(':')).map(str::trim)
}

/// Bytes of the line `key:   123 kB`, of any file in this form; `None` where there is no such line.
pub(crate) fn bytes_of(text: &str, key: &str) -> Option<u64> {
    field(text, key)?.strip_suffix("kB")?.trim_end().parse::<u64>().ok()?.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn a_file_is_read_anew_and_may_outgrow_the_buffer() {
        let mut written = tempfile::NamedTempFile::new().unwrap();
        let mut read = ProcFile::open(written.path().to_str().unwrap()).unwrap();
        assert_eq!(read.read().unwrap(), "");
        written.write_all(&[b'x'; 10_000]).unwrap();
        assert_eq!(read.read().unwrap().len(), 10_000);
    }

    #[test]
    fn an_unreadable_file_is_named() {
        let error = ProcFile::open("/proc/0/status").unwrap_err().to_string();
        assert!(error.starts_with("/proc/0/status: "), "{error}");
    }

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
        assert_eq!(parse_status(STATUS), Some(expected));
        assert_eq!(bytes_of(STATUS, "VmHWM"), Some(1700 * 1024));
    }

    #[test]
    fn what_is_missing_is_absent() {
        for field in ["VmRSS", "VmPTE", "VmSize", "Threads"] {
            let line = STATUS.lines().find(|line| line.starts_with(field)).unwrap();
            assert_eq!(parse_status(&STATUS.replace(&format!("{line}\n"), "")), None, "{field}");
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
