//! What is on the screen, character by character.

use ratatui::Terminal;
use ratatui::backend::TestBackend;

use super::*;
use crate::live::{Activity, BusyThread};

const MS: u64 = 1_000_000;

fn asked() -> LiveLoad {
    LiveLoad { connections: 64, rate_rps: Some(500.0), work: "sleep 5ms".to_owned(), flood: 0, is_paused: false }
}

fn thread(tid: u32, name: &str, cpu_share: f64) -> BusyThread {
    let activity = if cpu_share > 0.3 { Activity::Running } else { Activity::Sleeping };
    BusyThread { tid, name: name.to_owned(), cpu_share, switches_per_s: cpu_share * 1_000.0, activity }
}

fn model(contender: &str, p99_ms: u64, threads: Vec<BusyThread>) -> ModelFrame {
    ModelFrame {
        contender: contender.to_owned(),
        requests_per_s: 498.0,
        response_time_p50_ns: Some(5_200_000),
        response_time_p99_ns: Some(p99_ms * MS),
        response_time_max_ns: Some(2 * p99_ms * MS),
        memory: Some(Memory {
            resident_bytes: threads.len() as u64 * 1_500_000,
            page_table_bytes: 90_000,
            kernel_stack_bytes: threads.len() as u64 * 16_384,
        }),
        threads: Some(threads.len() as u64),
        switches_per_s: Some(1_010.0),
        cpu_share: Some(0.123),
        busy_threads: threads,
        ..ModelFrame::default()
    }
}

/// Twelve moments, in the last of which one model has died and one is doubtful.
fn frames() -> Vec<Frame> {
    let frame = |number: u64| Frame {
        at_ms: number * 250,
        asked: asked(),
        models: vec![
            model(
                "threaded",
                6 + number,
                (0..9).map(|place| thread(100 + place, "conn", f64::from(place) / 9.0)).collect(),
            ),
            ModelFrame {
                failed_per_s: 12.0,
                doubt: Some("generator 3 ms late, which is in these times".to_owned()),
                ..model(
                    "async-multi",
                    300 / number,
                    vec![thread(201, "main", 0.0), thread(202, "tokio-rt-worker", 0.5)],
                )
            },
            model("sequential", 6, vec![thread(301, "main", 0.04)]),
        ],
    };
    let mut frames: Vec<Frame> = (1..=12).map(frame).collect();
    let died = &mut frames[11].models[2];
    died.state =
        ServerState::Died { how: "was killed by SIGKILL, by a hand that a test has".to_owned(), at_ms: 65_000 };
    frames
}

fn drawn(width: u16, height: u16, view: &ScreenView<'_>) -> String {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    terminal.draw(|canvas| draw(canvas, view)).unwrap();
    let buffer = terminal.backend().buffer();
    let line = |row: u16| (0..width).map(|column| buffer[(column, row)].symbol()).collect::<String>();
    (0..height).map(|row| format!("{}\n", line(row).trim_end())).collect()
}

fn view(frames: &[Frame]) -> ScreenView<'_> {
    let keys = crate::cli::watch::keys::LIVE;
    ScreenView { frames, status: "0:03 of 10:00", keys, message: None, colours: Colours::None, explains: false }
}

fn at(width: u16, height: u16) -> String {
    drawn(width, height, &view(&frames()))
}

const USUAL: &str = r"
each: 64 connections, 500/s, sleep 5ms                             0:03 of 10:00
threaded p99                                            ▁▂▂▂▂▂▂▃▃▃▃▃ 6 to 300 ms
      498/s  p50 5.20 ms  p99   18 ms  max   36 ms
  ██████████████▒░ 13.1 MiB  9 threads  1,010 switches/s  0.12 CPUs
  conn 100        ·                       conn 105        ●        ▆▆▆▆▆▆▆▆▆▆▆▆
  conn 101        ·        ▃▃▃▃▃▃▃▃▃▃▃▃   conn 106        ●        ▇▇▇▇▇▇▇▇▇▇▇▇
  conn 102        ·        ▄▄▄▄▄▄▄▄▄▄▄▄   conn 107        ●        ████████████
  conn 103        ●        ▅▅▅▅▅▅▅▅▅▅▅▅   conn 108        ●        ████████████
  conn 104        ●        ▆▆▆▆▆▆▆▆▆▆▆▆


async-multi ! generator 3 ms late, which is in these ti p99 ▅▅▄▄▄▄▄▄ 6 to 300 ms
      498/s  12/s FAILED  p50 5.20 ms  p99   25 ms  max   50 ms
  ██▒░             2.98 MiB  2 threads  1,010 switches/s  0.12 CPUs
  main            ·                       tokio-rt-worker ●        ▆▆▆▆▆▆▆▆▆▆▆▆






sequential  DIED AT 1:05
  was killed by SIGKILL, by a hand that a test has
