//! `harness list`: what there is to choose from.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::process::ExitCode;

use servers::{LEFT_OUT, MODELS, Model, OptionKey, built_with};

use super::forecast::gates;
use super::output::{TableOrJson, json_text, print, wrapped};
use crate::experiments::EXPERIMENTS;

/// List models, their options, and experiments
#[derive(Debug, clap::Args)]
pub(super) struct ListArgs {
    /// How to print the list
    #[arg(long, value_enum, default_value_t = TableOrJson::Table)]
    format: TableOrJson,
}

pub(super) fn run(args: ListArgs) -> anyhow::Result<ExitCode> {
    let text = match args.format {
        TableOrJson::Table => table(),
        TableOrJson::Json => json_text(&json())?,
    };
    print(&text)?;
    Ok(ExitCode::SUCCESS)
}

/// Where what is said of a model or an experiment begins, and what of an option.
const COLUMN: usize = 19;
const OPTION_COLUMN: usize = 6;

fn table() -> String {
    let mut text = "models\n".to_owned();
    for model in MODELS.iter().filter(|model| model.runs_by_default) {
        text.push_str(&of_model(model));
    }
    text.push_str("\nmodels that run only if --models names them\n");
    for model in MODELS.iter().filter(|model| !model.runs_by_default) {
        text.push_str(&of_model(model));
    }
    for model in LEFT_OUT {
        let remedy = format!("left out of this build; add --features {model} to cargo build");
        text.push_str(&wrapped(&format!("  {model:<16} "), COLUMN, &remedy));
    }
    text.push_str("\noptions and their defaults; give them as in thread-pool:workers=8,stack=64KiB\n");
    for (option, models) in options() {
        // Writing to a string does not fail.
        let _ = writeln!(text, "  {}={}", option.name, option.default_value());
        let takes = format!("takes {}", option.expected);
        for line in [option.summary, &takes, &format!("of {}", of_models(&models))] {
            text.push_str(&wrapped(&" ".repeat(OPTION_COLUMN), OPTION_COLUMN, line));
        }
    }
    text.push_str("\nexperiments\n");
    for experiment in EXPERIMENTS {
        text.push_str(&wrapped(&format!("  {:<16} ", experiment.name), COLUMN, experiment.story.question));
        let gates = format!("gates for diff: {}", gates(experiment));
        text.push_str(&wrapped(&" ".repeat(COLUMN), COLUMN, &gates));
    }
    text.push_str("\nnext: harness compare --models threaded,async-multi --experiments memory\n");
    text
}

/// Each option once, in the order of their names, with the models that have it. Where it differs between models, in its
/// default or in the values it takes, it stands there once for each case.
fn options() -> Vec<(&'static OptionKey, Vec<&'static str>)> {
    let same = |one: &OptionKey, other: &OptionKey| {
        one.name == other.name && one.expected == other.expected && one.default_value() == other.default_value()
    };
    let mut options: Vec<(&OptionKey, Vec<&str>)> = Vec::new();
    for model in MODELS {
        for option in model.options() {
            match options.iter_mut().find(|(known, _)| same(known, option)) {
                Some((_, models)) => models.push(model.name),
                None => options.push((option, vec![model.name])),
            }
        }
    }
    options.sort_by_key(|(option, _)| option.name);
    options
}

fn of_model(model: &Model) -> String {
    wrapped(&format!("  {:<16} ", model.name), COLUMN, model.summary)
}

fn of_models(models: &[&str]) -> String {
    if models.len() == MODELS.len() { "every model".to_owned() } else { models.join(", ") }
}

fn json() -> serde_json::Value {
    let models = MODELS.iter().map(|model| {
        let options = model.options().into_iter().map(|option| {
            serde_json::json!({
                "name": option.name, "default": option.default_value(), "takes": option.expected,
                "summary": option.summary,
            })
        });
        serde_json::json!({
            "name": model.name, "summary": model.summary, "runs_by_default": model.runs_by_default, "options": options.collect::<Vec<_>>(),
        })
    });
    let experiments = EXPERIMENTS.iter().map(|experiment| {
        serde_json::json!({
            "name": experiment.name, "claim": experiment.story.claim, "question": experiment.story.question,
            "gates": experiment.gates().iter().map(|compared| compared.name).collect::<Vec<_>>(),
        })
    });
    let left_out = LEFT_OUT.iter().map(|model| serde_json::json!({"name": model, "feature": model}));
    let built_with: BTreeMap<String, String> = built_with().into_iter().collect();
    serde_json::json!({
        "built_with": built_with, "models": models.collect::<Vec<_>>(), "left_out": left_out.collect::<Vec<_>>(), "experiments": experiments.collect::<Vec<_>>(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::output::COLUMNS;

    #[test]
    fn the_list_fits_a_narrow_terminal() {
        for line in table().lines() {
            assert!(line.chars().count() <= COLUMNS, "{line}");
        }
    }

    #[test]
    fn every_model_is_in_the_list_or_how_to_build_it_in() {
        let text = table();
        let row = |name: &str| text.lines().find(|line| line.starts_with(&format!("  {name:<16} "))).map(str::to_owned);
        assert!(MODELS.iter().all(|model| row(model.name).is_some()), "{text}");
        for model in LEFT_OUT {
            assert!(row(model).unwrap().contains("left out of this build"), "{text}");
            assert!(text.contains(&format!("--features {model}")), "{text}");
        }
    }

    #[test]
    fn every_option_of_every_model_is_in_the_list() {
        let listed = options();
        for model in MODELS {
            for option in model.options() {
                let of_model = |(known, models): &&(&OptionKey, Vec<&str>)| {
                    known.name == option.name && models.contains(&model.name)
                };
                let entries: Vec<_> = listed.iter().filter(of_model).collect();
                assert_eq!(entries.len(), 1, "{} of {}", option.name, model.name);
                assert_eq!(entries[0].0.expected, option.expected);
            }
        }
    }
}
