//! Claims about a sweep over the load: decided at the lowest or the highest load with which all have kept up that decide them,
//! block by block.

use reports::record::store::Run;
use reports::record::{BoundValue, Cell, CommonLoad, Condition, Decision, Relation, Warning};
use reports::summary::{Claim, ClaimVerdict, summarise};

use crate::fixture::{self, MODELS, Size};
use crate::fixture_trials::{condition, value};

const LOADS: [f64; 3] = [60.0, 700.0, 8_000.0];

/// Sequential, threaded and async-multi, of whom the first keeps up with little.
fn run(blocks: u32) -> Run {
    let models = vec![MODELS[0], MODELS[1], MODELS[5]];
    fixture::run(&Size { models, loads: LOADS.to_vec(), blocks, workloads: 1, steps: 40 })
}

/// A contender's CPU time per request is at most so many times another's.
fn at_most(factor: f64, contender: &str, other: &str, load: CommonLoad) -> Condition {
    let at = |contender: &str| reports::record::ValueOf { load: Some(load), ..value("cpu_per_request", contender) };
    condition("it", at(contender), Relation::AtMost, BoundValue::Times { factor, of: at(other) })
}

fn decided(mut run: Run, condition: Condition) -> Claim {
    run.manifest.experiments[0].decision = Some(Decision { conditions: vec![condition] });
    summarise(&run).claims.remove(0)
}

fn say(claim: &Claim) -> String {
    claim.values.join(" ")
}

#[test]
fn the_highest_load_is_the_last_with_which_all_who_decide_kept_up() {
    let [sequential, threaded, tasks] = [MODELS[0], MODELS[1], MODELS[5]].map(|model| model.label);
    let far = 1_000.0;
    let of_two = decided(run(3), at_most(far, tasks, threaded, CommonLoad::Highest));
    assert_eq!(of_two.verdict, ClaimVerdict::Holds, "{of_two:?}");
    assert!(say(&of_two).starts_with(&format!("{tasks} at 8,000/s: spent")), "{}", say(&of_two));
    assert!(say(&of_two).contains(&format!("that of {threaded} at 8,000/s")), "{}", say(&of_two));
    let with_the_slow = decided(run(3), at_most(far, tasks, sequential, CommonLoad::Highest));
    assert!(say(&with_the_slow).starts_with(&format!("{tasks} at 60/s: ")), "{}", say(&with_the_slow));
    let lowest = decided(run(3), at_most(far, tasks, threaded, CommonLoad::Lowest));
    assert!(say(&lowest).starts_with(&format!("{tasks} at 60/s: ")), "{}", say(&lowest));
}

#[test]
fn the_ratio_at_that_load_decides() {
    let [threaded, tasks] = [MODELS[1], MODELS[5]];
    let truth = tasks.cpu_us / threaded.cpu_us;
    let verdict = |factor| decided(run(3), at_most(factor, tasks.label, threaded.label, CommonLoad::Highest)).verdict;
    assert_eq!(verdict(1.2 * truth), ClaimVerdict::Holds);
    assert_eq!(verdict(0.8 * truth), ClaimVerdict::DoesNotHold);
}

#[test]
fn one_block_decides_nothing() {
    let claim = decided(run(1), at_most(9.0, MODELS[5].label, MODELS[1].label, CommonLoad::Highest));
    assert_eq!(claim.sentence, "Cannot tell here: measured once, and a claim takes 3 times");
}

#[test]
fn who_was_not_run_or_never_kept_up_leaves_no_load() {
    let reason = |run: Run| {
        let claim = decided(run, at_most(9.0, MODELS[5].label, MODELS[1].label, CommonLoad::Lowest));
        assert_eq!(claim.verdict, ClaimVerdict::CannotTell);
        claim.sentence
    };
    let is_of_tasks = |cell: &Cell| cell.contender == MODELS[5].label;
    let mut without = run(3);
    without.cells.retain(|cell| !is_of_tasks(cell));
    assert_eq!(reason(without), format!("Cannot tell here: {} was not run", MODELS[5].label));
    let mut invalid = run(3);
    for cell in invalid.cells.iter_mut().filter(|cell| is_of_tasks(cell)) {
        cell.warnings.push(Warning::GeneratorFellBehind { kept_pace: 0.2 });
    }
    let said = reason(invalid);
    assert!(said.contains("kept up with no load of sleep 5 ms in valid measurements together"), "{said}");
}

#[test]
fn a_decision_without_loads_is_written_as_it_always_was() {
    let mut value = value("cpu_per_request", "threaded");
    let text = serde_json::to_string(&value).unwrap();
    assert!(!text.contains("\"load\""), "{text}");
    assert_eq!(serde_json::from_str::<reports::record::ValueOf>(&text).unwrap(), value);
    value.load = Some(CommonLoad::Highest);
    assert!(serde_json::to_string(&value).unwrap().contains(r#""load":"highest""#));
}
