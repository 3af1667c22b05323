//! The lessons: one file each, and one line in the table below, in the order in which they are taught. A lesson is data and
//! pure functions.

mod blocking_a_task;
mod computing_in_a_task;
mod connection_cost;
mod honest_clock;
mod many_cores;
mod one_at_a_time;
mod pool_and_fifth;
mod silent_clients;
mod tasks_on_one_thread;
mod thread_each;
mod where_they_change;
mod who_waits;

// What lessons are written with: each takes all of it, `use super::*`.
use super::lesson::{
    Control, ControlKind, Lesson, LessonSettings, LessonSetup, LookCommand, Quantity, StandingLoad, TrainerScript,
};
use super::settle::LessonFindings;
use crate::experiments::declare::*;

/// All lessons, in their order.
pub static LESSONS: &[&Lesson] = &[
    &connection_cost::LESSON,
    &one_at_a_time::LESSON,
    &thread_each::LESSON,
    &pool_and_fifth::LESSON,
    &who_waits::LESSON,
    &tasks_on_one_thread::LESSON,
    &blocking_a_task::LESSON,
    &computing_in_a_task::LESSON,
    &silent_clients::LESSON,
    &honest_clock::LESSON,
    &many_cores::LESSON,
    &where_they_change::LESSON,
];

/// The lesson of that name.
pub fn find(name: &str) -> Option<&'static Lesson> {
    LESSONS.iter().copied().find(|lesson| lesson.name == name)
}

/// Three decide, and two may be disturbed by others.
const BLOCKS: u32 = 5;

/// Clients that stay, each of which asks again as soon as it is answered.
fn asking_again(work: Work, connections: u32) -> LoadSpec {
    LoadSpec {
        warm_up: Duration::from_millis(100),
        window: Duration::from_millis(400),
        timeout: Duration::from_millis(500),
        ..LoadSpec::new(ArrivalProcess::Closed, Shape::Connections { connections }, work)
    }
}

#[cfg(test)]
mod tests;
