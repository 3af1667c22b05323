//! Breaks the harness as its environment says. Compiled for the test of the known answers alone.

use reports::sabotage::{Sabotage, choose};

use super::output::tell;

/// Names the breakage; servers and subjects inherit it.
const VARIABLE: &str = "HARNESS_SABOTAGE";

/// Reads the environment, once.
pub(super) fn as_told() {
    let Some(name) = std::env::var_os(VARIABLE) else { return };
    match name.to_str().and_then(Sabotage::named) {
        Some(sabotage) => {
            tell(&format!("this harness is broken on purpose: {}", sabotage.name()));
            choose(sabotage);
        }
        None => {
            tell(&format!("error: {VARIABLE} names no breakage: {}", name.display()));
            std::process::exit(2);
        }
    }
}
