//! The handout: one sheet for each learner, on its two sides the questions with room for predictions, and the scorecard with
//! commands to take home. Written from the lessons; `workshop.rs` holds the file to it.

use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

use harness::workshop::LESSONS;
use harness::workshop::lesson::Lesson;
use reports::scorecard::Topic;
use reports::words::scorecard::bare_question;
use tempfile::TempDir;

use crate::common::home::{Ended, harness};
use crate::common::root;
use crate::devtools::Chromium;

/// A row each, of any load: none is printed.
fn topics() -> [Topic; 8] {
    [
        Topic::MemoryPerConnection,
        Topic::CpuPerRequest { load: 1.0, connections: None },
        Topic::Waiting { for_ns: 5_000_000, at_backend: true, offered: None },
        Topic::FewClients { load: 1.0, waits_ns: None },
        Topic::TailUnderLoad { load: Some(1.0) },
        Topic::HeldUp { blocking: 1, for_ns: 1 },
        Topic::Held { what: "idle connections".into(), memory_bytes: None },
        Topic::Computation { at: String::new() },
    ]
}

const COMMANDS: [(&str, &str); 6] = [
    ("cargo run --release -- compare", "the scorecard of your machine, in 90 seconds"),
    ("cargo run --release -- lesson", "the lessons, to do again"),
    ("cargo run --release -- doctor", "whether your machine is fit to measure"),
    ("cargo run --release -- check --server './mine {port}'", "whether a server of yours keeps to the protocol"),
    ("cargo run --release -- compare --server mine='./mine {port}' --models threaded,async-multi", "yours beside ours"),
    ("docs/workshop/exercises/check", "seven servers with a fault each, to mend"),
];

const STYLE: &str = "@page{size:A4;margin:14mm}\
*{box-sizing:border-box}\
body{font:9.8pt/1.32 system-ui,sans-serif;color:#000;background:#fff;max-width:182mm;margin:1rem auto;padding:0 .5rem}\
h1{font-size:15pt;margin:0 0 2mm}h2{font-size:10.5pt;margin:3.4mm 0 .8mm}p,ol,ul{margin:0 0 1.2mm}\
section+section{break-before:page;margin-top:10mm}article{break-inside:avoid}\
ul{list-style:none;padding:0}.answers li{padding-left:6mm;text-indent:-6mm}\
.box{display:inline-block;width:3.2mm;height:3.2mm;border:.3mm solid;margin:0 1.4mm 0 1.4mm;text-indent:0}\
.answers{columns:2;column-gap:6mm}.answers li{break-inside:avoid}\
.sure{display:flex;gap:2mm}.line{flex:1;border-bottom:.3mm solid}.short{flex:none;width:8mm}\
table{border-collapse:collapse;width:100%}th,td{border:.25mm solid #666;padding:1.6mm 2mm;text-align:left}\
th:first-child{width:48%}tbody th{font-weight:normal}td{height:9mm}code{font-size:8.6pt}dt{margin-top:1.4mm}dd{margin:0 0 0 6mm}\
@media print{body{margin:0;padding:0;max-width:none}section+section{margin-top:0}}";

/// The whole file.
pub(crate) fn page() -> String {
    let core = LESSONS.iter().filter(|lesson| lesson.is_core);
    let questions: String = core.enumerate().map(|(at, lesson)| question(at + 1, lesson)).collect();
    let rows: String = topics()
        .iter()
        .map(|topic| format!("<tr><th scope=\"row\">{}</th><td></td><td></td><td></td></tr>\n", bare_question(topic)))
        .collect();
    let mut commands = String::new();
    for (command, what) in COMMANDS {
        _ = writeln!(commands, "<dt><code>{command}</code></dt><dd>{what}</dd>");
    }
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>tokio or OS threads? A handout</title>\n\
         <style>{STYLE}</style>\n</head>\n<body>\n<main>\n<section>\n<h1>What do you expect?</h1>\n\
         <p>Choose an answer before each run, and say how sure you are. Whoever says first what they expect learns more from what \
         comes out, whether they were right or not.</p>\n{questions}</section>\n<section>\n<h1>Threads or tokio?</h1>\n\
         <p>First write down who you think is better, and how many times. Then run <code>compare</code>, and write what came out \
         on your machine.</p>\n<table>\n<thead><tr><th scope=\"col\">What people want to know</th><th scope=\"col\">I expect</th>\
         <th scope=\"col\">Threads / tokio, here</th><th scope=\"col\">Verdict</th></tr></thead>\n<tbody>\n{rows}</tbody>\n</table>\n\
         <h2>To take home</h2>\n<p>In a clone of the repository, on Linux:</p>\n<dl>\n{commands}</dl>\n\
         <h2>In four weeks</h2>\n<p>Take a clean handout, answer all of it again, and only then look at this one. Which answer had \
         you forgotten?</p>\n</section>\n</main>\n</body>\n</html>\n"
    )
}

fn question(number: usize, lesson: &Lesson) -> String {
    let story = lesson.story;
    let mut question =
        format!("<article>\n<h2>{number}. {}</h2>\n<p>{}</p>\n<ul class=\"answers\">\n", story.title, story.question);
    for (at, answer) in story.possible_answers.iter().enumerate() {
        let letter = char::from(b'A' + u8::try_from(at).unwrap());
        _ = writeln!(question, "<li><span class=\"box\"></span>{letter}. {answer}</li>");
    }
    let box_of = |sure: &str| format!("<span class=\"box\"></span>{sure}");
    let sure = ["a guess", "more than a guess", "I would bet on it"].map(box_of).concat();
    question
        + &format!(
            "</ul>\n<p class=\"sure\"><span>Sure: {sure}</span> <span>After talking:</span> \
         <span class=\"line short\"></span> <span>Here it was:</span> <span class=\"line\"></span></p>\n</article>\n"
        )
}

#[test]
fn commands_to_take_home_are_there() {
    for (command, _) in COMMANDS {
        let Some(words) = command.strip_prefix("cargo run --release -- ") else {
            assert!(root().join(command).exists(), "{command} is not there");
            continue;
        };
        let subcommand = words.split(' ').next().unwrap();
        let help = Ended::of(&mut harness(&[subcommand, "--help"])).stdout;
        assert!(help.contains(&format!("Usage: harness {subcommand} ")), "there is no {subcommand}");
        let options = words.split(' ').filter(|word| word.starts_with("--"));
        options.for_each(|option| assert!(help.contains(option), "{subcommand} has no {option}"));
    }
}

/// One sheet has two sides.
#[test]
fn the_handout_prints_on_two_pages() {
    let Some(browser) = Chromium::program() else { return };
    let folder = TempDir::new().unwrap();
    let printed = folder.path().join("handout.pdf");
    let option = |name: &str, path: &Path| format!("--{name}={}", path.display());
    let output = Command::new(browser)
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"])
        .args([option("user-data-dir", &folder.path().join("profile")), option("print-to-pdf", &printed)])
        .arg(format!("file://{}", root().join("docs/workshop/handout.html").display()))
        .env("HOME", folder.path())
        .output()
        .unwrap();
    let pdf =
        std::fs::read(&printed).unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&output.stderr)));
    let pdf = String::from_utf8_lossy(&pdf);
    let pages = pdf.matches("/Type /Page\n").count() + pdf.matches("/Type/Page/").count();
    assert_eq!(pages, 2, "{} bytes were printed", pdf.len());
}
