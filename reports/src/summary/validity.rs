//! Whether to believe a run: a badge per question, and every doubt with what to do about it.
//!
//! Must not know: what the run found out. Beside it: `record/warning.rs`, which words the doubts.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::format::{self, Unit};
use crate::record::store::Run;
use crate::record::{BackendUsage, Cell, Ending, FailedPart, MalformedReason, Outcome, Purpose, Warning};
use crate::study::{counts, is_failure};

/// Whether to believe a run.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Validity {
    /// A badge per question.
    pub badges: Vec<Badge>,
    /// Doubts, each once, the gravest first.
    pub doubts: Vec<Doubt>,
    /// Cells that are left out of every ranking.
    pub invalid_cells: usize,
    /// Cells of the measurement, probes left out.
    pub cells: usize,
}

/// A question about a run with its answer.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Badge {
    /// The question as a statement.
    pub label: String,
    /// Whether it holds.
    pub state: BadgeState,
    /// With numbers.
    pub detail: String,
}

/// How a badge is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum BadgeState {
    /// It holds everywhere.
    Good,
    /// Not everywhere; what fails is marked.
    Doubt,
}

/// A doubt and where it is.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Doubt {
    /// What is doubtful.
    pub what: String,
    /// What to do.
    pub remedy: String,
    /// Whether the cells are left out of every ranking.
    pub invalidates: bool,
    /// The cells' names, or `the run`.
    pub cells: Vec<String>,
}

pub(super) fn of(run: &Run) -> Validity {
    let cells: Vec<&Cell> = run.cells.iter().filter(|cell| cell.purpose == Purpose::Measure).collect();
    let mut badges = vec![
        badge(&cells, "Generator", "late or short of CPU", "on time", |warning| {
            let pace = matches!(warning, Warning::GeneratorFellBehind { .. } | Warning::ScheduleLag { .. });
            pace || matches!(warning, Warning::GeneratorSaturated { .. } | Warning::GeneratorThrottled(_))
        }),
        badge(&cells, "Machine", "not quiet, or not seen to be", "quiet", Warning::is_of_the_machine),
        accounts(&cells),
        errors(&cells),
        complete(run),
    ];
    badges.splice(1..1, backend(&cells));
    let invalid_cells = cells.iter().filter(|cell| !counts(cell)).count();
    Validity { badges, doubts: doubts(run), invalid_cells, cells: cells.len() }
}

fn badge(cells: &[&Cell], label: &str, trouble: &str, well: &str, concerns: impl Fn(&Warning) -> bool) -> Badge {
    let hit = cells.iter().filter(|cell| cell.warnings.iter().any(&concerns)).count() as u64;
    let all = format::counted(cells.len() as u64, "measurement");
    let detail = if hit == 0 { format!("{well} in all {all}") } else { format!("{trouble} in {hit} of {all}") };
    of_state(label, hit == 0 && !cells.is_empty(), detail)
}

/// Whether the backend answered calls in time, and what it cost; absent where none was called.
fn backend(cells: &[&Cell]) -> Option<Badge> {
    let calling: Vec<&Cell> = cells.iter().filter(|cell| cell.backend.is_some()).copied().collect();
    let used = || calling.iter().filter_map(|cell| cell.backend.as_ref());
    let lag = |of: &BackendUsage| of.lag.to_histogram().ok().map(|lag| lag.value_at_quantile(0.99));
    let lag_p99_ns = used().filter_map(lag).max()?;
    let busiest = used().map(|of| of.busy).fold(0.0, f64::max);
    let Badge { label, state, detail } = badge(&calling, "Backend", "late or short of CPU", "on time", |warning| {
        use Warning::{BackendLag, BackendSaturated, BackendSlowedClients};
        matches!(warning, BackendLag { .. } | BackendSlowedClients { .. } | BackendSaturated { .. })
    });
    let most = format!(
        "p99 of its lag {} and {} of a CPU at most",
        Unit::Nanoseconds.show(lag_p99_ns as f64),
        format::share(busiest)
    );
    Some(Badge { label, state, detail: format!("{detail}; {most}") })
}

fn of_state(label: &str, good: bool, detail: String) -> Badge {
    Badge { label: label.to_owned(), state: if good { BadgeState::Good } else { BadgeState::Doubt }, detail }
}

fn accounts(cells: &[&Cell]) -> Badge {
    let ledgers: Vec<_> = cells.iter().filter_map(|cell| Some(cell.traffic.as_ref()?.ledger)).collect();
    let scheduled: u64 = ledgers.iter().map(|ledger| ledger.scheduled).fold(0, u64::saturating_add);
    let off = ledgers.iter().filter(|ledger| ledger.accounted_for() != ledger.scheduled).count() as u64;
    let detail = match off {
        0 => format!("all {} scheduled requests accounted for", format::count(scheduled)),
        _ => format!("{} do not add up", format::counted(off, "measurement")),
    };
    of_state("Accounts", off == 0, detail)
}

