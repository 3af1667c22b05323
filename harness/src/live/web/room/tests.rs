//! Phones, and who means no good, through sockets.

use std::net::Ipv4Addr;
use std::sync::{Mutex, MutexGuard};

use super::*;
use crate::live::web::flood::{asked, turn};
use crate::live::web::{Desk, Web};

/// Keeps the votes.
#[derive(Default)]
struct KeptVotes(Mutex<Vec<(String, String)>>);

impl Room for KeptVotes {
    fn now(&self, voter: Option<&str>) -> String {
        format!("{{\"phase\":\"vote\",\"known\":{}}}", voter.is_some())
    }

    fn vote(&self, voter: &Voter, told: &str) -> Result<String, DeskRefusal> {
        self.0.lock().unwrap().push((voter.id.clone(), told.to_owned()));
        Ok("{}".to_owned())
    }
}

const PHONES: PhoneLimits = PhoneLimits { of_one: 4, of_all: 40 };

/// A room, and the path of its page, for as long as it is its turn.
fn room() -> (MutexGuard<'static, ()>, Arc<KeptVotes>, Web, String) {
    let turn = turn();
    let kept = Arc::new(KeptVotes::default());
    let here = (Ipv4Addr::LOCALHOST, 0).into();
    let (web, address) = Web::start_room(Arc::<KeptVotes>::clone(&kept), here, PHONES, &[]).unwrap();
    let path = address.strip_prefix(&format!("http://{}", web.address())).unwrap().to_owned();
    assert!(path.len() == 34 && path.ends_with('/'), "{path}");
    (turn, kept, web, path)
}

#[test]
fn a_phone_gets_a_random_cookie_and_votes_with_it() {
    let (_turn, kept, web, path) = room();
    let cookie = |more: &str| {
        let (status, head, page) = asked(&web, &format!("GET {path}"), more, "");
        assert!(status == 200 && page.contains("room.js") && head.contains("default-src 'none'"), "{head}");
        let set = head.split_once("set-cookie: ")?.1.lines().next().unwrap();
        assert!(set.ends_with(&format!("; Path={path}; Max-Age=43200; HttpOnly; SameSite=Lax")), "{set}");
        Some(set.split(';').next().unwrap().to_owned())
    };
    let (first, second) = (cookie("").unwrap(), cookie("").unwrap());
    assert_ne!(first, second);
    let with = |cookie: &str| format!("Cookie: other=1; {cookie}\r\n");
    assert_eq!(cookie(&with(&first)), None, "who has one keeps it");
    let post = format!("POST {path}vote");
    assert_eq!(asked(&web, &post, "", "a").0, 409, "without a cookie");
    assert_eq!(asked(&web, &post, "Cookie: voter=me\r\n", "a").0, 409, "nor with one of one's own making");
    let (first, second) = (with(&first), with(&second));
    assert_eq!(asked(&web, &post, &first, "1").0, 200);
    assert_eq!(asked(&web, &post, &second, "2").0, 200);
    let kept = kept.0.lock().unwrap();
    assert!(kept.len() == 2 && kept[0].0 != kept[1].0 && kept[1].1 == "2", "{kept:?}");
    assert!(asked(&web, &format!("GET {path}now"), &first, "").2.contains("true"));
}

/// A desk that must never be asked.
struct Closed;

impl Desk for Closed {
    fn look(&self, what: &str) -> Option<String> {
        panic!("asked for {what}");
    }

    fn take(&self, what: &str, _: &str) -> Result<String, DeskRefusal> {
        panic!("told {what}");
    }
}

#[test]
fn the_word_of_the_room_opens_nothing_else_and_nothing_opens_without_it() {
    let (_turn, _, web, path) = room();
    let (desk, _) = Web::start_workshop(Arc::new(Closed), 0, &[]).unwrap();
    let close = "Connection: close\r\n";
    for what in
        ["look/course", "look/lesson/a", "look/reveal/0", "take/run", "events", "report", "metrics", "workshop.js"]
    {
        for method in ["GET", "POST"] {
            for server in [&web, &desk] {
                let status = asked(server, &format!("{method} {path}{what}"), close, "{}").0;
                assert_eq!(status, 404, "{method} {what}");
            }
        }
    }
    for without in ["/", "/now", "/vote", "/room.js", "/00000000000000000000000000000000/", "/../etc/passwd"] {
        assert_eq!(asked(&web, &format!("GET {without}"), "", "").0, 404, "{without}");
    }
    let evil = "Origin: http://evil.example\r\n";
    assert_eq!(asked(&web, &format!("POST {path}vote"), evil, "{}").0, 403, "another site");
    assert_eq!(asked(&web, &format!("DELETE {path}"), "", "").0, 405);
    assert_eq!(asked(&web, &format!("POST {path}vote"), "", &"x".repeat(100_000)).0, 413);
}

#[test]
fn a_flood_of_votes_is_refused_and_the_page_is_still_there() {
    let (_turn, kept, web, path) = room();
    let cookie = format!("Cookie: voter={:032x}\r\n", 7);
    let statuses: Vec<u16> = (0..200).map(|_| asked(&web, &format!("POST {path}vote"), &cookie, "1").0).collect();
    let taken = statuses.iter().filter(|status| **status == 200).count();
    assert!(statuses.iter().all(|status| [200, 429].contains(status)), "{statuses:?}");
    // Some come back while the flood goes on.
    let at_once = (VOTES.at_once * f64::from(PHONES.of_one)) as usize;
    assert!((at_once..statuses.len() / 2).contains(&taken), "{taken} were taken");
    assert_eq!(kept.0.lock().unwrap().len(), taken);
    assert_eq!(asked(&web, &format!("GET {path}"), "", "").0, 200, "who votes too often can still look");
    let looks: Vec<u16> = (0..300).map(|_| asked(&web, &format!("GET {path}now"), "", "").0).collect();
    assert!(looks.contains(&429) && looks[0] == 200, "and who looks too often waits");
}

#[test]
fn the_page_stays_small_and_has_nothing_inline_or_from_elsewhere() {
    assert!(SCRIPT.len() < 5_000 && STYLE.len() < 2_500, "{} and {} bytes", SCRIPT.len(), STYLE.len());
    assert!(!PAGE.contains("<style") && !PAGE.contains("style=") && !PAGE.contains("onload="));
    assert!(![PAGE, SCRIPT, STYLE].concat().contains("http"), "nothing comes from elsewhere");
    assert!(!POLICY.contains("unsafe"));
}
