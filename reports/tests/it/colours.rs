//! The style sheet's colours, computed and not promised: contrast with the paper in both themes, and whether contenders
//! and parts can be told apart by whoever sees fewer colours than others.
//!
//! Contrast is that of WCAG 2.2 (<https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio>). Colour blindness is simulated after
//! Machado, Oliveira and Fernandes 2009, severity 1, in linear RGB; distance is CIE 1976. What is left faint on purpose
//! is not looked at: grids and rules, the dots of single blocks (their range is drawn too), leaders from a line to its
//! name. Beside it: `charts/plot.rs`, whose markers differ.

use std::collections::{BTreeMap, BTreeSet};

use reports::page::render;
use reports::record::store::Run;
use reports::record::{ContenderRecord, DisplayName};

use crate::{fixture, fixture_trials};

const STYLE: &str = include_str!("../../src/page/style.css");

const TEXT: [&str; 5] = ["ink", "soft", "accent", "doubt", "good"];
const CONTENDERS: [&str; 6] = ["k0", "k1", "k2", "k3", "k4", "k5"];
const PARTS: [&str; 4] = ["q0", "q1", "q2", "q3"];

const TEXT_CONTRAST: f64 = 4.5;
const GRAPHICS_CONTRAST: f64 = 3.0;
/// Side by side, a distance of about two can just be seen; these are lines and surfaces apart from each other.
const FAR_ENOUGH: f64 = 10.0;

type Rgb = [f64; 3];
type Matrix = [[f64; 3]; 3];

const USUAL: Matrix = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]];
const PROTANOPIA: Matrix =
    [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]];
const DEUTERANOPIA: Matrix =
    [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]];
const TRITANOPIA: Matrix =
    [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]];
const VISIONS: [(&str, Matrix); 4] =
    [("usual", USUAL), ("protanopia", PROTANOPIA), ("deuteranopia", DEUTERANOPIA), ("tritanopia", TRITANOPIA)];

/// The colours of a theme by name, as linear RGB.
struct Theme {
    name: &'static str,
    colours: BTreeMap<String, Rgb>,
}

fn themes() -> [Theme; 2] {
    let mut roots = STYLE.split(":root{").skip(1).map(|rest| rest.split('}').next().unwrap());
    ["light", "dark"].map(|name| {
        let root = roots.next().unwrap();
        let colours = root.split(';').filter_map(|line| line.trim().strip_prefix("--")?.split_once(':'));
        Theme { name, colours: colours.map(|(name, hex)| (name.to_owned(), linear(hex))).collect() }
    })
}

impl Theme {
    fn get(&self, name: &str) -> Rgb {
        *self.colours.get(name).unwrap_or_else(|| panic!("the {} theme has no {name}", self.name))
    }

    /// A colour as it is where only a share of it covers the paper. Screens mix before the light is linear.
    fn over_paper(&self, name: &str, opacity: f64) -> Rgb {
        let (colour, paper) = (self.get(name), self.get("paper"));
        std::array::from_fn(|i| decoded(encoded(colour[i]) * opacity + encoded(paper[i]) * (1.0 - opacity)))
    }
}

/// `#abc` or `#aabbcc`.
fn linear(hex: &str) -> Rgb {
    let digits: Vec<u32> = hex.trim().strip_prefix('#').unwrap().chars().map(|c| c.to_digit(16).unwrap()).collect();
    std::array::from_fn(|i| {
        let value = if digits.len() == 3 { digits[i] * 17 } else { digits[2 * i] * 16 + digits[2 * i + 1] };
        decoded(f64::from(value) / 255.0)
    })
}

fn decoded(value: f64) -> f64 {
    if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
}

fn encoded(value: f64) -> f64 {
    if value <= 0.0031308 { value * 12.92 } else { 1.055 * value.powf(1.0 / 2.4) - 0.055 }
}

fn contrast(one: Rgb, other: Rgb) -> f64 {
    let luminance = |[r, g, b]: Rgb| 0.2126 * r + 0.7152 * g + 0.0722 * b;
    let (one, other) = (luminance(one), luminance(other));
    (one.max(other) + 0.05) / (one.min(other) + 0.05)
}

