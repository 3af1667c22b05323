//! The whole distribution of response times at one load: a line per contender over the percentile axis.
//!
//! The line is the percentile of all blocks together, the band runs from the least to the greatest block, and both
//! stop where the sample no longer carries the percentile. Must not know: files, other loads.

use itertools::Itertools;

use super::axes::Axis;
use super::backend::Ink;
use super::plot::{EndLabel, Plot, PlotFrame};
use super::sweep::{marker_style, standing_words};
use super::{DataRow, DataTable, Figure, PanelPicture, Scene};
use crate::format::{self, Unit};
use crate::metrics::{Reading, response_quantile};
use crate::record::Scale;
use crate::study::{Group, Point, Series, Standing};
use crate::words::{self, Title};

const NAMED: [(f64, &str); 6] =
    [(0.5, "50%"), (0.75, "75%"), (0.9, "90%"), (0.99, "99%"), (0.999, "99.9%"), (0.9999, "99.99%")];
const STEPS_PER_DECADE: i32 = 8;
const HEIGHT: f64 = 300.0;
const LANE: f64 = 16.0;

pub(super) fn draw(scene: &Scene<'_>) -> Option<Figure> {
    let group = scene.group;
    let load = group.telling_load(1)?;
    let lines: Vec<(&Series<'_>, Spectrum)> =
        group.series.iter().filter_map(|series| Some((series, Spectrum::of(series.at(load)?)))).collect();
    let rate = Unit::PerSecond.show(load);
    let blocks = lines.iter().map(|(_, line)| line.blocks).max().unwrap_or(0);
    let title = words::percentile(group, load).unwrap_or_else(|| {
        Title::of("Response times from the fastest requests to the slowest").and(format!("at {rate}"))
    });
    Some(Figure {
        panels: vec![PanelPicture::unnamed(panel(scene, &lines, &rate))],
        notes: notes(group, &rate, blocks),
        table: table(group, load),
        ..scene.titled(&title, &format!("Response time by percentile: {}", scene.place()))
    })
}

struct Spectrum {
    line: Vec<(f64, Reading)>,
    band: Vec<(f64, f64, f64)>,
    standing: Standing,
    blocks: usize,
}

impl Spectrum {
    fn of(point: &Point<'_>) -> Spectrum {
        let counting = || point.blocks.iter().filter(|pool| pool.counts());
        let (mut line, mut band) = (Vec::new(), Vec::new());
        for step in 1..=4 * STEPS_PER_DECADE {
            let x = 10f64.powf(f64::from(step) / f64::from(STEPS_PER_DECADE));
            let p = 1.0 - 1.0 / x;
            line.push((x, response_quantile(&point.pool, p)));
            let blocks: Option<Vec<f64>> = counting().map(|pool| response_quantile(pool, p).value()).collect();
            let ends =
                blocks.filter(|blocks| blocks.len() > 1).map(|blocks| blocks.into_iter().minmax_by(f64::total_cmp));
            band.extend(ends.and_then(|ends| ends.into_option()).map(|(least, most)| (x, least, most)));
        }
        Spectrum { line, band, standing: point.standing, blocks: counting().count() }
    }
}

fn panel(scene: &Scene<'_>, lines: &[(&Series<'_>, Spectrum)], rate: &str) -> String {
    let values = lines.iter().flat_map(|(_, spectrum)| {
        let line = spectrum.line.iter().filter_map(|(_, reading)| reading.value());
        line.chain(spectrum.band.iter().flat_map(|&(_, lo, hi)| [lo, hi]))
    });
    let values: Vec<f64> = values.collect();
    let y = Axis::over("", Unit::Nanoseconds, scene.picture.y_scale, &values);
    let ticks = NAMED.map(|(p, name)| (1.0 / (1.0 - p), name.to_owned()));
    let mut x = Axis::at("percentile of requests", Scale::Log, ticks.into());
    (x.from, x.to) = (1.2, 10_500.0);
    let beyond: Vec<usize> = lines.iter().filter(|(_, l)| l.goes_beyond()).map(|(s, _)| s.index).collect();
    let over = if beyond.is_empty() { 0.0 } else { beyond.len() as f64 * LANE + 24.0 };
    let right = PlotFrame::room_for(lines.iter().map(|(series, _)| series.name.as_str()));
    let frame = PlotFrame { left: 58.0, top: 30.0 + over, width: 620.0, height: HEIGHT, right, bottom: 46.0 };
    let panel = Plot::new(frame, &x, &y);
    panel.heading("Response time");
    if over > 0.0 {
        panel.canvas.text((58.0, 36.0), "tick", "start", "no correct reply within the timeout");
        panel.line(&[(0.0, 1.0 + 6.0 / HEIGHT), (1.0, 1.0 + 6.0 / HEIGHT)], Ink::Grid);
    }
    let mut ends = Vec::new();
    for (series, spectrum) in lines {
        let lane = beyond.iter().rev().position(|&index| index == series.index).unwrap_or(0) as f64;
        ends.extend(draw_line(&panel, series, spectrum, (&x, &y), 1.0 + LANE * (lane + 1.0) / HEIGHT));
    }
    panel.end_labels(&ends, 1.0 + over / HEIGHT);
    panel.canvas.finish(&format!(
        "Line chart of response time by percentile at {rate} for {}; {}. The numbers are in the table below.",
        format::list(lines.iter().map(|(series, _)| &series.name)),
        scene.place()
    ))
}

