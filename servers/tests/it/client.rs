//! A client that knows the protocol, and can also break it.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::Duration;

use serde_json::Value;
use servers::protocol::{JsonLines, Request, WireFormat};

use crate::running::DEADLINE;

pub(crate) struct Client {
    reader: BufReader<TcpStream>,
}

impl Client {
    pub(crate) fn connect(address: SocketAddr) -> Client {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(DEADLINE)).unwrap();
        stream.set_nodelay(true).unwrap();
        Client { reader: BufReader::new(stream) }
    }

    pub(crate) fn send(&mut self, bytes: &[u8]) {
        self.try_send(bytes).unwrap();
    }

    pub(crate) fn try_send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream().write_all(bytes)
    }

    /// The next reply, read by serde_json alone. None at the end of the stream.
    pub(crate) fn reply(&mut self) -> Option<Value> {
        let mut line = String::new();
        match self.reader.read_line(&mut line).expect("a reply before the deadline") {
            0 => None,
            _ => Some(serde_json::from_str(&line).expect("a JSON object a line")),
        }
    }

    /// Asks for work and gives what `WorkDone` says.
    pub(crate) fn work(&mut self, work: &str, parameter: &str) -> Value {
        self.send(&request(work, parameter, "s"));
        let reply = self.reply().expect("a reply");
        assert!(reply["WorkDone"].is_object(), "{work} {parameter} gave {reply}");
        reply["WorkDone"].clone()
    }

    /// Whether the server answers, or has closed the connection instead.
    pub(crate) fn is_answered(&mut self) -> bool {
        let written = self.try_send(&request("echo", "there?", "s"));
        let mut line = String::new();
        written.is_ok() && matches!(self.reader.read_line(&mut line), Ok(1..))
    }

    pub(crate) fn assert_closed(&mut self) {
        let mut rest = Vec::new();
        self.reader.read_to_end(&mut rest).expect("an orderly end");
        assert!(rest.is_empty(), "more than expected: {}", String::from_utf8_lossy(&rest));
    }

    pub(crate) fn end_sending(&mut self) {
        self.stream().shutdown(Shutdown::Write).unwrap();
    }

    /// Leaves with a reset, as a client does that crashes.
    pub(crate) fn reset(self) {
        socket2::SockRef::from(self.reader.get_ref()).set_linger(Some(Duration::ZERO)).unwrap();
    }

    fn stream(&mut self) -> &mut TcpStream {
        self.reader.get_mut()
    }
}

pub(crate) fn request(work: &str, parameter: &str, sent: &str) -> Vec<u8> {
    encoded(&Request::RequestWork {
        request_message: work.into(),
        parameter: parameter.into(),
        sender_timestamp: sent.into(),
    })
}

pub(crate) fn close(initial: &str, last: &str) -> Vec<u8> {
    encoded(&Request::CloseConnection { initial_timestamp: initial.into(), final_timestamp: last.into() })
}

fn encoded(request: &Request<'_>) -> Vec<u8> {
    let mut bytes = Vec::new();
    JsonLines.encode_request(request, &mut bytes);
    bytes
}
