//! What every model makes of its backend: one connection to it for each of a client's, and a client that is told what went
//! wrong and lives on.

use std::sync::atomic::Ordering;

use servers::backend::BackendCall;

use crate::backend::{TestBackend, nobody};
use crate::running::{RunningServer, every_model_and_wire};

#[test]
fn all_calls_of_a_connection_go_over_one_connection() {
    for (model, wire) in every_model_and_wire() {
        let backend = TestBackend::start(usize::MAX, |call| call.reply().to_vec());
        let running = RunningServer::start_calling(model, wire, backend.address);
        let mut client = running.connect();
        for _ in 0..5 {
            assert_eq!(client.work("call", "1ms")["result"], "");
        }
        assert_eq!(backend.connections.load(Ordering::SeqCst), 1, "{model} over {wire}");
        drop(client);
        running.stop().unwrap();
    }
}

#[test]
fn a_backend_that_is_not_there_is_said_and_the_connection_lives_on() {
    for (model, wire) in every_model_and_wire() {
        let running = RunningServer::start_calling(model, wire, nobody());
        let mut client = running.connect();
        client.send(&running.request("call", "1ms", "1"));
        let said = client.error();
        assert!(said.contains("can't be reached"), "{model} over {wire}: {said}");
        assert_eq!(client.work("echo", "still here")["result"], "still here");
        let counters = running.server.counters();
        assert_eq!((counters.backend_errors, counters.requests_served), (1, 1), "{model}");
        drop(client);
        running.stop().unwrap();
    }
}

#[test]
fn a_backend_that_breaks_off_is_said_and_the_next_call_connects_anew() {
    for (model, wire) in every_model_and_wire() {
        let backend = TestBackend::start(1, |call| call.reply().to_vec());
        let running = RunningServer::start_calling(model, wire, backend.address);
        let mut client = running.connect();
        assert_eq!(client.work("call", "1ms")["result"], "");
        client.send(&running.request("call", "1ms", "2"));
        let said = client.error();
        assert!(said.contains("broke in the middle of a call"), "{model} over {wire}: {said}");
        assert_eq!(client.work("call", "1ms")["result"], "");
        assert_eq!(backend.connections.load(Ordering::SeqCst), 2, "{model} over {wire}");
        drop(client);
        running.stop().unwrap();
    }
}

#[test]
fn a_wrong_answer_is_never_taken_for_a_right_one() {
    for (model, wire) in every_model_and_wire() {
        let of_another = |call: BackendCall| BackendCall { number: call.number + 1, ..call }.reply().to_vec();
        let backend = TestBackend::start(usize::MAX, of_another);
        let running = RunningServer::start_calling(model, wire, backend.address);
        let mut client = running.connect();
        client.send(&running.request("call", "1ms", "1"));
        let said = client.error();
        assert!(said.contains("is not a backend"), "{model} over {wire}: {said}");
        drop(client);
        running.stop().unwrap();
    }
}
