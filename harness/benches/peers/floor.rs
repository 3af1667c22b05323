//! How late a thread is on this machine that does nothing but look at the clock. Where it is late, the machine took its
//! CPU away, and no generator could have been on time.

use harness::process::message::say;
use instruments::clock::now_ns;

use crate::tools::Said;

/// Looks at the clock until each of the equally distant times has come, and says how late it noticed.
pub(crate) fn run(rate_rps: u32, seconds: u64) -> anyhow::Result<()> {
    let begin_ns = now_ns() + 1_000_000;
    let requests = u64::from(rate_rps) * seconds;
    let mut late_ns: Vec<u64> = (0..requests)
        .map(|index| {
            let due_ns = begin_ns + index * 1_000_000_000 / u64::from(rate_rps);
            loop {
                let now = now_ns();
                if now >= due_ns {
                    break now - due_ns;
                }
            }
        })
        .collect();
    late_ns.sort_unstable();
    let at = |share: f64| late_ns.get((share * requests as f64) as usize).map(|ns| *ns as f64);
    Ok(say(&Said { requests, lag_p50_ns: at(0.5), lag_p99_ns: at(0.99), ..Said::default() })?)
}
