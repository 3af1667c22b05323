//! What the layout is filled with: plain values in the order of the page, and one point of the run, read aloud.
//!
//! Must not know: tags, styles. Beside it: `page.html.jinja`.

use std::collections::BTreeMap;

use serde::Serialize;

use super::downloads;
use super::environment::{environment, limits, probe};
use super::first_screen::FirstScreen;
use super::tables::{BarredTable, VerdictTable, verdict_tables};
use super::trials::{self, TrialSection};
use super::why::{self, WhyArticle};
use crate::charts::{self, Figure, OtherScale};
use crate::format::{self, Unit, count, share};
use crate::metrics::{METRICS, Reading, metric};
use crate::placement::placement;
use crate::record::store::Run;
use crate::record::{ExperimentRecord, PictureKind, Purpose};
use crate::scorecard::{Scorecard, run_question};
use crate::study::{Group, Standing, colours, groups};
use crate::summary::{self, Statement, Summary};
use crate::words::estimates;
use crate::words::predicted::Predicted;

#[derive(Debug, Serialize)]
pub(super) struct PageContent {
    title: String,
    run: String,
    standfirst: String,
    /// Absent where no two contenders can be held against each other.
    scorecard: Option<FirstScreen>,
    why: Vec<WhyArticle>,
    /// What was expected before the run.
    predicted: Vec<Predicted>,
    questions: Vec<Question>,
    summary: Summary,
    /// Grids of who serves more: the answer in one picture, so they come first.
    maps: Vec<Figure>,
    /// Those of the summary that no section of its own has.
    tables: Vec<BarredTable>,
    verdicts: Vec<VerdictTable>,
    sections: Vec<Section>,
    trials: Vec<TrialSection>,
    legend: Vec<LegendEntry>,
    /// Which experiments are estimates throughout; absent where none is.
    estimates: Option<String>,
    example: Option<String>,
    glossary: Vec<(String, String)>,
    environment: Vec<(String, String)>,
    limits: Vec<[String; 4]>,
    probes: Vec<[String; 5]>,
    contenders: Vec<[String; 4]>,
    csv: String,
    /// The numbers of each figure as a file, by its anchor.
    figures_csv: BTreeMap<String, String>,
    /// Absent where the histograms are too large for a page.
    interval_log: Option<String>,
    /// Drawings that stand in for others when a reader wants the other scale, by the figure's anchor.
    other_scales: BTreeMap<String, OtherScale>,
}

#[derive(Debug, Serialize)]
struct Question {
    experiment: ExperimentRecord,
    answers: Vec<(String, Vec<Statement>)>,
}

#[derive(Debug, Serialize)]
struct Section {
    id: &'static str,
    heading: &'static str,
    introduction: &'static str,
    marks: bool,
    figures: Vec<Figure>,
}

#[derive(Debug, Serialize)]
struct LegendEntry {
    index: usize,
    colour: usize,
    name: String,
    summary: String,
}

impl PageContent {
    pub(super) fn of(run: &Run) -> PageContent {
        let groups = groups(run);
        let summary = summary::of_groups(run, &groups);
        let manifest = &run.manifest;
        let questions = manifest.experiments.iter().filter(|experiment| !experiment.is_made_of_trials());
        let questions = questions
            .map(|experiment| Question { answers: answers(experiment, &summary), experiment: experiment.clone() });
        let card = Scorecard::of_groups(run, &groups).filter(|card| !card.rows.is_empty());
        let why = card.as_ref().map_or_else(Vec::new, |card| why::articles(run, &groups, card));
        let figures = charts::figures(run, &groups);
        let all_figures = figures.iter().chain(why.iter().map(WhyArticle::figure));
        let figures_csv = all_figures.map(|figure| (figure.id.clone(), downloads::figure_csv(&figure.table)));
        let figures_csv = figures_csv.collect();
        let (maps, figures): (Vec<Figure>, Vec<Figure>) =
            figures.into_iter().partition(|figure| figure.kind == PictureKind::Crossover);
        let (of_trials, others): (Vec<Figure>, Vec<Figure>) =
            figures.into_iter().partition(|figure| has_own_section(run, &figure.experiment));
        let legend = manifest.contenders.iter().zip(colours(manifest)).enumerate();
        let legend = legend.filter(|(_, (contender, _))| contender.twin_of.is_none());
        let legend = legend.map(|(index, (contender, colour))| LegendEntry {
            index,
            colour,
            name: contender.name(),
            summary: contender.summary.clone(),
        });
        let contenders = manifest.contenders.iter().map(|contender| {
            let options = contender.options.iter().map(|(key, value)| format!("{key} = {value}"));
            let options = options.collect::<Vec<_>>().join(", ");
            [contender.name(), contender.label.clone(), contender.summary.clone(), options]
        });
        PageContent {
            title: run_question(manifest),
            run: manifest.run.clone(),
            standfirst: standfirst(run),
            scorecard: card.map(|card| FirstScreen::of(run, &groups, &card, &why)),
            why,
            predicted: Predicted::of_all(&run.predictions),
            questions: questions.collect(),
            csv: downloads::summary_csv(&summary.tables),
            figures_csv,
            interval_log: downloads::interval_log(run),
            other_scales: charts::on_other_scale(run, &groups),
            tables: tables(run, &summary),
            verdicts: verdict_tables(&summary.matrices),
            trials: trials::sections(run, &groups, &summary, &of_trials),
            summary,
            maps,
            sections: sections(others),
            legend: legend.collect(),
            estimates: estimates(manifest),
            example: read_aloud(&groups),
            glossary: METRICS.iter().map(|m| (m.label.to_owned(), m.how_to_read.to_owned())).collect(),
            environment: environment(run),
            limits: limits(run),
            probes: run
                .cells
                .iter()
                .filter(|cell| cell.purpose == Purpose::CapacityProbe)
                .map(|cell| probe(run, cell))
                .collect(),
            contenders: contenders.collect(),
        }
    }
}

