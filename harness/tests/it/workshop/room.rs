//! A room that votes: phones as HTTP clients with cookies of their own and as a browser, and the trainer's page in another tab.
//!
//! Nothing is measured here: what came out is a recorded run's.

use reports::record::store::RunFolder;
use serde_json::{Value, json};

use crate::common::clients::http;
use crate::common::home::Home;
use crate::devtools::{Browser, axe};
use crate::workshop::page::{Workshop, assert_fits, record_all, wait_for};

/// A phone: where it votes, and its cookie.
struct Phone {
    host: String,
    path: String,
    cookie: String,
}

/// Status, head and body.
fn asked(host: &str, line: &str, more: &str, body: &str) -> (u16, String, String) {
    http(host, line, &format!("Host: {host}\r\n{more}Content-Length: {}\r\n", body.len()), body)
}

impl Phone {
    /// Opens the page, as whoever scans the code does.
    fn scan(address: &str) -> Phone {
        let (host, path) = address.strip_prefix("http://").unwrap().split_once('/').unwrap();
        let path = format!("/{path}");
        let (status, head, _) = asked(host, &format!("GET {path}"), "", "");
        assert_eq!(status, 200);
        let cookie = head.split_once("set-cookie: ").unwrap().1.split(';').next().unwrap().to_owned();
        Phone { host: host.to_owned(), path, cookie }
    }

    fn now(&self) -> Value {
        let cookie = format!("Cookie: {}\r\n", self.cookie);
        serde_json::from_str(&asked(&self.host, &format!("GET {}now", self.path), &cookie, "").2).unwrap()
    }

    /// Votes on what is asked now.
    fn vote(&self, chosen: usize) -> u16 {
        let now = self.now();
        let told = json!({ "ballot": now["ballot"], "round": now["round"], "chosen": chosen, "sure": "high" });
        let cookie = format!("Cookie: {}\r\n", self.cookie);
        asked(&self.host, &format!("POST {}vote", self.path), &cookie, &told.to_string()).0
    }
}

fn press(text: &str) -> String {
    format!("[...document.querySelectorAll('button')].find((one) => one.textContent === '{text}').click()")
}

