//! What was typed becomes a load, or a sentence that says what contradicts what: when requests are due, who sends them, and how.
//!
//! Read `spec/request.rs`, what each asks for.

use std::time::Duration;

use instruments::load::{ArrivalProcess, Generator, LoadSpec, Pacing, Shape};

use super::args::{ArrivalsArg, LONGEST, LoadArgs, RateArg};
use crate::cli::output::{per_second, usage};
use crate::cli::target::TypedTarget;
use crate::machines::WorkerCommand;
use crate::plan::PlanError;

mod request;

/// How long is measured where nothing is said.
const DURATION: Duration = Duration::from_secs(10);

/// The warm-up where nothing is said.
const WARM_UP: Duration = Duration::from_secs(1);

/// Requests of a session where nothing is said: as in `compare`.
const REQUESTS_PER_SESSION: u32 = 10;

/// The load.
///
/// # Errors
/// Where what was given contradicts itself.
pub(super) fn spec(args: &LoadArgs, target: &TypedTarget) -> Result<LoadSpec, PlanError> {
    Ok(LoadSpec {
        arrivals: arrivals(args)?,
        shape: shape(args)?,
        work: request::work(args, target)?,
        seed: args.seed,
        warm_up: args.warm_up.unwrap_or(if args.requests.is_some() { Duration::ZERO } else { WARM_UP }),
        window: args.duration.unwrap_or(if args.requests.is_some() { LONGEST } else { DURATION }),
        timeout: args.timeout,
    })
}

/// What to know before the load begins, if anything.
pub(super) fn note(spec: &LoadSpec) -> Option<String> {
    let Some(rate_rps) = spec.offered_load_rps() else { return Some(CLOSED_LOOP.to_owned()) };
    let expected = rate_rps * spec.window.as_secs_f64();
    (expected < 1.0).then(|| {
        format!(
            "note: at {}, fewer than one request falls due in {} on average, so there may be nothing to see; give a \
             higher --rate or a longer --duration",
            per_second(rate_rps),
            humantime::format_duration(spec.window)
        )
    })
}

const CLOSED_LOOP: &str = "note: a closed loop sends when it is answered, so that a slow server is asked less and a wait \
                           in line is never seen: there is no response time, only service time; give --rate N for it";

/// How the generator runs.
pub(super) fn generator(args: &LoadArgs) -> Result<Generator, PlanError> {
    if args.pacing == Pacing::Ticking && args.rate == RateArg::Max {
        return usage(
            "a closed loop sends when it is answered, and ticking would delay that; leave out --pacing, or give --rate N",
        );
    }
    Ok(Generator { threads: args.threads, pacing: args.pacing })
}

/// The commands that were typed, each with our program as it is found over there.
///
/// # Errors
/// Where one can't be read or found, and where there are more of them than connections.
pub(super) fn workers(args: &LoadArgs, spec: &LoadSpec) -> Result<Vec<WorkerCommand>, PlanError> {
    if args.from.commands.len() > spec.peak_connections() as usize {
        return usage("there are more --load-from than connections, and each needs one; give more --connections");
    }
    args.from.workers()
}

fn arrivals(args: &LoadArgs) -> Result<ArrivalProcess, PlanError> {
    match (args.rate, args.arrivals) {
        (RateArg::Rps(_), Some(ArrivalsArg::Closed)) => usage(
            "a closed loop has no rate: it sends when it is answered; leave out --rate, or give --arrivals poisson",
        ),
        (RateArg::Max, Some(ArrivalsArg::Poisson | ArrivalsArg::Constant)) => {
            usage("these arrivals need a rate; give --rate N, or --arrivals closed")
        }
        (RateArg::Rps(rate_rps), Some(ArrivalsArg::Constant)) => Ok(ArrivalProcess::Constant { rate_rps }),
        (RateArg::Rps(rate_rps), _) => Ok(ArrivalProcess::Poisson { rate_rps }),
        (RateArg::Max, _) => Ok(ArrivalProcess::Closed),
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
        Some((flag, _)) => usage(format!("{flag} is for sessions; leave it out, or give --arrivals sessions")),
        None => Ok(Shape::Connections { connections: args.connections }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::definition;

    #[test]
    fn help_names_the_defaults_that_are_taken() {
        let definition = definition();
        let options = || definition.find_subcommand("load").unwrap().get_arguments();
        for (name, usual) in [
            ("duration", humantime::format_duration(DURATION).to_string()),
            ("warm-up", humantime::format_duration(WARM_UP).to_string()),
            ("requests-per-session", REQUESTS_PER_SESSION.to_string()),
        ] {
            let option = options().find(|option| option.get_long() == Some(name)).unwrap();
            let help = option.get_help().unwrap().to_string();
            assert!(help.ends_with(&format!("[default: {usual}]")), "{help}");
        }
    }

    #[test]
    fn what_will_hardly_send_anything_says_so_before() {
        let note = |rate_rps: f64, window: u64| {
            let load = LoadSpec::of_a_second(ArrivalProcess::Poisson { rate_rps });
            note(&LoadSpec { window: Duration::from_secs(window), ..load })
        };
        assert_eq!(note(0.2, 5), None);
        let said = note(0.2, 4).unwrap();
        assert!(said.contains("at 0.2/s, fewer than one request falls due in 4s") && said.contains("--rate"), "{said}");
        assert!(note(1e-300, 3_600).unwrap().contains("at 1e-300/s"));
    }
}
