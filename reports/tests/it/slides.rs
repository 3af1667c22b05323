//! The slides of a run: every figure is there, questions come before their pictures, one file, the same every time.

use reports::charts::figures;
use reports::page;
use reports::record::store::Run;
use reports::slides::{DeckChoice, FigureChoice, render, render_chosen};
use reports::study::groups;

use crate::{fixture, fixture_map, fixture_trials};

fn all() -> Vec<(&'static str, Run)> {
    vec![
        ("small", fixture::small()),
        ("whole", fixture::whole()),
        ("trials", fixture_trials::run()),
        ("map", fixture_map::run()),
    ]
}

/// Every figure in place of the talk.
pub(crate) fn with_all_figures(run: &Run) -> String {
    render_chosen(run, &DeckChoice { figures: FigureChoice::All, ..DeckChoice::default() }).unwrap()
}

/// The slides one by one, notes left out.
fn sections(html: &str) -> Vec<&str> {
    html.split("<section ").skip(1).map(|slide| slide.split("</section>").next().unwrap()).collect()
}

#[test]
fn every_figure_of_the_report_is_on_a_slide_with_its_title_and_its_numbers() {
    for (name, run) in all() {
        let (html, report) = (with_all_figures(&run), page::render(&run));
        for figure in figures(&run, &groups(&run)) {
            assert!(report.contains(&format!("<figure id=\"{}\"", figure.id)), "{name}: {}", figure.id);
            let own: Vec<&str> =
                sections(&html).into_iter().filter(|s| s.contains(&format!("data-figure=\"{}\"", figure.id))).collect();
            let drawn: usize = own.iter().map(|slide| slide.matches("<svg xmlns=").count()).sum();
            assert_eq!(drawn, figure.panels.len(), "{name}: {} is drawn whole, and once", figure.id);
            for panel in &figure.panels {
                assert!(own.iter().any(|slide| slide.contains(&panel.svg)), "{name}: a panel of {}", figure.id);
            }
        }
        assert!(html.matches("<summary>The numbers").count() >= figures(&run, &groups(&run)).len(), "{name}");
    }
}

#[test]
fn nothing_before_a_question_gives_its_answer_away() {
    for (name, run) in all() {
        let html = with_all_figures(&run);
        let slides = sections(&html);
        for experiment in &run.manifest.experiments {
            let question =
                slides.iter().position(|s| s.starts_with("class=\"slide question") && s.contains(&experiment.title));
            let question = question.unwrap_or_else(|| panic!("{name}: no question of {}", experiment.name));
            for choice in &experiment.possible_answers {
                assert!(slides[question].contains(&format!("</b> {choice}</li>")), "{name}: {choice}");
            }
            let own = format!("data-figure=\"{}-", experiment.name);
            let first = slides.iter().position(|slide| slide.contains(&own));
            assert!(first.is_some_and(|first| first > question), "{name}: {}", experiment.name);
            assert!(!slides[question].contains("<svg"), "{name}: {}", experiment.name);
        }
        let answers = slides.iter().position(|slide| slide.contains("What this run says")).unwrap();
        let last_picture = slides.iter().rposition(|slide| slide.contains("data-figure=")).unwrap();
        assert!(answers > last_picture, "{name}: the answers come after the last vote");
    }
}

#[test]
fn the_last_slide_says_how_to_run_it_again() {
    let html = with_all_figures(&fixture::small());
    let last = sections(&html).last().unwrap().replace("<span>", "").replace("</span>", "");
    for part in ["Run it yourself", "harness compare --seed 7", "<dd>7 </dd>", "0123abc"] {
        assert!(last.contains(part), "{part}: {last}");
    }
}

#[test]
fn claims_and_verdicts_are_in_words() {
    let html = with_all_figures(&fixture_trials::with_blocks(fixture_trials::run(), 3));
    assert!(html.contains("What people say, put to the test") && html.contains("<dd>True for tasks; not for"));
    let few = with_all_figures(&fixture::small());
    assert!(few.contains("Estimates: no difference here is a verdict"), "two blocks decide nothing");
    let decided = with_all_figures(&fixture::decided());
    assert!(decided.contains("Who differs from whom") && !decided.contains("Estimates: no difference"));
    let cpu = "Different: threaded has 1.61 times thread-pool, 1.57 times rayon-pool, ";
    assert!(decided.contains(cpu) && decided.contains("Equivalent: thread-pool and rayon-pool."));
}

#[test]
fn hostile_records_stay_text() {
    let hostile = "\"><script>window.pwned=1</script>";
    let mut run = fixture_trials::run();
    run.manifest.run = hostile.into();
    run.manifest.argv = vec![hostile.into()];
    run.manifest.machine.cpu_model = hostile.into();
    for experiment in &mut run.manifest.experiments {
        experiment.title = hostile.into();
        experiment.claim = hostile.into();
        experiment.question = hostile.into();
        experiment.possible_answers = vec![hostile.into()];
        experiment.pictures.iter_mut().for_each(|picture| picture.id.push_str(hostile));
        experiment.workloads.iter_mut().for_each(|workload| workload.label = hostile.into());
    }
    for html in [render(&run), with_all_figures(&run)] {
        assert!(!html.contains(hostile) && html.matches("<script").count() == 1);
        assert!(html.contains("window.pwned"), "it is there, as text");
    }
}

#[test]
fn slides_are_one_file_without_network_and_the_same_every_time() {
    for (name, run) in all() {
        let html = with_all_figures(&run);
        assert_eq!(html, with_all_figures(&run), "{name}");
        assert_eq!(render(&run), render(&run), "{name}");
        assert!(html.contains("default-src 'none'") && !html.contains("unsafe-inline"), "{name}");
        assert!(!html.contains(" style=\"") && !html.contains(" src=") && !html.contains("href="), "{name}");
        assert!(html.len() <= 1_500_000, "{name}: {} bytes", html.len());
    }
}

#[test]
fn a_run_that_was_cut_off_has_slides_with_what_it_has() {
    let mut run = fixture::small();
    run.cells.truncate(5);
    assert!(render(&run).contains("How it was measured") && with_all_figures(&run).contains("Run it yourself"));
    run.cells.clear();
    for html in [render(&run), with_all_figures(&run)] {
        assert!(html.contains("Nothing of it has been measured yet."));
    }
    run.manifest.experiments.clear();
    run.manifest.contenders.clear();
    for html in [render(&run), with_all_figures(&run)] {
        assert_eq!(sections(&html).len(), 2, "what was run, and how it was measured");
    }
}
