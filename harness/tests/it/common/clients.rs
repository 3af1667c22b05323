//! Clients as plain as can be: of our own servers in JSON lines, and of anything that speaks HTTP.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};

use crate::common::LONGEST_WAIT;

/// A connection on which nothing is waited for without end.
pub(crate) fn connected(at: impl ToSocketAddrs) -> TcpStream {
    let stream = TcpStream::connect(at).unwrap();
    stream.set_read_timeout(Some(LONGEST_WAIT)).unwrap();
    stream
}

/// Asks a server of ours for some work.
pub(crate) fn ask_for(stream: &mut TcpStream, work: &str, parameter: &str) {
    let fields = format!("\"request_message\":\"{work}\",\"parameter\":\"{parameter}\",\"sender_timestamp\":\"1\"");
    stream.write_all(format!("{{\"RequestWork\":{{{fields}}}}}\n").as_bytes()).unwrap();
}

/// As [`ask_for`]; the line that is the reply.
pub(crate) fn asked(stream: &mut TcpStream, work: &str, parameter: &str) -> String {
    ask_for(stream, work, parameter);
    let mut reply = String::new();
    BufReader::new(stream).read_line(&mut reply).unwrap();
    reply
}

/// Status, head and body of the reply to a request with these header lines. In HTTP/1.0, in which a reply ends with its
/// connection.
pub(crate) fn http(at: impl ToSocketAddrs, line: &str, headers: &str, body: &str) -> (u16, String, String) {
    let mut stream = connected(at);
    stream.write_all(format!("{line} HTTP/1.0\r\n{headers}\r\n{body}").as_bytes()).unwrap();
    let mut reply = String::new();
    stream.read_to_string(&mut reply).unwrap();
    let (head, body) = reply.split_once("\r\n\r\n").unwrap();
    (head[9..12].parse().unwrap(), head.to_owned(), body.to_owned())
}
