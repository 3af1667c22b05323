//! The page in a real browser: nothing fails, nothing is fetched, nothing hostile runs, nothing overlaps.
//!
//! Where no chromium is installed the tests say that they skipped; with `CI` in the environment they fail instead.
//! Beside it: `devtools.rs`, which talks to the browser.

use reports::page::render;
use reports::record::store::Run;
use reports::record::{FailedPart, Outcome, Warning};
use serde_json::{Value, json};

use crate::devtools::{Browser, Tab};
use crate::talk::traced_sample;
use crate::{fixture, fixture_map, fixture_trials, lanes, objectives};

const HOSTILE: [&str; 3] = [
    "<script>window.pwned=1</script>",
    "\"><img src=x onerror=window.pwned=1>",
    "'\"&</text></svg></script ><svg onload=window.pwned=1>{{ 7*7 }}",
];

/// The run with every free text hostile.
fn hostile(mut run: Run) -> Run {
    let names: Vec<String> = run.manifest.contenders.iter().map(|contender| contender.label.clone()).collect();
    for (contender, text) in run.manifest.contenders.iter_mut().zip(HOSTILE) {
        contender.label = text.into();
        contender.summary = text.into();
    }
    for cell in &mut run.cells {
        let index = names.iter().position(|name| *name == cell.contender).unwrap();
        cell.contender = HOSTILE[index % 3].into();
        if let Some(disturbance) = &mut cell.disturbance {
            disturbance.name = HOSTILE[2].into();
            cell.bounds.iter_mut().for_each(|bound| bound.enforced_by = HOSTILE[1].into());
            cell.server.died_at_ns = Some(disturbance.until_ns);
            cell.warnings.push(Warning::ServerDied { how: HOSTILE[0].into() });
            cell.outcome =
                Outcome::Failed { part: FailedPart::Server, reason: HOSTILE[1].into(), stderr: HOSTILE[2].into() };
        }
        cell.warnings.push(Warning::MachineLimit {
            limit: HOSTILE[0].into(),
            consequence: HOSTILE[1].into(),
            remedy: HOSTILE[2].into(),
        });
    }
    run.manifest.run = HOSTILE[0].into();
    run.manifest.argv = HOSTILE.map(str::to_owned).into();
    run.manifest.machine.cpu_model = HOSTILE[1].into();
    for experiment in &mut run.manifest.experiments {
        experiment.title = HOSTILE[0].into();
        experiment.claim = HOSTILE[1].into();
        experiment.question = HOSTILE[2].into();
        experiment.conditions = HOSTILE.map(str::to_owned).into();
        experiment.possible_answers = HOSTILE.map(str::to_owned).into();
        experiment.contenders.clear();
        experiment.pictures.iter_mut().for_each(|picture| {
            picture.id.push_str(HOSTILE[1]);
            picture.x_label = Some(HOSTILE[0].into());
        });
        experiment.workloads.iter_mut().for_each(|workload| workload.label = HOSTILE[2].into());
    }
    run
}

/// Opens a page in each of these widths, sees that it fits in both themes, and lets a check look at it there.
pub(crate) fn in_both_themes(browser: &mut Browser, page: &str, widths: &[u32], check: impl Fn(&mut Tab<'_>, &str)) {
    for width in widths {
        let mut tab = browser.open(page, *width, "light");
        for theme in ["light", "dark"] {
            tab.prefer(theme);
            let view = format!("{width} px, {theme}");
            assert_eq!(tab.evaluate(OVERFLOW), json!([]), "wider than the window at {view}");
            assert_eq!(tab.evaluate(OVERLAPS), json!([]), "texts overlap at {view}");
            check(&mut tab, &view);
            tab.assert_quiet();
        }
    }
}

/// The same of a run's report, in every width.
fn in_all_views(run: &Run, check: impl Fn(&mut Tab<'_>, &str)) {
    let Some(mut browser) = Browser::start() else { return };
    in_both_themes(&mut browser, &render(run), &[360, 768, 1280], check);
}

/// Goes to another hash, and waits until the page has heard of it.
pub(crate) fn go_to(tab: &mut Tab<'_>, hash: &str) {
    tab.evaluate(&format!(
        "(() => {{ const heard = new Promise((done) => addEventListener('hashchange', () => done()));
            location.hash = '{hash}'; return heard; }})()"
    ));
}

#[test]
fn the_page_is_quiet_fits_and_its_texts_keep_apart() {
    in_all_views(&fixture::whole(), |tab, view| {
        assert_eq!(tab.evaluate("document.querySelectorAll('figure').length"), json!(9));
        let links = "document.querySelectorAll('.panel .get a').length / document.querySelectorAll('.draw svg').length";
        assert_eq!(tab.evaluate(links), json!(2), "every drawing can be saved, with dots and with lines");
        let shown = tab.evaluate("document.querySelector('.draw svg[role=img]').getBoundingClientRect().height > 100");
        assert_eq!(shown, json!(true), "{view}");
    });
}

