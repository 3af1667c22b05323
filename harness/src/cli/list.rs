//! `harness list`: what there is to choose from.

use std::fmt::Write;
use std::process::ExitCode;

use servers::MODELS;

use super::output::print;
use crate::experiments::EXPERIMENTS;

/// List models, their options, and experiments
#[derive(Debug, clap::Args)]
pub(super) struct ListArgs {
    /// How to write the list
    #[arg(long, value_enum, default_value_t = ListFormat::Table)]
    format: ListFormat,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum ListFormat {
    /// For a terminal.
    Table,
    /// One JSON object.
    Json,
}

pub(super) fn run(args: ListArgs) -> anyhow::Result<ExitCode> {
    let text = match args.format {
        ListFormat::Table => table(),
        ListFormat::Json => format!("{}\n", serde_json::to_string_pretty(&json())?),
    };
    print(&text)?;
    Ok(ExitCode::SUCCESS)
}

fn table() -> String {
    let mut text = "models\n".to_owned();
    for model in MODELS {
        // Writing to a string does not fail.
        let _ = writeln!(text, "  {:<13} {}", model.name, model.summary);
        for option in model.options {
            let default = option.default_value();
            let _ = writeln!(text, "  {:<13}   {}={default}  {}", "", option.name, option.summary);
        }
    }
    text.push_str("\nexperiments\n");
    for experiment in EXPERIMENTS {
        let _ = writeln!(text, "  {:<14} {}", experiment.name, experiment.question);
    }
    text.push_str("\nnext: harness compare --models threaded,async-multi --experiments memory\n");
    text
}

fn json() -> serde_json::Value {
    let models = MODELS.iter().map(|model| {
        let options = model.options.iter().map(|option| {
            serde_json::json!({
                "name": option.name, "default": option.default_value(), "summary": option.summary,
            })
        });
        serde_json::json!({
            "name": model.name, "summary": model.summary, "options": options.collect::<Vec<_>>(),
        })
    });
    let experiments = EXPERIMENTS.iter().map(|experiment| {
        serde_json::json!({
            "name": experiment.name, "claim": experiment.claim, "question": experiment.question,
        })
    });
    serde_json::json!({
        "models": models.collect::<Vec<_>>(), "experiments": experiments.collect::<Vec<_>>(),
    })
}
