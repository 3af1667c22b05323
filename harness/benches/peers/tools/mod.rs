//! The generators: where each is, how it is told what to do, and what is read from its output.
//!
//! A function that reads takes the whole standard output and gives the reason where it does not hold what it should,
//! failed requests included: a tool that fails quickly must not win.

use std::env;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::load::{PeerLoad, PeerTask};

mod ours;

pub(crate) use ours::OURS;

/// What is asked for, and how the right reply ends.
pub(crate) const PATH: &str = "/echo/hi";
pub(crate) const REPLY: &[u8] = b"hi";

/// What a generator says of itself.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Said {
    /// Requests that were answered.
    pub(crate) requests: u64,
    /// Median of the time from when a request was due to its reply; of the tools that measure that.
    pub(crate) response_p50_ns: Option<f64>,
    /// How late requests were sent.
    pub(crate) lag_p50_ns: Option<f64>,
    pub(crate) lag_p99_ns: Option<f64>,
    /// How long opening all connections took.
    pub(crate) opening_ns: Option<f64>,
    /// CPU time under load, without starting and opening.
    pub(crate) own_cpu_ns_per_request: Option<f64>,
}

/// A generator.
pub(crate) struct Tool {
    pub(crate) name: &'static str,
    place: ProgramPlace,
    pub(crate) arguments: fn(&PeerTask) -> Vec<String>,
    pub(crate) read: fn(&str) -> Result<Said, String>,
    /// Exit codes with which its figures are to be read.
    pub(crate) done: &'static [i32],
}

/// Where its program is.
enum ProgramPlace {
    /// The harness itself.
    Harness,
    /// This bench.
    Here,
    /// On PATH, or where the variable says.
    Installed { variable: &'static str, remedy: &'static str },
}

impl Tool {
    /// Its program; none where it is not installed.
    pub(crate) fn program(&self) -> Option<PathBuf> {
        match self.place {
            ProgramPlace::Harness => Some(env!("CARGO_BIN_EXE_harness").into()),
            ProgramPlace::Here => env::current_exe().ok(),
            ProgramPlace::Installed { variable, .. } => match env::var_os(variable) {
                Some(path) => Some(path.into()),
                None => env::split_paths(&env::var_os("PATH")?)
                    .map(|folder| folder.join(self.name))
                    .find(|program| program.is_file()),
            },
        }
    }

    /// How to get it; empty for what is built with this bench.
    pub(crate) fn remedy(&self) -> String {
        match self.place {
            ProgramPlace::Harness | ProgramPlace::Here => String::new(),
            ProgramPlace::Installed { variable, remedy } => format!("{remedy}, or set {variable} to its path"),
        }
    }
}

pub(crate) const BARE_LOOP: Tool = Tool {
    name: "bare loop",
    place: ProgramPlace::Here,
    arguments: |task| words(&format!("bare-loop {} {} {}", task.address, task.load.connections(), task.seconds)),
    read: read_own,
    done: &[0],
};

pub(crate) const FLOOR: Tool = Tool {
    name: "bare spinning thread",
    place: ProgramPlace::Here,
    arguments: |task| match task.load {
        PeerLoad::Open { rate_rps, .. } => words(&format!("floor {rate_rps} {}", task.seconds)),
        PeerLoad::Closed { .. } => words("floor 1 1"),
    },
    read: read_own,
    done: &[0],
};

pub(crate) const WRK: Tool = Tool {
    name: "wrk",
    place: ProgramPlace::Installed { variable: "WRK", remedy: "apt-get install wrk" },
    arguments: |&PeerTask { load, address, seconds, .. }| {
        words(&format!("-t1 -c{} -d{seconds}s http://{address}{PATH}", load.connections()))
    },
    read: read_wrk,
    done: &[0],
};

pub(crate) const WRK2: Tool = Tool {
    name: "wrk2",
    place: ProgramPlace::Installed { variable: "WRK2", remedy: "build https://github.com/giltene/wrk2" },
    arguments: |&PeerTask { load, address, seconds, .. }| {
        let connections = load.connections();
        words(&format!("-t1 -c{connections} -d{seconds}s -R{} --latency http://{address}{PATH}", rate(load)))
    },
    read: read_wrk,
    done: &[0],
};

pub(crate) const OHA: Tool = Tool {
    name: "oha",
    place: ProgramPlace::Installed { variable: "OHA", remedy: "cargo install oha" },
    arguments: |&PeerTask { load, address, seconds, .. }| {
        let connections = load.connections();
        words(&format!("--no-tui --output-format json -c {connections} -z {seconds}s http://{address}{PATH}"))
    },
    read: read_oha,
    done: &[0],
};

