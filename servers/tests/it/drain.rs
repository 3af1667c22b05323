//! A server that is told to stop, and a client that takes its time with the reply.

use std::time::Duration;

use servers::Contender;
use servers::protocol::MAX_RESULT_BYTES;

use crate::client::Client;
use crate::running::{DEADLINE, RunningServer, every_model_and_wire};

/// Many times what a server takes to end that waits for nobody.
const WHILE_NOBODY_READS: Duration = Duration::from_millis(100);

#[test]
fn a_long_reply_arrives_whole_though_its_client_reads_late_and_the_server_was_told_to_stop() {
    for (model, wire) in every_model_and_wire() {
        let contender = format!("{model}:drain=20s");
        if Contender::parse(&contender).is_err() {
            continue;
        }
        let running = RunningServer::start_with_small_buffers(&contender, wire);
        let mut client = Client::connect_with_small_buffer(running.address, wire);
        client.send(&running.request("reply", &MAX_RESULT_BYTES.to_string(), "1"));
        assert!(client.hears_within(DEADLINE), "{contender} over {wire} has not begun to reply");
        assert!(!running.ends_within(WHILE_NOBODY_READS), "{contender} over {wire} ended in the middle of a reply");
        let reply = client.reply().unwrap();
        assert_eq!(reply["WorkDone"]["result"].as_str().unwrap().len(), MAX_RESULT_BYTES, "{contender} over {wire}");
        running.stop().unwrap();
    }
}
