//! What the tests of the generator share: a load, right replies.

use std::time::Duration;

use instruments::load::{ArrivalProcess, LoadSpec, Shape, Work};

pub(crate) fn spec(rate_rps: f64, connections: u32, window: Duration) -> LoadSpec {
    let (arrivals, shape) = (ArrivalProcess::Constant { rate_rps }, Shape::Connections { connections });
    let load = LoadSpec::new(arrivals, shape, Work::new("echo", "hi"));
    LoadSpec { seed: 1, window, timeout: Duration::from_secs(2), ..load }
}

pub(crate) fn right(line: &str) -> String {
    let request: serde_json::Value = serde_json::from_str(line).unwrap();
    let asked = &request["RequestWork"];
    let done = serde_json::json!({"WorkDone": {
        "result": asked["parameter"],
        "sender_timestamp": asked["sender_timestamp"],
        "server_received_ns": 0,
        "server_sent_ns": 0,
    }});
    format!("{done}\n")
}