impl Spectrum {
    fn goes_beyond(&self) -> bool {
        self.line.iter().any(|(_, reading)| matches!(reading, Reading::Beyond(_)))
    }
}

fn draw_line<'a>(
    panel: &Plot,
    series: &'a Series<'_>,
    spectrum: &Spectrum,
    (x, y): (&Axis, &Axis),
    lane: f64,
) -> Option<EndLabel<'a>> {
    let label = &series.name;
    panel.canvas.open_of(series.index, &format!("k k{}", series.colour), label);
    let lower = spectrum.band.iter().map(|&(at, lo, _)| (x.place(at), y.place(lo)));
    let upper = spectrum.band.iter().rev().map(|&(at, _, hi)| (x.place(at), y.place(hi)));
    panel.surface(&lower.chain(upper).collect::<Vec<_>>(), Ink::Band);
    let place = |reading: &Reading| match reading {
        Reading::Measured(value, _) => Some(y.place(*value)),
        Reading::Beyond(_) => Some(lane),
        Reading::TooFew(_) | Reading::Absent => None,
    };
    let line: Vec<_> = spectrum.line.iter().filter_map(|(at, reading)| Some((x.place(*at), place(reading)?))).collect();
    panel.line(&line, Ink::Line);
    for (at, reading) in spectrum.line.iter().filter(|(at, _)| is_named(*at)) {
        if let Some(height) = place(reading) {
            let (p, value) = ((1.0 - 1.0 / at).to_string(), reading.value().map_or(String::new(), |v| v.to_string()));
            let title = format!("{}: {}", format::share(1.0 - 1.0 / at), reading.show(Unit::Nanoseconds));
            panel.canvas.open(&[("class", "pt"), ("data-x", &p), ("data-y", &value)], &title);
            panel.marker(series.colour, (x.place(*at), height), marker_style(spectrum.standing));
            panel.canvas.close();
        }
    }
    panel.canvas.close();
    Some(EndLabel { series: series.index, colour: series.colour, text: label, at: *line.last()? })
}

/// Whole powers of ten: 90%, 99%, 99.9% and 99.99%.
fn is_named(x: f64) -> bool {
    (x.log10() - x.log10().round()).abs() < 1e-9
}

fn notes(group: &Group<'_>, rate: &str, blocks: usize) -> Vec<String> {
    let mut notes = vec![format!(
        "{rate} is the highest load tried that at least half of the servers kept up with. Each step to the right \
         looks at ten times rarer requests; a line ends where too few samples remain to say more."
    )];
    notes.push(match blocks {
        0 | 1 => "Measured once, so no band shows how far repetitions differ.".into(),
        _ => {
            format!(
                "Measured {blocks} times: the line is of all together, and the band runs from the least to the greatest."
            )
        }
    });
    if group.series.iter().flat_map(|series| &series.points).all(|point| point.standing == Standing::Invalid) {
        notes.push("No measurement of it is valid.".into());
    }
    notes
}

fn table(group: &Group<'_>, load: f64) -> DataTable {
    let columns = ["server".to_owned()].into_iter().chain(NAMED.map(|(_, name)| name.to_owned()));
    let columns = columns.chain(["samples".to_owned(), "state".into()]).collect();
    let rows = group.series.iter().filter_map(|series| {
        let point = series.at(load)?;
        let mut cells = vec![series.name.clone()];
        for (p, _) in NAMED {
            let reading = response_quantile(&point.pool, p);
            let shown = reading.show(Unit::Nanoseconds);
            cells.push(match reading {
                Reading::Measured(..) => {
                    format!("{shown} ({})", reading.remark(Unit::Nanoseconds).unwrap_or_default())
                }
                _ => shown,
            });
        }
        cells.push(format::count(point.pool.scheduled_and_ok().map_or(0, |(scheduled, _)| scheduled)));
        cells.push(standing_words(point.standing).unwrap_or("kept up").into());
        Some(DataRow { contender: series.index, cells })
    });
    DataTable { columns, rows: rows.collect() }
}
