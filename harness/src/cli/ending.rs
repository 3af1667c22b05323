//! Exit codes, in one place.

use std::process::ExitCode;

use instruments::load::LoadError;
use reports::diff::DiffOutcome;
use reports::record::store::{RecordError, Run};
use reports::record::{Cell, Ending, FailedPart, Ledger, Outcome, Purpose};
use reports::study::{counts, is_failure};
use serde::Serialize;

use super::publish::SiteError;
use super::shell::settings::SettingsError;
use super::summary::NoFigures;
use super::target::Unreachable;
use crate::live::web::WebError;
use crate::machines::MachinesError;
use crate::plan::PlanError;
use crate::run::{Interrupt, LockError, RunEnd, Unfit};
use crate::selftest::SelftestVerdict;

/// What each code means, for help and manual pages.
pub(super) const EXIT_CODES: &[(&str, &str)] = &[
    ("0", "done"),
    ("1", "internal error, or the self-test found a wrong figure"),
    ("2", "wrong usage"),
    ("3", "this machine is not fit for it"),
    ("4", "done, but invalid or inconclusive"),
    ("5", "a gate failed"),
    ("6", "a server failed"),
    ("130 and 143", "interrupted (finished measurements are saved)"),
];

const INTERNAL: u8 = 1;
const USAGE: u8 = 2;
const UNFIT: u8 = 3;
const INVALID: u8 = 4;
const GATE_EXCEEDED: u8 = 5;
const SERVER_FAILED: u8 = 6;

/// An error with what caused it. A cause that the sentence before it already quotes is not said twice.
pub(super) fn sentence(error: &anyhow::Error) -> String {
    error.chain().map(ToString::to_string).fold(String::new(), |said, cause| match said.as_str() {
        "" => cause,
        said if said.contains(&cause) => said.to_owned(),
        said => format!("{said}: {cause}"),
    })
}

/// The code of an error that ended a command.
pub(super) fn code_of(error: &anyhow::Error) -> ExitCode {
    let is_wrong_folder = matches!(error.downcast_ref(), Some(RecordError::Occupied(_) | RecordError::NoRun(_)));
    let is_wrong_site =
        matches!(error.downcast_ref(), Some(SiteError::NotASite(_) | SiteError::NotEnded(_) | SiteError::NoDate(_)));
    let is_wrong_port = matches!(error.downcast_ref(), Some(WebError::Port { .. }));
    let is_usage = is_wrong_folder
        || is_wrong_site
        || is_wrong_port
        || error.is::<SettingsError>()
        || error.is::<PlanError>()
        || error.is::<servers::ContenderError>();
    ExitCode::from(match error {
        _ if is_usage => USAGE,
        _ if error.is::<LockError>() || error.is::<Unfit>() => UNFIT,
        _ if matches!(error.downcast_ref(), Some(LoadError::NotConnected { .. })) => SERVER_FAILED,
        _ if error.is::<Unreachable>() => SERVER_FAILED,
        _ if error.is::<NoFigures>() => INVALID,
        _ => error.downcast_ref().map_or(INTERNAL, code_of_machines),
    })
}

/// Workers that can't be had are machines that are not fit; figures that all of them lost are none.
fn code_of_machines(error: &MachinesError) -> u8 {
    match error {
        MachinesError::Worker { is_the_servers: true, .. } => SERVER_FAILED,
        MachinesError::Worker { .. } | MachinesError::Host { .. } => UNFIT,
        MachinesError::TooMany(_) => USAGE,
        MachinesError::AllLost(_) => INVALID,
        MachinesError::Thread(_) | MachinesError::Record(_) => INTERNAL,
    }
}

/// The code of a run that came to an end.
pub(super) fn code_of_run(end: &RunEnd, run: &Run, interrupt: &Interrupt) -> ExitCode {
    ExitCode::from(match end.ending {
        Ending::Interrupted => interrupt.exit_code().unwrap_or(INTERNAL),
        _ if end.failed > 0 && only_the_harness_failed(run) => INTERNAL,
        _ if end.failed > 0 => SERVER_FAILED,
        _ if unproven(run).is_some() => INVALID,
        _ => 0,
    })
}

/// Whether every cell that failed did so for want of something that the harness needs.
fn only_the_harness_failed(run: &Run) -> bool {
    let mut failed = run.cells.iter().filter(|cell| is_failure(cell));
    failed.all(|cell| matches!(cell.outcome, Outcome::Failed { part: FailedPart::Harness, .. }))
}

/// The code of a lesson that was run: a run that can't tell is inconclusive, whatever the learner said.
pub(super) fn code_of_lesson(end: &RunEnd, is_decided: bool, interrupt: &Interrupt) -> ExitCode {
    ExitCode::from(match end.ending {
        Ending::Interrupted => interrupt.exit_code().unwrap_or(INTERNAL),
        _ if end.failed > 0 => SERVER_FAILED,
        _ => code_of_answer(is_decided),
    })
}

/// The code of a lesson that was looked up in records.
pub(super) fn code_of_answer(is_decided: bool) -> u8 {
    if is_decided { 0 } else { INVALID }
}

/// The code of a search: without one whole block it has found nothing.
pub(super) fn code_of_search(end: &RunEnd, whole_blocks: u32, run: &Run, interrupt: &Interrupt) -> ExitCode {
    match end.ending {
        Ending::Completed if end.failed == 0 && whole_blocks == 0 => ExitCode::from(INVALID),
        _ => code_of_run(end, run, interrupt),
    }
}

/// What came of a gate on one load.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) enum GateOutcome {
    /// Within the bound, in a measurement that is valid.
    Passed,
    /// There is no such figure, or it may not be believed.
    Undecided,
    /// Beyond the bound.
    Exceeded,
}