#[test]
fn a_room_votes_before_and_after_a_discussion_and_then_sees_what_came_out() {
    let Some((mut browser, mut elsewhere)) = Browser::start().zip(Browser::start()) else { return };
    let home = Home::new();
    let (recorded, out) = (home.path().join("recorded"), home.out());
    record_all(&recorded);
    let arguments = ["workshop", "--port", "0", "--room", "--room-port", "0", "--trainer", "--replay"];
    let folders = [recorded.to_str().unwrap(), "--out", out.to_str().unwrap()];
    let mut workshop = Workshop::open(home.command(&[&arguments[..], &folders].concat()));
    let room = workshop.next_line();
    assert!(room.starts_with("http://127.0.0.1:"), "{room}");
    let axe = axe();
    let [first, second] = [Phone::scan(&room), Phone::scan(&room)];
    assert_eq!(first.now()["phase"], json!("waiting"));
    assert_eq!(first.vote(0), 409, "nothing is asked yet");

    let mut phone = elsewhere.visit(room.clone(), 390, "dark");
    wait_for(&mut phone, "/comes soon/.test(document.body.innerText)");
    assert_fits(&mut phone, axe.as_deref(), "a phone that waits");

    let mut trainer = browser.visit(workshop.address.clone(), 1280, "light");
    trainer.evaluate("location.hash = '#lesson/pool-and-fifth'; 0");
    wait_for(&mut trainer, "document.querySelector('.qr svg') !== null");
    assert_eq!(trainer.evaluate("document.querySelector('.address').textContent"), json!(room));
    trainer.evaluate(&press("Ask the room"));
    wait_for(&mut trainer, "/the vote is open/.test(document.getElementById('votes').textContent)");
    assert_eq!((first.vote(0), second.vote(1), first.vote(1)), (200, 200, 200));
    wait_for(&mut trainer, "/^2 answers in round 1/.test(document.getElementById('votes').textContent)");
    assert_eq!(trainer.evaluate("document.querySelector('.votes')"), json!(null), "what is open is shown to nobody");
    assert_fits(&mut trainer, axe.as_deref(), "an open vote");
    trainer.evaluate(&press("Close the vote and show it"));
    let counts = "JSON.stringify([...document.querySelectorAll('.votes td')].map((cell) => Number(cell.textContent)))";
    wait_for(&mut trainer, &format!("{counts} === '[0,2,0]'"));
    assert_fits(&mut trainer, axe.as_deref(), "how the room voted");
    assert_eq!(second.vote(0), 409, "it is closed");
    assert_eq!(second.now()["phase"], json!("closed"));
    trainer.evaluate(&press("Discuss, then vote again"));
    wait_for(&mut trainer, "/in round 2; the vote is open/.test(document.getElementById('votes').textContent)");
    assert_eq!((first.vote(2), second.vote(1)), (200, 200));

    phone.prefer("light");
    // One that was slow has the first round's before it until it hears of the second.
    let asks_again = "/Once more, after the discussion/.test(document.body.innerText)";
    wait_for(&mut phone, &format!("!document.getElementById('form').hidden && {asks_again}"));
    phone.evaluate("document.querySelectorAll('input[name=answer]')[2].click()");
    assert_eq!(phone.evaluate("document.getElementById('send').disabled"), json!(true), "and how sure?");
    phone.evaluate("document.querySelector('input[name=sure][value=low]').click()");
    phone.evaluate("document.getElementById('send').click()");
    wait_for(&mut phone, "/has arrived/.test(document.getElementById('state').textContent)");
    assert_fits(&mut phone, axe.as_deref(), "a phone that has voted");
    phone.assert_quiet();

    trainer.resize(390, 900);
    trainer.prefer("dark");
    wait_for(&mut trainer, "/^3 answers in round 2/.test(document.getElementById('votes')?.textContent)");
    trainer.evaluate(&press("Close the vote and show it"));
    wait_for(&mut trainer, &format!("{counts} === '[0,0,2,1,0,2]'"));
    assert_fits(&mut trainer, axe.as_deref(), "both rounds on a phone");
    trainer.evaluate(&press("That is the room\\u2019s answer"));
    wait_for(
        &mut trainer,
        "document.getElementById('said')?.textContent === 'The room said: 3 people: A 0, B 1, C 2. Of 2 who \
         answered twice, before the discussion: A 0, B 2, C 0.'",
    );
    assert_eq!(first.now()["phase"], json!("run"));
    trainer.evaluate("document.getElementById('replay').click()");
    wait_for(&mut trainer, "/So said 2 of 3/.test(document.getElementById('verdict')?.textContent)");
    assert_eq!(trainer.evaluate(counts), json!("[0,0,2,1,0,2]"));
    wait_for(&mut phone, "/being measured/.test(document.body.innerText)");
    drop(phone);
    assert_fits(&mut trainer, axe.as_deref(), "what came out beside what the room said");
    trainer.assert_quiet();

    let table = std::fs::read_to_string(out.join("predictions.csv")).unwrap();
    assert_eq!(table.lines().count(), 4, "a line for each phone: {table}");
    assert!(![&first, &second].iter().any(|phone| table.contains(phone.cookie.trim_start_matches("voter="))));
    let quiz = format!("file://{}", out.join("quiz.html").display());
    for (width, theme) in [(1280, "light"), (390, "dark")] {
        let mut quiz = elsewhere.visit(quiz.clone(), width, theme);
        let page = quiz.evaluate("document.body.innerText");
        assert!(!page.as_str().unwrap().contains("What was measured"), "nothing is given away: {page}");
        quiz.evaluate("document.querySelectorAll('input')[2].click()");
        quiz.evaluate(&press("That is my answer"));
        wait_for(&mut quiz, "document.getElementById('score').textContent === '1 of 1 right.'");
        assert_fits(&mut quiz, axe.as_deref(), &format!("the quiz at {width} px"));
        quiz.assert_quiet();
    }
}

