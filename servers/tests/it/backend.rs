//! A backend of a few lines for the servers under test: it waits as long as it is asked to, and answers.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::Duration;

use servers::backend::{BackendCall, CALL_FRAME_BYTES};
use socket2::{Domain, Socket, Type};

/// The backend of all tests, which ends with them.
pub(crate) fn address() -> SocketAddr {
    static ADDRESS: OnceLock<SocketAddr> = OnceLock::new();
    let waits_as_asked = |call: BackendCall| {
        thread::sleep(Duration::from_nanos(call.wait_ns));
        call.reply().to_vec()
    };
    *ADDRESS.get_or_init(|| TestBackend::start(usize::MAX, waits_as_asked).address)
}

/// A backend that may break off or answer wrong.
pub(crate) struct TestBackend {
    pub(crate) address: SocketAddr,
    /// How many connections were made to it so far.
    pub(crate) connections: Arc<AtomicUsize>,
}

impl TestBackend {
    /// Answers so many calls of each connection as `answer` says, every other in two pieces, and then closes it.
    pub(crate) fn start(calls: usize, answer: fn(BackendCall) -> Vec<u8>) -> TestBackend {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let (address, connections) = (listener.local_addr().unwrap(), Arc::new(AtomicUsize::new(0)));
        let counted = Arc::clone(&connections);
        thread::spawn(move || {
            for stream in listener.incoming() {
                counted.fetch_add(1, Ordering::SeqCst);
                let mut stream = stream.unwrap();
                stream.set_nodelay(true).unwrap();
                thread::spawn(move || {
                    for number in 0..calls {
                        let mut frame = [0; CALL_FRAME_BYTES];
                        if stream.read_exact(&mut frame).is_err() {
                            break;
                        }
                        let bytes = answer(BackendCall::from_request(&frame).expect("a server calls as it should"));
                        let (one, other) = bytes.split_at(if number % 2 == 0 { 0 } else { bytes.len() / 2 });
                        let _ = stream.write_all(one).and_then(|()| stream.write_all(other));
                    }
                });
            }
        });
        TestBackend { address, connections }
    }
}

/// An address at which nobody listens.
pub(crate) fn nobody() -> SocketAddr {
    // Bound and never listening, to the end of this process: nobody else is given that port meanwhile.
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    socket.bind(&SocketAddr::from((Ipv4Addr::LOCALHOST, 0)).into()).unwrap();
    let address = socket.local_addr().unwrap().as_socket().unwrap();
    std::mem::forget(socket);
    address
}