fn seen(colour: Rgb, vision: &Matrix) -> Rgb {
    vision.map(|row| row.iter().zip(colour).map(|(share, value)| share * value).sum::<f64>().clamp(0.0, 1.0))
}

fn distance(one: Rgb, other: Rgb) -> f64 {
    let (one, other) = (lab(one), lab(other));
    one.iter().zip(other).map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt()
}

/// CIE L*a*b* under D65.
fn lab([r, g, b]: Rgb) -> [f64; 3] {
    let x = (0.4124564 * r + 0.3575761 * g + 0.1804375 * b) / 0.95047;
    let y = 0.2126729 * r + 0.7151522 * g + 0.0721750 * b;
    let z = (0.0193339 * r + 0.1191920 * g + 0.9503041 * b) / 1.08883;
    let root = |t: f64| if t > 216.0 / 24_389.0 { t.cbrt() } else { (24_389.0 / 27.0 * t + 16.0) / 116.0 };
    [116.0 * root(y) - 16.0, 500.0 * (root(x) - root(y)), 200.0 * (root(y) - root(z))]
}

/// What a rule of the style sheet says of a property.
fn declared<'a>(selector: &str, property: &str) -> Option<&'a str> {
    let rule = STYLE.split(['}', '\n']).find_map(|rule| rule.trim().strip_prefix(selector)?.strip_prefix('{'))?;
    rule.split(';').find_map(|line| line.split_once(':').filter(|(name, _)| *name == property)).map(|(_, value)| value)
}

#[test]
fn the_arithmetic_is_that_of_the_standards() {
    let [black, white, grey] = ["#000", "#ffffff", "#777777"].map(linear);
    assert!((contrast(black, white) - 21.0).abs() < 1e-9);
    assert!((contrast(grey, white) - 4.48).abs() < 0.005, "the grey that is known to be just too light");
    assert!(lab(white).iter().zip([100.0, 0.0, 0.0]).all(|(found, known)| (found - known).abs() < 0.02));
    let [red, green] = ["#d00000", "#6b7a00"].map(linear);
    assert!(distance(red, green) > 80.0 && distance(seen(red, &DEUTERANOPIA), seen(green, &DEUTERANOPIA)) < 35.0);
}

#[test]
fn text_and_graphics_stand_out_from_the_paper() {
    for theme in themes() {
        let paper = theme.get("paper");
        let least = |names: &[&str], least: f64| {
            for name in names {
                let found = contrast(theme.get(name), paper);
                assert!(found >= least, "{}: {name} has a contrast of {found:.2}, not {least}", theme.name);
            }
        };
        least(&TEXT, TEXT_CONTRAST);
        least(&CONTENDERS, GRAPHICS_CONTRAST);
        least(&PARTS, GRAPHICS_CONTRAST);
    }
}

#[test]
fn no_colour_is_left_out_of_the_check() {
    let faint = ["paper", "rule", "grid"];
    for theme in themes() {
        for name in theme.colours.keys().map(String::as_str) {
            let known = [&faint[..], &TEXT, &CONTENDERS, &PARTS].concat();
            assert!(known.contains(&name), "{}: is {name} text, graphics, or faint on purpose?", theme.name);
        }
    }
}

#[test]
fn what_is_switched_off_can_still_be_read() {
    let opacity = declared(".legend button[aria-pressed=false]", "opacity").unwrap().parse().unwrap();
    for theme in themes() {
        let found = contrast(theme.over_paper("ink", opacity), theme.get("paper"));
        assert!(found >= TEXT_CONTRAST, "{}: {found:.2}", theme.name);
    }
}

#[test]
fn intervals_are_as_visible_as_their_points() {
    assert_eq!(declared(".whisker", "opacity"), None);
    assert!(STYLE.contains(".whisker,"), "the rule that gives it its stroke");
}

