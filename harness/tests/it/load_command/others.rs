//! Servers that other people wrote: what the generator counts as right is what each of them counts as served.
//!
//! nginx, python3 and node are skipped by name where they are not there; with `CI` in the environment that is a failure.

use std::convert::Infallible;
use std::io::BufRead;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use hyper_util::rt::TokioIo;

use crate::common::started::Killed;
use crate::common::{LONGEST_WAIT, has, within};
use crate::load_command::Findings;

const REQUESTS: u64 = 300;

/// All of them right, on connections that stay and, where the server closes each, on as many as requests.
fn all_served(address: SocketAddr) -> Findings {
    let found = Findings::of(address, &["--path", "/", "--connections", "4", "--requests", &REQUESTS.to_string()]);
    found.assert_all_ok();
    assert_eq!((found.ledger("ok"), &found.json["statuses"]["200"]), (REQUESTS, &REQUESTS.into()), "{}", found.json);
    found
}

/// A program that writes its port to stdout first, and then, at the end of its stdin, how many requests it has read.
fn counted_by(program: &str, flag: &str, source: &str) -> Findings {
    let mut command = Command::new(program);
    let (mut child, said, port) = Killed::saying(command.args([flag, source]).stdin(Stdio::piped()));
    let port: u16 = port.trim_end().parse().unwrap();
    let found = all_served(([127, 0, 0, 1], port).into());
    drop(child.0.stdin.take());
    let mut lines = said.lines();
    assert_eq!(lines.next().unwrap().unwrap(), REQUESTS.to_string(), "{program} has read as many");
    found
}

#[test]
fn pythons_http_server_closes_each_connection() {
    const SOURCE: &str = "
import sys, threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
lock, read = threading.Lock(), [0]
class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        with lock: read[0] += 1
        self.send_response(200); self.end_headers(); self.wfile.write(b'hello')
    def log_message(self, *_): pass
ThreadingHTTPServer.request_queue_size = 128
server = ThreadingHTTPServer(('127.0.0.1', 0), Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
print(server.server_address[1], flush=True)
sys.stdin.read()
print(read[0], flush=True)
";
    if has("python3", "--version") {
        // HTTP/1.0 without a length: the end of the connection is the end of the page.
        assert_eq!(counted_by("python3", "-c", SOURCE).connections("closed_by_server"), REQUESTS);
    }
}

#[test]
fn asyncio_is_counted_alike() {
    const SOURCE: &str = "
import asyncio, sys, threading
read = 0
async def serve(reader, writer):
    global read
    try:
        while True:
            await reader.readuntil(b'\\r\\n\\r\\n'); read += 1
            writer.write(b'HTTP/1.1 200 OK\\r\\nTransfer-Encoding: chunked\\r\\n\\r\\n5\\r\\nhello\\r\\n0\\r\\n\\r\\n')
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError): pass
async def main():
    server = await asyncio.start_server(serve, '127.0.0.1', 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.to_thread(sys.stdin.read)
    print(read, flush=True)
asyncio.run(main())
";
    if has("python3", "--version") {
        counted_by("python3", "-c", SOURCE);
    }
}

#[test]
fn node_is_counted_alike() {
    const SOURCE: &str = "
let read = 0;
const server = require('http').createServer((_, response) => { read += 1; response.end('hello'); });
server.listen(0, '127.0.0.1', () => console.log(server.address().port));
process.stdin.resume().on('end', () => { console.log(read); process.exit(); });
";
    if has("node", "--version") {
        counted_by("node", "-e", SOURCE);
    }
}

#[test]
fn nginx_is_counted_alike() {
    if !has("nginx", "-v") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let at = folder.path().display();
    let text = format!(
        "daemon off; master_process off; pid {at}/pid; error_log {at}/errors;\n\
         events {{ worker_connections 64; }}\n\
         http {{ access_log {at}/requests; client_body_temp_path {at}/body; proxy_temp_path {at}/proxy;\n\
         fastcgi_temp_path {at}/fastcgi; uwsgi_temp_path {at}/uwsgi; scgi_temp_path {at}/scgi;\n\
         server {{ listen {address}; location / {{ return 200 'hello'; }} }} }}\n"
    );
    let configuration = folder.path().join("nginx.conf");
    std::fs::write(&configuration, text).unwrap();
    let configuration = configuration.to_str().unwrap();
    let child = Command::new("nginx").args(["-c", configuration]).stdin(Stdio::null()).spawn().unwrap();
    let _child = Killed(child);
    assert!(within(LONGEST_WAIT, || TcpStream::connect(address).is_ok()), "nginx does not listen");
    all_served(address);
    let served = || std::fs::read_to_string(folder.path().join("requests")).unwrap_or_default().lines().count() as u64;
    assert!(within(LONGEST_WAIT, || served() == REQUESTS), "nginx has noted {}", served());
}

/// A server on a runtime of its own, and how many requests it has read.
fn on_tokio(serve: impl AsyncFnOnce(tokio::net::TcpListener, Arc<AtomicU64>) + Send + 'static) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let address = listener.local_addr().unwrap();
    let read = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&read);
    thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let tasks = tokio::task::LocalSet::new();
        tasks.block_on(&runtime, async move {
            serve(tokio::net::TcpListener::from_std(listener).unwrap(), counted).await;
        });
    });
    all_served(address);
    assert_eq!(read.load(Ordering::SeqCst), REQUESTS);
}

#[test]
fn hyper_is_counted_alike() {
    on_tokio(async |listener, read| {
        while let Ok((stream, _)) = listener.accept().await {
            let read = Arc::clone(&read);
            let page = hyper::service::service_fn(move |_| {
                read.fetch_add(1, Ordering::SeqCst);
                async { Ok::<_, Infallible>(hyper::Response::new("hello".to_owned())) }
            });
            tokio::task::spawn_local(
                hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), page),
            );
        }
    });
}

#[test]
fn axum_is_counted_alike() {
    on_tokio(async |listener, read| {
        let page = axum::routing::get(move || async move {
            read.fetch_add(1, Ordering::SeqCst);
            "hello"
        });
        axum::serve(listener, axum::Router::new().route("/", page)).await.unwrap();
    });
}
