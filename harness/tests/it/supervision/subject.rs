//! A process of known properties, to be observed: this test binary, run again, which does as it is told.

use std::hint::black_box;
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener};
use std::process::{Child, ChildStderr, ChildStdin, Command, Stdio};
use std::{env, thread};

const SUBJECT: &str = "SUPERVISION_TEST_SUBJECT";

/// The running subject; killed when dropped.
pub(crate) struct Subject {
    child: Child,
    orders: ChildStdin,
    answers: BufReader<ChildStderr>,
}

impl Subject {
    pub(crate) fn start() -> Self {
        let mut child = Command::new(env::current_exe().unwrap())
            .args(["--exact", "supervision::subject::obeys", "--nocapture", "--test-threads=1"])
            .env(SUBJECT, "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let orders = child.stdin.take().unwrap();
        let answers = BufReader::new(child.stderr.take().unwrap());
        let mut subject = Self { child, orders, answers };
        subject.order("nothing 0");
        subject
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Gives an order and returns its answer once it has been carried out.
    pub(crate) fn order(&mut self, order: &str) -> String {
        writeln!(self.orders, "{order}").unwrap();
        let mut line = String::new();
        assert!(self.answers.read_line(&mut line).unwrap() > 0, "the subject has ended");
        line.trim().to_owned()
    }

    pub(crate) fn listen(&mut self) -> SocketAddr {
        self.order("listen 0").parse().unwrap()
    }
}

impl Drop for Subject {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// In the ordinary run of the tests this is empty: only [`Subject::start`] gives it something to do.
#[test]
fn obeys() {
    if env::var_os(SUBJECT).is_none() {
        return;
    }
    let mut kept: Vec<Vec<u8>> = Vec::new();
    let mut listeners = Vec::new();
    for line in std::io::stdin().lines() {
        let line = line.unwrap();
        let (order, count) = line.split_once(' ').unwrap();
        let count: usize = count.parse().unwrap();
        match order {
            "threads" => (0..count).for_each(|_| {
                drop(thread::spawn(|| {
                    loop {
                        thread::park()
                    }
                }))
            }),
            // Not zero, or the allocator would hand out pages that nobody has touched.
            "touch" => kept.push(black_box(vec![1; count])),
            "spin" => (0..count).for_each(|_| drop(thread::spawn(|| while black_box(true) {}))),
            "listen" => {
                let listener = TcpListener::bind("127.0.0.1:0").unwrap();
                eprintln!("{}", listener.local_addr().unwrap());
                listeners.push(listener);
                continue;
            }
            _ => {}
        }
        eprintln!("done");
    }
}