fn has_own_section(run: &Run, name: &str) -> bool {
    run.manifest.experiments.iter().any(|experiment| experiment.name == name && experiment.is_made_of_trials())
}

fn tables(run: &Run, summary: &Summary) -> Vec<BarredTable> {
    summary.tables.iter().filter(|table| !has_own_section(run, &table.experiment)).map(BarredTable::of).collect()
}

fn answers(experiment: &ExperimentRecord, summary: &Summary) -> Vec<(String, Vec<Statement>)> {
    let of_workload = experiment.workloads.iter().map(|workload| {
        let of_it = summary
            .answers
            .iter()
            .filter(|answer| answer.experiment == experiment.name && answer.workload == workload.key);
        (workload.label.clone(), of_it.cloned().collect())
    });
    of_workload.filter(|(_, answers): &(String, Vec<Statement>)| !answers.is_empty()).collect()
}

fn standfirst(run: &Run) -> String {
    let manifest = &run.manifest;
    let commit = manifest.commit.as_deref().unwrap_or("unknown");
    format!(
        "Run {} of {}, preset {}, {}, commit {commit}. {} The machine: {}, {}, {}, Linux {}.",
        manifest.run,
        manifest.started_at,
        manifest.preset,
        manifest.blocks_in_words(),
        placement(run),
        manifest.machine.cpu_model,
        format::counted(u64::from(manifest.machine.cpus), "CPU"),
        Unit::Bytes.show(manifest.machine.memory_bytes as f64),
        manifest.machine.kernel,
    )
}

/// Anchor, heading and introduction of each section, and whether its figures mark points by how they stand.
const SECTIONS: [(&str, &str, &str, bool); 6] = [
    (
        "load",
        "As the load grows",
        "Requests come when they are due, whether or not the server is ready. To the right they come more often.",
        true,
    ),
    (
        "percentiles",
        "Response time by percentile",
        "A median hides the slowest requests. Here is every request, the rare slow ones to the right.",
        true,
    ),
    (
        "memory",
        "Memory and connections",
        "Resident size shows only a part of what a thread costs; the kernel holds the rest.",
        false,
    ),
    ("time", "Where the time went", "Servers stamp each reply, so a response time can be taken apart.", false),
    (
        "inside",
        "The server from inside",
        "Under load each server tells how things stand inside, and the system how its threads fare.",
        false,
    ),
    (
        "who",
        "Who ran what",
        "A few milliseconds, thread by thread: what a thread per connection is, and what a task is.",
        false,
    ),
];

fn sections(figures: Vec<Figure>) -> Vec<Section> {
    let empty = |(id, heading, introduction, marks)| Section { id, heading, introduction, marks, figures: Vec::new() };
    let mut sections = Vec::from(SECTIONS.map(empty));
    for figure in figures {
        let place = match figure.kind {
            PictureKind::Curve | PictureKind::ProbeOverTime | PictureKind::Bars | PictureKind::Crossover => 0,
            PictureKind::PercentileSpectrum => 1,
            PictureKind::StackedParts => 2,
            PictureKind::TimeSplit => 3,
            PictureKind::Inside => 4,
            PictureKind::Lanes => 5,
        };
        sections[place].figures.push(figure);
    }
    sections.retain(|section| !section.figures.is_empty());
    sections
}

/// Sentences on one sound point with the greatest distance between response and service time, so that the
/// difference between the two can be seen; absent where no point is sound.
pub(super) fn read_aloud(groups: &[Group<'_>]) -> Option<String> {
    let response = metric("response_time_p99")?;
    let service = metric("service_time_p99")?;
    let mut best: Option<(f64, String)> = None;
    for group in groups {
        for series in &group.series {
            for point in series.points.iter().filter(|point| point.standing == Standing::Sound) {
                let readings = (response.of_pool(&point.pool), service.of_pool(&point.pool));
                let (Reading::Measured(response, _), Reading::Measured(service, _)) = readings else { continue };
                if best.as_ref().is_some_and(|(distance, _)| *distance >= response / service) {
                    continue;
                }
                let (scheduled, ok) = point.pool.scheduled_and_ok()?;
                let sentence = format!(
                    "At {} of {}, {} had {} requests scheduled and answered {} of them in time ({}). 99 of 100 \
                     were answered within {} of the moment at which they were due: that is the p99 of the response \
                     time. Counted only from the moment at which they were sent it was {}: that is the service time, \
                     and it leaves out what had to wait before.",
                    Unit::PerSecond.show(point.offered_load_rps),
                    group.workload.label,
                    series.name,
                    count(scheduled),
                    count(ok),
                    share(ok as f64 / scheduled.max(1) as f64),
                    Unit::Nanoseconds.show(response),
                    Unit::Nanoseconds.show(service),
                );
                best = Some((response / service, sentence));
            }
        }
    }
    best.map(|(_, sentence)| sentence)
}