#[test]
fn hostile_records_stay_text() {
    in_all_views(&hostile(fixture::small()), |tab, view| {
        let first = tab.evaluate("document.querySelector('#summary tbody th').textContent");
        assert_eq!(first, json!(HOSTILE[0]));
        stays_text(tab, view);
    });
    in_all_views(&hostile(fixture_trials::run()), stays_text);
}

fn stays_text(tab: &mut Tab<'_>, view: &str) {
    assert_eq!(tab.evaluate("window.pwned === undefined"), json!(true), "{view}");
    assert_eq!(tab.evaluate("document.querySelectorAll('img, svg[onload], main script').length"), json!(0));
    assert_eq!(tab.evaluate("document.querySelectorAll('script').length"), json!(2));
    let saved = tab.evaluate("JSON.parse(document.getElementById('records').textContent).manifest.run");
    assert_eq!(saved, json!(HOSTILE[0]));
}

#[test]
fn the_map_fits_in_every_view_and_its_squares_are_told_apart_by_their_colours() {
    in_all_views(&fixture_map::run(), |tab, view| {
        let colours = "new Set([...document.querySelectorAll('#map rect')].map((e) => getComputedStyle(e).fill)).size";
        assert_eq!(tab.evaluate(colours), json!(3), "two contenders and neither at {view}");
    });
}

#[test]
fn every_kind_of_figure_fits_and_its_texts_keep_apart_with_many_contenders_too() {
    for (run, figure) in [
        (fixture::crowded(), "latency-curve-response-sleep-5ms"),
        (lanes::traced(), "who-ran-what-1"),
        (objectives::searched(50), "latency-curve-response-sleep-5ms"),
    ] {
        in_all_views(&run, |tab, view| {
            let drawn = format!("document.querySelectorAll('#{figure} .draw svg text').length > 5");
            assert_eq!(tab.evaluate(&drawn), json!(true), "{figure} at {view}");
        });
    }
}

#[test]
fn the_reasons_fit_in_every_view_and_their_texts_keep_apart() {
    in_all_views(&traced_sample(), |tab, view| {
        assert_eq!(tab.evaluate("document.querySelectorAll('article.why>figure').length"), json!(5), "{view}");
        // Recorded moments are stepped through by keys, one at a time, without a script.
        let shown = "JSON.stringify([...document.querySelectorAll('.moments')].map((one) => \
                     [...one.querySelectorAll('.step')].findIndex((step) => step.getClientRects().length)))";
        assert_eq!(tab.evaluate(shown), json!("[0,0]"), "{view}");
        tab.evaluate("document.querySelector('.moments input').focus()");
        tab.press("ArrowRight");
        assert_eq!(tab.evaluate(shown), json!("[1,0]"), "{view}");
        tab.press("ArrowLeft");
    });
    // Where there is room the contents stand beside the text.
    let Some(mut browser) = Browser::start() else { return };
    let mut tab = browser.open(&render(&traced_sample()), 1600, "light");
    let beside = "document.querySelector('.report>nav').getBoundingClientRect().right <= \
                  document.querySelector('main').getBoundingClientRect().left";
    assert_eq!(tab.evaluate(beside), json!(true));
    tab.assert_quiet();
}

#[test]
fn trials_fit_in_every_view_and_their_texts_keep_apart() {
    in_all_views(&fixture_trials::run(), |tab, view| {
        let nodes =
            "Math.max(...[...document.querySelectorAll('.draw svg')].map((svg) => svg.querySelectorAll('*').length))";
        assert!(tab.evaluate(nodes).as_u64().unwrap() < 300, "a picture of a probe stays light");
        let seen = "[...document.querySelectorAll('.pin, .warn path')].filter((e) => e.getBoundingClientRect().width > 0).length";
        assert!(tab.evaluate(seen).as_u64().unwrap() >= 6, "dots and failures are drawn at {view}");
    });
}

#[test]
fn the_themes_differ_and_lines_can_be_seen_in_both() {
    let seen = std::cell::RefCell::new(Vec::new());
    in_all_views(&fixture::small(), |tab, view| {
        let contrasts = tab.evaluate(CONTRASTS);
        for contrast in contrasts.as_array().unwrap() {
            assert!(contrast.as_f64().unwrap() >= 3.0, "{view}: {contrasts}");
        }
        seen.borrow_mut().push(tab.evaluate("getComputedStyle(document.body).backgroundColor"));
    });
    let seen = seen.into_inner();
    assert!(seen.chunks(2).all(|pair| pair[0] != pair[1]), "{seen:?}");
}

