//! What a whole run has in common: how it was asked for, on which machine, with which plan.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{ExperimentRecord, HostRecord, SCHEMA_VERSION, Warning};
use crate::format::often;

/// `manifest.json`: written before the first cell, and again when the run ends.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Manifest {
    /// Version of the schema that it keeps to.
    pub schema_version: u32,
    /// The run's name, which is also its folder's.
    pub run: String,
    /// Version of the harness that made the run.
    pub harness_version: String,
    /// Commit the harness was built from, with `-dirty` for a changed tree; absent outside a checkout.
    #[serde(default)]
    pub commit: Option<String>,
    /// The program that made the run; absent in a run that was made before this was noted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub build: Option<BuildRecord>,
    /// The command line as it was typed, program first.
    pub argv: Vec<String>,
    /// `smoke`, `quick` or `full`.
    pub preset: String,
    /// Everything random in the run follows from this: block orders and arrivals.
    pub seed: u64,
    /// How many times each cell was planned, each time with a fresh server process, but for experiments with a number of
    /// their own.
    pub blocks: u32,
    /// Which CPUs the server and the generator had.
    pub placement: PlacementRecord,
    /// Wall-clock time at which the run began, RFC 3339 in UTC.
    pub started_at: String,
    /// Wall-clock times at which it was resumed, RFC 3339 in UTC.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub resumed_at: Vec<String>,
    /// From the first cell to the end, in nanoseconds; absent while the run is going on or where it was cut off.
    #[serde(default)]
    pub elapsed_ns: Option<u64>,
    /// How the run ended; `Running` in a run that was cut off.
    #[serde(default)]
    pub ending: Ending,
    /// The machine the run was made on.
    pub machine: Machine,
    /// What the servers were built with, by name and version: the compiler, and what runs underneath the models. Empty in
    /// a run that was made before this was noted.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub built_with: BTreeMap<String, String>,
    /// The limits that were looked at before any load.
    #[serde(default)]
    pub limits: Vec<Limit>,
    /// What concerns the run as a whole, such as a plan that was scaled down.
    #[serde(default)]
    pub warnings: Vec<Warning>,
    /// The experiments of the run, in the order in which a report shows them.
    pub experiments: Vec<ExperimentRecord>,
    /// The contenders, in the order in which they were named.
    pub contenders: Vec<ContenderRecord>,
    /// Labels of the two that the run is about, and whom its first picture holds against each other; absent where nobody
    /// chose them, and in records of earlier versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub protagonists: Option<[String; 2]>,
    /// The other build of the harness that served the contenders called base; absent where there was none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub against: Option<OtherBuild>,
    /// The path of the page that was asked for in place of work; absent where work was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub page: Option<String>,
    /// The other machines of the run: the server's first, then those that send, in the order in which they were typed. Empty
    /// where all was done on this machine.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hosts: Vec<HostRecord>,
    /// Number of cells in the plan; fewer files than this is a run that was cut off or is going on.
    pub planned_cells: u32,
}

impl Manifest {
    /// Of a run on this machine that has nothing yet, and of which nothing is known besides. Manifests begin here: that of
    /// `default()` has version 0, which there never was.
    pub fn new(machine: Machine, placement: PlacementRecord) -> Manifest {
        Manifest { schema_version: SCHEMA_VERSION, seed: 1, blocks: 1, placement, machine, ..Manifest::default() }
    }

    /// Whether a contender is one of the two that the run is about; none is where the run does not say which.
    pub fn is_about(&self, contender: &ContenderRecord) -> bool {
        self.protagonists.as_ref().is_some_and(|two| two.contains(&contender.label))
    }

    /// `measured once`, or `measured once, 3 times for claims, 10 times for the scorecard` where those experiments have more.
    pub fn blocks_in_words(&self) -> String {
        let mut said = format!("measured {}", often(self.blocks as usize));
        for (is_claim, what) in [(true, "claims"), (false, "the scorecard")] {
            let those = self.experiments.iter().filter(|experiment| experiment.decision.is_some() == is_claim);
            let more = those.filter_map(|experiment| experiment.blocks).filter(|blocks| *blocks != self.blocks).max();
            said.extend(more.map(|blocks| format!(", {} for {what}", often(blocks as usize))));
        }
        said
    }
}

/// A build of the harness, as it was when it ran: a file of the same name may be another by now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct BuildRecord {
    /// Commit that it was built from; absent outside a checkout.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// Whether what it was built from had changed since that commit.
    #[serde(default)]
    pub dirty: bool,
    /// SHA-256 of the program, in hexadecimal.
    pub sha256: String,
}

