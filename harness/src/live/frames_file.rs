//! A recording: frames as lines of JSON, with a line before them that says what they are.
//!
//! Whoever wrote a file is not trusted: sizes are checked before anything is read. Beside it: `frame.rs`, a line.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::frame::{Frame, ModelFrame};

/// What a file of frames is called in a folder.
pub const FRAMES: &str = "frames.jsonl";

/// The version that this harness writes.
const VERSION: u32 = 1;

/// Ten minutes of six models with thirty threads each are a fifth of it.
const LARGEST_RECORDING_BYTES: u64 = 256 << 20;

/// A frame of many models with long names and all their threads is a hundredth of it.
const LONGEST_LINE_BYTES: u64 = 1 << 20;

/// Why a recording can't be written or read.
#[derive(Debug, thiserror::Error)]
pub enum FramesError {
    /// The file system refused.
    #[error("cannot {doing} {}: {source}", path.display())]
    Io {
        /// Which file.
        path: PathBuf,
        /// `write` or `read`.
        doing: &'static str,
        /// Why.
        source: io::Error,
    },
    /// A pipe or a device.
    #[error("{} is not a file; name a recording of harness watch, or its folder", .0.display())]
    NotAFile(PathBuf),
    /// It is something else, or it is damaged.
    #[error("{}, line {line}: {why}; is this a recording of harness watch?", path.display())]
    Malformed {
        /// Which file.
        path: PathBuf,
        /// From 1.
        line: usize,
        /// What is wrong with it.
        why: String,
    },
}

/// The first line.
#[derive(Debug, Serialize, Deserialize)]
struct Heading {
    frames_version: u32,
}

/// A recording that is being written.
#[derive(Debug)]
pub struct FramesFile {
    path: PathBuf,
    file: BufWriter<File>,
}

impl FramesFile {
    /// Begins a file, which must not be there yet.
    ///
    /// # Errors
    /// Where it is there, or can't be made.
    pub fn create(path: impl Into<PathBuf>) -> Result<FramesFile, FramesError> {
        let path = path.into();
        let file = File::create_new(&path).map_err(|source| failed(&path, "write", source))?;
        let mut frames = FramesFile { path, file: BufWriter::new(file) };
        frames.write(&Heading { frames_version: VERSION })?;
        Ok(frames)
    }

    /// Adds a frame. It is in the file when this returns, so that a recording that is cut off is whole up to there.
    ///
    /// # Errors
    /// Where it can't be written.
    pub fn add(&mut self, frame: &Frame) -> Result<(), FramesError> {
        self.write(frame)
    }

    fn write(&mut self, line: &impl Serialize) -> Result<(), FramesError> {
        let written = serde_json::to_writer(&mut self.file, line).map_err(io::Error::from);
        let written = written.and_then(|()| self.file.write_all(b"\n")).and_then(|()| self.file.flush());
        written.map_err(|source| failed(&self.path, "write", source))
    }
}

/// The frames of a recording, at least one, in the order of their time.
///
/// # Errors
/// Where it can't be read, is none, or is of a newer version. A last line that was cut off is left out.
pub fn read_frames(path: &Path) -> Result<Vec<Frame>, FramesError> {
    let refused = |source| failed(path, "read", source);
    // Looked at before it is opened: opening a pipe would wait for whoever writes into it.
    let found = fs::metadata(path).map_err(refused)?;
    if !found.is_file() {
        return Err(FramesError::NotAFile(path.to_owned()));
    }
    let bytes = found.len();
    if bytes > LARGEST_RECORDING_BYTES {
        let why = format!("it has {bytes} bytes, more than {LARGEST_RECORDING_BYTES}");
        return Err(FramesError::Malformed { path: path.to_owned(), line: 1, why });
    }
    let file = File::open(path).map_err(refused)?;
    frames_in(path, BufReader::new(file.take(LARGEST_RECORDING_BYTES)))
}

