//! Which wire format a server speaks, chosen while the program runs. It knows their names and nothing of bytes.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

use super::format::{Decoded, Persistence, WireFormat};
use super::http::Http;
use super::json_lines::JsonLines;
use super::message::{Request, Response};

/// One of the wire formats.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Wire {
    /// One JSON object a line, [`JsonLines`].
    #[default]
    JsonLines,
    /// HTTP/1.1, [`Http`].
    Http,
}

/// A name that no wire format has.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("no wire format is called \"{0}\"; wire formats: json, http")]
pub struct UnknownWire(String);

impl Wire {
    /// All of them.
    pub const ALL: [Wire; 2] = [Wire::JsonLines, Wire::Http];
}

impl FromStr for Wire {
    type Err = UnknownWire;

    fn from_str(name: &str) -> Result<Wire, UnknownWire> {
        match name {
            "json" => Ok(Wire::JsonLines),
            "http" => Ok(Wire::Http),
            unknown => Err(UnknownWire(unknown.to_owned())),
        }
    }
}

impl fmt::Display for Wire {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Wire::JsonLines => "json",
            Wire::Http => "http",
        })
    }
}

impl WireFormat for Wire {
    fn decode_request<'a>(&self, bytes: &'a [u8]) -> Decoded<Request<'a>> {
        match self {
            Wire::JsonLines => JsonLines.decode_request(bytes),
            Wire::Http => Http.decode_request(bytes),
        }
    }

    fn encode_request(&self, request: &Request<'_>, out: &mut Vec<u8>) {
        match self {
            Wire::JsonLines => JsonLines.encode_request(request, out),
            Wire::Http => Http.encode_request(request, out),
        }
    }

    fn decode_response<'a>(&self, bytes: &'a [u8]) -> Decoded<Response<'a>> {
        match self {
            Wire::JsonLines => JsonLines.decode_response(bytes),
            Wire::Http => Http.decode_response(bytes),
        }
    }

    fn encode_response(&self, response: &Response<'_>, then: Persistence, out: &mut Vec<u8>) {
        match self {
            Wire::JsonLines => JsonLines.encode_response(response, then, out),
            Wire::Http => Http.encode_response(response, then, out),
        }
    }

    fn worth_decoding(&self, bytes: &[u8], seen: usize) -> bool {
        match self {
            Wire::JsonLines => JsonLines.worth_decoding(bytes, seen),
            Wire::Http => Http.worth_decoding(bytes, seen),
        }
    }

    fn announced_bytes(&self, bytes: &[u8]) -> Option<usize> {
        match self {
            Wire::JsonLines => JsonLines.announced_bytes(bytes),
            Wire::Http => Http.announced_bytes(bytes),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_as_they_are_shown() {
        for wire in Wire::ALL {
            assert_eq!(wire.to_string().parse(), Ok(wire));
        }
        let complaint = "HTTP".parse::<Wire>().unwrap_err().to_string();
        assert_eq!(complaint, "no wire format is called \"HTTP\"; wire formats: json, http");
    }
}
