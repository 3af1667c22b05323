//! A file of `/proc` that is read again and again through one descriptor into one buffer.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

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
pub(super) fn text(path: &str) -> Option<String> {
    std::fs::read_to_string(path).ok().map(|text| text.trim().to_owned())
}

/// A file's one number; `None` where it can't be read or holds something else, such as `max`.
pub(super) fn number(path: &str) -> Option<u64> {
    text(path)?.parse().ok()
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
}