fn errors(cells: &[&Cell]) -> Badge {
    // Where something was done to the server, errors are what the experiment is about.
    let left_alone = cells.iter().filter(|cell| cell.disturbance.is_none());
    let ledgers = left_alone.filter_map(|cell| Some(cell.traffic.as_ref()?.ledger));
    let wrong = ledgers.fold([0; 4], |[error, malformed, refused, reset], ledger| {
        [error + ledger.error, malformed + ledger.malformed, refused + ledger.refused, reset + ledger.reset]
    });
    let names = ["answered with an error", "answered wrongly", "refused", "reset"];
    let parts = wrong.iter().zip(names).filter(|(count, _)| **count > 0);
    let parts: Vec<String> = parts.map(|(count, name)| format!("{} {name}", format::count(*count))).collect();
    let detail = if parts.is_empty() { "none, timeouts under overload aside".into() } else { parts.join(", ") };
    of_state("Errors", parts.is_empty(), detail)
}

fn complete(run: &Run) -> Badge {
    let (have, planned) = (run.cells.len() as u64, u64::from(run.manifest.planned_cells));
    let failed = run.cells.iter().filter(|cell| is_failure(cell)).count() as u64;
    let ending = match run.manifest.ending {
        Ending::Running => ", not ended",
        Ending::Completed => "",
        Ending::Interrupted => ", interrupted",
    };
    let mut detail = format!("{} of {planned} planned measurements{ending}", format::count(have));
    if failed > 0 {
        detail.push_str(&format!(", {failed} failed"));
    }
    of_state("Run", have >= planned && ending.is_empty() && failed == 0, detail)
}

fn doubts(run: &Run) -> Vec<Doubt> {
    let mut found = BTreeMap::<(bool, String, String), Vec<String>>::new();
    let mut add = |invalidates: bool, what: String, remedy: String, cell: &str| {
        found.entry((!invalidates, what, remedy)).or_default().push(cell.to_owned());
    };
    for warning in &run.manifest.warnings {
        add(warning.invalidates(), warning.describe(), warning.remedy(), "the run");
    }
    let mut examples = BTreeMap::new();
    for cell in &run.cells {
        for warning in cell.warnings.iter().filter(|warning| !is_a_finding(cell, warning)) {
            add(warning.invalidates(), warning.describe(), warning.remedy(), &cell.id);
        }
        for (what, remedy) in lost_requests(cell, &mut examples) {
            add(false, what, remedy, &cell.id);
        }
        if let Outcome::Failed { part, reason, .. } = &cell.outcome
            && is_failure(cell)
        {
            let remedy = match part {
                FailedPart::Server => "read the end of its standard error in the file of the measurement",
                FailedPart::Harness => "it is no fault of the server's: free what is named and run again",
            };
            add(true, format!("it failed: {reason}"), remedy.to_owned(), &cell.id);
        }
    }
    let doubts =
        found.into_iter().map(|((mild, what, remedy), cells)| Doubt { what, remedy, invalidates: !mild, cells });
    doubts.collect()
}

/// Why requests of a cell had no right reply, each reason with what to do and, of wrong replies, with the first example of the
/// run. None where something was done to the server: then they are what came of it.
fn lost_requests<'r>(cell: &'r Cell, examples: &mut BTreeMap<MalformedReason, &'r str>) -> Vec<(String, String)> {
    let Some(traffic) = cell.traffic.as_ref().filter(|_| cell.disturbance.is_none()) else { return Vec::new() };
    // Of surplus bytes a warning tells.
    let malformed = traffic.malformed.iter().filter(|malformed| malformed.reason != MalformedReason::Surplus);
    let malformed = malformed.map(|malformed| {
        let example = *examples.entry(malformed.reason).or_insert(&malformed.example);
        let as_in = if example.is_empty() { String::new() } else { format!("; one began with {example}") };
        (format!("replies were wrong: {}{as_in}", malformed.reason.describe()), malformed.reason.remedy().to_owned())
    });
    let is_error = |status: &&u16| traffic.ledger.error > 0 && !(200..300).contains(*status);
    let errors = traffic.statuses.keys().filter(is_error).map(|status| {
        let remedy = match status {
            300..400 | 404 | 405 | 410 => "ask for a page that the server has (--path)",
            _ => "look at why the server answers so",
        };
        (format!("replies had the status {status}"), remedy.to_owned())
    });
    malformed.chain(errors).collect()
}

/// Whether what a warning says is what came of something that was done to the server: no doubt, but a result.
fn is_a_finding(cell: &Cell, warning: &Warning) -> bool {
    let of_the_server = matches!(warning, Warning::ServerDied { .. } | Warning::ServerTurnedAway { .. });
    cell.disturbance.is_some() && of_the_server
}
