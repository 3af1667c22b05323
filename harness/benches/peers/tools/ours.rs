//! This project's generator, `harness load`, as its peers are: from its command line and its output.

use serde_json::Value;

use super::super::load::{PeerLoad, PeerPacing, PeerTask, Responder};
use super::{PATH, ProgramPlace, Said, Tool, words};

pub(crate) const OURS: Tool = Tool {
    name: "harness load",
    place: ProgramPlace::Harness,
    arguments: |task| {
        let rate = match task.load {
            PeerLoad::Closed { .. } => "--rate max".to_owned(),
            PeerLoad::Open { rate_rps, pace } => {
                format!("--rate {rate_rps} --arrivals constant --pacing {}", pacing(pace))
            }
        };
        // Of this project's server it asks for an echo of its own, and holds every reply against its request; of any
        // other it can only ask what the others ask.
        let work = match task.server {
            Responder::Serve => String::new(),
            Responder::Nginx => format!("--path {PATH} "),
        };
        let PeerTask { address, seconds, .. } = task;
        let connections = task.load.connections();
        // Without a warm-up, so that the requests counted are those that its CPU time went into.
        words(&format!(
            "load {address} --wire http {work}--connections {connections} {rate} --threads 1 --warm-up 0s \
             --duration {seconds}s --format json"
        ))
    },
    read,
    // With 4 it says that it did not keep to its schedule: how far it did is what the table shows.
    done: &[0, 4],
};

fn pacing(pace: PeerPacing) -> &'static str {
    match pace {
        PeerPacing::Sleeping => "sleeping",
        PeerPacing::Spinning => "spinning",
        PeerPacing::Ticking => "ticking",
    }
}

fn read(output: &str) -> Result<Said, String> {
    let said: Value = serde_json::from_str(output).map_err(|error| error.to_string())?;
    let count = |key: &str| said["ledger"][key].as_u64().ok_or_else(|| format!("its ledger has no {key:?}"));
    for failure in ["error", "timeout", "malformed", "refused"] {
        match count(failure)? {
            0 => {}
            failed => return Err(format!("{failed} requests ended as {failure}")),
        }
    }
    let percentile = |of: &str, p: &str| said[of][p]["value"].as_f64();
    Ok(Said {
        requests: count("ok")?,
        response_p50_ns: percentile("response_time_ns", "p50"),
        lag_p50_ns: percentile("schedule_lag_ns", "p50"),
        lag_p99_ns: percentile("schedule_lag_ns", "p99"),
        opening_ns: said["opening_ns"].as_f64(),
        own_cpu_ns_per_request: said["generator"]["cpu_ns_per_request"].as_f64(),
    })
}
