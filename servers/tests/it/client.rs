//! A client that knows the protocol, and can also break it. It reads replies without the project's decoders.

use std::collections::HashMap;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::Duration;

use serde_json::{Value, json};
use servers::protocol::{Request, Wire, WireFormat};
use socket2::{Domain, SockRef, Socket, Type};

use crate::running::{DEADLINE, SMALL_BUFFER_BYTES};

pub(crate) struct Client {
    reader: BufReader<TcpStream>,
    wire: Wire,
}

impl Client {
    pub(crate) fn connect(address: SocketAddr, wire: Wire) -> Client {
        Client::over(TcpStream::connect(address).unwrap(), wire)
    }

    /// A client whose kernel takes little of a reply that it does not read.
    pub(crate) fn connect_with_small_buffer(address: SocketAddr, wire: Wire) -> Client {
        let socket = Socket::new(Domain::for_address(address), Type::STREAM, None).unwrap();
        socket.set_recv_buffer_size(SMALL_BUFFER_BYTES).unwrap();
        socket.connect(&address.into()).unwrap();
        Client::over(socket.into(), wire)
    }

    fn over(stream: TcpStream, wire: Wire) -> Client {
        stream.set_read_timeout(Some(DEADLINE)).unwrap();
        stream.set_write_timeout(Some(DEADLINE)).unwrap();
        stream.set_nodelay(true).unwrap();
        Client { reader: BufReader::new(stream), wire }
    }

    pub(crate) fn send(&mut self, bytes: &[u8]) {
        self.try_send(bytes).unwrap();
    }

    pub(crate) fn try_send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream().write_all(bytes)
    }

    /// The next reply as JSON lines have it, whatever it came in. None at the end of the stream.
    pub(crate) fn reply(&mut self) -> Option<Value> {
        let line = self.line()?;
        Some(match self.wire {
            Wire::JsonLines => serde_json::from_str(&line).expect("a JSON object a line"),
            Wire::Http => self.rest_of_http_reply(&line),
        })
    }

    /// The next line, without what ends it. None at the end of the stream.
    pub(crate) fn line(&mut self) -> Option<String> {
        let mut line = String::new();
        let count = self.reader.read_line(&mut line).expect("a reply before the deadline");
        (count > 0).then(|| line.trim_end_matches(['\r', '\n']).to_owned())
    }

    fn rest_of_http_reply(&mut self, status: &str) -> Value {
        let mut headers = HashMap::new();
        while let Some((name, value)) = self.line().expect("a whole head").split_once(": ") {
            headers.insert(name.to_ascii_lowercase(), value.to_owned());
        }
        let mut body = vec![0; headers["content-length"].parse().unwrap()];
        self.reader.read_exact(&mut body).unwrap();
        let body = String::from_utf8(body).unwrap();
        let number = |name: &str| headers[name].parse::<u64>().unwrap();
        if status.starts_with("HTTP/1.1 4") || status.starts_with("HTTP/1.1 5") {
            json!({"Error": {"reason": body}})
        } else if headers.contains_key("requests-served") {
            json!({"ConnectionClosed": {
                "initial_timestamp": headers["initial-timestamp"], "final_timestamp": headers["final-timestamp"],
                "requests_served": number("requests-served"),
            }})
        } else {
            assert_eq!(status, "HTTP/1.1 200 OK");
            json!({"WorkDone": {
                "sender_timestamp": headers.get("sender-timestamp"), "result": body,
                "server_received_ns": number("server-received-ns"), "server_sent_ns": number("server-sent-ns"),
                "server_waited_ns": headers.get("server-waited-ns").map(|ns| ns.parse::<u64>().unwrap()),
            }})
        }
    }

    /// Asks for work and gives what `WorkDone` says.
    pub(crate) fn work(&mut self, work: &str, parameter: &str) -> Value {
        self.send(&request(self.wire, work, parameter, "s"));
        let reply = self.reply().expect("a reply");
        assert!(reply["WorkDone"].is_object(), "{work} {parameter} gave {reply}");
        reply["WorkDone"].clone()
    }

    /// Whether the server answers, or has closed the connection instead.
    pub(crate) fn is_answered(&mut self) -> bool {
        let written = self.try_send(&request(self.wire, "echo", "there?", "s"));
        let mut line = String::new();
        written.is_ok() && matches!(self.reader.read_line(&mut line), Ok(1..))
    }

    /// The server's reason for an `Error` reply.
    pub(crate) fn error(&mut self) -> String {
        let reply = self.reply().expect("a reply");
        reply["Error"]["reason"].as_str().unwrap_or_else(|| panic!("no error: {reply}")).to_owned()
    }

    /// Whether something comes within this time, be it a reply or the end.
    pub(crate) fn hears_within(&mut self, time: Duration) -> bool {
        self.stream().set_read_timeout(Some(time)).unwrap();
        let heard = self.stream().peek(&mut [0]).is_ok();
        self.stream().set_read_timeout(Some(DEADLINE)).unwrap();
        heard
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
        SockRef::from(self.reader.get_ref()).set_linger(Some(Duration::ZERO)).unwrap();
    }

    fn stream(&mut self) -> &mut TcpStream {
        self.reader.get_mut()
    }
}

pub(crate) fn request(wire: Wire, work: &str, parameter: &str, sent: &str) -> Vec<u8> {
    encoded(wire, &Request::work(work, parameter, sent))
}

pub(crate) fn close(wire: Wire, initial: &str, last: &str) -> Vec<u8> {
    encoded(wire, &Request::CloseConnection { initial_timestamp: initial.into(), final_timestamp: last.into() })
}

fn encoded(wire: Wire, request: &Request<'_>) -> Vec<u8> {
    let mut bytes = Vec::new();
    wire.encode_request(request, &mut bytes);
    bytes
}
