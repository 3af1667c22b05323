//! Ctrl-C ends a load and keeps what there is.

use std::process::Stdio;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use servers::protocol::Wire;

use crate::{Findings, load, serve};

#[test]
fn a_load_that_is_stopped_says_what_there_is() {
    let server = serve("async-single", Wire::JsonLines);
    let target = server.address.to_string();
    for rate in ["1000", "max"] {
        let asked = [&target, "--format", "json", "--rate", rate, "--duration", "60s", "--warm-up", "0s"];
        let child = load(&asked).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let begun = Instant::now();
        let served_before = server.server.counters().requests_served;
        while server.server.counters().requests_served < served_before + 200 {
            assert!(begun.elapsed() < Duration::from_secs(30), "nothing was sent");
            std::thread::sleep(Duration::from_millis(1));
        }
        kill_process(Pid::from_child(&child), Signal::INT).unwrap();
        let found = Findings::read(child.wait_with_output().unwrap());
        assert_eq!(found.code, 130, "{}", found.stderr);
        let measured_ns = found.json["duration_ns"].as_u64().unwrap();
        assert!((1..60_000_000_000).contains(&measured_ns), "{measured_ns}");
        assert!(found.ledger("ok") > 0 && found.ledger("dropped") < 100, "{}", found.json["ledger"]);
        assert!(found.json["generator"]["cpu_ns_per_request"].as_f64().unwrap() > 0.0);
        let warnings = found.json["warnings"].to_string();
        assert!(warnings.contains("stopped after") && !warnings.contains("of its schedule"), "{warnings}");
    }
}
