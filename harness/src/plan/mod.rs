//! What is to be run, as plain data: nothing in here does I/O or knows how a plan is carried out.
//!
//! From large to small: [`RunPlan`] (everything a run was asked for), [`Experiment`] (a claim and how it is tested),
//! [`Task`] (what is done to one contender's fresh server), [`instruments::load::LoadSpec`] (what the generator is asked to
//! send). A contender is who takes part, `threaded:workers=4`; a cell is one task of one contender, measured once; a block is
//! each cell once.

mod capacity;
mod cast;
mod disturbance;
mod experiment;
mod order;
mod page;
mod participant;
mod placement;
mod preset;
mod run;
mod task;
mod work;

pub use capacity::Capacities;
pub use cast::{Cast, Choice};
pub use disturbance::{Bounds, DisturbedSpec};
pub use experiment::{Contenders, Experiment, ONE_MACHINE, Pictures, Recipe, Story};
pub use order::{Turn, arrival_seed, block_order};
pub use participant::{BASE, PROTAGONISTS, Participant, ServerCommand, TWIN, is_base, is_twin};
pub use placement::{CpuNeed, place, place_task};
pub use preset::{Preset, Repeated, Sizes};
pub use run::{AskedFor, Inside, PlanError, RunPlan};
pub use task::{HoldSpec, Task, TaskKind};
pub use work::Workload;
