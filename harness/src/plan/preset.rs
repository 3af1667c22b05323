//! How much of everything: the presets, as sizes.

use std::time::Duration;

use clap::ValueEnum;
use instruments::load::{ArrivalProcess, LoadSpec, Shape, Work};
use reports::verdict::BLOCKS_FOR_A_CLAIM;

use super::{Contenders, Experiment};

/// How thorough a run is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Preset {
    /// Checks that everything works, in about 20 seconds; too few samples to conclude anything.
    Smoke,
    /// Decides the scorecard and the claims, and estimates everything else, in about 90 seconds.
    Quick,
    /// Repeats everything often enough for verdicts; takes more than an hour.
    Full,
}

/// Why an experiment is repeated as often as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Repeated {
    /// For an estimate.
    ForAnEstimate,
    /// To decide a claim.
    ForAClaim,
    /// Since the scorecard rests on it.
    ForTheScorecard,
}

impl Repeated {
    /// Why this one is.
    pub fn of(experiment: &Experiment) -> Repeated {
        match experiment.recipe.contenders {
            Contenders::Protagonists => Repeated::ForTheScorecard,
            // All loads of all contenders three times would take longer than all else together.
            _ if experiment.decision().is_some_and(|decision| !decision.is_at_loads()) => Repeated::ForAClaim,
            _ => Repeated::ForAnEstimate,
        }
    }
}

impl Sizes {
    /// How many blocks an experiment has.
    pub fn blocks_of(&self, experiment: &Experiment) -> u32 {
        match Repeated::of(experiment) {
            Repeated::ForAnEstimate => self.blocks,
            Repeated::ForAClaim => self.claim_blocks,
            Repeated::ForTheScorecard => self.scorecard_blocks,
        }
    }

    /// So many blocks of everything.
    #[must_use]
    pub fn with_blocks(self, blocks: u32) -> Sizes {
        self.with_blocks_of(|_| blocks)
    }

    /// As many blocks of each kind of experiment as it is told.
    #[must_use]
    pub fn with_blocks_of(self, blocks: impl Fn(Repeated) -> u32) -> Sizes {
        Sizes {
            blocks: blocks(Repeated::ForAnEstimate),
            claim_blocks: blocks(Repeated::ForAClaim),
            scorecard_blocks: blocks(Repeated::ForTheScorecard),
            ..self
        }
    }

    /// A load for as long as its times say here.
    pub fn load(&self, arrivals: ArrivalProcess, shape: Shape, work: Work) -> LoadSpec {
        let Sizes { warm_up, window, timeout, .. } = *self;
        LoadSpec { warm_up, window, timeout, ..LoadSpec::new(arrivals, shape, work) }
    }
}

impl Preset {
    /// Its name, as on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Preset::Smoke => "smoke",
            Preset::Quick => "quick",
            Preset::Full => "full",
        }
    }

    /// What it comes to.
    pub fn sizes(self) -> Sizes {
        match self {
            Preset::Smoke => Sizes {
                blocks: 1,
                claim_blocks: 1,
                scorecard_blocks: 1,
                retries: 2,
                warm_up: Duration::from_millis(30),
                window: Duration::from_millis(120),
                timeout: Duration::from_millis(200),
                load_points: 2,
                probe_window: Duration::from_millis(60),
                most_connections: 320,
                give_up_after: Duration::from_millis(200),
                disturbance: Duration::from_millis(600),
            },
            Preset::Quick => Sizes {
                blocks: 1,
                claim_blocks: BLOCKS_FOR_A_CLAIM as u32,
                scorecard_blocks: 10,
                retries: 12,
                warm_up: Duration::from_millis(100),
                window: Duration::from_millis(500),
                timeout: Duration::from_secs(1),
                load_points: 3,
                probe_window: Duration::from_millis(200),
                most_connections: 10_000,
                give_up_after: Duration::from_millis(500),
                disturbance: Duration::from_millis(2_400),
            },
            Preset::Full => Sizes {
                blocks: 20,
                claim_blocks: 20,
                scorecard_blocks: 20,
                retries: 12,
                warm_up: Duration::from_millis(300),
                window: Duration::from_millis(1_200),
                timeout: Duration::from_secs(1),
                load_points: 6,
                probe_window: Duration::from_secs(1),
                most_connections: 10_000,
                give_up_after: Duration::from_secs(3),
                disturbance: Duration::from_millis(2_400),
            },
        }
    }
}

/// The sizes from which experiments make their tasks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sizes {
    /// Repetitions of every cell, each on a fresh server process.
    pub blocks: u32,
    /// The same of experiments that put a claim to the test: three decide one, and their cells are short.
    pub claim_blocks: u32,
    /// The same of the experiment that the scorecard rests on.
    pub scorecard_blocks: u32,
    /// Cells that may be run again because others used the machine or the generator was late, for each block, and no more
    /// than half of its cells for any but the first; what one leaves over is the next one's. Probes that nobody answered are
    /// run again besides.
    pub retries: u32,
    /// Of each load.
    pub warm_up: Duration,
    /// Of each load.
    pub window: Duration,
    /// Of each request.
    pub timeout: Duration,
    /// Offered loads of a sweep.
    pub load_points: u32,
    /// Window of a capacity probe.
    pub probe_window: Duration,
    /// The most connections that are held or that requests take turns on; experiments sweep parts of it.
    pub most_connections: u32,
    /// How long nothing may happen before waiting for it is given up, where no load runs. A connect that meets a full
    /// accept queue is tried again by the kernel after a second.
    pub give_up_after: Duration,
    /// How long something is done to a server beside the requests that are measured.
    pub disturbance: Duration,
}
