//! What a run leaves out, in as many sentences as there are reasons: who in which experiments, and why.

use reports::record::Warning;

/// Who is left out in each experiment.
type ByExperiment<'a> = Vec<(&'a str, Vec<&'a str>)>;

/// `a, b in memory; a in idle-flood: the reason`, one for each reason.
pub(super) fn left_out<'a>(warnings: impl IntoIterator<Item = &'a Warning>) -> Vec<String> {
    let mut by_reason: Vec<(&str, ByExperiment<'_>)> = Vec::new();
    for warning in warnings {
        let Warning::LeftOut { contender, experiment, reason } = warning else { continue };
        let experiments = entry(&mut by_reason, reason);
        entry(experiments, experiment).push(contender);
    }
    let said = by_reason.into_iter().map(|(reason, experiments)| {
        let who = experiments.into_iter().map(|(experiment, who)| format!("{} in {experiment}", who.join(", ")));
        format!("{}: {reason}", who.collect::<Vec<_>>().join("; "))
    });
    said.collect()
}

/// What stands under a key, in the order in which keys came.
fn entry<'a, 'b, T: Default>(list: &'b mut Vec<(&'a str, T)>, key: &'a str) -> &'b mut T {
    let place = list.iter().position(|(known, _)| *known == key).unwrap_or_else(|| {
        list.push((key, T::default()));
        list.len() - 1
    });
    &mut list[place].1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_is_said_once() {
        let out = |contender: &str, experiment: &str, reason: &str| Warning::LeftOut {
            contender: contender.into(),
            experiment: experiment.into(),
            reason: reason.into(),
        };
        let warnings = [
            out("a", "memory", "it is far away"),
            out("b", "memory", "it is far away"),
            out("a", "timers", "it has none"),
            out("b", "fairness", "it is far away"),
        ];
        let said = ["a, b in memory; b in fairness: it is far away", "a in timers: it has none"];
        assert_eq!(left_out(&warnings), said);
    }
}
