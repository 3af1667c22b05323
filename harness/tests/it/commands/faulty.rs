//! A server of the protocol that keeps to all of it but for one thing.

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use harness::check::CheckItem;
use serde_json::{Value, json};
use servers::monotonic_ns;

/// Serves until the test ends. What the server gets wrong is the fault's.
pub(crate) fn start(fault: Option<CheckItem>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let lock = Arc::new(Mutex::new(()));
    thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let lock = Arc::clone(&lock);
            // However a connection ends, it is the check that says what came of it.
            let serve = move || drop(serve(stream, fault, &lock));
            if fault == Some(CheckItem::SideBySide) {
                serve();
            } else {
                thread::spawn(serve);
            }
        }
    });
    address
}

const LIMIT_BYTES: usize = 64 * 1024;

fn serve(mut stream: TcpStream, fault: Option<CheckItem>, lock: &Mutex<()>) -> io::Result<()> {
    let is = |item: CheckItem| fault == Some(item);
    let limit = if is(CheckItem::LongestLine) { LIMIT_BYTES / 2 } else { LIMIT_BYTES };
    let (mut received, mut chunk, mut served) = (Vec::new(), [0; 4096], 0);
    loop {
        let count = stream.read(&mut chunk)?;
        if count == 0 {
            let answers_half = is(CheckItem::HalfClose) && !received.is_empty();
            return if answers_half { say(&mut stream, &refusal("half a request")) } else { Ok(()) };
        }
        received.extend_from_slice(&chunk[..count]);
        if is(CheckItem::Bytewise) && !received.ends_with(b"\n") {
            return say(&mut stream, &refusal("half a request"));
        }
        let mut replies = Vec::new();
        while let Some(end) = received.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = received.drain(..=end).collect();
            if line.len() > limit && !is(CheckItem::Oversize) {
                return refuse_at_length(&mut stream);
            }
            let Some(reply) = reply(&line, &mut served, fault, lock) else { return Ok(()) };
            replies.push(reply);
        }
        if is(CheckItem::Pipelined) {
            replies.reverse();
        }
        for reply in replies {
            say(&mut stream, &reply)?;
            if is(CheckItem::InTurn) || reply["ConnectionClosed"].is_object() {
                return Ok(());
            }
        }
        if received.len() >= limit && !is(CheckItem::Oversize) {
            return refuse_at_length(&mut stream);
        }
    }
}

/// Takes in what is still coming, so that the refusal arrives.
fn refuse_at_length(stream: &mut TcpStream) -> io::Result<()> {
    say(stream, &refusal("too long"))?;
    stream.shutdown(Shutdown::Write)?;
    stream.set_read_timeout(Some(Duration::from_millis(200)))?;
    let mut chunk = [0; 4096];
    while stream.read(&mut chunk)? > 0 {}
    Ok(())
}

fn say(stream: &mut TcpStream, reply: &Value) -> io::Result<()> {
    stream.write_all(format!("{reply}\n").as_bytes())
}

fn refusal(reason: &str) -> Value {
    json!({"Error": {"reason": reason}})
}

/// None where the connection ends without a reply.
fn reply(line: &[u8], served: &mut u64, fault: Option<CheckItem>, lock: &Mutex<()>) -> Option<Value> {
    let is = |item: CheckItem| fault == Some(item);
    let received_ns = monotonic_ns();
    let is_spelled_as_usual = line.starts_with(b"{\"RequestWork\":{\"request_message\":") || !line.starts_with(b" ");
    if is(CheckItem::Spelling) && !is_spelled_as_usual {
        return Some(refusal("spelled otherwise"));
    }
    let message: Value = serde_json::from_slice(line).unwrap_or_default();
    if let Some(close) = message.get("CloseConnection") {
        let requests_served = *served + u64::from(is(CheckItem::Closing));
        return Some(json!({"ConnectionClosed": {
            "initial_timestamp": close["initial_timestamp"],
            "final_timestamp": close["final_timestamp"],
            "requests_served": requests_served,
        }}));
    }
    let field = |name: &str| message["RequestWork"][name].as_str();
    let (Some(work), Some(parameter), Some(timestamp)) =
        (field("request_message"), field("parameter"), field("sender_timestamp"))
    else {
        return (!is(CheckItem::NotJson)).then(|| refusal("no request"));
    };
    let Some(result) = done(work, parameter, fault, lock) else { return Some(refusal("no such work")) };
    *served += 1;
    let timestamp = if is(CheckItem::OneRequest) { "" } else { timestamp };
    let (received_ns, sent_ns) = if is(CheckItem::Times) { (received_ns, 0) } else { (received_ns, monotonic_ns()) };
    Some(json!({"WorkDone": {
        "sender_timestamp": timestamp, "result": result, "server_received_ns": received_ns, "server_sent_ns": sent_ns,
    }}))
}

/// Does the work; none where there is no such work.
fn done(work: &str, parameter: &str, fault: Option<CheckItem>, lock: &Mutex<()>) -> Option<String> {
    let is = |item: CheckItem| fault == Some(item);
    let duration = match servers::service::decide(work, parameter.into()) {
        Ok(servers::service::WorkOrder::Call(duration)) if !is(CheckItem::Call) => duration,
        Ok(servers::service::WorkOrder::Sleep(duration)) if !is(CheckItem::Sleep) => duration,
        Ok(servers::service::WorkOrder::Block(duration)) if !is(CheckItem::Block) => duration,
        Ok(servers::service::WorkOrder::Lock(duration)) if !is(CheckItem::Lock) => {
            let _held = lock.lock().unwrap();
            thread::sleep(duration);
            Duration::ZERO
        }
        Ok(servers::service::WorkOrder::Lock(duration)) => duration,
        Ok(servers::service::WorkOrder::Echo(text)) if is(CheckItem::Text) => return Some(text.replace('ö', "?")),
        Ok(servers::service::WorkOrder::Echo(text)) => return Some(text.into_owned()),
        Ok(servers::service::WorkOrder::Reply(bytes)) if is(CheckItem::Reply) => {
            return Some("x".repeat(bytes.max(1) - 1));
        }
        Ok(servers::service::WorkOrder::Reply(bytes)) => return Some("x".repeat(bytes)),
        Ok(servers::service::WorkOrder::Spin(_)) if is(CheckItem::Spin) => return None,
        Ok(_) => Duration::ZERO,
        Err(servers::service::Refusal::UnknownWork(_)) if is(CheckItem::UnknownWork) => Duration::ZERO,
        Err(servers::service::Refusal::UnknownWork(_)) => return None,
        Err(_) if is(CheckItem::BadParameter) => Duration::ZERO,
        Err(_) => return None,
    };
    thread::sleep(duration);
    Some(String::new())
}
