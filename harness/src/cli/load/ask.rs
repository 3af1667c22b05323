//! What was typed becomes a load, or a sentence that says what contradicts what.

use std::str::FromStr;
use std::time::Duration;

use servers::protocol::Wire;

use super::{ArrivalsArg, LoadArgs, PacingArg};
use crate::load::Generator;
use crate::plan::{ArrivalProcess, LoadSpec, Pacing, PageRequest, PlanError, Shape, Work};

/// The longest that may be measured: a histogram holds values up to as long.
const LONGEST: Duration = Duration::from_secs(3_600);

/// Beyond any machine; a plan for more would fill the memory before the first request.
const MOST_RPS: f64 = 10_000_000.0;

/// Requests of a session where nothing is said: as in `compare`.
const REQUESTS_PER_SESSION: u32 = 10;

/// How much is asked for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Rate {
    /// As much as the server takes.
    Max,
    /// Requests per second.
    Rps(f64),
}

/// Reads `max` or a number.
pub(super) fn rate(text: &str) -> Result<Rate, String> {
    match f64::from_str(text) {
        _ if text == "max" => Ok(Rate::Max),
        Ok(rps) if rps > 0.0 && rps <= MOST_RPS => Ok(Rate::Rps(rps)),
        _ => Err(format!("requests per second are a number above 0, {MOST_RPS} at most, or max")),
    }
}

/// Reads a duration that is not nothing.
pub(in crate::cli) fn duration(text: &str) -> Result<Duration, String> {
    match any_duration(text)? {
        duration if duration < Duration::from_millis(1) => Err("it is a millisecond at least".to_owned()),
        duration => Ok(duration),
    }
}

/// Reads a duration of an hour at most.
pub(super) fn any_duration(text: &str) -> Result<Duration, String> {
    match humantime::parse_duration(text).map_err(|error| format!("{error}; write 500ms or 10s"))? {
        duration if duration > LONGEST => Err("it is an hour at most".to_owned()),
        duration => Ok(duration),
    }
}

/// The load.
///
/// # Errors
/// Where what was given contradicts itself.
pub(super) fn spec(args: &LoadArgs) -> Result<LoadSpec, PlanError> {
    Ok(LoadSpec {
        arrivals: arrivals(args)?,
        shape: shape(args)?,
        work: work(args)?,
        seed: args.seed,
        warm_up: args.warm_up,
        window: args.duration,
        timeout: args.timeout,
    })
}

/// How the generator runs.
pub(super) fn generator(args: &LoadArgs) -> Result<Generator, PlanError> {
    let pacing = match args.pacing {
        PacingArg::Sleeping => Pacing::Sleeping,
        PacingArg::Precise => Pacing::Precise,
        PacingArg::Spinning => Pacing::Spinning,
        PacingArg::Ticking if matches!(args.rate, Rate::Max) => {
            return usage(
                "a closed loop sends when it is answered, which ticking would put off; leave out --pacing, or give --rate N",
            );
        }
        PacingArg::Ticking => Pacing::Ticking,
    };
    Ok(Generator { threads: args.threads, pacing })
}

fn arrivals(args: &LoadArgs) -> Result<ArrivalProcess, PlanError> {
    match (args.rate, args.arrivals) {
        (Rate::Rps(_), Some(ArrivalsArg::Closed)) => usage(
            "a closed loop has no rate: it sends when it is answered; leave out --rate, or give --arrivals poisson",
        ),
        (Rate::Max, Some(ArrivalsArg::Poisson | ArrivalsArg::Constant)) => {
            usage("requests that are due at times of their own need a rate; give --rate N, or --arrivals closed")
        }
        (Rate::Rps(rate_rps), Some(ArrivalsArg::Constant)) => Ok(ArrivalProcess::Constant { rate_rps }),
        (Rate::Rps(rate_rps), _) => Ok(ArrivalProcess::Poisson { rate_rps }),
        (Rate::Max, _) => Ok(ArrivalProcess::Closed),
    }
}

fn shape(args: &LoadArgs) -> Result<Shape, PlanError> {
    if args.arrivals == Some(ArrivalsArg::Sessions) {
        return Ok(Shape::Sessions {
            requests: args.requests_per_session.unwrap_or(REQUESTS_PER_SESSION),
            think_time: args.think_time.unwrap_or_default(),
            concurrent: args.connections,
        });
    }
    let of_sessions =
        [("--requests-per-session", args.requests_per_session.is_some()), ("--think-time", args.think_time.is_some())];
    match of_sessions.into_iter().find(|(_, is_given)| *is_given) {
        Some((flag, _)) => usage(&format!("{flag} is of sessions; leave it out, or give --arrivals sessions")),
        None => Ok(Shape::Connections { connections: args.connections }),
    }
}

fn work(args: &LoadArgs) -> Result<Work, PlanError> {
    if let Some(path) = &args.path {
        if args.wire == Some(Wire::JsonLines) {
            return usage("--path is for HTTP, which --wire json is not; leave out --wire, or give --work");
        }
        let is_path = path.starts_with('/') && path.bytes().all(|byte| byte.is_ascii_graphic());
        return if is_path {
            Ok(Work::Page(PageRequest::get(path)))
        } else {
            usage(&format!("{path:?} is no path; it begins with / and has neither spaces nor letters beyond ASCII"))
        };
    }
    let (request_message, parameter) = args.work.split_once(' ').unwrap_or((&args.work, ""));
    let wire = args.wire.unwrap_or_default();
    Ok(Work::Asked { wire, request_message: request_message.to_owned(), parameter: parameter.to_owned() })
}

fn usage<T>(sentence: &str) -> Result<T, PlanError> {
    Err(PlanError::Usage(sentence.to_owned()))
}
