//! A grid of connections and workloads: in each square who serves more, how many times as much, and how sure that is.
//!
//! The name and the numbers in a square say all that its colour says. Must not know: how a square is decided. Beside
//! it: `../crossover.rs`.

use super::axes::shortened;
use super::backend::Canvas;
use super::{DataRow, DataTable, Figure, PanelPicture, Scene};
use crate::crossover::{Grid, PAIRS_FOR_WINNER, Square, SquareFinding};
use crate::format;
use crate::placement::server_cpus;

const LEFT: f64 = 62.0;
const TOP: f64 = 48.0;
const SQUARE: (f64, f64) = (104.0, 62.0);
const GAP: f64 = 4.0;
const LONGEST_NAME: usize = 13;

/// Workloads side by side in one drawing: as many as a phone shows without scrolling.
const ABREAST: usize = 3;

pub(super) fn draw(scene: &Scene<'_>) -> Option<Figure> {
    let grid = Grid::of(scene.group.experiment, scene.picture, scene.groups)?;
    let places: Vec<usize> = (0..grid.workloads.len()).collect();
    let panels = places.chunks(ABREAST).map(|columns| PanelPicture::unnamed(panel(scene, &grid, columns)));
    let [a, b] = grid.names();
    let axes = format!(
        "{} of {a} and {b} by connections and work, a winner from {} pairs on: {}",
        format::capitalised(grid.metric.label),
        PAIRS_FOR_WINNER,
        server_cpus(scene.run)
    );
    Some(Figure {
        panels: panels.collect(),
        parts: vec![(0, format!("{a} has more")), (2, format!("{b} has more")), (3, "no winner".into())],
        notes: notes(&grid),
        table: table(scene, &grid),
        ..scene.titled(&grid.title(), &axes)
    })
}

fn panel(scene: &Scene<'_>, grid: &Grid<'_>, columns: &[usize]) -> String {
    let width = LEFT + (SQUARE.0 + GAP) * columns.len() as f64;
    let height = TOP + (SQUARE.1 + GAP) * grid.rows.len() as f64;
    let canvas = Canvas::new(width.ceil() as u32, height.ceil() as u32);
    canvas.text((0.0, 14.0), "head", "start", "Connections, and what is asked for");
    let left = |place: usize| LEFT + (SQUARE.0 + GAP) * place as f64;
    for (place, column) in columns.iter().enumerate() {
        let label = shortened(grid.workloads[*column], LONGEST_NAME);
        canvas.text((left(place) + SQUARE.0 / 2.0, 38.0), "label", "middle", &label);
    }
    for (number, (connections, row)) in grid.connections.iter().zip(&grid.rows).enumerate() {
        let top = TOP + (SQUARE.1 + GAP) * number as f64;
        canvas.text((LEFT - 10.0, top + SQUARE.1 / 2.0 + 4.5), "label", "end", &format::count(*connections as u64));
        for (place, column) in columns.iter().enumerate() {
            let name = format!("{}, {}", format::counted(*connections as u64, "connection"), grid.workloads[*column]);
            draw_square(&canvas, grid, &row[*column], &name, (left(place), top));
        }
    }
    canvas.finish(&format!("{}; {}. The numbers are in the table below.", grid.sentence(), server_cpus(scene.run)))
}

fn draw_square(canvas: &Canvas, grid: &Grid<'_>, square: &Square, name: &str, (left, top): (f64, f64)) {
    let names = grid.names();
    let labels = names.each_ref().map(String::as_str);
    let ink = match square.finding() {
        SquareFinding::First => 0,
        SquareFinding::Second => 2,
        _ => 3,
    };
    canvas.open(&[("class", &format!("q q{ink}"))], &format!("{name}: {}", square.said(labels)));
    canvas.rectangle((left, top), SQUARE, "area faint");
    let middle = left + SQUARE.0 / 2.0;
    let [who, times, trust] = square.lines(labels);
    // A name in bold is a winner; without, it only leads.
    let class = if square.winner().is_some() { "head" } else { "label" };
    canvas.text((middle, top + 19.0), class, "middle", &shortened(&who, LONGEST_NAME));
    canvas.text((middle, top + 36.0), class, "middle", &times);
    canvas.text((middle, top + 53.0), "label", "middle", &trust);
    canvas.close();
}

fn notes(grid: &Grid<'_>) -> Vec<String> {
    vec![
        "Every connection asks again as soon as it is answered, so a square shows what its clients get from each server: \
         with one connection the time of a round trip, with many the most that the server can do."
            .to_owned(),
        format!(
            "The ratio is of pairs measured one after the other on fresh servers, with its 95% interval. In bold and \
             coloured is a winner: {PAIRS_FOR_WINNER} pairs or more, the interval leaves out 1, and more than 5% apart. Any other \
             square names who leads, which may be chance."
        ),
        "Where the generator has no CPU left, a server is asked for less than it could serve. Against one that left it some, \
         that is still a lower bound, marked ≥; with both, nothing can be told: on a machine with more CPUs it could."
            .to_owned(),
        format!("{}: {}", format::capitalised(grid.metric.label), grid.metric.how_to_read),
    ]
}

fn table(scene: &Scene<'_>, grid: &Grid<'_>) -> DataTable {
    let names = grid.names();
    let labels = names.each_ref().map(String::as_str);
    let mut columns = vec!["connections, work".to_owned()];
    columns.extend(labels.map(|label| format!("{label}: {}", grid.metric.label)));
    columns.extend([format!("{} / {}", labels[0], labels[1]), "interval".into(), "pairs".into(), "verdict".into()]);
    let rows = grid.squares().map(|(connections, workload, square)| {
        let mut cells = vec![format!("{}, {workload}", format::count(connections as u64))];
        cells.extend(square.values.iter().map(|value| value.show(grid.metric.unit)));
        let ratio = square.ratio;
        let interval = ratio.and_then(|ratio| ratio.interval);
        cells.push(ratio.map_or("-".into(), |ratio| format::ratio(ratio.value)));
        cells.push(interval.map_or("-".into(), format::interval));
        cells.push(ratio.map_or(0, |ratio| ratio.blocks).to_string());
        cells.push(match square.finding() {
            SquareFinding::GeneratorsLimit | SquareFinding::NotMeasured => square.said(labels),
            _ => square.verdict.map_or(String::new(), |verdict| verdict.words()),
        });
        // It is about two contenders, so hiding one of them does not hide it.
        DataRow { contender: scene.run.manifest.contenders.len(), cells }
    });
    DataTable { rows: rows.collect(), columns }
}
