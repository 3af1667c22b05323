//! The framing of a body in chunks, byte by byte. It keeps no byte and knows nothing of what the body says. Beside it:
//! `reading.rs`, which passes over the data, and `body.rs`, which borrows it.

use super::framing::Reason;

/// How far the reading of a body of chunks has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ChunkStage {
    /// In the digits of a size.
    Size { size: u64, digits: u8 },
    /// Behind them, in what the line says besides.
    Extension { size: u64, after_cr: bool },
    /// In the data, of which so much is to come.
    Data { left: u64 },
    /// Behind the data, where a line must end.
    DataEnd { after_cr: bool },
    /// In the lines behind the last chunk, the empty one of which ends the body.
    Trailer { line_bytes: u32, after_cr: bool },
}

impl ChunkStage {
    /// Before the first chunk, and before each further one.
    pub(super) const FIRST: ChunkStage = ChunkStage::Size { size: 0, digits: 0 };

    /// Where one more byte of the framing leads; nowhere where it ends the body. The data itself is not for this.
    pub(super) fn after(self, byte: u8) -> Result<Option<ChunkStage>, Reason> {
        const DIGITS_THAT_FIT: u8 = 15;
        let next = match (self, byte) {
            (ChunkStage::Size { size, digits }, b'0'..=b'9' | b'a'..=b'f' | b'A'..=b'F')
                if digits < DIGITS_THAT_FIT =>
            {
                let digit = char::from(byte).to_digit(16).map_or(0, u64::from);
                ChunkStage::Size { size: size << 4 | digit, digits: digits + 1 }
            }
            (ChunkStage::Size { size, digits: 1.. }, b'\r' | b';' | b' ' | b'\t') => {
                ChunkStage::Extension { size, after_cr: byte == b'\r' }
            }
            (ChunkStage::Extension { size: 0, after_cr: true }, b'\n') => {
                ChunkStage::Trailer { line_bytes: 0, after_cr: false }
            }
            (ChunkStage::Extension { size, after_cr: true }, b'\n') => ChunkStage::Data { left: size },
            (ChunkStage::Extension { size, .. }, byte) if byte != b'\n' => {
                ChunkStage::Extension { size, after_cr: byte == b'\r' }
            }
            (ChunkStage::DataEnd { after_cr: false }, b'\r') => ChunkStage::DataEnd { after_cr: true },
            (ChunkStage::DataEnd { after_cr: true }, b'\n') => ChunkStage::FIRST,
            (ChunkStage::Trailer { line_bytes: 0, after_cr: true }, b'\n') => return Ok(None),
            (ChunkStage::Trailer { after_cr: true, .. }, b'\n') => {
                ChunkStage::Trailer { line_bytes: 0, after_cr: false }
            }
            (ChunkStage::Trailer { line_bytes, after_cr: false }, b'\r') => {
                ChunkStage::Trailer { line_bytes, after_cr: true }
            }
            (ChunkStage::Trailer { line_bytes, .. }, byte) if byte != b'\n' => {
                ChunkStage::Trailer { line_bytes: line_bytes.saturating_add(1), after_cr: byte == b'\r' }
            }
            (ChunkStage::Size { .. }, _) => return Err("the size of a chunk is not a hexadecimal number"),
            (ChunkStage::Data { .. } | ChunkStage::DataEnd { .. }, _) => return Err("a chunk is longer than it says"),
            (ChunkStage::Extension { .. } | ChunkStage::Trailer { .. }, _) => {
                return Err("a line of a chunked body does not end in CRLF");
            }
        };
        Ok(Some(next))
    }
}