#[test]
fn the_legend_hides_a_contender_everywhere_and_the_link_remembers() {
    let Some(mut browser) = Browser::start() else { return };
    let page = render(&fixture::small());
    let mut tab = browser.open(&page, 1280, "light");
    let visible = "[...document.querySelectorAll('[data-c=\"1\"]')].filter((e) => e.getClientRects().length).length";
    let others = "[...document.querySelectorAll('[data-c=\"0\"]')].filter((e) => e.getClientRects().length).length";
    let before = tab.evaluate(others);
    assert!(tab.evaluate(visible).as_u64().unwrap() > 10);
    tab.evaluate("document.querySelector('[data-toggle=\"1\"]').click()");
    assert_eq!(tab.evaluate(visible), json!(0));
    assert_eq!(tab.evaluate(others), before);
    assert_eq!(tab.evaluate("location.hash"), json!("#hide=1"));
    assert_eq!(tab.evaluate("document.querySelector('[data-toggle=\"1\"]').ariaPressed"), json!("false"));
    go_to(&mut tab, "#memory&hide=0,1");
    assert_eq!(tab.evaluate(others), json!(0));
    tab.evaluate("document.querySelectorAll('[data-toggle=\"0\"], [data-toggle=\"1\"]').forEach((b) => b.click())");
    assert_eq!(tab.evaluate(others), before);
    assert_eq!(tab.evaluate("location.hash"), json!("#memory"));
    tab.assert_quiet();
}

#[test]
fn tables_sort_by_the_number_and_keep_what_is_not_there_last() {
    let Some(mut browser) = Browser::start() else { return };
    let mut tab = browser.open(&render(&fixture::small()), 1280, "light");
    let press = "document.querySelectorAll('#summary thead th')[1].querySelector('button').click()";
    let column = "[...document.querySelectorAll('#summary tbody')][0].innerText.match(/[\\d,]+\\/s/g)";
    tab.evaluate(press);
    assert_eq!(tab.evaluate(column), json!(["60/s", "8,000/s", "8,000/s"]));
    tab.evaluate(press);
    assert_eq!(tab.evaluate(column), json!(["8,000/s", "8,000/s", "60/s"]));
    let sorted = tab.evaluate("document.querySelectorAll('#summary th[aria-sort=descending]').length");
    assert_eq!(sorted, json!(1));
    tab.assert_quiet();
}

#[test]
fn the_page_is_complete_without_scripts() {
    let Some(mut browser) = Browser::start() else { return };
    let page = render(&fixture::small());
    let silent = page.replacen("<script>", "<script type=\"text/plain\">", 1);
    assert_ne!(page, silent);
    let mut tab = browser.open(&silent, 1280, "light");
    let text: Value = tab.evaluate("document.querySelector('main').innerText");
    for part in ["Answers", "too few samples", "Method and environment", "Could serve only 1 of 10,000"] {
        assert!(text.as_str().unwrap().contains(part), "{part}");
    }
    let link = tab.evaluate("decodeURIComponent(document.querySelector('a[download=\"summary.csv\"]').href)");
    assert!(link.as_str().unwrap().contains("latency-curve,sleep-5ms,sequential,kept up with,60,60/s,"), "{link}");
}

/// Elements that stick out of the window, other than those inside a box that scrolls.
pub(crate) const OVERFLOW: &str = "(() => {
  const wide = document.documentElement.scrollWidth > innerWidth ? ['page ' + document.documentElement.scrollWidth] : [];
  const out = [...document.querySelectorAll('body *')].filter((e) => !e.closest('.scroll, .draw') &&
    e.getClientRects().length && e.getBoundingClientRect().right > innerWidth + 1);
  return wide.concat(out.map((e) => e.tagName + '.' + e.className));
})()";

/// Pairs of texts of one picture that lie on each other.
pub(crate) const OVERLAPS: &str = "(() => {
  const found = [];
  for (const svg of document.querySelectorAll('svg[role=img]')) {
    const texts = [...svg.querySelectorAll('text')].map((t) => [t.textContent, t.getBoundingClientRect()]);
    const frame = svg.getBoundingClientRect();
    for (const [text, box] of texts) {
      if (box.left < frame.left - 1 || box.right > frame.right + 1) found.push([text, 'outside']);
    }
    texts.forEach(([a, p], i) => texts.slice(i + 1).forEach(([b, q]) => {
      const slack = 1.5;
      if (p.left < q.right - slack && q.left < p.right - slack && p.top < q.bottom - slack * 1.5 &&
        q.top < p.bottom - slack * 1.5) found.push([a, b]);
    }));
  }
  return found;
})()";

/// Contrast of each contender's and each part's colour with the paper.
const CONTRASTS: &str = "(() => {
  const light = (css) => css.match(/[\\d.]+/g).slice(0, 3).map((v) => v / 255)
    .map((v) => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const paper = light(getComputedStyle(document.body).backgroundColor);
  return ['k0', 'k1', 'k2', 'k3', 'k4', 'k5', 'q0', 'q2', 'q3'].map((name) => {
    const probe = document.createElement('span');
    probe.className = name;
    document.body.append(probe);
    const ink = light(getComputedStyle(probe).color);
    probe.remove();
    return (Math.max(ink, paper) + 0.05) / (Math.min(ink, paper) + 0.05);
  });
})()";