/// The code of a load that came to an end, or was stopped, and of the gate that came out worst. What a server does wrong is
/// a finding, unless it does nothing right; that nothing was asked of it is a measurement that is invalid.
pub(super) fn code_of_load(
    ledger: &Ledger,
    is_valid: bool,
    worst: Option<GateOutcome>,
    interrupt: &Interrupt,
) -> ExitCode {
    ExitCode::from(match (interrupt.exit_code(), worst) {
        (Some(code), _) => code,
        (None, _) if ledger.scheduled > 0 && ledger.ok == 0 => SERVER_FAILED,
        (None, Some(GateOutcome::Exceeded)) => GATE_EXCEEDED,
        (None, Some(GateOutcome::Undecided)) => INVALID,
        (None, _) if !is_valid => INVALID,
        (None, Some(GateOutcome::Passed) | None) => 0,
    })
}

/// The code of a self-test.
pub(super) fn code_of_selftest(verdict: SelftestVerdict) -> ExitCode {
    ExitCode::from(match verdict {
        SelftestVerdict::Right => 0,
        SelftestVerdict::Wrong => INTERNAL,
        SelftestVerdict::CannotTell => INVALID,
    })
}

/// The code of a look at the machine.
pub(super) fn code_of_doctor(is_fit: bool) -> ExitCode {
    ExitCode::from(if is_fit { 0 } else { UNFIT })
}

/// The code of a comparison of two runs: that of the gate which came out worst.
pub(super) fn code_of_gates(worst: Option<DiffOutcome>) -> ExitCode {
    ExitCode::from(match worst {
        Some(DiffOutcome::Regressed) => GATE_EXCEEDED,
        Some(DiffOutcome::Inconclusive) => INVALID,
        Some(DiffOutcome::Passed) | None => 0,
    })
}

/// A contender, and a workload of an experiment, for which not one measured cell is valid, so that the report can say
/// nothing of it.
pub(super) fn unproven(run: &Run) -> Option<(&str, &str, &str)> {
    // What was never begun, as after Ctrl-C, is not there; a probe of capacity is no result.
    let mut places: Vec<(&str, &str, &str)> = run.cells.iter().map(place).collect();
    places.sort_unstable();
    places.dedup();
    let is_valid = |cell: &&Cell| cell.purpose == Purpose::Measure && counts(cell);
    let proven: Vec<_> = run.cells.iter().filter(is_valid).map(place).collect();
    places.into_iter().find(|place| !proven.contains(place))
}

fn place(cell: &Cell) -> (&str, &str, &str) {
    (&cell.contender, &cell.experiment, &cell.workload)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::LockHolder;

    fn not_connected() -> LoadError {
        LoadError::NotConnected { target: ([127, 0, 0, 1], 1).into(), established: 0, wanted: 1 }
    }

    fn load(ok: u64, is_valid: bool, worst: Option<GateOutcome>) -> ExitCode {
        let ledger = Ledger { scheduled: 10, ok, ..Ledger::default() };
        code_of_load(&ledger, is_valid, worst, &Interrupt::default())
    }

    #[test]
    fn a_load_without_one_right_reply_is_a_servers_failure() {
        assert_eq!(load(10, true, None), ExitCode::SUCCESS);
        assert_eq!(load(1, true, None), ExitCode::SUCCESS);
        assert_eq!(load(10, false, None), ExitCode::from(INVALID));
        assert_eq!(load(0, false, Some(GateOutcome::Exceeded)), ExitCode::from(SERVER_FAILED));
        let nothing_sent = code_of_load(&Ledger::default(), false, None, &Interrupt::default());
        assert_eq!(nothing_sent, ExitCode::from(INVALID));
    }

    #[test]
    fn an_invalid_load_passes_no_gate_and_may_exceed_one() {
        assert_eq!(load(10, true, Some(GateOutcome::Passed)), ExitCode::SUCCESS);
        assert_eq!(load(10, true, Some(GateOutcome::Exceeded)), ExitCode::from(GATE_EXCEEDED));
        assert_eq!(load(10, true, Some(GateOutcome::Undecided)), ExitCode::from(INVALID));
        assert_eq!(load(10, false, Some(GateOutcome::Passed)), ExitCode::from(INVALID));
        assert_eq!(load(10, false, Some(GateOutcome::Exceeded)), ExitCode::from(GATE_EXCEEDED));
    }

    #[test]
    fn each_kind_of_error_has_its_code() {
        let unknown = servers::Contender::parse("nope").unwrap_err();
        let held = LockError::Held { path: "x".into(), holder: LockHolder::Hidden };
        let codes = [
            (anyhow::Error::from(PlanError::Usage("no".to_owned())), USAGE),
            (anyhow::Error::from(unknown), USAGE),
            (anyhow::Error::from(held), UNFIT),
            (anyhow::Error::from(RecordError::Occupied("x".into())), USAGE),
            (anyhow::Error::from(RecordError::NoRun("x".into())), USAGE),
            (anyhow::Error::from(RecordError::Name("x".into())), INTERNAL),
            (anyhow::Error::from(SiteError::NotASite("x".into())), USAGE),
            (anyhow::Error::from(NoFigures), INVALID),
            (anyhow::anyhow!("anything else"), INTERNAL),
            (anyhow::Error::from(not_connected()), SERVER_FAILED),
            (anyhow::Error::from(PlanError::Usage("no".to_owned())).context("with context"), USAGE),
        ];
        for (error, code) in codes {
            assert_eq!(code_of(&error), ExitCode::from(code), "{error:#}");
        }
    }
}
