//! What encoding and decoding one message costs, for each wire format, and for JSON in a spelling other than our own,
//! which serde_json reads. Run with `cargo bench -p servers --bench protocol`.
//!
//! Both directions of a request, as a server and a client see them. No sockets: `inbox.rs` and system calls are not in
//! these figures.

use std::hint::black_box;
use std::time::Duration;

use criterion::{BenchmarkGroup, Criterion, criterion_group, criterion_main};
use servers::protocol::{Decoded, Http, JsonLines, Persistence, Request, Response, WireFormat};

/// A request that JSON allows and that our own encoder would write otherwise.
const OTHER_SPELLING: &[u8] =
    b"{ \"RequestWork\": { \"sender_timestamp\": \"12345678901234567890\", \"parameter\": \"hi\", \"request_message\": \"echo\" } }\n";

fn wire_formats(c: &mut Criterion) {
    wire(c, "json", JsonLines);
    wire(c, "http", Http);
    other_spelling(c);
}

fn wire<F: WireFormat>(c: &mut Criterion, name: &str, format: F) {
    let request = Request::work("echo", "hi", "12345678901234567890");
    let response = Response::WorkDone {
        sender_timestamp: "12345678901234567890".into(),
        result: "hi".into(),
        server_received_ns: Some(4_621_724_776_158),
        server_sent_ns: Some(4_621_724_809_147),
        server_waited_ns: None,
    };
    let (mut request_bytes, mut response_bytes) = (Vec::new(), Vec::new());
    format.encode_request(&request, &mut request_bytes);
    format.encode_response(&response, Persistence::KeepAlive, &mut response_bytes);

    let mut group = c.benchmark_group(name);
    encode(&mut group, "encode request", |out| format.encode_request(black_box(&request), out));
    decode(&mut group, "decode request", &request_bytes, |bytes| format.decode_request(bytes));
    encode(&mut group, "encode response", |out| {
        format.encode_response(black_box(&response), Persistence::KeepAlive, out);
    });
    decode(&mut group, "decode response", &response_bytes, |bytes| format.decode_response(bytes));
    group.finish();
}

fn other_spelling(c: &mut Criterion) {
    let mut group = c.benchmark_group("json, other spelling");
    decode(&mut group, "decode request", OTHER_SPELLING, |bytes| JsonLines.decode_request(bytes));
    group.finish();
}

type WallTimeGroup<'a> = BenchmarkGroup<'a, criterion::measurement::WallTime>;

/// Into a buffer that has grown already, as a connection's has.
fn encode(group: &mut WallTimeGroup<'_>, name: &str, write: impl Fn(&mut Vec<u8>)) {
    let mut out = Vec::new();
    group.bench_function(name, |bencher| {
        bencher.iter(|| {
            out.clear();
            write(&mut out);
            black_box(out.as_slice());
        });
    });
}

fn decode<'a, T>(group: &mut WallTimeGroup<'_>, name: &str, bytes: &'a [u8], read: impl Fn(&'a [u8]) -> Decoded<T>) {
    assert!(
        matches!(read(bytes), Decoded::Message { consumed, .. } if consumed == bytes.len()),
        "{name} is no message"
    );
    group.bench_function(name, |bencher| bencher.iter(|| black_box(read(black_box(bytes)))));
}

fn short() -> Criterion {
    Criterion::default().warm_up_time(Duration::from_millis(300)).measurement_time(Duration::from_secs(1))
}

criterion_group! { name = benches; config = short(); targets = wire_formats }
criterion_main!(benches);
