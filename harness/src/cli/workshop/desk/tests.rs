//! What a page may ask and tell, and when.

use std::sync::mpsc::channel;

use super::*;
use crate::workshop::LESSONS;

fn told(desk: &WorkshopDesk, what: &str, told: Value) -> Result<Value, DeskRefusal> {
    desk.take(what, &told.to_string()).map(|answer| serde_json::from_str(&answer).unwrap())
}

fn predict(lesson: &str) -> Value {
    json!({ "lesson": lesson, "chosen": 1, "sure": "high", "settings": [["workers", 8]] })
}

#[test]
fn nothing_is_run_that_was_not_predicted_and_nothing_twice() {
    let (jobs, asked) = channel();
    let desk = WorkshopDesk::new(DeskSetting::default(), jobs);
    assert!(told(&desk, "run", json!({ "id": 0 })).is_err());
    assert_eq!(told(&desk, "predict", predict("pool-and-fifth")), Ok(json!({ "id": 0 })));
    assert_eq!(told(&desk, "predict", predict("pool-and-fifth")), Ok(json!({ "id": 1 })));
    assert!(told(&desk, "run", json!({ "id": 1 })).is_ok());
    assert!(told(&desk, "run", json!({ "id": 0 })).is_err(), "another run goes on");
    assert!(told(&desk, "stand", json!({ "id": 0 })).is_err(), "servers would disturb it");
    desk.asked()[1].state = AskedState::Revealed(json!({ "title": "x" }));
    assert!(told(&desk, "run", json!({ "id": 1 })).is_err(), "it has been run");
    assert!(told(&desk, "stand", json!({ "id": 1 })).is_ok());
    assert_eq!(asked.try_iter().collect::<Vec<_>>(), [WorkshopJob::Run(1), WorkshopJob::Stand(1)]);
    assert_eq!(desk.look("reveal/1").as_deref(), Some(r#"{"title":"x"}"#));
    assert_eq!(desk.look("reveal/0"), None, "nothing is shown before the run");
}

#[test]
fn what_makes_no_sense_is_refused() {
    let desk = WorkshopDesk::new(DeskSetting::default(), channel().0);
    for wrong in [
        predict("no-such-lesson"),
        predict("who-waits"),
        json!({ "lesson": "who-waits", "chosen": 9, "sure": "high" }),
        json!({ "lesson": "who-waits", "chosen": 0, "sure": "certain" }),
        json!("hello"),
    ] {
        assert!(told(&desk, "predict", wrong.clone()).is_err(), "{wrong}");
    }
    assert!(told(&desk, "replay", json!({ "id": 7 })).is_err());
    assert_eq!(told(&desk, "shout", json!({})), Err(DeskRefusal::Unknown));
}

#[test]
fn the_script_is_the_trainers_alone() {
    let scripts = |is_trainer| {
        let desk = WorkshopDesk::new(DeskSetting { is_trainer, ..DeskSetting::default() }, channel().0);
        let course: Value = serde_json::from_str(&desk.look("course").unwrap()).unwrap();
        let lessons = course["lessons"].as_array().unwrap().clone();
        assert_eq!(lessons.len(), LESSONS.len());
        lessons.iter().filter(|lesson| !lesson["script"].is_null()).count()
    };
    assert_eq!((scripts(true), scripts(false)), (LESSONS.len(), 0));
}

#[test]
fn a_question_is_asked_as_it_is_set() {
    let desk = WorkshopDesk::new(DeskSetting::default(), channel().0);
    let question = |what: &str| {
        let value: Value = serde_json::from_str(&desk.look(&format!("lesson/{what}"))?).unwrap();
        Some(value["question"].as_str().unwrap().to_owned())
    };
    assert!(question("pool-and-fifth").unwrap().starts_with("A pool has 4 workers."));
    assert!(question("pool-and-fifth/workers=8").unwrap().starts_with("A pool has 8 workers."));
    assert_eq!((question("pool-and-fifth/workers=99"), question("nope")), (None, None));
}
