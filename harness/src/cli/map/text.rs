//! The map as text: a grid for a terminal, and everything in it as JSON.

use std::path::Path;

use comfy_table::presets::UTF8_HORIZONTAL_ONLY;
use comfy_table::{CellAlignment, Table};
use reports::crossover::{Grid, Square};
use reports::format::count;
use reports::record::store::Run;
use reports::study::groups;
use reports::summary::summarise;
use serde_json::{Value, json};

/// The grid, what it says in a sentence, and the report's path last.
pub(super) fn table(run: &Run, report: &Path) -> String {
    let groups = groups(run);
    let grid = grid(run, &groups).map_or("No cell was measured.\n".to_owned(), |grid| {
        format!(
            "{}\n\nA star is a winner; other squares name who leads, which may be chance.\n{}.\n",
            drawn(&grid),
            grid.sentence()
        )
    });
    format!("{grid}\nreport: {}\n", report.display())
}

fn drawn(grid: &Grid<'_>) -> String {
    let mut drawn = Table::new();
    drawn.load_style(UTF8_HORIZONTAL_ONLY);
    let header =
        std::iter::once("connections".to_owned()).chain(grid.workloads.iter().map(|label| (*label).to_owned()));
    drawn.set_header(header.collect::<Vec<_>>());
    let labels = grid.contenders.map(|contender| contender.label.as_str());
    for (connections, row) in grid.connections.iter().zip(&grid.rows) {
        let squares = row.iter().map(|square| lines(square, labels));
        drawn.add_row(std::iter::once(count(*connections as u64)).chain(squares).collect::<Vec<_>>());
    }
    if let Some(column) = drawn.column_mut(0) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    drawn.trim_fmt()
}

fn lines(square: &Square, labels: [&str; 2]) -> String {
    let [who, times, trust] = square.lines(labels);
    let star = if square.winner().is_some() { " *" } else { "" };
    format!("{who} {times}{star}\n{trust}")
}

/// Everything that the grid holds.
pub(super) fn json(run: &Run, report: &Path) -> anyhow::Result<String> {
    let groups = groups(run);
    let grid = grid(run, &groups);
    let squares = grid.as_ref().map_or(Vec::new(), |grid| grid.squares().map(|it| square(grid, it)).collect());
    let value = json!({
        "report": report.display().to_string(),
        "sentence": grid.as_ref().map(Grid::sentence),
        "contenders": grid.as_ref().map(|grid| grid.contenders.map(|contender| &contender.label)),
        "metric": grid.as_ref().map(|grid| grid.metric.name),
        "squares": squares,
        "validity": summarise(run).validity,
    });
    Ok(format!("{}\n", serde_json::to_string_pretty(&value)?))
}

fn square(grid: &Grid<'_>, (connections, workload, square): (f64, &str, &Square)) -> Value {
    json!({
        "connections": connections,
        "work": workload,
        "finding": square.finding(),
        "winner": square.winner().map(|place| &grid.contenders[place].label),
        "ratio": square.ratio.map(|ratio| ratio.value),
        "at_least": square.at_least.map(|place| &grid.contenders[place].label),
        "interval": square.ratio.and_then(|ratio| ratio.interval),
        "pairs": square.ratio.map_or(0, |ratio| ratio.blocks),
        "values": square.values.map(|value| value.value()),
    })
}

fn grid<'a>(run: &'a Run, groups: &'a [reports::study::Group<'a>]) -> Option<Grid<'a>> {
    let experiment = run.manifest.experiments.first()?;
    experiment.pictures.iter().find_map(|picture| Grid::of(experiment, picture, groups))
}
