//! The talk on a run: at most fifteen slides, each vote with its reveal, in the order in which a speaker tells it.

use reports::record::store::Run;
use reports::record::{Demand, Timeline};
use reports::scorecard::Scorecard;
use reports::slides::{DeckChoice, FigureChoice, UnknownChoice, render, render_chosen};

use crate::why::sample;
use crate::{fixture, fixture_map, fixture_trials, lanes};

const MOST: usize = 15;

/// The sample with a traced window of either protagonist.
pub(crate) fn traced_sample() -> Run {
    let mut run = sample();
    let demand = Some(Demand::Waiting { for_ns: 5_000_000 });
    let two = run.manifest.protagonists.clone().unwrap();
    let windows = lanes::traced().timelines.into_iter().zip(two);
    run.timelines = windows.map(|(window, contender)| Timeline { contender, demand, ..window }).collect();
    run
}

/// Class and markup of each slide.
fn slides(html: &str) -> Vec<(&str, &str)> {
    let slides = html.split("<section class=\"slide ").skip(1).map(|rest| rest.split("</section>").next().unwrap());
    slides.map(|slide| slide.split_once('"').unwrap()).collect()
}

fn place(slides: &[(&str, &str)], what: &str) -> usize {
    slides.iter().position(|(_, slide)| slide.contains(what)).unwrap_or_else(|| panic!("no slide has {what}"))
}

#[test]
fn the_sample_is_told_in_at_most_fifteen_slides() {
    for run in [sample(), traced_sample()] {
        let html = render(&run);
        let slides = slides(&html);
        assert!((8..=MOST).contains(&slides.len()), "{} slides", slides.len());
        let decided = Scorecard::of(&run).unwrap().decided();
        assert_eq!(slides.iter().filter(|(class, _)| *class == "vote").count(), decided);
    }
}

#[test]
fn no_run_takes_more_than_fifteen() {
    let mut many = fixture_trials::run();
    let experiments = many.manifest.experiments.clone();
    many.manifest.experiments = (0..30)
        .map(|number| {
            let mut experiment = experiments[number % experiments.len()].clone();
            experiment.name = format!("{}-{number}", experiment.name);
            experiment
        })
        .collect();
    for run in [fixture::small(), fixture::whole(), fixture_trials::run(), fixture_map::run(), many] {
        let html = render(&run);
        assert!(slides(&html).len() <= MOST, "{}", slides(&html).len());
        assert_eq!(slides(&html).last().unwrap().0, "end");
    }
}

#[test]
fn it_goes_from_the_question_over_votes_to_monday() {
    let html = render(&traced_sample());
    let slides = slides(&html);
    let order = [
        "tokio or OS threads?",
        "who-ran-what",
        "why-memory",
        "why-cpu",
        "why-waiting",
        "The answer",
        "on Monday",
        "How it was measured",
    ];
    let places: Vec<usize> = order.iter().map(|what| place(&slides, what)).collect();
    assert!(places.is_sorted(), "{places:?}");
    assert_eq!((places[0], places[1], *places.last().unwrap()), (0, 1, slides.len() - 1));
}

#[test]
fn nothing_before_its_vote_gives_an_answer_away() {
    let run = sample();
    let html = render(&run);
    let slides = slides(&html);
    let card = Scorecard::of(&run).unwrap();
    for row in &card.rows {
        let said = reports::words::scorecard::verdict(row, card.shorts());
        let is_decided = said != "cannot tell" && said != "alike";
        assert!(!is_decided || !slides[0].1.contains(&said), "{said}");
    }
    for (_, slide) in slides.iter().filter(|(class, _)| *class == "vote") {
        let (before, after) = slide.split_once("<div class=\"reveal\"").unwrap();
        assert!(!before.contains("<svg") && after.contains("class=\"answer") && after.contains("<svg xmlns="));
        assert!(before.contains("class=\"right\""), "the right answer is marked, and shown with the reveal");
        assert_eq!(after.matches("class=\"why\"").count(), 2, "who waited for what");
    }
}

#[test]
fn a_speaker_chooses_figures_and_contenders() {
    let run = sample();
    let chosen = |figures: &[&str], contenders: &[&str]| {
        let figures = FigureChoice::Named(figures.iter().map(|name| (*name).to_owned()).collect());
        let contenders = contenders.iter().map(|label| (*label).to_owned()).collect();
        render_chosen(&run, &DeckChoice { figures, contenders })
    };
    let html = chosen(&["memory-memory-by-part"], &["threaded", "async-multi"]).unwrap();
    let slides = slides(&html);
    let figure = place(&slides, "data-figure=\"memory-memory-by-part\"");
    assert!(figure < place(&slides, "The answer") && figure > place(&slides, "why-memory"));
    assert!(!slides[figure].1.contains("rayon") && slides[figure].1.contains("<h3>threads</h3>"));
    let Err(UnknownChoice::Figure { known, .. }) = chosen(&["nonsense"], &[]) else { panic!("it was taken") };
    assert!(known.contains(&"memory-memory-by-part".to_owned()));
    let refused = chosen(&[], &["nobody"]).unwrap_err().to_string();
    assert!(refused.starts_with("nobody took no part in this run") && refused.contains("threaded"), "{refused}");
}