#[test]
fn contenders_and_parts_keep_apart_however_one_sees_colours() {
    for theme in themes() {
        for (vision, matrix) in VISIONS {
            for names in [&CONTENDERS[..], &PARTS[..]] {
                for (index, one) in names.iter().enumerate() {
                    for other in &names[..index] {
                        let found = distance(seen(theme.get(one), &matrix), seen(theme.get(other), &matrix));
                        let place = format!("{}, {vision}: {one} and {other}", theme.name);
                        assert!(found >= FAR_ENOUGH, "{place} are {found:.1} apart");
                    }
                }
            }
        }
    }
}

#[test]
fn contenders_differ_by_their_dash_too() {
    let dash = |name: &&str| declared(&format!(".{name} .line"), "stroke-dasharray");
    let dashes: Vec<Option<&str>> = CONTENDERS.iter().map(dash).collect();
    for (index, one) in dashes.iter().enumerate() {
        assert!(!dashes[..index].contains(one), "{} has the dash of another, {one:?}", CONTENDERS[index]);
    }
    assert_eq!(dashes.iter().filter(|dash| dash.is_none()).count(), 1, "one line is solid");
}

/// Labels and the colours that a page's legend gives them.
fn legend(run: &Run) -> BTreeMap<String, String> {
    let page = render(run);
    let entries = page.split("<button type=\"button\" data-toggle=\"").skip(1).map(|entry| {
        let (_, colour) = entry.split_once("class=\"k k").unwrap();
        let (_, label) = entry.split_once("</svg>").unwrap();
        (label.split('<').next().unwrap().to_owned(), colour.split('"').next().unwrap().to_owned())
    });
    entries.collect()
}

#[test]
fn a_contender_that_has_a_colour_has_it_in_every_run() {
    let mut run = fixture::whole();
    for (contender, colour) in run.manifest.contenders.iter_mut().zip([0, 2, 1, 3, 4, 5]) {
        let label = contender.label.clone();
        contender.display = Some(DisplayName { name: label.clone(), short: label, colour: Some(colour) });
    }
    let all = legend(&run);
    assert_eq!(all.values().collect::<BTreeSet<_>>().len(), all.len());
    let mut few = run.clone();
    few.manifest.contenders.reverse();
    few.manifest.contenders.truncate(3);
    few.manifest.protagonists = Some([0, 2].map(|place| few.manifest.contenders[place].label.clone()));
    for (label, colour) in legend(&few) {
        assert_eq!(all[&label], colour, "{label}");
    }
    // Where another beside it has its colour, it takes another.
    run.manifest.contenders[1].display.as_mut().unwrap().colour = Some(0);
    let all = legend(&run);
    assert_eq!(all.values().collect::<BTreeSet<_>>().len(), all.len());
}

#[test]
fn contenders_that_meet_in_a_figure_have_colours_of_their_own() {
    let mut run = fixture_trials::run();
    // More than there are colours, of which the experiments have few each.
    let labels: Vec<String> = (0..9).map(|number| format!("contender-{number}")).collect();
    let contender = run.manifest.contenders[0].clone();
    run.manifest.contenders =
        labels.iter().map(|label| ContenderRecord { label: label.clone(), ..contender.clone() }).collect();
    let of = |numbers: &[usize]| numbers.iter().map(|number| labels[*number].clone()).collect::<Vec<_>>();
    let casts = [of(&[0, 1, 2, 3, 4, 5]), of(&[1, 4, 6, 7])];
    let mut experiment = run.manifest.experiments[0].clone();
    run.manifest.experiments = casts
        .iter()
        .map(|contenders| {
            experiment.contenders = contenders.clone();
            experiment.clone()
        })
        .collect();
    let page = render(&run);
    let colour = |number: usize| {
        let (_, button) = page.split_once(&format!("data-toggle=\"{number}\"")).unwrap();
        let (_, colour) = button.split_once("class=\"k k").unwrap();
        colour.chars().next().unwrap()
    };
    for cast in [&[0, 1, 2, 3, 4, 5][..], &[1, 4, 6, 7]] {
        let mut colours: Vec<char> = cast.iter().map(|number| colour(*number)).collect();
        colours.sort_unstable();
        colours.dedup();
        assert_eq!(colours.len(), cast.len(), "{colours:?}");
    }
}
