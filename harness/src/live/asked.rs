//! How the load is changed: what may be asked for, and what is asked for after a command. Pure functions, for the engine
//! that carries it out and for whoever shows at once what a key will do.

use super::frame::LiveLoad;

/// What a session can be told.
#[derive(Debug, Clone, PartialEq)]
pub enum SessionCommand {
    /// So many connections to each model.
    Connections(u64),
    /// So many requests per second at each model.
    Rate(f64),
    /// Other work, as in `sleep 5ms`.
    Work(String),
    /// So many idle connections to each model beside the load; 0 lets them go.
    Flood(u64),
    /// No request is due until the load goes on. Its connections are let go.
    Pause,
    /// The load goes on.
    GoOn,
    /// The load begins anew, so that what comes of it can be told apart.
    Anew,
    /// The session ends.
    Quit,
}

/// The most that may be asked for at each model.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Limits {
    /// Connections of the load.
    pub connections: u64,
    /// Requests per second.
    pub rate_rps: f64,
    /// Idle connections.
    pub flood: u64,
}

/// Beyond this many connections to each model, what is watched is the machine.
const MOST_CONNECTIONS: u64 = 2_000;

/// Idle connections of a flood, as far as the machine allows.
const FLOOD: u64 = 500;

/// Requests per second that a CPU of the generator sends and checks with most of its time to spare.
const RPS_PER_CPU: f64 = 8_000.0;

impl Limits {
    /// For so many models, where the machine allows so many connections in all and the generator has so many CPUs.
    pub fn of_machine(models: u64, connections_in_all: u64, generator_cpus: u64) -> Limits {
        let (models, cpus) = (models.max(1), generator_cpus.max(1));
        let each = connections_in_all / models;
        // A fifth of what there is goes to the flood.
        let flood = FLOOD.min(each / 5);
        Limits {
            connections: MOST_CONNECTIONS.min(each - flood).max(1),
            rate_rps: (RPS_PER_CPU * cpus as f64 / models as f64).floor(),
            flood,
        }
    }

    /// Connections in all that [`Limits::of_machine`] has a use for.
    pub fn connections_wanted(models: u64) -> u64 {
        models * (MOST_CONNECTIONS + FLOOD)
    }
}

impl LiveLoad {
    /// What is asked for after a command, within the limits.
    #[must_use]
    pub fn after(&self, command: &SessionCommand, limits: &Limits) -> LiveLoad {
        let mut asked = self.clone();
        match command {
            SessionCommand::Connections(connections) => asked.connections = (*connections).clamp(1, limits.connections),
            SessionCommand::Rate(rate_rps) => asked.rate_rps = Some(rate_rps.clamp(1.0, limits.rate_rps.max(1.0))),
            SessionCommand::Work(work) => asked.work.clone_from(work),
            SessionCommand::Flood(flood) => asked.flood = (*flood).min(limits.flood),
            SessionCommand::Pause => asked.is_paused = true,
            SessionCommand::GoOn => asked.is_paused = false,
            SessionCommand::Anew | SessionCommand::Quit => {}
        }
        asked
    }

    /// Whether the same requests are due, on as many connections.
    pub(super) fn is_same_load(&self, other: &LiveLoad) -> bool {
        LiveLoad { flood: 0, ..self.clone() } == LiveLoad { flood: 0, ..other.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits { connections: 100, rate_rps: 1_000.0, flood: 50 };

    fn asked() -> LiveLoad {
        LiveLoad { connections: 10, rate_rps: Some(100.0), work: "echo hi".to_owned(), flood: 0, is_paused: false }
    }

    #[test]
    fn nothing_goes_beyond_the_limits() {
        let after = |command| asked().after(&command, &LIMITS);
        assert_eq!(after(SessionCommand::Connections(5_000)).connections, 100);
        assert_eq!(after(SessionCommand::Connections(0)).connections, 1);
        assert_eq!(after(SessionCommand::Rate(1e9)).rate_rps, Some(1_000.0));
        assert_eq!(after(SessionCommand::Rate(0.0)).rate_rps, Some(1.0));
        assert_eq!(after(SessionCommand::Flood(51)).flood, 50);
        assert_eq!(after(SessionCommand::Quit), asked());
    }

    #[test]
    fn a_flood_is_beside_the_load_and_everything_else_changes_it() {
        let after = |command| asked().after(&command, &LIMITS);
        assert!(asked().is_same_load(&after(SessionCommand::Flood(5))));
        for command in [
            SessionCommand::Connections(9),
            SessionCommand::Rate(9.0),
            SessionCommand::Work("sleep 5ms".into()),
            SessionCommand::Pause,
        ] {
            assert!(!asked().is_same_load(&after(command)));
        }
    }

    #[test]
    fn models_share_what_the_machine_has() {
        let of = |models| Limits::of_machine(models, 6_000, 1);
        assert_eq!(of(2), Limits { connections: 2_000, rate_rps: 4_000.0, flood: 500 });
        assert_eq!(of(6), Limits { connections: 800, rate_rps: 1_333.0, flood: 200 });
        assert_eq!(Limits::of_machine(2, 0, 0).connections, 1);
        assert_eq!(Limits::connections_wanted(6), 15_000);
    }
}