q quit   + - rate   ] [ connections   w work   f flood   space pause   r record
";

const SMALL: &str = r"
64 conn, 500/s, sleep 5ms                      0:03 of 10:00
threaded p99                        ▁▂▂▂▂▂▂▃▃▃▃▃ 6 to 300 ms
      498/s  p50 5.20 ms  p99   18 ms  max   36 ms
  ██████████████▒░ 13.1 MiB  9 threads  1,010 switches/s
  conn 100        ·
  conn 101        ·                            ▃▃▃▃▃▃▃▃▃▃▃▃
  conn 102        ·                            ▄▄▄▄▄▄▄▄▄▄▄▄
  conn 103        ●                            ▅▅▅▅▅▅▅▅▅▅▅▅
  and 5 more threads
async-multi ! generator 3 ms late,  p99 ▅▅▄▄▄▄▄▄ 6 to 300 ms
      498/s  12/s FAILED  p50 5.20 ms  p99   25 ms
  ██▒░             2.98 MiB  2 threads  1,010 switches/s
  main            ·
  tokio-rt-worker ●                            ▆▆▆▆▆▆▆▆▆▆▆▆



sequential  DIED AT 1:05
  was killed by SIGKILL, by a hand that a test has
q quit   + - rate   ] [ connections   w work   f flood
";

const LARGE: &str = r"
each: 64 connections, 500/s, sleep 5ms                                                                                                             0:03 of 10:00
threaded p99                                                                                                                            ▁▂▂▂▂▂▂▃▃▃▃▃ 6 to 300 ms
      498/s  p50 5.20 ms  p99   18 ms  max   36 ms
  ██████████████▒░ 13.1 MiB  9 threads  1,010 switches/s  0.12 CPUs
  conn 100        ·                       conn 103        ●        ▅▅▅▅▅▅▅▅▅▅▅▅   conn 106        ●        ▇▇▇▇▇▇▇▇▇▇▇▇
  conn 101        ·        ▃▃▃▃▃▃▃▃▃▃▃▃   conn 104        ●        ▆▆▆▆▆▆▆▆▆▆▆▆   conn 107        ●        ████████████
  conn 102        ·        ▄▄▄▄▄▄▄▄▄▄▄▄   conn 105        ●        ▆▆▆▆▆▆▆▆▆▆▆▆   conn 108        ●        ████████████

async-multi ! generator 3 ms late, which is in these times p99                                                                          █▇▆▆▅▅▄▄▄▄▄▄ 6 to 300 ms
      498/s  12/s FAILED  p50 5.20 ms  p99   25 ms  max   50 ms
  ██▒░             2.98 MiB  2 threads  1,010 switches/s  0.12 CPUs
  main            ·                       tokio-rt-worker ●        ▆▆▆▆▆▆▆▆▆▆▆▆

sequential  DIED AT 1:05
  was killed by SIGKILL, by a hand that a test has
q quit   + - rate   ] [ connections   w work   f flood   space pause   r record   ? signs
";

const LEAST: &str = r"
64 conn, 500/s, sleep 5ms  0:03 of 10:00
threaded  498/s  p50 5.20 ms
async-multi  498/s  12/s FAILED
sequential  DIED AT 1:05
q quit   + - rate   ] [ connections
";

/// A screen as it stands in a constant.
fn text(constant: &str) -> &str {
    constant.strip_prefix('\n').unwrap()
}

#[test]
fn at_the_usual_size_each_model_has_its_lanes() {
    assert_eq!(at(80, 24), text(USUAL));
}

#[test]
fn where_it_is_small_whole_figures_stay() {
    assert_eq!(at(60, 20), text(SMALL));
}

#[test]
fn where_it_is_large_lanes_stand_side_by_side() {
    let mut drawn = at(160, 50);
    assert_eq!(drawn.lines().count(), 50);
    while drawn.contains("\n\n\n") {
        drawn = drawn.replace("\n\n\n", "\n\n");
    }
    assert_eq!(drawn, text(LARGE));
}

#[test]
fn where_there_is_hardly_any_room_something_is_left() {
    assert_eq!(at(40, 5), text(LEAST));
    for (width, height) in [(1, 1), (3, 2), (20, 3), (500, 4)] {
        let _ = at(width, height);
    }
}

#[test]
fn before_the_first_frame_and_behind_the_signs() {
    let starting = drawn(40, 4, &view(&[]));
    assert!(starting.contains("starting the servers") && starting.contains("q quit"), "{starting}");
    let frames = frames();
    let explained = drawn(80, 24, &ScreenView { explains: true, ..view(&frames) });
    assert!(explained.contains("░ kernel stacks") && !explained.contains("threaded"), "{explained}");
}

#[test]
fn a_message_takes_the_place_of_the_keys() {
    let frames = frames();
    let drawn = drawn(80, 24, &ScreenView { message: Some("recording into here"), ..view(&frames) });
    assert!(drawn.ends_with("\nrecording into here\n"), "{drawn}");
}

#[test]
fn a_pause_and_a_flood_are_in_the_first_line() {
    let mut frames = frames();
    let first = |frames: &[Frame], width| drawn(width, 24, &view(frames)).lines().next().unwrap().to_owned();
    frames[11].asked = LiveLoad { flood: 500, ..asked() };
    assert!(first(&frames, 80).starts_with("each: 64 connections, 500/s, sleep 5ms, and 500 idle  "));
    assert!(first(&frames, 60).starts_with("64 conn, 500/s, sleep 5ms, 500 idle  "));
    frames[11].asked = LiveLoad { is_paused: true, ..asked() };
    assert!(first(&frames, 80).starts_with("each: paused  "));
}

#[test]
fn nothing_is_said_by_colour_alone() {
    let frames = frames();
    assert_eq!(drawn(80, 24, &ScreenView { colours: Colours::Many, ..view(&frames) }), at(80, 24));
}
