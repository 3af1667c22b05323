//! What reaches the server: host, method, headers and body as they were typed; and what gates make of its replies.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use crate::common::home::Ended;
use crate::common::text;
use crate::load_command::{http_server, loaded};

/// A server that replies to everything.
struct Listening {
    address: SocketAddr,
    heard: Arc<Heard>,
}

#[derive(Default)]
struct Heard {
    first: Mutex<Option<String>>,
    requests: AtomicU64,
}

/// Every fourth reply is an error, where it is `failing`.
fn listen(failing: bool) -> Listening {
    let heard = Arc::new(Heard::default());
    let kept = Arc::clone(&heard);
    Listening { address: crate::common::listen(move |stream| answer(stream, failing, &kept)), heard }
}

fn answer(mut stream: TcpStream, failing: bool, heard: &Heard) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    while let Some(request) = request(&mut reader) {
        heard.first.lock().unwrap().get_or_insert(request);
        let nth = heard.requests.fetch_add(1, Ordering::Relaxed);
        let status = if failing && nth.is_multiple_of(4) { "503 Busy" } else { "200 OK" };
        let reply = format!("HTTP/1.1 {status}\r\nContent-Length: 2\r\n\r\nhi");
        if stream.write_all(reply.as_bytes()).is_err() {
            return;
        }
    }
}

/// Head and body.
fn request(reader: &mut impl BufRead) -> Option<String> {
    let head = http_server::request(reader)?;
    let length = head.lines().find_map(|line| line.strip_prefix("Content-Length: ")?.parse::<usize>().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    reader.read_exact(&mut body).ok()?;
    Some(head + text(&body))
}

const BRIEF: &[&str] =
    &["--rate", "400", "--duration", "300ms", "--warm-up", "0s", "-c", "4", "--arrivals", "constant"];

fn sent(url: impl FnOnce(u16) -> String, arguments: &[&str]) -> (String, u16) {
    let listening = listen(false);
    let port = listening.address.port();
    let ended = loaded(&[&[url(port).as_str()], BRIEF, arguments].concat());
    let request = listening.heard.first.lock().unwrap().clone();
    (request.unwrap_or_else(|| panic!("{}", ended.stderr)), port)
}

#[test]
fn a_url_is_asked_for_with_the_host_as_it_was_typed() {
    let (request, port) = sent(|port| format!("http://localhost:{port}/a?b=c#d"), &[]);
    assert_eq!(request, format!("GET /a?b=c HTTP/1.1\r\nHost: localhost:{port}\r\n\r\n"));
    let (request, _) = sent(|port| format!("http://127.0.0.1:{port}"), &["-H", "Host: example.org", "-X", "DELETE"]);
    assert_eq!(request, "DELETE / HTTP/1.1\r\nHost: example.org\r\n\r\n");
}

#[test]
fn a_body_is_posted_with_its_headers_from_the_line_or_from_a_file() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "{}").unwrap();
    let url = |port: u16| format!("http://127.0.0.1:{port}/a");
    let headers = ["-H", "Content-Type: application/json", "-H", "X-A:b"];
    for body in [["--body", "{}"], ["--body-file", file.path().to_str().unwrap()]] {
        let (request, port) = sent(url, &[&headers[..], &body].concat());
        let head =
            format!("POST /a HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: application/json\r\nX-A: b\r\n");
        assert_eq!(request, format!("{head}Content-Length: 2\r\n\r\n{{}}"));
    }
}

fn gated(failing: bool, arguments: &[&str]) -> Ended {
    let url = format!("http://{}/", listen(failing).address);
    loaded(&[&[url.as_str()], BRIEF, arguments].concat())
}

#[test]
fn a_gate_that_is_exceeded_has_a_code_of_its_own_and_a_line() {
    let said = gated(true, &["--fail-on", "errors>10%", "--fail-on", "max>1ms"]).with_code(5).stdout;
    for line in [
        "25% of requests failed: ",
        "errors>10% exceeded: 30 of 120 requests without a right reply, 25%",
        "max>1ms exceeded: max of response times > 2 s",
    ] {
        assert!(said.contains(line), "no {line:?}: {said}");
    }
    let ended = gated(true, &["--fail-on", "errors>29", "--format", "json"]).with_code(5);
    let object = ended.telling("errors>29 exceeded: 30 of 120").stdout;
    assert!(object.contains("\"outcome\": \"exceeded\""), "{object}");
}

#[test]
fn a_gate_passes_where_the_measurement_is_valid_and_nowhere_else() {
    let Ended { code, stdout: said, .. } = gated(false, &["--fail-on", "errors>0"]);
    let (passed, outcome) = if said.contains("INVALID") { (4, "undecided") } else { (0, "passed") };
    assert_eq!(code, Some(passed), "{said}");
    assert!(said.contains(&format!("errors>0 {outcome}: 0 of 120 requests")), "{said}");
    let said = gated(false, &["--fail-on", "p99>1s"]).with_code(4).stdout;
    assert!(said.contains("p99>1s undecided: 120 requests are too few for a p99"), "{said}");
}