/// The frames that stand in a file, as [`read_frames`] has them; errors name `path`.
pub(crate) fn frames_in(path: &Path, mut file: impl BufRead) -> Result<Vec<Frame>, FramesError> {
    let malformed = |line, why: String| FramesError::Malformed { path: path.to_owned(), line, why };
    let refused = |source| failed(path, "read", source);
    let heading = next_line(&mut file).map_err(refused)?;
    let heading: Heading = serde_json::from_slice(&heading).map_err(|error| malformed(1, error.to_string()))?;
    if heading.frames_version > VERSION {
        let why = format!("it is of version {}, and this harness knows {VERSION}", heading.frames_version);
        return Err(malformed(1, why));
    }
    let mut frames: Vec<Frame> = Vec::new();
    for line in 2.. {
        let bytes = next_line(&mut file).map_err(refused)?;
        if !bytes.ends_with(b"\n") && (bytes.len() as u64) < LONGEST_LINE_BYTES {
            break;
        }
        let frame: Frame = serde_json::from_slice(&bytes).map_err(|error| malformed(line, error.to_string()))?;
        if frames.last().is_some_and(|last| last.at_ms > frame.at_ms) {
            return Err(malformed(line, "it is of an earlier time than the line before".to_owned()));
        }
        if frame.models.iter().filter_map(|model| model.memory).any(|memory| !memory.is_countable()) {
            return Err(malformed(line, "it has more memory than can be counted".to_owned()));
        }
        if !frame.models.iter().all(ModelFrame::has_each_thread_once) {
            return Err(malformed(line, "it has a thread twice".to_owned()));
        }
        frames.push(frame);
    }
    if frames.is_empty() { Err(malformed(2, "there is no frame".to_owned())) } else { Ok(frames) }
}

fn next_line(file: &mut impl BufRead) -> io::Result<Vec<u8>> {
    let mut line = Vec::new();
    file.take(LONGEST_LINE_BYTES).read_until(b'\n', &mut line)?;
    Ok(line)
}

fn failed(path: &Path, doing: &'static str, source: io::Error) -> FramesError {
    FramesError::Io { path: path.to_owned(), doing, source }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::live::LiveLoad;

    fn frame(at_ms: u64) -> Frame {
        let asked = LiveLoad { connections: 1, rate_rps: None, work: "echo hi".to_owned(), flood: 0, is_paused: false };
        Frame { at_ms, asked, models: Vec::new() }
    }

    fn recorded(text: &str) -> Result<Vec<Frame>, FramesError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(FRAMES);
        std::fs::write(&path, text).unwrap();
        read_frames(&path)
    }

    #[test]
    fn what_is_written_is_read_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(FRAMES);
        let mut file = FramesFile::create(&path).unwrap();
        file.add(&frame(250)).unwrap();
        file.add(&frame(500)).unwrap();
        assert_eq!(read_frames(&path).unwrap(), [frame(250), frame(500)]);
        assert!(FramesFile::create(&path).is_err(), "a recording is not written over");
    }

    #[test]
    fn a_recording_that_was_cut_off_is_whole_up_to_there() {
        let line = serde_json::to_string(&frame(250)).unwrap();
        let text = format!("{{\"frames_version\":1}}\n{line}\n{}", &line[..20]);
        assert_eq!(recorded(&text).unwrap(), [frame(250)]);
    }

    #[test]
    fn what_is_none_is_refused_with_its_line() {
        let line = |at_ms| serde_json::to_string(&frame(at_ms)).unwrap();
        let said = |text: &str| recorded(text).unwrap_err().to_string();
        assert!(said("").contains("line 1"), "{}", said(""));
        assert!(said("{\"frames_version\":2}\n").contains("version 2"));
        assert!(said("{\"frames_version\":1}\n").contains("no frame"));
        assert!(said("{\"frames_version\":1}\n{}\n").contains("line 2"));
        let backwards = format!("{{\"frames_version\":1}}\n{}\n{}\n", line(500), line(250));
        assert!(said(&backwards).contains("line 3: it is of an earlier time"));
        let endless = format!("{{\"frames_version\":1}}\n{}", "[".repeat(2 << 20));
        assert!(said(&endless).contains("line 2"));
    }
}