pub(crate) const HEY: Tool = Tool {
    name: "hey",
    place: ProgramPlace::Installed { variable: "HEY", remedy: "apt-get install hey" },
    arguments: |&PeerTask { load, address, seconds, .. }| {
        let connections = load.connections();
        let mut words = words(&format!("-cpus 1 -c {connections} -z {seconds}s"));
        if let PeerLoad::Open { rate_rps, .. } = load {
            words.extend(["-q".to_owned(), (rate_rps / connections).to_string()]);
        }
        words.push(format!("http://{address}{PATH}"));
        words
    },
    read: read_hey,
    done: &[0],
};

pub(crate) const REWRK: Tool = Tool {
    name: "rewrk",
    place: ProgramPlace::Installed { variable: "REWRK", remedy: "cargo install rewrk" },
    arguments: |&PeerTask { load, address, seconds, .. }| {
        words(&format!("--json -t 1 -c {} -d {seconds}s -h http://{address}{PATH}", load.connections()))
    },
    read: read_rewrk,
    done: &[0],
};

/// All of them.
pub(crate) const TOOLS: [&Tool; 8] = [&OURS, &BARE_LOOP, &FLOOR, &WRK, &WRK2, &OHA, &HEY, &REWRK];

fn words(line: &str) -> Vec<String> {
    line.split(' ').map(str::to_owned).collect()
}

fn rate(load: PeerLoad) -> u32 {
    match load {
        PeerLoad::Open { rate_rps, .. } => rate_rps,
        // Nothing compares wrk2 in closed loop, which it does not have.
        PeerLoad::Closed { .. } => 1,
    }
}

/// What the children that are this bench say.
fn read_own(output: &str) -> Result<Said, String> {
    serde_json::from_str(output).map_err(|error| format!("{error} in {output:?}"))
}

/// wrk and wrk2: `121337 requests in 1.10s, 17.24MB read`, and of wrk2 ` 50.000%    0.91ms`.
fn read_wrk(output: &str) -> Result<Said, String> {
    if let Some(line) = output.lines().find(|line| line.contains("Socket errors") || line.contains("Non-2xx")) {
        return Err(line.trim().to_owned());
    }
    let line_with = |mark: &str| output.lines().find(|line| line.contains(mark)).map(str::trim_start);
    let requests = line_with(" requests in ").and_then(|line| line.split(' ').next()?.parse().ok());
    let response_p50_ns = line_with(" 50.000% ").and_then(|line| nanoseconds(line.split_ascii_whitespace().nth(1)?));
    Ok(Said { requests: requests.ok_or("it does not say how many requests")?, response_p50_ns, ..Said::default() })
}

/// `912.00us`, `0.91ms` or `1.20s`.
fn nanoseconds(text: &str) -> Option<f64> {
    let digits = text.trim_end_matches(char::is_alphabetic);
    let per_unit = match &text[digits.len()..] {
        "us" => 1e3,
        "ms" => 1e6,
        "s" => 1e9,
        _ => return None,
    };
    Some(digits.parse::<f64>().ok()? * per_unit)
}

/// oha's JSON. What was under way at the end is among its errors, and is none.
fn read_oha(output: &str) -> Result<Said, String> {
    let said: Value = serde_json::from_str(output).map_err(|error| error.to_string())?;
    let mut failed = said["errorDistribution"].as_object().into_iter().flatten();
    if let Some((error, count)) = failed.find(|(error, _)| *error != "aborted due to deadline") {
        return Err(format!("{count} times {error}"));
    }
    match said["statusCodeDistribution"].as_object().map(|codes| codes.iter().collect::<Vec<_>>()).as_deref() {
        Some([(code, count)]) if *code == "200" => {
            Ok(Said { requests: count.as_u64().ok_or("its count is no number")?, ..Said::default() })
        }
        codes => Err(format!("not all were answered with 200: {codes:?}")),
    }
}

/// hey: `[200]`, a tab and `1000 responses`; errors stand under a heading of their own.
fn read_hey(output: &str) -> Result<Said, String> {
    if let Some((_, errors)) = output.split_once("Error distribution:") {
        return Err(errors.trim().lines().next().unwrap_or("errors without a name").to_owned());
    }
    let (_, codes) = output.split_once("Status code distribution:").ok_or("it does not say how many requests")?;
    let count = codes.trim().strip_prefix("[200]").and_then(|rest| rest.trim().strip_suffix(" responses"));
    let requests = count.and_then(|count| count.parse().ok());
    Ok(Said {
        requests: requests.ok_or_else(|| format!("not all were answered with 200: {codes}"))?,
        ..Said::default()
    })
}

/// rewrk's JSON, which does not tell right replies from wrong ones.
fn read_rewrk(output: &str) -> Result<Said, String> {
    let said: Value = serde_json::from_str(output.trim()).map_err(|error| error.to_string())?;
    let requests = said["requests_total"].as_u64().ok_or("it does not say how many requests")?;
    Ok(Said { requests, ..Said::default() })
}