#[test]
fn the_word_of_the_room_opens_nothing_of_the_workshop_and_a_flood_is_refused() {
    let home = Home::new();
    let mut workshop = Workshop::open(home.command(&["workshop", "--port", "0", "--room", "--room-port", "0"]));
    let room = workshop.next_line();
    let phone = Phone::scan(&room);
    let (host, path) = workshop.address.strip_prefix("http://").unwrap().split_once('/').unwrap();
    let ask = json!({ "lesson": "who-waits" }).to_string();
    assert_eq!(asked(host, &format!("POST /{path}take/ask-room"), "", &ask).0, 200);
    for what in
        ["look/course", "look/room", "look/reveal/0", "take/run", "take/ask-room", "events", "report", "workshop.js"]
    {
        // Neither here with the room's word, nor there; nor here with the trainer's.
        for (host, word) in [(&*phone.host, &*phone.path), (host, &phone.path), (&phone.host, &format!("/{path}"))] {
            let (status, ..) = asked(host, &format!("GET {word}{what}"), "", "");
            assert_eq!(status, 404, "{host}{word}{what}");
            assert_eq!(asked(host, &format!("POST {word}{what}"), "", &ask).0, 404, "{host}{word}{what}");
        }
    }
    let statuses: Vec<u16> = (0..150).map(|_| phone.flood()).collect();
    assert!(statuses[0] == 200 && statuses.contains(&429), "{statuses:?}");
    assert!(!statuses.iter().any(|status| ![200, 429].contains(status)), "{statuses:?}");
    assert_eq!(phone.now()["phase"], json!("vote"), "the room is still there");
    assert_eq!(asked(host, &format!("GET /{path}"), "", "").0, 200, "and so is the trainer's page");
    let looked = asked(host, &format!("GET /{path}look/room"), "", "").2;
    assert_eq!(serde_json::from_str::<Value>(&looked).unwrap()["ballot"]["votes"], json!(1), "one phone is one vote");
}

impl Phone {
    /// As fast as it can, without looking what is asked.
    fn flood(&self) -> u16 {
        let told = json!({ "ballot": 1, "round": 1, "chosen": 0, "sure": "low" }).to_string();
        let cookie = format!("Cookie: {}\r\n", self.cookie);
        asked(&self.host, &format!("POST {}vote", self.path), &cookie, &told).0
    }
}

#[test]
fn others_are_let_in_by_an_option_alone() {
    let refused = |arguments: &[&str], why: &str| {
        Home::new().ended(&[&["workshop"], arguments].concat()).refused(why);
    };
    refused(&["--room", "--room-address", "192.0.2.7"], "give --allow-remote");
    refused(&["--room", "--allow-remote", "--room-address", "0.0.0.0"], "give --room-address the address");
    refused(&["--allow-remote"], "--room");
}

#[test]
fn what_a_room_expected_is_kept_with_its_run_and_the_report_says_it_in_a_line() {
    let home = Home::new();
    let recorded = home.path().join("recorded");
    record_all(&recorded);
    let folder = recorded.join("who-waits");
    let saved = RunFolder::open(&folder).unwrap();
    let run = saved.read().unwrap();
    let experiment = &run.manifest.experiments[0];
    for (number, chosen) in [1, 2, 2].into_iter().enumerate() {
        let record = json!({
            "schema_version": run.manifest.schema_version, "lesson": "who-waits", "question": experiment.question,
            "answers": experiment.possible_answers, "chosen": chosen, "confidence": "low",
            "before": (number == 0).then(|| json!({ "chosen": 2, "confidence": "high" })),
        });
        saved.write_prediction(number, &serde_json::from_value(record).unwrap()).unwrap();
    }
    let told = home.ended(&["report", folder.to_str().unwrap(), "--format", "table"]);
    let said = "Expected: 3 people: A 0, B 1, C 2. Of 1 who answered twice, before the discussion: A 0, B 0, C 1.";
    assert!(told.stdout.contains(said), "{}{}", told.stdout, told.stderr);
}
