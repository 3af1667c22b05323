//! A server that is told to stop, and a client that takes its time with the reply.

use std::time::Duration;

use servers::protocol::{MAX_RESULT_BYTES, Wire};

use crate::client::{Client, close};
use crate::running::{DEADLINE, RunningServer, every_model_and_wire};

/// Many times what a server takes to end that waits for nobody.
const WHILE_NOBODY_READS: Duration = Duration::from_millis(100);

/// Every model that waits for what it has begun, with a limit that no test comes near. The one that takes no other connection
/// before it has answered has nothing else to wait for.
fn every_model_that_drains() -> impl Iterator<Item = (String, Wire)> {
    every_model_and_wire().filter(|(model, _)| *model != "sequential").map(|(model, wire)| match model {
        // One listener, for which buffers are set; each of its loops has one.
        "async-per-core" => (format!("{model}:drain=20s,workers=1"), wire),
        _ => (format!("{model}:drain=20s"), wire),
    })
}

#[test]
fn a_long_reply_arrives_whole_though_its_client_reads_late_and_the_server_was_told_to_stop() {
    for (contender, wire) in every_model_that_drains() {
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

#[test]
fn who_has_the_last_reply_and_says_more_is_not_waited_for() {
    for (contender, wire) in every_model_that_drains() {
        let running = RunningServer::start(&contender, wire);
        let mut client = running.connect();
        client.send(&[&close(wire, "1", "2")[..], b"and so on"].concat());
        assert!(client.reply().unwrap().get("ConnectionClosed").is_some(), "{contender} over {wire}");
        assert!(running.ends_within(DEADLINE / 4), "{contender} over {wire} waits for one who stays");
    }
}