/// Another build of the harness.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct OtherBuild {
    /// As it was typed.
    pub path: String,
    /// What it says its version is.
    pub version: String,
    /// SHA-256 of the file, in hexadecimal.
    pub sha256: String,
    /// As [`Manifest::built_with`]; empty where that build does not tell.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub built_with: BTreeMap<String, String>,
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Ending {
    /// Not ended, or ended without a word.
    #[default]
    Running,
    /// Every planned cell was run.
    Completed,
    /// Stopped by a signal; the cells that had ended are there.
    Interrupted,
}

/// One server model with its options, or a program of another hand.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ContenderRecord {
    /// As written on the command line, `thread-pool:workers=8`. Unique within a run.
    pub label: String,
    /// The model's name, `thread-pool`.
    pub model: String,
    /// Every option in force, defaults included, as `key -> value`.
    pub options: BTreeMap<String, String>,
    /// One line on who runs a connection.
    pub summary: String,
    /// The label of the contender that this one is the same as: run beside it in every block, it shows how far apart the
    /// same server is from itself. It is in no picture and no ranking.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub twin_of: Option<String>,
    /// What readers call it; absent in records of earlier versions, where the label has to do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display: Option<DisplayName>,
    /// The command that started it; absent where it is a model of ours. Nothing ever executes what stands here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub command: Option<CommandRecord>,
}

impl ContenderRecord {
    /// What a sentence calls it, with what tells it from others of its model in brackets: `threads`, `tokio (one thread)`,
    /// `tokio (4 workers)`, `threads (base)`. Its label where readers know no other name. As unique in a run as its label.
    pub fn name(&self) -> String {
        let Some(DisplayName { short, .. }) = &self.display else { return self.label.clone() };
        let (name, kind) = short.split_once(", ").unwrap_or((short, ""));
        let (bare_label, own_name) = self.label.split_once('@').unwrap_or((&self.label, ""));
        let options = bare_label.split_once(':').map_or("", |(_, options)| options);
        let told_by = [kind, options, own_name]
            .iter()
            .filter(|text| !text.is_empty())
            .flat_map(|text| text.split(','))
            .map(bare)
            .collect::<Vec<_>>();
        if told_by.is_empty() { name.to_owned() } else { format!("{name} ({})", told_by.join(", ")) }
    }
}

/// An option as a name has it: where work is placed says by itself what it is, and workers are counted.
fn bare(option: &str) -> String {
    match option.split_once('=') {
        Some(("placement", place)) => place.to_owned(),
        Some(("workers", number)) => format!("{number} worker{}", if number == "1" { "" } else { "s" }),
        _ => option.to_owned(),
    }
}

/// What readers call a contender.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct DisplayName {
    /// A phrase for a heading: `a thread per connection`.
    pub name: String,
    /// A word or two for a verdict: `threads`.
    pub short: String,
    /// Number of the colour that it has in every run where nobody beside it has that; absent where any does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub colour: Option<usize>,
}

/// A program of another hand that served in a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CommandRecord {
    /// As it was typed.
    pub command: String,
    /// What was typed of its version; absent where nothing was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
}

/// Which CPUs were whose.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PlacementRecord {
    /// `isolated` (disjoint sets) or `shared` (all on all).
    pub kind: PlacementKind,
    /// CPUs the server was allowed.
    pub server_cpus: Vec<u32>,
    /// CPUs the generator was allowed.
    pub generator_cpus: Vec<u32>,
}

/// How CPUs were divided between server and generator.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum PlacementKind {
    /// Disjoint sets.
    Isolated,
    /// Both on every CPU.
    #[default]
    Shared,
}

/// The machine of a run, as far as it bears on the numbers.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Machine {
    /// Model name of the processor.
    pub cpu_model: String,
    /// CPUs this process may use.
    pub cpus: u32,
    /// Bytes of memory.
    pub memory_bytes: u64,
    /// Kernel release and version.
    pub kernel: String,
    /// The kernel's clock source, such as `tsc`.
    pub clock_source: String,
    /// The TCP congestion control in force.
    pub congestion_control: String,
    /// Whether a hypervisor is beneath (its CPU can be taken away for milliseconds).
    pub virtualised: Option<bool>,
    /// Frequency governor, where the kernel shows one.
    pub governor: Option<String>,
    /// Microseconds that a CPU may take at most to wake up, where a program asked the kernel for that when the run began; 0
    /// where no CPU may sleep. Absent where no program did, and where this could not be read, which takes root.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpu_latency_limit_us: Option<u32>,
    /// Allocator of the server process.
    pub allocator: String,
    /// Bytes of kernel stack of one thread, read from the kernel's own totals.
    pub kernel_stack_bytes_per_thread: u64,
}

/// A limit of the machine, and what the plan needed of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Limit {
    /// Such as `open files (RLIMIT_NOFILE)`.
    pub name: String,
    /// Its value in its own unit; absent where there is none.
    pub value: Option<u64>,
    /// The most that the plan needs of it.
    pub needed: Option<u64>,
    /// The command that raises it.
    pub remedy: String,
}
