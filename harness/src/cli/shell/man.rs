//! `harness man`: manual pages, from the definitions. For whoever packages the harness, so it is hidden.
//!
//! Must not know: what a command does. Beside it: clap_mangen, which writes most of it; `examples.rs`; `../ending.rs`, which
//! has the exit codes.

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use clap::Command;
use clap_mangen::Man;
use clap_mangen::roff::{Roff, bold, roman};

use super::environment::{self, variable};
use super::examples::{self, Example};
use crate::cli::ending::EXIT_CODES;
use crate::cli::output::print;

/// Write the manual pages
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct ManArgs {
    /// Folder for the pages, which is made if it is not there
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
}

pub(in crate::cli) fn run(args: &ManArgs, definition: Command) -> anyhow::Result<ExitCode> {
    let pages = pages(definition)?;
    fs::create_dir_all(&args.out).with_context(|| format!("{} can't be made", args.out.display()))?;
    for (name, page) in &pages {
        let path = args.out.join(name);
        fs::write(&path, page).with_context(|| format!("{} can't be written", path.display()))?;
    }
    let first = args.out.join("harness.1");
    print(&format!("{} pages in {}; read one with: man -l {}\n", pages.len(), args.out.display(), first.display()))?;
    Ok(ExitCode::SUCCESS)
}

/// Names of files, and what is in them.
fn pages(definition: Command) -> anyhow::Result<Vec<(String, Vec<u8>)>> {
    let mut definition = definition.disable_help_subcommand(true);
    definition.build();
    let mut pages = vec![("harness.1".to_owned(), page(&definition, "harness", &[])?)];
    for command in definition.get_subcommands().filter(|command| !command.is_hide_set()) {
        let name = format!("harness-{}", command.get_name());
        pages.push((format!("{name}.1"), page(command, &name, &examples::of(command.get_name()))?));
    }
    Ok(pages)
}

fn page(command: &Command, name: &str, examples: &[Example]) -> std::io::Result<Vec<u8>> {
    let man = Man::new(command.clone().display_name(name.to_owned())).title(name.to_uppercase());
    let mut page = Vec::new();
    man.render_title(&mut page)?;
    man.render_name_section(&mut page)?;
    man.render_synopsis_section(&mut page)?;
    man.render_description_section(&mut page)?;
    man.render_options_section(&mut page)?;
    if command.get_subcommands().any(|sub| !sub.is_hide_set()) {
        man.render_subcommands_section(&mut page)?;
    }
    let mut rest = Roff::new();
    if !examples.is_empty() {
        rest.control("SH", ["EXAMPLES"]);
        for Example { wish, line } in examples {
            rest.control("PP", []);
            rest.text([roman(*wish)]);
            rest.control("RS", []);
            rest.control("nf", []);
            rest.text([roman(line.as_str())]);
            rest.control("fi", []);
            rest.control("RE", []);
        }
    }
    rest.control("SH", ["EXIT STATUS"]);
    EXIT_CODES.iter().for_each(|(codes, meaning)| item(&mut rest, codes, meaning));
    rest.control("SH", ["ENVIRONMENT"]);
    environment::OTHERS.iter().for_each(|(name, meaning)| item(&mut rest, name, meaning));
    let of_options = format!("{} and so on", variable("preset"));
    item(
        &mut rest,
        &of_options,
        "Every option of a command can be set by a variable of its name. A flag overrides it.",
    );
    rest.control("SH", ["FILES"]);
    FILES.iter().for_each(|(name, meaning)| item(&mut rest, name, meaning));
    rest.to_writer(&mut page)?;
    Ok(page)
}

fn item(page: &mut Roff, name: &str, meaning: &str) {
    page.control("TP", []);
    page.text([bold(name)]);
    page.text([roman(meaning)]);
}

const FILES: &[(&str, &str)] = &[
    (
        "runs/",
        "Saved runs, a folder each: every measurement as a JSON file under cells/, and the report as report.html.",
    ),
    ("harness.toml", "Settings, as `harness init` writes them. Read only if --config names it."),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::definition;

    #[test]
    fn every_command_has_a_page_with_every_section() {
        let pages = pages(definition()).unwrap();
        let shown = definition().get_subcommands().filter(|command| !command.is_hide_set()).count();
        assert_eq!(pages.len(), shown + 1);
        for (name, page) in pages {
            let page = String::from_utf8(page).unwrap();
            for section in ["NAME", "SYNOPSIS", "OPTIONS", "\"EXIT STATUS\"", "ENVIRONMENT", "FILES"] {
                assert!(page.contains(&format!(".SH {section}")), "{name}: {section}: {page}");
            }
            assert!(name == "harness.1" || page.contains(".SH EXAMPLES"), "{name}");
            assert!(!page.contains("harness become"), "{name}");
        }
    }
}
