//! Whether others use the machine, looked at while a command prepares its run, and said before there is any load.
//!
//! Must not know: what is run. Beside it: `instruments/src/observe/machine/busiest.rs`, which looks; `run/validity.rs`, which
//! has the limit and holds each cell against it.

use std::thread;

use instruments::observe::Glance;
use reports::record::{BusyStart, Unobserved, Warning};

use super::limits::MORE_IS_SAID;
use super::progress::QuietArg;
use crate::run::NOISE;

/// A look at the machine, to be compared with a second.
pub(super) struct FirstLook(Glance);

impl FirstLook {
    /// Takes it, before anything else is done.
    pub(super) fn take() -> FirstLook {
        FirstLook(Glance::now())
    }

    /// Looks again, two fifths of a second after the first at the earliest; returns what others used where that is more
    /// than a quiet machine shows.
    ///
    /// # Errors
    /// Why it is not known, as a clause.
    pub(super) fn compare(self) -> Result<Option<BusyStart>, String> {
        let (used, is_too_busy) = self.used()?;
        Ok(Some(used).filter(|_| is_too_busy))
    }

    /// As [`FirstLook::compare`], but returns what others used in any case, and whether it is too much.
    ///
    /// # Errors
    /// As [`FirstLook::compare`].
    pub(super) fn used(self) -> Result<(BusyStart, bool), String> {
        let FirstLook(first) = self;
        // What the preparation took need not be waited for. A sleep may end a little early by the other clock.
        while !first.until_comparable().is_zero() {
            thread::sleep(first.until_comparable());
        }
        let second = first.again();
        let limit = NOISE + first.resolution(&second);
        let used = first.until(&second)?;
        let is_too_busy = is_too_busy(&used, limit);
        Ok((used, is_too_busy))
    }
}

/// As [`FirstLook::compare`], and what was found is said, unless it is to be quiet, and becomes a doubt of the run.
pub(super) fn doubt(first: FirstLook, quiet: QuietArg) -> Option<Warning> {
    let (said, doubt) = match first.compare() {
        Ok(None) => return None,
        Ok(Some(busy)) => (sentence(&busy), Warning::BusyStart(busy)),
        Err(reason) => {
            let doubt = Warning::NotObserved { what: Unobserved::OtherPrograms, reason };
            (format!("{}; {}", doubt.describe(), doubt.remedy()), doubt)
        }
    };
    // On stderr, where it spoils no output for programs.
    quiet.tell(&format!("{said}; {MORE_IS_SAID}"));
    Some(doubt)
}

fn sentence(busy: &BusyStart) -> String {
    format!("this machine is busy: others use {}; figures will be doubtful: {}", busy.words(), busy.remedy())
}

fn is_too_busy(busy: &BusyStart, limit: f64) -> bool {
    busy.other_cpu_share > limit || busy.steal_share.is_some_and(|share| share > limit)
}

#[cfg(test)]
mod tests {
    use reports::record::BusyProcess;

    use super::*;

    fn used(other_cpu_share: f64, steal_share: Option<f64>) -> BusyStart {
        let processes = vec![BusyProcess { pid: 31_245, name: "python3".to_owned(), cpu_share: other_cpu_share }];
        BusyStart { other_cpu_share, steal_share, cpu_pressure_share: None, processes }
    }

    #[test]
    fn the_limit_is_that_of_a_cell() {
        let is_too_busy = |other, steal| is_too_busy(&used(other, steal), NOISE);
        assert!(!is_too_busy(NOISE, Some(NOISE)) && !is_too_busy(0.0, None));
        assert!(is_too_busy(NOISE + 0.01, None) && is_too_busy(0.0, Some(NOISE + 0.01)));
    }

    #[test]
    fn who_and_what_to_do_are_one_sentence() {
        let said = "this machine is busy: others use 52% of its CPUs (python3 31245 52%); figures will be doubtful: end \
                    them or wait, and run again: `ps -o pid,etime,args -p 31245` shows them";
        assert_eq!(sentence(&used(0.52, Some(0.0))), said);
    }
}
